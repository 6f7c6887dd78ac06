/* Tables of text for terminals of any width. */
#ifndef NEWSLETTER_BASE_TEXT_TABLE_H
#define NEWSLETTER_BASE_TEXT_TABLE_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The columns of a terminal that a text takes: two for a character of East Asia, none for a mark
 * over a letter. */
size_t nl_text_width(const char *text) NL_ALL_NONNULL;

/* Appends as much of a text as fits into that many columns, with an ellipsis where something is
 * left out. Never cuts between a letter and its marks. */
void nl_text_cut(struct nl_buf *out, const char *text, size_t columns) NL_ALL_NONNULL;

/* The same, followed by blanks up to that column. */
void nl_text_fill(struct nl_buf *out, const char *text, size_t columns) NL_ALL_NONNULL;

/* Appends the first `len` bytes of a text in lines of at most `width` columns, each indented,
 * broken between words; a word that is longer stays whole. */
void nl_text_fold_lines(struct nl_buf *out, const char *text, size_t len, size_t indent,
                        size_t width) NL_ALL_NONNULL;

struct nl_table_column {
    const char *heading; /* in capitals */
    bool number;         /* at the right; 0 is left out where there is no room for a table */
    size_t least;        /* columns that a longer text may be cut to; 0: it is not cut */
};

/* Set `columns` and `count`, the rest is zero; free with nl_table_free. The first column is the
 * name of the row. */
struct nl_table {
    const struct nl_table_column *columns;
    size_t count;
    /* Its own. */
    struct nl_table_cell {
        char *text;
        char *note; /* of a row's first cell: lines below the row; NULL for none */
    } * cells;
    size_t used;
};

/* Adds the next cell, row by row. What might steer a terminal is shown as '?'. */
void nl_table_text(struct nl_table *table, const char *text) NL_ALL_NONNULL;
void nl_table_number(struct nl_table *table, int64_t number) NL_ALL_NONNULL;

/* Adds a line below the last row. */
void nl_table_note(struct nl_table *table, const char *text) NL_ALL_NONNULL;

/* Appends the table. Where even shortened texts do not fit into `width`, each row becomes its name
 * and lines with what else it says. */
void nl_table_print(const struct nl_table *table, size_t width, struct nl_buf *out) NL_ALL_NONNULL;

void nl_table_free(struct nl_table *table);

#endif
