#include "newsletter/bulletin/message.h"

#include "bulletin/header.h"
#include "bulletin/message_parts.h"
#include "bulletin/qp.h"
#include "newsletter/base/clean.h"
#include "newsletter/base/segment_match.h"
#include "newsletter/template/escape.h"

#include <ctype.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BASE64_LINE = 57 };

/* How many characters stand for themselves. */
static size_t plain_run(const char *text, bool html) {
    size_t len = 0;
    while (text[len] != '\0' && !iscntrl((unsigned char)text[len]) &&
           (!html || nl_html_entity(text[len]) == NULL))
        len++;
    return len;
}

/* Writes one value. In quoted-printable text, a soft line break stands before each slot and after
 * its value, so the value's length does not affect the text around it. */
static void add_value(struct nl_buf *out, const char *value, char context) {
    bool html = context == NL_CONTEXT_HTML || context == NL_CONTEXT_HTML_QP;
    bool qp = context == NL_CONTEXT_QP || context == NL_CONTEXT_HTML_QP;
    size_t column = 0;
    for (const char *rest = value; *rest != '\0';) {
        size_t plain = plain_run(rest, html);
        const char *entity = html ? nl_html_entity(*rest) : NULL;
        const char *text = plain > 0 ? rest : entity != NULL ? entity : " ";
        size_t len = plain > 0 ? plain : strlen(text);
        if (qp)
            nl_qp_add(out, text, len, &column);
        else
            nl_buf_add(out, text, len);
        rest += plain > 0 ? plain : 1;
    }
    if (qp)
        nl_qp_soft_break(out, &column);
}

