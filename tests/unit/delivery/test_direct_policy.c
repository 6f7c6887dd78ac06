/* MTA-STS and DANE in direct delivery: when a policy is fetched, which mail hosts are left, what is
 * demanded of them, and what is counted for TLS reports. */
#include "support.h"

#include "delivery/direct.h"
#include "newsletter/base/address.h"

#include <stdio.h>
#include <stdlib.h>

enum { DAY = 86400, NOW = 1000000 };

/* A fetcher that fetches nothing: the test answers. */
static struct {
    int fetches;
    nl_sts_fetched *fetched;
    void *ctx;
} made;
static char fetcher;

enum nl_status nl_sts_fetcher_new(const char *ca_file, const char *allow_networks,
                                  struct nl_sts_fetcher **out, struct nl_error *err) {
    (void)ca_file, (void)allow_networks, (void)err;
    *out = (struct nl_sts_fetcher *)(void *)&fetcher;
    return NL_OK;
}

void nl_sts_fetcher_free(struct nl_sts_fetcher *which) {
    (void)which;
}

enum nl_status nl_sts_fetch(struct nl_sts_fetcher *which, const struct nl_mail_host *host,
                            nl_sts_fetched *fetched, void *ctx, struct nl_error *err) {
    (void)which, (void)host, (void)err;
    made.fetches++;
    made.fetched = fetched;
    made.ctx = ctx;
    return NL_OK;
}

int nl_sts_fetcher_fd(const struct nl_sts_fetcher *which) {
    (void)which;
    return -1;
}

void nl_sts_fetcher_step(struct nl_sts_fetcher *which) {
    (void)which;
}

/* ---- a route to them.example ---- */

static struct nl_config config;
static struct nl_direct direct;
static struct nl_route_to route;
static struct nl_mail_host hosts[3];
static struct nl_mail_host sts_host;
static struct nl_mail_route found;

static int set_up(void **state) {
    fixture_setup(state);
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    static const char *const names[] = {"mx1.them.example", "mx2.them.example", "mx.other.example"};
    config = (struct nl_config){.server = {.host = (char *)"relay.example", .weight = 1}};
    config.direct.tls_reports = true;
    config.direct.port = 25;
    direct = (struct nl_direct){.plan = {.store = fixture->store, .config = &config}, .now = 5000};
    assert_ok(nl_relay_new(&config, NULL, &direct.relay, &err));
    route = (struct nl_route_to){.direct = &direct, .domain = (char *)"them.example"};
    memset(hosts, 0, sizeof hosts);
    for (size_t i = 0; i < 3; i++)
        snprintf(hosts[i].name, sizeof hosts[i].name, "%s", names[i]);
    sts_host = (struct nl_mail_host){.name = "mta-sts.them.example", .address_count = 1};
    found = (struct nl_mail_route){
        .hosts = hosts, .host_count = 3, .secure = true, .sts_host = &sts_host};
    memset(&made, 0, sizeof made);
    return 0;
}

static int tear_down(void **state) {
    nl_direct_store_sessions(&direct, true);
    nl_direct_forget_policy(&route);
    nl_buf_free(&route.text);
    nl_relay_free(direct.relay);
    return fixture_teardown(state);
}

/* In the database, as another process has fetched it. */
static void write_note(struct fixture *fixture, enum nl_sts_mode mode, const char *mail_hosts,
                       int64_t max_age, int64_t until) {
    struct nl_error err = {0};
    struct nl_sts_note note = {
        .policy = {.mode = mode, .max_age = max_age}, .id = "id1", .until = until};
    nl_buf_adds(&note.policy.mail_hosts, mail_hosts);
    assert_ok(nl_sts_note_write(fixture->store, "them.example", &note, &err));
    nl_sts_note_free(&note);
    nl_direct_forget_policy(&route);
    route.policy_read = false;
}

static void answer(enum nl_sts_mode mode, const char *mail_hosts, int64_t max_age) {
    struct nl_sts_policy policy = {.mode = mode, .max_age = max_age};
    nl_buf_adds(&policy.mail_hosts, mail_hosts);
    made.fetched(&policy, NULL, made.ctx);
    nl_sts_policy_free(&policy);
}

