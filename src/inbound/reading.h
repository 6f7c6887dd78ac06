/* What the readers of this folder share: one message being read. */
#ifndef NL_INBOUND_READING_H
#define NL_INBOUND_READING_H

#include "inbound/mail.h"
#include "inbound/patterns.h"

struct nl_reading {
    const struct nl_bounce_reader *reader;
    struct nl_mail mail;
    struct nl_bounce *out;
    bool nomem;
};

/* Takes note of an address. The first word on it stands, except that a reason takes the place of
 * "undetermined". `status` and `diagnostic` may be NULL. False for what is no address. */
bool nl_reading_add(struct nl_reading *reading, const char *address, enum nl_bounce_kind kind,
                    const char *reason, const char *status, const char *diagnostic);

/* Notes that delivery to `address` failed, judged by its status and by what was said of it. */
bool nl_reading_add_failed(struct nl_reading *reading, const char *address, const char *status,
                           const char *diagnostic);

/* The next address in `text` from *at on, without angle brackets, or NULL; the caller frees it. */
char *nl_reading_next_address(const char *text, size_t *at);

/* Copies the first enhanced status code (RFC 3463) of class 2, 4 or 5 in `text`, or "". */
void nl_reading_find_status(const char *text, char out[12]);

/* A field of the mail that came back, if the part is that or its header alone. The caller frees. */
char *nl_reading_returned_field(const struct nl_part *part, const char *name);

/* report.c: the machine-readable forms. True when one was found, whatever it said. */
bool nl_read_feedback(struct nl_reading *reading);
bool nl_read_delivery_status(struct nl_reading *reading);

/* plain.c: people's prose. */
void nl_read_plain(struct nl_reading *reading);

#endif
