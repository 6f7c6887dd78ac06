/* The ways to domains: when the DNS is asked, what its answers mean, and which destinations they
 * make. */
#include "support.h"

#include "delivery/direct.h"
#include "newsletter/base/clock.h"
#include "newsletter/store/relay_note.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>

enum { NOW = 1000000, DAY = 86400, HOSTS = NL_MAIL_HOSTS };

/* A resolver that asks nobody: the test answers. */
static struct {
    int asked, forgotten;
    char domain[64]; /* the last one */
    nl_resolver_answer *answer;
    void *ctx;
    const void *last_forgotten;
    bool fails;
} made;
static char resolver;

enum nl_status nl_resolver_new(const struct nl_resolver_options *options, struct nl_resolver **out,
                               struct nl_error *err) {
    (void)options, (void)err;
    *out = (struct nl_resolver *)(void *)&resolver;
    return NL_OK;
}

void nl_resolver_free(struct nl_resolver *which) {
    (void)which;
}

enum nl_status nl_resolver_ask(struct nl_resolver *which, const char *domain,
                               nl_resolver_answer *answer, void *ctx, struct nl_error *err) {
    assert_ptr_equal(which, &resolver);
    made.asked++;
    made.answer = answer;
    made.ctx = ctx;
    snprintf(made.domain, sizeof made.domain, "%s", domain);
    return made.fails ? nl_error_set(err, NL_TEMPFAIL, "too many questions") : NL_OK;
}

void nl_resolver_forget(struct nl_resolver *which, const void *ctx) {
    assert_ptr_equal(which, &resolver);
    made.last_forgotten = ctx;
    made.forgotten++;
}

int nl_resolver_fd(const struct nl_resolver *which) {
    (void)which;
    return -1;
}

void nl_resolver_step(struct nl_resolver *which) {
    (void)which;
}

size_t nl_resolver_open(const struct nl_resolver *which) {
    (void)which;
    return 0;
}

enum nl_status nl_resolver_texts(struct nl_resolver *which, const char *name, struct nl_buf *out,
                                 struct nl_error *err) {
    (void)which, (void)name, (void)out;
    return nl_error_set(err, NL_TEMPFAIL, "nobody is asked");
}

enum nl_status nl_resolver_addresses(struct nl_resolver *which, const char *host,
                                     struct nl_buf *out, struct nl_error *err) {
    return nl_resolver_texts(which, host, out, err);
}

/* ---- a run that delivers directly ---- */

static struct nl_config config;
static struct nl_direct direct;
static struct nl_mail_host hosts[HOSTS];
static struct nl_mail_route found;

static int set_up(void **state) {
    fixture_setup(state);
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    config = (struct nl_config){.server = {.host = (char *)"relay.example", .weight = 1}};
    config.delivery = NL_DIRECTLY;
    config.direct.tls_reports = true;
    config.direct.port = 25;
    config.direct.connections = 10;
    direct = (struct nl_direct){.plan = {.store = fixture->store, .config = &config}, .now = 5000};
    direct.resolver = (struct nl_resolver *)(void *)&resolver;
    direct.to_relay.state = NL_TO_RELAY;
    assert_ok(nl_relay_new(&config, NULL, &direct.relay, &err));
    memset(&made, 0, sizeof made);
    memset(hosts, 0, sizeof hosts);
    found = (struct nl_mail_route){.state = NL_ROUTE_FOUND, .hosts = hosts, .ttl = 300, .text = ""};
    return 0;
}

static void close_direct(void) {
    nl_direct_store_sessions(&direct, true);
    tdestroy(direct.routes, nl_direct_route_free);
    tdestroy(direct.destinations, nl_direct_destination_free);
    nl_direct_close_places(&direct);
    nl_relay_free(direct.relay);
    free(direct.servers);
    direct = (struct nl_direct){0};
}

static int tear_down(void **state) {
    if (direct.relay != NULL)
        close_direct();
    return fixture_teardown(state);
}

static struct nl_route_to *way_to(const char *address) {
    struct nl_pending pending = {.job = {.address = (char *)address}};
    return nl_direct_route(&direct, &pending);
}

