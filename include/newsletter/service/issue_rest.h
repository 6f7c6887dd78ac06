/* The rest of an audience: people who have not got an issue that went out, or goes out, to others.
 */
#ifndef NEWSLETTER_SERVICE_ISSUE_REST_H
#define NEWSLETTER_SERVICE_ISSUE_REST_H

#include "newsletter/service/office.h"

/* How many of the list, or of a saved segment (NULL or "": everybody), have not been sent the
 * issue, as `newsletter send --rest` counts. NL_NOTFOUND for an issue or a segment. */
NL_CHECKED enum nl_status nl_office_issue_rest(const struct nl_office *office, int64_t issue,
                                               const char *segment, int64_t *people,
                                               struct nl_error *err) NL_NONNULL(1, 4, 5);

/* Sends it to them, as it was composed for the others; it is noted in the audit log. *deliveries is
 * how many the first part has. NL_DATA where nobody is left, NL_EXISTS for an issue in another
 * state than sent, sending or paused. */
NL_CHECKED enum nl_status nl_office_issue_extend(const struct nl_office *office, int64_t issue,
                                                 const char *segment, int64_t *deliveries,
                                                 struct nl_error *err) NL_NONNULL(1, 4, 5);

#endif
