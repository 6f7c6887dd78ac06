/* Confinement by Landlock (landlock(7)): a process gives up what it will not need, so that somebody
 * who takes it over reaches little more than it does. */
#ifndef NEWSLETTER_BASE_SANDBOX_H
#define NEWSLETTER_BASE_SANDBOX_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>

enum nl_access {
    NL_ACCESS_READ,  /* files and folders */
    NL_ACCESS_RUN,   /* that, and running programs */
    NL_ACCESS_WRITE, /* reading, and making, changing, moving and removing them */
    NL_ACCESS_OWN,   /* that, and folders, symbolic links, sockets and pipes */
};

struct nl_sandbox {
    int ruleset; /* -1: none */
    int version; /* of Landlock */
    bool failed;
};

/* Begins the list of what stays allowed. False where the kernel has no Landlock, or one that could
 * not allow moving a file from one folder to another (before Linux 5.19). */
bool nl_sandbox_begin(struct nl_sandbox *sandbox) NL_ALL_NONNULL;

/* A file, or a folder with all that is below it. One that is not there is left out; of a symbolic
 * link, what it leads to is allowed. */
void nl_sandbox_allow(struct nl_sandbox *sandbox, const char *path,
                      enum nl_access access) NL_ALL_NONNULL;

/* Sockets may be bound to an address of this machine, at a port that the kernel chooses: for
 * connections that come from a certain address. */
void nl_sandbox_allow_binding(struct nl_sandbox *sandbox) NL_ALL_NONNULL;

/* The folder that the file lies in, since a file that is replaced is another one; and the file that
 * a symbolic link leads to. Of a file in `home` or in the root folder, the file alone. `home` may
 * be NULL. */
void nl_sandbox_allow_beside(struct nl_sandbox *sandbox, const char *path, const char *home)
    NL_NONNULL(1, 2);

/* Confines this thread, and the threads and processes that it starts from now on, for good: no
 * other files, no program to run, no TCP port to listen at, no signals to processes outside. Files
 * and sockets that are open stay so. False, and nothing happened, where the kernel refuses. Ends
 * the list in any case. */
bool nl_sandbox_enter(struct nl_sandbox *sandbox) NL_ALL_NONNULL;

#endif
