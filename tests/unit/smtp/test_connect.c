/* Opening connections: how one is refused and what is said about it, logins, and mail hosts of
 * recipients with and without TLS. */
#include "smtp/made_server.h"

#include "smtp/connection.h"

#include <stdlib.h>
#include <unistd.h>

static struct made_route route;

static int set_up(void **state) {
    (void)state;
    route = (struct made_route){0};
    setenv("MADE_PASSWORD", "secret", 1);
    return 0;
}

static int tear_down(void **state) {
    row_report(state);
    made_route_close(&route);
    unsetenv("MADE_PASSWORD");
    return 0;
}

static void use_login(enum nl_smtp_auth auth) {
    route.settings = (struct nl_smtp_server){
        .username = (char *)"ann", .password_env = (char *)"MADE_PASSWORD", .auth = auth};
}

static void expect_words(const char *words) {
    if (strstr(route.event.text, words) == NULL)
        fail_msg("'%s' does not hold '%s'", route.event.text, words);
}

/* One reply that is not the usual one. */
static void test_refused(void **state) {
    static const struct {
        const char *command, *text;
        enum nl_stage stage;
        int code;
        bool permanent;
        const char *words;
    } cases[] = {
        {"banner", "554 no\r\n", NL_STAGE_BANNER, 554, true, " at banner: "},
        {"banner", "421 later\r\n", NL_STAGE_BANNER, 421, false, " (reply 421)"},
        {"banner", NULL, NL_STAGE_CONNECT, 0, false, " at connect: "},
        {"EHLO", NULL, NL_STAGE_EHLO, 0, false, " at EHLO: "},
        {"EHLO", "421 later\r\n", NL_STAGE_EHLO, 421, false, " (reply 421)"},
        {"EHLO", "400 later\r\n", NL_STAGE_EHLO, 400, false, " (reply 400)"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].command) {
        struct made_reply replies[] = {{.command = cases[i].command, .text = cases[i].text},
                                       {.command = "HELO", .text = cases[i].text},
                                       {0}};
        made_route_renew(&route, NULL, replies);
        assert_true(nl_transport_connect(route.transport));
        made_route_expect(&route, NL_TRANSPORT_REFUSED);
        assert_int_equal(route.event.stage, cases[i].stage);
        assert_int_equal(route.event.code, cases[i].code);
        assert_int_equal(route.event.permanent, cases[i].permanent);
        assert_int_equal(route.event.connection, 0);
        assert_string_equal(route.event.said, "");
        assert_string_equal(route.event.tls_failure, "");
        expect_words("127.0.0.1:");
        expect_words(cases[i].words);
        assert_null(strstr(route.event.text, "later")); /* the words may hold a password */
        assert_int_equal(nl_transport_connecting(route.transport), 0);
        assert_int_equal(nl_transport_open(route.transport), 0);
        assert_int_equal(nl_transport_leading_to(route.transport, 0, 0), 0);
        assert_int_equal(route.transport->health.servers[0].consecutive_failures, 1);
        assert_int_equal(route.transport->health.servers[0].out, cases[i].permanent);
        /* The place is free again. */
        route.server.replies = NULL;
        made_route_connect(&route, 0, NULL);
        assert_int_equal(route.transport->used, 1);
    }
}

/* Nobody listens there. With two servers, one that refuses for good leaves the other. */
static void test_two_servers(void **state) {
    struct made_reply replies[] = {{.command = "banner", .text = "554 no\r\n"},
                                   {.command = "banner", .text = "554 no\r\n"},
                                   {0}};
    (void)state;
    route.server.replies = replies;
    made_route_open(&route, 2, 2);
    assert_true(nl_transport_connect(route.transport));
    made_route_expect(&route, NL_TRANSPORT_REFUSED);
    assert_int_equal(route.event.server, 0);
    assert_false(route.event.permanent);
    assert_true(nl_transport_connect(route.transport));
    made_route_expect(&route, NL_TRANSPORT_REFUSED);
    assert_int_equal(route.event.server, 1);
    assert_true(route.event.permanent);
    close(route.server.listener);
    assert_true(nl_transport_connect_to(route.transport, 0, NULL));
    made_route_expect(&route, NL_TRANSPORT_REFUSED);
    assert_int_equal(route.event.stage, NL_STAGE_CONNECT);
    expect_words("check smtp.host and smtp.port, and that the server runs");
}

