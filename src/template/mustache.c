#include "template/mustache.h"

#include "newsletter/base/memory.h"
#include "newsletter/template/escape.h"
#include "template/isolate.h"
#include "template/mustache_tag.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_LIMIT = 50 };

/* One text being rendered: a file, a partial or a translation. */
struct renderer {
    const char *start;
    const char *where;
    const struct nl_template_host *host;
    struct nl_delimiters delimiters;
    const json_t *stack[DEPTH_LIMIT]; /* contexts, innermost last */
    size_t depth;
    int level; /* of partials within partials */
    struct nl_buf *out;
    struct nl_error *err;
    int skipping;  /* how many of the enclosing sections are not shown */
    bool sentence; /* a translation: its values stand within words */
};

static enum nl_status fail_at(struct renderer *renderer, const char *at, const char *what,
                              const struct nl_tag *tag) {
    size_t line = 1;
    for (const char *p = renderer->start; p < at; p++)
        line += *p == '\n';
    return nl_error_set(renderer->err, NL_DATA, "%s:%zu: %s%s%.*s", renderer->where, line, what,
                        tag != NULL ? " " : "", tag != NULL ? (int)tag->name_len : 0,
                        tag != NULL ? tag->name : "");
}

static enum nl_status next_tag(struct renderer *renderer, const char *text, struct nl_tag *tag,
                               bool *found) {
    if (nl_tag_next(text, renderer->start, &renderer->delimiters, tag, found))
        return NL_OK;
    return fail_at(renderer, tag->begin, "a {{ is not closed", NULL);
}

static const json_t *member_of(const json_t *object, const char *name, size_t len) {
    char *key = nl_strndup(name, len);
    const json_t *value = json_object_get(object, key);
    free(key);
    return value;
}

/* Finds "a.b.c": looks for the first part in the contexts from the innermost outwards, for the rest
 * below it. */
static const json_t *look_up(const struct renderer *renderer, const struct nl_tag *tag) {
    if (tag->name_len == 1 && tag->name[0] == '.')
        return renderer->stack[renderer->depth - 1];
    const char *dot = memchr(tag->name, '.', tag->name_len);
    size_t head = dot != NULL ? (size_t)(dot - tag->name) : tag->name_len;
    const json_t *value = NULL;
    for (size_t i = renderer->depth; value == NULL && i-- > 0;)
        value = member_of(renderer->stack[i], tag->name, head);
    const char *rest = tag->name + head;
    const char *end = tag->name + tag->name_len;
    while (value != NULL && rest < end) {
        rest++;
        dot = memchr(rest, '.', (size_t)(end - rest));
        size_t len = dot != NULL ? (size_t)(dot - rest) : (size_t)(end - rest);
        value = member_of(value, rest, len);
        rest += len;
    }
    return value;
}

static bool is_truthy(const json_t *value) {
    return !(json_is_false(value) || json_is_null(value) ||
             (json_is_string(value) && json_string_length(value) == 0) ||
             (json_is_array(value) && json_array_size(value) == 0));
}

static bool is_named(const struct nl_tag *tag, const char *name) {
    return tag->name_len == strlen(name) && memcmp(tag->name, name, tag->name_len) == 0;
}

static enum nl_status render_until_close(struct renderer *renderer, const char *text,
                                         const char **end);

/* Within words, and on all lines of plain text that runs from right to left: HTML has <bdi>. */
static bool needs_isolation(const struct renderer *renderer, const struct nl_tag *tag,
                            const char *text) {
    const struct nl_template_host *host = renderer->host;
    return tag->kind == 'v' && (renderer->sentence || (host->rtl && !host->html)) &&
           nl_isolate_needed(text, host->rtl);
}

