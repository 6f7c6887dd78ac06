/* Figures that are kept when deliveries are removed. */
#ifndef NL_STORE_REMOVED_H
#define NL_STORE_REMOVED_H

#include "newsletter/db/removed.h"
#include "newsletter/store/subject_test.h"

/* Figures that are counted from deliveries; all 0 where these are there. */
struct nl_removed {
    int64_t at;
    int64_t unsubscribed; /* by events that name no issue */
    int64_t replies;
    struct nl_subject_score scores[NL_SUBJECTS];
};

/* Where the setting ends with this word, rows are still there; then with the other one. */
#define NL_REMOVAL_GOES_ON "goes on"
#define NL_REMOVAL_ENDED "ended"

NL_CHECKED enum nl_status nl_removed_read(struct nl_store *store, int64_t issue,
                                          struct nl_removed *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Notes, in the ledger too, that the deliveries of an issue are removed from now on. */
NL_CHECKED enum nl_status nl_removed_note(struct nl_store *store, int64_t issue,
                                          struct nl_removed *removed,
                                          struct nl_error *err) NL_ALL_NONNULL;

#endif
