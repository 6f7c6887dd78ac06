/* Files for large bodies. They are opened before the process confines itself, and have no name, so
 * that it need not be able to open files in a folder of everybody. */
#ifndef NL_WEB_SPOOL_H
#define NL_WEB_SPOOL_H

#include <stdbool.h>
#include <stdio.h>

enum { NL_SPOOLS = 4 }; /* how many such bodies may arrive at a time */

struct nl_spool {
    FILE *file; /* NULL where there was no room for it */
    bool taken;
};

/* Opens NL_SPOOLS of them; close with nl_spools_close. */
void nl_spools_open(struct nl_spool *spools);
void nl_spools_close(struct nl_spool *spools);

/* Takes one, which is empty; NULL where all are taken. Give it back with nl_spool_release, which
 * empties it; NULL is harmless. */
struct nl_spool *nl_spools_take(struct nl_spool *spools);
void nl_spool_release(struct nl_spool *spool);

#endif
