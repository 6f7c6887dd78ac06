/* The sending service, with made runs: in which order it works, and what it remembers of a pass. */
#include "support.h"

#include "delivery/staff_tell.h"
#include "newsletter/delivery/service.h"
#include "newsletter/delivery/tls_reports.h"
#include "newsletter/store/last_run.h"

#include <stdio.h>

enum { NOW = 1000000, ISSUES = 4 };

/* The outcome of each run, by the number of the issue; 0 stands for the notices. */
static struct {
    struct fixture *fixture;
    struct nl_config config;
    volatile sig_atomic_t stop;
    struct {
        enum nl_status fails, problem;
        int64_t takes, look_at;
    } runs[ISSUES];
    enum nl_status tell_fails;
    int stop_after;    /* this issue; 0: none */
    struct nl_buf log; /* what was called */
} made;

static enum nl_status run(int64_t number, const struct nl_run_options *options,
                          struct nl_run_summary *summary, struct nl_error *err) {
    assert_ptr_equal(options->stop, &made.stop);
    if (options->until != 0)
        nl_buf_addf(&made.log, " until +%lld",
                    (long long)(options->until - made.fixture->fake.now));
    made.fixture->fake.now += made.runs[number].takes;
    made.stop = made.stop_after != 0 && number == made.stop_after;
    if (made.runs[number].fails != NL_OK)
        return nl_error_set(err, made.runs[number].fails, "fault %lld", (long long)number);
    summary->look_at = made.runs[number].look_at;
    if (made.runs[number].problem != NL_OK)
        nl_error_set(&summary->problem, made.runs[number].problem, "problem %lld",
                     (long long)number);
    return NL_OK;
}

enum nl_status nl_send_issue(struct nl_store *store, const struct nl_config *config,
                             const struct nl_relay *relay, const struct nl_issue *issue,
                             const struct nl_run_options *options, struct nl_run_summary *summary,
                             struct nl_error *err) {
    (void)store, (void)config, (void)relay;
    nl_buf_addf(&made.log, "issue %lld", (long long)issue->id);
    enum nl_status status = run(issue->id, options, summary, err);
    nl_buf_adds(&made.log, "; ");
    return status;
}

enum nl_status nl_send_notices(struct nl_store *store, const struct nl_config *config,
                               const struct nl_relay *relay, const struct nl_run_options *options,
                               struct nl_run_summary *summary, struct nl_error *err) {
    (void)store, (void)config, (void)relay;
    nl_buf_adds(&made.log, "notices; ");
    return run(0, options, summary, err);
}

enum nl_status nl_send_notice(struct nl_store *store, const struct nl_config *config,
                              const struct nl_relay *relay, int64_t delivery,
                              const struct nl_run_options *options, struct nl_run_summary *summary,
                              struct nl_error *err) {
    (void)store, (void)config, (void)relay;
    nl_buf_addf(&made.log, "notice %lld; ", (long long)delivery);
    return run(0, options, summary, err);
}

enum nl_status nl_staff_tell(const struct nl_service *service, struct nl_error *err) {
    (void)service;
    nl_buf_adds(&made.log, "tell; ");
    return made.tell_fails == NL_OK ? NL_OK : nl_error_set(err, made.tell_fails, "cannot tell");
}

enum nl_status nl_staff_tell_standstill(const struct nl_service *service, int64_t issue,
                                        const char *why, struct nl_error *err) {
    (void)service, (void)err;
    nl_buf_addf(&made.log, "%lld stands still: %s; ", (long long)issue, why);
    return NL_OK;
}

enum nl_status nl_staff_mails_send(const struct nl_service *service, struct nl_error *err) {
    (void)service, (void)err;
    nl_buf_adds(&made.log, "mails; ");
    return NL_OK;
}

enum nl_status nl_tls_reports_send(const struct nl_service *service, struct nl_error *err) {
    (void)service, (void)err;
    nl_buf_adds(&made.log, "reports; ");
    return NL_OK;
}

static void note_report(const struct nl_issue *issue, const struct nl_run_summary *summary,
                        void *ctx) {
    (void)summary;
    assert_ptr_equal(ctx, &made);
    nl_buf_addf(&made.log, "report %lld; ", issue != NULL ? (long long)issue->id : 0LL);
}

static void note_busy(const struct nl_issue *issue, const char *text, void *ctx) {
    assert_ptr_equal(ctx, &made);
    nl_buf_addf(&made.log, "busy %lld: %s; ", (long long)issue->id, text);
}

static struct nl_service prepare(struct fixture *fixture, enum nl_service_work work) {
    nl_buf_free(&made.log);
    memset(&made, 0, sizeof made);
    made.fixture = fixture;
    /* The runs, which a test answers for, look into no relay. */
    static const char relay;
    return (struct nl_service){.store = fixture->store,
                               .config = &made.config,
                               .relay = (const struct nl_relay *)(const void *)&relay,
                               .work = work,
                               .stop = &made.stop,
                               .report = note_report,
                               .busy = note_busy,
                               .ctx = &made};
}

