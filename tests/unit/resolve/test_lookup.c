/* Questions for a route: when they are given up, and what their answers mean together. No question
 * leaves the process. */
#include "newsletter/base/clock.h"
#include "resolve/made_lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECOND = 1000,
    POLICY_FIRST = 1 + 3 * NL_POLICY_HOST, /* AAAA, A and TXT of a policy's host */
    FULL = 100,                            /* lookups under way: another one waits */
};

static struct lookup *new_lookup(struct nl_resolver *resolver) {
    struct lookup *lookup = made_lookup(resolver);
    snprintf(lookup->domain, sizeof lookup->domain, "asked.example");
    lookup->begun = true;
    return lookup;
}

static void open_question(struct lookup *lookup, size_t number, size_t host) {
    lookup->questions[number] = (struct question){.lookup = lookup, .host = host, .open = true};
    lookup->open++;
}

/* ---- all questions have ended ---- */

static const struct conclusion {
    /* A letter for each host: "-" has no address, "u" has one, "s" a signed one; "w" and "x" are
     * those two where a question for an address has no answer yet. */
    const char *hosts;
    bool failed, refused, implicit;
    enum nl_route_state state;
    const char *kept; /* the numbers of hosts */
    const char *status;
    bool no_such_domain;
} conclusions[] = {
    {"uu", false, false, false, NL_ROUTE_FOUND, "01", "", false},
    {"-u-", false, false, false, NL_ROUTE_FOUND, "1", "", false},
    {"u-u", true, true, true, NL_ROUTE_FOUND, "02", "", false},
    {"s", false, false, false, NL_ROUTE_FOUND, "0", "", false},
    {"w", true, false, false, NL_ROUTE_FOUND, "0", "", false},
    /* Its TLSA records were not asked for, and may be there. */
    {"xu", true, false, false, NL_ROUTE_FOUND, "1", "", false},
    {"x", true, false, false, NL_ROUTE_LATER, "", "", false},
    {"-", true, false, false, NL_ROUTE_LATER, "", "", false},
    {"-", true, true, true, NL_ROUTE_LATER, "", "", false},
    {"-", false, true, false, NL_ROUTE_NONE, "", "5.4.6", false},
    {"-", false, true, true, NL_ROUTE_NONE, "", "5.4.6", false},
    {"-", false, false, true, NL_ROUTE_NONE, "", "5.1.2", true},
    {"--", false, false, false, NL_ROUTE_NONE, "", "5.4.4", false},
};

static void assert_conclusion(size_t row, bool secure) {
    const struct conclusion *as = &conclusions[row];
    struct lookup *lookup = new_lookup(NULL);
    struct nl_mail_route *route = &lookup->route;
    char kept[4] = "";
    route->secure = secure;
    route->host_count = strlen(as->hosts);
    lookup->failed = as->failed;
    lookup->refused = as->refused;
    lookup->implicit = as->implicit;
    for (size_t i = 0; i < route->host_count; i++) {
        char kind = as->hosts[i];
        lookup->hosts[i] = (struct nl_mail_host){.address_count = kind != '-',
                                                 .secure = kind == 's' || kind == 'x',
                                                 .tlsa = strdup("3 1 1 00\n")};
        lookup->hosts[i].name[0] = (char)('0' + i);
        lookup->waits[i] = kind == 'w' || kind == 'x';
    }
    nl_lookup_conclude(lookup);
    for (size_t i = 0; i < route->host_count; i++) {
        kept[i] = lookup->hosts[i].name[0];
        assert_string_equal(lookup->hosts[i].tlsa, "3 1 1 00\n");
        if (secure)
            assert_string_equal(lookup->hosts[i].next_hop, "asked.example");
        else
            assert_null(lookup->hosts[i].next_hop);
    }
    if (route->state != as->state || strcmp(kept, as->kept) != 0 ||
        strcmp(route->status, as->status) != 0 || route->no_such_domain != as->no_such_domain)
        fail_msg("row %zu: %d, hosts \"%s\", status \"%s\"", row, (int)route->state, kept,
                 route->status);
    nl_lookup_free(lookup);
}

