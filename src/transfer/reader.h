/* Rows out of a file, whatever its format. */
#ifndef NL_TRANSFER_READER_H
#define NL_TRANSFER_READER_H

#include "transfer/row.h"
#include "transfer/source.h"

struct nl_reader {
    struct nl_source source;
    struct nl_row row;
    struct nl_buf ignored; /* names of columns that are not used */
    struct nl_csv *csv;    /* csv.c */
    json_t *object;        /* jsonl.c: what the texts of the row belong to */
    char *mailbox[2];      /* name and address, of a line that is one */
    /* Reads the next row. NL_DATA with `bad` set: this one is not good, but others may be. */
    enum nl_status (*next)(struct nl_reader *reader, bool *end, bool *bad, struct nl_error *err);
};

/* Zero-initialise `out`; free with nl_reader_free, also after a failure. */
enum nl_status nl_reader_open(struct nl_reader *out, FILE *in, const char *name,
                              const struct nl_import_options *options, struct nl_error *err);
void nl_reader_free(struct nl_reader *reader);

/* csv.c: reads the header line that the source is before. */
enum nl_status nl_csv_open(struct nl_reader *reader, const struct nl_import_options *options,
                           struct nl_error *err);
void nl_csv_free(struct nl_csv *csv);

/* jsonl.c */
enum nl_status nl_jsonl_next(struct nl_reader *reader, bool *end, bool *bad, struct nl_error *err);

#endif
