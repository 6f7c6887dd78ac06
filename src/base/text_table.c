#include "newsletter/base/text_table.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unigbrk.h>
#include <uniwidth.h>

enum { INDENT = 2, NARROWEST = 16 };

/* ---- texts ---- */

static size_t width_of(const char *text, size_t len) {
    int width = u8_width((const uint8_t *)text, len, "UTF-8");
    return width > 0 ? (size_t)width : 0;
}

size_t nl_text_width(const char *text) {
    return width_of(text, strlen(text));
}

/* The end of the letter with its marks that begins at `at`. */
static const char *next_letter(const char *at) {
    const uint8_t *end = (const uint8_t *)at + strlen(at);
    const uint8_t *next = u8_grapheme_next((const uint8_t *)at, end);
    return next != NULL ? (const char *)next : (const char *)end;
}

void nl_text_cut(struct nl_buf *out, const char *text, size_t columns) {
    size_t used = 0;
    const char *at = text;
    if (nl_text_width(text) <= columns) {
        nl_buf_adds(out, text);
        return;
    }
    while (*at != '\0') {
        const char *next = next_letter(at);
        size_t width = width_of(at, (size_t)(next - at));
        if (used + width + 1 > columns)
            break;
        used += width;
        at = next;
    }
    while (at > text && at[-1] == ' ')
        at--;
    nl_buf_add(out, text, (size_t)(at - text));
    if (columns > 0)
        nl_buf_adds(out, "\u2026");
}

static void add_blanks(struct nl_buf *out, size_t count) {
    nl_buf_addf(out, "%*s", (int)count, "");
}

static void add_filled(struct nl_buf *out, const char *text, size_t width, bool right, bool last) {
    struct nl_buf cut = {0};
    nl_text_cut(&cut, text, width);
    size_t taken = nl_text_width(nl_buf_text(&cut));
    size_t blanks = taken < width ? width - taken : 0;
    if (right)
        add_blanks(out, blanks);
    nl_buf_adds(out, nl_buf_text(&cut));
    if (!right && !last)
        add_blanks(out, blanks);
    nl_buf_free(&cut);
}

void nl_text_fill(struct nl_buf *out, const char *text, size_t columns) {
    add_filled(out, text, columns, false, false);
}

void nl_text_fold_lines(struct nl_buf *out, const char *text, size_t len, size_t indent,
                        size_t width) {
    size_t used = 0;
    for (const char *at = text, *end = text + len; at < end;) {
        const char *blank = memchr(at, ' ', (size_t)(end - at));
        size_t word = blank != NULL ? (size_t)(blank - at) : (size_t)(end - at);
        size_t taken = width_of(at, word);
        bool fits = used > 0 && used + 1 + taken <= width;
        if (!fits) {
            nl_buf_adds(out, used > 0 ? "\n" : "");
            add_blanks(out, indent);
            used = indent;
        } else {
            nl_buf_addc(out, ' ');
            used++;
        }
        nl_buf_add(out, at, word);
        used += taken;
        at += word + (blank != NULL);
    }
    nl_buf_addc(out, '\n');
}

/* ---- cells ---- */

/* Takes the text. */
static void add_cell(struct nl_table *table, struct nl_buf *text) {
    table->cells = nl_realloc(table->cells, (table->used + 1) * sizeof *table->cells);
    table->cells[table->used++] = (struct nl_table_cell){.text = nl_buf_take(text)};
}

void nl_table_text(struct nl_table *table, const char *text) {
    struct nl_buf safe = {0};
    nl_text_add_printable(&safe, text, strlen(text));
    add_cell(table, &safe);
}

void nl_table_number(struct nl_table *table, int64_t number) {
    struct nl_buf text = {0};
    nl_buf_addf(&text, "%lld", (long long)number);
    add_cell(table, &text);
}

void nl_table_note(struct nl_table *table, const char *text) {
    struct nl_buf all = {0};
    size_t rows = table->used / table->count;
    if (rows == 0)
        return;
    struct nl_table_cell *cell = &table->cells[(rows - 1) * table->count];
    if (cell->note != NULL)
        nl_buf_addf(&all, "%s\n", cell->note);
    nl_text_add_printable(&all, text, strlen(text));
    free(cell->note);
    cell->note = nl_buf_take(&all);
    if (cell->note == NULL)
        nl_memory_end();
}

/* ---- layout ---- */

static const char *text_at(const struct nl_table *table, size_t row, size_t column) {
    return table->cells[row * table->count + column].text;
}

