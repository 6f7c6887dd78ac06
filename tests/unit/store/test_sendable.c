/* People who may still be mailed: the state of a subscription changes between queueing and leasing,
 * and between leasing and the commit point, for every kind of message. */
#include "support.h"

#include "newsletter/store/delivery.h"
#include "newsletter/store/state.h"

#include <stdio.h>

/* In the order of enum nl_subscription_state, from pending on: whether a message of that kind may
 * go to somebody in that state. */
static const struct {
    const char *kind;
    bool may[NL_SUBSCRIPTION_STATES - 1];
} rules[] = {
    {"issue", {false, true, false, false, false}},
    {"confirmation", {true, false, false, false, false}},
    {"already-subscribed", {false, true, false, false, false}},
    {"welcome", {false, true, false, false, false}},
    {"goodbye", {false, false, true, false, false}},
    {"reconfirmation", {false, true, false, false, false}},
    {"preferences", {true, true, true, true, false}},
    {"address-change", {true, true, true, true, false}},
};
enum { RULES = sizeof rules / sizeof rules[0] };

static int64_t of_issue(size_t rule) {
    return strcmp(rules[rule].kind, "issue") == 0;
}

static void set_state(struct fixture *fixture, enum nl_subscription_state state) {
    char sql[128];
    snprintf(sql, sizeof sql, "UPDATE subscription SET state = '%s'",
             nl_subscription_state_text(state));
    fixture_sql(fixture, sql);
}

/* One queued delivery of this kind to the one subscriber there is, who wants a new address. */
static void queue(struct fixture *fixture, const char *kind) {
    char sql[256];
    bool issue = strcmp(kind, "issue") == 0;
    fixture_sql(fixture, "DELETE FROM delivery");
    snprintf(sql, sizeof sql,
             "INSERT INTO delivery (id, kind, issue, subscription, state, created_at, updated_at) "
             "VALUES (7, '%s', %s, 1, 'queued', 1, 1)",
             kind, issue ? "1" : "NULL");
    fixture_sql(fixture, sql);
}

static void set_up(struct fixture *fixture) {
    fixture_subscribe(fixture, "ann@example.org");
    fixture_issue(fixture, 1, "sending");
    fixture_sql(fixture, "INSERT INTO address_change VALUES (1, 'new@example.org', "
                         "'new@example.org', 1)");
}

static size_t lease(struct fixture *fixture, const char *kind) {
    struct nl_error err = {0};
    struct nl_job job = {0};
    bool issue = strcmp(kind, "issue") == 0;
    struct nl_scope scope = {.issue = issue, .list = fixture->list.id, .kind = issue ? NULL : kind};
    size_t count = 0;
    assert_ok(nl_store_begin_exclusive(fixture->store, &err));
    assert_ok(nl_delivery_lease(fixture->store, &scope, "me", fixture->fake.now + 60, 1, &job,
                                &count, &err));
    assert_ok(nl_store_commit(fixture->store, &err));
    nl_job_free(&job);
    return count;
}

static bool commit_point(struct fixture *fixture, int64_t of_issue) {
    struct nl_error err = {0};
    const int64_t delivery = 7;
    bool ok = true;
    assert_ok(
        nl_delivery_commit_points(fixture->store, of_issue, &delivery, 1, false, "me", &ok, &err));
    return ok;
}

/* A state in which it may go out. */
static enum nl_subscription_state good_state(size_t rule) {
    size_t state = 0;
    while (!rules[rule].may[state])
        state++;
    return (enum nl_subscription_state)(state + 1);
}

static void test_the_state_at_the_lease_counts(void **state) {
    struct fixture *fixture = *state;
    set_up(fixture);
    for (size_t rule = 0; rule < RULES; rule++) {
        for (size_t now = 0; now + 1 < NL_SUBSCRIPTION_STATES; now++) {
            queue(fixture, rules[rule].kind);
            set_state(fixture, (enum nl_subscription_state)(now + 1));
            if (lease(fixture, rules[rule].kind) != rules[rule].may[now])
                fail_msg("%s to somebody who is %s", rules[rule].kind,
                         nl_subscription_state_text((enum nl_subscription_state)(now + 1)));
            assert_int_equal(
                fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'skipped'"),
                !rules[rule].may[now]);
        }
    }
}

static void test_the_state_at_the_commit_point_counts(void **state) {
    struct fixture *fixture = *state;
    set_up(fixture);
    for (size_t rule = 0; rule < RULES; rule++) {
        for (size_t now = 0; now + 1 < NL_SUBSCRIPTION_STATES; now++) {
            queue(fixture, rules[rule].kind);
            set_state(fixture, good_state(rule));
            assert_int_equal(lease(fixture, rules[rule].kind), 1);
            set_state(fixture, (enum nl_subscription_state)(now + 1));
            if (commit_point(fixture, of_issue(rule)) != rules[rule].may[now])
                fail_msg("%s to somebody who is %s by now", rules[rule].kind,
                         nl_subscription_state_text((enum nl_subscription_state)(now + 1)));
        }
    }
}

/* Before the lease, and between the lease and the commit point. */
static void test_the_suppressed_get_nothing(void **state) {
    struct fixture *fixture = *state;
    set_up(fixture);
    for (size_t rule = 0; rule < RULES; rule++) {
        set_state(fixture, good_state(rule));
        queue(fixture, rules[rule].kind);
        assert_int_equal(lease(fixture, rules[rule].kind), 1);
        assert_true(commit_point(fixture, of_issue(rule)));
        fixture_sql(fixture, "INSERT INTO suppression VALUES ('ann@example.org', 'x', 1)");
        if (commit_point(fixture, of_issue(rule)))
            fail_msg("%s to somebody who is suppressed by now", rules[rule].kind);
        queue(fixture, rules[rule].kind);
        if (lease(fixture, rules[rule].kind) != 0)
            fail_msg("%s to somebody who is suppressed", rules[rule].kind);
        fixture_sql(fixture, "DELETE FROM suppression");
    }
}

/* The question goes to the new address: it must not be suppressed, and still be asked for. */
static void test_a_new_address_that_is_not_wanted(void **state) {
    struct fixture *fixture = *state;
    set_up(fixture);
    fixture_sql(fixture, "INSERT INTO suppression VALUES ('new@example.org', 'x', 1)");
    queue(fixture, "address-change");
    assert_int_equal(lease(fixture, "address-change"), 0);
    fixture_sql(fixture, "DELETE FROM suppression");
    queue(fixture, "address-change");
    assert_int_equal(lease(fixture, "address-change"), 1);
    fixture_sql(fixture, "DELETE FROM address_change");
    assert_false(commit_point(fixture, 0));
    queue(fixture, "address-change");
    assert_int_equal(lease(fixture, "address-change"), 0);
}

static void test_every_kind_has_a_rule(void **state) {
    (void)state;
    size_t kinds = 0;
    for (; nl_notice_kinds[kinds] != NULL; kinds++) {
        size_t rule = 0;
        while (rule < RULES && strcmp(rules[rule].kind, nl_notice_kinds[kinds]) != 0)
            rule++;
        assert_in_range(rule, 0, RULES - 1);
    }
    assert_int_equal(kinds + 1, RULES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_state_at_the_lease_counts, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_state_at_the_commit_point_counts, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_suppressed_get_nothing, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_new_address_that_is_not_wanted, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(test_every_kind_has_a_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
