#include "archive/excerpt.h"

#include "newsletter/base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { GREETING = 120 };

static const char *first_paragraph(const char *html, size_t *len) {
    static const char open[] = "<p>";
    static const char close[] = "</p>";
    html += strspn(html, " \r\n\t");
    const char *end = strncmp(html, open, sizeof open - 1) == 0 ? strstr(html, close) : NULL;
    *len = end != NULL ? (size_t)(end - html) + sizeof close - 1 : 0;
    return end != NULL ? html + sizeof open - 1 : NULL;
}

static bool ends_with(const char *text, size_t len, const char *end) {
    size_t size = strlen(end);
    return len >= size && memcmp(text + len - size, end, size) == 0;
}

bool nl_greeting_is_likely(const char *html) {
    static const char *const ends[] = {",", "!", ":", "\u060c", "\uff0c", "\uff01", "\uff1a"};
    size_t whole = 0;
    const char *text = first_paragraph(html, &whole);
    if (text == NULL || whole > GREETING)
        return false;
    size_t len = (size_t)(strstr(text, "</p>") - text);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_with(text, len, ends[i]))
            return true;
    return false;
}

size_t nl_greeting_len(const char *html, const char *named) {
    size_t len = 0;
    size_t named_len = 0;
    const char *text = first_paragraph(html, &len);
    const char *other = first_paragraph(named, &named_len);
    if (text == NULL || other == NULL || !nl_greeting_is_likely(html) ||
        (len == named_len && strncmp(text, other, len) == 0))
        return 0;
    /* A greeting that only people with a name get stands in front of the text for all. */
    size_t all = strlen(html);
    size_t all_named = strlen(named);
    if (all_named > all && strcmp(named + all_named - all, html) == 0)
        return 0;
    return (size_t)(text - html) - strlen("<p>") + len;
}

/* Tags within a line leave no gap: "<em>now</em>," is "now,". */
static bool is_inline(const char *tag) {
    static const char *const names[] = {"a",   "abbr", "b", "bdi",  "code",   "del", "em",  "i",
                                        "img", "mark", "s", "span", "strong", "sub", "sup", "u"};
    tag += *tag == '/';
    size_t len = strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == len && strncasecmp(tag, names[i], len) == 0)
            return true;
    return false;
}

/* The text of an entity that our writer uses; NULL for none. *len is its length. */
static const char *entity_text(const char *at, size_t *len) {
    static const struct {
        const char *name, *text;
    } entities[] = {{"&lt;", "<"},    {"&gt;", ">"},  {"&amp;", "&"},
                    {"&quot;", "\""}, {"&#39;", "'"}, {"&nbsp;", " "}};
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        *len = strlen(entities[i].name);
        if (strncmp(at, entities[i].name, *len) == 0)
            return entities[i].text;
    }
    return NULL;
}

static void add_space(struct nl_buf *out) {
    if (out->len > 0 && out->data[out->len - 1] != ' ')
        nl_buf_addc(out, ' ');
}

/* The end of an element that is not part of a sentence: the number of a footnote, the caption of
 * a picture, a button. NULL for another one. */
static const char *skip_aside(const char *html, const char *end) {
    static const struct {
        const char *open, *close;
    } asides[] = {{"<sup", "</sup>"}, {"<small", "</small>"}, {"<a href", "</a>"}};
    for (size_t i = 0; i < sizeof asides / sizeof asides[0]; i++) {
        size_t len = strlen(asides[i].open);
        const char *tag_end = strncmp(html, asides[i].open, len) == 0 ? strchr(html, '>') : NULL;
        const char *close = tag_end != NULL ? strstr(tag_end, asides[i].close) : NULL;
        const char *button = strstr(html, "nl-button");
        bool aside = asides[i].open[1] != 'a' || (button != NULL && button < tag_end);
        if (close != NULL && close < end && aside)
            return close + strlen(asides[i].close);
    }
    return NULL;
}

/* `whole`: also what is not part of a sentence. */
static void add_words(const char *html, size_t len, bool whole, struct nl_buf *out) {
    for (const char *p = html, *end = html + len; p < end;) {
        const char *after = *p == '<' && !whole ? skip_aside(p, end) : NULL;
        if (after != NULL) {
            p = after;
            continue;
        }
        size_t entity = 0;
        const char *close =
            *p == '<' && p + 1 < end && (isalpha((unsigned char)p[1]) || p[1] == '/' || p[1] == '!')
                ? memchr(p, '>', (size_t)(end - p))
                : NULL;
        const char *text = *p == '&' ? entity_text(p, &entity) : NULL;
        if (close != NULL) {
            if (!is_inline(p + 1))
                add_space(out);
            p = close + 1;
        } else if (text != NULL) {
            nl_buf_adds(out, text);
            p += entity;
        } else if (isspace((unsigned char)*p)) {
            add_space(out);
            p++;
        } else {
            nl_buf_addc(out, *p++);
        }
    }
}

void nl_words_add(const char *html, struct nl_buf *out) {
    add_words(html, strlen(html), true, out);
}

/* Cuts at the last blank before the limit. */
static void cut(struct nl_buf *text, size_t limit) {
    if (text->len <= limit)
        return;
    size_t len = nl_text_fit(text->data, limit);
    while (len > limit / 2 && text->data[len] != ' ')
        len--;
    text->len = len > limit / 2 ? len : nl_text_fit(text->data, limit);
    text->data[text->len] = '\0';
    nl_buf_adds(text, "\u2026");
}

void nl_excerpt_add(const char *html, size_t limit, struct nl_buf *out) {
    struct nl_buf text = {0};
    for (const char *p = html; (p = strstr(p, "<p")) != NULL && text.len < limit;) {
        const char *begin = strchr(p, '>');
        const char *end = begin != NULL ? strstr(begin, "</p>") : NULL;
        if (end == NULL)
            break;
        if (p[2] == '>' || p[2] == ' ') {
            if (text.len > 0 && text.data[text.len - 1] != ' ')
                nl_buf_addc(&text, ' ');
            add_words(begin + 1, (size_t)(end - begin - 1), false, &text);
        }
        p = p[2] == '>' || p[2] == ' ' ? end : begin;
    }
    cut(&text, limit);
    nl_buf_adds(out, nl_buf_text(&text));
    nl_buf_free(&text);
}
