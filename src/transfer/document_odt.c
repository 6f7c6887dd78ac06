#include "newsletter/base/catalog.h"
#include "transfer/document_tree.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MOST = 200, SPACES_MOST = 100, PARENTS_MOST = 8 };

struct reading {
    struct nl_scribe *writer;
    struct nl_parts *parts;
    const xmlNode *styles[2]; /* parents of the styles of the text, and of its templates */
    int depth;
    size_t lists;
    bool numbered;
};

struct within {
    unsigned look;
    size_t link;
    bool heading;
};

static void read_blocks(struct reading *self, const xmlNode *node);

/* ---- styles ---- */

static const xmlNode *find_style(const struct reading *self, const char *element,
                                 const char *name) {
    for (size_t i = 0; i < 2; i++)
        for (const xmlNode *style = nl_tree_child(self->styles[i], element); style != NULL;
             style = style->next) {
            xmlChar *is = nl_tree_is(style, element) ? nl_tree_attribute(style, "name") : NULL;
            bool same = is != NULL && strcmp((const char *)is, name) == 0;
            free(is);
            if (same)
                return style;
        }
    return NULL;
}

static bool says(const xmlNode *node, const char *attribute, const char *word) {
    xmlChar *value = nl_tree_attribute(node, attribute);
    bool found = value != NULL && strcmp((const char *)value, word) == 0;
    free(value);
    return found;
}

static void read_property(const xmlNode *node, const char *attribute, const char *plain,
                          unsigned flag, unsigned *look) {
    xmlChar *value = nl_tree_attribute(node, attribute);
    if (value != NULL)
        *look = strcmp((const char *)value, plain) == 0 || strcmp((const char *)value, "none") == 0
                    ? *look & ~flag
                    : *look | flag;
    free(value);
}

static unsigned look_of(const struct reading *self, const xmlNode *node, unsigned look,
                        bool *hidden) {
    xmlChar *name = nl_tree_attribute(node, "style-name");
    const xmlNode *style = name != NULL ? find_style(self, "style", (const char *)name) : NULL;
    const xmlNode *properties = nl_tree_child(style, "text-properties");
    free(name);
    read_property(properties, "font-weight", "normal", NL_RUN_BOLD, &look);
    read_property(properties, "font-style", "normal", NL_RUN_ITALIC, &look);
    read_property(properties, "text-line-through-style", "none", NL_RUN_STRIKE, &look);
    if (says(style, "name", "Strong_20_Emphasis"))
        look |= NL_RUN_BOLD;
    if (says(style, "name", "Emphasis"))
        look |= NL_RUN_ITALIC;
    *hidden = says(properties, "display", "none");
    return look;
}

/* A paragraph in the style "Title", or one made of it. */
static bool is_title(const struct reading *self, const xmlNode *node) {
    xmlChar *name = nl_tree_attribute(node, "style-name");
    bool title = false;
    for (int i = 0; name != NULL && !title && i < PARENTS_MOST; i++) {
        title = strcmp((const char *)name, "Title") == 0;
        const xmlNode *style = find_style(self, "style", (const char *)name);
        free(name);
        name = nl_tree_attribute(style, "parent-style-name");
    }
    free(name);
    return title;
}

static bool is_numbered(const struct reading *self, const xmlNode *list) {
    xmlChar *name = nl_tree_attribute(list, "style-name");
    const xmlNode *style = name != NULL ? find_style(self, "list-style", (const char *)name) : NULL;
    free(name);
    if (style == NULL)
        return self->lists > 0 && self->numbered;
    const xmlNode *number = nl_tree_child(style, "list-level-style-number");
    return number != NULL && !says(number, "num-format", "");
}

/* ---- within a paragraph ---- */

static void read_picture(const struct reading *self, xmlNode *frame) {
    const xmlNode *image = nl_tree_child(frame, "image");
    xmlChar *target = nl_tree_attribute(image, "href");
    xmlNode *words = nl_tree_child(frame, "desc");
    xmlChar *alt = NULL;
    struct nl_buf picture = {0};
    if (words == NULL)
        words = nl_tree_child(frame, "title");
    if (words != NULL)
        alt = xmlNodeGetContent(words);
    const struct nl_buf *part =
        target != NULL ? nl_parts_find(self->parts, (const char *)target) : NULL;
    if (part != NULL)
        nl_buf_add(&picture, nl_buf_text(part), part->len);
    if (image != NULL)
        nl_scribe_picture(self->writer, &picture, alt != NULL ? (const char *)alt : "");
    else
        self->writer->document->dropped[NL_DROPPED_OBJECT]++;
    free(target);
    free(alt);
}

