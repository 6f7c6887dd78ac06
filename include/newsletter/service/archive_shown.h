/* Whether the public archive has an issue. */
#ifndef NEWSLETTER_SERVICE_ARCHIVE_SHOWN_H
#define NEWSLETTER_SERVICE_ARCHIVE_SHOWN_H

#include "newsletter/service/office.h"

/* Puts an issue into the archive, or takes it out, from `at` on (0: now), and notes it in the audit
 * log. NL_NOTFOUND; NL_DATA for one that its front matter keeps out for good. */
NL_CHECKED enum nl_status nl_office_archive_publish(const struct nl_office *office, int64_t issue,
                                                    int64_t at,
                                                    struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_office_archive_withdraw(const struct nl_office *office, int64_t issue,
                                                     int64_t at,
                                                     struct nl_error *err) NL_ALL_NONNULL;

/* Whether the archive lists it at present. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_archive_shows(const struct nl_office *office, int64_t issue,
                                                  bool *shown, struct nl_error *err) NL_ALL_NONNULL;

#endif
