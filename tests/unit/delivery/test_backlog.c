/* Deliveries that a run leases, keeps back, hands over and gives back. */
#include "support.h"

#include "delivery/backlog.h"
#include "newsletter/store/delivery.h"

#include <stdio.h>

enum { SIZE = 4 };

struct leasing {
    struct fixture *fixture;
    struct nl_config config;
    struct nl_run_plan plan;
    struct nl_backlog backlog;
    struct nl_pause_reason reason;
};

static void set_up(struct fixture *fixture, struct leasing *leasing, int64_t issue) {
    *leasing = (struct leasing){.fixture = fixture};
    leasing->config.lease = 60;
    leasing->config.limits.domains[0] = (struct nl_domain_limit){0};
    leasing->plan = (struct nl_run_plan){
        .store = fixture->store, .config = &leasing->config, .scope = {.issue = issue}};
    nl_backlog_open(&leasing->backlog, &leasing->plan, "me", SIZE);
}

/* With a limit for a domain, which nl_backlog_open looks for. */
static void set_up_limit(struct fixture *fixture, struct leasing *leasing, int64_t issue,
                         struct nl_domain_limit limit) {
    set_up(fixture, leasing, issue);
    nl_backlog_close(&leasing->backlog);
    leasing->config.limits.domains[0] = limit;
    nl_backlog_open(&leasing->backlog, &leasing->plan, "me", SIZE);
}

static void fill(struct leasing *leasing) {
    struct nl_error err = {0};
    leasing->reason = (struct nl_pause_reason){0};
    assert_ok(nl_store_begin_exclusive(leasing->fixture->store, &err));
    assert_ok(nl_backlog_fill(&leasing->backlog, &leasing->reason, &err));
    assert_ok(nl_store_commit(leasing->fixture->store, &err));
}

static void release(struct leasing *leasing) {
    struct nl_error err = {0};
    assert_ok(nl_store_begin_exclusive(leasing->fixture->store, &err));
    assert_ok(nl_backlog_release(&leasing->backlog, &err));
    nl_backlog_forget(&leasing->backlog, 0);
    assert_ok(nl_store_commit(leasing->fixture->store, &err));
}

static bool admit_any(void *ctx, struct nl_pending *pending) {
    (void)pending;
    ++*(int *)ctx;
    return true;
}

/* Takes the next one and returns its delivery; 0 where none may begin. */
static int64_t take(struct leasing *leasing, bool (*admit)(void *, struct nl_pending *),
                    void *ctx) {
    struct nl_pending pending = {0};
    if (!nl_backlog_take(&leasing->backlog, admit, ctx, &pending))
        return 0;
    int64_t delivery = pending.job.delivery;
    nl_pending_free(&pending);
    return delivery;
}

static int64_t in_state(const struct leasing *leasing, const char *state) {
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM delivery WHERE state = '%s' AND issue = 1",
             state);
    return fixture_sql(leasing->fixture, sql);
}

static void test_leases_in_order_and_no_more_than_it_has_room_for(void **state) {
    struct leasing leasing;
    int asked = 0;
    set_up(*state, &leasing, fixture_send(*state, 6, 6, "\n"));
    assert_true(nl_backlog_wants(&leasing.backlog));
    fill(&leasing);
    assert_int_equal(leasing.backlog.count, SIZE);
    assert_int_equal(in_state(&leasing, "leased"), SIZE);
    assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM delivery WHERE state = 'leased' AND "
                                         "lease_owner = 'me' AND lease_until = 1000060"),
                     SIZE);
    int64_t last = 0;
    for (int i = 0; i < SIZE; i++) {
        assert_false(nl_backlog_wants(&leasing.backlog)); /* not before the last one has begun */
        int64_t delivery = take(&leasing, admit_any, &asked);
        assert_true(delivery > last);
        last = delivery;
    }
    assert_int_equal(take(&leasing, admit_any, &asked), 0);
    assert_int_equal(asked, 0); /* no domain has a limit */
    assert_true(nl_backlog_wants(&leasing.backlog));
    fill(&leasing);
    assert_int_equal(leasing.backlog.count, 2);
    while (take(&leasing, admit_any, &asked) != 0) {
    }
    assert_false(leasing.backlog.drained);
    fill(&leasing);
    assert_true(leasing.backlog.drained);
    assert_false(nl_backlog_wants(&leasing.backlog) || nl_backlog_waits(&leasing.backlog));
    nl_backlog_close(&leasing.backlog);
}

