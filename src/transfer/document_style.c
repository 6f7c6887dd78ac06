#include "transfer/document_style.h"

#include "transfer/document_tree.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The value of a property in a style attribute, which has been made small letters without blanks;
 * NULL without it. It ends with ";" or the text. */
static const char *property(const char *css, const char *name) {
    size_t len = strlen(name);
    for (const char *at = css; (at = strstr(at, name)) != NULL; at += len)
        if ((at == css || at[-1] == ';') && at[len] == ':')
            return at + len + 1;
    return NULL;
}

static bool begins(const char *value, const char *word) {
    return value != NULL && strncmp(value, word, strlen(word)) == 0;
}

static void flatten(const xmlChar *css, struct nl_buf *out) {
    for (const xmlChar *p = css; p != NULL && *p != '\0' && out->len < 4000; p++)
        if (!isspace(*p))
            nl_buf_addc(out, (char)tolower(*p));
}

static void set(unsigned *look, unsigned flag, bool on) {
    *look = on ? *look | flag : *look & ~flag;
}

/* The style overrides the element: Google Docs puts everything into a <b> that is not bold. */
static void read_look(const char *name, const char *css, struct nl_style *style) {
    const char *weight = property(css, "font-weight");
    const char *slope = property(css, "font-style");
    if (strcmp(name, "b") == 0 || strcmp(name, "strong") == 0)
        set(&style->look, NL_RUN_BOLD, true);
    if (strcmp(name, "i") == 0 || strcmp(name, "em") == 0 || strcmp(name, "cite") == 0)
        set(&style->look, NL_RUN_ITALIC, true);
    if (strcmp(name, "s") == 0 || strcmp(name, "strike") == 0)
        set(&style->look, NL_RUN_STRIKE, true);
    if (weight != NULL)
        set(&style->look, NL_RUN_BOLD, begins(weight, "bold") || strtol(weight, NULL, 10) >= 600);
    if (slope != NULL)
        set(&style->look, NL_RUN_ITALIC, begins(slope, "italic") || begins(slope, "oblique"));
    if (begins(property(css, "text-decoration"), "line-through"))
        set(&style->look, NL_RUN_STRIKE, true);
    const char *height = property(css, "vertical-align");
    if (strcmp(name, "sup") == 0 || begins(height, "super"))
        style->raised = 1;
    else if (strcmp(name, "sub") == 0 || (begins(height, "sub") && !begins(height, "subgrid")))
        style->raised = -1;
}

/* Finds the sign before an item of Word, in a span of its own. */
static const xmlNode *find_sign(const xmlNode *node, int depth) {
    for (const xmlNode *child = node->children; child != NULL && depth > 0; child = child->next) {
        struct nl_buf css = {0};
        xmlChar *value = nl_tree_attribute(child, "style");
        flatten(value, &css);
        free(value);
        bool ignored = begins(property(nl_buf_text(&css), "mso-list"), "ignore");
        nl_buf_free(&css);
        const xmlNode *found = ignored ? child : find_sign(child, depth - 1);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* Whether a sign counts: "1.", "b)", "iv."; the others are points, lines and letters of fonts with
 * signs ("o" is a circle there). */
static bool is_number(const xmlNode *sign) {
    xmlChar *text = sign != NULL ? xmlNodeGetContent(sign) : NULL;
    bool found = false;
    if (text != NULL) {
        const char *at = (const char *)text + strspn((const char *)text, " \t\n(");
        size_t len = 0;
        while (isalnum((unsigned char)at[len]) && len < 8)
            len++;
        found = len > 0 && (at[len] == '.' || at[len] == ')');
    }
    free(text);
    return found;
}

static void read_word(const xmlNode *node, const char *classes, const char *css,
                      struct nl_style *style) {
    const char *list = property(css, "mso-list");
    const char *level = list != NULL ? strstr(list, "level") : NULL;
    if (level != NULL && !begins(list, "ignore")) {
        long depth = strtol(level + 5, NULL, 10);
        style->list_level = depth < 1 ? 1 : depth > NL_NESTED_MOST ? NL_NESTED_MOST : (int)depth;
        style->numbered = is_number(find_sign(node, 6));
    }
    if (nl_tree_is(node, "p") && strstr(classes, "MsoTitle") != NULL)
        style->heading = 1;
    style->quoted = nl_tree_is(node, "p") && (strstr(classes, "MsoQuote") != NULL ||
                                              strstr(classes, "MsoIntenseQuote") != NULL);
    const char *part = property(css, "mso-element");
    style->notes = style->notes || begins(part, "footnote-list") || begins(part, "endnote-list") ||
                   begins(part, "comment-list");
}

/* Word on the web has headings that are paragraphs (WAI-ARIA 1.2, "heading"). */
static void read_role(const xmlNode *node, struct nl_style *style) {
    xmlChar *role = nl_tree_attribute(node, "role");
    if (nl_tree_is(node, "p") && role != NULL && strcmp((const char *)role, "heading") == 0)
        style->heading = nl_tree_number(node, "aria-level", 2);
    free(role);
}

enum nl_visibility nl_style_read(const xmlNode *node, struct nl_style *style) {
    struct nl_buf css = {0};
    xmlChar *value = nl_tree_attribute(node, "style");
    xmlChar *classes = nl_tree_attribute(node, "class");
    enum nl_visibility seen = NL_SHOWN;
    flatten(value, &css);
    const char *text = nl_buf_text(&css);
    const char *class_text = classes != NULL ? (const char *)classes : "";
    style->raised = 0;
    bool of_comment = strstr(class_text, "MsoCommentReference") != NULL ||
                      strstr(class_text, "msocomanchor") != NULL;
    const char *part = property(text, "mso-element");
    if (begins(property(text, "mso-list"), "ignore") || of_comment)
        seen = NL_SIGN;
    else if (begins(part, "comment") && !begins(part, "comment-list"))
        seen = NL_REMARK;
    else if (begins(property(text, "display"), "none") ||
             begins(property(text, "visibility"), "hidden") ||
             begins(property(text, "mso-hide"), "all"))
        seen = NL_HIDDEN;
    read_look((const char *)node->name, text, style);
    read_word(node, class_text, text, style);
    read_role(node, style);
    nl_buf_free(&css);
    free(value);
    free(classes);
    return seen;
}

bool nl_style_has_text(const xmlNode *node) {
    xmlChar *text = xmlNodeGetContent(node);
    bool found = false;
    for (const xmlChar *p = text; p != NULL && *p != '\0' && !found; p++)
        found = !isspace(*p) && *p != 0xc2 && *p != 0xa0;
    free(text);
    return found || nl_tree_find((xmlNode *)node, "img") != NULL;
}