/* A host with addresses that have spaces between. */
static void add_host(const char *name, int preference, const char *addresses) {
    struct nl_mail_host *host = &hosts[found.host_count++];
    char text[100];
    *host = (struct nl_mail_host){.preference = preference};
    snprintf(host->name, sizeof host->name, "%s", name);
    snprintf(host->base, sizeof host->base, "%s", name);
    snprintf(text, sizeof text, "%s", addresses);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
        assert_true(nl_ip_parse(word, &host->addresses[host->address_count++]));
}

static void answer(void) {
    made.answer(&found, made.ctx);
}

/* The way to a domain whose mail host is this one. */
static struct nl_route_to *found_at(const char *address, const char *host) {
    struct nl_route_to *route = way_to(address);
    found.host_count = 0;
    add_host(host, 10, "192.0.2.1");
    answer();
    assert_int_equal(route->state, NL_TO_HOSTS);
    return route;
}

/* ---- when the DNS is asked ---- */

static void test_by_the_configuration(void **state) {
    static const struct {
        const char *address;
        const char *asked; /* NULL: it goes the way of the relay */
    } rows[] = {
        {"ann@direct.example", "direct.example"},
        {"ann@DIRECT.Example", "direct.example"},
        {"ann@b\xc3\xbc"
         "cher.example",
         "xn--bcher-kva.example"},
        {"ann@other.example", NULL},
        {"ann@sub.direct.example", NULL},
        {"ann", NULL},
        {"ann@", NULL},
        {"", NULL},
    };
    (void)state;
    config.delivery = NL_BY_RELAY;
    config.routes[0] = (struct nl_route){.domain = (char *)"direct.example", .by = NL_DIRECTLY};
    config.routes[1] =
        (struct nl_route){.domain = (char *)"xn--bcher-kva.example", .by = NL_DIRECTLY};
    for_each_row (i, rows, rows[i].address) {
        made.domain[0] = '\0';
        const struct nl_route_to *route = way_to(rows[i].address);
        if (rows[i].asked == NULL) {
            assert_ptr_equal(route, &direct.to_relay);
            assert_string_equal(made.domain, "");
            continue;
        }
        assert_int_equal(route->state, NL_TO_ASKING);
        assert_string_equal(route->domain, rows[i].asked);
    }
    assert_int_equal(made.asked, 2);
    assert_int_equal(made.forgotten, 0);
    config.delivery = NL_DIRECTLY;
    config.routes[0].by = NL_BY_RELAY;
    assert_ptr_equal(way_to("bob@direct.example"), &direct.to_relay);
    assert_int_equal(way_to("ann@other.example")->state, NL_TO_ASKING);
    assert_int_equal(way_to("")->state, NL_TO_RELAY);
    assert_int_equal(made.asked, 3);
}

/* One question for all recipients at a domain. */
static void test_each_domain_once(void **state) {
    struct nl_pending pending = {.job = {.address = (char *)"ann@one.example"}};
    (void)state;
    struct nl_route_to *one = nl_direct_route(&direct, &pending);
    assert_ptr_equal(pending.route, one);
    assert_int_equal(direct.gained, 1);
    pending.job.address = (char *)"ann@two.example"; /* what was found of a delivery is kept */
    assert_ptr_equal(nl_direct_route(&direct, &pending), one);
    assert_ptr_equal(way_to("bob@one.example"), one);
    assert_int_equal(made.asked, 1);
    assert_int_equal(direct.gained, 1);
    assert_ptr_not_equal(way_to("bob@two.example"), one);
    assert_string_equal(made.domain, "two.example");
    assert_int_equal(made.asked, 2);
    assert_int_equal(direct.gained, 2);
}

/* An answer is believed for as long as it says. */
static void test_when_it_is_asked_again(void **state) {
    struct nl_route_to *route = way_to("ann@them.example");
    int64_t before = nl_clock_milliseconds();
    (void)state;
    add_host("mx.them.example", 10, "192.0.2.1");
    answer();
    assert_in_range(route->until, before + 300000, nl_clock_milliseconds() + 300000);
    direct.now = route->until - 1;
    assert_int_equal(way_to("ann@them.example")->state, NL_TO_HOSTS);
    assert_int_equal(made.asked, 1);
    direct.now++;
    assert_int_equal(way_to("ann@them.example")->state, NL_TO_ASKING);
    assert_int_equal(way_to("ann@them.example")->state, NL_TO_ASKING); /* it is under way */
    assert_int_equal(made.asked, 2);
    assert_int_equal(direct.gained, 1);
    const struct nl_destination *earlier = route->destination;
    answer();
    assert_ptr_equal(route->destination, earlier);
    direct.to_relay.until = 0; /* never */
    assert_int_equal(way_to("")->state, NL_TO_RELAY);
    assert_int_equal(made.asked, 2);
}

