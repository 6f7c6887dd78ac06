/* An import is taken back: nobody gets mail again who has left since, and nothing is undone that
 * somebody has changed since. */
#include "support.h"

#include "newsletter/base/address.h"
#include "newsletter/store/member.h"
#include "newsletter/store/task.h"
#include "store/import_row.h"

#include <stdio.h>

static void run_sql(struct fixture *fixture, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void run_sql(struct fixture *fixture, const char *format, ...) {
    char sql[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    fixture_sql(fixture, sql);
}

/* An import that counts since 500, after event 1002, and is being taken back. */
static void add_task(struct fixture *fixture) {
    fixture_sql(fixture, "DELETE FROM task");
    fixture_sql(fixture,
                "INSERT INTO task (id, kind, state, started_by, door, name, options, size, "
                "created_at, accepted_at, event_mark, rows_read, rejected, taken, tries, "
                "cancel, tally, undo, result) VALUES (7, 'import', 'undoing', 'ann', "
                "'api', 'x', '{}', 1, 1, 500, 1002, 0, 0, 0, 0, 0, '', '', '')");
}

/* Takes all of it back; `tally` is "removed ended restored kept". */
static void undo(struct fixture *fixture, const char *tally) {
    struct nl_error err = {0};
    bool done = false;
    add_task(fixture);
    for (int parts = 0; !done; parts++) {
        assert_true(parts < 10);
        assert_ok(nl_import_undo_part(fixture->store, 7, &done, &err));
    }
    char sql[160];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM task WHERE id = 7 AND state = 'undone' AND ended_at = 1000000 "
             "AND undo = '%s'",
             tally);
    if (fixture_sql(fixture, sql) != 1)
        fail_msg("the tally is not '%s'", tally);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM import_change"), 0);
}

static void add_second_list(struct fixture *fixture) {
    struct nl_error err = {0};
    struct nl_list list = {.name = strdup("other"), .sender = strdup("Press <press@example.org>")};
    assert_ok(nl_list_check(&list, &err));
    assert_ok(nl_list_add(fixture->store, &list, &err));
    nl_list_free(&list);
}

/* ---- states that the import has changed ---- */

#define EVENT(id, at, kind, list, subscriber, detail)                                              \
    "INSERT INTO event (id, at, kind, list, subscriber, detail) VALUES (" #id ", " #at ", '" kind  \
    "', " #list ", " #subscriber ", " detail ")"

static void test_states(void **state) {
    static const struct {
        const char *name, *sql; /* NULL: nothing has happened */
        bool restored;
    } rows[] = {
        {"nothing", NULL, true},
        {"signup", EVENT(1003, 501, "signup", 1, 1, "NULL"), false},
        {"confirmed", EVENT(1003, 501, "confirmed", 1, 1, "NULL"), false},
        {"unsubscribed", EVENT(1003, 501, "unsubscribed", 1, 1, "NULL"), false},
        {"complained", EVENT(1003, 501, "complained", 1, 1, "NULL"), false},
        {"preferences", EVENT(1003, 501, "preferences", NULL, 1, "NULL"), false},
        {"preferences-asked", EVENT(1003, 501, "preferences-asked", 1, 1, "NULL"), false},
        {"address-change-asked", EVENT(1003, 501, "address-change-asked", NULL, 1, "NULL"), false},
        {"address-changed", EVENT(1003, 501, "address-changed", NULL, 1, "NULL"), false},
        {"with words", EVENT(1003, 501, "unsubscribed", 1, 1, "'by mail'"), false},
        /* by others */
        {"bounced", EVENT(1003, 501, "bounced", 1, 1, "NULL"), true},
        {"the import", EVENT(1003, 501, "confirmed", 1, 1, "'import'"), true},
        {"another person", EVENT(1003, 501, "unsubscribed", 1, 2, "NULL"), true},
        {"another list", EVENT(1003, 501, "unsubscribed", 2, 1, "NULL"), true},
        /* before it counted */
        {"before", EVENT(1002, 500, "unsubscribed", 1, 1, "NULL"), true},
        {"by number", EVENT(1003, 500, "unsubscribed", 1, 1, "NULL"), false},
        {"by time", EVENT(1002, 501, "unsubscribed", 1, 1, "NULL"), false},
        /* as things stand */
        {"suppressed",
         "INSERT INTO suppression (address_key, reason, since) VALUES ('p1@example.org', 'manual', "
         "1)",
         false},
        {"another suppressed",
         "INSERT INTO suppression (address_key, reason, since) VALUES ('p2@example.org', 'manual', "
         "1)",
         true},
        {"erased", "UPDATE subscriber SET address_key = 'erased' WHERE id = 1", false},
        {"changed since", "UPDATE subscription SET state = 'bounced' WHERE id = 1", false},
    };
    struct fixture *fixture = *state;
    fixture_add_people(fixture, 2);
    add_second_list(fixture);
    for_each_row (i, rows, rows[i].name) {
        fixture_sql(fixture, "DELETE FROM event");
        fixture_sql(fixture, "DELETE FROM suppression");
        fixture_sql(fixture, "UPDATE subscriber SET address_key = 'p' || id || '@example.org'");
        fixture_sql(fixture, "UPDATE subscription SET state = 'unsubscribed', consent_at = 9, "
                             "consent_source = 'new', ended_at = 500, confirmed_at = 8");
        fixture_sql(fixture,
                    "INSERT INTO import_change (task, kind, subscription, state, new_state, "
                    "consent_at, consent_source, consent_ip, consent_version, confirmed_at, "
                    "noticed_at, reconfirm_by) VALUES (7, 'changed', 1, 'active', 'unsubscribed', "
                    "2, 'old', 'ip', 'v', 3, 4, 5)");
        if (rows[i].sql != NULL)
            fixture_sql(fixture, rows[i].sql);
        undo(fixture, rows[i].restored ? "0 0 1 0" : "0 0 0 1");
        assert_int_equal(
            fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE id = 1 AND state = "
                                 "'active' AND consent_at = 2 AND consent_source = 'old' AND "
                                 "consent_ip = 'ip' AND consent_version = 'v' AND confirmed_at = 3 "
                                 "AND ended_at IS NULL AND noticed_at = 4 AND reconfirm_by = 5"),
            rows[i].restored);
        assert_int_equal(fixture_sql(fixture,
                                     "SELECT count(*) FROM subscription WHERE id = 2 AND state = "
                                     "'unsubscribed' AND consent_source = 'new'"),
                         1);
        run_sql(fixture, "UPDATE subscription SET consent_source = 'new', noticed_at = NULL");
    }
}

