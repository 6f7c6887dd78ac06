/* The canary of an issue: how it is asked for, and how it stands. */
#ifndef NEWSLETTER_SERVICE_ISSUE_CANARY_H
#define NEWSLETTER_SERVICE_ISSUE_CANARY_H

#include "newsletter/base/buf.h"
#include "newsletter/service/office.h"
#include "newsletter/store/issue.h"

#include <jansson.h>

/* Reads "1%" or a number of people into issue->canary. False where it is neither. */
bool nl_office_canary_choose(const char *text, struct nl_issue *issue) NL_ALL_NONNULL;

/* Appends the choice as nl_office_canary_choose reads it. */
void nl_office_canary_say(const struct nl_issue *issue, struct nl_buf *out) NL_ALL_NONNULL;

/* Appends the state of an issue's canary, such as "waiting (first to 1%)"; nothing without one. */
NL_CHECKED enum nl_status nl_office_canary_state(const struct nl_office *office, int64_t issue,
                                                 struct nl_buf *out,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* The facts of an issue's canary as nl_facts_canary has them (null without one), and as "said" the
 * parts of each finding for nl_catalog_kept, or null where only its text is known. Times are in
 * "until", in seconds. The caller frees *out. */
NL_CHECKED enum nl_status nl_office_canary_facts(const struct nl_office *office, int64_t issue,
                                                 json_t **out, struct nl_error *err) NL_ALL_NONNULL;

/* Whether any issue waits for its canary, or will. */
NL_CHECKED enum nl_status nl_office_canary_any(const struct nl_office *office, bool *any,
                                               struct nl_error *err) NL_ALL_NONNULL;

#endif
