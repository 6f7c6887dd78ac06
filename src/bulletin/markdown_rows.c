#include "bulletin/markdown_rows.h"

#include <string.h>

/* A bar after a backslash is one already. */
static void hide_in_variable(const char *at, const char *end, struct nl_buf *out) {
    for (bool escaped = false; at < end; at++) {
        nl_buf_addc(out, *at == '|' && !escaped ? NL_MD_BAR : *at);
        escaped = *at == '\\' && !escaped;
    }
}

/* A variable stands on one line, as a row of a table does. */
void nl_md_bars_hide(const char *text, size_t len, struct nl_buf *out) {
    const char *end = text + len;
    for (const char *open = NULL; (open = memmem(text, (size_t)(end - text), "{{", 2)) != NULL;) {
        const char *line_end = memchr(open, '\n', (size_t)(end - open));
        const char *limit = line_end != NULL ? line_end : end;
        const char *close = memmem(open, (size_t)(limit - open), "}}", 2);
        const char *stop = close != NULL ? close : open + 2;
        nl_buf_add(out, text, (size_t)(open - text));
        nl_buf_adds(out, "{{");
        hide_in_variable(open + 2, stop, out);
        text = stop;
    }
    nl_buf_add(out, text, (size_t)(end - text));
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **line, const char **end) {
    while (*line < *end && is_blank(**line))
        ++*line;
    while (*line < *end && is_blank((*end)[-1]))
        --*end;
}

size_t nl_md_delimiters(const char *line, const char *end) {
    size_t columns = 0;
    bool bar = false;
    trim(&line, &end);
    for (const char *at = line; at < end;) {
        if (*at == '|') {
            bar = true;
            at++;
        }
        while (at < end && is_blank(*at))
            at++;
        if (at == end)
            break;
        at += *at == ':';
        const char *hyphens = at;
        while (at < end && *at == '-')
            at++;
        if (at == hyphens)
            return 0;
        at += at < end && *at == ':';
        while (at < end && is_blank(*at))
            at++;
        columns++;
        if (at < end && *at != '|')
            return 0;
    }
    return bar ? columns : 0;
}

/* The end of the code that begins at a backtick; the end of its backticks if they begin none. */
static const char *skip_code(const char *at, const char *end) {
    size_t count = 0;
    while (at + count < end && at[count] == '`')
        count++;
    for (const char *close = at + count; close < end;) {
        size_t run = 0;
        while (close + run < end && close[run] == '`')
            run++;
        close += run > 0 ? run : 1;
        if (run == count)
            return close;
    }
    return at + count;
}

static size_t count_cells(const char *line, const char *end, bool code) {
    size_t cells = 1;
    trim(&line, &end);
    line += line < end && *line == '|';
    for (const char *at = line; at < end;) {
        if (*at == '\\') {
            at += 2;
        } else if (*at == '`' && code) {
            at = skip_code(at, end);
        } else {
            cells += *at == '|' && at + 1 < end;
            at++;
        }
    }
    return cells;
}

bool nl_md_is_head(const char *line, const char *end, size_t columns) {
    return count_cells(line, end, true) == columns || count_cells(line, end, false) == columns;
}