static void test_a_question_that_cannot_be_asked(void **state) {
    (void)state;
    made.fails = true;
    struct nl_route_to *route = way_to("ann@them.example");
    assert_int_equal(route->state, NL_TO_LATER);
    assert_int_equal(route->until, direct.now + 60000);
    assert_string_equal(nl_buf_text(&route->text), "too many questions");
    direct.now = route->until;
    assert_ptr_equal(way_to("bob@them.example"), route);
    assert_int_equal(made.asked, 2);
    assert_string_equal(nl_buf_text(&route->text), "too many questions");
}

static void test_questions_under_way_are_forgotten(void **state) {
    (void)state;
    const void *route = way_to("ann@them.example");
    close_direct();
    assert_int_equal(made.forgotten, 1);
    assert_ptr_equal(made.last_forgotten, route);
}

static void test_answered_questions_are_not(void **state) {
    (void)state;
    found_at("ann@them.example", "mx.them.example");
    close_direct();
    assert_int_equal(made.forgotten, 0);
}

/* ---- answers ---- */

static void test_answers(void **state) {
    static const struct {
        enum nl_route_state state;
        const char *status, *text;
        bool no_such_domain;
        enum nl_route_to_state becomes;
        int64_t seconds; /* until it is asked again */
    } rows[] = {
        {NL_ROUTE_NONE, "5.1.2", "there is no such domain", true, NL_TO_NOBODY, 300},
        {NL_ROUTE_NONE, "5.4.4", "it has no mail host", false, NL_TO_NOBODY, 300},
        {NL_ROUTE_LATER, "", "the DNS does not answer", false, NL_TO_LATER, 60},
        {NL_ROUTE_FOUND, "", "", false, NL_TO_HOSTS, 300},
        {NL_ROUTE_LATER, "", "again", false, NL_TO_LATER, 60},
    };
    struct nl_route_to *route = way_to("ann@them.example");
    (void)state;
    add_host("mx.them.example", 10, "192.0.2.1");
    for_each_row (i, rows, rows[i].text) {
        int64_t before = nl_clock_milliseconds();
        found.state = rows[i].state;
        found.text = rows[i].text;
        found.no_such_domain = rows[i].no_such_domain;
        snprintf(found.status, sizeof found.status, "%s", rows[i].status);
        answer();
        assert_int_equal(route->state, rows[i].becomes);
        assert_int_equal(route->no_such_domain, rows[i].no_such_domain);
        assert_string_equal(route->status, rows[i].status);
        assert_string_equal(nl_buf_text(&route->text), rows[i].text);
        assert_in_range(route->until, before + rows[i].seconds * 1000,
                        nl_clock_milliseconds() + rows[i].seconds * 1000);
    }
}

static int64_t counted(struct fixture *fixture, const char *result) {
    char sql[160];
    nl_direct_store_sessions(&direct, true);
    snprintf(sql, sizeof sql,
             "SELECT coalesce(sum(sessions), 0) FROM tls_session WHERE domain = 'them.example' AND "
             "result = '%s'",
             result);
    return fixture_sql(fixture, sql);
}

/* An answer that DNSSEC proves wrong is told to the domain, also where it left other hosts. */
static void test_bogus_answers(void **state) {
    struct fixture *fixture = *state;
    struct nl_route_to *route = way_to("ann@them.example");
    add_host("mx.them.example", 10, "192.0.2.1");
    answer();
    assert_int_equal(counted(fixture, "dnssec-invalid"), 0);
    snprintf(found.bogus, sizeof found.bogus, "mx.them.example");
    answer();
    assert_int_equal(route->state, NL_TO_HOSTS);
    assert_int_equal(counted(fixture, "dnssec-invalid"), 1);
    found.state = NL_ROUTE_LATER;
    answer();
    assert_int_equal(route->state, NL_TO_LATER);
    assert_int_equal(counted(fixture, "dnssec-invalid"), 2);
}

