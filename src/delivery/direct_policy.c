#include "delivery/direct.h"
#include "delivery/mail_hosts.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { AGAIN_MILLISECONDS = 300000 }; /* until a fetch that failed is tried again */

void nl_direct_forget_policy(struct nl_route_to *route) {
    if (route->policy != NULL)
        nl_sts_note_free(route->policy);
    free(route->policy);
    route->policy = NULL;
}

/* Reads the policy that this process or another one has fetched, once. False where it is not known
 * whether there is one. */
static bool recall(struct nl_route_to *route) {
    struct nl_sts_note note = {0};
    struct nl_error ignored = {0};
    if (route->policy_read)
        return true;
    enum nl_status status =
        nl_sts_note_read(route->direct->plan.store, route->domain, &note, &ignored);
    if (status == NL_OK) {
        nl_direct_forget_policy(route);
        route->policy = nl_malloc(sizeof note);
        *route->policy = note;
    }
    nl_error_free(&ignored);
    route->policy_read = status == NL_OK || status == NL_NOTFOUND;
    return route->policy_read;
}

/* Keeps a policy that was fetched. */
static void keep(struct nl_route_to *route, const struct nl_sts_policy *policy) {
    struct nl_error ignored = {0};
    struct nl_sts_note *note = nl_calloc(1, sizeof *note);
    nl_sts_note_make(policy, route->wanted_id, nl_store_now(route->direct->plan.store), note);
    nl_direct_forget_policy(route);
    route->policy = note;
    nl_error_ignore(nl_sts_note_write(route->direct->plan.store, route->domain, note, &ignored));
    nl_error_free(&ignored);
}

/* A policy that does not hold for long is fetched again when it ends: else the domain's mail would
 * go without one. Not sooner, however often its id changes. */
static void allow_next_fetch(struct nl_route_to *route, int64_t max_age) {
    int64_t at = route->direct->now + max_age * 1000 / 2;
    if (at < route->fetch_not_before)
        route->fetch_not_before = at;
}

/* Called by the fetcher. A policy that cannot be had changes nothing: an earlier one holds on, and
 * without one mail goes as it would without MTA-STS (section 3.3). */
static void take_policy(const struct nl_sts_policy *policy, const char *why, void *ctx) {
    struct nl_route_to *route = ctx;
    if (policy != NULL) {
        keep(route, policy);
        allow_next_fetch(route, policy->max_age);
    } else {
        nl_direct_count_no_policy(route->direct, route, why);
    }
    route->state = NL_TO_LATER; /* and is asked again by the next delivery that wants it */
    route->until = 1;
}

static bool is_fresh(const struct nl_route_to *route, const char *id) {
    return route->policy != NULL &&
           nl_sts_note_is_fresh(route->policy, id, nl_store_now(route->direct->plan.store));
}

bool nl_direct_fetch_policy(struct nl_route_to *route, const struct nl_mail_route *found) {
    struct nl_direct *direct = route->direct;
    const struct nl_config *config = direct->plan.config;
    struct nl_error ignored = {0};
    if (!recall(route) || found->sts_id[0] == '\0' || is_fresh(route, found->sts_id) ||
        direct->now < route->fetch_not_before || found->sts_host->address_count == 0)
        return false;
    bool begun = direct->fetcher != NULL ||
                 nl_sts_fetcher_new(config->direct.ca_file, config->direct.allow_networks,
                                    &direct->fetcher, &ignored) == NL_OK;
    begun = begun &&
            nl_sts_fetch(direct->fetcher, found->sts_host, take_policy, route, &ignored) == NL_OK;
    nl_error_free(&ignored);
    memcpy(route->wanted_id, found->sts_id, sizeof route->wanted_id);
    route->fetch_not_before = direct->now + AGAIN_MILLISECONDS;
    if (begun)
        route->state = NL_TO_ASKING;
    return begun;
}

/* For reports on TLS: mail hosts that have no mail for lack of DANE, or TLS without it. */
static void count_dane(const struct nl_route_to *route, const struct nl_mail_route *found) {
    struct nl_direct *direct = route->direct;
    for (size_t i = 0; i < found->host_count; i++) {
        const struct nl_mail_host *host = &found->hosts[i];
        if (host->tls == NL_HOST_TLS_ALWAYS)
            nl_direct_count_unusable_dane(direct, route, host->name);
        if (nl_mail_host_lacks_dane(direct->plan.config, route->domain, found, host) &&
            (host->tls != NL_HOST_TLS_ALWAYS || !found->secure))
            nl_direct_count_without_dane(direct, route, host->name);
    }
}

bool nl_direct_apply_policy(struct nl_route_to *route, struct nl_mail_route *found) {
    count_dane(route, found);
    if (!recall(route)) {
        nl_buf_clear(&route->text);
        nl_buf_addf(&route->text,
                    "the database does not say whether %s has an MTA-STS policy (RFC 8461)",
                    route->domain);
        return false;
    }
    const struct nl_sts_note *note = route->policy;
    bool holds = note != NULL && nl_sts_note_holds(note, nl_store_now(route->direct->plan.store));
    return nl_mail_hosts_choose(route->direct->plan.config, route->domain,
                                holds ? &note->policy : NULL, found, &route->text);
}

void nl_direct_step_policies(struct run *run) {
    struct nl_direct *direct = run->direct;
    if (direct->fetcher == NULL)
        return;
    if (!direct->fetcher_watched)
        nl_transport_watch(run->transport, nl_sts_fetcher_fd(direct->fetcher));
    direct->fetcher_watched = true;
    nl_sts_fetcher_step(direct->fetcher);
}
