#include "bulletin/markdown_source.h"

#include "bulletin/expression.h"
#include "bulletin/slots.h"

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

void nl_md_source_hide(const char *text, size_t len, struct nl_buf *out) {
    struct nl_buf braces = {0};
    struct nl_buf expressions = {0};
    hide_braces(text, len, &braces);
    nl_expressions_hide(nl_buf_text(&braces), braces.len, &expressions);
    hide_tildes(nl_buf_text(&expressions), expressions.len, out);
    out->failed = out->failed || braces.failed || expressions.failed;
    nl_buf_free(&braces);
    nl_buf_free(&expressions);
}

void nl_md_source_show(struct nl_buf *out, const char *text, size_t len) {
    for (size_t start = 0; start < len;) {
        const char *tilde = memchr(text + start, literal_tilde, len - start);
        size_t end = tilde != NULL ? (size_t)(tilde - text) : len;
        nl_buf_add(out, text + start, end - start);
        if (tilde != NULL)
            nl_buf_addc(out, '~');
        start = end + (tilde != NULL);
    }
}
