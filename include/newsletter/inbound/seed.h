/* Mailboxes of our own, read by IMAP: where a message of ours lies, and what their server says of
 * it. */
#ifndef NEWSLETTER_INBOUND_SEED_H
#define NEWSLETTER_INBOUND_SEED_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/error.h"
#include "newsletter/config/config.h"

#include <signal.h>

enum { NL_AUTH_RESULT = 16, NL_AUTH_NAME = 256, NL_SEED_FOLDER = 128 };

/* The results of a mailbox's server for a message (RFC 8601); "" where it does not say. */
struct nl_authentication {
    char authserv_id[NL_AUTH_NAME]; /* of who says it; "": nobody does */
    char spf[NL_AUTH_RESULT], dkim[NL_AUTH_RESULT], dmarc[NL_AUTH_RESULT];
    char dkim_domain[NL_AUTH_NAME]; /* of the signature that the result is about */
};

/* Reads the Authentication-Results fields of a header that the mailbox's own server has put there:
 * those by `authserv_id`, or with NULL by the name in the topmost one, and only down to the next
 * Received field, since anything below it comes from elsewhere (RFC 8601 section 5). Of several
 * DKIM signatures, one that passes is enough. */
void nl_authentication_read(const char *header, size_t len, const char *authserv_id,
                            struct nl_authentication *out) NL_NONNULL(1, 4);

enum nl_seed_place {
    NL_SEED_MISSING,
    NL_SEED_INBOX,
    NL_SEED_JUNK,      /* the folder for junk (RFC 6154, or by its name), or for what is deleted */
    NL_SEED_ELSEWHERE, /* another folder, by a rule of its owner */
};

struct nl_seed_sight {
    enum nl_seed_place place;
    char folder[NL_SEED_FOLDER]; /* as the server calls it */
    struct nl_authentication authentication;
};

/* Looks for the message whose Message-ID holds `token` (letters, digits, '-' and '.'). All that the
 * server sends is bounded in size, and the look in time. NL_NOPERM where it refuses the login. */
NL_CHECKED enum nl_status nl_seed_look(const struct nl_seed *seed, const char *token,
                                       const volatile sig_atomic_t *stop, struct nl_seed_sight *out,
                                       struct nl_error *err) NL_NONNULL(1, 2, 4, 5);

/* Opens a mailbox, and names its folder for junk; "" where none is found. */
NL_CHECKED enum nl_status nl_seed_open(const struct nl_seed *seed, char junk[NL_SEED_FOLDER],
                                       struct nl_error *err) NL_ALL_NONNULL;

#endif
