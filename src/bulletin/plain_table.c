/* Tables in the text part: aligned columns, or a list of rows if a line is too short for them. */
#include "bulletin/check_access.h"
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
        size_t gap = widths[at] > width ? widths[at] - width : 0;
        if (cell->letter == 'r')
            add_spaces(&line, gap);
        nl_buf_adds(&line, nl_buf_text(&text));
        if (cell->letter != 'r' && cell->next != NULL)
            add_spaces(&line, gap);
        if (cell->next != NULL)
            add_spaces(&line, 2);
        nl_buf_free(&text);
    }
    nl_plain_line(writer->out, rest, nl_buf_text(&line), line.len);
    nl_buf_free(&line);
}

static void write_rule(struct nl_plain_writer *writer, const size_t *widths, size_t columns,
                       const char *rest) {
    struct nl_buf line = {0};
    for (size_t i = 0; i < columns; i++) {
        for (size_t k = 0; k < widths[i]; k++)
            nl_buf_addc(&line, '-');
        add_spaces(&line, 2);
    }
    nl_plain_line(writer->out, rest, nl_buf_text(&line), line.len);
    nl_buf_free(&line);
}

/* A row as an item, each cell after the head of its column. */
static void write_record(struct nl_plain_writer *writer, const struct nl_md_node *head,
                         const struct nl_md_node *row, const char *rest) {
    struct nl_buf first = {0};
    struct nl_buf indent = {0};
    const struct nl_md_node *name = head->first;
    bool begun = false;
    nl_buf_addf(&first, "%s- ", rest);
    nl_buf_addf(&indent, "%s  ", rest);
    for (const struct nl_md_node *cell = row->first; cell != NULL; cell = cell->next) {
        struct nl_buf line = {0};
        struct nl_buf text = {0};
        nl_plain_inlines(writer, cell, &text);
        if (name != NULL)
            nl_access_words(name, &line);
        nl_buf_addf(&line, "%s%s", line.len > 0 ? ": " : "", nl_buf_text(&text));
        if (text.len > 0)
            nl_plain_wrap(writer->out, nl_buf_text(&line), nl_buf_text(begun ? &indent : &first),
                          nl_buf_text(&indent));
        begun = begun || text.len > 0;
        name = name != NULL ? name->next : NULL;
        nl_buf_free(&line);
        nl_buf_free(&text);
    }
    nl_buf_free(&first);
    nl_buf_free(&indent);
}

static bool is_head(const struct nl_md_node *row) {
    return row->first != NULL && row->first->type == NL_MD_HEADER_CELL;
}

void nl_plain_table(struct nl_plain_writer *writer, const struct nl_md_node *node,
                    const char *rest) {
    size_t widths[TABLE_COLUMNS_LIMIT] = {0};
    bool fits = measure_table(writer, node, widths);
    for (const struct nl_md_node *row = node->first; row != NULL; row = row->next) {
        if (fits) {
            write_table_row(writer, row, widths, rest);
            if (is_head(row))
                write_rule(writer, widths, cell_count(row), rest);
        } else if (!is_head(row)) {
            write_record(writer, node->first, row, rest);
        }
    }
    writer->blank = true;
}
