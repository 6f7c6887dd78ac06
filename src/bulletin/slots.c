#include "bulletin/slots.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"

#include "bulletin/expression.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT_LIMIT = 1000, NESTING_LIMIT = 20, NAME_LIMIT = 200 };

static void add_slot(struct nl_slots *slots, enum nl_slot_kind kind, const char *name,
                     const char *fallback) {
    slots->items = nl_realloc(slots->items, (slots->count + 1) * sizeof slots->items[0]);
    slots->items[slots->count++] =
        (struct nl_slot){(char)kind, nl_strdup(name), nl_strdup(fallback)};
}

enum nl_status nl_slots_mark(struct nl_slots *slots, enum nl_slot_kind kind, const char *name,
                             const char *fallback, struct nl_buf *out, struct nl_error *err) {
    size_t at = 0;
    while (at < slots->count &&
           (slots->items[at].kind != (char)kind || strcmp(slots->items[at].name, name) != 0 ||
            strcmp(slots->items[at].fallback, fallback) != 0))
        at++;
    if (at == SLOT_LIMIT)
        return nl_error_set(err, NL_DATA, "more than %d different variables", SLOT_LIMIT);
    if (at == slots->count)
        add_slot(slots, kind, name, fallback);
    nl_buf_addf(out, "%c%zu%c", NL_SLOT_OPEN, at, NL_SLOT_CLOSE);
    return NL_OK;
}

size_t nl_slots_marker(const char *text, size_t len, size_t *number, char *context) {
    size_t at = 1;
    *number = 0;
    *context = NL_CONTEXT_RAW;
    if (at < len && isalpha((unsigned char)text[at]))
        *context = text[at++];
    while (at < len && at < 6 && isdigit((unsigned char)text[at]))
        *number = *number * 10 + (size_t)(text[at++] - '0');
    return isdigit((unsigned char)text[at - 1]) && at < len && text[at] == NL_SLOT_CLOSE ? at + 1
                                                                                         : 0;
}

enum nl_status nl_slots_url(struct nl_slots *slots, const char *url, enum nl_slot_kind kind,
                            struct nl_buf *out, struct nl_error *err) {
    static const char hole[] = "{token}";
    const char *at = strstr(url, hole);
    if (at == NULL)
        return nl_error_set(err, NL_CONFIG, "'%s' holds no {token}", url);
    nl_buf_add(out, url, (size_t)(at - url));
    enum nl_status status = nl_slots_mark(slots, kind, "", "", out, err);
    nl_buf_adds(out, at + sizeof hole - 1);
    return status;
}

static bool is_attribute_name(const char *name) {
    size_t len = strlen(name);
    return len > 0 && len <= NAME_LIMIT &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789_-") == len;
}

/* The copying of one text. */
struct copy {
    struct nl_slots *slots;
    const char *unsubscribe_url;
    const char *where;
    struct nl_buf *out;
    struct nl_error *err;
    char *open[NESTING_LIMIT]; /* the open conditions, as the names of their slots */
    size_t depth;
};

static void trim_spaces(char **text) {
    while (**text == ' ')
        ++*text;
    for (size_t len = strlen(*text); len > 0 && (*text)[len - 1] == ' '; len--)
        (*text)[len - 1] = '\0';
}

/* The slot kind of a variable, and its name in the slot; '\0' if the variable is unknown. */
static char kind_of(const char *variable, const char **name) {
    static const char prefix[] = "attribute.";
    *name = "";
    if (strcmp(variable, "name") == 0)
        return NL_SLOT_NAME;
    if (strcmp(variable, "email") == 0)
        return NL_SLOT_ADDRESS;
    if (strncmp(variable, prefix, sizeof prefix - 1) != 0)
        return '\0';
    *name = variable + sizeof prefix - 1;
    return is_attribute_name(*name) ? NL_SLOT_ATTRIBUTE : '\0';
}

static enum nl_status unknown_variable(const struct copy *copy, const char *variable) {
    return nl_error_set(copy->err, NL_DATA,
                        NL_TEXT("%s: unknown variable {{%s}}: there are {{name}}, {{email}}, "
                                "{{unsubscribe_url}} and {{attribute.NAME}}, each with |fallback"),
                        copy->where, variable);
}

/* The name of the slot for "if EXPRESSION". An expression that is only a variable asks whether that
 * has a value. */
static enum nl_status name_expression(const struct copy *copy, const char *expression,
                                      struct nl_buf *slot_name) {
    struct nl_buf text = {0};
    struct nl_segment *segment = NULL;
    const char *name = NULL;
    nl_expression_show(expression, &text);
    char kind = kind_of(nl_buf_text(&text), &name);
    enum nl_status status = NL_OK;
    if (kind != '\0') {
        nl_buf_addf(slot_name, "%c%s", kind, name);
    } else {
        status = nl_expression_read(nl_buf_text(&text), copy->where, &segment, copy->err);
        nl_buf_addf(slot_name, "%c%s", NL_SLOT_EXPRESSION, nl_buf_text(&text));
    }
    nl_segment_free(segment);
    nl_buf_free(&text);
    return status;
}

/* Begins a condition; the tag that ends it has the name `key`. Takes the key. */
static enum nl_status open_condition(struct copy *copy, enum nl_slot_kind kind, const char *name,
                                     char *key) {
    enum nl_status status = NL_OK;
    if (copy->depth == NESTING_LIMIT)
        status =
            nl_error_set(copy->err, NL_DATA, NL_TEXT("%s: conditions nested more than %d deep"),
                         copy->where, NESTING_LIMIT);
    if (status == NL_OK)
        status = nl_slots_mark(copy->slots, kind, name, "", copy->out, copy->err);
    if (status == NL_OK)
        copy->open[copy->depth++] = key;
    else
        free(key);
    return status;
}

