/* Mail that came back and was not understood: it is kept until somebody has read it. */
#ifndef NEWSLETTER_SERVICE_KEPT_BOUNCES_H
#define NEWSLETTER_SERVICE_KEPT_BOUNCES_H

#include "newsletter/base/buf.h"
#include "newsletter/service/office.h"

#include <stddef.h>

struct nl_kept_bounce {
    int64_t id, at;
    size_t bytes;
};

NL_CHECKED enum nl_status nl_office_kept_bounces(
    const struct nl_office *office,
    enum nl_status (*each)(const struct nl_kept_bounce *kept, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Appends the message, as a stranger wrote it. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_kept_bounce_read(const struct nl_office *office, int64_t id,
                                                     struct nl_buf *out,
                                                     struct nl_error *err) NL_ALL_NONNULL;

/* Drops the text of a message that somebody has read. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_kept_bounce_dismiss(const struct nl_office *office, int64_t id,
                                                        struct nl_error *err) NL_ALL_NONNULL;

#endif
