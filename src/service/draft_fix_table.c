#include "service/draft_fixer.h"

#include "newsletter/base/catalog.h"

#include <string.h>

/* A row of a table that begins with a bar, cell by cell. */
struct row {
    const char *at, *end;
};

static const char *skip_blanks(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

static bool begin_row(const char *line, struct row *row) {
    row->end = line + strcspn(line, "\n");
    row->at = skip_blanks(line, row->end);
    return row->at < row->end && *row->at == '|';
}

/* The next cell, between its bars; false after the last one. */
static bool next_cell(struct row *row, struct row *cell) {
    if (row->at >= row->end || skip_blanks(row->at + 1, row->end) == row->end)
        return false;
    cell->at = ++row->at;
    while (row->at < row->end && *row->at != '|')
        row->at += row->at[0] == '\\' && row->at + 1 < row->end ? 2 : 1;
    cell->end = row->at;
    return true;
}

static bool is_blank(const struct row *cell) {
    return skip_blanks(cell->at, cell->end) == cell->end;
}

static size_t count_cells(const char *line, size_t *blank) {
    struct row row;
    struct row cell;
    size_t count = 0;
    *blank = 0;
    for (bool any = begin_row(line, &row); any && next_cell(&row, &cell); count++)
        *blank += is_blank(&cell);
    return count;
}

static const char *next_line(const char *line) {
    size_t len = strcspn(line, "\n");
    return line + len + (line[len] == '\n');
}

/* ---- names of columns ---- */

bool nl_fix_table_is_plain(const char *body, size_t line) {
    struct nl_fix_place place = {0};
    size_t blank = 0;
    if (!nl_fix_find_line(body, line, &place))
        return false;
    size_t count = count_cells(place.at, &blank);
    const char *first = next_line(next_line(place.at));
    return count > 0 && blank == count && count_cells(first, &blank) > 0 && blank == 0;
}

/* The row below the first one, which is empty, takes its place. */
static enum nl_status move_up(const char *body, const struct nl_fix_place *head,
                              struct nl_buf *out) {
    const char *dashes = next_line(head->at);
    const char *row = next_line(dashes);
    size_t len = strcspn(row, "\n");
    nl_buf_add(out, body, (size_t)(head->at - body));
    nl_buf_add(out, row, len);
    nl_buf_addc(out, '\n');
    nl_buf_add(out, dashes, (size_t)(row - dashes));
    nl_buf_adds(out, row + len + (row[len] == '\n'));
    return NL_OK;
}

/* The length of a comma of any script; 0 for something else. */
static size_t comma_len(const char *at) {
    static const char *const commas[] = {",", "\u060c", "\uff0c", "\u3001"};
    for (size_t i = 0; i < sizeof commas / sizeof commas[0]; i++)
        if (strncmp(at, commas[i], strlen(commas[i])) == 0)
            return strlen(commas[i]);
    return 0;
}

/* The next of names with commas between them; NULL after the last one. */
static const char *take_name(const char **names, size_t *len) {
    const char *name = *names + strspn(*names, " ");
    const char *end = name;
    while (*end != '\0' && comma_len(end) == 0)
        end++;
    *names = end + comma_len(end);
    while (end > name && end[-1] == ' ')
        end--;
    *len = (size_t)(end - name);
    return *len > 0 ? name : NULL;
}

static void add_name(struct nl_buf *out, const char *name, size_t len) {
    struct nl_buf one = {0};
    nl_buf_add(&one, name, len);
    nl_buf_addc(out, ' ');
    nl_fix_add_words(out, nl_buf_text(&one));
    nl_buf_addc(out, ' ');
    nl_buf_free(&one);
}

/* The first cell may stay empty, above the names of the rows. */
static enum nl_status fill_names(const char *body, const struct nl_fix_place *head,
                                 const char *names, struct nl_buf *out, struct nl_error *err) {
    struct nl_buf line = {0};
    struct row row;
    struct row cell;
    size_t missing = 0;
    size_t filled = 0;
    size_t len = 0;
    size_t blank = 0;
    size_t count = count_cells(head->at, &blank);
    bool any = begin_row(head->at, &row);
    for (size_t i = 0; any && next_cell(&row, &cell); i++) {
        bool wanted = is_blank(&cell) && (i > 0 || count == 1);
        const char *name = wanted ? take_name(&names, &len) : NULL;
        missing += wanted && name == NULL;
        filled += name != NULL;
        nl_buf_addc(&line, '|');
        if (name != NULL)
            add_name(&line, name, len);
        else
            nl_buf_add(&line, cell.at, (size_t)(cell.end - cell.at));
    }
    nl_buf_addc(&line, '|');
    enum nl_status status = NL_OK;
    if (missing > 0)
        status = nl_error_set(
            err, NL_DATA,
            NL_TEXT("name each column that has no name, with commas between the names"));
    else if (filled == 0)
        status = nl_fix_moved(err);
    else
        nl_fix_write(body, head, nl_buf_text(&line), line.len, out);
    nl_buf_free(&line);
    return status;
}

enum nl_status nl_fix_table_head(const char *body, const struct nl_draft_fix *fix,
                                 struct nl_buf *out, struct nl_error *err) {
    struct nl_fix_place head = {0};
    if (!nl_fix_find_line(body, fix->line, &head))
        return nl_fix_moved(err);
    return nl_fix_table_is_plain(body, fix->line) ? move_up(body, &head, out)
                                                  : fill_names(body, &head, fix->words, out, err);
}

/* ---- lines that are not a table yet ---- */

static bool is_dashes(const char *line, size_t len) {
    return len > 0 && memchr(line, '-', len) != NULL && strspn(line, " \t|:-") >= len;
}

/* The line above, which the text has where `line` is more than 1. */
static void add_dashes(struct nl_buf *out, const char *line, size_t wanted) {
    struct row row;
    struct row cell;
    bool any = begin_row(line, &row);
    for (size_t i = 0; i < wanted; i++) {
        nl_buf_addc(out, '|');
        any = any && next_cell(&row, &cell);
        if (any)
            nl_buf_add(out, cell.at, (size_t)(cell.end - cell.at));
        else
            nl_buf_adds(out, "---");
    }
    nl_buf_addc(out, '|');
}

enum nl_status nl_fix_table_rows(const char *body, const struct nl_draft_fix *fix,
                                 struct nl_buf *out, struct nl_error *err) {
    struct nl_fix_place dashes = {0};
    struct nl_fix_place head = {0};
    struct nl_fix_place above = {0};
    size_t blank = 0;
    if (fix->line < 2 || !nl_fix_find_line(body, fix->line, &dashes) ||
        !is_dashes(dashes.at, dashes.len) || !nl_fix_find_line(body, fix->line - 1, &head))
        return nl_fix_moved(err);
    size_t wanted = count_cells(head.at, &blank);
    size_t present = count_cells(dashes.at, &blank);
    bool parted = fix->line < 3 || !nl_fix_find_line(body, fix->line - 2, &above) || above.len == 0;
    if (wanted == 0 || present == 0 || (parted && wanted == present))
        return nl_fix_moved(err);
    nl_buf_add(out, body, (size_t)(head.at - body));
    if (!parted)
        nl_buf_addc(out, '\n');
    nl_buf_add(out, head.at, (size_t)(dashes.at - head.at));
    add_dashes(out, dashes.at, wanted);
    nl_buf_adds(out, dashes.next);
    return NL_OK;
}