static enum nl_status close_condition(struct copy *copy, const char *tag, const char *key) {
    if (copy->depth == 0 || strcmp(copy->open[copy->depth - 1], key) != 0)
        return nl_error_set(copy->err, NL_DATA, "%s: {{%s}} ends a condition that was not begun",
                            copy->where, tag);
    free(copy->open[--copy->depth]);
    return nl_slots_mark(copy->slots, NL_SLOT_END, key, "", copy->out, copy->err);
}

/* "#name", "^name" or "/name"; "#if EXPRESSION", "^if EXPRESSION" or "/if". */
static enum nl_status mark_condition(struct copy *copy, char *tag) {
    char mark = tag[0];
    char *variable = tag + 1;
    const char *name = "";
    struct nl_buf slot_name = {0};
    enum nl_status status = NL_OK;
    trim_spaces(&variable);
    bool compares = nl_expression_is_if(variable);
    char kind = compares ? NL_SLOT_EXPRESSION : kind_of(variable, &name);
    if (kind == '\0')
        return unknown_variable(copy, tag);
    char key[1 + NAME_LIMIT + 1];
    snprintf(key, sizeof key, "%c%s", kind, name);
    if (mark == '/')
        return close_condition(copy, tag, key);
    if (compares)
        status = name_expression(copy, variable + 2, &slot_name);
    else
        nl_buf_adds(&slot_name, key);
    char *copied = nl_strdup(key);
    if (status == NL_OK)
        status = open_condition(copy, mark == '#' ? NL_SLOT_IF : NL_SLOT_UNLESS,
                                nl_buf_text(&slot_name), copied);
    else
        free(copied);
    nl_buf_free(&slot_name);
    return status;
}

/* Writes the marker for one variable, given as "name" or "name|fallback". */
static enum nl_status mark_variable(struct copy *copy, char *variable) {
    const char *name = NULL;
    char *bar = strchr(variable, '|');
    char *fallback = bar != NULL ? bar + 1 : variable + strlen(variable);
    if (bar != NULL)
        *bar = '\0';
    for (char *p = fallback; *p != '\0'; p++)
        if (*p == '\n') /* the text part wraps a long fallback */
            *p = ' ';
    trim_spaces(&variable);
    if (strcmp(variable, "unsubscribe_url") == 0 && copy->unsubscribe_url != NULL)
        return nl_slots_url(copy->slots, copy->unsubscribe_url, NL_SLOT_UNSUBSCRIBE, copy->out,
                            copy->err);
    char kind = kind_of(variable, &name);
    if (kind == '\0')
        return unknown_variable(copy, variable);
    return nl_slots_mark(copy->slots, (enum nl_slot_kind)kind, name,
                         kind == NL_SLOT_ADDRESS ? "" : fallback, copy->out, copy->err);
}

/* Whether the tag from `open` to `close` is alone on its line. The text begins at `start`. */
static bool is_alone(const char *start, const char *open, const char *close) {
    return strchr("#^/", open[2]) != NULL && (open == start || open[-1] == '\n') &&
           close[2] == '\n';
}

static enum nl_status copy_marking(struct copy *copy, const char *text) {
    const char *start = text;
    const char escape[] = {NL_LITERAL_BRACES, '\0'};
    while (*text != '\0') {
        size_t plain = strcspn(text, escape);
        const char *open = strstr(text, "{{");
        if (text[plain] != '\0' && (open == NULL || text + plain < open)) {
            nl_buf_add(copy->out, text, plain);
            nl_buf_adds(copy->out, "{{");
            text += plain + 1;
            continue;
        }
        const char *close = open != NULL ? strstr(open, "}}") : NULL;
        if (close == NULL) {
            nl_buf_adds(copy->out, text);
            break;
        }
        nl_buf_add(copy->out, text, (size_t)(open - text));
        char *tag = nl_strndup(open + 2, (size_t)(close - open) - 2);
        enum nl_status status =
            tag[0] && strchr("#^/", tag[0]) ? mark_condition(copy, tag) : mark_variable(copy, tag);
        free(tag);
        if (status != NL_OK)
            return status;
        text = close + 2 + is_alone(start, open, close);
    }
    return NL_OK;
}

/* The author's name for an open condition. */
static const char *readable_name(const char *key) {
    if (key[0] == NL_SLOT_EXPRESSION)
        return "#if ...";
    return key[1] != '\0' ? key + 1 : key[0] == NL_SLOT_NAME ? "name" : "email";
}

enum nl_status nl_slots_substitute(struct nl_slots *slots, const char *text,
                                   const char *unsubscribe_url, const char *where,
                                   struct nl_buf *out, struct nl_error *err) {
    struct copy copy = {
        .slots = slots, .unsubscribe_url = unsubscribe_url, .where = where, .out = out, .err = err};
    enum nl_status status = copy_marking(&copy, text);
    if (status == NL_OK && copy.depth > 0)
        status = nl_error_set(err, NL_DATA, NL_TEXT("%s: a condition on {{%s}} is not closed"),
                              where, readable_name(copy.open[copy.depth - 1]));
    while (copy.depth > 0)
        free(copy.open[--copy.depth]);
    return status;
}

void nl_slots_free(struct nl_slots *slots) {
    for (size_t i = 0; i < slots->count; i++) {
        free(slots->items[i].name);
        free(slots->items[i].fallback);
    }
    free(slots->items);
    *slots = (struct nl_slots){0};
}
