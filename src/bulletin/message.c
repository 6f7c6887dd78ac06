#include "newsletter/bulletin/message.h"

#include "bulletin/header.h"
#include "bulletin/pack.h"
#include "bulletin/qp.h"
#include "newsletter/template/escape.h"

#include <ctype.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NESTING_LIMIT = 40, FIELD_END = '\x1f', BASE64_LINE = 57 };

enum segment_kind { LITERAL, SLOT, BASE64_BEGIN, BASE64_END };

struct segment {
    enum segment_kind kind;
    char context; /* SLOT */
    size_t slot;
    size_t end;       /* SLOT of a condition: the segment that ends it */
    const char *text; /* LITERAL; points into nl_message.packed */
    size_t len;
};

struct nl_message {
    char *packed;
    struct nl_slots slots;
    bool attributes; /* whether any slot needs the recipient's attributes */
    struct segment *segments;
    size_t count;
    size_t cap;
};

void nl_message_pack(const struct nl_slots *slots, const struct nl_buf *text, struct nl_buf *out) {
    for (size_t i = 0; i < slots->count; i++)
        nl_buf_addf(out, "%c%s%c%s\n", slots->items[i].kind, slots->items[i].name, FIELD_END,
                    slots->items[i].fallback);
    nl_buf_addc(out, '\n');
    nl_buf_add(out, nl_buf_text(text), text->len);
    out->failed = out->failed || text->failed;
}

static enum nl_status damaged_message(struct nl_error *err) {
    return nl_error_set(err, NL_IO,
                        "the composed message in the database is damaged: restore the "
                        "database from a backup");
}

/* Reads the slot table. *text is the start of the message after it. */
static enum nl_status read_slots(struct nl_message *message, char **text, struct nl_error *err) {
    char *line = message->packed;
    while (*line != '\n') {
        char *middle = strchr(line, FIELD_END);
        char *end = strchr(line, '\n');
        if (middle == NULL || end == NULL || middle > end)
            return damaged_message(err);
        *middle = '\0';
        *end = '\0';
        struct nl_slot *grown =
            realloc(message->slots.items, (message->slots.count + 1) * sizeof *grown);
        if (grown == NULL)
            return nl_error_nomem(err);
        message->slots.items = grown;
        struct nl_slot *slot = &grown[message->slots.count++];
        *slot = (struct nl_slot){line[0], strdup(line + 1), strdup(middle + 1)};
        if (slot->name == NULL || slot->fallback == NULL)
            return nl_error_nomem(err);
        message->attributes = message->attributes || slot->kind == NL_SLOT_ATTRIBUTE ||
                              slot->name[0] == NL_SLOT_ATTRIBUTE; /* of a condition */
        line = end + 1;
    }
    *text = line + 1;
    return NL_OK;
}

static bool add_segment(struct nl_message *message, struct segment segment) {
    if (segment.kind == LITERAL && segment.len == 0)
        return true;
    if (message->count == message->cap) {
        size_t cap = message->cap ? message->cap * 2 : 32;
        struct segment *grown = realloc(message->segments, cap * sizeof *grown);
        if (grown == NULL)
            return false;
        message->segments = grown;
        message->cap = cap;
    }
    message->segments[message->count++] = segment;
    return true;
}

/* Reads one marker. Returns its length; 0 if there is no marker. */
static size_t read_marker(const struct nl_message *message, const char *text, size_t len,
                          struct segment *out) {
    if (*text == NL_BASE64_OPEN || *text == NL_BASE64_CLOSE) {
        *out = (struct segment){.kind = *text == NL_BASE64_OPEN ? BASE64_BEGIN : BASE64_END};
        return 1;
    }
    *out = (struct segment){.kind = SLOT};
    size_t used = nl_slots_marker(text, len, &out->slot, &out->context);
    return out->slot < message->slots.count ? used : 0;
}

static enum nl_status read_segments(struct nl_message *message, const char *text, size_t len,
                                    struct nl_error *err) {
    while (len > 0) {
        size_t plain = 0;
        while (plain < len && (unsigned char)text[plain] > NL_BASE64_CLOSE)
            plain++;
        struct segment segment = {.kind = LITERAL, .text = text, .len = plain};
        if (!add_segment(message, segment))
            return nl_error_nomem(err);
        text += plain;
        len -= plain;
        if (len == 0)
            break;
        size_t used = read_marker(message, text, len, &segment);
        if (used == 0)
            return damaged_message(err);
        if (!add_segment(message, segment))
            return nl_error_nomem(err);
        text += used;
        len -= used;
    }
    return NL_OK;
}

