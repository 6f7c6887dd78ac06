/* Slots: the places in a message whose text differs from recipient to recipient. While a message is
 * composed, a slot is a marker in the text, "\x01" NUMBER "\x02". No input may hold these control
 * characters, so no outside text can pass for a marker, and no escaping changes them. */
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
    NL_SLOT_EXPRESSION = 'X', /* never a slot, but the first letter of the name of a condition that
                                 compares: {{#if ...}} */
    NL_SLOT_END = '/',        /* name: as of what it ends */
};

#define NL_SLOT_OPEN '\x01'
#define NL_SLOT_CLOSE '\x02'
/* Enclose a part that is base64-encoded after its slots are filled. */
#define NL_BASE64_OPEN '\x03'
#define NL_BASE64_CLOSE '\x04'
/* Stands for an escaped "\{{" until Markdown, which would drop the backslash, has read the text. */
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

/* Appends the marker of the slot with these values, and adds the slot to the table if it is new. */
enum nl_status nl_slots_mark(struct nl_slots *slots, enum nl_slot_kind kind, const char *name,
                             const char *fallback, struct nl_buf *out, struct nl_error *err);

/* Copies `text`, replacing {{variable}} and {{variable|fallback}} by markers. Known variables are
 * name, email, unsubscribe_url and attribute.NAME; NL_LITERAL_BRACES becomes "{{". So are
 * {{#variable}}, {{^variable}} and {{/variable}}, as well as {{#if EXPRESSION}}, {{^if EXPRESSION}}
 * and {{/if}}, which must be balanced and take the line with
 * them on which they stand alone. `where` names the text in the error for an unknown one.
 * `unsubscribe_url` may be NULL if there is none. */
enum nl_status nl_slots_substitute(struct nl_slots *slots, const char *text,
                                   const char *unsubscribe_url, const char *where,
                                   struct nl_buf *out, struct nl_error *err);

/* Appends `url` with its "{token}" replaced by a marker of `kind`. */
enum nl_status nl_slots_url(struct nl_slots *slots, const char *url, enum nl_slot_kind kind,
                            struct nl_buf *out, struct nl_error *err);

/* How a slot's value is encoded at its place; a letter in its marker. */
enum nl_slot_context {
    NL_CONTEXT_RAW = '\0',    /* header fields, plain text that base64 will wrap */
    NL_CONTEXT_QP = 'q',      /* quoted-printable plain text */
    NL_CONTEXT_HTML = 'h',    /* HTML that base64 will wrap */
    NL_CONTEXT_HTML_QP = 'H', /* quoted-printable HTML */
};

/* Reads the marker at `text`, which begins with NL_SLOT_OPEN: its number and context. Returns its
 * length; 0 if it is malformed. */
size_t nl_slots_marker(const char *text, size_t len, size_t *number, char *context);

void nl_slots_free(struct nl_slots *slots);

#endif
