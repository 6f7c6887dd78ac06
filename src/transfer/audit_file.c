#include "newsletter/transfer/audit_file.h"

#include "newsletter/base/timestamp.h"

#include <csv.h>
#include <string.h>

static void add_field(struct nl_buf *out, const char *text, bool first) {
    struct nl_buf field = {0};
    if (text != NULL && text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL)
        nl_buf_addc(&field, '\'');
    nl_buf_adds(&field, text != NULL ? text : "");
    if (!first)
        nl_buf_addc(out, ',');
    size_t needed = csv_write(NULL, 0, nl_buf_text(&field), field.len);
    if (nl_buf_reserve(out, needed)) {
        csv_write(out->data + out->len, needed, nl_buf_text(&field), field.len);
        out->len += needed;
        out->data[out->len] = '\0';
    }
    nl_buf_free(&field);
}

static enum nl_status write_line(const struct nl_audit_line *line, void *ctx,
                                 struct nl_error *err) {
    struct nl_buf *out = ctx;
    char at[NL_TIMESTAMP_LEN];
    nl_timestamp_text(line->at, at);
    const char *const fields[] = {at,           line->actor,  line->door,  line->client,
                                  line->action, line->object, line->detail};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        add_field(out, fields[i], i == 0);
    nl_buf_adds(out, "\r\n");
    return out->failed ? nl_error_nomem(err) : NL_OK;
}

enum nl_status nl_audit_write_csv(struct nl_store *store, const struct nl_audit_filter *filter,
                                  struct nl_buf *out, struct nl_error *err) {
    nl_buf_adds(out, "at,actor,door,client,action,object,detail\r\n");
    return nl_audit_each(store, filter, write_line, out, err);
}
