/* Rows out of a file, whatever its format. */
#ifndef NL_TRANSFER_READER_H
#define NL_TRANSFER_READER_H

#include "transfer/row.h"
#include "transfer/source.h"

/* Why a row was refused. `state` is what the import would have made of the person, "" for nothing
 * but what the row says; NULL if no row of the file needs it. */
struct nl_reject {
    const char *reason, *state;
};

/* Zero-initialise; it is large, so not on a stack. */
struct nl_reader {
    const struct nl_import_options *options;
    struct nl_lexicon *lexicon;
    struct nl_source source;
    struct nl_columns columns;
    struct nl_row row;
    struct nl_buf raw;   /* what the row says in the file */
    struct nl_csv *csv;  /* csv.c */
    json_t *object;      /* jsonl.c: what the texts of the row belong to */
    json_t *texts;       /* jsonl.c: and those made of numbers */
    size_t at;           /* mailboxes.c: where the next one begins within the line;
                            json_array.c: within the text */
    char *mailbox[2];    /* mailboxes.c: name and address */
    struct nl_buf block; /* dump.c: the values of the row, each with a NUL behind it;
                            json_array.c: the whole text */
    size_t array_line;   /* json_array.c: where the next object begins */
    /* Reads the next row. NL_DATA with `bad` set: this one is not good, but others may be, unless
     * row.fatal is set. */
    enum nl_status (*next)(struct nl_reader *reader, bool *end, bool *bad, struct nl_error *err);
    /* Writes the present row, which was refused, in the format of the source. */
    void (*write_reject)(struct nl_reader *reader, FILE *out, const struct nl_reject *why,
                         bool first);
    size_t rejects_written;
};

/* The column that tells why a row was refused; an import passes it over. */
#define NL_REASON_COLUMN "import_reason"

/* The column that tells the state of people whom only the options of that import knew to have left:
 * an import without them must not take them for readers. */
#define NL_STATE_COLUMN "import_state"

/* Begins to read a file; free with nl_reader_free, also after a failure. `options` must outlive it.
 */
enum nl_status nl_reader_begin(struct nl_reader *out, FILE *in, const char *name,
                               const struct nl_import_options *options, struct nl_error *err);

/* Makes it give rows, of a format that is known or to be guessed. */
enum nl_status nl_reader_choose(struct nl_reader *reader, enum nl_transfer_format format,
                                struct nl_error *err);

/* Whether the present line names a column of addresses. */
bool nl_reader_has_header(const struct nl_reader *reader);

void nl_reader_free(struct nl_reader *reader);

/* csv.c: reads the header line that the source is before. */
enum nl_status nl_csv_open(struct nl_reader *reader, const struct nl_import_options *options,
                           struct nl_error *err);
void nl_csv_free(struct nl_csv *csv);

/* A field of the present row, "" where it has none. */
const char *nl_csv_text(const struct nl_csv *csv, size_t at);

/* jsonl.c; nl_jsonl_take makes a row of reader->object. */
enum nl_status nl_jsonl_next(struct nl_reader *reader, bool *end, bool *bad, struct nl_error *err);
enum nl_status nl_jsonl_take(struct nl_reader *reader, struct nl_error *err);

/* json_array.c: "[{...}, {...}]" */
enum nl_status nl_json_array_open(struct nl_reader *reader, struct nl_error *err);

/* rejected.c */
void nl_write_quoted(FILE *out, const char *text, size_t len);
void nl_jsonl_write_reject(struct nl_reader *reader, FILE *out, const struct nl_reject *why,
                           bool first);
void nl_mailboxes_write_reject(struct nl_reader *reader, FILE *out, const struct nl_reject *why,
                               bool first);
void nl_dump_write_reject(struct nl_reader *reader, FILE *out, const struct nl_reject *why,
                          bool first);

/* mailboxes.c: lines of addresses, with names or without, several of them on a line or one. */
enum nl_status nl_mailboxes_open(struct nl_reader *reader, struct nl_error *err);

/* How far the mailbox at the beginning of a text goes: to a comma or semicolon that is not within
 * quotation marks, brackets or, before the address, a name such as "Lee, Ann". */
size_t nl_mailbox_length(const char *text);

/* Reads one, also with the name after the address; *name is NULL where there is none. The caller
 * frees both. */
enum nl_status nl_mailbox_read(char *text, char **name, char **address, struct nl_error *err);

/* Whether all that a line holds are mailboxes. */
bool nl_mailboxes_are(const char *line);

/* dump.c: blocks of lines "email ann@example.org", "gecos Ann", as Sympa dumps a list. */
void nl_dump_open(struct nl_reader *reader);
bool nl_dump_begins(const char *line);

#endif