/* A delivery that has begun is not given back; one that is given back takes nothing of the rate. */
static void test_release(void **state) {
    struct leasing leasing;
    int asked = 0;
    set_up(*state, &leasing, fixture_send(*state, 6, 6, "\n"));
    leasing.config.limits.per_second = 4;
    fill(&leasing);
    int64_t first = take(&leasing, admit_any, &asked);
    release(&leasing);
    assert_int_equal(leasing.backlog.count, 0);
    assert_int_equal(in_state(&leasing, "queued"), 5);
    assert_int_equal(in_state(&leasing, "leased"), 1);
    assert_int_equal(fixture_sql(*state, "SELECT id FROM delivery WHERE state = 'leased'"), first);
    assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM delivery WHERE attempts > 0"), 0);
    for (int i = 0; i < 3; i++) { /* of this second's four one has gone */
        if (nl_backlog_wants(&leasing.backlog))
            fill(&leasing);
        assert_int_not_equal(take(&leasing, admit_any, &asked), 0);
    }
    fill(&leasing);
    assert_int_equal(leasing.backlog.count, 0);
    assert_true(nl_backlog_waits(&leasing.backlog));
    nl_backlog_close(&leasing.backlog);
}

/* The rate of all messages: the run waits for the next second, and stays. */
static void test_messages_per_second(void **state) {
    struct leasing leasing;
    int asked = 0;
    set_up(*state, &leasing, fixture_send(*state, 6, 6, "\n"));
    leasing.config.limits.per_second = 2;
    fill(&leasing);
    assert_int_equal(leasing.backlog.count, 2);
    while (take(&leasing, admit_any, &asked) != 0) {
    }
    fill(&leasing);
    assert_int_equal(leasing.backlog.count, 0);
    assert_true(nl_backlog_waits(&leasing.backlog));
    assert_false(nl_backlog_wants(&leasing.backlog));
    leasing.fixture->fake.now++;
    assert_true(nl_backlog_wants(&leasing.backlog));
    fill(&leasing);
    assert_int_equal(leasing.backlog.count, 2);
    assert_false(nl_backlog_waits(&leasing.backlog));
    nl_backlog_close(&leasing.backlog);
}

/* Quiet hours end the run with their reason, and nothing is leased. */
static void test_quiet_hours(void **state) {
    struct leasing leasing;
    set_up(*state, &leasing, fixture_send(*state, 3, 3, "\n"));
    leasing.config.quiet.hours = (char *)"13:00-14:00"; /* it is 13:46:40 */
    leasing.config.quiet.timezone = (char *)"UTC";
    fill(&leasing);
    assert_non_null(leasing.reason.text);
    assert_int_equal(leasing.reason.until, 1000800);
    assert_true(leasing.backlog.drained);
    assert_int_equal(in_state(&leasing, "queued"), 3);
    nl_backlog_close(&leasing.backlog);
}

/* One domain's rate: its messages are put off to later seconds, the others go out now, and the run
 * stays for what is due soon. */
static void test_the_rate_of_a_domain(void **state) {
    struct leasing leasing;
    int asked = 0;
    int64_t issue = fixture_send(*state, 4, 2, "\n");
    set_up_limit(*state, &leasing, issue,
                 (struct nl_domain_limit){.domain = (char *)"d0.example.org", .per_second = 1});
    fixture_sql(*state, "INSERT INTO throttle VALUES ('domain d0.example.org', 1000000000000)");
    fill(&leasing);
    assert_int_equal(leasing.backlog.count, 2);
    assert_int_equal(in_state(&leasing, "leased"), 2);
    assert_int_equal(in_state(&leasing, "deferred"), 2);
    assert_int_equal(fixture_sql(*state, "SELECT min(next_attempt_at) * 10000000 + "
                                         "max(next_attempt_at) FROM delivery"),
                     10000010000000 + 1000002);
    assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM delivery WHERE attempts > 0"), 0);
    while (take(&leasing, admit_any, &asked) != 0) {
    }
    fill(&leasing);
    assert_true(nl_backlog_waits(&leasing.backlog));
    assert_int_equal(leasing.backlog.not_before, 1000001);
    leasing.fixture->fake.now++;
    assert_true(nl_backlog_wants(&leasing.backlog));
    fill(&leasing);
    assert_int_equal(leasing.backlog.count, 1); /* in the second that was reserved for it */
    nl_backlog_close(&leasing.backlog);
}

