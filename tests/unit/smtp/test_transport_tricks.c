/* PIPELINING, and messages in one piece by CHUNKING: which messages use them, and when they are
 * held against a server. */
#include "smtp/made_server.h"

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

static const char offers_pipelining[] = "250-made\r\n250 PIPELINING\r\n";
static const char offers_chunking[] = "250-made\r\n250-PIPELINING\r\n250 CHUNKING\r\n";

/* A new server that answers like this, and a connection to it. */
static void begin(const char *offers, struct made_reply *replies) {
    made_route_renew(&route, offers, replies);
    made_route_connect(&route, 0, NULL);
}

/* The commands that go out before the reply to MAIL. */
static void test_pipelining(void **state) {
    static const struct {
        const char *offers;
        bool distrust;
        const char *commands;
    } cases[] = {
        {NULL, false, "MAIL FROM:<s@us.example>\n"},
        {offers_pipelining, false, "MAIL FROM:<s@us.example>\nRCPT TO:<r@them.example>\nDATA\n"},
        {offers_pipelining, true, "MAIL FROM:<s@us.example>\n"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].commands) {
        struct made_reply replies[] = {{.command = "MAIL", .text = ""}, {0}};
        begin(cases[i].offers, replies);
        if (cases[i].distrust)
            nl_transport_distrust(route.transport, 0, NL_TRICK_PIPELINING);
        nl_buf_clear(&route.server.log);
        assert_false(made_route_start(&route, 0, 7));
        made_route_steps(&route);
        assert_string_equal(nl_buf_text(&route.server.log), cases[i].commands);
    }
}

/* A server that offers PIPELINING and cannot do it, or breaks for another reason: at once where its
 * replies do not count up, after several broken connections else. */
static void test_broken_pipelining(void **state) {
    static const struct {
        const char *command, *text;
        int until; /* so many messages until it is found out; 0: never in five */
        bool certain;
    } cases[] = {
        {"MAIL", NULL, 4, false},
        {"MAIL", "what\r\n", 1, true},
        {"RCPT", "what\r\n", 1, true},
        {"RCPT", NULL, 0, false},
    };
    (void)state;
    for_each_row (i, cases, cases[i].command) {
        struct made_reply replies[6] = {{0}};
        int found = 0;
        for (int j = 0; j < 5; j++)
            replies[j] = (struct made_reply){.command = cases[i].command, .text = cases[i].text};
        begin(offers_pipelining, replies);
        for (int j = 1; j <= 5 && found == 0; j++) {
            assert_false(made_route_start(&route, 0, 7));
            made_route_expect(&route, NL_TRANSPORT_LOST);
            found = route.event.misled ? j : 0;
            made_route_connect(&route, 0, NULL);
        }
        assert_int_equal(found, cases[i].until);
        assert_int_equal(nl_transport_is_broken(route.transport, 0, NL_TRICK_PIPELINING),
                         cases[i].certain);
        assert_false(nl_transport_is_broken(route.transport, 0, NL_TRICK_FLIGHT));
    }
}

/* A server that has pipelined well is not blamed for a connection that breaks. */
static void test_proved_pipelining(void **state) {
    struct made_reply replies[] = {{.command = "MAIL", .text = "250 fine\r\n"},
                                   {.command = "MAIL"},
                                   {.command = "MAIL"},
                                   {.command = "MAIL"},
                                   {0}};
    (void)state;
    begin(offers_pipelining, replies);
    made_route_begin(&route, 0, 6);
    made_route_end(&route, 0, 6);
    for (int i = 0; i < 3; i++) {
        assert_false(made_route_start(&route, 0, 7));
        made_route_expect(&route, NL_TRANSPORT_LOST);
        assert_false(route.event.misled);
        made_route_connect(&route, 0, NULL);
    }
}

/* Messages in one piece: the first one goes alone, then as many as the window allows, on the
 * connection with the fewest. */
