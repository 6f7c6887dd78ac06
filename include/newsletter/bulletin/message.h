/* A composed message: the text that all recipients share, with slots for the values that differ. An
 * issue is composed once and filled once for each recipient, which only copies text and encodes
 * short values. */
#ifndef NEWSLETTER_BULLETIN_MESSAGE_H
#define NEWSLETTER_BULLETIN_MESSAGE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdint.h>

struct nl_message;

/* All values that may fill a slot. Optional texts are NULL. */
struct nl_recipient {
    const char *address;      /* its envelope form; goes into the To field */
    const char *name;         /* UTF-8, one line */
    const char *attributes;   /* a JSON object */
    const char *unsubscribe;  /* token */
    const char *confirmation; /* token */
    const char *message_id;   /* without angle brackets */
    int64_t date;             /* seconds UTC, for the Date field */
    const char *fields;       /* further fields of the header, each with CRLF; NULL: none */
};

/* Reads a composed message that nl_bulletin_compose or nl_notice_compose made. Copies the text.
 * Free with nl_message_free. */
NL_CHECKED enum nl_status nl_message_parse(const char *packed, size_t len, struct nl_message **out,
                                           struct nl_error *err) NL_NONNULL(3, 4);

/* Writes the complete message for one recipient, with CRLF line ends and no line over 998 bytes,
 * into `out`, which is cleared first. Does not stuff dots. */
NL_CHECKED enum nl_status nl_message_fill(const struct nl_message *message,
                                          const struct nl_recipient *recipient, struct nl_buf *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` for every attribute that the message asks for, in variables and conditions; for one
 * that it asks for often, as often. */
NL_CHECKED enum nl_status
nl_message_attributes(const struct nl_message *message,
                      enum nl_status (*each)(const char *name, void *ctx, struct nl_error *err),
                      void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

void nl_message_free(struct nl_message *message);

#endif
