/* Stored values with invisible characters: which are found, and what is left after the repair. */
#include "support.h"

#include "newsletter/store/unclean.h"

#include <stdio.h>

#define DIRTY "a\u200bnn@example.org"

static void examine(struct fixture *fixture, bool repair, const char *expected) {
    struct nl_error err = {0};
    struct nl_unclean found = {0};
    char text[128];
    assert_ok(nl_unclean_examine(fixture->store, repair, &found, &err));
    snprintf(text, sizeof text,
             "%lld addresses, %lld texts, %lld suppressions, %lld merged, %lld left: %s",
             (long long)found.addresses, (long long)found.texts, (long long)found.suppressions,
             (long long)found.merged, (long long)found.left, nl_buf_text(&found.shown));
    assert_string_equal(text, expected);
    nl_unclean_free(&found);
}

static void set_address(struct fixture *fixture, const char *old, const char *new) {
    char sql[256];
    snprintf(sql, sizeof sql,
             "UPDATE subscriber SET address = '%s', address_key = '%s' WHERE address_key = '%s'",
             new, new, old);
    fixture_sql(fixture, sql);
}

#define NOTHING "0 addresses, 0 texts, 0 suppressions, 0 merged, 0 left: "

static void test_an_address_is_repaired(void **state) {
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "old@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    examine(fixture, true, NOTHING);
    set_address(fixture, "old@example.org", DIRTY);
    /* looking changes nothing */
    examine(fixture, false,
            "1 addresses, 0 texts, 0 suppressions, 0 merged, 0 left: a<U+200B>nn@example.org");
    examine(fixture, true,
            "1 addresses, 0 texts, 0 suppressions, 0 merged, 0 left: a<U+200B>nn@example.org");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE address = "
                                          "'ann@example.org' AND address_key = 'ann@example.org'"),
                     1);
    examine(fixture, true, NOTHING);
}

/* Nothing else is left of it: it stays, and is counted. */
static void test_an_address_that_cannot_be_repaired(void **state) {
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "ann@example.org");
    set_address(fixture, "ann@example.org", "\u200b@example.org");
    examine(fixture, true,
            "1 addresses, 0 texts, 0 suppressions, 0 merged, 1 left: <U+200B>@example.org");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE address = "
                                          "'\u200b@example.org'"),
                     1);
}

static void test_names_and_attributes(void **state) {
    static const struct {
        const char *name, *attributes; /* NULL: no name */
        int dirty;
        const char *clean_name, *clean_attributes;
    } rows[] = {
        {NULL, "{}", 0, NULL, "{}"},
        {"Ann", "{\"a\":\"b\"}", 0, "Ann", "{\"a\":\"b\"}"},
        {"A\u200bnn", "{}", 1, "Ann", "{}"},
        {"\u200b", "{}", 1, NULL, "{}"},
        {"Ann", "{\"a\":\"b\u200bc\",\"d\":1}", 1, "Ann", "{\"a\":\"bc\",\"d\":1}"},
        {NULL, "{\"a\":[\"b\",\"c\u200b\"]}", 1, NULL, "{\"a\":[\"b\",\"c\"]}"},
        {NULL, "{\"a\":[\"\u200bb\",2]}", 1, NULL, "{\"a\":[\"b\",2]}"},
        {NULL, "{\"a\":\"x\",\"b\":\"\u200by\"}", 1, NULL, "{\"a\":\"x\",\"b\":\"y\"}"},
    };
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "ann@example.org");
    for_each_row (i, rows, rows[i].attributes) {
        char sql[320];
        char expected[64];
        const char *quote = rows[i].name != NULL ? "'" : "";
        snprintf(sql, sizeof sql, "UPDATE subscriber SET name = %s%s%s, attributes = '%s'", quote,
                 rows[i].name != NULL ? rows[i].name : "NULL", quote, rows[i].attributes);
        fixture_sql(fixture, sql);
        snprintf(expected, sizeof expected,
                 "0 addresses, %d texts, 0 suppressions, 0 merged, 0 left: ", rows[i].dirty);
        examine(fixture, true, expected);
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM subscriber WHERE coalesce(name, '-') = '%s' AND attributes "
                 "= '%s'",
                 rows[i].clean_name != NULL ? rows[i].clean_name : "-", rows[i].clean_attributes);
        assert_int_equal(fixture_sql(fixture, sql), 1);
    }
}

static void test_suppressions(void **state) {
    struct fixture *fixture = *state;
    fixture_sql(fixture, "INSERT INTO suppression (address_key, reason, since) VALUES ('" DIRTY
                         "', 'manual', 7), ('b\u200bob@example.org', 'manual', 8), "
                         "('bob@example.org', 'manual', 9), ('\u200b@example.org', 'manual', 10), "
                         "('cyd@example.org', 'manual', 11)");
    examine(fixture, true,
            "0 addresses, 0 texts, 3 suppressions, 0 merged, 1 left: a<U+200B>nn@example.org");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM suppression"), 4);
    assert_int_equal(fixture_sql(fixture, "SELECT since FROM suppression WHERE address_key = "
                                          "'ann@example.org' AND reason = 'manual'"),
                     7);
    assert_int_equal(
        fixture_sql(fixture, "SELECT since FROM suppression WHERE address_key = 'bob@example.org'"),
        9);
    assert_int_equal(
        fixture_sql(fixture, "SELECT since FROM suppression WHERE address_key = 'cyd@example.org'"),
        11);
}

