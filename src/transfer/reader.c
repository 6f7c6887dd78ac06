#include "transfer/reader.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* By the first line: an object, a header, a dump, or addresses by themselves. */
static enum nl_status guess(struct nl_reader *reader, enum nl_transfer_format *format, bool *dump,
                            struct nl_error *err) {
    bool end = false;
    enum nl_status status = nl_source_next_filled(&reader->source, &end, err);
    if (status == NL_OK && end)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s is empty"), reader->source.name);
    if (status != NL_OK)
        return status;
    const char *line = reader->source.line + strspn(reader->source.line, " \t");
    bool address = strchr(line, '@') != NULL;
    *dump = nl_dump_begins(line);
    *format = *line == '{' || *line == '[' ? NL_FORMAT_JSONL
              : address && (strpbrk(line, ",;\t|") == NULL || nl_mailboxes_are(line))
                  ? NL_FORMAT_MAILBOXES
                  : NL_FORMAT_CSV;
    nl_source_back(&reader->source);
    return NL_OK;
}

enum nl_status nl_reader_begin(struct nl_reader *out, FILE *in, const char *name,
                               const struct nl_import_options *options, struct nl_error *err) {
    out->options = options;
    enum nl_status status = nl_lexicon_new(&out->lexicon, err);
    if (status == NL_OK)
        status = nl_columns_open(&out->columns, out->lexicon, options, err);
    return status == NL_OK ? nl_source_open(&out->source, in, name, options->encoding, err)
                           : status;
}

/* Objects on a line each, or an array of them. */
static enum nl_status open_json(struct nl_reader *reader, struct nl_error *err) {
    struct nl_source *source = &reader->source;
    bool end = false;
    enum nl_status status = nl_source_next_filled(source, &end, err);
    if (status != NL_OK || end)
        return status;
    nl_source_back(source);
    if (source->line[strspn(source->line, " \t")] == '[')
        return nl_json_array_open(reader, err);
    reader->next = nl_jsonl_next;
    reader->write_reject = nl_jsonl_write_reject;
    return NL_OK;
}

enum nl_status nl_reader_choose(struct nl_reader *reader, enum nl_transfer_format format,
                                struct nl_error *err) {
    bool dump = false;
    enum nl_status status = NL_OK;
    if (format == NL_FORMAT_GUESS)
        status = guess(reader, &format, &dump, err);
    if (status != NL_OK)
        return status;
    if (dump) {
        nl_dump_open(reader);
        return NL_OK;
    }
    if (format == NL_FORMAT_JSONL)
        return open_json(reader, err);
    return format == NL_FORMAT_CSV ? nl_csv_open(reader, reader->options, err)
                                   : nl_mailboxes_open(reader, err);
}

bool nl_reader_has_header(const struct nl_reader *reader) {
    static const char separators[] = ",;\t|\n";
    const char *text = reader->source.line;
    bool guessed = false;
    bool found = strncasecmp(text, "sep=", 4) == 0;
    while (*text != '\0' && !found) {
        size_t len = strcspn(text, separators);
        char *word = nl_strndup(text, len);
        found = nl_lexicon_column(reader->lexicon, word, &guessed) == NL_COLUMN_EMAIL;
        free(word);
        text += len + (text[len] != '\0');
    }
    return found;
}

void nl_reader_free(struct nl_reader *reader) {
    nl_source_free(&reader->source);
    nl_row_free(&reader->row);
    nl_columns_free(&reader->columns);
    nl_buf_free(&reader->raw);
    nl_buf_free(&reader->block);
    nl_csv_free(reader->csv);
    json_decref(reader->object);
    json_decref(reader->texts);
    free(reader->mailbox[0]);
    free(reader->mailbox[1]);
    nl_lexicon_free(reader->lexicon);
}
