/* E-mail addresses: RFC 5321 section 4.1.2 mailboxes, internationalised by RFC 6531 and IDNA2008.
 */
#ifndef NEWSLETTER_BASE_ADDRESS_H
#define NEWSLETTER_BASE_ADDRESS_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>

/* Free with nl_address_free. */
struct nl_address {
    char *text;     /* as given, without surrounding space */
    char *envelope; /* for RCPT TO: the domain in A-labels, the local part quoted where it must */
    char *key;      /* equal for all spellings of one mailbox; unique in the database */
    char *domain;   /* A-labels, lower case; part of `envelope` */
    bool smtputf8;  /* the local part needs SMTPUTF8 (RFC 6531) */
};

/* Reads one address: dot-atom or quoted local part (UTF-8 allowed), domain name or IDN. Comments,
 * source routes, address literals and names without a dot (but localhost) are refused, since no
 * subscriber has such an address; the error says which rule was broken. */
NL_CHECKED enum nl_status nl_address_parse(const char *text, struct nl_address *out,
                                           struct nl_error *err) NL_NONNULL(1, 2);

/* Appends an address of which its owner recognises enough and others learn little:
 * "v…1@example.org". */
void nl_address_mask(const char *address, struct nl_buf *out) NL_ALL_NONNULL;

void nl_address_free(struct nl_address *address);

/* Reads "Name <address>" or a bare address. `*name` is NULL where there is none; the caller frees
 * both. */
NL_CHECKED enum nl_status nl_mailbox_parse(const char *text, char **name, struct nl_address *out,
                                           struct nl_error *err) NL_NONNULL(1, 2, 3);

#endif
