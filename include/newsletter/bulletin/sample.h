/* A made-up recipient, for previews and tests. */
#ifndef NEWSLETTER_BULLETIN_SAMPLE_H
#define NEWSLETTER_BULLETIN_SAMPLE_H

#include "newsletter/bulletin/bulletin.h"

/* Fills a packed message for `address`, or for a made-up reader with NULL. Its links hold tokens
 * that nobody has. */
NL_CHECKED enum nl_status nl_sample_fill(const char *packed, size_t len, const char *address,
                                         struct nl_buf *out, struct nl_error *err)
    NL_NONNULL(1, 4, 5);

/* The same for a made-up reader with these attributes, a JSON object. */
NL_CHECKED enum nl_status nl_sample_fill_with(const char *packed, size_t len,
                                              const char *attributes, struct nl_buf *out,
                                              struct nl_error *err) NL_ALL_NONNULL;

#endif