/* The last change first: what was changed twice gets its first state. */
static void test_changed_twice(void **state) {
    struct fixture *fixture = *state;
    fixture_add_people(fixture, 1);
    fixture_sql(fixture, "UPDATE subscription SET state = 'complained'");
    fixture_sql(fixture, "INSERT INTO import_change (task, kind, subscription, state, new_state, "
                         "consent_at) VALUES (7, 'changed', 1, 'active', 'unsubscribed', 1), (7, "
                         "'changed', 1, 'unsubscribed', 'complained', 2)");
    undo(fixture, "0 0 2 0");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE state = "
                                          "'active' AND consent_at = 1"),
                     1);
}

/* ---- values of people ---- */

static void test_values(void **state) {
    static const struct {
        const char *name, *sql;
        const char *values; /* name, language and attributes that are left */
        bool restored;
    } rows[] = {
        {"nothing", NULL, "old|de|{\"a\":1}", true},
        {"another name", "UPDATE subscriber SET name = 'x' WHERE id = 1", "x|de|{\"a\":1}", true},
        {"no name", "UPDATE subscriber SET name = NULL WHERE id = 1", "-|de|{\"a\":1}", true},
        {"another language", "UPDATE subscriber SET language = 'fr' WHERE id = 1",
         "old|fr|{\"a\":1}", true},
        {"other attributes", "UPDATE subscriber SET attributes = '{}' WHERE id = 1", "old|de|{}",
         true},
        {"all of them",
         "UPDATE subscriber SET name = 'x', language = 'fr', attributes = '{}' WHERE id = 1",
         "x|fr|{}", false},
        {"preferences", EVENT(1003, 501, "preferences", NULL, 1, "NULL"), "new|en|{\"a\":2}",
         false},
        {"edited", EVENT(1003, 501, "edited", NULL, 1, "NULL"), "new|en|{\"a\":2}", false},
        {"address-changed", EVENT(1003, 501, "address-changed", NULL, 1, "NULL"),
         "new|en|{\"a\":2}", false},
        {"unsubscribed", EVENT(1003, 501, "unsubscribed", 1, 1, "NULL"), "old|de|{\"a\":1}", true},
        {"another person", EVENT(1003, 501, "edited", NULL, 2, "NULL"), "old|de|{\"a\":1}", true},
        {"before", EVENT(1002, 500, "edited", NULL, 1, "NULL"), "old|de|{\"a\":1}", true},
        {"by number", EVENT(1003, 500, "edited", NULL, 1, "NULL"), "new|en|{\"a\":2}", false},
        {"by time", EVENT(1002, 501, "edited", NULL, 1, "NULL"), "new|en|{\"a\":2}", false},
        {"erased", "UPDATE subscriber SET address_key = 'erased' WHERE id = 1", "new|en|{\"a\":2}",
         false},
    };
    struct fixture *fixture = *state;
    fixture_add_people(fixture, 2);
    for_each_row (i, rows, rows[i].name) {
        fixture_sql(fixture, "DELETE FROM event");
        fixture_sql(fixture,
                    "UPDATE subscriber SET address_key = 'p' || id || '@example.org', name "
                    "= 'new', language = 'en', attributes = '{\"a\":2}'");
        fixture_sql(fixture, "INSERT INTO import_change (task, kind, subscriber, name, language, "
                             "attributes, new_name, new_language, new_attributes) VALUES (7, "
                             "'person', 1, 'old', 'de', '{\"a\":1}', 'new', 'en', '{\"a\":2}')");
        if (rows[i].sql != NULL)
            fixture_sql(fixture, rows[i].sql);
        undo(fixture, rows[i].restored ? "0 0 1 0" : "0 0 0 1");
        char sql[256];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM subscriber WHERE id = 1 AND coalesce(name, '-') || '|' || "
                 "language || '|' || attributes = '%s'",
                 rows[i].values);
        assert_int_equal(fixture_sql(fixture, sql), 1);
        assert_int_equal(
            fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE id = 2 AND name = 'new'"),
            1);
    }
}

