/* Header field content: encoded words (RFC 2047) and mailboxes (RFC 5322, RFC 6532). */
#ifndef NL_BULLETIN_HEADER_H
#define NL_BULLETIN_HEADER_H

#include "newsletter/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Appends unstructured text such as a Subject: unchanged if it is plain ASCII in short words,
 * otherwise as encoded words with spaces between them. Control characters always become spaces. */
void nl_header_text(struct nl_buf *out, const char *text);

/* Appends the same, folded; its first line begins at `column`. */
void nl_header_folded(struct nl_buf *out, const char *text, size_t column);

/* Appends "Display Name <address>", folded, or the bare address if `name` is NULL or blank. The
 * address is not encoded: RFC 6532 allows UTF-8 where SMTPUTF8 is used. */
void nl_header_mailbox(struct nl_buf *out, const char *name, const char *address);

/* Appends an RFC 5322 date, in UTC. */
void nl_header_date(struct nl_buf *out, int64_t time);

#endif
