#include "newsletter/base/memory.h"
#include "transfer/markdown_writer.h"

#include <stdlib.h>

/* A cell for the text that comes. */
static void add_cell(struct nl_scribe *writer) {
    if (writer->cell_count == writer->cell_room) {
        size_t room = writer->cell_room > 0 ? writer->cell_room * 2 : 32;
        writer->cells = nl_realloc(writer->cells, room * sizeof *writer->cells);
        writer->cell_room = room;
    }
    writer->cells[writer->cell_count++] = (struct nl_buf){0};
}

void nl_scribe_table_begin(struct nl_scribe *writer) {
    nl_scribe_lists_end(writer);
    writer->columns = writer->column = 0;
    add_cell(writer);
    writer->in_table = true;
}

void nl_scribe_cell_end(struct nl_scribe *writer) {
    nl_scribe_end(writer);
    if (!writer->in_table || writer->cell_count >= NL_TABLE_CELLS)
        return;
    writer->column++;
    add_cell(writer);
}

/* The first row says how many columns there are. Later ones have as many: more are joined. */
void nl_scribe_row_end(struct nl_scribe *writer) {
    if (!writer->in_table || writer->column == 0)
        return;
    if (writer->columns == 0)
        writer->columns = writer->column;
    while (writer->column < writer->columns && writer->cell_count < NL_TABLE_CELLS)
        nl_scribe_cell_end(writer);
    while (writer->column > writer->columns) {
        struct nl_buf *over = &writer->cells[writer->cell_count - 2];
        if (over->len > 0) {
            nl_buf_addf(over - 1, " %s", nl_buf_text(over));
            writer->document->dropped[NL_DROPPED_CELL]++;
        }
        nl_buf_free(over);
        *over = writer->cells[--writer->cell_count];
        writer->column--;
    }
    writer->column = 0;
}

static bool is_empty(const struct nl_buf *cells, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (cells[i].len > 0)
            return false;
    return true;
}

static void add_row(struct nl_buf *out, const struct nl_buf *cells, size_t count) {
    nl_buf_addc(out, '|');
    for (size_t i = 0; i < count; i++)
        nl_buf_addf(out, " %s |", nl_buf_text(&cells[i]));
    nl_buf_addc(out, '\n');
}

/* A table of one column is not a table: its cells are paragraphs. */
static void write_table(const struct nl_scribe *writer, struct nl_buf *out) {
    size_t rows = writer->columns > 0 ? writer->cell_count / writer->columns : 0;
    bool headed = false;
    for (size_t row = 0; row < rows; row++) {
        const struct nl_buf *cells = writer->cells + row * writer->columns;
        if (is_empty(cells, writer->columns))
            continue;
        if (writer->columns == 1) {
            if (cells[0].len > 0)
                nl_buf_addf(out, "%s%s\n", out->len > 0 ? "\n" : "", nl_buf_text(&cells[0]));
            continue;
        }
        add_row(out, cells, writer->columns);
        if (!headed) {
            for (size_t i = 0; i < writer->columns; i++)
                nl_buf_adds(out, i == 0 ? "|---|" : "---|");
            nl_buf_addc(out, '\n');
            headed = true;
        }
    }
}

void nl_scribe_table_end(struct nl_scribe *writer) {
    struct nl_buf table = {0};
    nl_scribe_end(writer);
    nl_scribe_row_end(writer);
    writer->in_table = false;
    write_table(writer, &table);
    for (size_t i = 0; i < writer->cell_count; i++)
        nl_buf_free(&writer->cells[i]);
    writer->cell_count = 0;
    struct nl_buf *out = writer->in_note ? &writer->notes : &writer->out;
    if (table.len > 0)
        nl_buf_addf(out, "%s%s", out->len > 0 ? "\n" : "", nl_buf_text(&table));
    nl_buf_free(&table);
}
