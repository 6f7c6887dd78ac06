#include "newsletter/base/memory.h"
#include "transfer/docx_style.h"

#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MOST = 200, ADDRESS = 2000 };

struct reading {
    struct nl_scribe *writer;
    const struct nl_docx *docx;
    int depth, tables;
    struct nl_buf field; /* the instruction of a field, while it lasts */
    bool instruction;    /* it is being read; else its result is */
    size_t field_link;
};

/* The look that the runs of a part of a paragraph begin with. */
struct within {
    unsigned look;
    size_t link;
    bool heading;
};

static void read_blocks(struct reading *self, const xmlNode *node);
static void read_inline(struct reading *self, const xmlNode *node, struct within within);

/* ---- pictures, notes, fields ---- */

static void read_picture(const struct reading *self, xmlNode *drawing) {
    const xmlNode *blip = nl_tree_find(drawing, "blip");
    xmlChar *id = nl_tree_attribute(blip, "embed");
    xmlChar *alt = nl_tree_attribute(nl_tree_find(drawing, "docPr"), "descr");
    bool outside = false;
    struct nl_buf picture = {0};
    if (blip == NULL) {
        self->writer->document->dropped[NL_DROPPED_OBJECT]++;
    } else {
        xmlChar *target =
            id != NULL ? nl_docx_target(self->docx, (const char *)id, &outside) : NULL;
        struct nl_buf name = {0};
        nl_buf_addf(&name, "word/%s", target != NULL ? (const char *)target : "");
        const struct nl_buf *part = nl_parts_find(self->docx->parts, nl_buf_text(&name));
        if (part != NULL && !outside)
            nl_buf_add(&picture, nl_buf_text(part), part->len);
        nl_scribe_picture(self->writer, &picture, alt != NULL ? (const char *)alt : "");
        nl_buf_free(&name);
        free(target);
    }
    free(id);
    free(alt);
}

static void refer_to_note(const struct reading *self, const xmlNode *node, const char *kind) {
    char text[40];
    snprintf(text, sizeof text, "[^%s%d]", kind, nl_tree_number(node, "id", 0));
    nl_scribe_raw(self->writer, text);
}

/* A link may be a field, with its address in the instruction: HYPERLINK "https://..." */
static void end_instruction(struct reading *self) {
    const char *found = strstr(nl_buf_text(&self->field), "HYPERLINK");
    const char *begin = found != NULL ? strchr(found, '"') : NULL;
    const char *end = begin != NULL ? strchr(begin + 1, '"') : NULL;
    self->instruction = false;
    self->field_link = 0;
    if (end != NULL && end - begin < ADDRESS) {
        char *address = nl_strndup(begin + 1, (size_t)(end - begin - 1));
        self->field_link = nl_scribe_link(self->writer, address);
        free(address);
    }
    nl_buf_clear(&self->field);
}

static void read_field_sign(struct reading *self, const xmlNode *node) {
    xmlChar *kind = nl_tree_attribute(node, "fldCharType");
    const char *word = kind != NULL ? (const char *)kind : "";
    if (strcmp(word, "begin") == 0)
        self->instruction = true;
    else if (strcmp(word, "separate") == 0)
        end_instruction(self);
    else {
        self->instruction = false;
        self->field_link = 0;
        nl_buf_clear(&self->field);
    }
    free(kind);
}

/* ---- runs ---- */

static void add_text(struct reading *self, const xmlNode *node, struct within within) {
    xmlChar *text = xmlNodeGetContent(node);
    unsigned look = within.heading ? within.look & ~(unsigned)NL_RUN_BOLD : within.look;
    if (text != NULL)
        nl_scribe_text(self->writer, (const char *)text, strlen((const char *)text), look,
                       within.link != 0 ? within.link : self->field_link);
    free(text);
}

static void read_run_part(struct reading *self, xmlNode *part, struct within within) {
    const char *name = (const char *)part->name;
    if (strcmp(name, "fldChar") == 0)
        read_field_sign(self, part);
    else if (strcmp(name, "instrText") == 0 && self->field.len < ADDRESS) {
        xmlChar *text = xmlNodeGetContent(part);
        nl_buf_adds(&self->field, text != NULL ? (const char *)text : "");
        free(text);
    } else if (self->instruction)
        return;
    else if (strcmp(name, "t") == 0)
        add_text(self, part, within);
    else if (strcmp(name, "tab") == 0)
        nl_scribe_text(self->writer, " ", 1, within.look, within.link);
    else if (strcmp(name, "br") == 0 || strcmp(name, "cr") == 0)
        nl_scribe_break(self->writer);
    else if (strcmp(name, "noBreakHyphen") == 0)
        nl_scribe_text(self->writer, "-", 1, within.look, within.link);
    else if (strcmp(name, "drawing") == 0)
        read_picture(self, part);
    else if (strcmp(name, "pict") == 0 || strcmp(name, "object") == 0)
        self->writer->document->dropped[NL_DROPPED_OBJECT]++;
    else if (strcmp(name, "footnoteReference") == 0)
        refer_to_note(self, part, "");
    else if (strcmp(name, "endnoteReference") == 0)
        refer_to_note(self, part, "e");
    else if (strcmp(name, "commentReference") == 0)
        self->writer->document->dropped[NL_DROPPED_COMMENT]++;
    else if (strcmp(name, "AlternateContent") == 0) {
        const xmlNode *choice = nl_tree_child(part, "Choice");
        for (xmlNode *child = choice != NULL ? choice->children : NULL; child != NULL;
             child = child->next)
            if (child->type == XML_ELEMENT_NODE)
                read_run_part(self, child, within);
    }
}

