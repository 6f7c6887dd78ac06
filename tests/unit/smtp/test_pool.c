/* The connections of a transport as a whole: which are counted, and which are closed. The servers
 * are real: what is closed says QUIT, and is gone for both sides. */
#include "smtp/made_server.h"

#include "smtp/connection.h"

enum { HOUR_MS = 3600 * 1000, PATIENCE = 2000 /* steps */ };

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

/* Opens a connection for each digit of `servers`, which is the server that it leads to. */
static void open_to(const char *servers) {
    for (const char *c = servers; *c != '\0'; c++)
        made_route_connect(&route, (size_t)(*c - '0'), NULL);
}

/* Which connections are open, by their servers: "01.3" where the third is closed. */
static const char *open_now(void) {
    static char text[NL_RELAYS + 1];
    size_t used = route.transport->used;
    for (size_t i = 0; i < used; i++)
        text[i] = (char)(route.transport->connections[i].state == OPEN
                             ? '0' + nl_transport_server(route.transport, i)
                             : '.');
    text[used] = '\0';
    return text;
}

/* QUIT has to be said and answered; after that, nothing more may be closed. */
static void expect_left(const char *left) {
    for (int i = 0; i < PATIENCE && strcmp(open_now(), left) != 0; i++)
        made_route_step(&route);
    made_route_steps(&route);
    assert_string_equal(open_now(), left);
}

/* How many of the connections to servers `first` to `last` stay. */
static void test_keep(void **state) {
    static const struct {
        size_t first, last, most;
        const char *left;
    } cases[] = {
        {1, 2, 4, "0112233"}, {1, 2, 3, "0112.33"}, {1, 2, 1, "01...33"}, {1, 2, 0, "0....33"},
        {2, 2, 1, "0112.33"}, {0, 0, 0, ".112233"}, {3, 3, 1, "011223."}, {4, 4, 0, "0112233"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].left) {
        if (i > 0)
            made_route_close(&route);
        route = (struct made_route){0};
        made_route_open(&route, 4, 7);
        open_to("0112233");
        nl_transport_keep(route.transport, cases[i].first, cases[i].last, cases[i].most);
        expect_left(cases[i].left);
        /* The same again closes nothing more. */
        nl_transport_keep(route.transport, cases[i].first, cases[i].last, cases[i].most);
        expect_left(cases[i].left);
    }
}

/* One that is to close takes no further message, is not kept for another, and closes afterwards. */
static void test_keep_waits_for_messages(void **state) {
    size_t idle = 0;
    (void)state;
    made_route_open(&route, 2, 8);
    open_to("1110");
    made_route_begin(&route, 2, 7);
    nl_transport_keep(route.transport, 1, 1, 2);
    expect_left("1110");
    assert_int_equal(nl_transport_serving(route.transport, 1, 1), 2);
    nl_transport_keep(route.transport, 1, 1, 2);
    expect_left("1110");
    made_route_end(&route, 2, 7);
    expect_left("11.0");
    assert_true(nl_transport_idle_to(route.transport, 1, 1, &idle));
    assert_int_equal(idle, 0);
}

/* Opening ones count; those that will close do not. */
static void test_counts(void **state) {
    (void)state;
    made_route_open(&route, 4, 8);
    assert_int_equal(nl_transport_leading_to(route.transport, 0, SIZE_MAX), 0);
    assert_int_equal(nl_transport_serving(route.transport, 0, SIZE_MAX), 0);
    open_to("01123");
    assert_int_equal(nl_transport_leading_to(route.transport, 0, 0), 1);
    assert_int_equal(nl_transport_leading_to(route.transport, 1, 2), 3);
    assert_int_equal(nl_transport_leading_to(route.transport, 0, SIZE_MAX), 5);
    assert_int_equal(nl_transport_leading_to(route.transport, 4, 9), 0);
    assert_int_equal(nl_transport_serving(route.transport, 0, 0), 1);
    assert_int_equal(nl_transport_serving(route.transport, 1, 2), 3);
    assert_int_equal(nl_transport_serving(route.transport, 3, 3), 1);
    made_route_begin(&route, 1, 5);
    nl_transport_keep(route.transport, 1, 1, 0);
    expect_left("01.23");
    assert_int_equal(nl_transport_leading_to(route.transport, 1, 1), 1);
    assert_int_equal(nl_transport_serving(route.transport, 1, 1), 0);
    assert_true(nl_transport_connect_to(route.transport, 1, NULL));
    assert_int_equal(nl_transport_leading_to(route.transport, 1, 1), 2);
    assert_int_equal(nl_transport_serving(route.transport, 1, 1), 1);
    assert_int_equal(nl_transport_connecting(route.transport), 1);
    assert_int_equal(nl_transport_open(route.transport), 4);
    made_route_settle(&route);
    assert_int_equal(nl_transport_open(route.transport), 5);
}

