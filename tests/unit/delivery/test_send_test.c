/* Single messages outside of runs: which server they go to, and what becomes of its replies. */
#include "support.h"

#include "delivery/made_way.h"
#include "newsletter/base/address.h"
#include "newsletter/delivery/send.h"
#include "newsletter/store/sts_note.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static struct nl_config config;
static struct nl_relay *relay;
static struct fixture *fixture;

static int set_up(void **state) {
    struct nl_error err = {0};
    fixture_setup(state);
    fixture = *state;
    made = (struct made_way){0};
    config = (struct nl_config){0};
    made.fd = open("/dev/null", O_RDONLY);
    config.server.host = (char *)"relay.example";
    config.smtp.timeout = 60;
    config.direct.port = 25;
    made.addresses[0] = "192.0.2.1";
    made.addresses[1] = "192.0.2.2";
    made.sts_id = "";
    for (size_t i = RELAY; i < SERVERS; i++)
        made.answers[i] = (struct answer){NL_TRANSPORT_WANTS_DOT, 250};
    assert_ok(nl_relay_new(&config, NULL, &relay, &err));
    return 0;
}

static int tear_down(void **state) {
    nl_relay_free(relay);
    nl_buf_free(&made.log);
    close(made.fd);
    return fixture_teardown(state);
}

static enum nl_status send_one(const char *recipient, struct nl_error *err) {
    struct nl_address to = {0};
    struct nl_buf message = {0};
    nl_buf_clear(&made.log);
    nl_buf_adds(&message, "text");
    assert_int_equal(nl_address_parse(recipient, &to, err), NL_OK);
    enum nl_status status = nl_send_single(fixture->store, &config, relay, "press@our.example",
                                           "sender@our.example", &to, &message, err);
    nl_address_free(&to);
    nl_buf_free(&message);
    return status;
}

static void assert_log(const char *expected) {
    assert_string_equal(nl_buf_text(&made.log), expected);
}

#define LETTER "sender@our.example to ann@x.example, text; "

/* ---- through the relay ---- */

static void test_answers(void **state) {
    static const struct {
        struct answer answer;
        enum nl_status status;
        const char *words, *log;
    } rows[] = {
        {{NL_TRANSPORT_WANTS_DOT, 250}, NL_OK, "", "connect relay.example; " LETTER "dot; "},
        {{NL_TRANSPORT_WANTS_DOT, 299}, NL_OK, "", "connect relay.example; " LETTER "dot; "},
        {{NL_TRANSPORT_WANTS_DOT, 354},
         NL_UNAVAILABLE,
         "with 354 so it is",
         "connect relay.example; " LETTER "dot; "},
        {{NL_TRANSPORT_WANTS_DOT, 452},
         NL_TEMPFAIL,
         "with 452 so it is",
         "connect relay.example; " LETTER "dot; "},
        {{NL_TRANSPORT_WANTS_DOT, 554},
         NL_UNAVAILABLE,
         "with 554 so it is",
         "connect relay.example; " LETTER "dot; "},
        {{NL_TRANSPORT_REPLIED, 450},
         NL_TEMPFAIL,
         "with 450 so it is",
         "connect relay.example; " LETTER},
        {{NL_TRANSPORT_REPLIED, 550},
         NL_UNAVAILABLE,
         "with 550 so it is",
         "connect relay.example; " LETTER},
        {{NL_TRANSPORT_LOST, 0},
         NL_UNAVAILABLE,
         "the connection broke",
         "connect relay.example; " LETTER},
        {{NL_TRANSPORT_REFUSED, 0}, NL_UNAVAILABLE, "no connection", "connect relay.example; "},
    };
    (void)state;
    for_each_row (i, rows, rows[i].log) {
        struct nl_error err = {0};
        made.answers[RELAY] = rows[i].answer;
        if (rows[i].status == NL_OK)
            assert_ok(send_one("ann@x.example", &err));
        else
            assert_fails(send_one("ann@x.example", &err), rows[i].status, rows[i].words);
        assert_log(rows[i].log);
    }
}

