#include "newsletter/template/wrap.h"
#include "newsletter/base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unilbrk.h>
#include <uniwidth.h>

enum { LEAST_COLUMNS = 20, TAGS_LIMIT = 64, UNBROKEN = 40 };

/* Whether a word is the number of a link, "[2]", perhaps with a sign after it: it belongs to the
 * word before it. */
static bool is_link_number(const char *word, size_t len) {
    size_t digits = len > 2 && word[0] == '[' ? strspn(word + 1, "0123456789") : 0;
    return digits > 0 && digits + 1 < len && word[digits + 1] == ']';
}

/* Breaks inside addresses and URLs would make them unusable, and those at a hyphen look like a
 * hyphen too many. */
static void protect_words(const char *text, size_t len, char *override) {
    for (size_t at = 0; at < len;) {
        size_t end = at;
        while (end < len && text[end] != ' ' && text[end] != '\n')
            end++;
        bool whole = memmem(text + at, end - at, "://", 3) != NULL ||
                     memchr(text + at, '@', end - at) != NULL ||
                     memmem(text + at, end - at, "{{", 2) != NULL;
        bool short_word = end - at <= UNBROKEN;
        for (size_t i = at; i < end; i++) {
            bool hyphen = i > at && text[i - 1] == '-' && short_word;
            override[i] = i > at && (whole || hyphen) ? UC_BREAK_PROHIBITED : UC_BREAK_UNDEFINED;
        }
        if (at > 0 && is_link_number(text + at, end - at))
            override[at] = UC_BREAK_PROHIBITED;
        if (end < len)
            override[end] = UC_BREAK_UNDEFINED;
        at = end + 1;
    }
}

void nl_plain_line(struct nl_buf *out, const char *prefix, const char *text, size_t len) {
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\n'))
        len--;
    size_t prefix_len = strlen(prefix);
    while (len == 0 && prefix_len > 0 && prefix[prefix_len - 1] == ' ')
        prefix_len--;
    nl_buf_add(out, prefix, prefix_len);
    nl_buf_add(out, text, len);
    nl_buf_addc(out, '\n');
}

/* The places of condition tags that were removed from a text. No reader sees them, so they have no
 * width. */
struct tag {
    size_t at;
    const char *text;
    size_t len;
};

struct tags {
    struct tag items[TAGS_LIMIT];
    size_t count, next;
};

/* Copies `text` without the tags of conditions. Tags beyond the limit stay, and make their line
 * shorter. */
static void take_tags(const char *text, struct tags *tags, struct nl_buf *out) {
    while (*text != '\0') {
        const char *open = strstr(text, "{{");
        const char *close = open != NULL ? strstr(open, "}}") : NULL;
        bool found = close != NULL && strchr("#^/", open[2]) != NULL && tags->count < TAGS_LIMIT;
        size_t plain = close == NULL ? strlen(text) : (size_t)(open - text);
        if (close != NULL && !found)
            plain = (size_t)(close + 2 - text);
        nl_buf_add(out, text, plain);
        text += plain;
        if (found) {
            size_t len = (size_t)(close + 2 - open);
            tags->items[tags->count++] = (struct tag){out->len, open, len};
            text += len;
        }
    }
}

/* Adds the line from `start` to `end` of the text, with its tags back in their places. */
static void add_tagged_line(struct nl_buf *out, const char *prefix, const char *text, size_t start,
                            size_t end, struct tags *tags) {
    struct nl_buf line = {0};
    bool last = text[end] == '\0';
    while (tags->next < tags->count &&
           (tags->items[tags->next].at < end || (last && tags->items[tags->next].at == end))) {
        const struct tag *tag = &tags->items[tags->next++];
        nl_buf_add(&line, text + start, tag->at - start);
        nl_buf_add(&line, tag->text, tag->len);
        start = tag->at;
    }
    nl_buf_add(&line, text + start, end - start);
    nl_plain_line(out, prefix, nl_buf_text(&line), line.len);
    nl_buf_free(&line);
}

void nl_plain_wrap(struct nl_buf *out, const char *tagged, const char *first, const char *rest) {
    struct tags tags = {0};
    struct nl_buf taken = {0};
    take_tags(tagged, &tags, &taken);
    const char *text = nl_buf_text(&taken);
    size_t len = taken.len;
    size_t width = nl_text_width(rest);
    int columns = width + LEAST_COLUMNS < NL_COLUMNS ? (int)(NL_COLUMNS - width) : LEAST_COLUMNS;
    char *breaks = nl_malloc(2 * len + 1);
    char *override = breaks + len;
    protect_words(text, len, override);
    u8_width_linebreaks((const uint8_t *)text, len, columns, 0, 0, override, "UTF-8", breaks);
    const char *prefix = first;
    size_t start = 0;
    for (size_t at = 1; at < len; at++) {
        bool mandatory = text[at - 1] == '\n';
        if (!mandatory && breaks[at] != UC_BREAK_POSSIBLE)
            continue;
        add_tagged_line(out, prefix, text, start, at, &tags);
        prefix = rest;
        start = at;
    }
    if (len > 0 || tags.count > 0)
        add_tagged_line(out, prefix, text, start, len, &tags);
    free(breaks);
    nl_buf_free(&taken);
}