static bool asks(const char *id) {
    snprintf(found.sts_id, sizeof found.sts_id, "%s", id);
    return nl_direct_fetch_policy(&route, &found);
}

/* ---- when a policy is fetched ---- */

static void test_when_it_is_fetched(void **state) {
    static const struct {
        const char *id;
        int64_t until; /* of the one that is known, from now on; its max_age is ten days */
        bool asks;
    } cases[] = {
        {"", 10 * DAY, false},      {"id1", 10 * DAY, false}, {"id1", 9 * DAY, false},
        {"id1", 9 * DAY - 1, true}, {"id2", 10 * DAY, true},  {"id1", 1, true},
    };
    struct fixture *fixture = *state;
    for_each_row (i, cases, cases[i].id) {
        route.fetch_not_before = 0;
        route.state = NL_TO_HOSTS;
        write_note(fixture, NL_STS_ENFORCE, "mx1.them.example", 10 * DAY, NOW + cases[i].until);
        assert_int_equal(asks(cases[i].id), cases[i].asks);
        assert_int_equal(route.state, cases[i].asks ? NL_TO_ASKING : NL_TO_HOSTS);
        assert_non_null(route.policy);
    }
    assert_int_equal(made.fetches, 3);
    /* A short one is not fetched again for each message. */
    route.fetch_not_before = 0;
    write_note(fixture, NL_STS_ENFORCE, "mx1.them.example", 100, NOW + 1);
    assert_false(asks("id1"));
    fixture->fake.now++;
    assert_true(asks("id1"));
    /* Not before five minutes have gone, and not where there is no such host. */
    direct.now += 299999;
    assert_false(asks("id2"));
    direct.now++;
    sts_host.address_count = 0;
    assert_false(asks("id2"));
    sts_host.address_count = 1;
    assert_true(asks("id2"));
    assert_int_equal(made.fetches, 5);
}

static void test_what_was_fetched(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_sts_note note = {0};
    assert_true(asks("id7"));
    answer(NL_STS_ENFORCE, "*.them.example", 2 * DAY);
    assert_int_equal(route.state, NL_TO_LATER);
    assert_int_equal(route.until, 1);
    assert_int_equal(route.policy->policy.mode, NL_STS_ENFORCE);
    assert_ok(nl_sts_note_read(fixture->store, "them.example", &note, &err));
    assert_string_equal(note.id, "id7");
    assert_int_equal(note.until, NOW + 2 * DAY);
    assert_int_equal(note.policy.max_age, 2 * DAY);
    assert_string_equal(nl_buf_text(&note.policy.mail_hosts), "*.them.example");
    nl_sts_note_free(&note);
    direct.now += 1000000;
    assert_false(asks("id7"));
    /* One that cannot be had leaves the earlier one as it is. */
    assert_true(asks("id8"));
    made.fetched(NULL, "it is away", made.ctx);
    assert_int_equal(route.state, NL_TO_LATER);
    assert_string_equal(route.policy->id, "id7");
}

/* Its domain's mail would go without it, once it has ended: sooner than in five minutes. One whose
 * id changes all the time is not fetched all the time. */
static void test_a_policy_that_does_not_hold_for_long(void **state) {
    struct fixture *fixture = *state;
    assert_true(asks("id1"));
    answer(NL_STS_ENFORCE, "*.them.example", 60);
    assert_false(asks("id1"));
    direct.now += 29999;
    assert_false(asks("id2"));
    direct.now += 30001;
    fixture->fake.now += 60;
    assert_true(asks("id1"));
    answer(NL_STS_ENFORCE, "*.them.example", DAY);
    direct.now += 299999;
    assert_false(asks("id2"));
    direct.now++;
    assert_true(asks("id2"));
}

/* ---- which hosts are left ---- */