static void test_what_answers_mean_together(void **state) {
    (void)state;
    for (size_t row = 0; row < sizeof conclusions / sizeof conclusions[0]; row++) {
        assert_conclusion(row, false);
        assert_conclusion(row, true);
    }
}

static void test_a_domain_that_has_no_way_keeps_its_reason(void **state) {
    struct lookup *lookup = new_lookup(NULL);
    (void)state;
    lookup->route.state = NL_ROUTE_NONE;
    lookup->failed = true;
    memcpy(lookup->route.status, "5.1.10", sizeof "5.1.10");
    nl_lookup_conclude(lookup);
    assert_int_equal(lookup->route.state, NL_ROUTE_NONE);
    assert_string_equal(lookup->route.status, "5.1.10");
    nl_lookup_free(lookup);
}

static void test_the_host_of_a_policy_is_apart(void **state) {
    struct lookup *lookup = new_lookup(NULL);
    (void)state;
    snprintf(lookup->hosts[NL_POLICY_HOST].name, NL_MAIL_NAME, "mta-sts.asked.example");
    lookup->hosts[0].address_count = 1;
    lookup->route.host_count = 1;
    nl_lookup_conclude(lookup);
    assert_ptr_equal(lookup->route.sts_host, &lookup->hosts[NL_POLICY_HOST]);
    assert_int_equal(lookup->route.host_count, 1);
    nl_lookup_free(lookup);
}

/* ---- questions that have no answer ---- */

static void test_only_a_policy_is_asked_for(void **state) {
    static const struct {
        size_t open[2]; /* numbers of questions */
        size_t count;
        bool policy;
    } cases[] = {
        {{POLICY_FIRST}, 1, true},
        {{POLICY_FIRST + 1}, 1, true},
        {{POLICY_FIRST + 2}, 1, true},
        {{POLICY_FIRST, POLICY_FIRST + 1}, 2, true},
        {{0}, 1, false},
        {{POLICY_FIRST - 1}, 1, false}, /* TLSA of the last host that there is room for */
        {{0, POLICY_FIRST + 2}, 2, false},
        {{POLICY_FIRST - 1, POLICY_FIRST}, 2, false},
    };
    (void)state;
    for (size_t row = 0; row < sizeof cases / sizeof cases[0]; row++) {
        struct lookup *lookup = new_lookup(NULL);
        for (size_t i = 0; i < cases[row].count; i++)
            open_question(lookup, cases[row].open[i], 0);
        if (nl_lookup_is_for_policy(lookup) != cases[row].policy)
            fail_msg("row %zu", row);
        assert_false(nl_lookup_is_over(lookup));
        nl_lookup_free(lookup);
    }
}

static void test_a_lookup_that_has_not_begun_is_not_over(void **state) {
    struct lookup *lookup = new_lookup(NULL);
    (void)state;
    assert_true(nl_lookup_is_over(lookup));
    lookup->begun = false;
    assert_false(nl_lookup_is_over(lookup));
    nl_lookup_free(lookup);
}

static struct nl_resolver *new_resolver(void) {
    const struct nl_resolver_options options = {.servers = "127.0.0.1:9", .port = 25};
    struct nl_resolver *resolver = NULL;
    struct nl_error err = {0};
    if (nl_resolver_new(&options, &resolver, &err) != NL_OK)
        fail_msg("%s", nl_error_text(&err));
    return resolver;
}

