/* One row of an import meets what is known already: nobody who has left comes back by it, and
 * nobody is mailed without a consent. */
#include "support.h"

#include "newsletter/base/address.h"
#include "newsletter/base/cbor.h"
#include "newsletter/store/ledger.h"
#include "newsletter/store/member.h"
#include "newsletter/store/person.h"

#include <stdio.h>

static const struct nl_import_policy plain = {.consent = "paper"};

/* Takes one row in for a list, and keeps it. */
static struct nl_import_result take_in(struct fixture *fixture, int64_t list,
                                       const struct nl_import_policy *policy,
                                       struct nl_member member) {
    struct nl_error err = {0};
    struct nl_import *import = NULL;
    struct nl_address address = {0};
    struct nl_import_result result = {0};
    if (member.address == NULL)
        member.address = "ann@example.org";
    assert_ok(nl_address_parse(member.address, &address, &err));
    assert_ok(nl_import_begin(fixture->store, policy, &import, &err));
    assert_ok(nl_import_row(import, list, &address, &member, &result, &err));
    assert_ok(nl_import_end(import, true, "test", &err));
    nl_address_free(&address);
    return result;
}

static int64_t count(struct fixture *fixture, const char *condition) {
    char sql[320];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM subscription s JOIN subscriber r ON r.id = s.subscriber WHERE "
             "r.address = 'ann@example.org' AND %s",
             condition);
    return fixture_sql(fixture, sql);
}

/* The state of a row that holds this word; NULL for a row that does not say. */
static enum nl_subscription_state state_of(const char *word) {
    enum nl_subscription_state state = NL_SUBSCRIPTION_ANY;
    assert_true(word == NULL || nl_subscription_state_parse(word, &state));
    return state;
}

/* Each state here against each state of the row. */
static void test_what_is_known_and_what_the_row_says(void **state) {
    static const char *const states[] = {"pending", "active", "unsubscribed", "bounced",
                                         "complained"};
    static const struct {
        const char *here, *row, *after; /* row NULL: it does not say */
        enum nl_import_outcome outcome;
        bool ends;
    } cases[] = {
        {"active", NULL, "active", NL_IMPORT_UNCHANGED, false},
        {"active", "active", "active", NL_IMPORT_UNCHANGED, false},
        {"active", "pending", "active", NL_IMPORT_UNCHANGED, false},
        {"active", "unsubscribed", "unsubscribed", NL_IMPORT_UPDATED, true},
        {"active", "bounced", "bounced", NL_IMPORT_UPDATED, true},
        {"active", "complained", "complained", NL_IMPORT_UPDATED, true},
        {"pending", NULL, "active", NL_IMPORT_ADDED, false},
        {"pending", "active", "active", NL_IMPORT_ADDED, false},
        {"pending", "pending", "pending", NL_IMPORT_UNCHANGED, false},
        {"pending", "unsubscribed", "unsubscribed", NL_IMPORT_UPDATED, true},
        {"pending", "complained", "complained", NL_IMPORT_UPDATED, true},
    };
    struct fixture *fixture = *state;
    char sql[128];
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    for_each_row (i, cases, cases[i].row) {
        fixture_sql(fixture, "DELETE FROM event");
        snprintf(sql, sizeof sql,
                 "UPDATE subscription SET state = '%s', ended_at = NULL WHERE id "
                 "= 1",
                 cases[i].here);
        fixture_sql(fixture, sql);
        struct nl_import_result result =
            take_in(fixture, 1, &plain, (struct nl_member){.state = state_of(cases[i].row)});
        assert_int_equal(result.outcome, cases[i].outcome);
        assert_int_equal(result.ended, cases[i].ends);
        snprintf(sql, sizeof sql, "s.state = '%s' AND s.list = 1", cases[i].after);
        assert_int_equal(count(fixture, sql), 1);
        assert_int_equal(count(fixture, "s.ended_at IS NOT NULL"), cases[i].ends);
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM event WHERE kind = '%s' AND list = 1 AND "
                 "subscriber = 1 AND detail = 'import'",
                 cases[i].after);
        assert_int_equal(fixture_sql(fixture, sql), cases[i].ends);
    }
    static const char *const rows[] = {NULL, "active", "pending", "unsubscribed", "complained"};
    for (size_t i = 2; i < sizeof states / sizeof states[0]; i++) {
        for_each_row (j, rows, rows[j]) { /* what has ended stays as it has */
            snprintf(sql, sizeof sql, "UPDATE subscription SET state = '%s' WHERE id = 1",
                     states[i]);
            fixture_sql(fixture, sql);
            struct nl_import_result result =
                take_in(fixture, 1, &plain, (struct nl_member){.state = state_of(rows[j])});
            assert_int_equal(result.outcome, NL_IMPORT_ENDED);
            snprintf(sql, sizeof sql, "s.state = '%s'", states[i]);
            assert_int_equal(count(fixture, sql), 1);
        }
    }
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE id = 2 AND state = 'active'"),
        1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'queued' "
                                          "AND created_at > 1000000"),
                     0);
}