static void test_hosts_by_policy(void **state) {
    static const struct {
        enum nl_sts_mode mode;
        int64_t until;
        const char *names;
        const char *left; /* NULL: none */
        enum nl_host_tls tls;
    } cases[] = {
        {NL_STS_ENFORCE, 1, "*.them.example", "mx1.them.example mx2.them.example ",
         NL_HOST_TLS_NAMED},
        {NL_STS_ENFORCE, 1, "mx2.them.example\nmx.other.example",
         "mx2.them.example mx.other.example ", NL_HOST_TLS_NAMED},
        {NL_STS_ENFORCE, 1, "mx3.them.example", NULL, NL_HOST_TLS_NAMED},
        {NL_STS_ENFORCE, 0, "mx3.them.example",
         "mx1.them.example mx2.them.example mx.other.example ", NL_HOST_TLS_IF_OFFERED},
        {NL_STS_TESTING, 1, "mx3.them.example",
         "mx1.them.example mx2.them.example mx.other.example ", NL_HOST_TLS_IF_OFFERED},
        {NL_STS_NONE, 1, "mx3.them.example", "mx1.them.example mx2.them.example mx.other.example ",
         NL_HOST_TLS_IF_OFFERED},
    };
    struct fixture *fixture = *state;
    (void)fixture;
    for_each_row (i, cases, cases[i].names) {
        struct nl_sts_note *note = calloc(1, sizeof *note);
        struct nl_mail_host given[3];
        struct nl_mail_route way = {.hosts = given, .host_count = 3};
        struct nl_buf left = {0};
        memcpy(given, hosts, sizeof given);
        note->policy.mode = cases[i].mode;
        note->until = NOW + cases[i].until;
        nl_buf_adds(&note->policy.mail_hosts, cases[i].names);
        nl_direct_forget_policy(&route);
        route.policy = note;
        assert_int_equal(nl_direct_apply_policy(&route, &way), cases[i].left != NULL);
        for (size_t j = 0; j < way.host_count; j++) {
            nl_buf_addf(&left, "%s ", given[j].name);
            assert_int_equal(given[j].tls, cases[i].tls);
        }
        assert_string_equal(nl_buf_text(&left), cases[i].left != NULL ? cases[i].left : "");
        nl_buf_free(&left);
    }
    nl_direct_forget_policy(&route);
    assert_true(nl_direct_apply_policy(&route, &found));
    assert_int_equal(found.host_count, 3);
}

/* A database that does not answer takes no policy away. */
static void test_a_policy_that_cannot_be_read(void **state) {
    struct fixture *fixture = *state;
    write_note(fixture, NL_STS_ENFORCE, "mx2.them.example", DAY, NOW + DAY);
    fixture_sql(fixture, "ALTER TABLE setting RENAME TO away");
    assert_false(asks("id2"));
    assert_int_equal(made.fetches, 0);
    assert_false(nl_direct_apply_policy(&route, &found));
    assert_non_null(strstr(nl_buf_text(&route.text), "database does not say whether them.example"));
    fixture_sql(fixture, "ALTER TABLE away RENAME TO setting");
    assert_true(nl_direct_apply_policy(&route, &found));
    assert_int_equal(found.host_count, 1);
    assert_string_equal(hosts[0].name, "mx2.them.example");
}

