/* Shared by the readers of this folder: one message being read. */
#ifndef NL_INBOUND_READING_H
#define NL_INBOUND_READING_H

#include "inbound/judging.h"
#include "inbound/mail.h"
#include "newsletter/inbound/bounce.h"

/* When reading ends, see nl_bounce.steps: what was begun then may take the rest. */
enum { NL_READING_STEPS = NL_BOUNCE_STEPS - 150000, NL_READING_RECIPIENTS = 200 };

struct nl_reading {
    const struct nl_bounce_reader *reader;
    struct nl_mail mail;
    struct nl_bounce *out;
    enum nl_judge_stage stage;   /* of the command that a report says was refused */
    struct nl_judgement unnamed; /* of a failure whose recipient nobody named so far */
    bool reported;               /* there is a delivery status, though it may name nobody */
    bool failed;                 /* a library or the system did, while a report was read */
};

/* Whether the budget of this message is spent: what is left of it is not read. */
bool nl_reading_spent(const struct nl_reading *reading);

/* Takes note of an address and why it failed, or has failed so far (`kind` NL_BOUNCE_DELAYED). The
 * first word on it stands, except that a reason takes the place of "undetermined". `diagnostic` may
 * be NULL. False for what is not an address. */
bool nl_reading_add(struct nl_reading *reading, const char *address, enum nl_bounce_kind kind,
                    const struct nl_judgement *judgement, const char *diagnostic);

/* Notes that delivery to `address` failed, or is delayed, judged by its status and by what was said
 * of it; both may be NULL. */
bool nl_reading_add_failed(struct nl_reading *reading, const char *address,
                           enum nl_bounce_kind kind, const char *status, const char *diagnostic);

/* Finds everything in a text with one of the reader's scans, at the message's cost. */
const struct nl_scan *nl_reading_scan(struct nl_reading *reading, size_t which, const char *text,
                                      size_t len, size_t lines);

/* Whether a text of one line is of that sort. */
bool nl_reading_is(struct nl_reading *reading, const char *text, enum nl_sort sort);

/* Whether anything failed for a reason that nobody has told so far. */
bool nl_reading_lacks_reason(const struct nl_reading *reading);

/* The next address in text[*at..len), without angle brackets, or NULL; the caller frees it. */
char *nl_reading_next_address(const char *text, size_t len, size_t *at);

/* The only or first address in a text, or NULL; the caller frees it. */
char *nl_reading_address(const char *text);

/* A field of the mail that came back, if the part is that or its header alone. The caller frees. */
char *nl_reading_returned_field(struct nl_reading *reading, size_t part, const char *name);

/* dsn.c, arf.c: the machine-readable forms. True when one was found, whatever it said. */
bool nl_read_feedback(struct nl_reading *reading);
bool nl_read_delivery_status(struct nl_reading *reading);

/* aggregate_mail.c: reports about us. True when there was one, even if it cannot be read. */
bool nl_read_report(struct nl_reading *reading, const char *subject);

/* notification.c: what Amazon SES tells by SNS, as JSON. */
bool nl_read_notification(struct nl_reading *reading);

/* prose.c: people's prose. `reasons_only` adds no address and looks for reasons that a report left
 * out. */
void nl_read_prose(struct nl_reading *reading, bool reasons_only);

#endif