/* Finds where each condition ends. */
static enum nl_status pair_conditions(struct nl_message *message, struct nl_error *err) {
    size_t open[NESTING_LIMIT];
    size_t depth = 0;
    for (size_t i = 0; i < message->count; i++) {
        const struct segment *segment = &message->segments[i];
        char kind = segment->kind == SLOT ? message->slots.items[segment->slot].kind : '\0';
        if (kind == NL_SLOT_IF || kind == NL_SLOT_UNLESS) {
            if (depth == NESTING_LIMIT)
                return damaged_message(err);
            open[depth++] = i;
        } else if (kind == NL_SLOT_END) {
            if (depth == 0)
                return damaged_message(err);
            message->segments[open[--depth]].end = i;
        }
    }
    return depth == 0 ? NL_OK : damaged_message(err);
}

enum nl_status nl_message_parse(const char *packed, size_t len, struct nl_message **out,
                                struct nl_error *err) {
    char *text = NULL;
    *out = NULL;
    if (memchr(packed, '\0', len) != NULL || (len == 0 || packed[len - 1] != '\n'))
        return damaged_message(err);
    struct nl_message *message = calloc(1, sizeof *message);
    if (message == NULL)
        return nl_error_nomem(err);
    message->packed = strndup(packed, len);
    enum nl_status status =
        message->packed != NULL ? read_slots(message, &text, err) : nl_error_nomem(err);
    if (status == NL_OK)
        status = read_segments(message, text, len - (size_t)(text - message->packed), err);
    if (status == NL_OK)
        status = pair_conditions(message, err);
    if (status != NL_OK) {
        nl_message_free(message);
        return status;
    }
    *out = message;
    return NL_OK;
}

void nl_message_free(struct nl_message *message) {
    if (message == NULL)
        return;
    nl_slots_free(&message->slots);
    free(message->segments);
    free(message->packed);
    free(message);
}

/* Writes one value. In quoted-printable text, a soft line break stands before each slot and after
 * its value, so the value's length does not affect the text around it. */
static void add_value(struct nl_buf *out, const char *value, char context) {
    bool html = context == NL_CONTEXT_HTML || context == NL_CONTEXT_HTML_QP;
    bool qp = context == NL_CONTEXT_QP || context == NL_CONTEXT_HTML_QP;
    size_t column = 0;
    for (const char *p = value; *p != '\0'; p++) {
        char c = iscntrl((unsigned char)*p) ? ' ' : *p;
        const char *entity = html ? nl_html_entity(c) : NULL;
        const char *text = entity != NULL ? entity : &c;
        size_t len = entity != NULL ? strlen(entity) : 1;
        if (qp)
            nl_qp_add(out, text, len, &column);
        else
            nl_buf_add(out, text, len);
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

static bool condition_holds(const struct nl_slot *condition, const struct nl_recipient *recipient,
                            const json_t *attributes) {
    bool set = true;
    if (condition->name[0] == NL_SLOT_NAME)
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
    out->failed = out->failed || filled.failed;
    nl_buf_free(&filled);
}

static void fill_slot(const struct nl_slots *slots, const struct segment *segment,
                      const struct nl_recipient *recipient, const json_t *attributes,
                      struct nl_buf *out) {
    char number[32];
    const struct nl_slot *slot = &slots->items[segment->slot];
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
        add_value(out, value_of(slot, recipient, attributes, number), segment->context);
        return;
    }
}

static bool is_left_out(const struct nl_message *message, const struct segment *segment,
                        const struct nl_recipient *recipient, const json_t *attributes) {
    return segment->end != 0 &&
           !condition_holds(&message->slots.items[segment->slot], recipient, attributes);
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

enum nl_status nl_message_fill(const struct nl_message *message,
                               const struct nl_recipient *recipient, struct nl_buf *out,
                               struct nl_error *err) {
    struct nl_buf raw = {0};
    struct nl_buf *target = out;
    json_t *attributes = NULL;
    nl_buf_clear(out);
    if (message->attributes && recipient->attributes != NULL)
        attributes = json_loads(recipient->attributes, 0, NULL);
    for (size_t i = 0; i < message->count; i++) {
        const struct segment *segment = &message->segments[i];
        switch (segment->kind) {
        case LITERAL:
            nl_buf_add(target, segment->text, segment->len);
            break;
        case SLOT:
            if (is_left_out(message, segment, recipient, attributes))
                i = segment->end;
            else
                fill_slot(&message->slots, segment, recipient, attributes, target);
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
    bool failed = out->failed || raw.failed;
    json_decref(attributes);
    nl_buf_free(&raw);
    return failed ? nl_error_nomem(err) : NL_OK;
}