/* The connections that were opened last are closed. */
static void test_limit(void **state) {
    static const struct {
        size_t keep;
        const char *left;
    } cases[] = {{5, "0000"}, {4, "0000"}, {3, "000."}, {1, "0..."}, {0, "...."}};
    (void)state;
    for_each_row (i, cases, cases[i].left) {
        if (i > 0)
            made_route_close(&route);
        route = (struct made_route){0};
        made_route_open(&route, 1, 4);
        open_to("0000");
        nl_transport_limit(route.transport, 8, cases[i].keep, 1);
        expect_left(cases[i].left);
    }
}

/* Connections that are about to close count as closed; one that closes at once is not counted
 * twice. */
static void test_limit_counts_those_that_leave(void **state) {
    struct made_reply replies[] = {{.command = ".", .text = "250 2.0.0 fine\r\n"}, {0}};
    (void)state;
    made_route_open(&route, 1, 8);
    open_to("0000");
    made_route_begin(&route, 3, 7);
    nl_transport_limit(route.transport, 8, 3, 1);
    nl_transport_limit(route.transport, 8, 3, 1);
    expect_left("0000");
    nl_transport_limit(route.transport, 8, 2, 1);
    expect_left("00.0");
    made_route_end(&route, 3, 7);
    expect_left("00..");
    /* The server closes after its reply: the event waits, and then the connection closes as soon as
     * it is looked at. */
    route.server.replies = replies;
    open_to("00");
    made_route_begin(&route, 3, 8);
    nl_transport_release(route.transport, 3, 8);
    made_route_steps(&route);
    made_server_hang_up(&route.server, 3);
    made_route_steps(&route);
    assert_int_equal(nl_transport_open(route.transport), 4);
    made_route_expect(&route, NL_TRANSPORT_REPLIED);
    nl_transport_limit(route.transport, 8, 2, 1);
    expect_left("00..");
}

/* The same of one that closes for another reason: more would be closed than have to be. */
static void test_limit_counts_the_first(void **state) {
    (void)state;
    made_route_open(&route, 2, 3);
    open_to("011");
    made_route_begin(&route, 0, 7);
    assert_true(nl_transport_avoid(route.transport, 0));
    nl_transport_limit(route.transport, 3, 2, 1);
    expect_left("011");
    made_route_end(&route, 0, 7);
    expect_left(".11");
}

/* How many may be opened, and how many messages each may carry. */
static void test_limit_for_later(void **state) {
    (void)state;
    route.config.smtp.window = 4;
    made_route_open(&route, 2, 4);
    nl_transport_limit(route.transport, 2, 4, 3);
    assert_int_equal(route.transport->window_used, 3);
    assert_true(nl_transport_connect(route.transport));
    assert_true(nl_transport_connect(route.transport));
    assert_false(nl_transport_connect(route.transport));
    made_route_settle(&route);
    assert_false(nl_transport_connect(route.transport));
    nl_transport_limit(route.transport, 3, 4, 9);
    assert_int_equal(route.transport->window_used, 4);
    assert_true(nl_transport_connect(route.transport));
    made_route_settle(&route);
    assert_false(nl_transport_connect(route.transport));
    nl_transport_limit(route.transport, 9, 9, 4);
    assert_true(nl_transport_connect(route.transport));
    assert_false(nl_transport_connect(route.transport)); /* there is room for no more */
    made_route_settle(&route);
    expect_left("0101");
}

