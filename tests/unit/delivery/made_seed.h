/* Mailboxes of our own, and the sending of single messages, as a test wants them. They take the
 * place of src/inbound/seed.c and src/delivery/send_test.c when the test is linked. */
#ifndef NL_TESTS_MADE_SEED_H
#define NL_TESTS_MADE_SEED_H

#include "support.h"

#include "newsletter/delivery/send.h"
#include "newsletter/inbound/seed.h"

extern struct made_seed {
    struct nl_buf log;                   /* "send RECIPIENT ID" or "look USER ID", a line each */
    struct nl_buf from, sender, message; /* of the last copy */
    const char *refuses;                 /* copies to this address fail; NULL: none */
    void (*before)(void);                /* a copy is sent; may be NULL */
    struct nl_seed_sight (*look)(const char *address); /* NULL: the copy lies in the inbox */
    const char *closed;                /* this address's mailbox cannot be read; NULL: none */
    const volatile sig_atomic_t *stop; /* as given with the last look */
} made_seed;

/* A relay that is only handed on. */
const struct nl_relay *made_seed_relay(void);

void made_seed_begin(void);
void made_seed_end(void);

#endif
