#include "bulletin/qp.h"

#include <string.h>

enum { COLUMNS = 75 }; /* and a "=" at the end makes 76 */

static void add_escaped(struct nl_buf *out, unsigned char c, size_t *column) {
    static const char hex[] = "0123456789ABCDEF";
    const char escape[3] = {'=', hex[c >> 4], hex[c & 15]};
    if (*column + sizeof escape > COLUMNS)
        nl_qp_soft_break(out, column);
    nl_buf_add(out, escape, sizeof escape);
    *column += sizeof escape;
}

/* Transports and mailboxes may change a dot or a "From " at the start of a line. */
static bool is_endangered(const char *text, size_t len, size_t column) {
    return column == 0 && (*text == '.' || (len >= 5 && memcmp(text, "From ", 5) == 0));
}

void nl_qp_soft_break(struct nl_buf *out, size_t *column) {
    if (*column > 0)
        nl_buf_adds(out, "=\r\n");
    *column = 0;
}

void nl_qp_add(struct nl_buf *out, const char *text, size_t len, size_t *column) {
    for (size_t at = 0; at < len;) {
        size_t run = 0;
        while (at + run < len && *column + run < COLUMNS && text[at + run] >= ' ' &&
               text[at + run] <= '~' && text[at + run] != '=')
            run++;
        if (run > 0 && !is_endangered(text + at, len - at, *column)) {
            nl_buf_add(out, text + at, run);
            *column += run;
            at += run;
        } else if (*column >= COLUMNS) {
            nl_qp_soft_break(out, column);
        } else {
            add_escaped(out, (unsigned char)text[at++], column);
        }
    }
}

void nl_qp_text(struct nl_buf *out, const char *text, size_t len, bool last) {
    const char *end = text + len;
    size_t column = 0;
    while (text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        size_t line = (size_t)((line_end != NULL ? line_end : end) - text);
        bool ends = line_end != NULL || last;
        bool space = ends && line > 0 && text[line - 1] == ' ';
        nl_qp_add(out, text, line - space, &column);
        if (space)
            add_escaped(out, ' ', &column);
        if (line_end == NULL)
            break;
        nl_buf_adds(out, "\r\n");
        column = 0;
        text = line_end + 1;
    }
    if (!last)
        nl_qp_soft_break(out, &column);
}
