#include "delivery/single_way.h"

#include "delivery/mail_hosts.h"
#include "newsletter/resolve/resolver.h"
#include "newsletter/store/sts_note.h"

#include <poll.h>

struct search {
    const char *domain;
    const struct nl_config *config; /* NULL: any mail host will do */
    struct nl_store *store;
    struct nl_sts_note policy; /* mode "none" where no policy holds */
    const char *id;            /* of the policy that is being fetched; NULL: of none */
    struct nl_single_way *way;
    enum nl_status status;
    struct nl_error *err;
};

/* ---- the policy ---- */

/* Called by the fetcher. Without a new policy the earlier one holds on, and without any, mail goes
 * as it would without MTA-STS (RFC 8461 section 3.3). */
static void take_policy(const struct nl_sts_policy *policy, const char *why, void *ctx) {
    struct search *search = ctx;
    struct nl_sts_note note = {0};
    struct nl_error ignored = {0};
    (void)why;
    if (policy != NULL) {
        nl_sts_note_make(policy, search->id, nl_store_now(search->store), &note);
        nl_sts_note_free(&search->policy);
        search->policy = note;
        nl_error_ignore(nl_sts_note_write(search->store, search->domain, &note, &ignored));
    }
    nl_error_free(&ignored);
    search->id = NULL;
}

static enum nl_status fetch_policy(struct search *search, const struct nl_mail_host *host,
                                   const char *id) {
    struct nl_sts_fetcher *fetcher = NULL;
    enum nl_status status =
        nl_sts_fetcher_new(search->config->direct.ca_file, search->config->direct.allow_networks,
                           &fetcher, search->err);
    search->id = id;
    if (status == NL_OK)
        status = nl_sts_fetch(fetcher, host, take_policy, search, search->err);
    while (status == NL_OK && search->id != NULL) {
        struct pollfd ready = {.fd = nl_sts_fetcher_fd(fetcher), .events = POLLIN};
        poll(&ready, 1, 500);
        nl_sts_fetcher_step(fetcher);
    }
    nl_sts_fetcher_free(fetcher);
    return status;
}

static enum nl_status find_policy(struct search *search, const struct nl_mail_route *route) {
    enum nl_status status =
        nl_sts_note_read(search->store, search->domain, &search->policy, search->err);
    if (status == NL_NOTFOUND) {
        nl_error_free(search->err);
        status = NL_OK;
    }
    if (status != NL_OK || route->sts_id[0] == '\0' || route->sts_host->address_count == 0 ||
        nl_sts_note_is_fresh(&search->policy, route->sts_id, nl_store_now(search->store)))
        return status;
    return fetch_policy(search, route->sts_host, route->sts_id);
}

/* ---- the hosts ---- */

static enum nl_status choose_hosts(struct search *search, struct nl_mail_route *route) {
    struct nl_buf why = {0};
    enum nl_status status = find_policy(search, route);
    if (status == NL_OK &&
        !nl_mail_hosts_choose(search->config, search->domain, &search->policy.policy, route, &why))
        status = nl_error_set(search->err, NL_UNAVAILABLE, "%s", nl_buf_text(&why));
    nl_buf_free(&why);
    return status;
}

static enum nl_status add_hosts(struct search *search, const struct nl_mail_route *route) {
    struct nl_single_way *way = search->way;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < route->host_count; i++) {
        status = nl_relay_add_host(way->relay, &route->hosts[i], &way->last, search->err);
        if (i == 0)
            way->first = way->last;
    }
    return status;
}

/* Called by the resolver. */
static void take_route(const struct nl_mail_route *route, void *ctx) {
    struct search *search = ctx;
    struct nl_mail_route found = *route;
    search->status = NL_OK;
    if (route->state != NL_ROUTE_FOUND)
        search->status =
            nl_error_set(search->err, route->state == NL_ROUTE_NONE ? NL_UNAVAILABLE : NL_TEMPFAIL,
                         "%s", route->text);
    if (search->status == NL_OK && search->config != NULL)
        search->status = choose_hosts(search, &found);
    if (search->status == NL_OK)
        search->status = add_hosts(search, &found);
}

enum nl_status nl_single_way_find(const struct nl_relay *relay, const char *domain,
                                  const struct nl_config *config, struct nl_store *store,
                                  struct nl_single_way *out, struct nl_error *err) {
    struct nl_resolver *resolver = NULL;
    struct search search = {.domain = domain, .config = config, .store = store};
    *out = (struct nl_single_way){0};
    search.way = out;
    search.err = err;
    search.status = NL_TEMPFAIL;
    out->relay = nl_relay_branch(relay);
    enum nl_status status = nl_relay_resolver(out->relay, &resolver, err);
    if (status == NL_OK)
        status = nl_resolver_ask(resolver, domain, take_route, &search, err);
    while (status == NL_OK && nl_resolver_open(resolver) > 0) {
        struct pollfd ready = {.fd = nl_resolver_fd(resolver), .events = POLLIN};
        poll(&ready, 1, 1000);
        nl_resolver_step(resolver);
    }
    nl_sts_note_free(&search.policy);
    return status == NL_OK ? search.status : status;
}