/* ---- people who were added ---- */

/* Each of them has an id of their own; those with numbers 2 to 11 came with the import. */
static void test_added_people(void **state) {
    static const struct {
        int id;
        const char *name, *sql;
        const char *state; /* afterwards; NULL: they are gone */
    } rows[] = {
        {1, "before the first", NULL, "active"},
        {2, "the first", NULL, NULL},
        {3, "got an issue",
         "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) VALUES "
         "('issue', 1, 3, 'sent', 1, 1)",
         "unsubscribed"},
        {4, "is about to get one",
         "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) VALUES "
         "('issue', 1, 4, 'queued', 1, 1)",
         "unsubscribed"},
        {5, "has a notice going",
         "INSERT INTO delivery (kind, subscription, state, created_at, updated_at) VALUES "
         "('welcome', 5, 'leased', 1, 1)",
         "unsubscribed"},
        {6, "has a notice waiting",
         "INSERT INTO delivery (kind, subscription, state, created_at, updated_at) VALUES "
         "('welcome', 6, 'queued', 1, 1)",
         NULL},
        {7, "has acted", EVENT(1003, 501, "confirmed", 1, 7, "NULL"), "active"},
        {8, "bounced with an issue",
         "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) VALUES "
         "('issue', 1, 8, 'bounced', 1, 1)",
         "bounced"},
        {9, "pending", NULL, NULL},
        {10, "another token", NULL, "active"},
        {11, "the last", NULL, NULL},
        {12, "after the last", NULL, "active"},
    };
    struct fixture *fixture = *state;
    fixture_add_people(fixture, 12);
    fixture_issue(fixture, 1, "sending");
    fixture_sql(fixture, "UPDATE subscription SET state = 'bounced' WHERE id = 8");
    fixture_sql(fixture, "UPDATE subscription SET state = 'pending' WHERE id = 9");
    fixture_sql(fixture, "UPDATE subscription SET token = 'x' || id WHERE id = 10");
    fixture_sql(fixture, "UPDATE subscriber SET uuid = 'v' || (10 + id)");
    fixture_sql(fixture, "INSERT INTO import_change (task, kind, low, high, prefix, first, last) "
                         "VALUES (7, 'added', 1, 11, 't', 'v11', 'v20')");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].sql != NULL)
            fixture_sql(fixture, rows[i].sql);
    undo(fixture, "4 3 0 2");
    for_each_row (i, rows, rows[i].name) {
        char sql[160];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM subscription WHERE id = %d AND state = '%s'", rows[i].id,
                 rows[i].state != NULL ? rows[i].state : "active");
        assert_int_equal(fixture_sql(fixture, sql), rows[i].state != NULL);
    }
    /* The people come with the import up to the last number; the one after it was there before. */
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE id IN (2, 6, 9)"),
                     0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE id = 11"), 1);
    /* Nothing goes out any more to those who have left, and their event says why. */
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE subscription = 4 "
                                          "AND state = 'skipped' AND updated_at = 1000000"),
                     1);
    assert_int_equal(fixture_sql(fixture,
                                 "SELECT count(*) FROM delivery WHERE subscription = 3 AND state = "
                                 "'sent' AND updated_at = 1"),
                     1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'unsubscribed' AND detail = "
                             "'import undone' AND subscriber IN (3, 4, 5) AND issue IS NULL"),
        3);
    assert_int_equal(
        fixture_sql(fixture,
                    "SELECT count(*) FROM subscription WHERE id IN (3, 4, 5) AND ended_at = "
                    "1000000 AND noticed_at IS NULL AND reconfirm_by IS NULL"),
        3);
}