/* A policy as the database has it, for ten days from now on. */
static void set_policy(struct nl_route_to *route, const char *mail_hosts) {
    route->policy = calloc(1, sizeof *route->policy);
    route->policy_read = true;
    route->policy->policy.mode = NL_STS_ENFORCE;
    route->policy->policy.max_age = 10 * DAY;
    route->policy->until = NOW + 10 * DAY;
    nl_buf_adds(&route->policy->policy.mail_hosts, mail_hosts);
}

/* Hosts that the domain's policy does not name get no mail; without any, it waits. */
static void test_policies(void **state) {
    struct nl_route_to *route = way_to("ann@them.example");
    (void)state;
    add_host("mx.other.example", 5, "192.0.2.1");
    add_host("mx.them.example", 10, "192.0.2.2");
    set_policy(route, "*.them.example");
    answer();
    assert_int_equal(route->state, NL_TO_HOSTS);
    assert_int_equal(route->destination->count, 1);
    assert_int_equal(route->destination->preferences[0], 10);
    assert_non_null(strstr(route->destination->key, "mx.them.example"));
    assert_int_equal(found.host_count, 2); /* the resolver's own */
    nl_direct_forget_policy(route);
    set_policy(route, "mx.nowhere.example");
    found.ttl = 3600;
    int64_t before = nl_clock_milliseconds();
    answer();
    assert_int_equal(route->state, NL_TO_LATER);
    assert_in_range(route->until, before + 60000, nl_clock_milliseconds() + 60000);
    assert_true(route->text.len > 0);
    /* A domain without a way has no hosts to look at. */
    nl_direct_forget_policy(route);
    set_policy(route, "mx.nowhere.example");
    found.state = NL_ROUTE_NONE;
    found.host_count = 0;
    found.text = "none";
    answer();
    assert_int_equal(route->state, NL_TO_NOBODY);
    assert_string_equal(nl_buf_text(&route->text), "none");
}

/* A policy that has to be fetched first: until then there is no destination. */
static void test_policies_to_be_fetched(void **state) {
    struct nl_mail_host sts = {.name = "mta-sts.them.example", .address_count = 0};
    struct nl_route_to *route = way_to("ann@them.example");
    (void)state;
    snprintf(found.sts_id, sizeof found.sts_id, "id1");
    found.sts_host = &sts;
    add_host("mx.them.example", 10, "192.0.2.1");
    assert_true(nl_ip_parse("127.0.0.1", &sts.addresses[sts.address_count++]));
    found.state = NL_ROUTE_NONE; /* a domain that takes no mail needs none */
    answer();
    assert_int_equal(route->state, NL_TO_NOBODY);
    found.state = NL_ROUTE_FOUND;
    snprintf(found.bogus, sizeof found.bogus, "mx.them.example");
    answer();
    assert_int_equal(route->state, NL_TO_ASKING);
    assert_null(route->destination);
    assert_null(direct.destinations);
    assert_int_equal(counted(*state, "dnssec-invalid"), 0); /* it is asked again */
    nl_sts_fetcher_free(direct.fetcher);
    route->state = NL_TO_LATER; /* the fetcher is gone, and answers no more */
}

/* ---- destinations ---- */

static void test_a_destination(void **state) {
    static const unsigned families[] = {NL_FAMILY_FOUR, NL_FAMILY_SIX,
                                        NL_FAMILY_SIX | NL_FAMILY_FOUR};
    struct nl_route_to *route = way_to("ann@them.example");
    (void)state;
    add_host("mx1.them.example", 10, "192.0.2.1 192.0.2.2");
    add_host("mx2.them.example", 10, "2001:db8::1");
    add_host("mx3.them.example", 20, "2001:db8::2 192.0.2.3");
    answer();
    const struct nl_destination *destination = route->destination;
    assert_int_equal(destination->first, nl_relay_count(direct.relay));
    assert_int_equal(destination->count, 3);
    for_each_row (i, families, NULL) {
        size_t server = destination->first + i;
        assert_int_equal(destination->families[i], families[i]);
        assert_int_equal(destination->preferences[i], i < 2 ? 10 : 20);
        assert_ptr_equal(direct.servers[i], destination);
        assert_string_equal(nl_relay_server(direct.relay, server)->host, hosts[i].name);
        assert_int_equal(nl_relay_per_connection(direct.relay, server), 0);
    }
    assert_int_equal(destination->usable, NL_FAMILY_SIX | NL_FAMILY_FOUR);
    assert_int_equal(destination->most, 10);
    assert_int_equal(destination->limit, 2);
    assert_string_equal(destination->place, "mx1.them.example");
    assert_string_equal(destination->limits->provider.name, "other");
    assert_null(destination->tlsa);
    assert_false(destination->down);
}

