/* SMTP TLS reports on their way: who asks for them, and when a day is done with. The DNS is
 * made. */
#include "support.h"

#include "newsletter/db/sql.h"
#include "newsletter/delivery/tls_reports.h"
#include "newsletter/resolve/resolver.h"
#include "newsletter/smtp/relay.h"
#include "newsletter/store/tls_session.h"

#include <stdio.h>

enum { NOW = 1000000, DAY = 86400 }; /* 1970-01-12, 13:46:40 */

static struct {
    struct nl_config config;
    struct nl_relay *relay;
    volatile sig_atomic_t stop;
    struct nl_service service;
    enum nl_status dns;
    const char *texts, *addresses;
    struct nl_buf asked;  /* names, each with a blank */
    int64_t clock, takes; /* milliseconds: now, and until the DNS has found an address */
} made;

int64_t nl_clock_milliseconds(void) {
    return made.clock;
}

int64_t nl_clock_nanoseconds(void) {
    return made.clock * 1000000;
}

enum nl_status nl_resolver_new(const struct nl_resolver_options *options, struct nl_resolver **out,
                               struct nl_error *err) {
    (void)options, (void)err;
    *out = (struct nl_resolver *)(void *)&made;
    return NL_OK;
}

void nl_resolver_free(struct nl_resolver *resolver) {
    (void)resolver;
}

enum nl_status nl_resolver_texts(struct nl_resolver *resolver, const char *name, struct nl_buf *out,
                                 struct nl_error *err) {
    (void)resolver;
    nl_buf_addf(&made.asked, "%s ", name);
    if (made.dns != NL_OK)
        return nl_error_set(err, made.dns, "the DNS does not say");
    nl_buf_adds(out, made.texts);
    return NL_OK;
}

enum nl_status nl_resolver_addresses(struct nl_resolver *resolver, const char *host,
                                     struct nl_buf *out, struct nl_error *err) {
    (void)resolver, (void)err;
    nl_buf_addf(&made.asked, "%s ", host);
    made.clock += made.takes;
    nl_buf_adds(out, made.addresses);
    return NL_OK;
}

static int set_up(void **state) {
    struct nl_error err = {0};
    fixture_setup(state);
    struct fixture *fixture = *state;
    memset(&made, 0, sizeof made);
    made.texts = made.addresses = "";
    made.config.delivery = NL_DIRECTLY;
    made.config.direct.tls_reports = true;
    made.config.bounce_address = (char *)"bounces@our.example";
    made.config.smtp.timeout = 60;
    made.config.server.host = (char *)"relay.example";
    assert_ok(nl_relay_new(&made.config, NULL, &made.relay, &err));
    made.service = (struct nl_service){
        .store = fixture->store, .config = &made.config, .relay = made.relay, .stop = &made.stop};
    return 0;
}

static int tear_down(void **state) {
    nl_relay_free(made.relay);
    nl_buf_free(&made.asked);
    return fixture_teardown(state);
}

/* Counts a session with a domain today. */
static void add(struct fixture *fixture, const char *domain) {
    struct nl_error err = {0};
    const struct nl_tls_session session = {.domain = domain,
                                           .kind = "no-policy-found",
                                           .policy = "",
                                           .result = "",
                                           .server = "",
                                           .address = "",
                                           .source = "",
                                           .detail = "",
                                           .count = 1};
    assert_ok(nl_tls_sessions_add(fixture->store, &session, 1, &err));
}

static void step(void) {
    struct nl_error err = {0};
    nl_buf_clear(&made.asked);
    assert_ok(nl_tls_reports_send(&made.service, &err));
}

static int64_t rows_left(struct fixture *fixture) {
    return fixture_sql(fixture, "SELECT count(*) FROM tls_session");
}

static enum nl_status add_address(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s ", nl_sql_text(row, 0));
    return NL_OK;
}

/* The addresses that mails are queued for, in this order. */
static void assert_mails(struct fixture *fixture, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf found = {0};
    assert_ok(nl_sql_each(fixture->store, &err, add_address, &found,
                          "SELECT address FROM staff_mail ORDER BY id", NL_NO_VALUES));
    assert_string_equal(nl_buf_text(&found), expected);
    nl_buf_free(&found);
    fixture_sql(fixture, "DELETE FROM staff_mail");
}

/* ---- who asks ---- */

#define X100                                                                                       \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxxxxxx"