static int set_up(void **state) {
    fixture_setup(state);
    struct fixture *fixture = *state;
    for (int64_t id = 1; id < ISSUES; id++)
        fixture_issue(fixture, id, "sending");
    return 0;
}

static int tear_down(void **state) {
    nl_buf_free(&made.log);
    return fixture_teardown(state);
}

static void assert_log(const char *expected) {
    assert_string_equal(nl_buf_text(&made.log), expected);
    nl_buf_clear(&made.log);
}

/* ---- what is done ---- */

#define THREE "issue 3; report 3; issue 2; report 2; issue 1; report 1; "

/* When the service ran last is noted for a pass over everything alone: that of `retry`. */
static void test_kinds_of_work(void **state) {
    static const struct {
        enum nl_service_work work;
        const char *log;
        int64_t noted;
    } rows[] = {
        {NL_SERVICE_NOTICES, "notices; report 0; mails; ", 0},
        {NL_SERVICE_ISSUES, THREE "tell; reports; mails; ", 0},
        {NL_SERVICE_ALL, "notices; report 0; " THREE "tell; reports; mails; ", NOW},
    };
    for_each_row (i, rows, rows[i].log) {
        const struct nl_service service = prepare(*state, rows[i].work);
        struct nl_service_pass pass = {true, true, 1, 1};
        struct nl_error err = {0};
        assert_ok(nl_service_run(&service, &pass, &err));
        assert_log(rows[i].log);
        assert_int_equal(fixture_sql(*state, "SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM "
                                             "setting WHERE key = '" NL_RAN_RETRY "'"),
                         rows[i].noted);
        /* Nothing of an earlier pass is left. */
        assert_false(pass.more || pass.busy);
        assert_int_equal(pass.next, 0);
        assert_int_equal(pass.look_at, 0);
    }
}

/* A scheduled issue is sent once its time has come. */
static void test_scheduled_issues(void **state) {
    const struct nl_service service = prepare(*state, NL_SERVICE_ISSUES);
    struct nl_service_pass pass;
    struct nl_error err = {0};
    fixture_sql(*state, "UPDATE issue SET state = 'scheduled', scheduled_at = 999998 + id");
    assert_ok(nl_service_run(&service, &pass, &err));
    assert_log("issue 2; report 2; issue 1; report 1; tell; reports; mails; ");
}

static void test_one_notice(void **state) {
    const struct nl_service service = prepare(*state, NL_SERVICE_ALL);
    struct nl_error err = {0};
    assert_ok(nl_service_notice(&service, 7, &err));
    assert_log("notice 7; report 0; ");
    made.runs[0].fails = NL_TEMPFAIL;
    assert_fails(nl_service_notice(&service, 7, &err), NL_TEMPFAIL, "fault 0");
    assert_log("notice 7; ");
}

static void test_stops(void **state) {
    const struct nl_service service = prepare(*state, NL_SERVICE_ISSUES);
    struct nl_service_pass pass;
    struct nl_error err = {0};
    made.stop_after = 3;
    assert_ok(nl_service_run(&service, &pass, &err));
    assert_log("issue 3; report 3; tell; reports; mails; ");
}

/* ---- failures ---- */

/* The first failure of an issue is told at the end, and says of which. */
static void test_failures(void **state) {
    const struct nl_service service = prepare(*state, NL_SERVICE_ISSUES);
    struct nl_service_pass pass;
    struct nl_error err = {0};
    made.runs[3].fails = NL_DATA;
    made.runs[2].fails = NL_CONFIG;
    assert_fails(nl_service_run(&service, &pass, &err), NL_DATA, "issue 3: fault 3");
    assert_log("issue 3; issue 2; issue 1; report 1; ");
}

static void test_the_database_is_away(void **state) {
    const struct nl_service service = prepare(*state, NL_SERVICE_ALL);
    struct nl_service_pass pass;
    struct nl_error err = {0};
    made.runs[3].fails = NL_DATA;
    made.runs[2].fails = NL_TEMPFAIL;
    assert_fails(nl_service_run(&service, &pass, &err), NL_TEMPFAIL, "fault 2");
    assert_log("notices; report 0; issue 3; issue 2; ");
    made.runs[0].fails = NL_TEMPFAIL;
    assert_fails(nl_service_run(&service, &pass, &err), NL_TEMPFAIL, "fault 0");
    assert_log("notices; ");
    made.runs[0].fails = made.runs[3].fails = made.runs[2].fails = NL_OK;
    made.tell_fails = NL_TEMPFAIL;
    assert_fails(nl_service_run(&service, &pass, &err), NL_TEMPFAIL, "cannot tell");
    assert_log("notices; report 0; " THREE "tell; ");
}

