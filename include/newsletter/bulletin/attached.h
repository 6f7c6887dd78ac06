/* The files that went out with an issue, taken from its stored message. */
#ifndef NEWSLETTER_BULLETIN_ATTACHED_H
#define NEWSLETTER_BULLETIN_ATTACHED_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends attachment number `index` (from 0, in the order of the front matter) of a message that
 * nl_message_fill has written; *found is false where there are fewer. With `out` NULL, *size alone
 * is set. NL_DATA for a message that cannot be read. */
NL_CHECKED enum nl_status nl_attached_read(const struct nl_buf *message, size_t index, bool *found,
                                           size_t *size, struct nl_buf *out, struct nl_error *err)
    NL_NONNULL(1, 3, 4, 6);

#endif
