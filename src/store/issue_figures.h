/* Figures of issues by domain, second and reason, which triggers keep. */
#ifndef NL_STORE_ISSUE_FIGURES_H
#define NL_STORE_ISSUE_FIGURES_H

#include "newsletter/db/handle.h"

/* As nl_issue_totals_examine; *wrong is the largest number of issues whose figures differ. */
NL_CHECKED enum nl_status nl_issue_figures_examine(struct nl_store *store, bool repair,
                                                   int64_t *wrong,
                                                   struct nl_error *err) NL_ALL_NONNULL;

#endif
