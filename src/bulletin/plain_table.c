/* Tables in the text part: aligned columns, or bars between cells if a line is too short. */
#include "bulletin/plain.h"

#include "newsletter/base/text.h"
#include "newsletter/template/wrap.h"

enum { TABLE_COLUMNS_LIMIT = 16 };

static size_t cell_count(const struct nl_md_node *row) {
    size_t count = 0;
    for (const struct nl_md_node *cell = row->first; cell != NULL; cell = cell->next)
        count++;
    return count;
}

/* Measures the columns. False if the table is too wide for a line. */
static bool measure_table(struct nl_plain_writer *writer, const struct nl_md_node *table,
                          size_t widths[TABLE_COLUMNS_LIMIT]) {
    size_t total = 0;
    size_t columns = 0;
    for (const struct nl_md_node *row = table->first; row != NULL; row = row->next) {
        size_t at = 0;
        if (cell_count(row) > TABLE_COLUMNS_LIMIT)
            return false;
        for (const struct nl_md_node *cell = row->first; cell != NULL; cell = cell->next, at++) {
            struct nl_buf text = {0};
            size_t links = writer->link_count;
            size_t listed = writer->links.len;
            nl_plain_inlines(writer, cell, &text);
            /* This only measures: links are numbered when the row is written. */
            writer->link_count = links;
            writer->links.len = listed;
            size_t width = nl_text_width(nl_buf_text(&text));
            widths[at] = width > widths[at] ? width : widths[at];
            nl_buf_free(&text);
        }
        columns = at > columns ? at : columns;
    }
    for (size_t i = 0; i < columns; i++)
        total += widths[i] + 2;
    return total <= NL_COLUMNS + 2;
}

static void add_spaces(struct nl_buf *out, size_t count) {
    while (count-- > 0)
        nl_buf_addc(out, ' ');
}

static void write_table_row(struct nl_plain_writer *writer, const struct nl_md_node *row,
                            const size_t *widths, const char *rest) {
    struct nl_buf line = {0};
    size_t at = 0;
    for (const struct nl_md_node *cell = row->first; cell != NULL; cell = cell->next, at++) {
        struct nl_buf text = {0};
        nl_plain_inlines(writer, cell, &text);
        size_t width = nl_text_width(nl_buf_text(&text));
        size_t gap = widths != NULL && widths[at] > width ? widths[at] - width : 0;
        if (cell->letter == 'r')
            add_spaces(&line, gap);
        nl_buf_adds(&line, nl_buf_text(&text));
        if (cell->letter != 'r' && cell->next != NULL)
            add_spaces(&line, gap);
        if (cell->next != NULL)
            nl_buf_adds(&line, widths != NULL ? "  " : " | ");
        nl_buf_free(&text);
    }
    if (widths != NULL)
        nl_plain_line(writer->out, rest, nl_buf_text(&line), line.len);
    else
        nl_plain_wrap(writer->out, nl_buf_text(&line), rest, rest);
    nl_buf_free(&line);
}

void nl_plain_table(struct nl_plain_writer *writer, const struct nl_md_node *node,
                    const char *rest) {
    size_t widths[TABLE_COLUMNS_LIMIT] = {0};
    bool fits = measure_table(writer, node, widths);
    for (const struct nl_md_node *row = node->first; row != NULL; row = row->next) {
        write_table_row(writer, row, fits ? widths : NULL, rest);
        if (fits && row->first != NULL && row->first->type == NL_MD_HEADER_CELL) {
            struct nl_buf line = {0};
            for (size_t i = 0, columns = cell_count(row); i < columns; i++) {
                for (size_t k = 0; k < widths[i]; k++)
                    nl_buf_addc(&line, '-');
                add_spaces(&line, 2);
            }
            nl_plain_line(writer->out, rest, nl_buf_text(&line), line.len);
            nl_buf_free(&line);
        }
    }
    writer->blank = true;
}