/* DANE is the stronger one; where the configuration demands it, hosts without it are left out. */
static void test_hosts_by_dane(void **state) {
    struct fixture *fixture = *state;
    write_note(fixture, NL_STS_ENFORCE, "*.them.example", DAY, NOW + DAY);
    assert_false(asks("id1"));
    hosts[1].tls = NL_HOST_TLS_DANE;
    assert_true(nl_direct_apply_policy(&route, &found));
    assert_int_equal(found.host_count, 2);
    assert_int_equal(hosts[0].tls, NL_HOST_TLS_NAMED);
    assert_int_equal(hosts[1].tls, NL_HOST_TLS_DANE);
    nl_direct_forget_policy(&route);
    config.routes[0] = (struct nl_route){.domain = (char *)"other.example", .dane = true};
    hosts[0].tls = NL_HOST_TLS_IF_OFFERED;
    found.host_count = 3;
    assert_true(nl_direct_apply_policy(&route, &found));
    assert_int_equal(found.host_count, 3);
    config.routes[0].domain = (char *)"them.example";
    hosts[2].tls = NL_HOST_TLS_ALWAYS;
    assert_true(nl_direct_apply_policy(&route, &found));
    assert_int_equal(found.host_count, 1);
    assert_string_equal(hosts[0].name, "mx2.them.example");
    hosts[0].tls = NL_HOST_TLS_IF_OFFERED;
    assert_false(nl_direct_apply_policy(&route, &found));
    assert_non_null(strstr(nl_buf_text(&route.text), "no mail host of them.example has signed"));
    /* Somebody who forges the names of the hosts has some with records of their own. */
    hosts[0].tls = NL_HOST_TLS_DANE;
    found.host_count = 1;
    assert_true(nl_direct_apply_policy(&route, &found));
    found.secure = false;
    assert_false(nl_direct_apply_policy(&route, &found));
    assert_non_null(strstr(nl_buf_text(&route.text), "hosts of them.example are not signed"));
    config.routes[0].domain = (char *)"other.example";
    found.host_count = 1;
    assert_true(nl_direct_apply_policy(&route, &found));
}

/* ---- what is counted ---- */

/* The rows, once they are stored: "KIND RESULT SERVER SESSIONS: DETAIL". */
static int64_t stored(struct fixture *fixture, const char *condition) {
    char sql[400];
    snprintf(sql, sizeof sql,
             "SELECT coalesce(sum(sessions), 0) FROM tls_session WHERE domain = 'them.example' AND "
             "%s",
             condition);
    return fixture_sql(fixture, sql);
}

static void test_counted_before_a_session(void **state) {
    struct fixture *fixture = *state;
    nl_direct_count_bogus(&direct, &route, "them.example");
    nl_direct_count_bogus(&direct, &route, "them.example");
    nl_direct_count_without_dane(&direct, &route, "mx1");
    nl_direct_count_without_dane(&direct, &route, "mx2");
    nl_direct_count_unusable_dane(&direct, &route, "mx1");
    nl_direct_count_no_policy(&direct, &route, "the policy is \xc3\xa4 mess");
    nl_direct_count_no_policy(&direct, &route, "the policy cannot be fetched");
    nl_direct_count_no_policy(&direct, &route, "timeout");
    nl_direct_store_sessions(&direct, true);
    assert_int_equal(stored(fixture, "result = 'dnssec-invalid' AND kind = 'tlsa' AND server = '' "
                                     "AND detail LIKE '%them.example is not signed%'"),
                     2);
    assert_int_equal(stored(fixture, "result = 'dane-required' AND server = 'mx1'"), 1);
    assert_int_equal(stored(fixture, "result = 'dane-required' AND server = 'mx2'"), 1);
    assert_int_equal(stored(fixture, "result = 'tlsa-invalid' AND server = 'mx1'"), 1);
    assert_int_equal(stored(fixture, "result = 'sts-policy-invalid' AND kind = 'sts' AND detail = "
                                     "'the policy is ?? mess'"),
                     1);
    assert_int_equal(stored(fixture, "result = 'sts-policy-fetch-error' AND kind = 'sts'"), 2);
    assert_int_equal(stored(fixture, "TRUE"), 8);
    /* Nobody wants to know. */
    config.direct.tls_reports = false;
    nl_direct_count_bogus(&direct, &route, "them.example");
    nl_direct_count_no_policy(&direct, &route, "timeout");
    nl_direct_store_sessions(&direct, true);
    assert_int_equal(stored(fixture, "TRUE"), 8);
}

