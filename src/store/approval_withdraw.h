/* Ending approvals by what happens to a draft. */
#ifndef NL_STORE_APPROVAL_WITHDRAW_H
#define NL_STORE_APPROVAL_WITHDRAW_H

#include "newsletter/store/audit.h"

/* To be called in each transaction that changes a draft: a question that is open, or was answered
 * with yes, ends, and the log says so. */
NL_CHECKED enum nl_status nl_approval_withdraw(struct nl_store *store, int64_t draft,
                                               const struct nl_actor *by, struct nl_error *err)
    NL_NONNULL(1, 4);

/* Ends questions of a draft that are still open, since it is asked again. */
NL_CHECKED enum nl_status nl_approval_end_open(struct nl_store *store, int64_t draft,
                                               const char *by, struct nl_error *err)
    NL_NONNULL(1, 4);

/* To be called before a draft is removed, or all of a list (0: not): its questions leave with it,
 * and the ledger says so. */
NL_CHECKED enum nl_status nl_approval_forget(struct nl_store *store, int64_t draft, int64_t list,
                                             struct nl_error *err) NL_ALL_NONNULL;

#endif