static void refer_to_note(const struct reading *self, const xmlNode *note) {
    xmlChar *id = nl_tree_attribute(note, "id");
    struct nl_buf text = {0};
    nl_buf_addf(&text, "[^%.40s]", id != NULL ? (const char *)id : "note");
    nl_scribe_raw(self->writer, nl_buf_text(&text));
    nl_buf_free(&text);
    free(id);
}

static void read_inline(struct reading *self, xmlNode *node, struct within within);

static void read_element(struct reading *self, xmlNode *node, struct within within) {
    const char *name = (const char *)node->name;
    size_t *dropped = self->writer->document->dropped;
    bool hidden = false;
    if (strcmp(name, "s") == 0 || strcmp(name, "tab") == 0)
        nl_scribe_text(self->writer, " ", 1, within.look, within.link);
    else if (strcmp(name, "line-break") == 0)
        nl_scribe_break(self->writer);
    else if (strcmp(name, "frame") == 0) {
        read_picture(self, node);
    } else if (strcmp(name, "note") == 0)
        refer_to_note(self, node);
    else if (strcmp(name, "annotation") == 0)
        dropped[NL_DROPPED_COMMENT]++;
    else if (strcmp(name, "annotation-end") == 0)
        return;
    else if (strcmp(name, "a") == 0) {
        xmlChar *address = nl_tree_attribute(node, "href");
        within.link = address != NULL ? nl_scribe_link(self->writer, (const char *)address) : 0;
        free(address);
        read_inline(self, node, within);
    } else {
        if (strcmp(name, "span") == 0)
            within.look = look_of(self, node, within.look, &hidden);
        if (hidden)
            dropped[NL_DROPPED_HIDDEN]++;
        else
            read_inline(self, node, within);
    }
}

static void read_inline(struct reading *self, xmlNode *node, struct within within) {
    if (self->depth >= DEPTH_MOST)
        return;
    self->depth++;
    for (xmlNode *child = node->children; child != NULL; child = child->next) {
        if (child->type == XML_TEXT_NODE)
            nl_scribe_text(
                self->writer, (const char *)child->content, strlen((const char *)child->content),
                within.heading ? within.look & ~(unsigned)NL_RUN_BOLD : within.look, within.link);
        else if (child->type == XML_ELEMENT_NODE)
            read_element(self, child, within);
    }
    self->depth--;
}

/* ---- blocks ---- */

static void read_paragraph(struct reading *self, xmlNode *node) {
    bool hidden = false;
    bool heading = nl_tree_is(node, "h");
    bool title = !heading && is_title(self, node);
    const struct within within = {look_of(self, node, 0, &hidden), 0, heading || title};
    if (hidden) {
        self->writer->document->dropped[NL_DROPPED_HIDDEN]++;
        return;
    }
    nl_scribe_end(self->writer);
    if (heading || title)
        nl_scribe_heading(self->writer, heading ? nl_tree_number(node, "outline-level", 1) : 1);
    read_inline(self, node, within);
    nl_scribe_end(self->writer);
}

static void read_list(struct reading *self, const xmlNode *list) {
    bool before = self->numbered;
    self->numbered = is_numbered(self, list);
    nl_scribe_list_begin(self->writer, self->numbered);
    self->lists++;
    for (const xmlNode *item = list->children; item != NULL; item = item->next) {
        const xmlNode *first = nl_tree_is(item, "list-item") ? item->children : NULL;
        if (!nl_tree_is(item, "list-item") && !nl_tree_is(item, "list-header"))
            continue;
        while (first != NULL && first->type != XML_ELEMENT_NODE)
            first = first->next;
        if (first != NULL && !nl_tree_is(first, "list"))
            nl_scribe_item(self->writer, self->writer->depth, self->numbered);
        read_blocks(self, item);
    }
    self->lists--;
    nl_scribe_list_end(self->writer);
    if (self->lists == 0)
        nl_scribe_lists_end(self->writer);
    self->numbered = before;
}

static void read_row(struct reading *self, const xmlNode *row) {
    for (const xmlNode *cell = row->children; cell != NULL; cell = cell->next) {
        bool covered = nl_tree_is(cell, "covered-table-cell");
        if (!covered && !nl_tree_is(cell, "table-cell"))
            continue;
        int repeated = nl_tree_number(cell, "number-columns-repeated", 1);
        for (int i = 0; i < repeated && i < 64; i++) {
            read_blocks(self, cell);
            nl_scribe_cell_end(self->writer);
        }
        self->writer->document->dropped[NL_DROPPED_CELL] += covered;
    }
    nl_scribe_row_end(self->writer);
}