static void test_questions_that_are_given_up(void **state) {
    static const struct {
        size_t number, host;
        bool failed, left_out;
    } cases[] = {
        {0, 0, true, false},         /* MX */
        {1 + 3 * 1, 1, true, false}, /* AAAA */
        {2 + 3 * 1, 1, true, false}, /* A */
        {3 + 3 * 1, 1, true, true},  /* TLSA: RFC 7672 section 2.1.1 */
        {3 + 3 * (NL_MAIL_HOSTS - 1), NL_MAIL_HOSTS - 1, true, true},
        {POLICY_FIRST, NL_POLICY_HOST, false, false}, /* a policy decides nothing here */
        {POLICY_FIRST + 2, NL_POLICY_HOST, false, false},
    };
    struct nl_resolver *resolver = new_resolver();
    (void)state;
    for (size_t row = 0; row < sizeof cases / sizeof cases[0]; row++) {
        struct lookup *lookup = new_lookup(resolver);
        for (size_t i = 0; i <= NL_POLICY_HOST; i++)
            lookup->hosts[i].address_count = 2;
        open_question(lookup, cases[row].number, cases[row].host);
        nl_lookup_give_up(lookup);
        assert_true(nl_lookup_is_over(lookup));
        assert_false(lookup->questions[cases[row].number].open);
        if (lookup->failed != cases[row].failed)
            fail_msg("row %zu", row);
        assert_string_equal(
            nl_buf_text(&lookup->why),
            cases[row].failed ? "asking the DNS for asked.example failed: no answer in time" : "");
        for (size_t i = 0; i <= NL_POLICY_HOST; i++)
            assert_int_equal(lookup->hosts[i].address_count,
                             cases[row].left_out && i == cases[row].host ? 0 : 2);
        nl_lookup_free(lookup);
    }
    nl_resolver_free(resolver);
}

/* ---- routes that are waited for ---- */

struct heard {
    size_t count;
    enum nl_route_state state;
    size_t hosts;
    char text[128];
};

static void hear(const struct nl_mail_route *route, void *ctx) {
    struct heard *heard = ctx;
    heard->count++;
    heard->state = route->state;
    heard->hosts = route->host_count;
    snprintf(heard->text, sizeof heard->text, "%s", route->text);
}

/* A route with one host, whose questions have been open for a while. */
static struct lookup *ask(struct nl_resolver *resolver, struct heard *heard, int64_t left) {
    struct lookup *lookup = new_lookup(resolver);
    lookup->answer = hear;
    lookup->ctx = heard;
    lookup->deadline = nl_clock_milliseconds() + left;
    lookup->hosts[0].address_count = 1;
    lookup->route.host_count = 1;
    *resolver->last = lookup;
    resolver->last = &lookup->next;
    resolver->count++;
    resolver->under_way++;
    return lookup;
}

static void test_a_route_is_waited_for_until_its_time_is_over(void **state) {
    static const struct {
        int64_t left;    /* milliseconds of 30 seconds */
        size_t question; /* the one that is open */
        bool over;
    } cases[] = {
        {-SECOND, 1, true},
        {10 * SECOND, 1, false},
        {25 * SECOND, 1, false},
        {25 * SECOND, POLICY_FIRST, false}, /* asked 5 s ago */
        {15 * SECOND, POLICY_FIRST, true},  /* 15 s ago */
        {-SECOND, POLICY_FIRST, true},
    };
    enum { CASES = sizeof cases / sizeof cases[0] };
    struct nl_resolver *resolver = new_resolver();
    struct heard heard[CASES] = {{0}};
    size_t left = CASES;
    (void)state;
    for (size_t i = 0; i < CASES; i++)
        open_question(ask(resolver, &heard[i], cases[i].left), cases[i].question,
                      cases[i].question == 1 ? 0 : NL_POLICY_HOST);
    nl_resolver_step(resolver);
    for (size_t i = 0; i < CASES; i++) {
        left -= cases[i].over;
        if (heard[i].count != cases[i].over)
            fail_msg("row %zu", i);
        if (cases[i].over)
            assert_true(heard[i].state == NL_ROUTE_FOUND && heard[i].hosts == 1);
    }
    assert_int_equal(nl_resolver_open(resolver), left);
    assert_int_equal(resolver->under_way, left);
    nl_resolver_free(resolver);
}

