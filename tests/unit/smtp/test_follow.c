#include "support.h"

#include "newsletter/smtp/session.h"

/* Two messages, of which the second may follow the first. */
struct talk {
    struct nl_session session;
    struct nl_buf first, second;
};

static const char envelope[] = "MAIL FROM:<s2@x> SIZE=5\r\nRCPT TO:<r2@y>\r\nDATA\r\n";

static void take_output(struct nl_session *session, size_t len, const char *expected) {
    size_t there = 0;
    const char *out = nl_session_output(session, &there);
    assert_true(len <= there);
    if (strncmp(out, expected, strlen(expected)) != 0)
        fail_msg("wrote '%.*s' and not '%s'", (int)there, out, expected);
    nl_session_wrote(session, len);
}

static void expect_output(struct nl_session *session, const char *expected) {
    size_t there = 0;
    nl_session_output(session, &there);
    assert_int_equal(there, strlen(expected));
    take_output(session, there, expected);
}

static enum nl_session_event feed(struct nl_session *session, const char *text) {
    nl_session_feed(session, text, strlen(text));
    return nl_session_next(session);
}

/* The server waits for the first message. */
static void begin(struct talk *talk) {
    const struct nl_extensions extensions = {.pipelining = true, .size = true};
    *talk = (struct talk){0};
    nl_buf_adds(&talk->first, "one\r\n");
    nl_buf_adds(&talk->second, ".two\n");
    nl_session_open(&talk->session, &extensions);
    assert_false(nl_session_may_follow(&talk->session));
    nl_session_start(&talk->session, "s@x", "r@y", &talk->first, false);
    assert_false(nl_session_may_follow(&talk->session));
    expect_output(&talk->session, "MAIL FROM:<s@x> SIZE=5\r\nRCPT TO:<r@y>\r\nDATA\r\n");
    assert_int_equal(feed(&talk->session, "250 ok\r\n250 ok\r\n"), NL_SESSION_NONE);
    assert_false(nl_session_may_follow(&talk->session));
    assert_int_equal(feed(&talk->session, "354 go\r\n"), NL_SESSION_WANTS_DOT);
}

static void follow(struct talk *talk) {
    assert_true(nl_session_may_follow(&talk->session));
    nl_session_follow(&talk->session, "s2@x", "r2@y", &talk->second, false);
    assert_false(nl_session_may_follow(&talk->session)); /* one is enough */
}

static void end(struct talk *talk) {
    nl_session_free(&talk->session);
    nl_buf_free(&talk->first);
    nl_buf_free(&talk->second);
}

