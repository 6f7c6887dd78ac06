#include "support.h"

#include "newsletter/smtp/session.h"

struct talk {
    struct nl_session session;
    struct nl_buf message;
};

/* Takes what the session wants to write. */
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

static void begin(struct talk *talk, bool pipelining) {
    const struct nl_extensions extensions = {.pipelining = pipelining, .size = true};
    *talk = (struct talk){0};
    nl_buf_adds(&talk->message, "Subject: x\r\n\r\n.dot\r\nend\r\n");
    nl_session_open(&talk->session, &extensions);
    nl_session_start(&talk->session, "s@x", "r@y", &talk->message, false);
}

static void end(struct talk *talk) {
    nl_session_free(&talk->session);
    nl_buf_free(&talk->message);
}

static void test_message(void **state) {
    (void)state;
    struct talk talk;
    begin(&talk, false);
    expect_output(&talk.session, "MAIL FROM:<s@x> SIZE=25\r\n");
    assert_int_equal(feed(&talk.session, "250 2.1.0 Ok\r\n"), NL_SESSION_NONE);
    expect_output(&talk.session, "RCPT TO:<r@y>\r\n");
    assert_int_equal(feed(&talk.session, "250-more\r\n25"), NL_SESSION_NONE);
    assert_int_equal(feed(&talk.session, "0 Ok\r\n"), NL_SESSION_NONE);
    expect_output(&talk.session, "DATA\r\n");
    assert_int_equal(feed(&talk.session, "354 Go\r\n"), NL_SESSION_WANTS_DOT);
    expect_output(&talk.session, ""); /* it goes out with its dot */
    nl_session_release_dot(&talk.session);
    size_t len = 0;
    const char *out = nl_session_output(&talk.session, &len);
    assert_string_equal(out, "Subject: x\r\n\r\n..dot\r\nend\r\n.\r\n");
    nl_session_wrote(&talk.session, len - 3);
    assert_false(nl_session_dot_sent(&talk.session));
    expect_output(&talk.session, ".\r\n");
    assert_true(nl_session_dot_sent(&talk.session));
    assert_int_equal(feed(&talk.session, "250 2.0.0 Queued as 7\r\n"), NL_SESSION_REPLIED);
    assert_int_equal(talk.session.ended_at, NL_STAGE_DOT);
    assert_int_equal(talk.session.reply.code, 250);
    assert_string_equal(talk.session.reply.status, "2.0.0");
    assert_string_equal(talk.session.reply.text.data, "Queued as 7");
    assert_int_equal(talk.session.stage, NL_STAGE_IDLE);
    expect_output(&talk.session, "");
    end(&talk);
}

static void test_pipelining_and_refusals(void **state) {
    (void)state;
    struct talk talk;
    begin(&talk, true);
    expect_output(&talk.session, "MAIL FROM:<s@x> SIZE=25\r\nRCPT TO:<r@y>\r\nDATA\r\n");
    assert_int_equal(feed(&talk.session, "250 ok\r\n550 5.1.1 no\r\n"), NL_SESSION_NONE);
    expect_output(&talk.session, "");
    assert_int_equal(feed(&talk.session, "554 5.5.1 no valid recipients\r\n"), NL_SESSION_REPLIED);
    assert_int_equal(talk.session.ended_at, NL_STAGE_RCPT);
    assert_string_equal(talk.session.reply.status, "5.1.1");
    assert_string_equal(talk.session.reply.text.data, "no");
    assert_false(nl_session_end_refused(&talk.session));
    expect_output(&talk.session, "RSET\r\n");
    assert_int_equal(feed(&talk.session, "250 ok\r\n"), NL_SESSION_NONE);
    assert_int_equal(talk.session.stage, NL_STAGE_IDLE);
    /* MAIL refused: the answers to what was sent with it must not be taken for RSET's. */
    nl_session_start(&talk.session, "s@x", "r@y", &talk.message, false);
    expect_output(&talk.session, "MAIL FROM:<s@x> SIZE=25\r\nRCPT TO:<r@y>\r\nDATA\r\n");
    assert_int_equal(feed(&talk.session, "451 later\r\n503 no\r\n503 no\r\n"), NL_SESSION_REPLIED);
    assert_int_equal(talk.session.ended_at, NL_STAGE_MAIL);
    assert_int_equal(talk.session.reply.code, 451);
    assert_int_equal(nl_session_next(&talk.session), NL_SESSION_NONE);
    expect_output(&talk.session, "RSET\r\n");
    assert_int_equal(feed(&talk.session, "250 ok\r\n"), NL_SESSION_NONE);
    assert_int_equal(talk.session.stage, NL_STAGE_IDLE);
    end(&talk);
}

