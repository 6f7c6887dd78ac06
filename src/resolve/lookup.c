#include "resolve/lookup.h"

#include "newsletter/base/clock.h"
#include "newsletter/base/memory.h"

#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NL_TYPE_TLSA = 52,            /* RFC 6698 section 7.1 */
    LONGEST_MILLISECONDS = 30000, /* for all questions of a route */
    TTL_LEAST = 60,
    TTL_MOST = 3600,
};

static void answered(void *ctx, int failure, struct ub_result *result);

/* Where the questions for a host stand. */
static size_t addresses_at(size_t host) {
    return 1 + 3 * host;
}

static size_t tlsa_at(size_t host) {
    return 3 + 3 * host;
}

/* The record of a policy stands in the place of TLSA records. */
static bool is_for_policy(const struct question *question) {
    return question->host == NL_POLICY_HOST;
}

static bool is_for_tlsa(const struct question *question) {
    return !is_for_policy(question) &&
           question == &question->lookup->questions[tlsa_at(question->host)];
}

static void note_failure(struct lookup *lookup, const struct question *question, const char *name,
                         const char *why) {
    if (question != NULL && is_for_policy(question))
        return;
    if (!lookup->failed)
        nl_buf_addf(&lookup->why, "asking the DNS for %s failed: %s", name, why);
    lookup->failed = true;
}

/* RFC 7672 section 2.1.1: where it is not known whether a host has TLSA records, no mail goes to
 * it. */
static void leave_out(struct lookup *lookup, const struct question *question) {
    if (is_for_tlsa(question))
        lookup->hosts[question->host].address_count = 0;
}

static void note_bogus(struct lookup *lookup, const struct question *question,
                       const struct ub_result *result) {
    if (!is_for_policy(question) && lookup->route.bogus[0] == '\0')
        snprintf(lookup->route.bogus, sizeof lookup->route.bogus, "%s", result->qname);
    note_failure(lookup, question, result->qname, "it is not signed as DNSSEC demands");
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
        leave_out(lookup, question);
        note_failure(lookup, question, name, ub_strerror(failure));
    }
}

static void ask_for_tlsa(struct lookup *lookup, size_t host) {
    struct nl_buf name = {0};
    nl_buf_addf(&name, "_%lld._tcp.%s", (long long)lookup->resolver->port,
                lookup->hosts[host].base);
    ask(lookup, tlsa_at(host), nl_buf_text(&name), NL_TYPE_TLSA, host);
    nl_buf_free(&name);
}

static void ask_for_policy(struct lookup *lookup) {
    struct nl_buf name = {0};
    nl_buf_addf(&name, "_mta-sts.%s", lookup->domain);
    if (name.len < NL_MAIL_NAME)
        ask(lookup, tlsa_at(NL_POLICY_HOST), nl_buf_text(&name), ns_t_txt, NL_POLICY_HOST);
    nl_buf_free(&name);
}

void nl_lookup_begin(struct lookup *lookup) {
    lookup->begun = true;
    lookup->deadline = nl_clock_milliseconds() + LONGEST_MILLISECONDS;
    lookup->route.ttl = TTL_MOST;
    lookup->hosts = nl_calloc(NL_MAIL_HOSTS + 1, sizeof lookup->hosts[0]);
    lookup->questions = nl_calloc(NL_QUESTIONS, sizeof lookup->questions[0]);
    ask(lookup, 0, lookup->domain, ns_t_mx, 0);
    ask_for_policy(lookup);
}

static void ask_for_addresses(struct lookup *lookup) {
    for (size_t i = 0; i < lookup->route.host_count; i++) {
        memcpy(lookup->hosts[i].base, lookup->hosts[i].name, sizeof lookup->hosts[i].base);
        lookup->waits[i] = 2;
        ask(lookup, addresses_at(i), lookup->hosts[i].name, ns_t_aaaa, i);
        ask(lookup, addresses_at(i) + 1, lookup->hosts[i].name, ns_t_a, i);
    }
}

/* The host of a policy is not one that mail goes to: that it cannot be reached decides nothing. */
static void take_policy(struct lookup *lookup, const struct question *question,
                        const struct ub_result *result) {
    struct nl_mail_host *host = &lookup->hosts[NL_POLICY_HOST];
    bool refused = lookup->refused;
    if (question == &lookup->questions[tlsa_at(NL_POLICY_HOST)]) {
        nl_answer_sts(result, lookup->route.sts_id);
        if (lookup->route.sts_id[0] == '\0' || snprintf(host->name, sizeof host->name, "mta-sts.%s",
                                                        lookup->domain) >= (int)sizeof host->name)
            return;
        ask(lookup, addresses_at(NL_POLICY_HOST), host->name, ns_t_aaaa, NL_POLICY_HOST);
        ask(lookup, addresses_at(NL_POLICY_HOST) + 1, host->name, ns_t_a, NL_POLICY_HOST);
    } else if (result->havedata) {
        nl_answer_addresses(lookup->resolver, result, lookup, host);
    }
    lookup->refused = refused;
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
    if (result->secure)
        nl_answer_base(result, host);
    nl_answer_addresses(lookup->resolver, result, lookup, host);
}

