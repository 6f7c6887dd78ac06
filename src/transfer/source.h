/* The lines of a file, as UTF-8 whatever it is in. */
#ifndef NL_TRANSFER_SOURCE_H
#define NL_TRANSFER_SOURCE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Zero-initialise; free with nl_source_free. */
struct nl_source {
    FILE *in;
    const char *name;
    struct nl_buf converted; /* the whole file, where it had to be */
    size_t at;
    char *line; /* the present one, with its end */
    size_t len, room;
    size_t number; /* of it, from 1 */
    bool again;    /* nl_source_next gives it once more */
    bool cr;       /* lines of the file end with CR */
    bool array;    /* it begins with "[", as a JSON array does */
};

/* Begins to read. `encoding` NULL: UTF-8, or UTF-16 where the file says so. A workbook, a document
 * or another file that is not text is an error that names it. */
enum nl_status nl_source_open(struct nl_source *source, FILE *in, const char *name,
                              const char *encoding, struct nl_error *err);

/* The next line in source->line, which ends with LF whatever the file has (CR, LF, CRLF); *end
 * after the last one. Byte order marks at the beginning of a line and a final ^Z are left out. A
 * line that is not UTF-8, holds a NUL or, but for a JSON array, is larger than a megabyte is an
 * error of the file as a whole. */
enum nl_status nl_source_next(struct nl_source *source, bool *end, struct nl_error *err);

/* As nl_source_next, but blank lines are passed over. */
enum nl_status nl_source_next_filled(struct nl_source *source, bool *end, struct nl_error *err);

bool nl_source_is_blank(const struct nl_source *source);

/* Gives the present line back. */
void nl_source_back(struct nl_source *source);

void nl_source_free(struct nl_source *source);

#endif
