/* MTA-STS policies that were fetched (RFC 8461 section 3.3), for all processes. */
#ifndef NEWSLETTER_STORE_STS_NOTE_H
#define NEWSLETTER_STORE_STS_NOTE_H

#include "newsletter/db/handle.h"
#include "newsletter/smtp/sts.h"

/* Free with nl_sts_note_free. */
struct nl_sts_note {
    struct nl_sts_policy policy;
    char id[NL_STS_ID];
    int64_t until; /* seconds since the epoch */
};
void nl_sts_note_free(struct nl_sts_note *note) NL_ALL_NONNULL;

/* A note of a policy that was fetched at `now` (seconds), with the id that the DNS gave. */
void nl_sts_note_make(const struct nl_sts_policy *policy, const char *id, int64_t now,
                      struct nl_sts_note *out) NL_ALL_NONNULL;

/* Whether the policy still holds (section 3.2). */
bool nl_sts_note_holds(const struct nl_sts_note *note, int64_t now) NL_ALL_NONNULL;

/* Whether it need not be fetched again: it holds, is less than a day old, and the DNS gives its id
 * (section 3.3). */
bool nl_sts_note_is_fresh(const struct nl_sts_note *note, const char *id,
                          int64_t now) NL_ALL_NONNULL;

/* Keeps the policy of a domain in the place of an earlier one. */
NL_CHECKED enum nl_status nl_sts_note_write(struct nl_store *store, const char *domain,
                                            const struct nl_sts_note *note,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* The policy of a domain; NL_NOTFOUND, and a note of none, where there is none that still holds. */
NL_CHECKED enum nl_status nl_sts_note_read(struct nl_store *store, const char *domain,
                                           struct nl_sts_note *out,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Removes policies that have expired. */
NL_CHECKED enum nl_status nl_sts_notes_forget(struct nl_store *store,
                                              struct nl_error *err) NL_ALL_NONNULL;

#endif