/* The extensions of the last reply to EHLO, and the number of places. */
static void test_opened(void **state) {
    (void)state;
    made_route_renew(&route, "250-made\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n", NULL);
    made_route_connect(&route, 0, NULL);
    const struct nl_extensions *offered = nl_transport_extensions(route.transport, 0);
    assert_true(offered->size && offered->eightbit && offered->smtputf8);
    assert_false(offered->pipelining || offered->chunking);
    assert_int_equal(offered->size_limit, 1000);
    assert_string_equal(nl_transport_leg(route.transport, 0)->address, "127.0.0.1");
    assert_string_equal(nl_transport_leg(route.transport, 0)->tls, "");
    assert_string_equal(nl_transport_leg(route.transport, 0)->policy, "");
    assert_non_null(strstr(nl_buf_text(&route.server.log), "EHLO us.example\n"));
    made_route_connect(&route, 0, NULL);
    assert_false(nl_transport_connect_to(route.transport, 0, NULL));
    assert_int_equal(nl_transport_open(route.transport), 2);
}

/* Offers of a relay and its answers to a login, and the end of each. */
static void test_login(void **state) {
    static const struct {
        const char *offers;
        enum nl_smtp_auth auth;
        struct made_reply replies[4];
        const char *words; /* NULL: the login succeeds */
        size_t connections;
        bool permanent;
    } cases[] = {
        {"250-made\r\n250 AUTH PLAIN\r\n",
         NL_AUTH_PLAIN,
         {{"AUTH PLAIN", "235 in\r\n", 0}},
         NULL,
         1,
         0},
        {"250-made\r\n250 AUTH=PLAIN\r\n",
         NL_AUTH_PLAIN,
         {{"AUTH PLAIN", "235 in\r\n", 0}},
         NULL,
         1,
         0},
        {"250 made\r\n",
         NL_AUTH_PLAIN,
         {{0}},
         "it offers no login (AUTH) without TLS: take",
         1,
         true},
        {"250-made\r\n250 AUTHOR PLAIN\r\n",
         NL_AUTH_PLAIN,
         {{0}},
         "it offers no login (AUTH)",
         1,
         true},
        {"250-made\r\n250 AUTH GSSAPI\r\n",
         NL_AUTH_AUTO,
         {{0}},
         "it offers no login that we can use",
         1,
         true},
        {"250-made\r\n250 AUTH PLAIN\r\n",
         NL_AUTH_PLAIN,
         {{"AUTH PLAIN", "535 no\r\n", 0}},
         "it refuses the login by PLAIN: check smtp.username",
         1,
         true},
        {"250-made\r\n250 AUTH PLAIN\r\n",
         NL_AUTH_PLAIN,
         {{"AUTH PLAIN", "454 later\r\n", 0}},
         ": it refuses the login for now",
         1,
         false},
        /* The next mechanism, after a refusal and after a connection that breaks. */
        {"250-made\r\n250 AUTH CRAM-MD5 PLAIN\r\n",
         NL_AUTH_AUTO,
         {{"AUTH CRAM-MD5", "535 no\r\n", 0}, {"AUTH PLAIN", "235 in\r\n", 0}},
         NULL,
         2,
         false},
        {"250-made\r\n250 AUTH CRAM-MD5 PLAIN\r\n",
         NL_AUTH_AUTO,
         {{"AUTH CRAM-MD5", NULL, 0}, {"AUTH PLAIN", "235 in\r\n", 0}},
         NULL,
         2,
         false},
        {"250-made\r\n250 AUTH CRAM-MD5 PLAIN\r\n",
         NL_AUTH_AUTO,
         {{"AUTH CRAM-MD5", "454 later\r\n", 0}, {"AUTH PLAIN", "235 in\r\n", 0}},
         ": it refuses the login for now",
         1,
         false},
    };
    (void)state;
    for_each_row (i, cases, cases[i].offers) {
        struct made_reply replies[4];
        memcpy(replies, cases[i].replies, sizeof replies);
        use_login(cases[i].auth);
        made_route_renew(&route, cases[i].offers, replies);
        assert_true(nl_transport_connect(route.transport));
        if (cases[i].words == NULL) {
            made_route_until_open(&route, 1);
            assert_false(nl_transport_next(route.transport, &route.event));
        } else {
            made_route_expect(&route, NL_TRANSPORT_REFUSED);
            expect_words(cases[i].words);
            assert_int_equal(route.event.permanent, cases[i].permanent);
        }
        assert_int_equal(route.server.accepted, cases[i].connections);
        assert_int_equal(nl_transport_connecting(route.transport), 0);
        assert_null(strstr(nl_buf_text(&route.server.log), "MAIL"));
    }
}