/* The provider's limits hold, as far as the configuration has no smaller ones. */
static void test_limits(void **state) {
    static const struct {
        const char *host;
        int64_t connections;       /* of the configuration, */
        int64_t own, own_messages; /* and for this provider; 0: its usual ones */
        int64_t most, limit, messages;
        const char *place;
    } rows[] = {
        {"mx.one.example", 10, 0, 0, 10, 2, 0, "mx.one.example"},
        {"mx.two.example", 1, 0, 0, 1, 1, 0, "mx.two.example"},
        {"aspmx.l.google.com", 100, 0, 0, 20, 2, 100, "google"},
        {"aspmx.l.google.com", 20, 0, 0, 20, 2, 100, "google"},
        {"aspmx.l.google.com", 5, 0, 0, 5, 2, 100, "google"},
        {"aspmx.l.google.com", 100, 3, 7, 3, 2, 7, "google"},
        {"aspmx.l.google.com", 100, 1, 0, 1, 1, 100, "google"},
        {"mx.protection.outlook.com", 100, 0, 0, 20, 2, 0, "microsoft"},
    };
    struct nl_error err = {0};
    (void)state;
    for_each_row (i, rows, rows[i].host) {
        config.direct.connections = rows[i].connections;
        config.direct.providers[0] = (struct nl_provider_limit){.name = (char *)rows[i].place,
                                                                .connections = rows[i].own,
                                                                .messages = rows[i].own_messages};
        struct nl_route_to *route = way_to("ann@them.example");
        found.host_count = 0;
        add_host(rows[i].host, 10, "192.0.2.1");
        add_host("mx.second.example", 20, "192.0.2.2");
        answer();
        const struct nl_destination *destination = route->destination;
        assert_int_equal(destination->most, rows[i].most);
        assert_int_equal(destination->limit, rows[i].limit);
        assert_string_equal(destination->place, rows[i].place);
        for (size_t j = 0; j < 2; j++)
            assert_int_equal(nl_relay_per_connection(direct.relay, destination->first + j),
                             rows[i].messages);
        struct fixture *fixture = *state;
        close_direct();
        direct = (struct nl_direct){.plan = {.store = fixture->store, .config = &config},
                                    .resolver = (struct nl_resolver *)(void *)&resolver};
        assert_ok(nl_relay_new(&config, NULL, &direct.relay, &err));
    }
}

/* TLSA records are those of the first host, where they hold. */
static void test_tlsa_records(void **state) {
    static const struct {
        enum nl_host_tls first, second;
        const char *records, *kept; /* NULL: none */
    } rows[] = {
        {NL_HOST_TLS_DANE, NL_HOST_TLS_IF_OFFERED, "3 1 1 AB", "3 1 1 AB"},
        {NL_HOST_TLS_IF_OFFERED, NL_HOST_TLS_DANE, "3 1 1 AC", NULL},
        {NL_HOST_TLS_ALWAYS, NL_HOST_TLS_IF_OFFERED, "3 1 1 AD", NULL},
    };
    (void)state;
    for_each_row (i, rows, rows[i].records) {
        char address[32];
        char records[80];
        snprintf(address, sizeof address, "ann@d%zu.example", i);
        snprintf(records, sizeof records,
                 "%s00000000000000000000000000000000000000000000000000000000000000",
                 rows[i].records);
        struct nl_route_to *route = way_to(address);
        found.host_count = 0;
        add_host("mx1.them.example", 10, "192.0.2.1");
        add_host("mx2.them.example", 20, "192.0.2.2");
        hosts[0].tls = rows[i].first;
        hosts[1].tls = rows[i].second;
        hosts[0].tlsa = hosts[1].tlsa = records;
        answer();
        if (rows[i].kept == NULL) {
            assert_null(route->destination->tlsa);
            continue;
        }
        assert_string_equal(route->destination->tlsa, records);
        assert_ptr_not_equal(route->destination->tlsa, records);
    }
}