static void read_run(struct reading *self, const xmlNode *run, struct within within) {
    bool hidden = false;
    const xmlNode *properties = nl_tree_child(run, "rPr");
    xmlChar *style = nl_tree_attribute(nl_tree_child(properties, "rStyle"), "val");
    if (style != NULL)
        within.look |= nl_docx_style(self->docx, (const char *)style).look;
    free(style);
    within.look = nl_docx_look(properties, within.look, &hidden);
    if (hidden) {
        self->writer->document->dropped[NL_DROPPED_HIDDEN]++;
        return;
    }
    for (xmlNode *part = run->children; part != NULL; part = part->next)
        if (part->type == XML_ELEMENT_NODE)
            read_run_part(self, part, within);
}

static void read_link(struct reading *self, const xmlNode *node, struct within within) {
    bool outside = false;
    xmlChar *id = nl_tree_attribute(node, "id");
    xmlChar *target = id != NULL ? nl_docx_target(self->docx, (const char *)id, &outside) : NULL;
    if (target != NULL && outside)
        within.link = nl_scribe_link(self->writer, (const char *)target);
    free(id);
    free(target);
    read_inline(self, node, within);
}

static void read_inline(struct reading *self, const xmlNode *node, struct within within) {
    static const char *const inner[] = {"ins",    "smartTag",  "sdt", "sdtContent", "fldSimple",
                                        "moveTo", "customXml", "dir", "bdo"};
    if (self->depth >= DEPTH_MOST)
        return;
    self->depth++;
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        bool deeper = false;
        for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++)
            deeper = deeper || nl_tree_is(child, inner[i]);
        if (nl_tree_is(child, "r"))
            read_run(self, child, within);
        else if (nl_tree_is(child, "hyperlink"))
            read_link(self, child, within);
        else if (nl_tree_is(child, "del") || nl_tree_is(child, "moveFrom"))
            self->writer->document->dropped[NL_DROPPED_DELETED]++;
        else if (nl_tree_is(child, "oMath") || nl_tree_is(child, "oMathPara"))
            self->writer->document->dropped[NL_DROPPED_OBJECT]++;
        else if (deeper)
            read_inline(self, child, within);
    }
    self->depth--;
}

/* ---- blocks ---- */

static bool has_content(xmlNode *node) {
    xmlChar *text = xmlNodeGetContent(node);
    bool found = text != NULL && text[strspn((const char *)text, " \t\n")] != '\0';
    free(text);
    return found || nl_tree_find(node, "drawing") != NULL;
}

static void read_paragraph(struct reading *self, const xmlNode *node) {
    const xmlNode *properties = nl_tree_child(node, "pPr");
    const xmlNode *number = nl_tree_child(properties, "numPr");
    xmlChar *id = nl_tree_attribute(nl_tree_child(properties, "pStyle"), "val");
    struct nl_docx_style style = {0};
    if (id != NULL)
        style = nl_docx_style(self->docx, (const char *)id);
    free(id);
    if (number != NULL) {
        style.list = nl_tree_number(nl_tree_child(number, "numId"), "val", style.list);
        style.level = nl_tree_number(nl_tree_child(number, "ilvl"), "val", style.level);
    }
    nl_scribe_end(self->writer);
    const struct within within = {style.look, 0, style.heading > 0};
    if (style.heading > 0) {
        nl_scribe_lists_end(self->writer);
        nl_scribe_heading(self->writer, style.heading);
    } else if (style.list > 0 && style.level >= 0 && self->tables == 0)
        nl_scribe_item(self->writer, (size_t)style.level + 1,
                       nl_docx_is_numbered(self->docx, style.list, style.level));
    else if (!self->writer->in_table && has_content((xmlNode *)node))
        nl_scribe_lists_end(self->writer);
    read_inline(self, node, within);
    nl_scribe_end(self->writer);
}