static void test_window(void **state) {
    size_t connection = 9;
    (void)state;
    route.config.smtp.window = 3;
    begin(offers_chunking, NULL);
    made_route_connect(&route, 0, NULL);
    assert_true(made_route_start(&route, 0, 1));
    assert_true(nl_transport_idle(route.transport, &connection));
    assert_int_equal(connection, 1);
    /* The other connection does not try it as well, and a message there goes out in commands. */
    assert_false(made_route_start(&route, 1, 2));
    made_route_expect(&route, NL_TRANSPORT_WANTS_DOT);
    assert_false(nl_transport_idle(route.transport, &connection));
    made_route_end(&route, 1, 2);
    made_route_end(&route, 0, 1);
    for (size_t i = 0; i < 6; i++) {
        assert_true(nl_transport_idle(route.transport, &connection));
        assert_int_equal(connection, i % 2);
        assert_true(made_route_start(&route, connection, i));
    }
    assert_false(nl_transport_idle(route.transport, &connection));
    nl_transport_limit(route.transport, 2, 2, 2);
    nl_transport_withdraw(route.transport, 1, 3);
    assert_false(nl_transport_idle(route.transport, &connection));
    nl_transport_withdraw(route.transport, 1, 5);
    assert_true(nl_transport_idle(route.transport, &connection));
    assert_int_equal(connection, 1);
    /* The messages are released in another order than they came. */
    nl_transport_release(route.transport, 0, 4);
    nl_transport_release(route.transport, 0, 0);
    nl_transport_release(route.transport, 0, 2);
    made_route_expect(&route, NL_TRANSPORT_REPLIED);
    assert_int_equal(route.event.message, 4);
    made_route_expect(&route, NL_TRANSPORT_REPLIED);
    assert_int_equal(route.event.message, 0);
    made_route_expect(&route, NL_TRANSPORT_REPLIED);
    assert_int_equal(route.event.message, 2);
    made_route_end(&route, 1, 1);
    assert_int_equal(nl_transport_open(route.transport), 2);
}

/* A first message in one piece that is taken back was never tried. */
static void test_withdrawn_flight(void **state) {
    (void)state;
    begin(offers_chunking, NULL);
    assert_true(made_route_start(&route, 0, 1));
    nl_transport_withdraw(route.transport, 0, 1);
    assert_int_equal(nl_transport_open(route.transport), 1);
    assert_true(made_route_start(&route, 0, 2));
    made_route_end(&route, 0, 2);
}

/* A message in one piece whose connection breaks: what was sent is in doubt, what was not goes out
 * again; and whether messages in one piece are to blame. */
static void test_broken_flights(void **state) {
    (void)state;
    for (int proved = 0; proved < 2; proved++) {
        struct made_reply replies[] = {{.command = "(chunk)"}, {0}};
        route.config.smtp.window = 3;
        begin(offers_chunking, NULL);
        if (proved) {
            assert_true(made_route_start(&route, 0, 1));
            made_route_end(&route, 0, 1);
        }
        route.server.replies = replies;
        assert_true(made_route_start(&route, 0, 7));
        if (proved)
            assert_true(made_route_start(&route, 0, 8));
        nl_transport_release(route.transport, 0, 7);
        made_route_expect(&route, NL_TRANSPORT_LOST);
        assert_int_equal(route.event.message, 7);
        assert_int_equal(route.event.stage, NL_STAGE_DOT);
        assert_true(route.event.dot_sent);
        assert_int_equal(route.event.misled, !proved);
        if (proved) {
            made_route_expect(&route, NL_TRANSPORT_LOST);
            assert_int_equal(route.event.message, 8);
            assert_int_equal(route.event.stage, NL_STAGE_MAIL);
            assert_false(route.event.dot_sent);
            assert_false(route.event.misled);
        }
        assert_false(nl_transport_is_broken(route.transport, 0, NL_TRICK_FLIGHT));
        made_route_connect(&route, 0, NULL);
        assert_int_equal(made_route_start(&route, 0, 9), proved);
    }
}

