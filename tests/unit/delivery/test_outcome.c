#include "support.h"

#include "delivery/outcome.h"

static enum nl_verdict judge(enum nl_transport_kind kind, enum nl_stage stage, int code,
                             const char *status, bool dot_sent, bool reused,
                             struct nl_result *result) {
    struct nl_reply reply = {.code = code};
    strcpy(reply.status, status);
    const struct nl_transport_event event = {.kind = kind,
                                             .stage = stage,
                                             .reply = &reply,
                                             .text = "broken",
                                             .dot_sent = dot_sent,
                                             .reused = reused};
    return nl_outcome_judge(&event, result);
}

static void test_replies(void **state) {
    (void)state;
    static const struct {
        enum nl_stage stage;
        int code;
        const char *status;
        bool reused;
        enum nl_outcome outcome;
        enum nl_verdict verdict;
    } cases[] = {
        {NL_STAGE_DOT, 250, "2.0.0", true, NL_SENT, NL_GO_ON_RESET},
        {NL_STAGE_MAIL, 451, "", false, NL_DEFERRED, NL_GO_ON},
        {NL_STAGE_MAIL, 421, "4.7.0", false, NL_DEFERRED, NL_TROUBLE},
        {NL_STAGE_MAIL, 421, "", true, NL_REQUEUED, NL_GO_ON},
        {NL_STAGE_MAIL, 550, "5.1.8", false, NL_REQUEUED, NL_PAUSE},
        {NL_STAGE_MAIL, 552, "5.3.4", false, NL_REQUEUED, NL_PAUSE},
        {NL_STAGE_RCPT, 450, "4.2.1", false, NL_DEFERRED, NL_GO_ON},
        {NL_STAGE_RCPT, 451, "4.7.1", true, NL_DEFERRED, NL_GO_ON},
        {NL_STAGE_RCPT, 452, "4.3.1", true, NL_DEFERRED, NL_TROUBLE},
        {NL_STAGE_RCPT, 452, "4.2.2", true, NL_DEFERRED, NL_GO_ON},
        {NL_STAGE_RCPT, 550, "", true, NL_BOUNCED, NL_GO_ON},
        {NL_STAGE_RCPT, 550, "5.1.1", true, NL_BOUNCED, NL_GO_ON},
        {NL_STAGE_RCPT, 550, "5.7.1", true, NL_BOUNCED, NL_GO_ON},
        {NL_STAGE_RCPT, 550, "5.7.26", true, NL_REQUEUED, NL_PAUSE},
        {NL_STAGE_RCPT, 554, "5.5.1", true, NL_REQUEUED, NL_PAUSE},
        {NL_STAGE_RCPT, 530, "", true, NL_REQUEUED, NL_PAUSE},
        {NL_STAGE_DATA, 451, "", true, NL_DEFERRED, NL_GO_ON},
        {NL_STAGE_DATA, 554, "", true, NL_DEFERRED, NL_PAUSE},
        {NL_STAGE_DOT, 452, "4.3.1", true, NL_DEFERRED, NL_TROUBLE},
        {NL_STAGE_DOT, 552, "", true, NL_DEFERRED, NL_PAUSE},
        {NL_STAGE_DOT, 552, "5.2.2", true, NL_BOUNCED, NL_GO_ON},
        {NL_STAGE_DOT, 550, "5.1.1", true, NL_BOUNCED, NL_GO_ON},
        {NL_STAGE_DOT, 550, "5.1.8", true, NL_DEFERRED, NL_PAUSE},
        {NL_STAGE_DOT, 554, "5.7.1", true, NL_DEFERRED, NL_PAUSE},
    };
    for_each_row (i, cases, cases[i].status) {
        struct nl_result result;
        assert_int_equal(judge(NL_TRANSPORT_REPLIED, cases[i].stage, cases[i].code, cases[i].status,
                               false, cases[i].reused, &result),
                         cases[i].verdict);
        assert_int_equal(result.outcome, cases[i].outcome);
        assert_int_equal(result.code, cases[i].code);
        assert_string_equal(result.status, cases[i].status);
    }
}

static void test_lost(void **state) {
    (void)state;
    struct nl_result result;
    assert_int_equal(judge(NL_TRANSPORT_LOST, NL_STAGE_DOT, 0, "", true, true, &result),
                     NL_TROUBLE);
    assert_int_equal(result.outcome, NL_UNKNOWN);
    judge(NL_TRANSPORT_LOST, NL_STAGE_DOT, 0, "", false, true, &result);
    assert_int_equal(result.outcome, NL_DEFERRED);
    judge(NL_TRANSPORT_LOST, NL_STAGE_MAIL, 0, "", false, true, &result);
    assert_int_equal(result.outcome, NL_REQUEUED);
    judge(NL_TRANSPORT_LOST, NL_STAGE_MAIL, 0, "", false, false, &result);
    assert_int_equal(result.outcome, NL_DEFERRED);
    assert_string_equal(result.text, "broken");
}

static void test_backoff(void **state) {
    (void)state;
    struct fake fake = {.now = 100000};
    struct nl_env env = fake_env(&fake);
    const struct nl_config config = {
        .retry = {.first = 300, .factor = 2, .max = 3600, .give_up = 86400}};
    static const int64_t expected[] = {300, 600, 1200, 2400, 3600, 3600};
    for (int64_t attempts = 0; attempts < 6; attempts++) {
        struct nl_result result = {.outcome = NL_DEFERRED};
        nl_outcome_schedule(&config, &env, attempts, fake.now, &result);
        assert_int_equal(result.outcome, NL_DEFERRED);
        int64_t delay = result.next_attempt_at - fake.now;
        assert_true(delay >= expected[attempts] * 8 / 10 && delay <= expected[attempts] * 12 / 10);
    }
    struct nl_result last = {.outcome = NL_DEFERRED};
    nl_outcome_schedule(&config, &env, 9, fake.now - 86300, &last);
    assert_int_equal(last.next_attempt_at, fake.now + 100); /* one last attempt at the end */
    nl_outcome_schedule(&config, &env, 9, fake.now - 86400, &last);
    assert_int_equal(last.outcome, NL_FAILED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_backoff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