static void test_addresses_in_utf8(void **state) {
    struct nl_error err = {0};
    (void)state;
    assert_fails(send_one("j\u00f6rg@x.example", &err), NL_UNAVAILABLE, "SMTPUTF8");
    assert_log("connect relay.example; ");
    made.smtputf8 = true;
    assert_ok(send_one("j\u00f6rg@x.example", &err));
    assert_log(
        "connect relay.example; sender@our.example to j\u00f6rg@x.example in UTF-8, text; dot; ");
    assert_ok(send_one("ann@x.example", &err));
    assert_log("connect relay.example; " LETTER "dot; ");
}

/* ---- directly ---- */

/* The next host is tried where none takes a connection; a reply is an answer. */
static void test_hosts_in_turn(void **state) {
    static const struct answer good = {NL_TRANSPORT_WANTS_DOT, 250};
    static const struct answer refuses = {NL_TRANSPORT_REFUSED, 0};
    static const struct answer busy = {NL_TRANSPORT_REPLIED, 450};
    static const struct answer breaks = {NL_TRANSPORT_LOST, 0};
    const struct {
        struct answer first, second;
        enum nl_status status;
        const char *log;
    } rows[] = {
        {good, good, NL_OK, "connect a.example; " LETTER "dot; "},
        {refuses, good, NL_OK, "connect a.example; connect b.example; " LETTER "dot; "},
        {busy, good, NL_TEMPFAIL, "connect a.example; " LETTER},
        {breaks, good, NL_UNAVAILABLE, "connect a.example; " LETTER},
        {refuses, busy, NL_TEMPFAIL, "connect a.example; connect b.example; " LETTER},
        {refuses, refuses, NL_UNAVAILABLE, "connect a.example; connect b.example; "},
    };
    (void)state;
    config.delivery = NL_DIRECTLY;
    for_each_row (i, rows, rows[i].log) {
        struct nl_error err = {0};
        made.answers[FIRST] = rows[i].first;
        made.answers[SECOND] = rows[i].second;
        assert_int_equal(send_one("ann@x.example", &err), rows[i].status);
        assert_log(rows[i].log);
        assert_int_equal(err.status, rows[i].status); /* nothing of the first host is left */
        nl_error_free(&err);
    }
}

static void test_no_way(void **state) {
    struct nl_error err = {0};
    (void)state;
    config.delivery = NL_DIRECTLY;
    made.state = NL_ROUTE_NONE;
    assert_fails(send_one("ann@x.example", &err), NL_UNAVAILABLE, "so says the DNS");
    made.state = NL_ROUTE_LATER;
    assert_fails(send_one("ann@x.example", &err), NL_TEMPFAIL, "so says the DNS");
    assert_log("");
}

/* The first source of each family is used; a host of no family that we have is passed over. */
static void test_sources(void **state) {
    static const struct {
        const char *sources[3], *first, *log;
    } rows[] = {
        {{"198.51.100.1", "198.51.100.2"}, "192.0.2.1", "connect a.example four; " LETTER "dot; "},
        {{"198.51.100.1", "2001:db8::1"},
         "192.0.2.1",
         "connect a.example six four; " LETTER "dot; "},
        {{"198.51.100.1"}, "2001:db8::25", "connect b.example four; " LETTER "dot; "},
    };
    (void)state;
    config.delivery = NL_DIRECTLY;
    for_each_row (i, rows, rows[i].log) {
        struct nl_error err = {0};
        for (size_t at = 0; at < 3; at++)
            config.direct.sources[at].address = (char *)rows[i].sources[at];
        made.addresses[0] = rows[i].first;
        assert_ok(send_one("ann@x.example", &err));
        assert_log(rows[i].log);
    }
    made.addresses[1] = NULL;
    struct nl_error err = {0};
    assert_fails(send_one("ann@x.example", &err), NL_UNAVAILABLE, "no address of the family");
}

/* ---- MTA-STS (RFC 8461) ---- */

#define POLICY(mode, hosts) "version: STSv1\nmode: " mode "\nmax_age: 86400\n" hosts

