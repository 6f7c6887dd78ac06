#include "support.h"

#include "delivery/outcome.h"

static struct nl_bounce_reader *reader;

static int set_up(void **state) {
    (void)state;
    struct nl_error err = {0};
    return nl_bounce_reader_new(&reader, &err) == NL_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    nl_bounce_reader_free(reader);
    return 0;
}

struct refusal {
    enum nl_stage stage;
    int code;
    const char *status;
    const char *text;
    bool reused;
    enum nl_outcome outcome;
    enum nl_reaction reaction;
    enum nl_effect effect;
};

static void check(const struct refusal *refusal) {
    struct nl_reply reply = {.code = refusal->code};
    struct nl_result result;
    strcpy(reply.status, refusal->status);
    nl_buf_adds(&reply.text, refusal->text);
    const struct nl_transport_event event = {.kind = NL_TRANSPORT_REPLIED,
                                             .stage = refusal->stage,
                                             .reply = &reply,
                                             .reused = refusal->reused};
    enum nl_reaction reaction = nl_outcome_judge(reader, &event, &result);
    if (reaction != refusal->reaction || result.outcome != refusal->outcome ||
        result.effect != refusal->effect)
        fail_msg("stage %d, %d %s %s: reaction %d, outcome %d, effect %d", refusal->stage,
                 refusal->code, refusal->status, refusal->text, reaction, result.outcome,
                 result.effect);
    assert_int_equal(result.code, refusal->code);
    assert_string_equal(result.status, refusal->status);
    nl_buf_free(&reply.text);
}

static void test_replies(void **state) {
    (void)state;
    static const struct refusal cases[] = {
        {NL_STAGE_DOT, 250, "2.0.0", "Queued", true, NL_SENT, NL_REACT_ACCEPTED, NL_EFFECT_NONE},
        {NL_STAGE_DOT, 200, "", "Taken", true, NL_SENT, NL_REACT_ACCEPTED, NL_EFFECT_NONE},
        /* for now */
        {NL_STAGE_MAIL, 451, "", "Later", false, NL_DEFERRED, NL_REACT_FAILURE, NL_EFFECT_NONE},
        {NL_STAGE_MAIL, 421, "4.7.0", "Bye", false, NL_DEFERRED, NL_REACT_OURS, NL_EFFECT_NONE},
        {NL_STAGE_MAIL, 421, "", "Bye", false, NL_DEFERRED, NL_REACT_FAILURE, NL_EFFECT_NONE},
        {NL_STAGE_MAIL, 421, "", "Enough", true, NL_REQUEUED, NL_REACT_NONE, NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 421, "4.2.1", "Busy", true, NL_DEFERRED, NL_REACT_FAILURE, NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 450, "4.2.1", "Busy", false, NL_DEFERRED, NL_REACT_NONE, NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 452, "4.2.2", "Full", true, NL_DEFERRED, NL_REACT_NONE, NL_EFFECT_SOFT},
        {NL_STAGE_RCPT, 452, "4.3.1", "Disk full", true, NL_DEFERRED, NL_REACT_FAILURE,
         NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 450, "4.2.0", "Greylisted, come back later", true, NL_DEFERRED,
         NL_REACT_NONE, NL_EFFECT_SOFT},
        {NL_STAGE_RCPT, 454, "4.7.1", "Relay access denied", true, NL_DEFERRED, NL_REACT_OURS,
         NL_EFFECT_NONE},
        {NL_STAGE_DOT, 452, "4.3.1", "Disk full", true, NL_DEFERRED, NL_REACT_FAILURE,
         NL_EFFECT_NONE},
        /* of us */
        {NL_STAGE_MAIL, 550, "5.1.8", "Domain not found", false, NL_REQUEUED, NL_REACT_OURS,
         NL_EFFECT_NONE},
        {NL_STAGE_MAIL, 550, "", "No", false, NL_REQUEUED, NL_REACT_OURS, NL_EFFECT_NONE},
        {NL_STAGE_MAIL, 550, "5.1.1", "User unknown", false, NL_REQUEUED, NL_REACT_OURS,
         NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 550, "5.1.8", "Domain not found", true, NL_REQUEUED, NL_REACT_OURS,
         NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 554, "5.7.1", "Relay access denied", true, NL_REQUEUED, NL_REACT_OURS,
         NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 550, "5.7.26", "DMARC", true, NL_REQUEUED, NL_REACT_OURS, NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 503, "", "No", true, NL_REQUEUED, NL_REACT_OURS, NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 530, "", "Log in", true, NL_REQUEUED, NL_REACT_OURS, NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 534, "", "No", true, NL_REQUEUED, NL_REACT_OURS, NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 535, "", "No", true, NL_REQUEUED, NL_REACT_OURS, NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 538, "", "No", true, NL_REQUEUED, NL_REACT_OURS, NL_EFFECT_NONE},
        {NL_STAGE_DOT, 550, "5.1.8", "Domain not found", true, NL_REQUEUED, NL_REACT_OURS,
         NL_EFFECT_NONE},
        /* of the recipient */
        {NL_STAGE_RCPT, 550, "5.1.1", "User unknown", true, NL_BOUNCED, NL_REACT_HOLD,
         NL_EFFECT_HARD},
        {NL_STAGE_RCPT, 550, "", "No", true, NL_BOUNCED, NL_REACT_HOLD, NL_EFFECT_SOFT},
        {NL_STAGE_RCPT, 552, "5.2.2", "Mailbox full", true, NL_BOUNCED, NL_REACT_HOLD,
         NL_EFFECT_SOFT},
        {NL_STAGE_DOT, 552, "5.2.2", "Mailbox full", true, NL_BOUNCED, NL_REACT_HOLD,
         NL_EFFECT_SOFT},
        {NL_STAGE_DOT, 550, "5.1.1", "User unknown", true, NL_BOUNCED, NL_REACT_HOLD,
         NL_EFFECT_HARD},
        /* of the message, or of the way to the recipient */
        {NL_STAGE_MAIL, 552, "5.3.4", "Message too big", false, NL_FAILED, NL_REACT_HOLD,
         NL_EFFECT_NONE},
        {NL_STAGE_DOT, 552, "5.3.4", "Message too big", true, NL_FAILED, NL_REACT_HOLD,
         NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 550, "5.4.1", "No answer from host", true, NL_FAILED, NL_REACT_HOLD,
         NL_EFFECT_NONE},
        {NL_STAGE_RCPT, 550, "", "Rejected", true, NL_FAILED, NL_REACT_HOLD, NL_EFFECT_NONE},
        {NL_STAGE_DATA, 554, "", "No", true, NL_FAILED, NL_REACT_HOLD, NL_EFFECT_NONE},
        {NL_STAGE_DOT, 554, "5.6.0", "Bad content", true, NL_FAILED, NL_REACT_HOLD, NL_EFFECT_NONE},
    };
    for_each_row (i, cases, cases[i].status)
        check(&cases[i]);
}