static void read_row(struct reading *self, const xmlNode *row) {
    for (const xmlNode *cell = row->children; cell != NULL; cell = cell->next) {
        if (!nl_tree_is(cell, "tc"))
            continue;
        const xmlNode *properties = nl_tree_child(cell, "tcPr");
        int span = nl_tree_number(nl_tree_child(properties, "gridSpan"), "val", 1);
        read_blocks(self, cell);
        nl_scribe_cell_end(self->writer);
        if (span > 1 || nl_tree_child(properties, "vMerge") != NULL)
            self->writer->document->dropped[NL_DROPPED_CELL]++;
        for (; span > 1 && span <= 64; span--)
            nl_scribe_cell_end(self->writer);
    }
    nl_scribe_row_end(self->writer);
}

/* A table within another becomes text of its cell. */
static void read_table(struct reading *self, const xmlNode *table) {
    bool outer = !self->writer->in_table;
    self->tables++;
    if (outer)
        nl_scribe_table_begin(self->writer);
    for (const xmlNode *row = table->children; row != NULL; row = row->next) {
        if (nl_tree_is(row, "tr") && outer)
            read_row(self, row);
        else if (nl_tree_is(row, "tr"))
            for (const xmlNode *cell = row->children; cell != NULL; cell = cell->next)
                if (nl_tree_is(cell, "tc"))
                    read_blocks(self, cell);
    }
    if (outer)
        nl_scribe_table_end(self->writer);
    self->tables--;
}

static void read_blocks(struct reading *self, const xmlNode *node) {
    static const char *const inner[] = {"body", "sdt", "sdtContent", "ins", "customXml"};
    if (self->depth >= DEPTH_MOST)
        return;
    self->depth++;
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        if (nl_tree_is(child, "p"))
            read_paragraph(self, child);
        else if (nl_tree_is(child, "tbl"))
            read_table(self, child);
        for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++)
            if (nl_tree_is(child, inner[i]))
                read_blocks(self, child);
    }
    self->depth--;
}

/* ---- the document ---- */

static enum nl_status read_notes(struct reading *self, const char *part, const char *element,
                                 const char *kind, struct nl_error *err) {
    const struct nl_buf *data = nl_parts_find(self->docx->parts, part);
    xmlDoc *notes = NULL;
    if (data == NULL || data->len == 0)
        return NL_OK;
    if ((notes = nl_tree_parse(data, err)) == NULL)
        return NL_DATA;
    for (xmlNode *note = nl_tree_child(xmlDocGetRootElement(notes), element); note != NULL;
         note = note->next) {
        xmlChar *type = nl_tree_attribute(note, "type"); /* a line above the notes has one */
        char name[40];
        snprintf(name, sizeof name, "%s%d", kind, nl_tree_number(note, "id", 0));
        if (nl_tree_is(note, element) && type == NULL) {
            nl_scribe_note_begin(self->writer, name);
            read_blocks(self, note);
            nl_scribe_note_end(self->writer);
        }
        free(type);
    }
    xmlFreeDoc(notes);
    return NL_OK;
}

static enum nl_status parse_part(struct nl_parts *parts, const char *name, xmlDoc **out,
                                 struct nl_error *err) {
    const struct nl_buf *part = nl_parts_find(parts, name);
    if (part == NULL || part->len == 0)
        return NL_OK;
    *out = nl_tree_parse(part, err);
    return *out != NULL ? NL_OK : NL_DATA;
}

enum nl_status nl_document_docx(struct nl_parts *parts, struct nl_scribe *writer,
                                struct nl_error *err) {
    struct nl_docx docx = {.parts = parts};
    struct reading self = {.writer = writer, .docx = &docx};
    xmlDoc *body = NULL;
    enum nl_status status = parse_part(parts, "word/styles.xml", &docx.styles, err);
    if (status == NL_OK)
        status = parse_part(parts, "word/numbering.xml", &docx.numbering, err);
    if (status == NL_OK)
        status = parse_part(parts, "word/_rels/document.xml.rels", &docx.links, err);
    if (status == NL_OK)
        status = parse_part(parts, "word/document.xml", &body, err);
    if (status == NL_OK && body != NULL)
        read_blocks(&self, xmlDocGetRootElement(body));
    if (status == NL_OK)
        status = read_notes(&self, "word/footnotes.xml", "footnote", "", err);
    if (status == NL_OK)
        status = read_notes(&self, "word/endnotes.xml", "endnote", "e", err);
    xmlFreeDoc(body);
    xmlFreeDoc(docx.styles);
    xmlFreeDoc(docx.numbering);
    xmlFreeDoc(docx.links);
    nl_buf_free(&self.field);
    return status;
}