static void test_policies(void **state) {
    static const struct {
        const char *id;
        bool known;
        const char *policy, *log, *words;
    } rows[] = {
        {"", true, POLICY("enforce", "mx: b.example\n"), "connect a.example; ", NULL},
        {"7", false, POLICY("enforce", "mx: b.example\n"), "connect a.example; ", NULL},
        {"7", true, NULL, "fetch mta-sts.x.example; connect a.example; ", NULL},
        {"7", true, POLICY("none", ""), "fetch mta-sts.x.example; connect a.example; ", NULL},
        {"7", true, POLICY("testing", "mx: b.example\n"),
         "fetch mta-sts.x.example; connect a.example; ", NULL},
        {"7", true, POLICY("enforce", "mx: a.example\nmx: b.example\n"),
         "fetch mta-sts.x.example; connect a.example; ", NULL},
        {"7", true, POLICY("enforce", "mx: b.example\n"),
         "fetch mta-sts.x.example; connect b.example; ", NULL},
        {"7", true, POLICY("enforce", "mx: c.example\n"), "fetch mta-sts.x.example; ",
         "names none of its mail hosts"},
    };
    (void)state;
    config.delivery = NL_DIRECTLY;
    for_each_row (i, rows, rows[i].policy) {
        struct nl_error err = {0};
        char log[200];
        made.sts_id = rows[i].id;
        made.known = rows[i].known;
        made.policy = rows[i].policy;
        fixture_sql(fixture, "DELETE FROM setting");
        snprintf(log, sizeof log, "%s%s", rows[i].log, rows[i].words == NULL ? LETTER "dot; " : "");
        if (rows[i].words == NULL)
            assert_ok(send_one("ann@x.example", &err));
        else
            assert_fails(send_one("ann@x.example", &err), NL_UNAVAILABLE, rows[i].words);
        assert_log(log);
    }
}

/* A policy with id 7 is stored, before a DNS that may keep quiet about it
 * (section 10.2), and a server that may not answer. */
static void test_stored_policies(void **state) {
    enum { DAY = 86400 };
    static const struct {
        const char *name;
        int64_t until;
        const char *id, *policy, *log, *stored;
    } rows[] = {
        {"fresh", DAY, "7", NULL, "connect b.example; ", "b.example"},
        {"the DNS keeps quiet", DAY, "", NULL, "connect b.example; ", "b.example"},
        {"it cannot be fetched", DAY, "8", NULL, "fetch mta-sts.x.example; connect b.example; ",
         "b.example"},
        {"a new one", DAY, "8", POLICY("enforce", "mx: a.example\n"),
         "fetch mta-sts.x.example; connect a.example; ", "a.example\n"},
        {"a new one of none", DAY, "8", POLICY("none", ""),
         "fetch mta-sts.x.example; connect a.example; ", ""},
        {"a day old", -1, "7", POLICY("enforce", "mx: a.example\n"),
         "fetch mta-sts.x.example; connect a.example; ", "a.example\n"},
        {"it has ended", -DAY, "", NULL, "connect a.example; ", NULL},
    };
    (void)state;
    config.delivery = NL_DIRECTLY;
    made.known = true;
    for_each_row (i, rows, rows[i].name) {
        struct nl_error err = {0};
        struct nl_sts_note note = {.policy = {NL_STS_ENFORCE, 2 * DAY, {0}}, .id = "7"};
        struct nl_buf log = {0};
        note.until = fixture->fake.now + DAY + rows[i].until;
        nl_buf_adds(&note.policy.mail_hosts, "b.example");
        assert_ok(nl_sts_note_write(fixture->store, "x.example", &note, &err));
        nl_sts_note_free(&note);
        made.sts_id = rows[i].id;
        made.policy = rows[i].policy;
        assert_ok(send_one("ann@x.example", &err));
        nl_buf_addf(&log, "%s%s", rows[i].log, LETTER "dot; ");
        assert_log(nl_buf_text(&log));
        nl_buf_free(&log);
        enum nl_status status = nl_sts_note_read(fixture->store, "x.example", &note, &err);
        assert_int_equal(status, rows[i].stored != NULL ? NL_OK : NL_NOTFOUND);
        if (status == NL_OK)
            assert_string_equal(nl_buf_text(&note.policy.mail_hosts), rows[i].stored);
        nl_sts_note_free(&note);
        nl_error_free(&err);
    }
}