static void measure(const struct nl_table *table, size_t *widths) {
    for (size_t column = 0; column < table->count; column++) {
        widths[column] = nl_text_width(table->columns[column].heading);
        for (size_t row = 0; row < table->used / table->count; row++) {
            size_t width = nl_text_width(text_at(table, row, column));
            if (width > widths[column])
                widths[column] = width;
        }
    }
}

/* The widest column that may be cut; `count` if there is none. */
static size_t widest(const struct nl_table *table, const size_t *widths) {
    size_t found = table->count;
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].least > 0 && widths[i] > table->columns[i].least &&
            (found == table->count || widths[i] > widths[found]))
            found = i;
    return found;
}

/* Takes columns from the widest texts until the table fits; false if it cannot. */
static bool shrink(const struct nl_table *table, size_t *widths, size_t width) {
    size_t total = table->count - 1; /* a blank between two columns */
    for (size_t i = 0; i < table->count; i++)
        total += widths[i];
    while (total > width) {
        size_t column = widest(table, widths);
        if (column == table->count)
            return false;
        widths[column]--;
        total--;
    }
    return true;
}

/* Lines below a row. */
static void add_note(const char *note, size_t width, struct nl_buf *out) {
    while (note != NULL && *note != '\0') {
        size_t len = strcspn(note, "\n");
        nl_text_fold_lines(out, note, len, INDENT, width);
        note += len + (note[len] == '\n');
    }
}

static void print_wide(const struct nl_table *table, const size_t *widths, size_t width,
                       struct nl_buf *out) {
    size_t rows = table->used / table->count;
    for (size_t i = 0; i < table->count; i++) {
        nl_buf_adds(out, i > 0 ? " " : "");
        add_filled(out, table->columns[i].heading, widths[i], table->columns[i].number,
                   i + 1 == table->count);
    }
    nl_buf_addc(out, '\n');
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < table->count; i++) {
            nl_buf_adds(out, i > 0 ? " " : "");
            add_filled(out, text_at(table, row, i), widths[i], table->columns[i].number,
                       i + 1 == table->count);
        }
        nl_buf_addc(out, '\n');
        add_note(table->cells[row * table->count].note, width, out);
    }
}

/* "sent 14", on the line at hand if there is room. */
static void add_item(const char *heading, const char *text, size_t width, size_t *used,
                     struct nl_buf *out) {
    struct nl_buf item = {0};
    struct nl_buf cut = {0};
    for (const char *p = heading; *p != '\0'; p++)
        nl_buf_addc(&item, *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p);
    nl_buf_addf(&item, " %s", text);
    nl_text_cut(&cut, nl_buf_text(&item), width - INDENT - 1);
    size_t taken = nl_text_width(nl_buf_text(&cut));
    if (*used > 0 && *used + 2 + taken < width) {
        nl_buf_adds(out, ", ");
        *used += 2;
    } else {
        nl_buf_adds(out, *used > 0 ? ",\n" : "");
        add_blanks(out, INDENT);
        *used = INDENT;
    }
    nl_buf_adds(out, nl_buf_text(&cut));
    *used += taken;
    nl_buf_free(&cut);
    nl_buf_free(&item);
}

static void print_narrow(const struct nl_table *table, size_t width, struct nl_buf *out) {
    for (size_t row = 0; row < table->used / table->count; row++) {
        size_t used = 0;
        nl_text_cut(out, text_at(table, row, 0), width);
        nl_buf_addc(out, '\n');
        for (size_t i = 1; i < table->count; i++) {
            const char *text = text_at(table, row, i);
            if (text[0] != '\0' && !(table->columns[i].number && strcmp(text, "0") == 0))
                add_item(table->columns[i].heading, text, width, &used, out);
        }
        if (used > 0)
            nl_buf_addc(out, '\n');
        add_note(table->cells[row * table->count].note, width, out);
    }
}

void nl_table_print(const struct nl_table *table, size_t width, struct nl_buf *out) {
    size_t *widths = nl_calloc(table->count, sizeof *widths);
    size_t room = width > NARROWEST ? width : NARROWEST;
    measure(table, widths);
    if (shrink(table, widths, room))
        print_wide(table, widths, room, out);
    else
        print_narrow(table, room, out);
    free(widths);
}

void nl_table_free(struct nl_table *table) {
    for (size_t i = 0; i < table->used; i++) {
        free(table->cells[i].text);
        free(table->cells[i].note);
    }
    free(table->cells);
    table->cells = NULL;
    table->used = 0;
}