static void test_a_route_that_nobody_answers_is_for_later(void **state) {
    struct nl_resolver *resolver = new_resolver();
    struct heard heard = {0};
    (void)state;
    struct lookup *lookup = ask(resolver, &heard, -SECOND);
    lookup->route.host_count = 0;
    open_question(lookup, 0, 0);
    nl_resolver_step(resolver);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.state, NL_ROUTE_LATER);
    assert_string_equal(heard.text, "asking the DNS for asked.example failed: no answer in time");
    nl_resolver_free(resolver);
}

/* Wherever the one that has ended stood, those before and after it stay, and another comes
 * last. */
static void test_routes_that_are_still_open_stay_in_order(void **state) {
    (void)state;
    for (size_t ended = 0; ended < 3; ended++) {
        struct nl_resolver *resolver = new_resolver();
        struct heard heard[4] = {{0}};
        struct nl_error err = {0};
        struct lookup *at = NULL;
        for (size_t i = 0; i < 3; i++)
            open_question(ask(resolver, &heard[i], i == ended ? -SECOND : 10 * SECOND), 1, 0);
        nl_resolver_step(resolver);
        resolver->under_way = FULL;
        assert_int_equal(nl_resolver_ask(resolver, "fourth.example", hear, &heard[3], &err), NL_OK);
        at = resolver->first;
        for (size_t i = 0; i < 4; i++) {
            if (i == ended)
                continue;
            assert_non_null(at);
            assert_ptr_equal(at->ctx, &heard[i]);
            at = at->next;
        }
        assert_null(at);
        assert_int_equal(nl_resolver_open(resolver), 3);
        nl_resolver_free(resolver);
    }
}

static void test_routes_that_are_forgotten_are_not_told(void **state) {
    struct nl_resolver *resolver = new_resolver();
    struct heard kept = {0};
    struct heard forgotten = {0};
    (void)state;
    ask(resolver, &forgotten, SECOND);
    ask(resolver, &kept, SECOND);
    ask(resolver, &forgotten, SECOND);
    nl_resolver_forget(resolver, &forgotten);
    nl_resolver_step(resolver);
    assert_int_equal(kept.count, 1);
    assert_int_equal(forgotten.count, 0);
    assert_int_equal(nl_resolver_open(resolver), 0);
    nl_resolver_free(resolver);
}

static void test_domains_that_are_too_long_are_not_asked_for(void **state) {
    struct nl_resolver *resolver = new_resolver();
    struct heard heard = {0};
    struct nl_error err = {0};
    char domain[NL_MAIL_NAME + 1];
    (void)state;
    resolver->under_way = FULL;
    memset(domain, 'a', NL_MAIL_NAME);
    domain[NL_MAIL_NAME] = '\0';
    assert_int_equal(nl_resolver_ask(resolver, domain, hear, &heard, &err), NL_DATA);
    assert_int_equal(nl_resolver_open(resolver), 0);
    domain[NL_MAIL_NAME - 1] = '\0';
    assert_int_equal(nl_resolver_ask(resolver, domain, hear, &heard, &err), NL_OK);
    assert_string_equal(resolver->first->domain, domain);
    nl_error_free(&err);
    nl_resolver_free(resolver);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_answers_mean_together),
        cmocka_unit_test(test_a_domain_that_has_no_way_keeps_its_reason),
        cmocka_unit_test(test_the_host_of_a_policy_is_apart),
        cmocka_unit_test(test_only_a_policy_is_asked_for),
        cmocka_unit_test(test_a_lookup_that_has_not_begun_is_not_over),
        cmocka_unit_test(test_questions_that_are_given_up),
        cmocka_unit_test(test_a_route_is_waited_for_until_its_time_is_over),
        cmocka_unit_test(test_a_route_that_nobody_answers_is_for_later),
        cmocka_unit_test(test_routes_that_are_still_open_stay_in_order),
        cmocka_unit_test(test_routes_that_are_forgotten_are_not_told),
        cmocka_unit_test(test_domains_that_are_too_long_are_not_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
