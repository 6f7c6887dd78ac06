/* A segment as rows of a form, and the other way round. */
#ifndef NL_WEB_SEGMENT_ROWS_H
#define NL_WEB_SEGMENT_ROWS_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { NL_SEGMENT_ROWS = 8 };

/* One row. Texts are the caller's, or the owner's of the rows. */
struct nl_segment_row {
    const char *field; /* "email", ..., "attribute"; "" for a row that is not filled in */
    const char *attribute;
    const char *test; /* "=", "~", "known", ... */
    const char *value;
};

/* The words of the form: fields, and tests. NULL ends them. */
extern const char *const nl_segment_fields[];
extern const char *const nl_segment_tests[];

/* Appends the expression of rows; with `any` one of them must hold, otherwise all. Rows that are
 * not filled in are left out. NL_DATA for words that are not those of the form. */
enum nl_status nl_segment_from_rows(const struct nl_segment_row *rows, size_t count, bool any,
                                    struct nl_buf *out, struct nl_error *err);

/* The rows of an expression that is as simple as the form; *count is 0 for any other. The texts are
 * in `words`, which the caller frees after the rows. */
void nl_segment_to_rows(const char *expression, struct nl_segment_row rows[NL_SEGMENT_ROWS],
                        size_t *count, bool *any, struct nl_buf *words);

#endif