/* RFC 2920 section 3.1: a server may answer DATA with 354 though it has refused the recipient. */
static void test_data_for_nobody(void **state) {
    (void)state;
    struct talk talk;
    begin(&talk, true);
    expect_output(&talk.session, "MAIL FROM:<s@x> SIZE=25\r\nRCPT TO:<r@y>\r\nDATA\r\n");
    assert_int_equal(feed(&talk.session, "250 ok\r\n550 no\r\n354 go\r\n"), NL_SESSION_REPLIED);
    assert_int_equal(talk.session.ended_at, NL_STAGE_RCPT);
    assert_int_equal(nl_session_next(&talk.session), NL_SESSION_NONE);
    expect_output(&talk.session, ".\r\n");
    assert_int_equal(feed(&talk.session, "554 no valid recipients\r\n"), NL_SESSION_NONE);
    expect_output(&talk.session, "RSET\r\n");
    assert_int_equal(feed(&talk.session, "250 ok\r\n"), NL_SESSION_NONE);
    assert_int_equal(talk.session.stage, NL_STAGE_IDLE);
    nl_session_start(&talk.session, "s@x", "r@y", &talk.message, false);
    assert_int_equal(feed(&talk.session, "250 ok\r\n250 ok\r\n452 full\r\n"), NL_SESSION_REPLIED);
    assert_int_equal(talk.session.ended_at, NL_STAGE_DATA);
    assert_int_equal(talk.session.stage, NL_STAGE_RSET);
    end(&talk);
    /* A server that takes anything after a refused MAIL must not get an empty message. */
    begin(&talk, true);
    assert_int_equal(feed(&talk.session, "451 no\r\n250 ok\r\n354 go\r\n"), NL_SESSION_REPLIED);
    assert_int_equal(nl_session_next(&talk.session), NL_SESSION_CLOSING);
    end(&talk);
}

/* A large message is on its way while the dot is recorded. */
static void test_large_message(void **state) {
    (void)state;
    struct talk talk;
    size_t len = 0;
    begin(&talk, true);
    for (size_t i = 0; i < 2000; i++)
        nl_buf_adds(&talk.message, "0123456789012345678901234567890123456789\r\n");
    nl_session_output(&talk.session, &len);
    nl_session_wrote(&talk.session, len);
    assert_int_equal(feed(&talk.session, "250 ok\r\n250 ok\r\n354 go\r\n"), NL_SESSION_WANTS_DOT);
    nl_session_output(&talk.session, &len);
    assert_int_equal(len, talk.message.len + 1); /* one dot doubled */
    nl_session_wrote(&talk.session, len);
    nl_session_release_dot(&talk.session);
    expect_output(&talk.session, ".\r\n");
    assert_true(nl_session_dot_sent(&talk.session));
    end(&talk);
}

/* Without PIPELINING, too, a second reply to the message before is not taken for the one to MAIL.
 */