static void test_envelope_with_the_final_dot(void **state) {
    (void)state;
    struct talk talk;
    begin(&talk);
    follow(&talk);
    expect_output(&talk.session, ""); /* nothing before the commit point */
    nl_session_release_dot(&talk.session);
    take_output(&talk.session, strlen("one\r\n.\r\n") + strlen(envelope), "one\r\n.\r\n");
    assert_true(nl_session_dot_sent(&talk.session));
    assert_int_equal(talk.session.messages, 1);
    assert_int_equal(feed(&talk.session, "250 2.0.0 first\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
                     NL_SESSION_REPLIED);
    assert_int_equal(talk.session.ended_at, NL_STAGE_DOT);
    assert_string_equal(talk.session.reply.text.data, "first");
    assert_true(talk.session.came_early);
    assert_int_equal(talk.session.messages, 2);
    assert_false(nl_session_dot_sent(&talk.session));
    /* The second one waits for its own commit point. */
    assert_int_equal(nl_session_next(&talk.session), NL_SESSION_WANTS_DOT);
    expect_output(&talk.session, "");
    nl_session_release_dot(&talk.session);
    expect_output(&talk.session, "..two\n.\r\n");
    assert_int_equal(feed(&talk.session, "250 second\r\n"), NL_SESSION_REPLIED);
    assert_string_equal(talk.session.reply.text.data, "second");
    assert_int_equal(talk.session.stage, NL_STAGE_IDLE);
    assert_false(talk.session.came_early);
    /* The next one begins as the first one did. */
    nl_session_start(&talk.session, "s@x", "r@y", &talk.first, false);
    expect_output(&talk.session, "MAIL FROM:<s@x> SIZE=5\r\nRCPT TO:<r@y>\r\nDATA\r\n");
    end(&talk);
}

/* The dot may be answered before all of the envelope is written. Nothing follows a message whose
 * final dot is on its way: it would wait for that one's answer. */
static void test_envelope_in_pieces(void **state) {
    (void)state;
    struct talk talk;
    begin(&talk);
    follow(&talk);
    nl_session_release_dot(&talk.session);
    assert_false(nl_session_may_follow(&talk.session));
    take_output(&talk.session, strlen("one\r\n.\r\n") + 10, "one\r\n.\r\n");
    assert_int_equal(feed(&talk.session, "250 first\r\n"), NL_SESSION_REPLIED);
    assert_int_equal(talk.session.stage, NL_STAGE_MAIL);
    expect_output(&talk.session, envelope + 10);
    assert_int_equal(feed(&talk.session, "250 ok\r\n250 ok\r\n354 go\r\n"), NL_SESSION_WANTS_DOT);
    nl_session_release_dot(&talk.session);
    assert_false(nl_session_may_follow(&talk.session));
    expect_output(&talk.session, "..two\n.\r\n");
    end(&talk);
}

/* The outcome of the first message says nothing of the second one. */
static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *replies;
        int first;                   /* the code of the first one's outcome */
        enum nl_session_event event; /* of the second one */
        enum nl_stage ended_at;      /* if it has ended */
        const char *output;          /* what is said then */
    } rows[] = {
        {"554 spam\r\n250 ok\r\n250 ok\r\n354 go\r\n", 554, NL_SESSION_WANTS_DOT, NL_STAGE_DOT, ""},
        {"250 ok\r\n250 ok\r\n550 who\r\n", 250, NL_SESSION_NONE, NL_STAGE_DOT, ""},
        {"250 ok\r\n250 ok\r\n550 who\r\n503 no\r\n", 250, NL_SESSION_REPLIED, NL_STAGE_RCPT,
         "RSET\r\n"},
        {"250 ok\r\n451 later\r\n503 no\r\n503 no\r\n", 250, NL_SESSION_REPLIED, NL_STAGE_MAIL,
         "RSET\r\n"},
        {"250 ok\r\n550 again\r\n250 ok\r\n250 ok\r\n", 250, NL_SESSION_GARBAGE, NL_STAGE_DOT, ""},
        {"452 full\r\n250 ok\r\n250 ok\r\n452 full\r\n", 452, NL_SESSION_REPLIED, NL_STAGE_DATA,
         "RSET\r\n"},
        {"250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n", 250, NL_SESSION_GARBAGE, NL_STAGE_DOT, ""},
        {"250 ok\r\n354 what\r\n", 250, NL_SESSION_GARBAGE, NL_STAGE_DOT, ""},
    };
    for_each_row (i, rows, rows[i].replies) {
        struct talk talk;
        begin(&talk);
        follow(&talk);
        nl_session_release_dot(&talk.session);
        size_t len = 0;
        nl_session_output(&talk.session, &len);
        nl_session_wrote(&talk.session, len);
        assert_int_equal(feed(&talk.session, rows[i].replies), NL_SESSION_REPLIED);
        assert_int_equal(talk.session.ended_at, NL_STAGE_DOT);
        assert_int_equal(talk.session.reply.code, rows[i].first);
        assert_int_equal(nl_session_next(&talk.session), rows[i].event);
        assert_int_equal(talk.session.ended_at, rows[i].ended_at);
        expect_output(&talk.session, rows[i].output);
        end(&talk);
    }
}

static void test_only_where_pipelining_is_offered(void **state) {
    (void)state;
    const struct nl_extensions none = {0};
    struct talk talk;
    begin(&talk);
    follow(&talk);
    nl_session_open(&talk.session, &none); /* on another connection nothing of it is left */
    nl_session_start(&talk.session, "s@x", "r@y", &talk.first, false);
    expect_output(&talk.session, "MAIL FROM:<s@x>\r\n");
    feed(&talk.session, "250 ok\r\n");
    expect_output(&talk.session, "RCPT TO:<r@y>\r\n");
    feed(&talk.session, "250 ok\r\n");
    expect_output(&talk.session, "DATA\r\n");
    assert_int_equal(feed(&talk.session, "354 go\r\n"), NL_SESSION_WANTS_DOT);
    assert_false(nl_session_may_follow(&talk.session));
    nl_session_release_dot(&talk.session);
    expect_output(&talk.session, "one\r\n.\r\n");
    assert_int_equal(feed(&talk.session, "250 ok\r\n"), NL_SESSION_REPLIED);
    assert_int_equal(talk.session.stage, NL_STAGE_IDLE);
    end(&talk);
}

/* An empty message for nobody ends a refused one: nothing follows it. */
static void test_nothing_follows_a_refused_message(void **state) {
    (void)state;
    const struct nl_extensions extensions = {.pipelining = true};
    struct talk talk = {0};
    nl_buf_adds(&talk.first, "one\r\n");
    nl_session_open(&talk.session, &extensions);
    nl_session_start(&talk.session, "s@x", "r@y", &talk.first, false);
    assert_int_equal(feed(&talk.session, "250 ok\r\n550 no\r\n354 go\r\n"), NL_SESSION_REPLIED);
    assert_int_equal(nl_session_next(&talk.session), NL_SESSION_NONE);
    assert_int_equal(talk.session.stage, NL_STAGE_BODY);
    assert_false(nl_session_may_follow(&talk.session));
    end(&talk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelope_with_the_final_dot),
        cmocka_unit_test(test_envelope_in_pieces),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_only_where_pipelining_is_offered),
        cmocka_unit_test(test_nothing_follows_a_refused_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
