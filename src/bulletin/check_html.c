#include "bulletin/check_access.h"
#include "bulletin/raw_html.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/colour.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH = 64 };

static const double readable = 4.5; /* WCAG 2.2, 1.4.3 */

/* The colours that an author leaves to us: on white, and where the reader's screen is dark. */
static const struct scheme {
    const char *name;
    unsigned text, ground;
} schemes[] = {{NL_TEXT_IN("error", "a light"), 0x222222, 0xffffff},
               {NL_TEXT_IN("error", "a dark"), 0xe6e9ec, 0x1f262d}};

/* An element that is open. */
struct element {
    char name[NL_HTML_NAME];
    bool has_text, has_ground;
    unsigned text, ground;
};

struct reading {
    const struct nl_access *access;
    struct element open[DEPTH];
    size_t depth;
    size_t table_line; /* of the table that is open and has no heads yet; 0: none */
};

static bool is_void(const char *name) {
    static const char *const names[] = {"br",   "img", "hr",  "input", "meta",
                                        "link", "wbr", "col", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* A colour of an element: from its style, or from the attribute of older HTML. */
static bool read_colour(const struct nl_html_tag *tag, const char *style, const char *property,
                        const char *attribute, unsigned *out) {
    struct nl_buf value = {0};
    bool found =
        nl_css_property(style, property, &value) && nl_css_colour(nl_buf_text(&value), out);
    nl_buf_clear(&value);
    if (!found && attribute != NULL && nl_html_attribute(tag, attribute, &value))
        found = nl_css_colour(nl_buf_text(&value), out);
    nl_buf_free(&value);
    return found;
}

/* Warns of text that cannot be read on its ground, in either scheme. */
static void check_contrast(const struct reading *self, const struct element *element, size_t line) {
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        unsigned text = element->has_text ? element->text : schemes[i].text;
        unsigned ground = element->has_ground ? element->ground : schemes[i].ground;
        double contrast = nl_colour_contrast(text, ground);
        char found[16];
        char needed[16];
        if (contrast >= readable)
            continue;
        snprintf(found, sizeof found, "%.1f", contrast);
        snprintf(needed, sizeof needed, "%.1f", readable);
        nl_access_find(
            self->access, line, "contrast",
            NL_TEXT("<%s> shows #%06x on #%06x on %s screen, a contrast of %s where reading "
                    "needs %s%s"),
            element->name, text, ground, schemes[i].name, found, needed,
            element->has_text && element->has_ground
                ? ""
                : NL_TEXT_IN("error", ": set both 'color' and 'background', or neither"));
        return;
    }
}

static void open_element(struct reading *self, const struct nl_html_tag *tag, size_t line) {
    struct element element = {0};
    struct nl_buf style = {0};
    if (is_void(tag->name) || self->depth == DEPTH)
        return;
    if (self->depth > 0)
        element = self->open[self->depth - 1];
    memcpy(element.name, tag->name, sizeof element.name);
    nl_html_attribute(tag, "style", &style);
    const char *text = nl_buf_text(&style);
    bool coloured = read_colour(tag, text, "color", strcmp(tag->name, "font") == 0 ? "color" : NULL,
                                &element.text);
    bool grounded = read_colour(tag, text, "background-color", "bgcolor", &element.ground) ||
                    read_colour(tag, text, "background", NULL, &element.ground);
    element.has_text = element.has_text || coloured;
    element.has_ground = element.has_ground || grounded;
    if (coloured || grounded)
        check_contrast(self, &element, line);
    self->open[self->depth++] = element;
    nl_buf_free(&style);
}

static void close_element(struct reading *self, const struct nl_html_tag *tag) {
    for (size_t depth = self->depth; depth > 0; depth--)
        if (strcmp(self->open[depth - 1].name, tag->name) == 0) {
            self->depth = depth - 1;
            return;
        }
}

static void check_tag(struct reading *self, const struct nl_html_tag *tag, size_t line) {
    struct nl_buf value = {0};
    bool layout = false;
    if (strcmp(tag->name, "img") == 0 && !nl_html_attribute(tag, "alt", &value))
        nl_access_find(
            self->access, line, "image-alt",
            NL_TEXT("an <img> has no alternative text: write alt=\"what it shows\", or alt=\"\" "
                    "for an ornament"));
    nl_buf_clear(&value);
    if (strcmp(tag->name, "table") == 0 && !tag->closes) {
        layout = nl_html_attribute(tag, "role", &value) &&
                 strcmp(nl_buf_text(&value), "presentation") == 0;
        self->table_line = layout ? 0 : line;
    }
    if (strcmp(tag->name, "th") == 0)
        self->table_line = 0;
    if (strcmp(tag->name, "table") == 0 && tag->closes) {
        if (self->table_line > 0)
            nl_access_find(self->access, self->table_line, "table-head",
                           NL_TEXT("a <table> has no <th>: name its columns or rows, or write "
                                   "role=\"presentation\" if it only places things"));
        self->table_line = 0;
    }
    if (tag->closes)
        close_element(self, tag);
    else
        open_element(self, tag, line);
    nl_buf_free(&value);
}

static void check_text(struct reading *self, const char *text, size_t line) {
    struct nl_html_tag tag;
    const char *at = text;
    while (nl_html_next(at, &tag)) {
        for (; at < tag.start; at++)
            line += *at == '\n';
        check_tag(self, &tag, line);
        for (; at < tag.end; at++)
            line += *at == '\n';
    }
}

static void check_node(struct reading *self, const struct nl_md_node *node) {
    bool raw = node->type == NL_MD_HTML ||
               (node->type == NL_MD_TEXT && node->parent->type == NL_MD_HTML_BLOCK);
    if (raw && node->text != NULL)
        check_text(self, node->text, node->line);
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next)
        check_node(self, child);
}

void nl_check_raw_html(const struct nl_access *access, const struct nl_md_node *document) {
    struct reading self = {.access = access};
    check_node(&self, document);
}
