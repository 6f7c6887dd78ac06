/* The way of a single message outside of a run: the mail hosts of a domain, asked for and waited
 * for. */
#ifndef NL_DELIVERY_SINGLE_WAY_H
#define NL_DELIVERY_SINGLE_WAY_H

#include "newsletter/base/attribute.h"
#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"
#include "newsletter/smtp/relay.h"

struct nl_single_way {
    struct nl_relay *relay; /* with the mail hosts as servers; free with nl_relay_free */
    size_t first, last;     /* of them */
};

/* Finds the mail hosts of a domain (an A-label). With `config`, only those that it and the domain's
 * MTA-STS policy allow (RFC 8461): the policy that `store` has, or one that is fetched and stored.
 * NL_UNAVAILABLE where there is none, NL_TEMPFAIL where that is not known for now. Free the relay
 * in any case. */
NL_CHECKED enum nl_status nl_single_way_find(const struct nl_relay *relay, const char *domain,
                                             const struct nl_config *config, struct nl_store *store,
                                             struct nl_single_way *out, struct nl_error *err)
    NL_NONNULL(1, 2, 5, 6);

#endif