/* Somebody who was there twice: what they said last counts. They have confirmed at 1000000. */
static void test_two_become_one(void **state) {
    static const struct {
        const char *other; /* the state by the address that goes */
        int64_t ended;
        const char *own; /* the state by the one that stays */
        int64_t created;
        const char *expected;
    } rows[] = {
        {"unsubscribed", 1000001, "active", 1, "unsubscribed"},
        {"unsubscribed", 1000000, "active", 1, "unsubscribed"},
        {"unsubscribed", 999999, "active", 1, "active"},
        {"complained", 1000001, "active", 1, "complained"},
        {"complained", 999999, "active", 1, "active"},
        {"bounced", 1000001, "active", 1, "active"},
        {"active", 1000001, "active", 1, "active"},
        {"pending", 1000001, "active", 1, "active"},
        {"unsubscribed", 500, "pending", 499, "unsubscribed"},
        {"unsubscribed", 500, "pending", 500, "unsubscribed"},
        {"unsubscribed", 500, "pending", 501, "pending"},
        {"complained", 500, "pending", 500, "complained"},
        {"active", 500, "pending", 499, "pending"},
        {"unsubscribed", 1000001, "bounced", 1, "bounced"},
        {"unsubscribed", 1000001, "complained", 1, "complained"},
    };
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].other) {
        char sql[256];
        char address[32];
        char dirty[32];
        char expected[128];
        snprintf(address, sizeof address, "p%zu@example.org", i);
        snprintf(dirty, sizeof dirty, "p%zu\u200b@example.org", i);
        int64_t own = fixture_subscribe(fixture, address);
        int64_t other = fixture_subscribe(fixture, "second@example.org");
        set_address(fixture, "second@example.org", dirty);
        snprintf(sql, sizeof sql,
                 "UPDATE subscription SET state = '%s', ended_at = %lld WHERE id = %lld",
                 rows[i].other, (long long)rows[i].ended, (long long)other);
        fixture_sql(fixture, sql);
        snprintf(sql, sizeof sql,
                 "UPDATE subscription SET state = '%s', ended_at = NULL, created_at = %lld WHERE "
                 "id = %lld",
                 rows[i].own, (long long)rows[i].created, (long long)own);
        fixture_sql(fixture, sql);
        snprintf(expected, sizeof expected,
                 "1 addresses, 0 texts, 0 suppressions, 1 merged, 0 left: p%zu<U+200B>@example.org",
                 i);
        examine(fixture, true, expected);
        bool moved = strcmp(rows[i].own, rows[i].expected) != 0;
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM subscription WHERE id = %lld AND state = '%s' AND "
                 "coalesce(ended_at, 0) = %lld",
                 (long long)own, rows[i].expected, moved ? (long long)rows[i].ended : 0LL);
        assert_int_equal(fixture_sql(fixture, sql), 1);
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM subscriber WHERE address_key LIKE 'p%zu%%@%%'", i);
        if (i < 2) /* "p1" begins "p10", too */
            assert_int_equal(fixture_sql(fixture, sql), 1);
        assert_int_equal(
            fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'merged' AND detail = "
                                 "'invisible characters'"),
            (int64_t)i + 1);
    }
}

/* Lists that only the second one was on move to the first. */
static void test_lists_of_the_second_move(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_list list = {.name = strdup("other"), .sender = strdup("Press <press@example.org>")};
    assert_ok(nl_list_check(&list, &err));
    assert_ok(nl_list_add(fixture->store, &list, &err));
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "second@example.org");
    set_address(fixture, "second@example.org", DIRTY);
    fixture_sql(fixture, "INSERT INTO subscription (list, subscriber, state, token, consent_at, "
                         "confirmed_at, created_at) SELECT 2, id, 'active', 'token-of-it', 3, 4, 5 "
                         "FROM subscriber WHERE address_key = '" DIRTY "'");
    examine(fixture, true,
            "1 addresses, 0 texts, 0 suppressions, 1 merged, 0 left: a<U+200B>nn@example.org");
    assert_int_equal(fixture_sql(fixture,
                                 "SELECT count(*) FROM subscription s JOIN subscriber r ON r.id = "
                                 "s.subscriber WHERE r.address_key = 'ann@example.org'"),
                     2);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM subscription s JOIN subscriber r ON r.id = "
                             "s.subscriber WHERE r.address_key = 'ann@example.org' AND s.list = 2 "
                             "AND s.state = 'active' AND s.confirmed_at = 4"),
        1);
    nl_list_free(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_address_is_repaired, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_an_address_that_cannot_be_repaired, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_names_and_attributes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_suppressions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_two_become_one, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_lists_of_the_second_move, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