static void test_another_process_sends(void **state) {
    struct nl_service service = prepare(*state, NL_SERVICE_ISSUES);
    struct nl_service_pass pass;
    struct nl_error err = {0};
    made.runs[2].fails = NL_BUSY;
    assert_ok(nl_service_run(&service, &pass, &err));
    assert_true(pass.busy);
    assert_log("issue 3; report 3; issue 2; busy 2: fault 2; issue 1; report 1; tell; reports; "
               "mails; ");
    service.busy = NULL;
    assert_ok(nl_service_run(&service, &pass, &err));
    assert_true(pass.busy);
    assert_log("issue 3; report 3; issue 2; issue 1; report 1; tell; reports; mails; ");
}

/* Staff are told of what may pass; the rest is for the next that looks at the issue. */
static void test_standstill(void **state) {
    const struct nl_service service = prepare(*state, NL_SERVICE_ISSUES);
    struct nl_service_pass pass;
    struct nl_error err = {0};
    made.runs[3].problem = NL_TEMPFAIL;
    made.runs[1].problem = NL_UNAVAILABLE;
    assert_ok(nl_service_run(&service, &pass, &err));
    assert_log("issue 3; report 3; 3 stands still: problem 3; issue 2; report 2; issue 1; report "
               "1; tell; reports; mails; ");
}

/* ---- what is left ---- */

static void test_slices(void **state) {
    static const struct {
        int64_t slice, takes;
        enum nl_status problem;
        bool more;
    } rows[] = {
        {60, 59, NL_OK, false}, {60, 60, NL_OK, true},
        {60, 61, NL_OK, true},  {60, 61, NL_TEMPFAIL, false}, /* that can wait for the next pass */
        {1, 1, NL_OK, true},    {0, 61, NL_OK, false},
    };
    for_each_row (i, rows, NULL) {
        struct nl_service service = prepare(*state, NL_SERVICE_ISSUES);
        struct nl_service_pass pass;
        struct nl_error err = {0};
        char begin[40] = "issue 3;";
        service.slice = rows[i].slice;
        made.runs[3].takes = rows[i].takes;
        made.runs[3].problem = rows[i].problem;
        assert_ok(nl_service_run(&service, &pass, &err));
        assert_int_equal(pass.more, rows[i].more);
        if (rows[i].slice != 0)
            snprintf(begin, sizeof begin, "issue 3 until +%lld;", (long long)rows[i].slice);
        assert_memory_equal(nl_buf_text(&made.log), begin, strlen(begin));
    }
}

/* The earliest time of several issues counts; one whose relay has a problem has none. */
static void test_times(void **state) {
    static const struct {
        int64_t due[ISSUES], look_at[ISSUES];
        int problem; /* of this issue */
        int64_t next, look;
    } rows[] = {
        {{0}, {0}, 0, 0, 0},
        {{0, 0, 70, 0}, {0, 0, 80, 0}, 0, 70, 80},
        {{0, 50, 60, 70}, {0, 51, 61, 71}, 0, 50, 51},
        {{0, 70, 60, 50}, {0, 71, 61, 51}, 0, 50, 51},
        {{0, 70, 50, 60}, {0, 71, 51, 61}, 2, 60, 61},
        {{0, 0, 50, 0}, {0, 0, 51, 0}, 2, 0, 0},
    };
    struct fixture *fixture = *state;
    int64_t issue = fixture_send(fixture, 1, 1, "\nSubject: One\r\n\r\nHello.\r\n");
    fixture_sql(fixture, "UPDATE issue SET state = 'paused' WHERE id > 3");
    for_each_row (i, rows, NULL) {
        const struct nl_service service = prepare(fixture, NL_SERVICE_ISSUES);
        struct nl_service_pass pass;
        struct nl_error err = {0};
        for (int64_t id = 1; id < ISSUES; id++) {
            char sql[300];
            snprintf(sql, sizeof sql, "DELETE FROM delivery WHERE issue = %lld", (long long)id);
            fixture_sql(fixture, sql);
            snprintf(sql, sizeof sql,
                     "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                     "updated_at, next_attempt_at) SELECT 'issue', %lld, subscription, 'deferred', "
                     "1, 1, %lld FROM delivery WHERE issue = %lld",
                     (long long)id, (long long)rows[i].due[id], (long long)issue);
            if (rows[i].due[id] != 0)
                fixture_sql(fixture, sql);
            made.runs[id].look_at = rows[i].look_at[id];
        }
        if (rows[i].problem != 0)
            made.runs[rows[i].problem].problem = NL_UNAVAILABLE;
        assert_ok(nl_service_run(&service, &pass, &err));
        assert_int_equal(pass.next, rows[i].next);
        assert_int_equal(pass.look_at, rows[i].look);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kinds_of_work, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_scheduled_issues, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_notice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_database_is_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_process_sends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_standstill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_slices, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_times, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
