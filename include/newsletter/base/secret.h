/* Secrets that come from outside: reading a password, and wiping it after use. */
#ifndef NEWSLETTER_BASE_SECRET_H
#define NEWSLETTER_BASE_SECRET_H

#include "newsletter/base/error.h"

/* Reads a password from `file` (a pipe or /dev/fd/N will do) or else from the environment variable
 * `env`, without its line end. *out stays NULL if both are NULL. `what` names it in errors. The
 * caller wipes and frees it with nl_secret_free. */
NL_CHECKED enum nl_status nl_secret_read(const char *what, const char *file, const char *env,
                                         char **out, struct nl_error *err) NL_NONNULL(1);

/* Overwrites a secret and frees it. NULL is harmless. */
void nl_secret_free(char *secret);

#endif
