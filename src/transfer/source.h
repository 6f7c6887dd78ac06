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
};

/* Begins to read. `encoding` NULL: UTF-8, or UTF-16 where the file says so. */
enum nl_status nl_source_open(struct nl_source *source, FILE *in, const char *name,
                              const char *encoding, struct nl_error *err);

/* The next line in source->line; *end behind the last one. A line that is not UTF-8, holds a NUL or
 * is larger than a megabyte is an error of the file as a whole. */
enum nl_status nl_source_next(struct nl_source *source, bool *end, struct nl_error *err);

/* Gives the present line back. */
void nl_source_back(struct nl_source *source);

void nl_source_free(struct nl_source *source);

#endif