static void test_lost(void **state) {
    (void)state;
    static const struct {
        enum nl_stage stage;
        bool dot_sent, reused, misled, not_begun;
        enum nl_outcome outcome;
        enum nl_reaction reaction;
    } cases[] = {
        {NL_STAGE_DOT, true, true, false, false, NL_UNKNOWN, NL_REACT_FAILURE},
        {NL_STAGE_DOT, false, true, false, false, NL_DEFERRED, NL_REACT_FAILURE},
        {NL_STAGE_MAIL, false, true, false, false, NL_REQUEUED, NL_REACT_FAILURE},
        {NL_STAGE_MAIL, false, false, false, false, NL_DEFERRED, NL_REACT_FAILURE},
        /* Nothing is to blame but an extension, or nothing at all. */
        {NL_STAGE_DATA, false, false, true, false, NL_REQUEUED, NL_REACT_NONE},
        {NL_STAGE_DOT, true, true, true, false, NL_UNKNOWN, NL_REACT_NONE},
        {NL_STAGE_MAIL, false, false, false, true, NL_REQUEUED, NL_REACT_NONE},
    };
    for_each_row (i, cases, NULL) {
        struct nl_result result;
        const struct nl_transport_event event = {.kind = NL_TRANSPORT_LOST,
                                                 .stage = cases[i].stage,
                                                 .text = "broken",
                                                 .dot_sent = cases[i].dot_sent,
                                                 .reused = cases[i].reused,
                                                 .misled = cases[i].misled,
                                                 .not_begun = cases[i].not_begun};
        assert_int_equal(nl_outcome_judge(reader, &event, &result), cases[i].reaction);
        assert_int_equal(result.outcome, cases[i].outcome);
        assert_string_equal(result.text, "broken");
    }
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

static void test_delays_of_a_schedule(void **state) {
    static const struct {
        int64_t schedule[NL_DELAYS];
        int64_t delays[4]; /* before the second attempt and those after it */
        int64_t longest;
    } cases[] = {
        {{60}, {60, 60, 60, 60}, 60},
        {{60, 600, 3600}, {60, 600, 3600, 3600}, 3600},
        {{3600, 60, 600}, {3600, 60, 600, 600}, 3600},
        {{60, 3600, 600}, {60, 3600, 600, 600}, 3600},
        {{0}, {300, 600, 1200, 1800}, 1800}, /* none: it grows */
    };
    struct fake fake = {.now = 100000};
    struct nl_env env = fake_env(&fake);
    (void)state;
    for_each_row (i, cases, NULL) {
        struct nl_config config = {
            .retry = {.first = 300, .factor = 2, .max = 1800, .give_up = 86400}};
        memcpy(config.retry.schedule, cases[i].schedule, sizeof cases[i].schedule);
        for (int64_t attempts = 0; attempts < 4; attempts++) {
            struct nl_result result = {.outcome = NL_DEFERRED};
            fake.random = UINT32_MAX - 1;
            nl_outcome_schedule(&config, &env, attempts, fake.now, &result);
            /* the longest that chance makes of it: a fifth more, but for the last second */
            assert_int_equal(result.next_attempt_at - fake.now,
                             cases[i].delays[attempts] * 6 / 5 - 1);
        }
        assert_int_equal(nl_outcome_longest_delay(&config), cases[i].longest * 6 / 5 + 1);
    }
}

static void test_the_last_delay_of_a_full_schedule_repeats(void **state) {
    struct fake fake = {.now = 100000, .random = UINT32_MAX / 2};
    struct nl_env env = fake_env(&fake);
    struct nl_config config = {.retry = {.give_up = 86400}};
    (void)state;
    for (int64_t i = 0; i < NL_DELAYS; i++)
        config.retry.schedule[i] = 100 + i;
    for (int64_t attempts = NL_DELAYS - 2; attempts <= NL_DELAYS; attempts++) {
        struct nl_result result = {.outcome = NL_DEFERRED};
        nl_outcome_schedule(&config, &env, attempts, fake.now, &result);
        assert_int_equal(result.next_attempt_at - fake.now,
                         100 + (attempts < NL_DELAYS ? attempts : NL_DELAYS - 1));
    }
    assert_int_equal(nl_outcome_longest_delay(&config), 119 + 119 / 5 + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_delays_of_a_schedule),
        cmocka_unit_test(test_the_last_delay_of_a_full_schedule_repeats),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
