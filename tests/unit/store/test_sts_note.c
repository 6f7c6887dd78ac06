/* MTA-STS policies that are kept: as they were, until they expire, each domain's own. */
#include "support.h"

#include "newsletter/store/sts_note.h"

#include <stdio.h>

static void put(struct fixture *fixture, const char *domain, int64_t until, enum nl_sts_mode mode,
                const char *hosts) {
    struct nl_error err = {0};
    struct nl_sts_note note = {.until = until, .policy = {.mode = mode, .max_age = 86400}};
    snprintf(note.id, sizeof note.id, "id-of-%.20s", domain);
    nl_buf_adds(&note.policy.mail_hosts, hosts);
    assert_ok(nl_sts_note_write(fixture->store, domain, &note, &err));
    nl_sts_note_free(&note);
}

/* "ID MODE MAX_AGE UNTIL HOSTS", or "" for none. */
static void assert_note(struct fixture *fixture, const char *domain, const char *expected) {
    struct nl_error err = {0};
    struct nl_sts_note note;
    char text[256] = "";
    enum nl_status status = nl_sts_note_read(fixture->store, domain, &note, &err);
    if (status == NL_OK) {
        snprintf(text, sizeof text, "%s %d %lld %lld %s", note.id, (int)note.policy.mode,
                 (long long)note.policy.max_age, (long long)note.until,
                 nl_buf_text(&note.policy.mail_hosts));
        nl_sts_note_free(&note);
    } else {
        assert_int_equal(status, NL_NOTFOUND);
        assert_int_equal(note.policy.mode, NL_STS_NONE);
        nl_error_free(&err);
    }
    assert_string_equal(text, expected);
}

static void test_policies_are_kept(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    assert_note(fixture, "a.example", "");
    put(fixture, "a.example", 1000001, NL_STS_ENFORCE, "mx.a\n*.a\n");
    put(fixture, "b.example", 1000002, NL_STS_NONE, "");
    put(fixture, "c.example", 1000000, NL_STS_TESTING, "mx.c\n");
    assert_note(fixture, "a.example", "id-of-a.example 2 86400 1000001 mx.a\n*.a\n");
    assert_note(fixture, "b.example", "id-of-b.example 0 86400 1000002 ");
    assert_note(fixture, "c.example", ""); /* just expired */
    put(fixture, "c.example", 1000003, NL_STS_TESTING, "mx.d\n");
    assert_note(fixture, "c.example", "id-of-c.example 1 86400 1000003 mx.d\n");
    fixture->fake.now = 1000001;
    assert_ok(nl_sts_notes_forget(fixture->store, &err));
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM setting WHERE key LIKE 'mta-sts %'"), 2);
    fixture->fake.now = 1000000;
    assert_note(fixture, "a.example", "");
    assert_note(fixture, "b.example", "id-of-b.example 0 86400 1000002 ");
    fixture->fake.now = 1000003;
    assert_ok(nl_sts_notes_forget(fixture->store, &err));
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM setting WHERE key LIKE 'mta-sts %'"), 0);
}

/* Values that nl_sts_note_write has not written are not policies. */
static void test_damaged_notes(void **state) {
    static const struct {
        const char *value;
        bool good;
    } rows[] = {
        {"9999999 60 2 id\nmx\n", true},
        {"9999999 60 0 id", true},
        {"", false},
        {"9999999 60 3 id\nmx\n", false},
        {"9999999 60 -1 id\n", false},
        {"9999999 60 2\nmx\n", false},
        {"9999999 60 2 \nmx\n", false},
        {"9999999 60 2 12345678901234567890123456789012\n", true},
        {"9999999 60 2 123456789012345678901234567890123\n", false},
    };
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].value) {
        struct nl_error err = {0};
        struct nl_sts_note note;
        char sql[160];
        fixture_sql(fixture, "DELETE FROM setting WHERE key = 'mta-sts a.example'");
        snprintf(sql, sizeof sql,
                 "INSERT INTO setting (key, value) VALUES ('mta-sts a.example', '%s')",
                 rows[i].value);
        fixture_sql(fixture, sql);
        enum nl_status status = nl_sts_note_read(fixture->store, "a.example", &note, &err);
        assert_int_equal(status, rows[i].good ? NL_OK : NL_NOTFOUND);
        if (status == NL_OK)
            nl_sts_note_free(&note);
        nl_error_free(&err);
    }
}

/* A policy is fetched again when its id is another one, after a day, and when it has ended. */
static void test_fresh_ones(void **state) {
    enum { DAY = 86400, NOW = 1000000 };
    static const struct {
        const char *name, *id;
        int64_t max_age, now;
        bool fresh, holds;
    } rows[] = {
        {"just fetched", "7", 10 * DAY, NOW, true, true},
        {"a day old", "7", 10 * DAY, NOW + DAY, true, true},
        {"more than a day old", "7", 10 * DAY, NOW + DAY + 1, false, true},
        {"of another id", "8", 10 * DAY, NOW, false, true},
        {"of a longer id", "77", 10 * DAY, NOW, false, true},
        {"short, and almost over", "7", 60, NOW + 59, true, true},
        {"short, and over", "7", 60, NOW + 60, false, false},
        {"long over", "7", 10 * DAY, NOW + 11 * DAY, false, false},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_sts_policy policy = {.mode = NL_STS_ENFORCE, .max_age = rows[i].max_age};
        struct nl_sts_note note;
        nl_buf_adds(&policy.mail_hosts, "mx.a\n*.a\n");
        nl_sts_note_make(&policy, "7", NOW, &note);
        nl_sts_policy_free(&policy);
        assert_int_equal(note.policy.mode, NL_STS_ENFORCE);
        assert_int_equal(note.policy.max_age, rows[i].max_age);
        assert_string_equal(nl_buf_text(&note.policy.mail_hosts), "mx.a\n*.a\n");
        assert_int_equal(nl_sts_note_is_fresh(&note, rows[i].id, rows[i].now), rows[i].fresh);
        assert_int_equal(nl_sts_note_holds(&note, rows[i].now), rows[i].holds);
        nl_sts_note_free(&note);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_policies_are_kept, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_damaged_notes, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_fresh_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