static void add_text(struct renderer *renderer, const struct nl_tag *tag, const char *text) {
    bool isolated = needs_isolation(renderer, tag, text);
    if (isolated)
        nl_buf_adds(renderer->out, NL_ISOLATE);
    if (renderer->host->html && tag->kind == 'v')
        nl_html_escape(renderer->out, text);
    else
        nl_buf_adds(renderer->out, text);
    if (isolated)
        nl_buf_adds(renderer->out, NL_ISOLATE_END);
}

static enum nl_status add_value(struct renderer *renderer, const struct nl_tag *tag,
                                const json_t *found) {
    char number[40];
    if (json_is_string(found))
        add_text(renderer, tag, json_string_value(found));
    else if (json_is_integer(found))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(found));
    else if (json_is_real(found))
        snprintf(number, sizeof number, "%.15g", json_real_value(found));
    else if (!json_is_null(found))
        return fail_at(renderer, tag->begin, "not a text:", tag);
    if (json_is_number(found))
        nl_buf_adds(renderer->out, number);
    return NL_OK;
}

/* Renders the content of a section over `context` to `out`; skips it if `context` is NULL. */
static enum nl_status render_inside(struct renderer *renderer, const char *text,
                                    const json_t *context, struct nl_buf *out, const char **end) {
    struct nl_buf sink = {0};
    struct nl_buf *outer = renderer->out;
    if (renderer->depth == DEPTH_LIMIT)
        return fail_at(renderer, text, "sections are nested too deeply", NULL);
    renderer->stack[renderer->depth] =
        context != NULL ? context : renderer->stack[renderer->depth - 1];
    renderer->depth++;
    renderer->out = context != NULL ? out : &sink;
    renderer->skipping += context == NULL;
    enum nl_status status = render_until_close(renderer, text, end);
    renderer->skipping -= context == NULL;
    renderer->out = outer;
    renderer->depth--;
    nl_buf_free(&sink);
    return status;
}

/* Renders another text over the same contexts, with the default delimiters. */
static enum nl_status render_embedded(struct renderer *renderer, const char *text,
                                      const char *where, bool sentence) {
    struct renderer inner = *renderer;
    inner.sentence = sentence;
    const char *end = text;
    if (renderer->level == DEPTH_LIMIT)
        return nl_error_set(renderer->err, NL_DATA, "%s: partials are nested too deeply", where);
    inner.level++;
    inner.start = text;
    inner.where = where;
    inner.delimiters = (struct nl_delimiters){"{{", "}}"};
    enum nl_status status = render_until_close(&inner, text, &end);
    if (status == NL_OK && *end != '\0')
        status = fail_at(&inner, end, "a closing tag has no section", NULL);
    return status;
}

/* Puts `indent` before each line. */
static void add_indented(struct nl_buf *out, const char *text, const char *indent, size_t len) {
    if (len == 0) {
        nl_buf_adds(out, text);
        return;
    }
    while (*text != '\0') {
        size_t line = strcspn(text, "\n");
        line += text[line] == '\n';
        nl_buf_add(out, indent, len);
        nl_buf_add(out, text, line);
        text += line;
    }
}

static enum nl_status render_partial(struct renderer *renderer, const struct nl_tag *tag) {
    const struct nl_template_host *host = renderer->host;
    struct nl_buf text = {0};
    struct nl_buf indented = {0};
    char *name = nl_strndup(tag->name, tag->name_len);
    enum nl_status status = NL_NOTFOUND;
    if (renderer->skipping > 0)
        status = NL_OK;
    else if (host->partial != NULL)
        status = host->partial(host->ctx, name, &text, renderer->err);
    if (status == NL_OK && text.len > 0) {
        add_indented(&indented, nl_buf_text(&text), tag->indent, tag->indent_len);
        status = render_embedded(renderer, nl_buf_text(&indented), name, false);
    }
    if (status == NL_NOTFOUND)
        status = host->lenient ? NL_OK : fail_at(renderer, tag->begin, "there is no partial", tag);
    free(name);
    nl_buf_free(&text);
    nl_buf_free(&indented);
    return status;
}

