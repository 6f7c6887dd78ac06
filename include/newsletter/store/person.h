/* Data subjects: what is known of a person, and how it is forgotten. */
#ifndef NEWSLETTER_STORE_PERSON_H
#define NEWSLETTER_STORE_PERSON_H

#include "newsletter/base/address.h"
#include "newsletter/db/handle.h"

/* The subscriber with that address. NL_NOTFOUND when there is none. */
NL_CHECKED enum nl_status nl_person_find(struct nl_store *store, const struct nl_address *address,
                                         int64_t *subscriber, struct nl_error *err) NL_ALL_NONNULL;

/* Everything that is stored of a subscriber, as a JSON object. The caller frees *json. */
NL_CHECKED enum nl_status nl_person_export(struct nl_store *store, int64_t subscriber, char **json,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Forgets a subscriber: subscriptions end, what is queued is skipped, and every text that tells who
 * it was is removed, from the file too. What was sent stays counted. A keyed digest of the address
 * remains, so that no import brings it back; a suppression stays. */
NL_CHECKED enum nl_status nl_person_erase(struct nl_store *store, int64_t subscriber,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Whether an address was erased. */
NL_CHECKED enum nl_status nl_person_was_erased(struct nl_store *store,
                                               const struct nl_address *address, bool *erased,
                                               struct nl_error *err) NL_ALL_NONNULL;

#endif
