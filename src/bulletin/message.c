#include "newsletter/bulletin/message.h"
#include "newsletter/base/memory.h"

#include "bulletin/message_parts.h"
#include "bulletin/pack.h"

#include <stdlib.h>
#include <string.h>

enum { NESTING_LIMIT = 40, FIELD_END = '\x1f' };

void nl_message_pack(const struct nl_slots *slots, const struct nl_buf *text, struct nl_buf *out) {
    for (size_t i = 0; i < slots->count; i++)
        nl_buf_addf(out, "%c%s%c%s\n", slots->items[i].kind, slots->items[i].name, FIELD_END,
                    slots->items[i].fallback);
    nl_buf_addc(out, '\n');
    nl_buf_add(out, nl_buf_text(text), text->len);
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
            nl_realloc(message->slots.items, (message->slots.count + 1) * sizeof *grown);
        message->slots.items = grown;
        struct nl_slot *slot = &grown[message->slots.count++];
        *slot = (struct nl_slot){line[0], nl_strdup(line + 1), nl_strdup(middle + 1)};
        message->attributes = message->attributes || slot->kind == NL_SLOT_ATTRIBUTE ||
                              slot->name[0] == NL_SLOT_ATTRIBUTE || /* of a condition */
                              slot->name[0] == NL_SLOT_EXPRESSION;
        line = end + 1;
    }
    *text = line + 1;
    return NL_OK;
}

static enum nl_status read_expressions(struct nl_message *message, struct nl_error *err) {
    message->expressions = nl_calloc(message->slots.count + 1, sizeof(struct nl_segment *));
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < message->slots.count; i++) {
        const struct nl_slot *slot = &message->slots.items[i];
        if ((slot->kind == NL_SLOT_IF || slot->kind == NL_SLOT_UNLESS) &&
            slot->name[0] == NL_SLOT_EXPRESSION)
            status = nl_segment_parse(slot->name + 1, 0, &message->expressions[i], err);
    }
    return status;
}

static void add_piece(struct nl_message *message, struct piece piece) {
    if (piece.kind == LITERAL && piece.len == 0)
        return;
    if (message->count == message->cap) {
        size_t cap = message->cap ? message->cap * 2 : 32;
        message->pieces = nl_realloc(message->pieces, cap * sizeof *message->pieces);
        message->cap = cap;
    }
    message->pieces[message->count++] = piece;
}

/* Reads one marker. Returns its length; 0 if there is no marker. */
static size_t read_marker(const struct nl_message *message, const char *text, size_t len,
                          struct piece *out) {
    if (*text == NL_BASE64_OPEN || *text == NL_BASE64_CLOSE) {
        *out = (struct piece){.kind = *text == NL_BASE64_OPEN ? BASE64_BEGIN : BASE64_END};
        return 1;
    }
    *out = (struct piece){.kind = SLOT};
    size_t used = nl_slots_marker(text, len, &out->slot, &out->context);
    return out->slot < message->slots.count ? used : 0;
}

static enum nl_status read_pieces(struct nl_message *message, const char *text, size_t len,
                                  struct nl_error *err) {
    while (len > 0) {
        size_t plain = 0;
        while (plain < len && (unsigned char)text[plain] > NL_BASE64_CLOSE)
            plain++;
        struct piece piece = {.kind = LITERAL, .text = text, .len = plain};
        add_piece(message, piece);
        text += plain;
        len -= plain;
        if (len == 0)
            break;
        size_t used = read_marker(message, text, len, &piece);
        if (used == 0)
            return damaged_message(err);
        add_piece(message, piece);
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
        const struct piece *piece = &message->pieces[i];
        char kind = piece->kind == SLOT ? message->slots.items[piece->slot].kind : '\0';
        if (kind == NL_SLOT_IF || kind == NL_SLOT_UNLESS) {
            if (depth == NESTING_LIMIT)
                return damaged_message(err);
            open[depth++] = i;
        } else if (kind == NL_SLOT_END) {
            if (depth == 0)
                return damaged_message(err);
            message->pieces[open[--depth]].end = i;
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
    struct nl_message *message = nl_calloc(1, sizeof *message);
    message->packed = nl_strndup(packed, len);
    enum nl_status status = read_slots(message, &text, err);
    if (status == NL_OK)
        status = read_expressions(message, err);
    if (status == NL_OK)
        status = read_pieces(message, text, len - (size_t)(text - message->packed), err);
    if (status == NL_OK)
        status = pair_conditions(message, err);
    if (status != NL_OK) {
        nl_message_free(message);
        return status;
    }
    *out = message;
    return NL_OK;
}

static enum nl_status each_in_segment(const struct nl_segment *segment,
                                      enum nl_status (*each)(const char *name, void *ctx,
                                                             struct nl_error *err),
                                      void *ctx, struct nl_error *err) {
    if (segment == NULL)
        return NL_OK;
    enum nl_status status = segment->attribute != NULL ? each(segment->attribute, ctx, err) : NL_OK;
    if (status == NL_OK)
        status = each_in_segment(segment->left, each, ctx, err);
    return status == NL_OK ? each_in_segment(segment->right, each, ctx, err) : status;
}

enum nl_status nl_message_attributes(const struct nl_message *message,
                                     enum nl_status (*each)(const char *name, void *ctx,
                                                            struct nl_error *err),
                                     void *ctx, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < message->slots.count; i++) {
        const struct nl_slot *slot = &message->slots.items[i];
        bool condition = slot->kind == NL_SLOT_IF || slot->kind == NL_SLOT_UNLESS;
        if (slot->kind == NL_SLOT_ATTRIBUTE)
            status = each(slot->name, ctx, err);
        else if (condition && slot->name[0] == NL_SLOT_ATTRIBUTE)
            status = each(slot->name + 1, ctx, err);
        else
            status = each_in_segment(message->expressions[i], each, ctx, err);
    }
    return status;
}

void nl_message_free(struct nl_message *message) {
    if (message == NULL)
        return;
    for (size_t i = 0; message->expressions != NULL && i < message->slots.count; i++)
        nl_segment_free(message->expressions[i]);
    free(message->expressions);
    nl_slots_free(&message->slots);
    free(message->pieces);
    free(message->packed);
    free(message);
}
