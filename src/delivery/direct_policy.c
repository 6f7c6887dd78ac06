#include "delivery/direct.h"

#include <stdlib.h>
#include <string.h>

enum {
    DAY = 86400,                 /* a policy is fetched again after that (section 3.3) */
    AGAIN_MILLISECONDS = 300000, /* until a fetch that failed is tried again */
};

static int64_t seconds(const struct nl_direct *direct) {
    return nl_env_now(nl_store_env(direct->plan.store));
}

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
    struct nl_sts_note *kept = status == NL_OK ? malloc(sizeof note) : NULL;
    if (kept != NULL) {
        nl_direct_forget_policy(route);
        *kept = note;
        route->policy = kept;
    } else if (status == NL_OK) {
        nl_sts_note_free(&note);
    }
    nl_error_free(&ignored);
    route->policy_read = kept != NULL || status == NL_NOTFOUND;
    return route->policy_read;
}

/* Keeps a policy that was fetched. Without memory the earlier one holds. */
static void keep(struct nl_route_to *route, const struct nl_sts_policy *policy) {
    struct nl_error ignored = {0};
    struct nl_sts_note *note = calloc(1, sizeof *note);
    if (note == NULL)
        return;
    note->until = seconds(route->direct) + policy->max_age;
    memcpy(note->id, route->wanted_id, sizeof note->id);
    note->policy.mode = policy->mode;
    note->policy.max_age = policy->max_age;
    nl_buf_adds(&note->policy.mail_hosts, nl_buf_text(&policy->mail_hosts));
    if (note->policy.mail_hosts.failed) {
        nl_sts_note_free(note);
        free(note);
        return;
    }
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
    const struct nl_sts_note *note = route->policy;
    return note != NULL && strcmp(note->id, id) == 0 && note->until - seconds(route->direct) > 0 &&
           note->until - seconds(route->direct) >= note->policy.max_age - DAY;
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

/* Leaves out the hosts that `keeps` refuses. Those that are kept change places with them. */
static bool keep_hosts(struct nl_route_to *route, struct nl_mail_route *found,
                       bool (*keeps)(struct nl_route_to *route, struct nl_mail_host *host)) {
    size_t kept = 0;
    for (size_t i = 0; i < found->host_count; i++) {
        struct nl_mail_host host = found->hosts[i];
        if (!keeps(route, &host))
            continue;
        found->hosts[i] = found->hosts[kept];
        found->hosts[kept++] = host;
    }
    found->host_count = kept;
    return kept > 0;
}

static bool is_named(struct nl_route_to *route, struct nl_mail_host *host) {
    if (!nl_sts_policy_names(&route->policy->policy, host->name))
        return false;
    if (host->tls != NL_HOST_TLS_DANE) /* which is stronger (section 2) */
        host->tls = NL_HOST_TLS_NAMED;
    return true;
}

static bool apply_policy(struct nl_route_to *route, struct nl_mail_route *found) {
    bool known = recall(route);
    const struct nl_sts_note *note = route->policy;
    if (!known) {
        nl_buf_clear(&route->text);
        nl_buf_addf(&route->text,
                    "the database does not say whether %s has an MTA-STS policy (RFC 8461)",
                    route->domain);
        return false;
    }
    if (note == NULL || note->policy.mode != NL_STS_ENFORCE ||
        note->until <= seconds(route->direct) || keep_hosts(route, found, is_named))
        return true;
    nl_buf_clear(&route->text);
    nl_buf_addf(&route->text, "the MTA-STS policy of %s (RFC 8461) names none of its mail hosts",
                route->domain);
    return false;
}

static bool has_dane(struct nl_route_to *route, struct nl_mail_host *host) {
    bool has = host->tls == NL_HOST_TLS_DANE;
    if (!has && host->tls != NL_HOST_TLS_ALWAYS)
        nl_direct_count_without_dane(route->direct, route, host->name);
    return has;
}

/* RFC 7672 leaves it to the domain whether there is DANE; the configuration may demand it. Hosts
 * without TLSA records are left out then. */
static bool apply_demand(struct nl_route_to *route, struct nl_mail_route *found) {
    if (!nl_config_needs_dane(route->direct->plan.config, route->domain) ||
        (found->secure && keep_hosts(route, found, has_dane)))
        return true;
    nl_buf_clear(&route->text);
    /* RFC 7672 section 2.2.1: somebody who forges the answer names hosts with records of their own.
     */
    if (!found->secure)
        for (size_t i = 0; i < found->host_count; i++)
            nl_direct_count_without_dane(route->direct, route, found->hosts[i].name);
    nl_buf_addf(&route->text,
                found->secure
                    ? "no mail host of %s has signed TLSA records that can be used (DANE, RFC "
                      "7672), which routes demands"
                    : "the mail hosts of %s are not signed in the DNS, without which there is no "
                      "DANE (RFC 7672), which routes demands",
                route->domain);
    return false;
}

bool nl_direct_apply_policy(struct nl_route_to *route, struct nl_mail_route *found) {
    for (size_t i = 0; i < found->host_count; i++)
        if (found->hosts[i].tls == NL_HOST_TLS_ALWAYS)
            nl_direct_count_unusable_dane(route->direct, route, found->hosts[i].name);
    return apply_demand(route, found) && apply_policy(route, found);
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
