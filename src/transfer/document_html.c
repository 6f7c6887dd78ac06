#include "newsletter/base/catalog.h"
#include "transfer/document_mark.h"
#include "transfer/document_reading.h"
#include "transfer/document_style.h"
#include "transfer/document_tree.h"

#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistr.h>

/* Deeper than browsers go; libxml2 stops at 256. */
enum { DEPTH_MOST = 250, LIST_MOST = 10000 };

static void read_children(struct nl_reading *self, const xmlNode *node, struct nl_style style);

/* ---- kinds of elements ---- */

static bool is_one_of(const char *name, const char *const *names) {
    for (; *names != NULL; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static const char *const active[] = {"script", "iframe", "frame", "frameset", "noscript", NULL};
static const char *const fields[] = {"input", "button", "select", "textarea", "datalist", NULL};
static const char *const objects[] = {"svg",    "object", "embed", "applet", "video", "audio",
                                      "canvas", "math",   "shape", "map",    NULL};
static const char *const silent[] = {"head",     "style",    "title", "meta", "link", "base",
                                     "template", "colgroup", "col",   "xml",  NULL};
static const char *const blocks[] = {
    "p",          "div",     "section",  "article", "header",  "footer", "main",
    "aside",      "nav",     "dl",       "dt",      "dd",      "figure", "address",
    "figcaption", "form",    "fieldset", "details", "summary", "center", "body",
    "html",       "caption", "tbody",    "thead",   "tfoot",   NULL};

/* Counts what has no place in an issue, and says whether an element is of that kind. */
static bool is_dropped(const struct nl_reading *self, const xmlNode *node) {
    const char *name = (const char *)node->name;
    size_t *dropped = self->writer->document->dropped;
    if (is_one_of(name, silent))
        return true;
    if (is_one_of(name, active))
        dropped[NL_DROPPED_ACTIVE]++;
    else if (is_one_of(name, fields))
        dropped[NL_DROPPED_FORM]++;
    else if (is_one_of(name, objects))
        dropped[NL_DROPPED_OBJECT]++;
    else if (strcmp(name, "del") == 0)
        dropped[NL_DROPPED_DELETED] += nl_style_has_text(node);
    else
        return false;
    return true;
}

/* ---- pictures ---- */

/* RFC 4648, section 4; white space does not count. False for another sign. */
static bool decode(const char *text, struct nl_buf *out) {
    static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    int count = 0;
    for (; *text != '\0' && *text != '='; text++) {
        const char *sign = strchr(signs, *text);
        if (strchr(" \t\r\n", *text) != NULL)
            continue;
        if (sign == NULL)
            return false;
        bits = bits << 6 | (unsigned)(sign - signs);
        count += 6;
        if (count >= 8) {
            count -= 8;
            nl_buf_addc(out, (char)(bits >> count & 0xff));
        }
    }
    return true;
}

/* Only a picture that is in the document itself: nothing is fetched. */
static void read_picture(const struct nl_reading *self, const xmlNode *node) {
    xmlChar *source = nl_tree_attribute(node, "src");
    xmlChar *alt = nl_tree_attribute(node, "alt");
    xmlChar *width = nl_tree_attribute(node, "width");
    const char *text = source != NULL ? (const char *)source : "";
    const char *comma = strchr(text, ',');
    struct nl_buf data = {0};
    bool counter = width != NULL && strcmp((const char *)width, "1") == 0;
    bool inside = strncasecmp(text, "data:image/", 11) == 0 && comma != NULL && comma - text < 60 &&
                  memmem(text, (size_t)(comma - text), ";base64", 7) != NULL;
    if (inside && !decode(comma + 1, &data))
        nl_buf_clear(&data);
    if (counter && data.len == 0)
        self->writer->document->dropped[NL_DROPPED_ACTIVE]++; /* it counts readers */
    else
        nl_scribe_picture(self->writer, &data, alt != NULL ? (const char *)alt : "");
    free(source);
    free(alt);
    free(width);
}

/* ---- paragraphs and lists ---- */

/* Word on the web has each item in a list of its own, with a level. */
static bool has_levels(const xmlNode *list) {
    const xmlNode *item = nl_tree_child(list, "li");
    return item != NULL && nl_tree_number(item, "data-aria-level", 0) > 0;
}

static bool goes_on(const xmlNode *node) {
    const xmlNode *list = xmlFirstElementChild((xmlNode *)node);
    return list != NULL && (nl_tree_is(list, "ul") || nl_tree_is(list, "ol")) && has_levels(list);
}

static void read_block(struct nl_reading *self, const xmlNode *node, struct nl_style style) {
    struct nl_style inner = style;
    nl_scribe_end(self->writer);
    inner.list_level = 0;
    if (style.list_level > 0)
        nl_scribe_item(self->writer, (size_t)style.list_level, style.numbered);
    else if (self->lists == 0 && self->writer->depth > 0 && !self->writer->in_table &&
             !goes_on(node) && nl_style_has_text(node))
        nl_scribe_lists_end(self->writer);
    if (style.quoted)
        nl_scribe_quote(self->writer, 1);
    if (style.heading > 0)
        nl_scribe_heading(self->writer, style.heading);
    inner.plain_heading = style.plain_heading || style.heading > 0;
    inner.heading = 0;
    read_children(self, node, inner);
    nl_scribe_end(self->writer);
    if (style.quoted)
        nl_scribe_quote(self->writer, -1);
}

static void read_heading(struct nl_reading *self, const xmlNode *node, struct nl_style style) {
    if (self->lists == 0)
        nl_scribe_lists_end(self->writer);
    nl_scribe_heading(self->writer, node->name[1] - '0');
    style.look &= ~(unsigned)NL_RUN_BOLD; /* it is bold already */
    style.plain_heading = true;
    read_children(self, node, style);
    nl_scribe_end(self->writer);
}

static void read_levels(struct nl_reading *self, const xmlNode *node, struct nl_style style) {
    self->lists++;
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        int level = nl_tree_number(child, "data-aria-level", 1);
        if (!nl_tree_is(child, "li"))
            continue;
        nl_scribe_item(self->writer, (size_t)(level < 1 ? 1 : level), nl_tree_is(node, "ol"));
        read_children(self, child, style);
        nl_scribe_end(self->writer);
    }
    self->lists--;
}

static void read_list(struct nl_reading *self, const xmlNode *node, struct nl_style style) {
    bool numbered = nl_tree_is(node, "ol");
    int start = numbered ? nl_tree_number(node, "start", 1) : 1;
    nl_scribe_list_begin(self->writer, numbered);
    if (start > 1 && start < LIST_MOST && self->writer->depth > 0)
        self->writer->lists[self->writer->depth - 1].number = start - 1;
    self->lists++;
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        if (nl_tree_is(child, "li"))
            nl_scribe_item(self->writer, self->writer->depth, numbered);
        if (nl_tree_is(child, "li")) {
            read_children(self, child, style);
            nl_scribe_end(self->writer);
        } else if (nl_tree_is(child, "ul") || nl_tree_is(child, "ol")) {
            read_list(self, child, style); /* Google Docs has lists in lists, not in items */
        }
    }
    self->lists--;
    nl_scribe_list_end(self->writer);
    if (self->lists == 0)
        nl_scribe_lists_end(self->writer);
}

