#include "bulletin/template.h"

#include "bulletin/escape.h"

#include <string.h>

enum { DEPTH_LIMIT = 20 };

struct renderer {
    const char *start;
    const char *where;
    bool html;
    const json_t *stack[DEPTH_LIMIT]; /* contexts, innermost last */
    size_t depth;
    struct nl_buf *out;
    struct nl_error *err;
    int skipping; /* how many sections around here are not shown */
};

/* One tag: what kind, its name, and the text it spans. */
struct tag {
    char kind; /* '#', '^', '/', '!', '&' or 'v' */
    const char *name;
    size_t name_len;
    const char *begin, *end; /* with the white space of a line of its own, where it has one */
};

static enum nl_status fail(struct renderer *renderer, const char *at, const char *what,
                           const struct tag *tag) {
    size_t line = 1;
    for (const char *p = renderer->start; p < at; p++)
        line += *p == '\n';
    return nl_error_set(renderer->err, NL_DATA, "%s:%zu: %s%s%.*s", renderer->where, line, what,
                        tag != NULL ? " " : "", tag != NULL ? (int)tag->name_len : 0,
                        tag != NULL ? tag->name : "");
}

/* Section tags and comments alone on a line take the line with them. */
static void widen_standalone(const char *start, struct tag *tag) {
    const char *left = tag->begin;
    const char *right = tag->end;
    while (left > start && (left[-1] == ' ' || left[-1] == '\t'))
        left--;
    while (*right == ' ' || *right == '\t')
        right++;
    if ((left > start && left[-1] != '\n') || (*right != '\n' && *right != '\0'))
        return;
    tag->begin = left;
    tag->end = *right == '\n' ? right + 1 : right;
}

static enum nl_status next_tag(struct renderer *renderer, const char *text, struct tag *tag,
                               bool *found) {
    const char *open = strstr(text, "{{");
    *found = open != NULL;
    if (open == NULL)
        return NL_OK;
    bool triple = open[2] == '{';
    const char *name = open + 2;
    tag->kind = 'v';
    if (triple || strchr("#^/!&", *name) != NULL)
        tag->kind = triple ? '&' : *name;
    if (tag->kind != 'v')
        name++;
    const char *close = strstr(name, triple ? "}}}" : "}}");
    if (close == NULL)
        return fail(renderer, open, "a {{ is not closed", NULL);
    while (*name == ' ')
        name++;
    tag->name = name;
    tag->name_len = close > name ? (size_t)(close - name) : 0;
    while (tag->name_len > 0 && name[tag->name_len - 1] == ' ')
        tag->name_len--;
    tag->begin = open;
    tag->end = close + (triple ? 3 : 2);
    if (strchr("#^/!", tag->kind) != NULL)
        widen_standalone(renderer->start, tag);
    return NL_OK;
}

static const json_t *member(const json_t *object, const char *name, size_t len) {
    char *key = strndup(name, len);
    const json_t *value = key != NULL ? json_object_get(object, key) : NULL;
    free(key);
    return value;
}

/* Finds "a.b.c": the first part in any context from the inside out, the rest below it. */
static const json_t *look_up(const struct renderer *renderer, const struct tag *tag) {
    if (tag->name_len == 1 && tag->name[0] == '.')
        return renderer->stack[renderer->depth - 1];
    const char *dot = memchr(tag->name, '.', tag->name_len);
    size_t head = dot != NULL ? (size_t)(dot - tag->name) : tag->name_len;
    const json_t *value = NULL;
    for (size_t i = renderer->depth; value == NULL && i-- > 0;)
        value = member(renderer->stack[i], tag->name, head);
    const char *rest = tag->name + head;
    const char *end = tag->name + tag->name_len;
    while (value != NULL && rest < end) {
        rest++;
        dot = memchr(rest, '.', (size_t)(end - rest));
        size_t len = dot != NULL ? (size_t)(dot - rest) : (size_t)(end - rest);
        value = member(value, rest, len);
        rest += len;
    }
    return value;
}

static bool is_truthy(const json_t *value) {
    return !(json_is_false(value) || json_is_null(value) ||
             (json_is_string(value) && json_string_length(value) == 0) ||
             (json_is_array(value) && json_array_size(value) == 0));
}

static enum nl_status render(struct renderer *renderer, const char *text, const char **end);