/* A session, by the policy that held. */
static void test_counted_sessions(void **state) {
    static const struct {
        const char *tlsa;      /* of the destination; NULL: none */
        enum nl_sts_mode mode; /* of the policy; NONE: there is none */
        const char *tls;       /* of the session; "": in the clear */
        const char *condition;
    } cases[] = {
        {NULL, NL_STS_NONE, "TLSv1.3", "kind = 'no-policy-found' AND policy = '' AND result = ''"},
        {NULL, NL_STS_NONE, "",
         "kind = 'no-policy-found' AND result = 'starttls-not-supported' AND "
         "server = 'mx1.them.example' AND address = '192.0.2.1' AND source = "
         "'192.0.2.9'"},
        {"3 1 1 00", NL_STS_ENFORCE, "TLSv1.3",
         "kind = 'tlsa' AND policy = '3 1 1 00' AND result = "
         "'' AND server = ''"},
        {NULL, NL_STS_ENFORCE, "TLSv1.3",
         "kind = 'sts' AND policy = 'version: STSv1\nmode: "
         "enforce\nmx: a.example\nmx: b.example\nmax_age: 60\n'"},
        {NULL, NL_STS_TESTING, "TLSv1.3", "kind = 'sts' AND policy LIKE '%mode: testing%'"},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_transport_leg leg = {.address = "192.0.2.1", .own = "192.0.2.9", .policy = ""};
    struct nl_transport_event event = {.leg = &leg, .tls_failure = "certificate-expired"};
    assert_true(nl_ip_parse("192.0.2.1", &hosts[0].addresses[0]));
    hosts[0].address_count = 1;
    assert_ok(nl_relay_add_host(direct.relay, &hosts[0], &event.server, &err));
    for_each_row (i, cases, cases[i].condition) {
        struct nl_destination to = {.tlsa = (char *)cases[i].tlsa, .asked = &route};
        nl_direct_forget_policy(&route);
        route.policy = calloc(1, sizeof *route.policy);
        route.policy->policy.mode = cases[i].mode;
        route.policy->policy.max_age = 60;
        nl_buf_adds(&route.policy->policy.mail_hosts, "a.example\nb.example");
        route.destination = &to;
        route.state = NL_TO_HOSTS;
        snprintf(leg.tls, sizeof leg.tls, "%s", cases[i].tls);
        fixture_sql(fixture, "DELETE FROM tls_session");
        nl_direct_count_session(&direct, &route, &event);
        nl_direct_count_session(&direct, NULL, &event);
        route.state = NL_TO_RELAY;
        nl_direct_count_session(&direct, &route, &event);
        nl_direct_store_sessions(&direct, true);
        assert_int_equal(stored(fixture, cases[i].condition), 1);
        assert_int_equal(stored(fixture, "TRUE"), 1);
        event.text = "it\nfailed";
        nl_direct_count_failure(&direct, &to, &event);
        to.asked = NULL;
        nl_direct_count_failure(&direct, &to, &event);
        nl_direct_store_sessions(&direct, true);
        assert_int_equal(stored(fixture, "result = 'certificate-expired' AND detail = 'it?failed' "
                                         "AND server = 'mx1.them.example'"),
                         1);
    }
    route.destination = NULL;
}

/* Every five seconds, or at the end; and before there is no room for more. */
static void test_stored_now_and_then(void **state) {
    struct fixture *fixture = *state;
    direct.sessions_at = direct.now;
    nl_direct_store_sessions(&direct, false);
    nl_direct_count_bogus(&direct, &route, "a");
    direct.now += 4999;
    nl_direct_store_sessions(&direct, false);
    assert_int_equal(stored(fixture, "TRUE"), 0);
    direct.now++;
    nl_direct_store_sessions(&direct, false);
    assert_int_equal(stored(fixture, "TRUE"), 1);
    for (int i = 0; i < 257; i++) {
        char name[16];
        snprintf(name, sizeof name, "h%d", i);
        nl_direct_count_unusable_dane(&direct, &route, name);
    }
    assert_int_equal(stored(fixture, "TRUE"), 257);
    nl_direct_store_sessions(&direct, true);
    assert_int_equal(stored(fixture, "TRUE"), 258);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_when_it_is_fetched),
        TEST(test_what_was_fetched),
        TEST(test_a_policy_that_does_not_hold_for_long),
        TEST(test_a_policy_that_cannot_be_read),
        TEST(test_hosts_by_policy),
        TEST(test_hosts_by_dane),
        TEST(test_counted_before_a_session),
        TEST(test_counted_sessions),
        TEST(test_stored_now_and_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