/* ---- all of them ---- */

/* A mark of a note, "[^2]". The link from a note back to its mark is left out. */
static bool read_note_link(const struct nl_reading *self, const char *address) {
    struct nl_note_mark mark = {0};
    char text[40];
    if (!nl_note_link(address, &mark))
        return false;
    snprintf(text, sizeof text, "[^%s%d]", mark.kind, mark.number);
    if (!mark.back)
        nl_scribe_raw(self->writer, text);
    return true;
}

static bool read_note(struct nl_reading *self, const xmlNode *node, struct nl_style style) {
    xmlChar *id = nl_tree_is(node, "div") ? nl_tree_attribute(node, "id") : NULL;
    struct nl_note_mark mark = {0};
    char name[40];
    bool found = id != NULL && nl_note_id((const char *)id, &mark);
    free(id);
    if (!found)
        return false;
    snprintf(name, sizeof name, "%s%d", mark.kind, mark.number);
    nl_scribe_note_begin(self->writer, name);
    read_children(self, node, style);
    nl_scribe_note_end(self->writer);
    return true;
}

static void read_link(struct nl_reading *self, const xmlNode *node, struct nl_style style) {
    xmlChar *address = nl_tree_attribute(node, "href");
    if (address != NULL && read_note_link(self, (const char *)address)) {
        free(address);
        return;
    }
    if (address != NULL)
        style.link = nl_scribe_link(self->writer, (const char *)address);
    free(address);
    read_children(self, node, style);
}

