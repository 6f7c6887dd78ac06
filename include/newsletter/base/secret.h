/* Secrets that come from outside: reading a password, and wiping it after use. */
#ifndef NEWSLETTER_BASE_SECRET_H
#define NEWSLETTER_BASE_SECRET_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

/* Where a secret comes from: the first of these that is not NULL. */
struct nl_secret_source {
    const char *file;     /* a pipe or /dev/fd/N will do */
    char *const *command; /* a program and its words, NULL at the end; none if the first is NULL */
    const char *env;      /* an environment variable */
};

/* Reads a password without its line end. *out stays NULL if there is no source. `what` names it in
 * errors. The caller wipes and frees it with nl_secret_free. */
NL_CHECKED enum nl_status nl_secret_read(const char *what, const struct nl_secret_source *source,
                                         char **out, struct nl_error *err) NL_NONNULL(1, 2, 3);

/* Runs a program, whose path must be whole, without a shell and without input, and takes what it
 * prints: at most 64 KiB within 30 seconds, else it is killed with its children. The caller wipes
 * and frees `out`. */
NL_CHECKED enum nl_status nl_secret_run(char *const argv[], struct nl_buf *out,
                                        struct nl_error *err) NL_NONNULL(1, 2);

/* Overwrites a secret and frees it. NULL is harmless. */
void nl_secret_free(char *secret);

#endif
