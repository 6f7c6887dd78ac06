#include "support.h"

#include "newsletter/smtp/session.h"

#include <stdio.h>

struct talk {
    struct nl_session session;
    struct nl_buf message;
};

static const char first_flight[] =
    "MAIL FROM:<s@x> SIZE=12\r\nRCPT TO:<r@y>\r\nBDAT 12 LAST\r\n.dot\r\n.\r\nx\r\n";

static void expect_output(struct nl_session *session, const char *expected) {
    size_t len = 0;
    const char *out = nl_session_output(session, &len);
    if (len != strlen(expected) || memcmp(out, expected, len) != 0)
        fail_msg("wrote '%.*s' and not '%s'", (int)len, out, expected);
    nl_session_wrote(session, len);
}

static enum nl_session_event feed(struct nl_session *session, const char *text) {
    nl_session_feed(session, text, strlen(text));
    return nl_session_next(session);
}

static void fly(struct talk *talk, size_t message) {
    nl_session_fly(&talk->session, message, "s@x", "r@y", &talk->message, false);
}

/* A session with one message on its way. */
static void begin(struct talk *talk) {
    const struct nl_extensions extensions = {.pipelining = true, .chunking = true, .size = true};
    *talk = (struct talk){0};
    nl_buf_adds(&talk->message, ".dot\r\n.\r\nx\r\n");
    nl_session_allow_flights(&talk->session, 3);
    nl_session_open(&talk->session, &extensions);
    fly(talk, 7);
    assert_false(nl_session_flight_sent(&talk->session, 7));
    expect_output(&talk->session, first_flight);
    assert_true(nl_session_flight_sent(&talk->session, 7));
}

static void end(struct talk *talk) {
    nl_session_free(&talk->session);
    nl_buf_free(&talk->message);
}

static void expect_end(struct talk *talk, size_t message, enum nl_stage at, int code,
                       const char *text) {
    assert_int_equal(talk->session.ended_message, message);
    assert_int_equal(talk->session.ended_at, at);
    assert_int_equal(talk->session.reply.code, code);
    assert_string_equal(nl_buf_text(&talk->session.reply.text), text);
}

static void test_one_piece(void **state) {
    (void)state;
    struct talk talk;
    begin(&talk);
    assert_int_equal(feed(&talk.session, "250 ok\r\n250-and\r\n25"), NL_SESSION_NONE);
    assert_int_equal(feed(&talk.session, "0 so\r\n250 2.0.0 Queued\r\n"), NL_SESSION_REPLIED);
    expect_end(&talk, 7, NL_STAGE_DOT, 250, "Queued");
    assert_int_equal(talk.session.stage, NL_STAGE_IDLE);
    expect_output(&talk.session, "");
    end(&talk);
}

