/* Messages on the connections of a transport: how each ends, and when a connection does. */
#include "smtp/made_server.h"

#include "smtp/connection.h"

#include <unistd.h>

static struct made_route route;

static int set_up(void **state) {
    (void)state;
    route = (struct made_route){0};
    return 0;
}

static int tear_down(void **state) {
    row_report(state);
    made_route_close(&route);
    return 0;
}

/* A new server that answers like this, and a connection to it. */
static void begin(const char *offers, struct made_reply *replies) {
    made_route_renew(&route, offers, replies);
    made_route_connect(&route, 0, NULL);
}

/* One reply that is not the usual one, and the end of the message. */
static void test_ends(void **state) {
    static const struct {
        const char *command, *text; /* NULL: the server closes */
        enum nl_transport_kind kind;
        enum nl_stage stage;
        int code;
        const char *why;
        bool dot_sent;
        size_t open; /* connections, afterwards */
    } cases[] = {
        {"MAIL", "451 4.3.0 later\r\n", NL_TRANSPORT_REPLIED, NL_STAGE_MAIL, 451, "", false, 1},
        {"RCPT", "550 5.1.1 who\r\n", NL_TRANSPORT_REPLIED, NL_STAGE_RCPT, 550, "", false, 1},
        {"DATA", "554 5.7.1 no\r\n", NL_TRANSPORT_REPLIED, NL_STAGE_DATA, 554, "", false, 1},
        {".", "250 2.0.0 yes\r\n", NL_TRANSPORT_REPLIED, NL_STAGE_DOT, 250, "", false, 1},
        {".", "452 4.2.2 full\r\n", NL_TRANSPORT_REPLIED, NL_STAGE_DOT, 452, "", false, 1},
        {"MAIL", NULL, NL_TRANSPORT_LOST, NL_STAGE_MAIL, 0, "the server closed the connection",
         false, 0},
        {"RCPT", NULL, NL_TRANSPORT_LOST, NL_STAGE_RCPT, 0, "the server closed the connection",
         false, 0},
        {"DATA", NULL, NL_TRANSPORT_LOST, NL_STAGE_DATA, 0, "the server closed the connection",
         false, 0},
        {".", NULL, NL_TRANSPORT_LOST, NL_STAGE_DOT, 0, "the server closed the connection", true,
         0},
        {"RCPT", "good day\r\n", NL_TRANSPORT_LOST, NL_STAGE_RCPT, 0,
         "the server sent something that is not an SMTP reply", false, 0},
        {".", "good day\r\n", NL_TRANSPORT_LOST, NL_STAGE_DOT, 0,
         "the server sent something that is not an SMTP reply", true, 0},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text) {
        struct made_reply replies[] = {{.command = cases[i].command, .text = cases[i].text}, {0}};
        begin(NULL, replies);
        assert_false(made_route_start(&route, 0, 7));
        if (cases[i].command[0] == '.') {
            made_route_expect(&route, NL_TRANSPORT_WANTS_DOT);
            assert_int_equal(route.event.message, 7);
            assert_int_equal(route.event.stage, NL_STAGE_BODY);
            nl_transport_release(route.transport, 0, 7);
        }
        made_route_expect(&route, cases[i].kind);
        assert_int_equal(route.event.message, 7);
        assert_int_equal(route.event.connection, 0);
        assert_int_equal(route.event.stage, cases[i].stage);
        assert_false(route.event.reused);
        assert_false(route.event.misled);
        if (cases[i].kind == NL_TRANSPORT_REPLIED)
            assert_int_equal(route.event.reply->code, cases[i].code);
        else
            assert_string_equal(route.event.text, cases[i].why);
        assert_int_equal(route.event.dot_sent, cases[i].dot_sent);
        made_route_steps(&route);
        assert_int_equal(nl_transport_open(route.transport), cases[i].open);
        assert_false(nl_transport_next(route.transport, &route.event));
        assert_int_equal(route.transport->health.servers[0].consecutive_failures,
                         cases[i].open == 0 ? 1 : 0);
    }
}

/* A reply that comes with the end of the connection still counts, and the end afterwards. */
static void test_reply_and_end(void **state) {
    size_t idle = 0;
    (void)state;
    begin(NULL, NULL);
    made_route_begin(&route, 0, 7);
    nl_transport_release(route.transport, 0, 7);
    made_route_steps(&route);
    made_server_hang_up(&route.server, 0);
    made_route_steps(&route);
    made_route_expect(&route, NL_TRANSPORT_REPLIED);
    assert_int_equal(route.event.reply->code, 250);
    assert_false(nl_transport_idle(route.transport, &idle));
    made_route_steps(&route);
    assert_int_equal(nl_transport_open(route.transport), 0);
    assert_false(nl_transport_next(route.transport, &route.event));
    assert_int_equal(route.transport->health.servers[0].consecutive_failures, 0);
}

