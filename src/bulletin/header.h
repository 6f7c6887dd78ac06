/* Header field content: encoded words (RFC 2047) and mailboxes (RFC 5322, RFC 6532). */
#ifndef NL_BULLETIN_HEADER_H
#define NL_BULLETIN_HEADER_H

#include "newsletter/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Appends unstructured text such as a Subject: as it is where it is plain ASCII in short words, as
 * encoded words with spaces between them otherwise. Control characters become spaces, whatever the
 * caller checked. */
void nl_header_text(struct nl_buf *out, const char *text);

/* The same, folded, from `column` of its line on. */
void nl_header_folded(struct nl_buf *out, const char *text, size_t column);

/* Appends "Display Name <address>", folded, or the bare address where `name` is NULL or empty. The
 * address stands as it is: RFC 6532 lets UTF-8 in where SMTPUTF8 is used. */
void nl_header_mailbox(struct nl_buf *out, const char *name, const char *address);

/* Appends an RFC 5322 date, in UTC. */
void nl_header_date(struct nl_buf *out, int64_t time);

#endif