/* Markdown has no small digits, and letters for them do as well: m². */
static void read_raised(struct nl_reading *self, const xmlNode *node, struct nl_style style) {
    xmlChar *text = xmlNodeGetContent(node);
    struct nl_buf small = {0};
    if (text != NULL && nl_tree_find((xmlNode *)node, "a") == NULL &&
        nl_small_digits((const char *)text, style.raised > 0, &small))
        nl_scribe_text(self->writer, nl_buf_text(&small), small.len, style.look, style.link);
    else
        read_children(self, node, style);
    nl_buf_free(&small);
    free(text);
}

static void read_code(const struct nl_reading *self, const xmlNode *node) {
    xmlChar *text = xmlNodeGetContent(node);
    if (text != NULL)
        nl_scribe_code(self->writer, (const char *)text);
    free(text);
}

static void read_marked(struct nl_reading *self, const xmlNode *node, struct nl_style style) {
    const char *name = (const char *)node->name;
    if (strcmp(name, "br") == 0)
        nl_scribe_break(self->writer);
    else if (strcmp(name, "img") == 0)
        read_picture(self, node);
    else if (strcmp(name, "hr") == 0 && !style.notes)
        nl_scribe_rule(self->writer);
    else if (strcmp(name, "a") == 0)
        read_link(self, node, style);
    else if (strcmp(name, "pre") == 0)
        read_code(self, node);
    else if (style.raised != 0)
        read_raised(self, node, style);
    else if (strcmp(name, "ul") == 0 || strcmp(name, "ol") == 0)
        (has_levels(node) ? read_levels : read_list)(self, node, style);
    else if (strcmp(name, "table") == 0)
        nl_read_table(self, node, style);
    else if (strcmp(name, "blockquote") == 0) {
        nl_scribe_quote(self->writer, 1);
        read_children(self, node, style);
        nl_scribe_quote(self->writer, -1);
    } else if (name[0] == 'h' && name[1] >= '1' && name[1] <= '6' && name[2] == '\0')
        read_heading(self, node, style);
    else if (is_one_of(name, blocks) || strcmp(name, "tr") == 0 || strcmp(name, "td") == 0 ||
             strcmp(name, "th") == 0 || strcmp(name, "li") == 0)
        read_block(self, node, style);
    else
        read_children(self, node, style);
}

static void read_element(struct nl_reading *self, const xmlNode *node, struct nl_style style) {
    size_t *dropped = self->writer->document->dropped;
    if (is_dropped(self, node))
        return;
    switch (nl_style_read(node, &style)) {
    case NL_SHOWN:
        if (!read_note(self, node, style))
            read_marked(self, node, style);
        break;
    case NL_HIDDEN:
        dropped[NL_DROPPED_HIDDEN] += nl_style_has_text(node);
        break;
    case NL_REMARK:
        dropped[NL_DROPPED_COMMENT]++;
        break;
    case NL_SIGN: /* of a list: Markdown has its own */
        break;
    }
}

static void read_children(struct nl_reading *self, const xmlNode *node, struct nl_style style) {
    if (self->depth >= DEPTH_MOST) {
        self->too_deep = true;
        return;
    }
    self->depth++;
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
            nl_scribe_text(
                self->writer, (const char *)child->content, strlen((const char *)child->content),
                style.plain_heading ? style.look & ~(unsigned)NL_RUN_BOLD : style.look, style.link);
        else if (child->type == XML_ELEMENT_NODE)
            read_element(self, child, style);
    }
    self->depth--;
}

/* A text that is UTF-8 is taken for that, whatever it says of itself. */
enum nl_status nl_document_html(const char *data, size_t len, struct nl_scribe *writer,
                                struct nl_error *err) {
    struct nl_reading self = {.writer = writer, .children = read_children, .block = read_block};
    struct nl_buf plain = {0};
    bool utf8 = u8_check((const uint8_t *)data, len) == NULL;
    if (memchr(data, '\0', len) != NULL)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("it is not a text file, Word document (.docx) or LibreOffice document (.odt)"));
    nl_html_without_remarks(data, len, &plain);
    htmlDocPtr document =
        htmlReadMemory(nl_buf_text(&plain), (int)plain.len, NULL, utf8 ? "UTF-8" : NULL,
                       HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                           HTML_PARSE_NONET | HTML_PARSE_NODEFDTD);
    xmlNode *root = document != NULL ? xmlDocGetRootElement(document) : NULL;
    if (root != NULL)
        read_element(&self, root, (struct nl_style){0});
    xmlFreeDoc(document);
    nl_buf_free(&plain);
    if (self.too_deep)
        return nl_error_set(err, NL_DATA, "its elements are nested more than %d deep", DEPTH_MOST);
    return root != NULL ? NL_OK : nl_error_set(err, NL_DATA, NL_TEXT("there is no text in it"));
}