static enum nl_status value(struct renderer *renderer, const struct tag *tag, const json_t *found) {
    char *number = NULL;
    if (json_is_string(found)) {
        if (renderer->html && tag->kind == 'v')
            nl_html_escape(renderer->out, json_string_value(found));
        else
            nl_buf_adds(renderer->out, json_string_value(found));
    } else if (json_is_number(found)) {
        number = json_dumps(found, JSON_ENCODE_ANY);
        nl_buf_adds(renderer->out, number != NULL ? number : "");
        free(number);
    } else if (!json_is_null(found)) {
        return fail(renderer, tag->begin, "not a text:", tag);
    }
    return NL_OK;
}

/* Renders a section's inside over `context`, or skips it into the void with `context` NULL. */
static enum nl_status inside(struct renderer *renderer, const char *text, const json_t *context,
                             const char **end) {
    struct nl_buf sink = {0};
    struct nl_buf *out = renderer->out;
    if (renderer->depth == DEPTH_LIMIT)
        return fail(renderer, text, "sections are nested too deeply", NULL);
    renderer->stack[renderer->depth] =
        context != NULL ? context : renderer->stack[renderer->depth - 1];
    renderer->depth++;
    if (context == NULL)
        renderer->out = &sink;
    renderer->skipping += context == NULL;
    enum nl_status status = render(renderer, text, end);
    renderer->skipping -= context == NULL;
    renderer->out = out;
    renderer->depth--;
    nl_buf_free(&sink);
    return status;
}

static enum nl_status section(struct renderer *renderer, const struct tag *tag, const json_t *found,
                              const char **end) {
    bool shown = is_truthy(found) == (tag->kind == '#');
    enum nl_status status = NL_OK;
    if (!shown || tag->kind == '^' || !json_is_array(found))
        return inside(
            renderer, tag->end,
            shown ? (tag->kind == '#' ? found : renderer->stack[renderer->depth - 1]) : NULL, end);
    for (size_t i = 0; status == NL_OK && i < json_array_size(found); i++)
        status = inside(renderer, tag->end, json_array_get(found, i), end);
    return status;
}

/* Renders until the closing tag of the section it is in, or the end. *end is where that closing tag
 * begins; the caller checks its name. */
static enum nl_status render(struct renderer *renderer, const char *text, const char **end) {
    struct tag tag = {0};
    bool found = false;
    for (;;) {
        enum nl_status status = next_tag(renderer, text, &tag, &found);
        if (status != NL_OK)
            return status;
        nl_buf_add(renderer->out, text, found ? (size_t)(tag.begin - text) : strlen(text));
        if (!found || tag.kind == '/') {
            *end = found ? tag.begin : text + strlen(text);
            return NL_OK;
        }
        text = tag.end;
        if (tag.kind == '!')
            continue;
        const json_t *data = look_up(renderer, &tag);
        if (data == NULL && renderer->skipping > 0)
            data = json_null(); /* what is not there has no members */
        if (data == NULL)
            return fail(renderer, tag.begin, "unknown variable", &tag);
        if (tag.kind == 'v' || tag.kind == '&') {
            status = renderer->skipping > 0 ? NL_OK : value(renderer, &tag, data);
        } else {
            struct tag close = {0};
            bool closed = false;
            status = section(renderer, &tag, data, &text);
            if (status == NL_OK)
                status = next_tag(renderer, text, &close, &closed);
            if (status == NL_OK && (!closed || close.name_len != tag.name_len ||
                                    memcmp(close.name, tag.name, tag.name_len) != 0))
                status = fail(renderer, tag.begin, "a section is not closed:", &tag);
            text = close.end;
        }
        if (status != NL_OK)
            return status;
    }
}

enum nl_status nl_template_render(const char *text, const char *where, bool html,
                                  const json_t *data, struct nl_buf *out, struct nl_error *err) {
    struct renderer renderer = {.start = text,
                                .where = where,
                                .html = html,
                                .stack = {data},
                                .depth = 1,
                                .out = out,
                                .err = err};
    const char *end = text;
    enum nl_status status = render(&renderer, text, &end);
    if (status == NL_OK && *end != '\0')
        status = fail(&renderer, end, "a section ends that did not begin", NULL);
    return status == NL_OK && out->failed ? nl_error_nomem(err) : status;
}
