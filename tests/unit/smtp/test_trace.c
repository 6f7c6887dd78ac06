/* The trace of SMTP sessions: a line for each command, reply and change of state, and never a part
 * of a login. */
#include "smtp/made_server.h"

#include <ctype.h>
#include <stdlib.h>

static struct made_route route;
static struct nl_buf lines;

/* Without the time, the port, and what libcurl says of its own, which differ. */
static void take_line(const char *line, void *ctx) {
    const char *text = strstr(line, " smtp ");
    (void)ctx;
    assert_non_null(text);
    assert_int_equal(text - line, 24);
    assert_true(isdigit((unsigned char)line[0]) && line[10] == 'T' && line[23] == 'Z');
    const char *after = strchr(strstr(text, "127.0.0.1:"), ' ');
    if (strstr(after, " * ") == NULL)
        nl_buf_addf(&lines, "%.*s%s\n", 1, text + 6, after);
}

static void begin(const char *offers, struct made_reply *replies) {
    static const struct nl_relay_trace trace = {.line = take_line};
    made_route_renew(&route, offers, replies);
    nl_buf_clear(&lines);
    nl_relay_set_trace(route.relay, &trace);
}

static int set_up(void **state) {
    (void)state;
    route = (struct made_route){0};
    setenv("MADE_PASSWORD", "secret", 1);
    return 0;
}

static int tear_down(void **state) {
    row_report(state);
    made_route_close(&route);
    nl_buf_free(&lines);
    unsetenv("MADE_PASSWORD");
    return 0;
}

static void test_a_session(void **state) {
    struct made_reply replies[] = {{.command = "RCPT", .text = "550 5.1.1 who \x01\x7f?\r\n"}, {0}};
    (void)state;
    begin("250-made\r\n250 SIZE 100000\r\n", replies);
    made_route_connect(&route, 0, NULL);
    made_route_connect(&route, 0, NULL);
    assert_false(made_route_start(&route, 1, 7));
    made_route_expect(&route, NL_TRANSPORT_REPLIED);
    made_route_steps(&route);
    made_route_begin(&route, 0, 8);
    made_route_end(&route, 0, 8);
    assert_string_equal(nl_buf_text(&lines),
                        "1 banner < 220 made ESMTP\n"
                        "1 EHLO > EHLO us.example\n"
                        "1 EHLO < 250-made\n"
                        "1 EHLO < 250 SIZE 100000\n"
                        "1 EHLO -> idle\n"
                        "2 banner < 220 made ESMTP\n"
                        "2 EHLO > EHLO us.example\n"
                        "2 EHLO < 250-made\n"
                        "2 EHLO < 250 SIZE 100000\n"
                        "2 EHLO -> idle\n"
                        "2 idle -> MAIL: from <s@us.example> to <r@them.example>, 17 bytes\n"
                        "2 MAIL -> RCPT: 250 2.0.0 fine\n"
                        "2 RCPT -> RSET: 550 5.1.1 who ???\n"
                        "2 RSET -> idle: 250 2.0.0 fine\n"
                        "1 idle -> MAIL: from <s@us.example> to <r@them.example>, 17 bytes\n"
                        "1 MAIL -> RCPT: 250 2.0.0 fine\n"
                        "1 RCPT -> DATA: 250 2.0.0 fine\n"
                        "1 DATA -> the message: 354 go on\n"
                        "1 the message -> the final dot\n"
                        "1 the final dot -> idle: 250 2.0.0 fine\n");
}

/* The name of a mechanism is all that is shown of a login. */
static void test_logins(void **state) {
    static const struct {
        const char *offers;
        enum nl_smtp_auth auth;
        struct made_reply replies[4];
        const char *lines; /* from AUTH on */
    } cases[] = {
        {"250-made\r\n250 AUTH PLAIN\r\n",
         NL_AUTH_PLAIN,
         {{"AUTH PLAIN", "235 2.7.0 welcome, secret\r\n", 0}},
         "1 AUTH > AUTH PLAIN (hidden)\n1 AUTH < 235 2.7.0 (hidden)\n1 AUTH -> idle\n"},
        {"250-made\r\n250 AUTH PLAIN\r\n",
         NL_AUTH_PLAIN,
         {{"AUTH PLAIN", "535 no, secret\r\n", 0}},
         "1 AUTH > AUTH PLAIN (hidden)\n1 AUTH < 535 (hidden)\n"},
        {"250-made\r\n250 AUTH CRAM-MD5\r\n",
         NL_AUTH_AUTO,
         {{"AUTH CRAM-MD5", "334 PDEyM0B4Pg==\r\n", 0}, {"", "235 in\r\n", 0}},
         "1 AUTH > AUTH CRAM-MD5\n1 AUTH < 334 (hidden)\n1 AUTH > (hidden)\n1 AUTH < 235 "
         "(hidden)\n1 AUTH -> idle\n"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].lines) {
        struct made_reply replies[4];
        memcpy(replies, cases[i].replies, sizeof replies);
        route.settings = (struct nl_smtp_server){.username = (char *)"ann",
                                                 .password_env = (char *)"MADE_PASSWORD",
                                                 .auth = cases[i].auth};
        begin(cases[i].offers, NULL);
        assert_true(nl_transport_connect(route.transport));
        while (strstr(nl_buf_text(&route.server.log), "EHLO") == NULL)
            made_route_step(&route);
        route.server.replies = replies;
        made_route_settle(&route);
        const char *from = strstr(nl_buf_text(&lines), "1 AUTH > ");
        assert_non_null(from);
        assert_memory_equal(from, cases[i].lines, strlen(cases[i].lines));
        assert_null(strstr(nl_buf_text(&lines), "secret"));
        assert_null(strstr(from, "YW5u")); /* the name in base64, and in the middle of it */
        assert_null(strstr(from, "AGFubg"));
    }
}

/* Without anybody who takes the lines, there are none. */
static void test_without(void **state) {
    (void)state;
    made_route_renew(&route, NULL, NULL);
    made_route_connect(&route, 0, NULL);
    made_route_begin(&route, 0, 8);
    made_route_end(&route, 0, 8);
    assert_int_equal(lines.len, 0);
}

#define trace_test(test)                                                                           \
    { #test, test, set_up, tear_down, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        trace_test(test_a_session),
        trace_test(test_logins),
        trace_test(test_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