/* Section 3 of RFC 8460. A domain that does not ask is told nothing, and the day is done with. */
static void test_records(void **state) {
    static const struct {
        const char *texts, *mails;
    } rows[] = {
        {"", ""},
        {"v=TLSRPTv1; rua=mailto:a@r.example\n", "a@r.example "},
        {"v=TLSRPTv1;rua=mailto:a@r.example", "a@r.example "},
        {"v=TLSRPTv1 ;\trua=mailto:a@r.example;", "a@r.example "},
        {"v=TLSRPTv1; x=1; rua=mailto:a@r.example; y=2\n", "a@r.example "},
        {"v=TLSRPTv1; rua=mailto:a@r.example,mailto:b@r.example\n", "a@r.example b@r.example "},
        {"v=TLSRPTv1; rua= , mailto:a@r.example \t,\t mailto:b@r.example ; z=mailto:c@r.example\n",
         "a@r.example b@r.example "},
        {"v=TLSRPTv1; rua=mailto:a@r.example,mailto:b@r.example,mailto:c@r.example,mailto:d@r."
         "example,mailto:e@r.example\n",
         "a@r.example b@r.example c@r.example d@r.example "},
        {"v=TLSRPTv1; rua=MAILTO:a@r.example\n", "a@r.example "},
        {"v=TLSRPTv1; rua=mailto:a@r.example?subject=x,mailto:b@r.example!10m\n",
         "a@r.example b@r.example "},
        {"v=TLSRPTv1; rua=mailto:a,mailto:b@r.example\n", "b@r.example "},
        {"v=TLSRPTv1; rua=mailto:a@r.example?" X100 X100 X100 X100 X100 ",mailto:b@r.example\n",
         "b@r.example "},
        {"v=spf1 -all\nv=TLSRPTv1; rua=mailto:a@r.example\nx\n", "a@r.example "},
        {"v=TLSRPTv1; rua=mailto:a@r.example\nv=TLSRPTv1; rua=mailto:b@r.example\n", ""},
        {"v=TLSRPTv1; rua=mailto:a@r.example\nv=TLSRPTv1\n", "a@r.example "},
        {"v=TLSRPTv10; rua=mailto:a@r.example\nv=TLSRPTv1; rua=mailto:b@r.example\n",
         "b@r.example "},
        {"v=TLSRPTv10; rua=mailto:a@r.example\n", ""},
        {"v=TLSRPTv1\n", ""},
        {"v=TLSRPTv1; rub=mailto:a@r.example\n", ""},
        {"v=TLSRPTv1 rua=mailto:a@r.example\n", ""},
        {"v=TLSRPTv2; rua=mailto:a@r.example\n", ""},
        {"V=TLSRPTv1; rua=mailto:a@r.example\n", ""},
        {"v=TLSRPTv1; rua=http://r.example/, ftp:a@r.example\n", ""},
    };
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].texts) {
        add(fixture, "x.example");
        fixture->fake.now += DAY;
        made.texts = rows[i].texts;
        step();
        assert_string_equal(nl_buf_text(&made.asked), "_smtp._tls.x.example ");
        assert_mails(fixture, rows[i].mails);
        assert_int_equal(rows_left(fixture), 0);
    }
}

/* The mail has the report, and comes from the address that reports name as a contact. */
static void test_mails(void **state) {
    struct fixture *fixture = *state;
    add(fixture, "x.example");
    fixture->fake.now += DAY;
    made.texts = "v=TLSRPTv1; rua=mailto:a@r.example\n";
    step();
    assert_int_equal(fixture_sql(fixture,
                                 "SELECT count(*) FROM staff_mail WHERE about = 'tls report "
                                 "1970-01-12 x.example a@r.example' AND sender = "
                                 "'bounces@our.example' AND CAST(message AS TEXT) LIKE "
                                 "'%To: <a@r.example>%' AND CAST(message AS TEXT) LIKE "
                                 "'%TLS-Report-Domain: x.example%'"),
                     1);
}

/* ---- over https ---- */

/* A report that nobody has taken stays. A network of our own is not reached. */
static void test_posts_that_fail(void **state) {
    static const struct {
        const char *places, *addresses, *asked, *mails;
    } rows[] = {
        {"https://r.example/", "", "r.example ", ""},
        {"HTTPS://r.example:8443/", "127.0.0.1", "r.example ", ""},
        {"https:// /", "127.0.0.1", "", ""},
        {"https://r.example/,https://s.example/", "127.0.0.1", "r.example s.example ", ""},
        {"https://r.example/,mailto:a@r.example", "127.0.0.1", "r.example ", "a@r.example "},
        {"mailto:a@r.example,https://r.example/", "127.0.0.1", "r.example ", "a@r.example "},
    };
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].places) {
        char texts[200];
        char asked[100];
        fixture_sql(fixture, "DELETE FROM tls_session");
        add(fixture, "x.example");
        fixture->fake.now += DAY;
        snprintf(texts, sizeof texts, "v=TLSRPTv1; rua=%s\n", rows[i].places);
        snprintf(asked, sizeof asked, "_smtp._tls.x.example %s", rows[i].asked);
        made.texts = texts;
        made.addresses = rows[i].addresses;
        step();
        assert_string_equal(nl_buf_text(&made.asked), asked);
        assert_mails(fixture, rows[i].mails);
        assert_int_equal(rows_left(fixture), 1);
    }
}