static void read_rows(struct reading *self, const xmlNode *node) {
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        if (nl_tree_is(child, "table-row"))
            read_row(self, child);
        else if (nl_tree_is(child, "table-header-rows") || nl_tree_is(child, "table-rows"))
            read_rows(self, child);
    }
}

static void read_block(struct reading *self, xmlNode *node) {
    if (nl_tree_is(node, "p") || nl_tree_is(node, "h"))
        read_paragraph(self, node);
    else if (nl_tree_is(node, "list") && !self->writer->in_table)
        read_list(self, node);
    else if (nl_tree_is(node, "table") && !self->writer->in_table && self->lists == 0) {
        nl_scribe_table_begin(self->writer);
        read_rows(self, node);
        nl_scribe_table_end(self->writer);
    } else if (nl_tree_is(node, "tracked-changes")) {
        for (const xmlNode *change = node->children; change != NULL; change = change->next)
            self->writer->document->dropped[NL_DROPPED_DELETED] +=
                nl_tree_child(change, "deletion") != NULL;
    } else if (nl_tree_is(node, "forms")) {
        self->writer->document->dropped[NL_DROPPED_FORM] += node->children != NULL;
    } else if (nl_tree_is(node, "frame")) {
        read_picture(self, node);
        nl_scribe_end(self->writer);
    } else if (node->type == XML_ELEMENT_NODE && !nl_tree_is(node, "sequence-decls"))
        read_blocks(self, node);
}

static void read_blocks(struct reading *self, const xmlNode *node) {
    if (self->depth >= DEPTH_MOST)
        return;
    self->depth++;
    for (xmlNode *child = node->children; child != NULL; child = child->next)
        read_block(self, child);
    self->depth--;
}

/* Notes stand where they are referred to; in Markdown they follow the text. */
static void read_notes(struct reading *self, xmlNode *root) {
    for (xmlNode *at = root; at != NULL;) {
        if (nl_tree_is(at, "note")) {
            xmlChar *id = nl_tree_attribute(at, "id");
            struct nl_buf name = {0};
            nl_buf_addf(&name, "%.40s", id != NULL ? (const char *)id : "note");
            nl_scribe_note_begin(self->writer, nl_buf_text(&name));
            if (nl_tree_child(at, "note-body") != NULL)
                read_blocks(self, nl_tree_child(at, "note-body"));
            nl_scribe_note_end(self->writer);
            nl_buf_free(&name);
            free(id);
        } else if (at->children != NULL && at->type == XML_ELEMENT_NODE) {
            at = at->children;
            continue;
        }
        while (at != root && at->next == NULL)
            at = at->parent;
        at = at != root ? at->next : NULL;
    }
}

enum nl_status nl_document_odt(struct nl_parts *parts, struct nl_scribe *writer,
                               struct nl_error *err) {
    struct reading self = {.writer = writer, .parts = parts};
    const struct nl_buf *manifest = nl_parts_find(parts, "META-INF/manifest.xml");
    const struct nl_buf *style_part = nl_parts_find(parts, "styles.xml");
    if (manifest != NULL &&
        memmem(nl_buf_text(manifest), manifest->len, "encryption-data", 15) != NULL)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("the document has a password: save it without one"));
    xmlDoc *content = nl_tree_parse(nl_parts_find(parts, "content.xml"), err);
    if (content == NULL)
        return NL_DATA;
    xmlDoc *styles =
        style_part != NULL && style_part->len > 0 ? nl_tree_parse(style_part, err) : NULL;
    bool failed = style_part != NULL && style_part->len > 0 && styles == NULL;
    xmlNode *root = xmlDocGetRootElement(content);
    xmlNode *body = nl_tree_child(nl_tree_child(root, "body"), "text");
    self.styles[0] = nl_tree_child(root, "automatic-styles");
    self.styles[1] = styles != NULL ? nl_tree_child(xmlDocGetRootElement(styles), "styles") : NULL;
    if (!failed && body != NULL) {
        read_blocks(&self, body);
        read_notes(&self, body);
    }
    xmlFreeDoc(content);
    xmlFreeDoc(styles);
    if (failed)
        return NL_DATA;
    return body != NULL ? NL_OK
                        : nl_error_set(err, NL_DATA, NL_TEXT("there is no text in the document"));
}
