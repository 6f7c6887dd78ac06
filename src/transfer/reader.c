#include "transfer/reader.h"

#include "newsletter/base/address.h"

#include <stdlib.h>
#include <string.h>

/* Lines like "Ann Example <ann@example.org>", as `mailman members` prints them. */
static enum nl_status next_mailbox(struct nl_reader *reader, bool *end, bool *bad,
                                   struct nl_error *err) {
    struct nl_source *source = &reader->source;
    struct nl_address address = {0};
    size_t blank = 0;
    *bad = false;
    nl_row_clear(&reader->row);
    enum nl_status status = NL_OK;
    do
        status = nl_source_next(source, end, err);
    while (status == NL_OK && !*end && (blank = strspn(source->line, " \t\r\n")) == source->len);
    if (status != NL_OK || *end)
        return status;
    source->line[blank + strcspn(source->line + blank, "\r\n")] = '\0';
    reader->row.line = source->number;
    for (int i = 0; i < 2; i++) {
        free(reader->mailbox[i]);
        reader->mailbox[i] = NULL;
    }
    status = nl_mailbox_parse(source->line + blank, &reader->mailbox[0], &address, err);
    *bad = status == NL_DATA;
    if (status == NL_OK && (reader->mailbox[1] = strdup(address.text)) == NULL)
        status = nl_error_nomem(err);
    reader->row.texts[NL_COLUMN_NAME] = reader->mailbox[0];
    reader->row.texts[NL_COLUMN_EMAIL] = reader->mailbox[1];
    nl_address_free(&address);
    return status;
}

/* By the first line: an object, a header, or an address by itself. */
static enum nl_status guess(struct nl_reader *reader, enum nl_transfer_format *format,
                            struct nl_error *err) {
    bool end = false;
    enum nl_status status = nl_source_next(&reader->source, &end, err);
    if (status == NL_OK && end)
        return nl_error_set(err, NL_DATA, "%s is empty", reader->source.name);
    if (status != NL_OK)
        return status;
    const char *line = reader->source.line + strspn(reader->source.line, " \t");
    *format = *line == '{'                                                  ? NL_FORMAT_JSONL
              : strchr(line, '@') != NULL && strpbrk(line, ",;\t|") == NULL ? NL_FORMAT_MAILBOXES
                                                                            : NL_FORMAT_CSV;
    nl_source_back(&reader->source);
    return NL_OK;
}

enum nl_status nl_reader_open(struct nl_reader *out, FILE *in, const char *name,
                              const struct nl_import_options *options, struct nl_error *err) {
    enum nl_transfer_format format = options->format;
    enum nl_status status = nl_source_open(&out->source, in, name, options->encoding, err);
    if (status == NL_OK && format == NL_FORMAT_GUESS)
        status = guess(out, &format, err);
    if (status == NL_OK && format == NL_FORMAT_CSV)
        return nl_csv_open(out, options, err);
    out->next = format == NL_FORMAT_JSONL ? nl_jsonl_next : next_mailbox;
    return status;
}

void nl_reader_free(struct nl_reader *reader) {
    nl_source_free(&reader->source);
    nl_row_free(&reader->row);
    nl_buf_free(&reader->ignored);
    nl_csv_free(reader->csv);
    json_decref(reader->object);
    free(reader->mailbox[0]);
    free(reader->mailbox[1]);
}