/* Mail waits while reports are sent: places that do not answer are left alone after a while. */
static void test_slow_places(void **state) {
    static const struct {
        int64_t takes;
        const char *asked;
    } rows[] = {
        {4000, "_smtp._tls.x.example a.example b.example c.example d.example _smtp._tls.y.example "
               "a.example "},
        {10000, "_smtp._tls.x.example a.example b.example "},
        {20000, "_smtp._tls.x.example a.example "},
    };
    struct fixture *fixture = *state;
    made.texts = "v=TLSRPTv1; rua=https://a.example/,https://b.example/,https://c.example/,"
                 "https://d.example/\n";
    for_each_row (i, rows, rows[i].asked) {
        fixture_sql(fixture, "DELETE FROM tls_session");
        add(fixture, "x.example");
        add(fixture, "y.example");
        fixture->fake.now += DAY;
        made.takes = rows[i].takes;
        step();
        assert_string_equal(nl_buf_text(&made.asked), rows[i].asked);
        assert_int_equal(rows_left(fixture), 2);
    }
}

/* ---- when ---- */

/* A day is over at midnight (UTC). Where nothing can be sent, or nobody knows whether somebody
 * asks, its reports are tried for two more days. */
static void test_gives_up_after_two_days(void **state) {
    enum { MIDNIGHT = 12 * DAY };
    static const struct {
        int64_t now;
        bool asked, left;
    } rows[] = {
        {MIDNIGHT - 1, false, true},
        {MIDNIGHT, true, true},
        {MIDNIGHT + 2 * DAY, true, true},
        {MIDNIGHT + 2 * DAY + 1, true, false},
    };
    static const enum nl_status answers[] = {NL_TEMPFAIL, NL_UNAVAILABLE, NL_OK};
    struct fixture *fixture = *state;
    made.texts = "v=TLSRPTv1; rua=https://r.example/\n";
    for (size_t answer = 0; answer < sizeof answers / sizeof answers[0]; answer++) {
        made.dns = answers[answer];
        fixture->fake.now = NOW;
        add(fixture, "x.example");
        for_each_row (i, rows, NULL) {
            fixture_sql(fixture, "DELETE FROM setting WHERE key LIKE 'tls report %'");
            fixture->fake.now = rows[i].now;
            step();
            assert_int_equal(made.asked.len > 0, rows[i].asked);
            assert_int_equal(rows_left(fixture), rows[i].left);
        }
    }
}

/* A report that was not taken is tried again after an hour. */
static void test_tries_once_in_an_hour(void **state) {
    static const struct {
        int64_t seconds;
        bool asked;
    } rows[] = {{0, true}, {3599, false}, {3600, true}, {7199, false}, {7200, true}};
    struct fixture *fixture = *state;
    made.texts = "v=TLSRPTv1; rua=https://r.example/\n";
    made.dns = NL_TEMPFAIL;
    add(fixture, "x.example");
    const int64_t first = fixture->fake.now + DAY;
    for_each_row (i, rows, NULL) {
        fixture->fake.now = first + rows[i].seconds;
        step();
        assert_int_equal(made.asked.len > 0, rows[i].asked);
        assert_int_equal(rows_left(fixture), 1);
    }
}

/* A failure of another kind ends the call. */
static void test_failures(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    add(fixture, "x.example");
    add(fixture, "y.example");
    fixture->fake.now += 9 * DAY;
    made.dns = NL_CONFIG;
    assert_fails(nl_tls_reports_send(&made.service, &err), NL_CONFIG, "does not say");
    assert_string_equal(nl_buf_text(&made.asked), "_smtp._tls.x.example ");
    assert_int_equal(rows_left(fixture), 2);
}

static void test_nothing_is_asked(void **state) {
    struct fixture *fixture = *state;
    add(fixture, "x.example");
    fixture->fake.now += DAY;
    made.config.direct.tls_reports = false;
    step();
    assert_int_equal(made.asked.len, 0);
    made.config.direct.tls_reports = true;
    made.config.delivery = NL_BY_RELAY;
    step();
    assert_int_equal(made.asked.len, 0);
    made.config.delivery = NL_DIRECTLY;
    made.config.bounce_address = NULL;
    step();
    assert_int_equal(made.asked.len, 0);
    made.config.bounce_address = (char *)"bounces@our.example";
    made.stop = 1;
    step();
    assert_int_equal(made.asked.len, 0);
    made.stop = 0;
    step();
    assert_string_equal(nl_buf_text(&made.asked), "_smtp._tls.x.example ");
}

/* The next call goes on. */
static void test_so_many_at_once(void **state) {
    enum { DOMAINS = 200, MORE = 3 };
    struct fixture *fixture = *state;
    for (int i = 0; i < DOMAINS + MORE; i++) {
        char domain[40];
        snprintf(domain, sizeof domain, "d%d.example", i);
        add(fixture, domain);
    }
    fixture->fake.now += DAY;
    step();
    assert_int_equal(rows_left(fixture), MORE);
    step();
    assert_int_equal(rows_left(fixture), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_records),
        TEST(test_mails),
        TEST(test_posts_that_fail),
        TEST(test_slow_places),
        TEST(test_gives_up_after_two_days),
        TEST(test_tries_once_in_an_hour),
        TEST(test_failures),
        TEST(test_nothing_is_asked),
        TEST(test_so_many_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