static void add_single_spaced(struct nl_buf *out, const char *text, size_t len) {
    nl_tag_trim(&text, &len);
    for (size_t i = 0; i < len; i++)
        if (!nl_tag_is_blank(text[i]))
            nl_buf_addc(out, text[i]);
        else if (!nl_tag_is_blank(text[i - 1]))
            nl_buf_addc(out, ' ');
}

/* Finds the number of a text that has one: the value of its first tag. */
static enum nl_status find_number(struct renderer *renderer, const struct nl_tag *section,
                                  const char *words, unsigned long *number) {
    const struct nl_delimiters delimiters = {"{{", "}}"};
    struct nl_tag tag = {0};
    bool found = false;
    const json_t *value = nl_tag_next(words, words, &delimiters, &tag, &found) && found
                              ? look_up(renderer, &tag)
                              : NULL;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return fail_at(renderer, section->begin,
                       "a text with || must begin with a tag for its number", NULL);
    *number = (unsigned long)json_integer_value(value);
    return NL_OK;
}

/* The translation of `words`, which may be "one || many"; they are cut there. */
static enum nl_status translate(struct renderer *renderer, const struct nl_tag *tag,
                                struct nl_buf *words, const char **found) {
    const struct nl_template_host *host = renderer->host;
    char *bar = words->len > 0 ? strstr(words->data, "||") : NULL;
    unsigned long number = 0;
    *found = nl_buf_text(words);
    if (bar == NULL) {
        if (host->translate != NULL)
            *found = host->translate(host->ctx, *found);
        return NL_OK;
    }
    const char *many = bar + 2 + strspn(bar + 2, " ");
    while (bar > words->data && bar[-1] == ' ')
        bar--;
    *bar = '\0';
    enum nl_status status = find_number(renderer, tag, words->data, &number);
    if (host->translate_plural != NULL)
        *found = host->translate_plural(host->ctx, words->data, many, number);
    else if (number != 1)
        *found = many;
    return status;
}

/* Renders {{#_}}. *end is the start of the section's closing tag. The words are plain text even in
 * an HTML template, so they are escaped; the tags in them hold no character that escaping would
 * change. */
static enum nl_status render_translation(struct renderer *renderer, const struct nl_tag *tag,
                                         const char **end) {
    const struct nl_template_host *host = renderer->host;
    struct nl_buf words = {0};
    struct nl_buf text = {0};
    const char *found = NULL;
    enum nl_status status = render_inside(renderer, tag->end, NULL, NULL, end);
    if (status != NL_OK || renderer->skipping > 0)
        return status;
    add_single_spaced(&words, tag->end, (size_t)(*end - tag->end));
    status = translate(renderer, tag, &words, &found);
    if (status == NL_OK && host->html)
        nl_html_escape(&text, found);
    else if (status == NL_OK)
        nl_buf_adds(&text, found);
    if (status == NL_OK)
        status = render_embedded(renderer, nl_buf_text(&text), renderer->where, true);
    nl_buf_free(&words);
    nl_buf_free(&text);
    return status;
}

/* The block that a section begins; NULL for an ordinary section. */
static const struct nl_template_block *block_of(const struct renderer *renderer,
                                                const struct nl_tag *tag) {
    const struct nl_template_block *block = renderer->host->blocks;
    while (block != NULL && block->name != NULL && !is_named(tag, block->name))
        block++;
    return block != NULL && block->name != NULL && tag->kind == '#' ? block : NULL;
}

static enum nl_status render_block(struct renderer *renderer, const struct nl_tag *tag,
                                   const struct nl_template_block *block, const char **end) {
    struct nl_buf text = {0};
    struct nl_buf words = {0};
    enum nl_status status =
        render_inside(renderer, tag->end, renderer->stack[renderer->depth - 1], &text, end);
    if (status == NL_OK && renderer->skipping == 0) {
        add_single_spaced(&words, nl_buf_text(&text), text.len);
        block->write(renderer->out, nl_buf_text(&words));
    }
    nl_buf_free(&text);
    nl_buf_free(&words);
    return status;
}

