/* Tables whose delimiter row is short. GFM takes one hyphen for a column, the parser three. */
#include "bulletin/markdown_columns.h"

#include <string.h>

enum { CODE_INDENT = 4, FENCE = 3, HYPHENS = 3 };

struct line {
    const char *text;
    size_t len;
};

static size_t indent_of(const struct line *line) {
    size_t at = 0;
    while (at < line->len && line->text[at] == ' ')
        at++;
    return at;
}

/* The sign of a fence of code that the line begins or ends; 0 for none. */
static char fence_of(const struct line *line) {
    size_t at = indent_of(line);
    size_t count = 0;
    char sign = at < line->len ? line->text[at] : '\0';
    while (at + count < line->len && line->text[at + count] == sign)
        count++;
    return at < CODE_INDENT && (sign == '`' || sign == '~') && count >= FENCE ? sign : '\0';
}

static bool is_delimiter(const struct line *line) {
    bool bar = false;
    bool hyphen = false;
    for (size_t i = 0; i < line->len; i++) {
        if (strchr("|:- \t\r", line->text[i]) == NULL)
            return false;
        bar = bar || line->text[i] == '|';
        hyphen = hyphen || line->text[i] == '-';
    }
    return bar && hyphen && indent_of(line) < CODE_INDENT;
}

static void add_delimiter(const struct line *line, struct nl_buf *out) {
    for (size_t at = 0; at < line->len;) {
        size_t count = 0;
        while (at + count < line->len && line->text[at + count] == '-')
            count++;
        nl_buf_add(out, line->text + at, count > 0 ? count : 1);
        for (size_t i = count; count > 0 && i < HYPHENS; i++)
            nl_buf_addc(out, '-');
        at += count > 0 ? count : 1;
    }
}

void nl_md_tables_widen(const char *text, size_t len, struct nl_buf *out) {
    char fence = '\0';
    bool after_bar = false; /* the line before may be the head of a table */
    for (const char *end = text + len; text < end;) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const struct line line = {text, (size_t)((newline != NULL ? newline : end) - text)};
        char sign = fence_of(&line);
        if (sign != '\0' && (fence == '\0' || fence == sign))
            fence = fence == '\0' ? sign : '\0';
        if (fence == '\0' && after_bar && is_delimiter(&line))
            add_delimiter(&line, out);
        else
            nl_buf_add(out, line.text, line.len);
        after_bar = fence == '\0' && memchr(line.text, '|', line.len) != NULL;
        if (newline != NULL)
            nl_buf_addc(out, '\n');
        text = newline != NULL ? newline + 1 : end;
    }
}
