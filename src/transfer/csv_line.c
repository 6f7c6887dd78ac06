#include "newsletter/transfer/csv_line.h"

#include <csv.h>
#include <string.h>

void nl_csv_add(struct nl_buf *out, const char *text, bool first) {
    struct nl_buf field = {0};
    if (text != NULL && text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL)
        nl_buf_addc(&field, '\'');
    nl_buf_adds(&field, text != NULL ? text : "");
    if (!first)
        nl_buf_addc(out, ',');
    size_t needed = csv_write(NULL, 0, nl_buf_text(&field), field.len);
    nl_buf_reserve(out, needed);
    csv_write(out->data + out->len, needed, nl_buf_text(&field), field.len);
    out->len += needed;
    out->data[out->len] = '\0';
    nl_buf_free(&field);
}

void nl_csv_end(struct nl_buf *out) {
    nl_buf_adds(out, "\r\n");
}
