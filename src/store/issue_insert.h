/* Making an issue within a transaction of the caller's. */
#ifndef NL_STORE_ISSUE_INSERT_H
#define NL_STORE_ISSUE_INSERT_H

#include "newsletter/store/issue.h"

/* As nl_issue_create, for an issue with scheduled_at. */
NL_CHECKED enum nl_status nl_issue_insert_scheduled(struct nl_store *store, struct nl_issue *issue,
                                                    struct nl_error *err) NL_ALL_NONNULL;

#endif
