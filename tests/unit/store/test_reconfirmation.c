/* Asking whether people still want our mails: who is asked, in which order, and whose time is over.
 */
#include "support.h"

#include "newsletter/base/segment.h"
#include "newsletter/store/reconfirmation.h"

#include <stdio.h>

/* Five people, confirmed at 500, 400, 300, 200 and 100; nothing is queued. */
static void set_up(struct fixture *fixture) {
    for (int i = 0; i < 5; i++) {
        char address[64];
        snprintf(address, sizeof address, "user%d@example.org", i);
        fixture_subscribe(fixture, address);
    }
    fixture_sql(fixture, "UPDATE subscription SET confirmed_at = 600 - id * 100");
    fixture_sql(fixture, "DELETE FROM delivery");
    fixture_sql(fixture, "DELETE FROM event");
}

static int64_t ask(struct fixture *fixture, struct nl_reconfirmation reconfirmation, bool dry_run) {
    struct nl_error err = {0};
    int64_t count = -1;
    reconfirmation.by = 2000000;
    assert_ok(nl_reconfirmation_ask(fixture->store, &reconfirmation, dry_run, &count, &err));
    return count;
}

/* The subscriptions that are asked, as a number of digits, by id. */
static int64_t asked(struct fixture *fixture) {
    int64_t digits = 0;
    for (int id = 1; id <= 5; id++) {
        char sql[200];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM subscription s JOIN delivery d ON d.subscription = s.id AND "
                 "d.kind = 'reconfirmation' AND d.state = 'queued' WHERE s.id = %d AND "
                 "s.reconfirm_by = 2000000",
                 id);
        int64_t count = fixture_sql(fixture, sql);
        assert_in_range(count, 0, 1);
        digits = count == 1 ? digits * 10 + id : digits;
    }
    return digits;
}

static void test_who_is_asked(void **state) {
    static const struct {
        const char *name, *before; /* SQL that is run first; NULL: none */
        struct nl_reconfirmation which;
        int64_t asked;
    } cases[] = {
        {"all", NULL, {0}, 12345},
        {"of this list", NULL, {.list = 1}, 12345},
        {"of another list", NULL, {.list = 2}, 0},
        {"those who confirmed before a time", NULL, {.before = 300}, 45},
        {"the longest subscribed first", NULL, {.limit = 2}, 45},
        {"one alone", NULL, {.limit = 1}, 5},
        {"as many as there are", NULL, {.limit = 5}, 12345},
        {"fewer than may be", NULL, {.limit = 6}, 12345},
        {"those who have left are not",
         "UPDATE subscription SET state = 'unsubscribed' WHERE id = "
         "2",
         {0},
         1345},
        {"those who are being asked are not",
         "UPDATE subscription SET reconfirm_by = 5 WHERE id = "
         "3",
         {0},
         1245},
        {"those who are suppressed are not",
         "INSERT INTO suppression VALUES ('user3@example.org', "
         "'x', 1)",
         {0},
         1235},
        {"those of whom no time is known",
         "UPDATE subscription SET confirmed_at = NULL WHERE id = "
         "1",
         {.before = 150},
         15},
    };
    struct fixture *fixture = *state;
    set_up(fixture);
    for_each_row (i, cases, cases[i].name) {
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM suppression");
        fixture_sql(fixture, "UPDATE subscription SET state = 'active', reconfirm_by = NULL, "
                             "confirmed_at = 600 - id * 100");
        if (cases[i].before != NULL)
            fixture_sql(fixture, cases[i].before);
        int64_t count = ask(fixture, cases[i].which, true);
        assert_int_equal(asked(fixture), 0); /* so far, they were only counted */
        assert_int_equal(ask(fixture, cases[i].which, false), count);
        assert_int_equal(asked(fixture), cases[i].asked);
        int64_t digits = 0;
        for (int64_t rest = cases[i].asked; rest > 0; rest /= 10)
            digits++;
        assert_int_equal(count, digits);
    }
}

/* The people of a segment alone are counted and asked. */
static void test_a_segment_is_asked(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_segment *german = NULL;
    set_up(fixture);
    fixture_sql(fixture, "UPDATE subscriber SET language = 'de' WHERE id IN (2, 5)");
    assert_ok(nl_segment_parse("language = \"de\"", fixture->fake.now, &german, &err));
    assert_int_equal(ask(fixture, (struct nl_reconfirmation){.segment = german}, true), 2);
    assert_int_equal(ask(fixture, (struct nl_reconfirmation){.segment = german}, false), 2);
    assert_int_equal(asked(fixture), 25);
    nl_segment_free(german);
}

/* Only those whose time is over, who have not answered, and to whom the question went out. */
static void test_who_is_ended(void **state) {
    static const struct {
        const char *name, *by, *state, *delivery; /* delivery: the state of the question */
        bool ends;
    } cases[] = {
        {"over", "999999", "active", "sent", true},
        {"over now", "1000000", "active", "sent", true},
        {"not over", "1000001", "active", "sent", false},
        {"has answered", "NULL", "active", "sent", false},
        {"has left", "5", "unsubscribed", "sent", false},
        {"may have got it", "5", "active", "unknown", true},
        {"it waits", "5", "active", "queued", false},
        {"it is deferred", "5", "active", "deferred", false},
        {"it was refused", "5", "active", "failed", false},
        {"it was skipped", "5", "active", "skipped", false},
    };
    struct fixture *fixture = *state;
    set_up(fixture);
    for_each_row (i, cases, cases[i].name) {
        struct nl_error err = {0};
        char sql[200];
        int64_t count = -1;
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM event");
        fixture_sql(fixture, "UPDATE subscription SET state = 'active', ended_at = NULL");
        snprintf(sql, sizeof sql,
                 "UPDATE subscription SET reconfirm_by = %s, state = '%s' WHERE id = 2",
                 cases[i].by, cases[i].state);
        fixture_sql(fixture, sql);
        snprintf(sql, sizeof sql,
                 "INSERT INTO delivery (kind, subscription, state, created_at, updated_at) VALUES "
                 "('reconfirmation', 2, '%s', 1, 1), ('reconfirmation', 3, 'sent', 1, 1)",
                 cases[i].delivery);
        fixture_sql(fixture, sql);
        int64_t ledger = fixture_sql(fixture, "SELECT count(*) FROM ledger");
        assert_ok(nl_reconfirmation_end(fixture->store, &count, &err));
        assert_int_equal(count, cases[i].ends);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM ledger") - ledger,
                         cases[i].ends);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE id = 2 AND "
                                              "state = 'unsubscribed' AND ended_at = 1000000 AND "
                                              "reconfirm_by IS NULL"),
                         cases[i].ends);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = "
                                              "'unsubscribed' AND list = 1 AND subscriber = 2 AND "
                                              "detail = 'not reconfirmed'"),
                         cases[i].ends);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE state = "
                                              "'active' AND id <> 2"),
                         4);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_who_is_asked),
        TEST(test_a_segment_is_asked),
        TEST(test_who_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