static void test_data_after_a_refused_mail(void **state) {
    static const struct {
        const char *data; /* the reply to it */
        enum nl_session_event event;
        const char *output;
    } rows[] = {{"503 no\r\n", NL_SESSION_REPLIED, "RSET\r\n"},
                {"250 ok\r\n", NL_SESSION_GARBAGE, ""},
                {"354 go\r\n", NL_SESSION_REPLIED, ""}};
    (void)state;
    for_each_row (i, rows, rows[i].data) {
        struct talk talk;
        begin(&talk, false);
        assert_int_equal(feed(&talk.session, "451 first\r\n"), NL_SESSION_REPLIED);
        assert_int_equal(feed(&talk.session, "250 reset\r\n"), NL_SESSION_NONE);
        nl_session_start(&talk.session, "s@x", "r@y", &talk.message, false);
        expect_output(&talk.session,
                      "MAIL FROM:<s@x> SIZE=25\r\nRSET\r\nMAIL FROM:<s@x> SIZE=25\r\n");
        assert_int_equal(feed(&talk.session, "451 later\r\n"), NL_SESSION_NONE);
        expect_output(&talk.session, "DATA\r\n");
        assert_int_equal(feed(&talk.session, rows[i].data), rows[i].event);
        expect_output(&talk.session, rows[i].output);
        if (rows[i].event == NL_SESSION_REPLIED)
            assert_string_equal(talk.session.reply.text.data, "later");
        assert_false(nl_session_end_refused(&talk.session));
        if (rows[i].data[0] == '3')
            assert_int_equal(nl_session_next(&talk.session), NL_SESSION_CLOSING);
        end(&talk);
    }
}

/* A connection that ends before all replies have come: the refusal holds. */
static void test_refused_and_gone(void **state) {
    (void)state;
    struct talk talk;
    begin(&talk, true);
    assert_false(nl_session_end_refused(&talk.session));
    assert_int_equal(feed(&talk.session, "421 bye\r\n"), NL_SESSION_NONE);
    assert_true(nl_session_end_refused(&talk.session));
    assert_int_equal(talk.session.ended_at, NL_STAGE_MAIL);
    assert_int_equal(talk.session.reply.code, 421);
    assert_false(nl_session_end_refused(&talk.session));
    end(&talk);
    begin(&talk, true);
    assert_int_equal(feed(&talk.session, "250 ok\r\n550 no\r\n<html>\r\n"), NL_SESSION_GARBAGE);
    assert_false(nl_session_end_refused(&talk.session));
    end(&talk);
}

static void test_lines_of_a_reply(void **state) {
    static const struct {
        const char *reply, *status, *text;
    } cases[] = {
        {"550\r\n", "", ""}, /* RFC 5321 section 4.2.1: without a text, too */
        {"550 \r\n", "", ""},
        {"550 a\r\n", "", "a"},
        {"550-a\r\n550 b\r\n", "", "a b"},
        {"550-\r\n550-a\r\n550-\r\n550 b\r\n", "", "a b"},
        {"550-a\r\n550\r\n", "", "a"},
        {"550-5.1.1 no\r\n550 5.1.1 such user\r\n", "5.1.1", "no such user"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].reply) {
        struct talk talk;
        begin(&talk, false);
        assert_int_equal(feed(&talk.session, cases[i].reply), NL_SESSION_REPLIED);
        assert_int_equal(talk.session.reply.code, 550);
        assert_string_equal(talk.session.reply.status, cases[i].status);
        assert_string_equal(nl_buf_text(&talk.session.reply.text), cases[i].text);
        end(&talk);
    }
}

static void test_garbage(void **state) {
    (void)state;
    static const char *const garbage[] = {"hello\r\n",         "25\r\n",    "250ok\r\n",
                                          "150 x\r\n",         "650 x\r\n", "250-a\r\n251 b\r\n",
                                          "354 too early\r\n", "\r\n"};
    for_each_row (i, garbage, garbage[i]) {
        struct talk talk;
        begin(&talk, false);
        assert_int_equal(feed(&talk.session, garbage[i]), NL_SESSION_GARBAGE);
        end(&talk);
    }
    struct talk talk;
    begin(&talk, false);
    char line[5000];
    memset(line, '2', sizeof line);
    nl_session_feed(&talk.session, line, sizeof line);
    assert_int_equal(nl_session_next(&talk.session), NL_SESSION_GARBAGE);
    end(&talk);
}