/* More than one transaction takes: two hundred at a time. */
static void test_many_people(void **state) {
    static const struct {
        int people, parts;
        bool mailed; /* they stay, and have left */
    } rows[] = {{199, 2, false}, {200, 3, false}, {201, 3, false}, {401, 4, false}, {401, 4, true}};
    struct fixture *fixture = *state;
    fixture_issue(fixture, 1, "sent");
    for_each_row (i, rows, NULL) {
        struct nl_error err = {0};
        bool done = false;
        int parts = 0;
        fixture_sql(fixture, "DELETE FROM subscription");
        fixture_sql(fixture, "DELETE FROM subscriber");
        fixture_add_people(fixture, rows[i].people);
        int64_t last = fixture_sql(fixture, "SELECT max(id) FROM subscription");
        run_sql(fixture,
                "INSERT INTO import_change (task, kind, low, high, prefix, first, last) VALUES (7, "
                "'added', 0, %lld, 't', 'u', 'v')",
                (long long)last);
        if (rows[i].mailed)
            fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, "
                                 "created_at, updated_at) SELECT 'issue', 1, id, 'sent', 1, 1 FROM "
                                 "subscription");
        add_task(fixture);
        for (; !done && parts < 10; parts++)
            assert_ok(nl_import_undo_part(fixture->store, 7, &done, &err));
        assert_int_equal(parts, rows[i].parts);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription"),
                         rows[i].mailed ? rows[i].people : 0);
        char undone[32];
        snprintf(undone, sizeof undone, rows[i].mailed ? "0 %d 0 0" : "%d 0 0 0", rows[i].people);
        char sql[96];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM task WHERE undo = '%s'", undone);
        assert_int_equal(fixture_sql(fixture, sql), 1);
    }
}

