/* A composed message: text that is the same for everybody, with slots for what is not. Composed
 * once per issue, filled once per recipient; nothing but copying and encoding of short values is
 * done then. */
#ifndef NEWSLETTER_BULLETIN_MESSAGE_H
#define NEWSLETTER_BULLETIN_MESSAGE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdint.h>

struct nl_message;

/* Everything a slot may be filled with. Optional texts are NULL. */
struct nl_recipient {
    const char *address;      /* its envelope form; goes into the To field */
    const char *name;         /* UTF-8, one line */
    const char *attributes;   /* a JSON object */
    const char *unsubscribe;  /* token */
    const char *confirmation; /* token */
    const char *message_id;   /* without angle brackets */
    int64_t date;             /* seconds UTC, for the Date field */
};

/* Reads a composed message as nl_bulletin_compose and nl_notice_compose made it. Copies what it
 * needs. Free with nl_message_free. */
enum nl_status nl_message_parse(const char *packed, size_t len, struct nl_message **out,
                                struct nl_error *err);

/* Writes the complete message for one recipient, with CRLF line ends and no line over 998 bytes,
 * into `out`, which is cleared first. Does not stuff dots. */
enum nl_status nl_message_fill(const struct nl_message *message,
                               const struct nl_recipient *recipient, struct nl_buf *out,
                               struct nl_error *err);

void nl_message_free(struct nl_message *message);

#endif
