/* The further rows of an issue in several languages. */
#ifndef NL_STORE_ISSUE_EDITION_H
#define NL_STORE_ISSUE_EDITION_H

#include "newsletter/db/sql.h"
#include "newsletter/store/issue.h"

/* Records the editions of an issue that has an id, inside the caller's transaction. */
NL_CHECKED enum nl_status nl_editions_add(struct nl_store *store, const struct nl_issue *issue,
                                          struct nl_error *err) NL_ALL_NONNULL;

#endif