/* The reply that counts, after so many refusals. */
static void test_refusals(void **state) {
    static const struct {
        const char *replies;
        enum nl_stage at;
        int code;
        const char *text;
    } cases[] = {
        {"250 ok\r\n550 5.1.1 no\r\n554 none\r\n", NL_STAGE_RCPT, 550, "no"},
        {"250 ok\r\n550 5.1.1 no\r\n503 none\r\n", NL_STAGE_RCPT, 550, "no"},
        {"250 ok\r\n550 5.1.1 no\r\n250 for nobody\r\n", NL_STAGE_RCPT, 550, "no"},
        {"451 later\r\n503 no\r\n503 no\r\n", NL_STAGE_MAIL, 451, "later"},
        {"250 ok\r\n250 ok\r\n554 spam\r\n", NL_STAGE_DOT, 554, "spam"},
        {"250 ok\r\n250 ok\r\n452 full\r\n", NL_STAGE_DOT, 452, "full"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct talk talk;
        begin(&talk);
        assert_int_equal(feed(&talk.session, cases[i].replies), NL_SESSION_REPLIED);
        expect_end(&talk, 7, cases[i].at, cases[i].code, cases[i].text);
        /* RFC 3030 section 4.2: nothing before RSET. */
        expect_output(&talk.session, "RSET\r\n");
        assert_int_equal(talk.session.stage, NL_STAGE_RSET);
        assert_int_equal(feed(&talk.session, "250 ok\r\n"), NL_SESSION_NONE);
        assert_int_equal(talk.session.stage, NL_STAGE_IDLE);
        end(&talk);
    }
}

/* It has refused MAIL, and sends the message all the same: it must not be sent again. */
static void test_the_last_word_counts(void **state) {
    (void)state;
    struct talk talk;
    begin(&talk);
    assert_int_equal(feed(&talk.session, "451 no\r\n250 ok\r\n250 sent\r\n"), NL_SESSION_REPLIED);
    expect_end(&talk, 7, NL_STAGE_DOT, 250, "sent");
    end(&talk);
}

static void test_window(void **state) {
    (void)state;
    struct talk talk;
    char second[200];
    snprintf(second, sizeof second, "RSET\r\n%s", first_flight);
    begin(&talk);
    fly(&talk, 8);
    fly(&talk, 9);
    size_t len = 0;
    assert_non_null(nl_session_output(&talk.session, &len));
    assert_int_equal(len, 2 * strlen(second));
    nl_session_wrote(&talk.session, len - 1);
    assert_true(nl_session_flight_sent(&talk.session, 8));
    assert_false(nl_session_flight_sent(&talk.session, 9)); /* its last byte is missing */
    nl_session_wrote(&talk.session, 1);
    assert_int_equal(feed(&talk.session,
                          "250 a\r\n550 b\r\n554 c\r\n250 reset\r\n250 d\r\n250 e\r\n250 f\r\n"
                          "250 reset\r\n250 g\r\n250 h\r\n552 i\r\n"),
                     NL_SESSION_REPLIED);
    expect_end(&talk, 7, NL_STAGE_RCPT, 550, "b");
    assert_int_equal(nl_session_next(&talk.session), NL_SESSION_REPLIED);
    expect_end(&talk, 8, NL_STAGE_DOT, 250, "f");
    expect_output(&talk.session, "");
    assert_int_equal(nl_session_next(&talk.session), NL_SESSION_REPLIED);
    expect_end(&talk, 9, NL_STAGE_DOT, 552, "i");
    /* A message that begins before the reply to RSET waits for it, too. */
    expect_output(&talk.session, "RSET\r\n");
    fly(&talk, 7);
    expect_output(&talk.session, first_flight);
    assert_int_equal(feed(&talk.session, "250 reset\r\n250 a\r\n250 b\r\n250 c\r\n"),
                     NL_SESSION_REPLIED);
    expect_end(&talk, 7, NL_STAGE_DOT, 250, "c");
    end(&talk);
}

/* RFC 5321 section 3.8: after 421 a server reads no further. */
static void test_closing(void **state) {
    (void)state;
    struct talk talk;
    begin(&talk);
    fly(&talk, 8);
    size_t len = 0;
    assert_non_null(nl_session_output(&talk.session, &len));
    nl_session_wrote(&talk.session, len);
    assert_int_equal(feed(&talk.session, "421 bye\r\n"), NL_SESSION_NONE);
    assert_true(nl_session_flight_refused(&talk.session, 7));
    expect_end(&talk, 7, NL_STAGE_MAIL, 421, "bye");
    assert_false(nl_session_flight_refused(&talk.session, 8));
    assert_false(nl_session_flight_sent(&talk.session, 8));
    end(&talk);
    begin(&talk);
    assert_int_equal(feed(&talk.session, "421 bye\r\n"), NL_SESSION_NONE);
    assert_false(nl_session_flight_sent(&talk.session, 7));
    /* A server that goes on to answer has read on. */
    assert_int_equal(feed(&talk.session, "250 ok\r\n"), NL_SESSION_NONE);
    assert_true(nl_session_flight_sent(&talk.session, 7));
    assert_false(nl_session_flight_refused(&talk.session, 7));
    end(&talk);
    /* After the refusal of MAIL alone, it may have accepted the message. */
    begin(&talk);
    assert_int_equal(feed(&talk.session, "451 later\r\n"), NL_SESSION_NONE);
    assert_false(nl_session_flight_refused(&talk.session, 7));
    assert_true(nl_session_flight_sent(&talk.session, 7));
    assert_int_equal(feed(&talk.session, "503 no\r\n"), NL_SESSION_NONE);
    assert_true(nl_session_flight_refused(&talk.session, 7));
    expect_end(&talk, 7, NL_STAGE_MAIL, 451, "later");
    end(&talk);
    /* Without 421 the second one may have been accepted. */
    begin(&talk);
    fly(&talk, 8);
    assert_non_null(nl_session_output(&talk.session, &len));
    nl_session_wrote(&talk.session, len);
    assert_false(nl_session_flight_refused(&talk.session, 7));
    assert_true(nl_session_flight_sent(&talk.session, 7));
    assert_true(nl_session_flight_sent(&talk.session, 8));
    end(&talk);
}

/* The last of the replies decides, and which one that is cannot be told when there are more. */
static void test_one_reply_too_many(void **state) {
    static const struct {
        const char *replies;
        enum nl_session_event event;
    } rows[] = {{"250 a\r\n250 b\r\n250 c\r\n250 d\r\n", NL_SESSION_GARBAGE},
                {"250 a\r\n250 b\r\n250 c\r\n552 d\r\n", NL_SESSION_GARBAGE},
                {"250 a\r\n250 b\r\n250 c\r\n2", NL_SESSION_GARBAGE},
                {"250 a\r\n250 b\r\n250 c\r\n421 enough\r\n", NL_SESSION_REPLIED},
                {"250 a\r\n250 b\r\n250 c\r\n4", NL_SESSION_REPLIED}};
    (void)state;
    for_each_row (i, rows, rows[i].replies) {
        struct talk talk;
        begin(&talk);
        assert_int_equal(feed(&talk.session, rows[i].replies), rows[i].event);
        if (rows[i].event == NL_SESSION_GARBAGE)
            assert_true(nl_session_flight_sent(&talk.session, 7));
        else
            expect_end(&talk, 7, NL_STAGE_DOT, 250, "c");
        end(&talk);
    }
}

/* A server that answers one BDAT as if it did not know it may accept the next one. */
static void test_one_of_several_is_not_known(void **state) {
    (void)state;
    struct talk talk;
    size_t len = 0;
    begin(&talk);
    fly(&talk, 8);
    assert_non_null(nl_session_output(&talk.session, &len));
    nl_session_wrote(&talk.session, len);
    assert_int_equal(feed(&talk.session, "250 ok\r\n250 ok\r\n503 what?\r\n"), NL_SESSION_REPLIED);
    expect_end(&talk, 7, NL_STAGE_DOT, 503, "what?");
    assert_false(talk.session.unsupported);
    assert_true(nl_session_flight_sent(&talk.session, 8));
    end(&talk);
}

/* It offers CHUNKING without knowing BDAT, or answers what it was not asked. */
static void test_answers_that_do_not_count_up(void **state) {
    (void)state;
    struct talk talk;
    begin(&talk);
    assert_int_equal(feed(&talk.session, "250 ok\r\n250 ok\r\n502 what?\r\n500 what?\r\n"),
                     NL_SESSION_GARBAGE);
    assert_true(talk.session.unsupported);
    assert_false(nl_session_flight_sent(&talk.session, 7));
    end(&talk);
    begin(&talk);
    assert_int_equal(feed(&talk.session, "250 ok\r\n354 go\r\n"), NL_SESSION_GARBAGE);
    assert_true(nl_session_flight_sent(&talk.session, 7));
    end(&talk);
    begin(&talk);
    fly(&talk, 8); /* not written yet */
    assert_int_equal(feed(&talk.session,
                          "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n"),
                     NL_SESSION_REPLIED);
    assert_int_equal(nl_session_next(&talk.session), NL_SESSION_GARBAGE);
    assert_false(nl_session_flight_sent(&talk.session, 8));
    end(&talk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_piece),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_the_last_word_counts),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_closing),
        cmocka_unit_test(test_one_reply_too_many),
        cmocka_unit_test(test_one_of_several_is_not_known),
        cmocka_unit_test(test_answers_that_do_not_count_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
