/* Links that a mail carries and that work for a limited time. Only a reader of the mail has them,
 * and only their digests are stored. */
#ifndef NEWSLETTER_STORE_LINK_H
#define NEWSLETTER_STORE_LINK_H

#include "newsletter/base/token.h"
#include "newsletter/db/handle.h"

enum nl_purpose {
    NL_LINK_SUBSCRIBE,   /* confirms a subscription; once */
    NL_LINK_PREFERENCES, /* opens the subscriber's own page, until it expires */
    NL_LINK_ADDRESS,     /* confirms a new address; once */
    NL_LINK_RECEIPT,     /* shows the receipt of one list, until it expires */
};

/* Makes a fresh token for a subscription and remembers its digest. To be called inside the
 * transaction that leases the mail which will carry it. `wording`: of that mail, as
 * nl_consent_wording_put numbers it, or 0. */
NL_CHECKED enum nl_status nl_link_new(struct nl_store *store, int64_t subscription,
                                      enum nl_purpose purpose, int64_t expires_at, int64_t wording,
                                      struct nl_token *token, struct nl_error *err) NL_ALL_NONNULL;

/* The subscription that a token leads to. */
struct nl_link {
    int64_t subscription;
    int64_t list;
    int64_t subscriber;
    char language[36]; /* the subscriber's, or "" */
    int64_t wording;   /* of the mail that brought it, or 0 */
};

/* Looks a token up. NL_DATA malformed, NL_NOTFOUND unknown or for another purpose, NL_EXPIRED,
 * NL_USED. */
NL_CHECKED enum nl_status nl_link_find(struct nl_store *store, const char *token,
                                       enum nl_purpose purpose, struct nl_link *out,
                                       struct nl_error *err) NL_ALL_NONNULL;

/* Ends all open links of a subscription for one purpose. */
NL_CHECKED enum nl_status nl_link_close(struct nl_store *store, int64_t subscription,
                                        enum nl_purpose purpose,
                                        struct nl_error *err) NL_ALL_NONNULL;

#endif