/* The row tells of a day on which somebody left: it counts unless they confirmed here after it. */
static void test_who_came_back_since(void **state) {
    static const struct {
        const char *name;
        int64_t left, confirmed;
        const char *list;
        bool ends;
    } cases[] = {
        {"confirmed after it", 500, 501, "1", false}, {"at the same moment", 500, 500, "1", true},
        {"before it", 500, 499, "1", true},           {"on another list", 500, 600, "9", true},
        {"it names no day", 0, 600, "1", true},
    };
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "ann@example.org");
    for_each_row (i, cases, cases[i].name) {
        char sql[200];
        fixture_sql(fixture, "DELETE FROM event");
        fixture_sql(fixture, "UPDATE subscription SET state = 'active', ended_at = NULL");
        snprintf(sql, sizeof sql,
                 "INSERT INTO event (at, kind, list, subscriber) VALUES (%lld, 'confirmed', %s, 1)",
                 (long long)cases[i].confirmed, cases[i].list);
        fixture_sql(fixture, sql);
        struct nl_import_result result = take_in(
            fixture, 1, &plain,
            (struct nl_member){.state = NL_SUBSCRIPTION_UNSUBSCRIBED, .ended_at = cases[i].left});
        assert_int_equal(result.ended, cases[i].ends);
        snprintf(sql, sizeof sql, "s.state = 'unsubscribed' AND s.ended_at = %lld",
                 (long long)(cases[i].left != 0 ? cases[i].left : 1000000));
        assert_int_equal(count(fixture, sql), cases[i].ends);
    }
}

/* People who are new: their state, their times and their consent. */
static void test_new_people(void **state) {
    static const struct {
        struct nl_member member;
        const char *condition;
    } cases[] = {
        {{0},
         "s.state = 'active' AND s.consent_source = 'paper' AND s.consent_at = 1000000 AND "
         "s.confirmed_at = 1000000 AND s.ended_at IS NULL AND s.created_at = 1000000"},
        {{.created_at = 5}, "s.created_at = 5 AND s.consent_at = 5 AND s.confirmed_at = 5"},
        {{.created_at = 5, .confirmed_at = 7},
         "s.created_at = 5 AND s.consent_at = 7 AND s.confirmed_at = 7"},
        {{.consent_at = 6,
          .consent_source = "fair",
          .consent_ip = "192.0.2.1",
          .consent_version = "v"},
         "s.consent_at = 6 AND s.consent_source = 'fair' AND s.consent_ip = '192.0.2.1' AND "
         "s.consent_version = 'v'"},
        {{.state = NL_SUBSCRIPTION_PENDING, .confirmed_at = 5},
         "s.state = 'pending' AND s.confirmed_at IS NULL"},
        {{.state = NL_SUBSCRIPTION_UNSUBSCRIBED, .ended_at = 9},
         "s.state = 'unsubscribed' AND s.ended_at = 9 AND s.confirmed_at IS NULL"},
        {{.state = NL_SUBSCRIPTION_BOUNCED, .confirmed_at = 4},
         "s.state = 'bounced' AND s.ended_at = 1000000 AND s.confirmed_at = 4"},
        {{.name = "Ann", .language = "de", .attributes = "{\"a\":\"1\"}"},
         "r.name = 'Ann' AND r.language = 'de' AND replace(r.attributes, ' ', '') = "
         "'{\"a\":\"1\"}'"},
        {{0}, "replace(r.attributes, ' ', '') = '{}' AND r.name IS NULL"},
    };
    struct fixture *fixture = *state;
    for_each_row (i, cases, cases[i].condition) {
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM subscription");
        fixture_sql(fixture, "DELETE FROM subscriber");
        struct nl_import_result result = take_in(fixture, 1, &plain, cases[i].member);
        assert_int_equal(result.outcome, NL_IMPORT_ADDED);
        assert_int_equal(count(fixture, cases[i].condition), 1);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery"), 0);
    }
}

