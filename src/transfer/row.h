/* One row while it is read: the texts of its columns, and the member that they make. */
#ifndef NL_TRANSFER_ROW_H
#define NL_TRANSFER_ROW_H

#include "transfer/columns.h"

#include <jansson.h>

enum { NL_ROW_FIELDS = NL_COLUMN_STATE }; /* what is not a sign of a state */

/* Zero-initialise; free with nl_row_free; empty with nl_row_clear. */
struct nl_row {
    size_t line;                      /* where it begins, from 1 */
    const char *texts[NL_ROW_FIELDS]; /* borrowed from who reads */
    bool guessed[NL_ROW_FIELDS];      /* from a column that gives way to another */
    struct nl_buf cleaned[NL_ROW_FIELDS];
    enum nl_sign sign;                          /* the strongest so far */
    int64_t ended_at, consent_at, confirmed_at; /* as signs of the state tell them */
    json_t *attributes;                         /* NULL for none */
    char *attribute_text;
    bool fatal; /* it is not this row that is not good: the file is not understood */
};

void nl_row_clear(struct nl_row *row);
void nl_row_free(struct nl_row *row);

/* Takes what stands in the column `index`; `text` is borrowed until the row is cleared. NL_DATA
 * says what is not good. */
enum nl_status nl_row_put(struct nl_row *row, struct nl_columns *columns, size_t index,
                          const char *text, struct nl_error *err);

/* Takes a JSON object of attributes. */
enum nl_status nl_row_attributes(struct nl_row *row, struct nl_columns *columns, json_t *object,
                                 struct nl_error *err);

/* Makes a member of it, which borrows from the row. NL_DATA says what is not good. */
enum nl_status nl_row_member(struct nl_row *row, struct nl_columns *columns, struct nl_member *out,
                             struct nl_error *err);

/* row_sign.c: what a column says of the state of somebody. */
enum nl_status nl_row_take_sign(struct nl_row *row, struct nl_columns *columns, size_t index,
                                const char *text, struct nl_error *err);

/* row_sign.c: whether a column that has another use, or none, says that somebody has left. */
enum nl_status nl_row_look_for_sign(struct nl_row *row, struct nl_columns *columns, size_t index,
                                    const char *text, struct nl_error *err);

/* row_sign.c: the state that --state gives a word; NL_SIGN_UNKNOWN where it gives none. */
enum nl_sign nl_row_word(const struct nl_columns *columns, const char *text);

#endif
