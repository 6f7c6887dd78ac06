/* The rest of an audience: people who have not received an issue that went out, or goes out, to
 * others.
 */
#ifndef NEWSLETTER_SERVICE_ISSUE_REST_H
#define NEWSLETTER_SERVICE_ISSUE_REST_H

#include "newsletter/service/audience.h"

/* How many of an audience on its list have not been sent the issue, as `newsletter send --rest`
 * counts. NL_NOTFOUND for an issue or a segment, NL_DATA as nl_office_audience. */
NL_CHECKED enum nl_status nl_office_issue_rest(const struct nl_office *office, int64_t issue,
                                               const struct nl_audience *audience, int64_t *people,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* The languages of those on its list who have not had it, as nl_audience_languages_read has
 * them. The caller frees *out. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_issue_readers(const struct nl_office *office, int64_t issue,
                                                  json_t **out,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* Sends it to them, as it was composed for the others; it is noted in the audit log. `canary` is a
 * share or a number of them who get it first, as nl_canary_parse reads it; NULL or "": all at once.
 * *deliveries is how many the first part has. NL_DATA where nobody is left, NL_EXISTS for an issue
 * in another state than sent, sending or paused, or that another canary holds. */
NL_CHECKED enum nl_status nl_office_issue_extend(const struct nl_office *office, int64_t issue,
                                                 const struct nl_audience *audience,
                                                 const char *canary, int64_t *deliveries,
                                                 struct nl_error *err) NL_NONNULL(1, 3, 5, 6);

#endif