static const char *attribute_text(const json_t *value, char number[32]) {
    if (json_is_string(value))
        return json_string_value(value);
    if (!json_is_integer(value))
        return "";
    snprintf(number, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return number;
}

/* Forms store answers as texts, so "no" and "0" count as unset. */
static bool counts_as_set(const json_t *value) {
    static const char *const nothing[] = {"", "0", "no", "false"};
    for (size_t i = 0; json_is_string(value) && i < sizeof nothing / sizeof nothing[0]; i++)
        if (strcasecmp(json_string_value(value), nothing[i]) == 0)
            return false;
    return value != NULL && !json_is_null(value) && !json_is_false(value) &&
           !(json_is_integer(value) && json_integer_value(value) == 0);
}

static bool condition_holds(const struct nl_slot *condition, const struct nl_segment *expression,
                            const struct nl_recipient *recipient, const json_t *attributes) {
    const struct nl_segment_person person = {
        .email = recipient->address, .name = recipient->name, .attributes = attributes};
    bool set = true;
    if (expression != NULL)
        set = nl_segment_matches(expression, &person);
    else if (condition->name[0] == NL_SLOT_NAME)
        set = recipient->name != NULL && recipient->name[0] != '\0';
    else if (condition->name[0] == NL_SLOT_ATTRIBUTE)
        set = counts_as_set(json_object_get(attributes, condition->name + 1));
    return set == (condition->kind == NL_SLOT_IF);
}

static const char *value_of(const struct nl_slot *slot, const struct nl_recipient *recipient,
                            const json_t *attributes, char number[32]) {
    const char *value = NULL;
    switch (slot->kind) {
    case NL_SLOT_UNSUBSCRIBE:
        value = recipient->unsubscribe;
        break;
    case NL_SLOT_CONFIRM:
        value = recipient->confirmation;
        break;
    case NL_SLOT_NAME:
        value = recipient->name;
        break;
    case NL_SLOT_ADDRESS:
        value = recipient->address;
        break;
    default:
        value = attribute_text(json_object_get(attributes, slot->name), number);
        break;
    }
    return value != NULL && value[0] != '\0' ? value : slot->fallback;
}

/* The subject is encoded as a whole, since the values in it move the ends of its encoded words. */
static void fill_subject(const struct nl_slots *slots, const char *text,
                         const struct nl_recipient *recipient, const json_t *attributes,
                         struct nl_buf *out) {
    char number[32];
    struct nl_buf filled = {0};
    while (*text != '\0') {
        size_t plain = strcspn(text, (const char[]){NL_SLOT_OPEN, '\0'});
        size_t slot = 0;
        char context = 0;
        nl_buf_add(&filled, text, plain);
        text += plain;
        size_t used = *text != '\0' ? nl_slots_marker(text, strlen(text), &slot, &context) : 0;
        if (used > 0 && slot < slots->count)
            nl_buf_adds(&filled, value_of(&slots->items[slot], recipient, attributes, number));
        text += used > 0 ? used : *text != '\0';
    }
    nl_header_folded(out, nl_buf_text(&filled), sizeof "Subject: " - 1);
    nl_buf_free(&filled);
}

static void fill_slot(const struct nl_slots *slots, const struct piece *piece,
                      const struct nl_recipient *recipient, const json_t *attributes,
                      struct nl_buf *out) {
    char number[32];
    const struct nl_slot *slot = &slots->items[piece->slot];
    switch (slot->kind) {
    case NL_SLOT_TO:
        nl_header_mailbox(out, recipient->name, recipient->address);
        return;
    case NL_SLOT_DATE:
        nl_header_date(out, recipient->date);
        return;
    case NL_SLOT_MESSAGE_ID:
        nl_buf_addf(out, "<%s>", recipient->message_id);
        return;
    case NL_SLOT_SUBJECT:
        fill_subject(slots, slot->name, recipient, attributes, out);
        return;
    case NL_SLOT_IF:
    case NL_SLOT_UNLESS:
    case NL_SLOT_END:
        return;
    default:
        add_value(out, value_of(slot, recipient, attributes, number), piece->context);
        return;
    }
}

static bool is_left_out(const struct nl_message *message, const struct piece *piece,
                        const struct nl_recipient *recipient, const json_t *attributes) {
    return piece->end != 0 &&
           !condition_holds(&message->slots.items[piece->slot], message->expressions[piece->slot],
                            recipient, attributes);
}

static void add_base64(struct nl_buf *out, const struct nl_buf *raw) {
    for (size_t at = 0; at < raw->len; at += BASE64_LINE) {
        unsigned char line[4 * BASE64_LINE / 3 + 2];
        size_t len = raw->len - at < BASE64_LINE ? raw->len - at : BASE64_LINE;
        int used = EVP_EncodeBlock(line, (const unsigned char *)raw->data + at, (int)len);
        nl_buf_add(out, line, (size_t)used);
        nl_buf_adds(out, "\r\n");
    }
}

/* A value as readers see it: without white space and invisible characters at its ends, so that a
 * blank one gives way to the fallback. Values that begin and end with a visible ASCII character
 * need no look. */
static const char *visible(const char *value, struct nl_buf *kept) {
    size_t len = value != NULL ? strlen(value) : 0;
    struct nl_error ignored = {0};
    if (len == 0 || (isgraph((unsigned char)value[0]) && isgraph((unsigned char)value[len - 1])))
        return value;
    nl_buf_clear(kept);
    bool cleaned = nl_clean_line(value, "", kept, &ignored) == NL_OK;
    nl_error_free(&ignored);
    return cleaned ? nl_buf_text(kept) : value;
}

/* Attributes as readers see them. They are cleaned on their way in now, but were not always. */
static json_t *visible_attributes(const char *text, struct nl_buf *kept) {
    json_t *attributes = json_loads(text, 0, NULL);
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(attributes, name, value) {
        const char *before = json_string_value(value);
        const char *after = visible(before, kept);
        if (after != before)
            json_string_set(value, after);
    }
    return attributes;
}

enum nl_status nl_message_fill(const struct nl_message *message,
                               const struct nl_recipient *recipient, struct nl_buf *out,
                               struct nl_error *err) {
    (void)err;
    struct nl_buf raw = {0};
    struct nl_buf *target = out;
    struct nl_buf name = {0};
    struct nl_buf kept = {0};
    struct nl_recipient reader = *recipient;
    json_t *attributes = NULL;
    nl_buf_clear(out);
    nl_buf_adds(out, recipient->fields != NULL ? recipient->fields : "");
    reader.name = visible(recipient->name, &name);
    if (message->attributes && recipient->attributes != NULL)
        attributes = visible_attributes(recipient->attributes, &kept);
    for (size_t i = 0; i < message->count; i++) {
        const struct piece *piece = &message->pieces[i];
        switch (piece->kind) {
        case LITERAL:
            nl_buf_add(target, piece->text, piece->len);
            break;
        case SLOT:
            if (is_left_out(message, piece, &reader, attributes))
                i = piece->end;
            else
                fill_slot(&message->slots, piece, &reader, attributes, target);
            break;
        case BASE64_BEGIN:
            nl_buf_clear(&raw);
            target = &raw;
            break;
        case BASE64_END:
            add_base64(out, &raw);
            target = out;
            break;
        }
    }
    json_decref(attributes);
    nl_buf_free(&raw);
    nl_buf_free(&name);
    nl_buf_free(&kept);
    return NL_OK;
}