/* A relay that is to encrypt and does not, and one whose TLS fails. */
static void test_relay_without_tls(void **state) {
    static const struct {
        const char *offers, *reply;
        enum nl_stage stage;
        const char *words;
    } cases[] = {
        {"250 made\r\n", "", NL_STAGE_EHLO,
         "it refuses STARTTLS: check smtp.port and smtp.security"},
        {"250-made\r\n250 STARTTLS\r\n", "454 not now\r\n", NL_STAGE_STARTTLS,
         "it refuses STARTTLS"},
        {"250-made\r\n250 STARTTLS\r\n", "220 go\r\nno TLS at all\r\n", NL_STAGE_STARTTLS, ""},
    };
    (void)state;
    route.encrypted = true;
    for_each_row (i, cases, cases[i].offers) {
        struct made_reply replies[] = {{.command = "STARTTLS", .text = cases[i].reply}, {0}};
        made_route_renew(&route, cases[i].offers, replies);
        assert_true(nl_transport_connect(route.transport));
        made_route_expect(&route, NL_TRANSPORT_REFUSED);
        assert_int_equal(route.event.stage, cases[i].stage);
        assert_string_equal(route.event.tls_failure, "");
        expect_words(cases[i].words);
        assert_int_equal(route.server.accepted, 1);
    }
}

/* Mail hosts of recipients: mail goes in the clear where TLS fails, unless more is demanded. */
static void test_host_tls(void **state) {
    static const char with[] = "250-made\r\n250 STARTTLS\r\n";
    static const struct {
        enum nl_host_tls demand;
        const char *offers, *reply;
        const char *failure; /* of TLS */
        const char *words;   /* NULL: it opens, in the clear */
        size_t connections;
    } cases[] = {
        {NL_HOST_TLS_IF_OFFERED, "250 made\r\n", "", "", NULL, 1},
        {NL_HOST_TLS_IF_OFFERED, with, "454 not now\r\n", "", NULL, 1},
        {NL_HOST_TLS_IF_OFFERED, with, "220 go\r\nno TLS at all\r\n", "validation-failure", NULL,
         2},
        {NL_HOST_TLS_ALWAYS, with, "454 not now\r\n", "starttls-not-supported",
         ": its TLSA records (DANE, RFC 7672) demand TLS", 1},
        {NL_HOST_TLS_ALWAYS, with, "220 go\r\nno TLS at all\r\n", "validation-failure",
         ": its TLSA records (DANE, RFC 7672) demand TLS", 1},
        {NL_HOST_TLS_ALWAYS, "250 made\r\n", "", "starttls-not-supported",
         ": its TLSA records (DANE, RFC 7672) demand TLS", 1},
        {NL_HOST_TLS_NAMED, "250 made\r\n", "", "starttls-not-supported",
         ": the domain's MTA-STS policy (RFC 8461) demands TLS with a certificate", 1},
    };
    (void)state;
    for_each_row (i, cases, cases[i].words) {
        struct made_reply replies[] = {{.command = "STARTTLS", .text = cases[i].reply}, {0}};
        made_route_renew(&route, cases[i].offers, replies);
        size_t host = made_route_add_host(&route, cases[i].demand, "127.0.0.1");
        assert_true(nl_transport_connect_to(route.transport, host, NULL));
        if (cases[i].words == NULL) {
            made_route_until_open(&route, 1);
            assert_string_equal(nl_relay_tls_failure(route.relay, host), cases[i].failure);
            assert_string_equal(nl_transport_leg(route.transport, 0)->policy, "");
            assert_string_equal(nl_transport_leg(route.transport, 0)->tls, "");
        } else {
            made_route_expect(&route, NL_TRANSPORT_REFUSED);
            assert_string_equal(route.event.tls_failure, cases[i].failure);
            expect_words("mx.example:");
            expect_words(cases[i].words);
            assert_int_equal(nl_transport_open(route.transport), 0);
        }
        assert_int_equal(route.server.accepted, cases[i].connections);
    }
}

