#include "resolve/lookup.h"

#include "newsletter/base/clock.h"

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

enum {
    LONGEST_MILLISECONDS = 30000, /* for all questions of a route */
    TTL_LEAST = 60,
    TTL_MOST = 3600,
};

static void answered(void *ctx, int failure, struct ub_result *result);

static void note_failure(struct lookup *lookup, const char *name, const char *why) {
    if (!lookup->failed)
        nl_buf_addf(&lookup->why, "asking the DNS for %s failed: %s", name, why);
    lookup->failed = true;
}

static void ask(struct lookup *lookup, size_t number, const char *name, int type, size_t host) {
    struct question *question = &lookup->questions[number];
    *question = (struct question){.lookup = lookup, .host = host, .open = true};
    lookup->open++;
    int failure = ub_resolve_async(lookup->resolver->dns, name, type, ns_c_in, question, answered,
                                   &question->id);
    if (failure != 0) {
        question->open = false;
        lookup->open--;
        note_failure(lookup, name, ub_strerror(failure));
    }
}

void nl_lookup_begin(struct lookup *lookup) {
    lookup->begun = true;
    lookup->deadline = nl_clock_milliseconds() + LONGEST_MILLISECONDS;
    lookup->route.ttl = TTL_MOST;
    lookup->hosts = calloc(NL_MAIL_HOSTS, sizeof lookup->hosts[0]);
    lookup->questions = calloc(NL_QUESTIONS, sizeof lookup->questions[0]);
    if (lookup->hosts == NULL || lookup->questions == NULL) {
        note_failure(lookup, lookup->domain, "out of memory");
        return;
    }
    ask(lookup, 0, lookup->domain, ns_t_mx, 0);
}

static void ask_for_addresses(struct lookup *lookup) {
    for (size_t i = 0; i < lookup->route.host_count; i++) {
        ask(lookup, 1 + 2 * i, lookup->hosts[i].name, ns_t_aaaa, i);
        ask(lookup, 2 + 2 * i, lookup->hosts[i].name, ns_t_a, i);
    }
}

static void set_none(struct lookup *lookup, const char *status, bool no_such_domain,
                     const char *text) {
    struct nl_mail_route *route = &lookup->route;
    route->state = NL_ROUTE_NONE;
    route->host_count = 0;
    route->no_such_domain = no_such_domain;
    memcpy(route->status, status, strlen(status) + 1);
    nl_buf_clear(&lookup->why);
    nl_buf_addf(&lookup->why, "%s", text);
}

/* RFC 5321 section 5.1: without MX records, the domain itself is the host. One whose records can
 * all not be used has no host. */
static void take_hosts(struct lookup *lookup, const struct ub_result *result) {
    bool null = false;
    lookup->route.secure = result->secure != 0;
    if (result->havedata)
        nl_answer_hosts(result, lookup, &null);
    if (result->nxdomain) {
        set_none(lookup, "5.1.2", true, "the domain does not exist (NXDOMAIN)");
    } else if (null) {
        set_none(lookup, "5.1.10", true, "the domain takes no mail (null MX, RFC 7505)");
    } else if (result->havedata && lookup->route.host_count == 0) {
        set_none(lookup, "5.4.4", false, "the domain's MX records name no host");
    } else if (!result->havedata) {
        lookup->implicit = true;
        lookup->hosts[0] = (struct nl_mail_host){.preference = 0};
        memcpy(lookup->hosts[0].name, lookup->domain, sizeof lookup->domain);
        lookup->route.host_count = 1;
    }
    ask_for_addresses(lookup);
}

static void take_addresses(struct lookup *lookup, const struct question *question,
                           const struct ub_result *result) {
    struct nl_mail_host *host = &lookup->hosts[question->host];
    if (!result->havedata)
        return;
    host->secure = result->secure && (host->address_count == 0 || host->secure);
    nl_answer_addresses(lookup->resolver, result, lookup, host);
}

/* Hosts without an address are left out. */
void nl_lookup_conclude(struct lookup *lookup) {
    struct nl_mail_route *route = &lookup->route;
    size_t kept = 0;
    if (route->state == NL_ROUTE_NONE)
        return;
    for (size_t i = 0; i < route->host_count; i++)
        if (lookup->hosts[i].address_count > 0)
            lookup->hosts[kept++] = lookup->hosts[i];
    route->host_count = kept;
    route->state = NL_ROUTE_FOUND;
    if (kept > 0)
        return;
    if (lookup->failed)
        route->state = NL_ROUTE_LATER;
    else if (lookup->refused)
        set_none(lookup, "5.4.6", false,
                 "the domain's mail hosts have addresses of this machine or of private networks");
    else if (lookup->implicit)
        set_none(lookup, "5.1.2", true, "the domain has neither mail hosts nor an address");
    else
        set_none(lookup, "5.4.4", false, "the domain's mail hosts have no address");
}

static void note_ttl(struct lookup *lookup, const struct ub_result *result) {
    int64_t ttl = result->ttl < TTL_LEAST ? TTL_LEAST : result->ttl;
    if (ttl < lookup->route.ttl)
        lookup->route.ttl = ttl;
}

static void answered(void *ctx, int failure, struct ub_result *result) {
    struct question *question = ctx;
    struct lookup *lookup = question->lookup;
    question->open = false;
    lookup->open--;
    if (failure != 0 || result == NULL) {
        note_failure(lookup, lookup->domain, ub_strerror(failure));
    } else if (result->bogus) {
        note_failure(lookup, result->qname, "it is not signed as DNSSEC demands");
    } else if (result->rcode != ns_r_noerror && result->rcode != ns_r_nxdomain) {
        note_failure(lookup, result->qname,
                     result->rcode == ns_r_servfail ? "SERVFAIL"
                                                    : "the server refuses the question");
    } else {
        note_ttl(lookup, result);
        if (question == &lookup->questions[0])
            take_hosts(lookup, result);
        else
            take_addresses(lookup, question, result);
    }
    ub_resolve_free(result);
}

bool nl_lookup_is_over(const struct lookup *lookup) {
    return lookup->begun && lookup->open == 0;
}

void nl_lookup_give_up(struct lookup *lookup) {
    for (size_t i = 0; i < NL_QUESTIONS; i++) {
        struct question *question = &lookup->questions[i];
        if (!question->open)
            continue;
        ub_cancel(lookup->resolver->dns, question->id);
        question->open = false;
        lookup->open--;
        note_failure(lookup, lookup->domain, "no answer in time");
    }
}

void nl_lookup_free(struct lookup *lookup) {
    free(lookup->hosts);
    free(lookup->questions);
    nl_buf_free(&lookup->why);
    free(lookup);
}
