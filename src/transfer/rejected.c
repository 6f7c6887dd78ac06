#include "transfer/reader.h"

#include <string.h>

/* Rows that were refused, as a file that can be corrected and imported again: the columns are those
 * of the source, before them one with the reason, which an import passes over by its name. */

void nl_write_quoted(FILE *out, const char *text, size_t len) {
    putc('"', out);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            putc('"', out);
        putc(text[i] == '\n' || text[i] == '\r' ? ' ' : text[i], out);
    }
    putc('"', out);
}

void nl_jsonl_write_reject(struct nl_reader *reader, FILE *out, const struct nl_reject *why,
                           bool first) {
    const struct nl_buf *raw = &reader->raw;
    json_t *object = json_loadb(nl_buf_text(raw), raw->len, 0, NULL);
    json_t *told = json_pack("{s:s}", NL_REASON_COLUMN, why->reason);
    (void)first;
    if (why->state != NULL && why->state[0] != '\0')
        json_object_set_new(told, NL_STATE_COLUMN, json_string(why->state));
    if (json_is_object(object))
        json_object_update_missing(told, object);
    else
        json_object_set_new(told, "import_row", json_stringn(nl_buf_text(raw), raw->len));
    json_dumpf(told, out, JSON_COMPACT);
    putc('\n', out);
    json_decref(object);
    json_decref(told);
}

/* Lines of addresses have no columns: they become a table. */
void nl_mailboxes_write_reject(struct nl_reader *reader, FILE *out, const struct nl_reject *why,
                               bool first) {
    if (first)
        fputs(why->state != NULL ? NL_REASON_COLUMN "," NL_STATE_COLUMN ",email\n"
                                 : NL_REASON_COLUMN ",email\n",
              out);
    nl_write_quoted(out, why->reason, strlen(why->reason));
    if (why->state != NULL)
        fprintf(out, ",%s", why->state);
    putc(',', out);
    nl_write_quoted(out, nl_buf_text(&reader->raw), reader->raw.len);
    putc('\n', out);
}

/* A further line of the block; those of other names are passed over. */
void nl_dump_write_reject(struct nl_reader *reader, FILE *out, const struct nl_reject *why,
                          bool first) {
    (void)first;
    fwrite(nl_buf_text(&reader->raw), 1, reader->raw.len, out);
    if (why->state != NULL && why->state[0] != '\0')
        fprintf(out, "%s %s\n", NL_STATE_COLUMN, why->state);
    fprintf(out, "%s %s\n\n", NL_REASON_COLUMN, why->reason);
}