/* A database that does not answer takes no policy away. */
static void test_a_policy_that_cannot_be_read(void **state) {
    struct nl_error err = {0};
    (void)state;
    config.delivery = NL_DIRECTLY;
    fixture_sql(fixture, "ALTER TABLE setting RENAME TO away");
    assert_int_not_equal(send_one("ann@x.example", &err), NL_OK);
    assert_log("");
    nl_error_free(&err);
}

/* DANE that the configuration demands (RFC 7672), also of hosts that a policy names. */
static void test_dane_is_demanded(void **state) {
    struct nl_error err = {0};
    (void)state;
    config.delivery = NL_DIRECTLY;
    config.routes[0] =
        (struct nl_route){.domain = (char *)"x.example", .by = NL_DIRECTLY, .dane = true};
    assert_fails(send_one("ann@x.example", &err), NL_UNAVAILABLE, "not signed in the DNS");
    made.secure = true;
    assert_fails(send_one("ann@x.example", &err), NL_UNAVAILABLE, "no mail host of x.example has");
    assert_log("");
    config.routes[0].domain = (char *)"y.example";
    assert_ok(send_one("ann@x.example", &err));
}

/* ---- whether a domain can be reached ---- */

static void test_reach(void **state) {
    static const struct nl_source four = {.address = (char *)"198.51.100.1"};
    static const struct nl_source six = {.address = (char *)"2001:db8::1"};
    static const struct answer refuses = {NL_TRANSPORT_REFUSED, 0};
    static const struct answer good = {NL_TRANSPORT_REPLIED, 550};
    const struct {
        const char *name;
        enum nl_route_state state;
        struct answer first, second;
        const struct nl_source *source;
        enum nl_status status;
        const char *host, *log;
    } rows[] = {
        {"the first", NL_ROUTE_FOUND, good, good, NULL, NL_OK, "a.example", "connect a.example; "},
        {"the second", NL_ROUTE_FOUND, refuses, good, NULL, NL_OK, "b.example",
         "connect a.example; connect b.example; "},
        {"none", NL_ROUTE_FOUND, refuses, refuses, NULL, NL_UNAVAILABLE, NULL,
         "connect a.example; connect b.example; "},
        {"from an address", NL_ROUTE_FOUND, good, good, &four, NL_OK, "a.example",
         "connect a.example four; "},
        {"from another family", NL_ROUTE_FOUND, good, good, &six, NL_UNAVAILABLE, NULL, ""},
        {"no host", NL_ROUTE_NONE, good, good, NULL, NL_NOTFOUND, NULL, ""},
        {"not known", NL_ROUTE_LATER, good, good, NULL, NL_TEMPFAIL, NULL, ""},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_error err = {0};
        struct nl_buf host = {0};
        nl_buf_clear(&made.log);
        made.state = rows[i].state;
        made.answers[FIRST] = rows[i].first;
        made.answers[SECOND] = rows[i].second;
        assert_int_equal(nl_send_reach(relay, "x.example", rows[i].source, &host, &err),
                         rows[i].status);
        assert_int_equal(err.status, rows[i].status);
        assert_log(rows[i].log);
        if (rows[i].host != NULL)
            assert_memory_equal(nl_buf_text(&host), rows[i].host, strlen(rows[i].host));
        else
            assert_int_equal(host.len, 0);
        nl_buf_free(&host);
        nl_error_free(&err);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_answers),          TEST(test_addresses_in_utf8),
        TEST(test_hosts_in_turn),    TEST(test_no_way),
        TEST(test_sources),          TEST(test_policies),
        TEST(test_stored_policies),  TEST(test_a_policy_that_cannot_be_read),
        TEST(test_dane_is_demanded), TEST(test_reach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
