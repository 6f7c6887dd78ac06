/* Slots: the places in a message that differ from recipient to recipient. While a message is
 * composed a slot is a marker in the text, "\x01" NUMBER "\x02": control characters that no input
 * may hold, so nothing from outside can be taken for one, and that no escaping touches. */
#ifndef NL_BULLETIN_SLOTS_H
#define NL_BULLETIN_SLOTS_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

enum nl_slot_kind {
    NL_SLOT_TO = 'T', /* the To field's content */
    NL_SLOT_MESSAGE_ID = 'I',
    NL_SLOT_DATE = 'D',
    NL_SLOT_UNSUBSCRIBE = 'U', /* token */
    NL_SLOT_CONFIRM = 'C',     /* token */
    NL_SLOT_NAME = 'N',
    NL_SLOT_ADDRESS = 'E',
    NL_SLOT_ATTRIBUTE = 'A',
    NL_SLOT_SUBJECT = 'S', /* the Subject field; name: its text with markers */
    NL_SLOT_IF = '?',     /* what stands until its NL_SLOT_END is only for who has a value there; */
    NL_SLOT_UNLESS = '!', /* ... has none; name: the value's kind, then its name */
    NL_SLOT_END = '/',    /* name: as of what it ends */
};

#define NL_SLOT_OPEN '\x01'
#define NL_SLOT_CLOSE '\x02'
/* Around a part that is to be base64-encoded once its slots are filled. */
#define NL_BASE64_OPEN '\x03'
#define NL_BASE64_CLOSE '\x04'
/* Stands for the "{{" that an author wrote as "\{{" while Markdown, which would eat the backslash,
 * is at work. */
#define NL_LITERAL_BRACES '\x05'

struct nl_slot {
    char kind;
    char *name;     /* of an attribute, or as above; else "" */
    char *fallback; /* for an empty value; "" for none */
};

struct nl_slots {
    struct nl_slot *items;
    size_t count;
};

/* Appends the marker of such a slot, which is added to the table if it is new. */
enum nl_status nl_slots_mark(struct nl_slots *slots, enum nl_slot_kind kind, const char *name,
                             const char *fallback, struct nl_buf *out, struct nl_error *err);

/* Copies `text`, replacing {{variable}} and {{variable|fallback}} by markers. Known variables are
 * name, email, unsubscribe_url and attribute.NAME; NL_LITERAL_BRACES becomes "{{". So are
 * {{#variable}}, {{^variable}} and {{/variable}}, which must be balanced and take the line with
 * them on which they stand alone. `where` names the text in the error for an unknown one.
 * `unsubscribe_url` may be NULL if there is none. */
enum nl_status nl_slots_substitute(struct nl_slots *slots, const char *text,
                                   const char *unsubscribe_url, const char *where,
                                   struct nl_buf *out, struct nl_error *err);

/* Appends `url` with its "{token}" replaced by a marker of `kind`. */
enum nl_status nl_slots_url(struct nl_slots *slots, const char *url, enum nl_slot_kind kind,
                            struct nl_buf *out, struct nl_error *err);

/* How a slot's value is written where it stands; a letter in its marker. */
enum nl_slot_context {
    NL_CONTEXT_RAW = '\0',    /* header fields, plain text that base64 will wrap */
    NL_CONTEXT_QP = 'q',      /* quoted-printable plain text */
    NL_CONTEXT_HTML = 'h',    /* HTML that base64 will wrap */
    NL_CONTEXT_HTML_QP = 'H', /* quoted-printable HTML */
};

/* Reads a marker at `text` (which is on NL_SLOT_OPEN): its length, number and context. 0 if it is
 * malformed. */
size_t nl_slots_marker(const char *text, size_t len, size_t *number, char *context);

void nl_slots_free(struct nl_slots *slots);

#endif
