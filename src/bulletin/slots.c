#include "bulletin/slots.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT_LIMIT = 1000 };

static enum nl_status add(struct nl_slots *slots, enum nl_slot_kind kind, const char *name,
                          const char *fallback, struct nl_error *err) {
    struct nl_slot *grown = realloc(slots->items, (slots->count + 1) * sizeof slots->items[0]);
    if (grown == NULL)
        return nl_error_nomem(err);
    slots->items = grown;
    struct nl_slot *slot = &grown[slots->count++];
    *slot = (struct nl_slot){(char)kind, strdup(name), strdup(fallback)};
    return slot->name != NULL && slot->fallback != NULL ? NL_OK : nl_error_nomem(err);
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
    enum nl_status status = at == slots->count ? add(slots, kind, name, fallback, err) : NL_OK;
    nl_buf_addf(out, "%c%zu%c", NL_SLOT_OPEN, at, NL_SLOT_CLOSE);
    return status;
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
    return len > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789_-") == len;
}

/* Writes the marker for one variable, given as "name" or "name|fallback". */
static enum nl_status substitute_one(struct nl_slots *slots, char *variable,
                                     const char *unsubscribe_url, const char *where,
                                     struct nl_buf *out, struct nl_error *err) {
    static const char prefix[] = "attribute.";
    char *bar = strchr(variable, '|');
    const char *fallback = bar != NULL ? bar + 1 : "";
    if (bar != NULL)
        *bar = '\0';
    while (*variable == ' ')
        variable++;
    for (size_t len = strlen(variable); len > 0 && variable[len - 1] == ' '; len--)
        variable[len - 1] = '\0';
    if (strcmp(variable, "name") == 0)
        return nl_slots_mark(slots, NL_SLOT_NAME, "", fallback, out, err);
    if (strcmp(variable, "email") == 0)
        return nl_slots_mark(slots, NL_SLOT_ADDRESS, "", "", out, err);
    if (strcmp(variable, "unsubscribe_url") == 0 && unsubscribe_url != NULL)
        return nl_slots_url(slots, unsubscribe_url, NL_SLOT_UNSUBSCRIBE, out, err);
    if (strncmp(variable, prefix, sizeof prefix - 1) == 0 &&
        is_attribute_name(variable + sizeof prefix - 1))
        return nl_slots_mark(slots, NL_SLOT_ATTRIBUTE, variable + sizeof prefix - 1, fallback, out,
                             err);
    return nl_error_set(err, NL_DATA,
                        "%s: unknown variable {{%s}}: there are {{name}}, {{email}}, "
                        "{{unsubscribe_url}} and {{attribute.NAME}}, each with |fallback",
                        where, variable);
}

enum nl_status nl_slots_substitute(struct nl_slots *slots, const char *text,
                                   const char *unsubscribe_url, const char *where,
                                   struct nl_buf *out, struct nl_error *err) {
    const char escape[] = {NL_LITERAL_BRACES, '\0'};
    while (*text != '\0') {
        size_t plain = strcspn(text, escape);
        const char *open = strstr(text, "{{");
        if (text[plain] != '\0' && (open == NULL || text + plain < open)) {
            nl_buf_add(out, text, plain);
            nl_buf_adds(out, "{{");
            text += plain + 1;
            continue;
        }
        const char *close = open != NULL ? strstr(open, "}}") : NULL;
        if (close == NULL) {
            nl_buf_adds(out, text);
            break;
        }
        nl_buf_add(out, text, (size_t)(open - text));
        char *variable = strndup(open + 2, (size_t)(close - open) - 2);
        enum nl_status status =
            variable == NULL ? nl_error_nomem(err)
                             : substitute_one(slots, variable, unsubscribe_url, where, out, err);
        free(variable);
        if (status != NL_OK)
            return status;
        text = close + 2;
    }
    return out->failed ? nl_error_nomem(err) : NL_OK;
}

void nl_slots_free(struct nl_slots *slots) {
    for (size_t i = 0; i < slots->count; i++) {
        free(slots->items[i].name);
        free(slots->items[i].fallback);
    }
    free(slots->items);
    *slots = (struct nl_slots){0};
}