/* The server closes while the commit point is being recorded: nothing more is written. */
static void test_end_before_the_dot(void **state) {
    (void)state;
    begin(NULL, NULL);
    made_route_begin(&route, 0, 7);
    made_server_hang_up(&route.server, 0);
    made_route_steps(&route);
    made_route_expect(&route, NL_TRANSPORT_LOST);
    assert_int_equal(route.event.stage, NL_STAGE_BODY);
    assert_false(route.event.dot_sent);
    nl_transport_release(route.transport, 0, 7);
    made_route_steps(&route);
    assert_null(strstr(nl_buf_text(&route.server.log), "\n.\n"));
}

/* The same where nobody has looked at the connection since, as while a database is slow. */
static void test_end_unseen_before_the_dot(void **state) {
    (void)state;
    begin(NULL, NULL);
    made_route_begin(&route, 0, 7);
    made_server_hang_up(&route.server, 0);
    route.transport->connections[0].deadline--; /* a millisecond later */
    nl_transport_release(route.transport, 0, 7);
    made_route_expect(&route, NL_TRANSPORT_LOST);
    assert_int_equal(route.event.stage, NL_STAGE_BODY);
    assert_false(route.event.dot_sent);
}

/* The event that asks for the commit point is worth nothing once the connection has ended. */
static void test_end_before_the_event(void **state) {
    (void)state;
    begin(NULL, NULL);
    assert_false(made_route_start(&route, 0, 7));
    made_route_steps(&route);
    made_server_hang_up(&route.server, 0);
    made_route_steps(&route);
    made_route_expect(&route, NL_TRANSPORT_LOST);
    assert_false(nl_transport_next(route.transport, &route.event));
}

/* Replies are waited for as long as smtp.timeout says, an idle connection for ever. */
static void test_timeout(void **state) {
    struct made_reply replies[] = {{.command = "RCPT", .text = ""}, {0}};
    (void)state;
    begin(NULL, replies);
    route.config.smtp.timeout = 0;
    route.transport->next_overdue_check = 0;
    made_route_steps(&route);
    assert_int_equal(nl_transport_open(route.transport), 1);
    route.config.smtp.timeout = 60;
    assert_false(made_route_start(&route, 0, 7));
    made_route_steps(&route);
    route.transport->next_overdue_check = 0;
    made_route_steps(&route);
    assert_false(nl_transport_next(route.transport, &route.event));
    route.transport->connections[0].deadline -= 60000;
    route.transport->next_overdue_check = 0;
    made_route_expect(&route, NL_TRANSPORT_LOST);
    assert_string_equal(route.event.text, "no reply within smtp.timeout");
    assert_int_equal(route.event.stage, NL_STAGE_RCPT);
    assert_int_equal(nl_transport_open(route.transport), 0);
}

/* 500 bytes are worth a second, but nothing is worth more than the whole time. */
static void test_deadline_of_slow_readers(void **state) {
    (void)state;
    assert_int_equal(nl_deadline_after(10000, 90000, 500), 11000);
    assert_int_equal(nl_deadline_after(10000, 90000, 1), 10002);
    assert_int_equal(nl_deadline_after(10000, 90000, 40000), 90000);
    assert_int_equal(nl_deadline_after(10000, 90000, 1 << 30), 90000);
}

/* Nobody waits for a reply while the commit point is being recorded and its event waits. */
static void test_no_timeout_before_the_event(void **state) {
    (void)state;
    begin(NULL, NULL);
    assert_false(made_route_start(&route, 0, 7));
    made_route_steps(&route);
    route.transport->connections[0].deadline = 0;
    route.transport->next_overdue_check = 0;
    made_route_steps(&route);
    made_route_expect(&route, NL_TRANSPORT_WANTS_DOT);
    made_route_end(&route, 0, 7);
}

/* A server that talks without being asked is left. */
static void test_flood(void **state) {
    enum { MEGABYTE = 1024 * 1024 };
    static char flood[MEGABYTE + 1];
    struct made_reply replies[] = {{.command = "RCPT", .text = flood}, {0}};
    (void)state;
    memset(flood, '2', MEGABYTE);
    for (size_t i = 0; i + 8 <= MEGABYTE; i += 8)
        memcpy(flood + i, "250-ok\r\n", 8);
    begin(NULL, replies);
    assert_false(made_route_start(&route, 0, 7));
    made_route_expect(&route, NL_TRANSPORT_LOST);
    assert_int_equal(nl_transport_open(route.transport), 0);
}

/* So many messages go out on one connection; then it says QUIT. */
static void test_per_connection(void **state) {
    static const struct {
        int64_t limit;
        size_t sent;
    } cases[] = {{1, 1}, {2, 2}, {3, 3}, {0, 4}};
    (void)state;
    for_each_row (i, cases, NULL) {
        size_t sent = 0, connection = 0;
        route.config.smtp.per_connection = cases[i].limit;
        begin(NULL, NULL);
        for (; sent < 4 && nl_transport_idle(route.transport, &connection); sent++) {
            made_route_begin(&route, connection, sent);
            made_route_end(&route, connection, sent);
            assert_int_equal(route.event.reused, sent > 0);
        }
        assert_int_equal(sent, cases[i].sent);
        made_route_steps(&route);
        assert_int_equal(nl_transport_open(route.transport), cases[i].limit == 0 ? 1 : 0);
        assert_int_equal(strstr(nl_buf_text(&route.server.log), "QUIT") != NULL,
                         cases[i].limit != 0);
    }
}

