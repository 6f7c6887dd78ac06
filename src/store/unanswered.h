/* How much mail strangers can make us send to an address that never answers. */
#ifndef NL_STORE_UNANSWERED_H
#define NL_STORE_UNANSWERED_H

#include "newsletter/db/handle.h"

/* The mails that forms caused to one address since its holder last used a link in one of them. They
 * are kept under a keyed digest of the address, and also when the sign-up itself is deleted:
 * otherwise somebody who fills in forms with other people's addresses could begin again. */
struct nl_unanswered {
    int64_t mails;
    int64_t last_at;
};

/* `key` is the address's key. */
NL_CHECKED enum nl_status nl_unanswered_read(struct nl_store *store, const char *key,
                                             struct nl_unanswered *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Counts one more mail. */
NL_CHECKED enum nl_status nl_unanswered_add(struct nl_store *store, const char *key,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* The holder of the address has used a link. */
NL_CHECKED enum nl_status nl_unanswered_clear(struct nl_store *store, int64_t subscriber,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* For how many seconds after the last mail no further one goes out: `interval` after the first, a
 * day's worth of it (24 times) after the second, a week's after each further one. An address that
 * has never confirmed anything gets three in all: then the answer is negative. */
int64_t nl_unanswered_wait(const struct nl_unanswered *unanswered, bool confirmed,
                           int64_t interval);

#endif