/* A run stays for what it has put off, as long as that is due within two minutes. */
static void test_stays_for_what_is_due_soon(void **state) {
    static const struct {
        int64_t due;
        bool stays;
    } cases[] = {{1000001, true}, {1000120, true}, {1000121, false}, {0, false}};
    int64_t issue = fixture_send(*state, 1, 1, "\n");
    for_each_row (i, cases, NULL) {
        struct leasing leasing;
        char sql[128];
        snprintf(sql, sizeof sql,
                 "UPDATE delivery SET state = '%s', next_attempt_at = %lld WHERE issue = 1",
                 cases[i].due != 0 ? "deferred" : "sent", (long long)cases[i].due);
        fixture_sql(*state, sql);
        set_up(*state, &leasing, issue);
        leasing.backlog.throttled = true;
        fill(&leasing);
        assert_int_equal(nl_backlog_waits(&leasing.backlog), cases[i].stays);
        assert_int_equal(leasing.backlog.drained, !cases[i].stays);
        if (cases[i].stays)
            assert_int_equal(leasing.backlog.not_before, cases[i].due);
        nl_backlog_close(&leasing.backlog);
        set_up(*state, &leasing, issue);
        fill(&leasing); /* deferred by the relay, and not by a rate: the next run's */
        assert_false(nl_backlog_waits(&leasing.backlog));
        nl_backlog_close(&leasing.backlog);
    }
}

static bool admit_none(void *ctx, struct nl_pending *pending) {
    (void)pending;
    ++*(int *)ctx;
    return false;
}

static void set_slot(struct fixture *fixture, struct leasing *leasing, int people) {
    set_up_limit(fixture, leasing, fixture_send(fixture, people, 2, "\n"),
                 (struct nl_domain_limit){.domain = (char *)"d0.example.org", .connections = 1});
}

/* A domain whose connections are all in use does not hold up the others. */
static void test_connections_of_a_domain(void **state) {
    struct leasing leasing;
    int asked = 0;
    set_slot(*state, &leasing, 6);
    fill(&leasing); /* d0, d1, d0, d1 */
    int64_t first = take(&leasing, admit_none, &asked);
    int64_t second = take(&leasing, admit_none, &asked);
    assert_true(first != 0 && second > first);
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM delivery d JOIN subscription s ON s.id = d.subscription JOIN "
             "subscriber r ON r.id = s.subscriber WHERE d.id IN (%lld, %lld) AND r.address LIKE "
             "'%%@d1.example.org'",
             (long long)first, (long long)second);
    assert_int_equal(fixture_sql(*state, sql), 2);
    assert_false(nl_backlog_wants(&leasing.backlog));
    assert_int_equal(take(&leasing, admit_none, &asked), 0);
    assert_int_equal(leasing.backlog.count, 2);
    assert_true(asked >= 4);
    /* The rest waits for a connection: then there is room for others. */
    assert_true(nl_backlog_wants(&leasing.backlog));
    fill(&leasing);
    assert_int_equal(leasing.backlog.count, SIZE);
    assert_int_equal(in_state(&leasing, "leased"), 6);
    assert_int_not_equal(take(&leasing, admit_none, &asked), 0);
    assert_int_equal(take(&leasing, admit_none, &asked), 0);
    int64_t third = take(&leasing, admit_any, &asked);
    int64_t fourth = take(&leasing, admit_any, &asked);
    int64_t fifth = take(&leasing, admit_any, &asked);
    assert_true(third != 0 && fourth != 0 && fifth != 0);
    assert_true(third != fourth && fourth != fifth && third != fifth);
    assert_int_equal(leasing.backlog.count, 0);
    nl_backlog_close(&leasing.backlog);
}

/* Where everything waits and there is no room, nothing more is leased. */
static void test_a_full_backlog_that_waits(void **state) {
    struct leasing leasing;
    int asked = 0;
    set_slot(*state, &leasing, 8);
    fixture_sql(*state, "UPDATE delivery SET state = 'sent' WHERE subscription % 2 = 0");
    fill(&leasing);
    assert_int_equal(take(&leasing, admit_none, &asked), 0);
    assert_int_equal(leasing.backlog.count, SIZE);
    assert_false(nl_backlog_wants(&leasing.backlog));
    assert_false(nl_backlog_waits(&leasing.backlog));
    release(&leasing);
    assert_int_equal(in_state(&leasing, "queued"), 4);
    nl_backlog_close(&leasing.backlog);
}

