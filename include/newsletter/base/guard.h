/* Files that must not outlive the process that works with them, not even where it is killed. */
#ifndef NEWSLETTER_BASE_GUARD_H
#define NEWSLETTER_BASE_GUARD_H

#include "newsletter/base/error.h"

#include <sys/types.h>

/* Zero it. */
struct nl_guard {
    pid_t child; /* the process that waits for the end of ours; 0 for none */
    int fd;
};

/* Starts a process that removes the file `path`, and its journals, at
 * nl_guard_end or when this process ends, however it does. Call it before the file is there. Only a
 * loss of power leaves the file: nl_guard_sweep. */
NL_CHECKED enum nl_status nl_guard_begin(struct nl_guard *guard, const char *path,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Removes the file and waits until it is gone. Harmless if nothing was begun. */
void nl_guard_end(struct nl_guard *guard) NL_ALL_NONNULL;

/* Removes files older than an hour whose names are `path`, a dot, eight signs and `ending`. */
void nl_guard_sweep(const char *path, const char *ending, int64_t now) NL_ALL_NONNULL;

#endif