/* With --confirm, who would be active is pending and gets a mail; who has left gets none. */
static void test_asking(void **state) {
    static const struct nl_import_policy asking = {.consent = "paper", .confirm = true};
    static const struct {
        const char *row, *after;
        int mails;
    } cases[] = {{NULL, "pending", 1},
                 {"active", "pending", 1},
                 {"pending", "pending", 1},
                 {"unsubscribed", "unsubscribed", 0},
                 {"complained", "complained", 0}};
    struct fixture *fixture = *state;
    for_each_row (i, cases, cases[i].row) {
        char sql[64];
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM subscription");
        fixture_sql(fixture, "DELETE FROM subscriber");
        take_in(fixture, 1, &asking, (struct nl_member){.state = state_of(cases[i].row)});
        snprintf(sql, sizeof sql, "s.state = '%s'", cases[i].after);
        assert_int_equal(count(fixture, sql), 1);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE kind = "
                                              "'confirmation' AND state = 'queued'"),
                         cases[i].mails);
        /* A second time, nobody is asked again, nor becomes active by it. */
        take_in(fixture, 1, &asking, (struct nl_member){.state = state_of(cases[i].row)});
        assert_int_equal(count(fixture, sql), 1);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery"), cases[i].mails);
    }
}

/* Suppressed, blocked by a row before, or erased: they do not come in. */
static void test_who_must_not_come_in(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fixture_sql(fixture, "INSERT INTO suppression VALUES ('ann@example.org', 'x', 1)");
    assert_int_equal(take_in(fixture, 1, &plain, (struct nl_member){0}).outcome,
                     NL_IMPORT_SUPPRESSED);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber"), 0);
    assert_int_equal(
        take_in(fixture, 1, &plain, (struct nl_member){.address = "bob@example.org"}).outcome,
        NL_IMPORT_ADDED);
    assert_int_equal(take_in(fixture, 1, &plain,
                             (struct nl_member){.address = "cyd@example.org", .blocked = true})
                         .outcome,
                     NL_IMPORT_BLOCKED);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM suppression WHERE address_key = "
                                          "'cyd@example.org' AND reason = 'imported' AND since = "
                                          "1000000"),
                     1);
    assert_int_equal(
        take_in(fixture, 1, &plain, (struct nl_member){.address = "cyd@example.org"}).outcome,
        NL_IMPORT_SUPPRESSED);
    /* Within one import, too, and although there was no suppression when it began. */
    fixture_sql(fixture, "DELETE FROM suppression");
    struct nl_import *import = NULL;
    struct nl_address address = {0};
    struct nl_import_result result = {0};
    const struct nl_member blocked = {.address = "dan@example.org", .blocked = true};
    const struct nl_member active = {.address = "dan@example.org"};
    assert_ok(nl_address_parse("dan@example.org", &address, &err));
    assert_ok(nl_import_begin(fixture->store, &plain, &import, &err));
    assert_ok(nl_import_row(import, 1, &address, &blocked, &result, &err));
    assert_ok(nl_import_row(import, 1, &address, &active, &result, &err));
    assert_int_equal(result.outcome, NL_IMPORT_SUPPRESSED);
    assert_ok(nl_import_end(import, false, NULL, &err)); /* and nothing of it is kept */
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM suppression"), 0);
    nl_address_free(&address);
}

/* --update: what the row says replaces what is known, and only then are they counted as updated. */
static void test_updating(void **state) {
    static const struct nl_import_policy updating = {.consent = "paper", .update = true};
    struct fixture *fixture = *state;
    const struct nl_member more = {
        .name = "Bea", .language = "fr", .attributes = "{\"a\":\"2\",\"b\":\"3\"}"};
    take_in(fixture, 1, &plain, (struct nl_member){.name = "Ann", .attributes = "{\"a\":\"1\"}"});
    assert_int_equal(take_in(fixture, 1, &plain, more).outcome, NL_IMPORT_UNCHANGED);
    assert_int_equal(count(fixture, "r.name = 'Ann' AND r.language IS NULL"), 1);
    assert_int_equal(take_in(fixture, 1, &updating, (struct nl_member){0}).outcome,
                     NL_IMPORT_UNCHANGED);
    assert_int_equal(count(fixture, "r.name = 'Ann'"), 1); /* a row that says nothing */
    assert_int_equal(take_in(fixture, 1, &updating, more).outcome, NL_IMPORT_UPDATED);
    assert_int_equal(
        count(fixture, "r.name = 'Bea' AND r.language = 'fr' AND replace(r.attributes, ' ', '') = "
                       "'{\"a\":\"2\",\"b\":\"3\"}'"),
        1);
    assert_int_equal(take_in(fixture, 1, &updating, more).outcome, NL_IMPORT_UNCHANGED);
    const struct nl_member language = {.language = "de"};
    assert_int_equal(take_in(fixture, 1, &updating, language).outcome, NL_IMPORT_UPDATED);
    assert_int_equal(count(fixture, "r.name = 'Bea' AND r.language = 'de'"), 1);
    const struct nl_member attribute = {.attributes = "{\"c\":\"4\"}"};
    assert_int_equal(take_in(fixture, 1, &updating, attribute).outcome, NL_IMPORT_UPDATED);
    assert_int_equal(
        count(fixture, "replace(r.attributes, ' ', '') = '{\"a\":\"2\",\"b\":\"3\",\"c\":\"4\"}'"),
        1);
}