/* The transaction that leased the last ones failed: the earlier ones stay, the others go. */
static void test_forget(void **state) {
    struct leasing leasing;
    int asked = 0;
    set_slot(*state, &leasing, 6);
    fill(&leasing);
    int64_t gone = take(&leasing, admit_any, &asked);
    int64_t next = leasing.backlog.items[leasing.backlog.first].job.delivery;
    nl_backlog_forget(&leasing.backlog, 1);
    assert_int_equal(leasing.backlog.count, 1);
    assert_int_equal(take(&leasing, admit_any, &asked), next);
    assert_int_not_equal(gone, next);
    nl_backlog_close(&leasing.backlog);
}

/* Each notice with a link has a token of its own, made as it is leased. */
static void test_links_of_notices(void **state) {
    struct fixture *fixture = *state;
    struct leasing leasing;
    int asked = 0;
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_sql(fixture, "UPDATE subscription SET state = 'pending'");
    fixture_sql(fixture, "UPDATE delivery SET state = 'queued'");
    fixture_sql(fixture, "DELETE FROM confirmation");
    set_up(fixture, &leasing, 0);
    nl_backlog_close(&leasing.backlog);
    leasing.config.confirmation.expires = 500;
    leasing.plan.scope = (struct nl_scope){.list = fixture->list.id, .kind = "confirmation"};
    nl_backlog_open(&leasing.backlog, &leasing.plan, "me", SIZE);
    fill(&leasing);
    assert_int_equal(leasing.backlog.count, 2);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM confirmation WHERE expires_at = "
                                          "1000500 AND purpose = 'subscribe'"),
                     2);
    struct nl_pending one = {0};
    struct nl_pending other = {0};
    assert_true(nl_backlog_take(&leasing.backlog, admit_any, &asked, &one));
    assert_true(nl_backlog_take(&leasing.backlog, admit_any, &asked, &other));
    assert_string_not_equal(one.token.text, other.token.text);
    nl_pending_free(&one);
    nl_pending_free(&other);
    fill(&leasing);
    assert_true(leasing.backlog.drained);
    nl_backlog_close(&leasing.backlog);
}

/* An address without a domain has no limit; it is leased, and fails when it is composed. */
static void test_an_address_that_cannot_be_read(void **state) {
    struct leasing leasing;
    set_slot(*state, &leasing, 1);
    fixture_sql(*state, "UPDATE subscriber SET address = 'nonsense'");
    fill(&leasing);
    assert_int_equal(leasing.backlog.count, 1);
    assert_null(leasing.backlog.items[0].limit);
    nl_backlog_close(&leasing.backlog);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* A delivery that is set aside is passed over, and found where it is asked for. */
static void test_setting_aside(void **state) {
    struct leasing leasing;
    struct nl_pending pending = {0};
    int asked = 0;
    set_up(*state, &leasing, fixture_send(*state, 6, 6, "\n"));
    fill(&leasing);
    assert_false(nl_backlog_take_elsewhere(&leasing.backlog, &pending));
    assert_true(nl_backlog_take(&leasing.backlog, admit_any, &asked, &pending));
    int64_t aside = pending.job.delivery;
    nl_backlog_set_aside(&leasing.backlog, &pending);
    assert_null(pending.job.address);
    assert_int_equal(leasing.backlog.count, SIZE);
    assert_int_equal(leasing.backlog.elsewhere, 1);
    for (int i = 1; i < SIZE; i++)
        assert_int_not_equal(take(&leasing, admit_any, &asked), aside);
    assert_int_equal(take(&leasing, admit_any, &asked), 0);
    assert_true(nl_backlog_wants(&leasing.backlog)); /* others may go out meanwhile */
    fill(&leasing);
    assert_int_equal(leasing.backlog.count, 3);
    assert_true(nl_backlog_take_elsewhere(&leasing.backlog, &pending));
    assert_int_equal(pending.job.delivery, aside);
    assert_int_equal(leasing.backlog.elsewhere, 0);
    assert_false(pending.elsewhere);
    nl_backlog_set_aside(&leasing.backlog, &pending);
    nl_backlog_forget(&leasing.backlog, 0);
    assert_int_equal(leasing.backlog.elsewhere, 0);
    nl_backlog_close(&leasing.backlog);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_leases_in_order_and_no_more_than_it_has_room_for),
        TEST(test_release),
        TEST(test_messages_per_second),
        TEST(test_quiet_hours),
        TEST(test_the_rate_of_a_domain),
        TEST(test_stays_for_what_is_due_soon),
        TEST(test_connections_of_a_domain),
        TEST(test_a_full_backlog_that_waits),
        TEST(test_forget),
        TEST(test_links_of_notices),
        TEST(test_an_address_that_cannot_be_read),
        TEST(test_setting_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
