#include "transfer/docx_style.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Texts of libxml2 are freed by free(), which its xmlFree is: that is a variable, and a program
 * that names it loads the library at each start. */

enum { BASED_MOST = 12 };

static xmlNode *root_of(xmlDoc *document) {
    return document != NULL ? xmlDocGetRootElement(document) : NULL;
}

/* The child of a name whose attribute has a value. */
static xmlNode *find_by(const xmlNode *parent, const char *name, const char *attribute,
                        const char *value) {
    for (xmlNode *child = nl_tree_child(parent, name); child != NULL; child = child->next) {
        xmlChar *is = nl_tree_is(child, name) ? nl_tree_attribute(child, attribute) : NULL;
        bool same = is != NULL && strcmp((const char *)is, value) == 0;
        free(is);
        if (same)
            return child;
    }
    return NULL;
}

/* Whether a property is on: <w:b/>, and not <w:b w:val="0"/>. */
static bool is_on(const xmlNode *property) {
    xmlChar *value = nl_tree_attribute(property, "val");
    bool on = property != NULL && (value == NULL || (strcmp((const char *)value, "0") != 0 &&
                                                     strcmp((const char *)value, "false") != 0 &&
                                                     strcmp((const char *)value, "none") != 0));
    free(value);
    return on;
}

unsigned nl_docx_look(const xmlNode *properties, unsigned look, bool *hidden) {
    static const struct {
        const char *name;
        unsigned flag;
    } looks[] = {{"b", NL_RUN_BOLD}, {"i", NL_RUN_ITALIC}, {"strike", NL_RUN_STRIKE}};
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        const xmlNode *property = nl_tree_child(properties, looks[i].name);
        if (property != NULL)
            look = is_on(property) ? look | looks[i].flag : look & ~looks[i].flag;
    }
    *hidden = is_on(nl_tree_child(properties, "vanish"));
    return look;
}

/* "heading 2" is the name of the style in all languages of Word; "Title" is above them. */
static int heading_of(const xmlNode *style) {
    xmlChar *name = nl_tree_attribute(nl_tree_child(style, "name"), "val");
    const char *text = name != NULL ? (const char *)name : "";
    int level = strncasecmp(text, "heading ", 8) == 0 ? (int)strtol(text + 8, NULL, 10)
                : strcasecmp(text, "title") == 0      ? 1
                                                      : 0;
    free(name);
    return level >= 1 && level <= 6 ? level : 0;
}

struct nl_docx_style nl_docx_style(const struct nl_docx *docx, const char *id) {
    struct nl_docx_style found = {0};
    const xmlNode *style = find_by(root_of(docx->styles), "style", "styleId", id);
    bool hidden = false;
    for (int i = 0; style != NULL && i < BASED_MOST; i++) {
        const xmlNode *paragraph = nl_tree_child(style, "pPr");
        const xmlNode *number = nl_tree_child(paragraph, "numPr");
        int outline = nl_tree_number(nl_tree_child(paragraph, "outlineLvl"), "val", -1);
        int heading = heading_of(style);
        if (found.heading == 0)
            found.heading = heading > 0 ? heading : outline >= 0 && outline < 6 ? outline + 1 : 0;
        if (found.list == 0 && number != NULL) {
            found.list = nl_tree_number(nl_tree_child(number, "numId"), "val", 0);
            found.level = nl_tree_number(nl_tree_child(number, "ilvl"), "val", 0);
        }
        if (i == 0)
            found.look = nl_docx_look(nl_tree_child(style, "rPr"), 0, &hidden);
        xmlChar *based = nl_tree_attribute(nl_tree_child(style, "basedOn"), "val");
        style = based != NULL
                    ? find_by(root_of(docx->styles), "style", "styleId", (const char *)based)
                    : NULL;
        free(based);
    }
    return found;
}

bool nl_docx_is_numbered(const struct nl_docx *docx, int list, int level) {
    char number[16];
    snprintf(number, sizeof number, "%d", list);
    const xmlNode *root = root_of(docx->numbering);
    const xmlNode *kind = find_by(root, "num", "numId", number);
    xmlChar *abstract = nl_tree_attribute(nl_tree_child(kind, "abstractNumId"), "val");
    const xmlNode *list_kind =
        abstract != NULL ? find_by(root, "abstractNum", "abstractNumId", (const char *)abstract)
                         : NULL;
    snprintf(number, sizeof number, "%d", level);
    const xmlNode *format = nl_tree_child(find_by(list_kind, "lvl", "ilvl", number), "numFmt");
    xmlChar *word = nl_tree_attribute(format, "val");
    bool numbered = word != NULL && strcmp((const char *)word, "bullet") != 0 &&
                    strcmp((const char *)word, "none") != 0;
    free(abstract);
    free(word);
    return numbered;
}

xmlChar *nl_docx_target(const struct nl_docx *docx, const char *id, bool *outside) {
    const xmlNode *link = find_by(root_of(docx->links), "Relationship", "Id", id);
    xmlChar *mode = nl_tree_attribute(link, "TargetMode");
    *outside = mode != NULL && strcmp((const char *)mode, "External") == 0;
    free(mode);
    return nl_tree_attribute(link, "Target");
}
