/* One row while it is read: the texts of its columns, and the member that they make. */
#ifndef NL_TRANSFER_ROW_H
#define NL_TRANSFER_ROW_H

#include "transfer/columns.h"

#include <jansson.h>

/* Zero-initialise; free with nl_row_free; empty with nl_row_clear. */
struct nl_row {
    size_t line;                                 /* where it begins, from 1 */
    const char *texts[NL_COLUMN_ATTRIBUTES + 1]; /* by column; borrowed from who reads */
    json_t *attributes;                          /* NULL for none */
    struct nl_buf name, language;                /* what had to be put together */
    char *attribute_text;
};

void nl_row_clear(struct nl_row *row);
void nl_row_free(struct nl_row *row);

/* Takes one attribute. */
enum nl_status nl_row_attribute(struct nl_row *row, const char *key, const char *value,
                                struct nl_error *err);

/* Makes a member of it, which borrows from the row. NL_DATA says what is not good. */
enum nl_status nl_row_member(struct nl_row *row, struct nl_member *out, struct nl_error *err);

#endif
