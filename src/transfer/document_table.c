/* Tables of HTML. */
#include "transfer/document_reading.h"

#include "transfer/document_tree.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MOST = 1000 };

static xmlNode *find_any(const xmlNode *node, const char *const *names) {
    for (; *names != NULL; names++) {
        xmlNode *found = nl_tree_find((xmlNode *)node, *names);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* Tables that only arrange a page, as in mails, are none for readers. A table with lines may have
 * another one in a cell, as word processors write it. */
static bool is_layout(const xmlNode *node) {
    static const char *const rich[] = {"h1", "h2", "h3", "ul", "ol", "pre", "blockquote", NULL};
    static const char *const inner[] = {"table", NULL};
    xmlChar *role = nl_tree_attribute(node, "role");
    bool says_so = role != NULL && (strcmp((const char *)role, "presentation") == 0 ||
                                    strcmp((const char *)role, "none") == 0);
    free(role);
    return says_so || find_any(node, rich) != NULL ||
           (nl_tree_number(node, "border", 0) == 0 && find_any(node, inner) != NULL);
}

/* A cell that reaches down over others leaves them empty, so that each cell after it keeps its
 * column. */
static void leave_cells(struct nl_reading *self) {
    size_t at = self->writer->column;
    while (at < NL_SPANS_MOST && self->spans[at] > 0) {
        self->spans[at]--;
        nl_scribe_cell_end(self->writer);
        if (self->writer->column == at) /* the table is full */
            return;
        at = self->writer->column;
    }
}

static void read_cell(struct nl_reading *self, const xmlNode *cell, struct nl_style style) {
    int across = nl_tree_number(cell, "colspan", 1);
    int down = nl_tree_number(cell, "rowspan", 1);
    across = across < 1 || across > NL_SPANS_MOST ? 1 : across;
    down = down < 1 || down > ROWS_MOST ? 1 : down;
    leave_cells(self);
    size_t begin = self->writer->column;
    if (nl_style_read(cell, &style) == NL_SHOWN)
        self->children(self, cell, style);
    nl_scribe_cell_end(self->writer);
    for (size_t at = begin; at < begin + (size_t)across && at < NL_SPANS_MOST; at++)
        self->spans[at] = down - 1;
    while (--across > 0)
        nl_scribe_cell_end(self->writer);
    if (down > 1 || self->writer->column > begin + 1)
        self->writer->document->dropped[NL_DROPPED_CELL]++;
}

static void read_row(struct nl_reading *self, const xmlNode *row, struct nl_style style) {
    if (nl_style_read(row, &style) != NL_SHOWN)
        return;
    style.plain_heading =
        style.plain_heading || self->writer->columns == 0; /* the first row is bold already */
    for (const xmlNode *cell = row->children; cell != NULL; cell = cell->next)
        if (nl_tree_is(cell, "td") || nl_tree_is(cell, "th"))
            read_cell(self, cell, style);
    leave_cells(self);
    nl_scribe_row_end(self->writer);
}

static void read_rows(struct nl_reading *self, const xmlNode *node, struct nl_style style) {
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        if (nl_tree_is(child, "tr"))
            read_row(self, child, style);
        else if (nl_tree_is(child, "tbody") || nl_tree_is(child, "thead") ||
                 nl_tree_is(child, "tfoot"))
            read_rows(self, child, style);
    }
}

void nl_read_table(struct nl_reading *self, const xmlNode *node, struct nl_style style) {
    if (self->writer->in_table || self->lists > 0 || is_layout(node)) {
        self->block(self, node, style);
        return;
    }
    for (const xmlNode *child = node->children; child != NULL; child = child->next)
        if (nl_tree_is(child, "caption"))
            self->block(self, child, style);
    nl_scribe_table_begin(self->writer);
    memset(self->spans, 0, sizeof self->spans);
    style.list_level = 0;
    read_rows(self, node, style);
    nl_scribe_table_end(self->writer);
}