/* ---- an import and its end ---- */

/* Brings rows in for the first list, as import 7 or (0) as nobody's. */
static void bring_in(struct fixture *fixture, int64_t task) {
    static const struct nl_member rows[] = {
        {.address = "new@example.org", .name = "New"},
        {.address = "ann@example.org", .name = "Ann", .attributes = "{\"a\":1}"},
        {.address = "bob@example.org", .state = NL_SUBSCRIPTION_UNSUBSCRIBED},
        {.address = "eve@example.org"},
    };
    static const struct nl_import_policy policy = {.consent = "paper", .update = true};
    struct nl_error err = {0};
    struct nl_import *import = NULL;
    assert_ok(nl_import_begin(fixture->store, &policy, &import, &err));
    import->task = task;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nl_address address = {0};
        struct nl_import_result result = {0};
        assert_ok(nl_address_parse(rows[i].address, &address, &err));
        assert_ok(nl_import_row(import, 1, &address, &rows[i], &result, &err));
        nl_address_free(&address);
    }
    assert_ok(nl_import_end(import, true, "import", &err));
}

static void assert_people(struct fixture *fixture, int64_t all, const char *name,
                          const char *state) {
    char sql[320];
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber"), all);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription"), all);
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM subscriber WHERE address = 'ann@example.org' AND coalesce(name, "
             "'-') = '%s' AND (attributes = '{}') = %s",
             name, name[0] == '-' ? "true" : "false");
    assert_int_equal(fixture_sql(fixture, sql), 1);
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM subscription s JOIN subscriber r ON r.id = s.subscriber WHERE "
             "r.address = 'bob@example.org' AND s.state = '%s'",
             state);
    assert_int_equal(fixture_sql(fixture, sql), 1);
}

/* All is as it was before: those who were added are gone, and what was changed is back. */
static void test_an_import_and_back(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool done = false;
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_subscribe(fixture, "eve@example.org");
    int64_t mark = fixture_sql(fixture, "SELECT max(id) FROM event");
    bring_in(fixture, 7);
    assert_people(fixture, 4, "Ann", "unsubscribed");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM import_change WHERE task = 7"), 3);
    add_task(fixture);
    run_sql(fixture, "UPDATE task SET accepted_at = 1000000, event_mark = %lld", (long long)mark);
    while (!done)
        assert_ok(nl_import_undo_part(fixture->store, 7, &done, &err));
    assert_people(fixture, 3, "-", "active");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM task WHERE undo = '1 0 2 0'"), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = "
                                          "'import-undone'"),
                     1);
}

/* Nothing is noted of an import that cannot be taken back. */
static void test_an_import_of_nobody(void **state) {
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_subscribe(fixture, "eve@example.org");
    bring_in(fixture, 0);
    assert_people(fixture, 4, "Ann", "unsubscribed");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM import_change"), 0);
}

/* Only one that is being taken back is. */
static void test_another_state(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool done = true;
    add_task(fixture);
    fixture_sql(fixture, "UPDATE task SET state = 'done'");
    assert_fails(nl_import_undo_part(fixture->store, 7, &done, &err), NL_NOTFOUND,
                 "there is no import 7 that is being taken back");
    assert_fails(nl_import_undo_part(fixture->store, 8, &done, &err), NL_NOTFOUND,
                 "there is no import 8 that is being taken back");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_states, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_changed_twice, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_values, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_added_people, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many_people, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_an_import_and_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_an_import_of_nobody, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_another_state, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