/* Messages in one piece are not tried, whatever the server offers. */
static void test_distrusted_flights(void **state) {
    (void)state;
    for (int trick = NL_TRICK_FLIGHT; trick <= NL_TRICK_PIPELINING; trick++) {
        begin(offers_chunking, NULL);
        nl_transport_distrust(route.transport, 0, (enum nl_transport_trick)trick);
        assert_false(made_route_start(&route, 0, 7));
        made_route_expect(&route, NL_TRANSPORT_WANTS_DOT);
        made_route_end(&route, 0, 7);
    }
}

/* The server has closed an idle connection: a message in one piece is not sent into it. */
static void test_closed_before_a_flight(void **state) {
    (void)state;
    begin(offers_chunking, NULL);
    assert_true(made_route_start(&route, 0, 7));
    made_server_hang_up(&route.server, 0);
    nl_transport_release(route.transport, 0, 7);
    made_route_expect(&route, NL_TRANSPORT_LOST);
    assert_int_equal(route.event.message, 7);
    assert_false(route.event.dot_sent);
    assert_false(route.event.misled);
}

/* Sends a message to the end, and another one up to its commit point, with the envelope of a third
 * behind it. */
static void begin_following(void) {
    size_t connection = 9;
    begin(offers_pipelining, NULL);
    made_route_begin(&route, 0, 7);
    made_route_end(&route, 0, 7);
    made_route_begin(&route, 0, 8);
    assert_true(nl_transport_follow(route.transport, &connection));
    assert_int_equal(connection, 0);
    assert_false(made_route_start(&route, 0, 9));
    nl_buf_clear(&route.server.log);
    made_route_end(&route, 0, 8);
    assert_true(route.event.has_next);
    assert_int_equal(route.event.next, 9);
}

/* A server at which messages in one piece have failed gets envelopes early. */
static void test_following_where_flights_fail(void **state) {
    (void)state;
    size_t connection = 9;
    begin(offers_chunking, NULL);
    nl_transport_distrust(route.transport, 0, NL_TRICK_FLIGHT);
    made_route_begin(&route, 0, 7);
    made_route_end(&route, 0, 7);
    made_route_begin(&route, 0, 8);
    assert_true(nl_transport_follow(route.transport, &connection));
    assert_int_equal(connection, 0);
}

/* A message whose envelope came early goes on by itself; but not to a server that the run has left
 * alone meanwhile. */
static void test_following_to_a_server_that_is_avoided(void **state) {
    (void)state;
    begin_following();
    made_route_expect(&route, NL_TRANSPORT_WANTS_DOT);
    assert_int_equal(route.event.message, 9);
    made_route_end(&route, 0, 9);
    begin_following();
    assert_false(nl_transport_avoid(route.transport, 0));
    made_route_expect(&route, NL_TRANSPORT_LOST);
    assert_int_equal(route.event.message, 9);
    assert_int_equal(route.event.stage, NL_STAGE_BODY);
    assert_true(route.event.not_begun);
    assert_false(route.event.dot_sent);
    assert_string_equal(route.event.text, "nothing more is sent to this server");
    assert_int_equal(nl_transport_open(route.transport), 0);
    made_route_steps(&route);
    assert_false(nl_transport_next(route.transport, &route.event));
    /* One dot: that of the message before. */
    const char *dot = strstr(nl_buf_text(&route.server.log), ".\n");
    assert_non_null(dot);
    assert_null(strstr(dot + 1, ".\n"));
}

#define tricks_test(test)                                                                          \
    { #test, test, set_up, tear_down, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        tricks_test(test_pipelining),
        tricks_test(test_broken_pipelining),
        tricks_test(test_proved_pipelining),
        tricks_test(test_window),
        tricks_test(test_withdrawn_flight),
        tricks_test(test_broken_flights),
        tricks_test(test_distrusted_flights),
        tricks_test(test_closed_before_a_flight),
        tricks_test(test_following_where_flights_fail),
        tricks_test(test_following_to_a_server_that_is_avoided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