static void test_closing_and_quit(void **state) {
    (void)state;
    const struct nl_extensions none = {0};
    struct nl_session session = {0};
    nl_session_open(&session, &none);
    assert_int_equal(feed(&session, "421 4.4.2 timeout\r\n"), NL_SESSION_CLOSING);
    nl_session_open(&session, &none);
    nl_session_quit(&session);
    expect_output(&session, "QUIT\r\n");
    assert_int_equal(feed(&session, "221 bye\r\n"), NL_SESSION_CLOSING);
    nl_session_free(&session);
}

static void test_stuffing(void **state) {
    (void)state;
    static const char *const cases[][2] = {{".\r\n", "..\r\n"},
                                           {"a\r\n.b\r\n..c\r\n", "a\r\n..b\r\n...c\r\n"},
                                           {"a.b\r\nc\r\n", "a.b\r\nc\r\n"},
                                           {"", ""},
                                           {"a\r\nb\r\n.", "a\r\nb\r\n.."}};
    for_each_row (i, cases, cases[i][0]) {
        struct nl_buf out = {0};
        nl_session_stuff(&out, cases[i][0], strlen(cases[i][0]));
        assert_string_equal(nl_buf_text(&out), cases[i][1]);
        nl_buf_free(&out);
    }
}

/* Messages are looked at in blocks: a dot may stand at the start of a line anywhere in one, on both
 * sides of an edge, and twice. */
static void test_stuffing_at_each_place(void **state) {
    (void)state;
    enum { LENGTH = 700 };
    for (size_t first = 0; first < LENGTH; first++)
        for (size_t second = first + 2; second < LENGTH; second += 1 + first % 97) {
            char text[LENGTH + 1];
            struct nl_buf out = {0};
            memset(text, 'a', LENGTH);
            text[LENGTH] = '\0';
            text[first] = text[second] = '.';
            text[first + 1] = text[second + 1 < LENGTH ? second + 1 : first + 1] = '.';
            text[second - 1] = '\n';
            if (first > 0)
                text[first - 1] = '\n';
            nl_session_stuff(&out, text, LENGTH);
            assert_int_equal(out.len, LENGTH + 2);
            assert_memory_equal(out.data, text, first);
            assert_memory_equal(out.data + first, "..", 2);
            assert_memory_equal(out.data + first + 1, text + first, second - first);
            assert_memory_equal(out.data + second + 1, "..", 2);
            assert_memory_equal(out.data + second + 2, text + second, LENGTH - second);
            nl_buf_free(&out);
        }
}

static void test_enhanced_status(void **state) {
    (void)state;
    char status[12];
    assert_int_equal(nl_reply_status("5.1.1 no", 8, status), 5);
    assert_string_equal(status, "5.1.1");
    assert_int_equal(nl_reply_status("5.123.456", 9, status), 9);
    assert_int_equal(nl_reply_status("5.1 no", 6, status), 0);
    assert_int_equal(nl_reply_status("5.1234.1 x", 10, status), 0);
    assert_int_equal(nl_reply_status("192.168.1.1 x", 13, status), 0);
    assert_string_equal(status, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_pipelining_and_refusals),
        cmocka_unit_test(test_data_after_a_refused_mail),
        cmocka_unit_test(test_refused_and_gone),
        cmocka_unit_test(test_lines_of_a_reply),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_closing_and_quit),
        cmocka_unit_test(test_stuffing),
        cmocka_unit_test(test_stuffing_at_each_place),
        cmocka_unit_test(test_enhanced_status),
        cmocka_unit_test(test_data_for_nobody),
        cmocka_unit_test(test_large_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