/* Domains with the same hosts have one destination, and what is known of it. */
static void test_shared_hosts(void **state) {
    (void)state;
    const struct nl_destination *one = found_at("ann@one.example", "mx.them.example")->destination;
    assert_ptr_equal(found_at("ann@two.example", "mx.them.example")->destination, one);
    assert_int_equal(one->count, 1);
    const struct nl_destination *three =
        found_at("ann@three.example", "mx.other.example")->destination;
    assert_ptr_not_equal(three, one);
    assert_int_equal(three->first, one->first + 1); /* the second domain has made no server */
    assert_ptr_equal(direct.servers[0], one);
    assert_ptr_equal(direct.servers[1], three);
    /* Another address is another machine. */
    struct nl_route_to *four = way_to("ann@four.example");
    found.host_count = 0;
    add_host("mx.them.example", 10, "192.0.2.9");
    answer();
    assert_ptr_not_equal(four->destination, one);
    assert_ptr_equal(found_at("ann@five.example", "mx.them.example")->destination, one);
}

/* A provider's destinations share what it takes. */
static void test_shared_places(void **state) {
    (void)state;
    const struct nl_destination *one = found_at("ann@one.example", "mx1.google.com")->destination;
    const struct nl_destination *two = found_at("ann@two.example", "mx2.google.com")->destination;
    assert_ptr_not_equal(one, two);
    assert_ptr_equal(one->limits, two->limits);
}

/* The findings of an earlier run hold on. */
static void test_what_was_found_earlier(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    const struct nl_relay_pace pace = {
        .connections = 4, .window = 1, .held_back = NL_HELD_BACK_RELAY};
    assert_ok(nl_relay_pace_write(fixture->store, "direct mx.them.example 192.0.2.1", &pace, &err));
    const struct nl_destination *known =
        found_at("ann@one.example", "mx.them.example")->destination;
    assert_int_equal(known->limit, 4);
    assert_true(known->pushed_back);
    assert_int_equal(known->grow_at, direct.now + 60000);
    assert_int_equal(found_at("ann@two.example", "mx2.them.example")->destination->limit, 2);
}

/* Each server leads to its destination, however many there are. */
static void test_many_hosts(void **state) {
    enum { DOMAINS = 14 }; /* 14 * 16 servers: the room for them grows twice */
    const struct nl_destination *made_of[DOMAINS];
    (void)state;
    for (size_t i = 0; i < DOMAINS; i++) {
        char text[64];
        snprintf(text, sizeof text, "ann@d%zu.example", i);
        struct nl_route_to *route = way_to(text);
        found.host_count = 0;
        for (int j = 0; j < HOSTS; j++) {
            snprintf(text, sizeof text, "mx%d.d%zu.example", j, i);
            add_host(text, j, "192.0.2.1");
        }
        answer();
        assert_int_equal(route->state, NL_TO_HOSTS);
        made_of[i] = route->destination;
    }
    for (size_t i = 0; i < (size_t)DOMAINS * HOSTS; i++)
        assert_ptr_equal(direct.servers[i], made_of[i / HOSTS]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_by_the_configuration),
        TEST(test_each_domain_once),
        TEST(test_when_it_is_asked_again),
        TEST(test_a_question_that_cannot_be_asked),
        TEST(test_questions_under_way_are_forgotten),
        TEST(test_answered_questions_are_not),
        TEST(test_answers),
        TEST(test_bogus_answers),
        TEST(test_policies),
        TEST(test_policies_to_be_fetched),
        TEST(test_a_destination),
        TEST(test_limits),
        TEST(test_tlsa_records),
        TEST(test_shared_hosts),
        TEST(test_shared_places),
        TEST(test_what_was_found_earlier),
        TEST(test_many_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
