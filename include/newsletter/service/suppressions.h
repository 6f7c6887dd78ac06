/* Addresses that are never mailed. */
#ifndef NEWSLETTER_SERVICE_SUPPRESSIONS_H
#define NEWSLETTER_SERVICE_SUPPRESSIONS_H

#include "newsletter/service/office.h"

#include <stdbool.h>
#include <stdio.h>

/* Zero-initialise; free with nl_suppressed_free. */
struct nl_suppressed {
    char *address; /* in its normalised form */
    bool added;    /* false: it was suppressed before, and keeps its reason and date */
};
void nl_suppressed_free(struct nl_suppressed *suppressed);

/* NL_DATA for an invalid address or reason. */
NL_CHECKED enum nl_status nl_office_suppress(const struct nl_office *office, const char *address,
                                             const char *reason, struct nl_suppressed *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Lifts a suppression. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_unsuppress(const struct nl_office *office, const char *address,
                                               struct nl_suppressed *out,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Suppresses the addresses of a file called `name`: all or nothing. *count of them were not
 * suppressed before. */
NL_CHECKED enum nl_status nl_office_suppress_file(const struct nl_office *office, FILE *in,
                                                  const char *name, const char *reason,
                                                  int64_t *count,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* Which: those after this normalised address (NULL: from the first), at most `limit` (0: all). */
struct nl_suppression_query {
    const char *after;
    int64_t limit;
};
struct nl_suppression_row {
    const char *address, *reason;
    int64_t since;
};

/* Calls `each` in the order of the addresses; it must not write. */
NL_CHECKED enum nl_status nl_office_suppressions(
    const struct nl_office *office, const struct nl_suppression_query *query,
    enum nl_status (*each)(const struct nl_suppression_row *row, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 3, 5);

#endif
