#include "bulletin/markdown_source.h"

#include "bulletin/expression.h"
#include "bulletin/markdown_rows.h"
#include "bulletin/slots.h"
#include "newsletter/base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char literal_tilde = '\x06';

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n';
}

/* Takes the backslash off "\\{{" before Markdown does. */
static void hide_braces(const char *text, size_t len, struct nl_buf *out) {
    static const char escaped[] = "\\{{";
    const char *end = text + len;
    for (const char *at = NULL; (at = memmem(text, (size_t)(end - text), escaped, 3)) != NULL;
         text = at + 3) {
        nl_buf_add(out, text, (size_t)(at - text));
        nl_buf_addc(out, NL_LITERAL_BRACES);
    }
    nl_buf_add(out, text, (size_t)(end - text));
}

/* Addresses may hold tildes, which the parser never takes for mark-up there. */
static bool is_address(const char *word, size_t len) {
    return memmem(word, len, "://", 3) != NULL || memmem(word, len, "](", 2) != NULL ||
           memmem(word, len, "www.", 4) != NULL || memchr(word, '@', len) != NULL;
}

static void hide_in_word(const char *word, size_t len, struct nl_buf *out) {
    bool address = is_address(word, len);
    for (size_t i = 0; i < len; i++) {
        size_t run = 0;
        while (i + run < len && word[i + run] == '~')
            run++;
        bool escaped = i > 0 && word[i - 1] == '\\';
        if (run == 1 && !address && !escaped) {
            nl_buf_addc(out, literal_tilde);
        } else {
            nl_buf_add(out, word + i, run > 0 ? run : 1);
            i += run > 0 ? run - 1 : 0;
        }
    }
}

/* md4c strikes out text between single tildes too, but "~5 or ~6" and "H~2~O" mean something else:
 * only two tildes strike out. */
static void hide_tildes(const char *text, size_t len, struct nl_buf *out) {
    const char *end = text + len;
    while (text < end) {
        const char *word = text;
        while (text < end && !is_blank(*text))
            text++;
        hide_in_word(word, (size_t)(text - word), out);
        for (; text < end && is_blank(*text); text++)
            nl_buf_addc(out, *text);
    }
}

void nl_md_source_open(struct nl_md_source *source, const char *text, size_t len) {
    struct nl_buf braces = {0};
    struct nl_buf expressions = {0};
    struct nl_buf bars = {0};
    hide_braces(text, len, &braces);
    nl_expressions_hide(nl_buf_text(&braces), braces.len, &expressions);
    nl_md_bars_hide(nl_buf_text(&expressions), expressions.len, &bars);
    hide_tildes(nl_buf_text(&bars), bars.len, &source->hidden);
    nl_buf_free(&braces);
    nl_buf_free(&expressions);
    nl_buf_free(&bars);
    source->refused = nl_calloc(source->hidden.len + 1, 1);
}

long nl_md_source_place(const struct nl_md_source *source, const char *text) {
    uintptr_t start = (uintptr_t)source->text.data;
    uintptr_t at = (uintptr_t)text;
    return source->text.data != NULL && at >= start && at < start + source->text.len
               ? (long)(at - start)
               : -1;
}

size_t nl_md_source_edit(const struct nl_md_source *source, size_t at) {
    size_t low = 0;
    size_t high = source->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (source->edits[middle].at + source->edits[middle].len > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Appends unchanged text with its tildes and bars back. */
static void show_plain(struct nl_buf *out, const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] == literal_tilde)
            nl_buf_addc(out, '~');
        else if (text[i] == NL_MD_BAR)
            nl_buf_addc(out, '|');
        else if (text[i] != NL_MD_MARK) /* left in an address that the parser has copied */
            nl_buf_addc(out, text[i]);
}

void nl_md_source_show(struct nl_md_source *source, struct nl_buf *out, const char *text,
                       size_t len) {
    long place = nl_md_source_place(source, text);
    if (place < 0) {
        show_plain(out, text, len);
        return;
    }
    size_t at = (size_t)place;
    size_t end = at + len;
    for (size_t i = nl_md_source_edit(source, at); i < source->count && at < end; i++) {
        struct nl_md_edit *edit = &source->edits[i];
        if (edit->at >= end)
            break;
        if (edit->at >= at) {
            show_plain(out, source->text.data + at, edit->at - at);
            show_plain(out, source->hidden.data + edit->from, edit->size);
            edit->shown = true;
        }
        at = edit->at + edit->len;
    }
    if (at < end)
        show_plain(out, source->text.data + at, end - at);
}

void nl_md_source_free(struct nl_md_source *source) {
    nl_buf_free(&source->hidden);
    nl_buf_free(&source->text);
    free(source->edits);
    free(source->refused);
    *source = (struct nl_md_source){0};
}