/* Only mail hosts of recipients are left early, and only where nothing is under way. */
static void test_close_idle(void **state) {
    (void)state;
    made_route_open(&route, 1, 6);
    size_t host = made_route_add_host(&route, NL_HOST_TLS_IF_OFFERED, "127.0.0.1");
    assert_int_equal(host, 1);
    open_to("101111");
    made_route_begin(&route, 2, 7);
    route.transport->connections[4].idle_since -= HOUR_MS;
    assert_int_equal(nl_transport_close_idle(route.transport, 2 * HOUR_MS, 9), 0);
    assert_int_equal(nl_transport_close_idle(route.transport, HOUR_MS, 0), 0);
    expect_left("101111");
    assert_int_equal(nl_transport_close_idle(route.transport, HOUR_MS, 9), 1);
    expect_left("1011.1");
    assert_int_equal(nl_transport_close_idle(route.transport, 0, 1), 1);
    expect_left(".011.1");
    assert_int_equal(nl_transport_close_idle(route.transport, 0, 9), 2);
    expect_left(".01...");
    /* One with an event that was not taken yet, and one that is to close already. */
    nl_transport_release(route.transport, 2, 7);
    made_route_steps(&route);
    assert_int_equal(nl_transport_close_idle(route.transport, 0, 9), 0);
    nl_transport_keep(route.transport, 1, 1, 0);
    made_route_expect(&route, NL_TRANSPORT_REPLIED);
    assert_int_equal(nl_transport_close_idle(route.transport, 0, 9), 0);
    expect_left(".0....");
}

/* Connections are closed that come from one of our addresses and lead to these servers. */
static void test_retire_from(void **state) {
    const struct nl_source near = {.address = (char *)"127.0.0.1"};
    const struct nl_source far = {.address = (char *)"127.0.0.2"};
    const struct nl_transport_from from_near = {.four = &near};
    const struct nl_transport_from from_far = {.four = &far};
    (void)state;
    made_route_open(&route, 1, 8);
    for (size_t host = 1; host <= 4; host++) {
        assert_int_equal(made_route_add_host(&route, NL_HOST_TLS_IF_OFFERED, "127.0.0.1"), host);
        made_route_connect(&route, host, host == 3 ? &from_far : &from_near);
    }
    made_route_connect(&route, 0, NULL);
    assert_ptr_equal(nl_transport_source(route.transport, 0), &near);
    assert_ptr_equal(nl_transport_source(route.transport, 2), &far);
    assert_null(nl_transport_source(route.transport, 4));
    assert_string_equal(nl_transport_leg(route.transport, 0)->own, "127.0.0.1");
    assert_string_equal(nl_transport_leg(route.transport, 2)->own, "127.0.0.2");
    nl_transport_retire_from(route.transport, 2, 3, &near);
    expect_left("1.340");
    nl_transport_retire_from(route.transport, 0, 9, &far);
    expect_left("1..40");
}

/* A server that is avoided is left by its connections, and gets no more of them. */
static void test_avoid(void **state) {
    (void)state;
    made_route_open(&route, 2, 8);
    open_to("0101");
    assert_true(nl_transport_avoid(route.transport, 0));
    expect_left(".1.1");
    for (int i = 0; i < 4; i++)
        assert_true(nl_transport_connect(route.transport));
    made_route_settle(&route);
    expect_left("111111");
    assert_false(nl_transport_avoid(route.transport, 1));
    expect_left("......");
}

/* The shortest way to a server, over all that are open. */
static void test_round_trip(void **state) {
    (void)state;
    made_route_open(&route, 1, 8);
    assert_int_equal(nl_transport_round_trip(route.transport), 0);
    open_to("00");
    assert_in_range(nl_transport_round_trip(route.transport), 1, 60 * 1000 * 1000);
    nl_transport_limit(route.transport, 8, 0, 1);
    expect_left("..");
    assert_int_equal(nl_transport_round_trip(route.transport), 0);
}

/* A server with CHUNKING and PIPELINING gets messages in one piece; once its connections are
 * closed, nothing goes out like this any more. */
static void test_flies(void **state) {
    (void)state;
    route.server.offers = "250-made\r\n250-CHUNKING\r\n250 PIPELINING\r\n";
    made_route_open(&route, 1, 8);
    open_to("00");
    assert_false(nl_transport_flies(route.transport));
    made_route_begin(&route, 1, 7);
    assert_true(nl_transport_flies(route.transport));
    made_route_end(&route, 1, 7);
    assert_non_null(strstr(nl_buf_text(&route.server.log), "BDAT 17 LAST\n(chunk)\n"));
    nl_transport_limit(route.transport, 8, 1, 1);
    expect_left("0.");
    assert_false(nl_transport_flies(route.transport));
}

#define pool_test(test)                                                                            \
    { #test, test, set_up, tear_down, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        pool_test(test_keep),
        pool_test(test_keep_waits_for_messages),
        pool_test(test_counts),
        pool_test(test_limit),
        pool_test(test_limit_counts_those_that_leave),
        pool_test(test_limit_counts_the_first),
        pool_test(test_limit_for_later),
        pool_test(test_close_idle),
        pool_test(test_retire_from),
        pool_test(test_avoid),
        pool_test(test_round_trip),
        pool_test(test_flies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