/* One person on two lists: what one list's row says does not touch the other. */
static void test_two_lists(void **state) {
    struct fixture *fixture = *state;
    fixture_sql(fixture, "INSERT INTO list (id, uuid, name, title, list_id, sender, language, "
                         "created_at, private) VALUES (2, 'u', 'other', 'O', 'o.x', 'a@b.example', "
                         "'en', 1, 0)");
    take_in(fixture, 1, &plain, (struct nl_member){0});
    assert_int_equal(take_in(fixture, 2, &plain, (struct nl_member){0}).outcome, NL_IMPORT_ADDED);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber"), 1);
    take_in(fixture, 1, &plain, (struct nl_member){.state = NL_SUBSCRIPTION_UNSUBSCRIBED});
    assert_int_equal(count(fixture, "s.state = 'active' AND s.list = 2"), 1);
    assert_int_equal(count(fixture, "s.state = 'unsubscribed' AND s.list = 1"), 1);
}

/* Nobody who was erased comes back by an import; one who is also suppressed is told as that. */
static void test_people_who_were_erased(void **state) {
    static const struct {
        const char *suppressed; /* NULL: nobody */
        enum nl_import_outcome outcome;
    } rows[] = {
        {NULL, NL_IMPORT_ERASED},
        {"eve@example.org", NL_IMPORT_ERASED},
        {"ann@example.org", NL_IMPORT_SUPPRESSED},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fixture_subscribe(fixture, "ann@example.org");
    assert_ok(nl_person_erase(fixture->store,
                              fixture_sql(fixture, "SELECT max(id) FROM subscriber"), &err));
    for_each_row (i, rows, rows[i].suppressed) {
        char sql[128];
        fixture_sql(fixture, "DELETE FROM suppression");
        snprintf(sql, sizeof sql, "INSERT INTO suppression VALUES ('%s', 'x', 1)",
                 rows[i].suppressed != NULL ? rows[i].suppressed : "");
        if (rows[i].suppressed != NULL)
            fixture_sql(fixture, sql);
        assert_int_equal(take_in(fixture, 1, &plain, (struct nl_member){0}).outcome,
                         rows[i].outcome);
        assert_int_equal(count(fixture, "TRUE"), 0);
    }
    assert_int_equal(
        take_in(fixture, 1, &plain, (struct nl_member){.address = "bob@example.org"}).outcome,
        NL_IMPORT_ADDED);
}

/* The ledger is told of an address that the file blocks; it has no subscriptions. */
static void test_the_ledger_knows_who_is_blocked(void **state) {
    struct fixture *fixture = *state;
    struct nl_buf entry = {0};
    take_in(fixture, 1, &plain, (struct nl_member){.blocked = true});
    nl_cbor_add_array(&entry, 4);
    nl_cbor_add_number(&entry, NL_LEDGER_SUPPRESSED);
    nl_cbor_add_number(&entry, fixture->fake.now);
    nl_cbor_add_number(&entry, true);
    nl_cbor_add_array(&entry, 0);
    assert_int_equal(fixture_ledger_count(fixture, &entry), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_known_and_what_the_row_says),
        TEST(test_who_came_back_since),
        TEST(test_new_people),
        TEST(test_asking),
        TEST(test_who_must_not_come_in),
        TEST(test_people_who_were_erased),
        TEST(test_the_ledger_knows_who_is_blocked),
        TEST(test_updating),
        TEST(test_two_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
