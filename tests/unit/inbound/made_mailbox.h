/* A mail server with mailboxes, by IMAP or POP3, which says what no real server says on demand. */
#ifndef NL_TESTS_MADE_MAILBOX_H
#define NL_TESTS_MADE_MAILBOX_H

#include "support.h"

#include <pthread.h>

/* The reply to a command that begins with `command`; "%" in an IMAP reply stands for the tag. Of
 * several rows that fit, the first that has not been used counts. */
struct mailbox_reply {
    const char *command, *text;
    bool used;
};

extern struct made_mailbox {
    int listener, port;
    bool imap;
    struct mailbox_reply *replies; /* up to one without a command */
    struct nl_buf log; /* the commands, without tags and logins, each with a line's end */
    pthread_t thread;
} made_mailbox;

/* Zero made_mailbox before. After it was stopped, the log is to be freed. */
void made_mailbox_start(bool imap, struct mailbox_reply *replies);
void made_mailbox_stop(void);

#endif
