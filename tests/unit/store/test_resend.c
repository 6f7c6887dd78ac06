/* Putting deliveries back: which ones, whom they never reach, and what the issue does. */
#include "support.h"

#include "newsletter/store/resend.h"

#include <stdio.h>

enum { PEOPLE = 6 };

/* Issue 1 to six people, all bounced; issue 2 to the same, untouched by what happens to the first.
 */
static void set_up(struct fixture *fixture) {
    char sql[512];
    for (int i = 0; i < PEOPLE; i++) {
        snprintf(sql, sizeof sql, "p%d@example.org", i + 1);
        fixture_subscribe(fixture, sql);
    }
    for (int issue = 1; issue <= 2; issue++) {
        fixture_issue(fixture, issue, "sent");
        snprintf(sql, sizeof sql,
                 "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at, "
                 "attempts, first_attempt_at, dot_at, reply_code, reply_status, reply_text) "
                 "SELECT 'issue', %d, id, 'bounced', 1, 100 * id, 3, 1, 5, 550, '5.7.1', 'Blocked "
                 "by 100%%_list' FROM subscription",
                 issue);
        fixture_sql(fixture, sql);
    }
}

static struct nl_resend_counts resend(struct fixture *fixture, struct nl_resend wanted) {
    struct nl_error err = {0};
    struct nl_resend_counts counts = {0};
    struct nl_resend_counts before = {0};
    wanted.issue = 1;
    if (wanted.state == NL_DELIVERY_ANY)
        wanted.state = NL_DELIVERY_BOUNCED;
    assert_ok(nl_resend_count(fixture->store, &wanted, &before, &err));
    assert_ok(nl_resend(fixture->store, &wanted, &counts, &err));
    assert_int_equal(before.people, counts.people);
    assert_int_equal(before.ended, counts.ended);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 1 AND "
                                          "state = 'queued'"),
                     counts.people);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 2 AND "
                                          "state = 'bounced'"),
                     PEOPLE);
    return counts;
}

static void test_people_who_left_are_left_out(void **state) {
    struct fixture *fixture = *state;
    set_up(fixture);
    fixture_sql(fixture, "UPDATE subscription SET state = 'unsubscribed' WHERE id = 1");
    fixture_sql(fixture, "UPDATE subscription SET state = 'bounced' WHERE id = 2");
    fixture_sql(fixture, "UPDATE subscription SET state = 'complained' WHERE id = 3");
    fixture_sql(fixture, "UPDATE subscription SET state = 'pending' WHERE id = 4");
    fixture_sql(fixture, "INSERT INTO suppression VALUES ('p5@example.org', 'x', 1)");
    struct nl_resend_counts counts = resend(fixture, (struct nl_resend){0});
    assert_int_equal(counts.people, 1);
    assert_int_equal(counts.ended, 5);
    assert_int_equal(fixture_sql(fixture,
                                 "SELECT count(*) FROM delivery WHERE issue = 1 AND state "
                                 "= 'queued' AND attempts = 0 AND first_attempt_at IS NULL AND "
                                 "dot_at IS NULL AND subscription = 6"),
                     1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM issue WHERE id = 1 AND state = "
                                          "'sending' AND ended_at IS NULL"),
                     1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM issue WHERE id = 2 AND state = 'sent'"), 1);
}

static void test_which_ones(void **state) {
    static const struct {
        struct nl_resend wanted;
        int64_t people;
    } cases[] = {
        {{.since = 300}, 4},
        {{.since = 601}, 0},
        {{.reply = "blocked"}, PEOPLE},
        {{.reply = "BLOCKED BY"}, PEOPLE},
        {{.reply = "550 5.7.1 Blocked"}, PEOPLE},
        {{.reply = "550*list"}, PEOPLE},
        {{.reply = "100%_list"}, PEOPLE},
        {{.reply = "1%t"}, 0},
        {{.reply = "100__list"}, 0},
        {{.reply = "list*550"}, 0},
        {{.reply = "blocked", .since = 600}, 1},
        {{.state = NL_DELIVERY_FAILED}, 0},
        {{.state = NL_DELIVERY_UNKNOWN}, 0},
    };
    struct fixture *fixture = *state;
    set_up(fixture);
    for_each_row (i, cases, NULL) {
        struct nl_resend_counts counts = resend(fixture, cases[i].wanted);
        if (counts.people != cases[i].people)
            fail_msg("row %zu: %lld people", i, (long long)counts.people);
        fixture_sql(fixture, "UPDATE delivery SET state = 'bounced', updated_at = 100 * "
                             "subscription WHERE issue = 1");
    }
}

static void test_states_of_the_issue(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_resend_counts counts = {0};
    const struct nl_resend all = {.issue = 1, .state = NL_DELIVERY_BOUNCED};
    set_up(fixture);
    fixture_sql(fixture, "UPDATE issue SET state = 'cancelled' WHERE id = 1");
    assert_fails(nl_resend(fixture->store, &all, &counts, &err), NL_EXISTS, "cancelled");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 1 AND "
                                          "state = 'queued'"),
                     0);
    fixture_sql(fixture, "UPDATE issue SET state = 'paused' WHERE id = 1");
    assert_ok(nl_resend(fixture->store, &all, &counts, &err));
    assert_int_equal(counts.people, PEOPLE);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM issue WHERE id = 1 AND state = 'paused'"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_people_who_left_are_left_out, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_which_ones, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_states_of_the_issue, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