/* The words of a mail host, which gets no password, are kept, without what is not text. */
static void test_host_words(void **state) {
    struct made_reply replies[] = {{.command = "banner", .text = "554 go \x01way\x7f\r\n"}, {0}};
    (void)state;
    made_route_renew(&route, NULL, replies);
    size_t host = made_route_add_host(&route, NL_HOST_TLS_IF_OFFERED, "127.0.0.1");
    assert_true(nl_transport_connect_to(route.transport, host, NULL));
    made_route_expect(&route, NL_TRANSPORT_REFUSED);
    assert_string_equal(route.event.said, "go ?way?");
    assert_string_equal(route.event.tls_failure, "");
    assert_int_equal(route.event.code, 554);
    expect_words(" (reply 554 go ?way?)");
    assert_null(strstr(route.event.text, "smtp.")); /* no advice about the relay */
    /* The words of one connection are not those of the next. */
    route.server.replies = (struct made_reply[]){{.command = "EHLO"}, {0}};
    assert_true(nl_transport_connect_to(route.transport, host, NULL));
    made_route_expect(&route, NL_TRANSPORT_REFUSED);
    assert_int_equal(route.event.stage, NL_STAGE_EHLO);
    assert_string_equal(route.event.said, "made ESMTP");
    assert_null(strstr(route.event.text, "?way?"));
}

/* Where IPv6 leads nowhere, the mail goes from the other address, and so does the next. */
static void test_other_family(void **state) {
    const struct nl_source six = {.address = (char *)"::1"};
    const struct nl_source four = {.address = (char *)"127.0.0.1"};
    const struct nl_transport_from both = {.six = &six, .four = &four};
    const struct nl_transport_from only_six = {.six = &six};
    (void)state;
    made_route_renew(&route, NULL, NULL);
    size_t host = made_route_add_host(&route, NL_HOST_TLS_IF_OFFERED, "::1 127.0.0.1");
    size_t without = made_route_add_host(&route, NL_HOST_TLS_IF_OFFERED, "127.0.0.1");
    size_t with = made_route_add_host(&route, NL_HOST_TLS_IF_OFFERED, "::1");
    assert_ptr_equal(nl_relay_source(route.relay, host, &both), &six);
    assert_true(nl_transport_connect_to(route.transport, host, &both));
    made_route_until_open(&route, 1);
    assert_ptr_equal(nl_transport_source(route.transport, 0), &four);
    assert_ptr_equal(nl_relay_source(route.relay, host, &both), &four);
    assert_false(nl_transport_next(route.transport, &route.event));
    assert_false(nl_transport_connect_to(route.transport, without, &only_six));
    /* There is no other one. */
    assert_true(nl_transport_connect_to(route.transport, with, &both));
    made_route_expect(&route, NL_TRANSPORT_REFUSED);
    assert_ptr_equal(route.event.source, &six);
    assert_int_equal(route.event.stage, NL_STAGE_CONNECT);
    assert_int_equal(nl_transport_open(route.transport), 1);
}

#define connect_test(test)                                                                         \
    { #test, test, set_up, tear_down, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        connect_test(test_refused),
        connect_test(test_two_servers),
        connect_test(test_opened),
        connect_test(test_login),
        connect_test(test_relay_without_tls),
        connect_test(test_host_tls),
        connect_test(test_host_words),
        connect_test(test_other_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
