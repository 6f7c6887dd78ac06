/* A made-up recipient, for previews and tests. */
#ifndef NL_CLI_SAMPLE_H
#define NL_CLI_SAMPLE_H

#include "newsletter/bulletin/bulletin.h"

/* Fills a packed message for `address`, or for a made-up reader with NULL. Its links hold tokens
 * that nobody has. */
enum nl_status sample_fill(const char *packed, size_t len, const char *address, struct nl_buf *out,
                           struct nl_error *err);

#endif