static enum nl_status render_section(struct renderer *renderer, const struct nl_tag *tag,
                                     const json_t *found, const char **end) {
    bool shown = is_truthy(found) == (tag->kind == '#');
    enum nl_status status = NL_OK;
    if (!shown || renderer->skipping > 0)
        return render_inside(renderer, tag->end, NULL, NULL, end);
    if (tag->kind == '^')
        found = renderer->stack[renderer->depth - 1];
    if (tag->kind == '^' || !json_is_array(found))
        return render_inside(renderer, tag->end, found, renderer->out, end);
    const struct nl_delimiters delimiters = renderer->delimiters;
    for (size_t i = 0; status == NL_OK && i < json_array_size(found); i++) {
        renderer->delimiters = delimiters;
        status = render_inside(renderer, tag->end, json_array_get(found, i), renderer->out, end);
    }
    return status;
}

/* Renders a section with both its tags. *text is set to the text after the closing one. */
static enum nl_status render_whole_section(struct renderer *renderer, const struct nl_tag *tag,
                                           const char **text) {
    struct nl_tag close = {0};
    bool closed = false;
    enum nl_status status = NL_OK;
    const struct nl_template_block *block = block_of(renderer, tag);
    if (tag->kind == '#' && is_named(tag, "_")) {
        status = render_translation(renderer, tag, text);
    } else if (block != NULL) {
        status = render_block(renderer, tag, block, text);
    } else {
        const json_t *found = look_up(renderer, tag);
        if (found == NULL && (renderer->host->lenient || renderer->skipping > 0))
            found = json_null(); /* a missing value has no members */
        status = found != NULL ? render_section(renderer, tag, found, text)
                               : fail_at(renderer, tag->begin, "unknown variable", tag);
    }
    if (status == NL_OK)
        status = next_tag(renderer, *text, &close, &closed);
    if (status == NL_OK && (!closed || close.name_len != tag->name_len ||
                            memcmp(close.name, tag->name, tag->name_len) != 0))
        status = fail_at(renderer, tag->begin, "a section is not closed:", tag);
    *text = close.end;
    return status;
}

static enum nl_status render_tag(struct renderer *renderer, const struct nl_tag *tag,
                                 const char **text) {
    const json_t *found = NULL;
    *text = tag->end;
    switch (tag->kind) {
    case '!':
        return NL_OK;
    case '=':
        return nl_delimiters_set(&renderer->delimiters, tag)
                   ? NL_OK
                   : fail_at(renderer, tag->begin, "not a pair of delimiters:", tag);
    case '>':
        return render_partial(renderer, tag);
    case '#':
    case '^':
        return render_whole_section(renderer, tag, text);
    default:
        if (renderer->skipping > 0)
            return NL_OK;
        found = look_up(renderer, tag);
        if (found != NULL)
            return add_value(renderer, tag, found);
        return renderer->host->lenient ? NL_OK
                                       : fail_at(renderer, tag->begin, "unknown variable", tag);
    }
}

/* Renders until the closing tag of the current section, or to the end. *end is the start of that
 * closing tag, whose name the caller checks. */
static enum nl_status render_until_close(struct renderer *renderer, const char *text,
                                         const char **end) {
    struct nl_tag tag = {0};
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
        status = render_tag(renderer, &tag, &text);
        if (status != NL_OK)
            return status;
    }
}

enum nl_status nl_template_render(const char *text, const char *where,
                                  const struct nl_template_host *host, const json_t *data,
                                  struct nl_buf *out, struct nl_error *err) {
    struct renderer renderer = {
        .where = where, .host = host, .stack = {data}, .depth = 1, .out = out, .err = err};
    enum nl_status status = render_embedded(&renderer, text, where, host->sentence);
    return status;
}
