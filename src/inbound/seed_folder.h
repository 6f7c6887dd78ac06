/* The folders of a mailbox, as LIST names them. */
#ifndef NL_INBOUND_SEED_FOLDER_H
#define NL_INBOUND_SEED_FOLDER_H

#include "newsletter/inbound/seed.h"

enum { NL_SEED_FOLDERS = 24 };

struct nl_seed_folder {
    char name[NL_SEED_FOLDER];
    enum nl_seed_place place;
};

struct nl_seed_folders {
    struct nl_seed_folder items[NL_SEED_FOLDERS];
    size_t count;
};

/* Reads the answers to LIST (RFC 3501 section 7.2.2, RFC 6154): the inbox comes first, then folders
 * for junk, then others up to the bound. Folders that are not selectable, or that hold what is in
 * others too, are left out. */
void nl_seed_folders_read(const char *answer, struct nl_seed_folders *out) NL_ALL_NONNULL;

#endif
