/* The number of an issue, next to those before it. */
#ifndef NL_SERVICE_DRAFT_NUMBER_CHECK_H
#define NL_SERVICE_DRAFT_NUMBER_CHECK_H

#include "newsletter/base/finding.h"
#include "newsletter/service/drafts.h"
#include "newsletter/store/draft.h"

/* Adds a warning for each edition whose number an earlier issue of the series has, or that has none
 * where the earlier ones do. The number that would do stands in quotation marks. */
NL_CHECKED enum nl_status nl_draft_check_number(const struct nl_office *office,
                                                const struct nl_draft *draft,
                                                const struct nl_bulletin *bulletin,
                                                struct nl_findings *out,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