/* Only records of a host whose address is signed can be there (RFC 7672 section 2.2.2): others are
 * not asked for, since some name servers do not answer such questions. */
static void end_of_addresses(struct lookup *lookup, size_t host) {
    if (--lookup->waits[host] == 0 && lookup->hosts[host].secure &&
        lookup->hosts[host].address_count > 0)
        ask_for_tlsa(lookup, host);
}

/* A CNAME led to another name: that one's records count first, then those of the host's own. */
static void take_tlsa(struct lookup *lookup, const struct question *question,
                      const struct ub_result *result) {
    struct nl_mail_host *host = &lookup->hosts[question->host];
    bool signed_data = result->havedata && result->secure;
    if (!signed_data && strcmp(host->base, host->name) != 0) {
        memcpy(host->base, host->name, sizeof host->base);
        ask_for_tlsa(lookup, question->host);
    } else if (signed_data) {
        nl_answer_tlsa(result, host);
    }
}

/* Hosts without an address are left out. */
void nl_lookup_conclude(struct lookup *lookup) {
    struct nl_mail_route *route = &lookup->route;
    size_t kept = 0;
    if (route->state == NL_ROUTE_NONE)
        return;
    for (size_t i = 0; i < route->host_count; i++) {
        struct nl_mail_host host = lookup->hosts[i];
        lookup->hosts[i].tlsa = NULL;
        host.next_hop = route->secure ? lookup->domain : NULL;
        /* One whose TLSA records were never asked for is not a host without any. */
        if (host.address_count > 0 && !(host.secure && lookup->waits[i] > 0))
            lookup->hosts[kept++] = host;
        else
            free(host.tlsa);
    }
    route->host_count = kept;
    route->sts_host = &lookup->hosts[NL_POLICY_HOST];
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
        leave_out(lookup, question);
        note_failure(lookup, question, lookup->domain, ub_strerror(failure));
    } else if (result->bogus) {
        leave_out(lookup, question);
        note_bogus(lookup, question, result);
    } else if (result->rcode != ns_r_noerror && result->rcode != ns_r_nxdomain) {
        leave_out(lookup, question);
        note_failure(lookup, question, result->qname,
                     result->rcode == ns_r_servfail ? "SERVFAIL"
                                                    : "the server refuses the question");
    } else {
        if (!is_for_policy(question))
            note_ttl(lookup, result);
        if (is_for_policy(question))
            take_policy(lookup, question, result);
        else if (question == &lookup->questions[0])
            take_hosts(lookup, result);
        else if (is_for_tlsa(question))
            take_tlsa(lookup, question, result);
        else
            take_addresses(lookup, question, result);
    }
    if (question != &lookup->questions[0] && !is_for_tlsa(question) && !is_for_policy(question))
        end_of_addresses(lookup, question->host);
    ub_resolve_free(result);
}

bool nl_lookup_is_over(const struct lookup *lookup) {
    return lookup->begun && lookup->open == 0;
}

bool nl_lookup_is_for_policy(const struct lookup *lookup) {
    size_t open = 0;
    for (size_t i = addresses_at(NL_POLICY_HOST); i <= tlsa_at(NL_POLICY_HOST); i++)
        open += lookup->questions[i].open;
    return open == lookup->open;
}

void nl_lookup_give_up(struct lookup *lookup) {
    for (size_t i = 0; i < NL_QUESTIONS; i++) {
        struct question *question = &lookup->questions[i];
        if (!question->open)
            continue;
        ub_cancel(lookup->resolver->dns, question->id);
        question->open = false;
        lookup->open--;
        leave_out(lookup, question);
        note_failure(lookup, question, lookup->domain, "no answer in time");
    }
}

void nl_lookup_free(struct lookup *lookup) {
    for (size_t i = 0; lookup->hosts != NULL && i < NL_MAIL_HOSTS; i++)
        free(lookup->hosts[i].tlsa);
    free(lookup->hosts);
    free(lookup->questions);
    nl_buf_free(&lookup->why);
    free(lookup);
}