/* A message that does not fit into the buffers of the socket goes out once the server reads on. */
static void test_large_message(void **state) {
    (void)state;
    begin(NULL, NULL);
    for (int i = 0; i < 16 * 1024; i++)
        nl_buf_addf(&route.message, "%01022d\r\n", i);
    assert_false(made_route_start(&route, 0, 7));
    made_route_expect(&route, NL_TRANSPORT_WANTS_DOT);
    nl_transport_release(route.transport, 0, 7);
    made_route_expect(&route, NL_TRANSPORT_REPLIED);
    assert_int_equal(route.event.stage, NL_STAGE_DOT);
    assert_int_equal(route.event.reply->code, 250);
}

/* The other one is taken where a message is under way; the first where both have none. */
static void test_idle(void **state) {
    size_t connection = 9;
    (void)state;
    begin(NULL, NULL);
    made_route_connect(&route, 0, NULL);
    assert_true(nl_transport_idle(route.transport, &connection));
    assert_int_equal(connection, 0);
    made_route_begin(&route, 0, 7);
    assert_true(nl_transport_idle(route.transport, &connection));
    assert_int_equal(connection, 1);
    assert_false(nl_transport_idle_to(route.transport, 1, 5, &connection));
    made_route_begin(&route, 1, 8);
    assert_false(nl_transport_idle(route.transport, &connection));
    made_route_end(&route, 1, 8);
    made_route_end(&route, 0, 7);
    assert_true(nl_transport_idle_to(route.transport, 0, 0, &connection));
    assert_int_equal(connection, 0);
}

/* Events are taken in turn: a busy connection does not keep the others waiting. */
static void test_events_in_turn(void **state) {
    (void)state;
    begin(NULL, NULL);
    made_route_connect(&route, 0, NULL);
    for (int round = 0; round < 3; round++) {
        assert_false(made_route_start(&route, 0, 7));
        assert_false(made_route_start(&route, 1, 8));
        made_route_steps(&route);
        for (size_t i = 0; i < 2; i++) {
            made_route_expect(&route, NL_TRANSPORT_WANTS_DOT);
            assert_int_equal(route.event.connection, i);
            assert_int_equal(route.event.message, 7 + i);
        }
        made_route_end(&route, 0, 7);
        made_route_end(&route, 1, 8);
    }
}

/* A message that is taken back closes its connection, since part of it was sent. */
static void test_withdraw(void **state) {
    (void)state;
    begin(NULL, NULL);
    made_route_begin(&route, 0, 7);
    nl_transport_withdraw(route.transport, 0, 8); /* there is no such message */
    assert_int_equal(nl_transport_open(route.transport), 1);
    nl_transport_withdraw(route.transport, 0, 7);
    assert_int_equal(nl_transport_open(route.transport), 0);
    made_route_steps(&route);
    assert_null(strstr(nl_buf_text(&route.server.log), "\n.\n"));
    assert_false(nl_transport_next(route.transport, &route.event));
}

/* A connection that is no longer needed says QUIT; one with a message stays open. */
static void test_goodbye(void **state) {
    (void)state;
    begin(NULL, NULL);
    made_route_connect(&route, 0, NULL);
    made_route_begin(&route, 1, 7);
    nl_buf_clear(&route.server.log);
    nl_transport_limit(route.transport, 0, 1, 1);
    nl_transport_limit(route.transport, 0, 0, 1);
    made_route_steps(&route);
    assert_string_equal(nl_buf_text(&route.server.log), "QUIT\n");
    assert_int_equal(nl_transport_open(route.transport), 1);
}

/* A descriptor of the caller's ends a wait, and is none of its connections. */
static void test_watch(void **state) {
    int ends[2];
    (void)state;
    begin(NULL, NULL);
    assert_int_equal(pipe(ends), 0);
    nl_transport_watch(route.transport, ends[0]);
    assert_int_equal(write(ends[1], "x", 1), 1);
    nl_transport_wait(route.transport, 60 * 1000);
    assert_int_equal(nl_transport_open(route.transport), 1);
    close(ends[0]);
    close(ends[1]);
}

#define transport_test(test)                                                                       \
    { #test, test, set_up, tear_down, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        transport_test(test_ends),
        transport_test(test_reply_and_end),
        transport_test(test_end_before_the_dot),
        transport_test(test_end_unseen_before_the_dot),
        transport_test(test_end_before_the_event),
        transport_test(test_timeout),
        transport_test(test_deadline_of_slow_readers),
        transport_test(test_no_timeout_before_the_event),
        transport_test(test_flood),
        transport_test(test_per_connection),
        transport_test(test_large_message),
        transport_test(test_idle),
        transport_test(test_events_in_turn),
        transport_test(test_withdraw),
        transport_test(test_goodbye),
        transport_test(test_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
