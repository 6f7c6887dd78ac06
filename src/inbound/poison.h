/* Messages that end the process that reads them. Each process notes in a file which message it is
 * reading; where a process died, its note tells the next one which message to set aside unread. */
#ifndef NL_INBOUND_POISON_H
#define NL_INBOUND_POISON_H

#include "newsletter/base/token.h"

#include <stdbool.h>

enum { NL_POISON_PLACES = 64 };

/* One process's view of the file. Open with nl_poison_open, close with nl_poison_close. */
struct nl_poison {
    int file;  /* -1: the file cannot be had, and nothing is noted */
    int place; /* ours; -1 for none */
    struct nl_poison_note {
        unsigned char digest[NL_DIGEST_LEN];
        int place;
    } notes[NL_POISON_PLACES]; /* of processes that died */
    int count;
};

/* Opens the file, makes it where there is none, and learns what others left in it. Without it,
 * reading goes on unguarded: that is not an error. */
void nl_poison_open(struct nl_poison *poison, const char *path);

/* Whether the last process that read a message of that digest died of it. */
bool nl_poison_killed(const struct nl_poison *poison, const unsigned char digest[NL_DIGEST_LEN]);

/* Forgets a message that was set aside. */
void nl_poison_forget(struct nl_poison *poison, const unsigned char digest[NL_DIGEST_LEN]);

/* Notes that a message is being read, and that this went well. */
void nl_poison_begin(struct nl_poison *poison, const unsigned char digest[NL_DIGEST_LEN]);
void nl_poison_end(struct nl_poison *poison);

void nl_poison_close(struct nl_poison *poison);

#endif
