#include "bulletin/render.h"
#include "bulletin/table_fit.h"

#include "newsletter/base/language.h"
#include "newsletter/template/escape.h"

#include <stdio.h>
#include <string.h>

/* The width of the text in pixels: the layout's 600 without its paddings. */
enum { CONTENT_WIDTH = 536 };

struct writer {
    const struct nl_theme *theme;
    struct nl_buf *out;
    struct nl_table_fit fit; /* of the table that is being written */
};

/* `more` are attributes; `second` is a style after the first one. Both may be NULL. */
static void open_styled(struct writer *writer, const char *element, const char *first,
                        const char *second, const char *more) {
    const char *style = nl_theme_style(writer->theme, first);
    const char *after = second != NULL ? nl_theme_style(writer->theme, second) : "";
    nl_buf_addf(writer->out, "<%s", element);
    if (more != NULL)
        nl_buf_adds(writer->out, more);
    if (style[0] != '\0' || after[0] != '\0') {
        nl_buf_adds(writer->out, " style=\"");
        nl_html_escape(writer->out, style);
        nl_buf_adds(writer->out, style[0] != '\0' && after[0] != '\0' ? ";" : "");
        nl_html_escape(writer->out, after);
        nl_buf_addc(writer->out, '"');
    }
    nl_buf_addc(writer->out, '>');
}

static void open_tag(struct writer *writer, const char *element, const char *style,
                     const char *more) {
    open_styled(writer, element, style, NULL, more);
}

static void write_node(struct writer *writer, const struct nl_md_node *node);
static void write_link(struct writer *writer, const struct nl_md_node *node);

static void write_children(struct writer *writer, const struct nl_md_node *node) {
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next)
        write_node(writer, child);
}

static void write_element(struct writer *writer, const struct nl_md_node *node, const char *name,
                          const char *more, const char *end) {
    open_tag(writer, name, name, more);
    write_children(writer, node);
    nl_buf_addf(writer->out, "</%s>%s", name, end);
}

/* A link that has the title "button" and stands alone in its paragraph. */
static bool is_button(const struct nl_md_node *node) {
    return node != NULL && node->type == NL_MD_LINK && node->letter == 'b' && node->next == NULL &&
           node->parent->type == NL_MD_PARAGRAPH && node->parent->first == node;
}

/* Outlook knows paddings of cells only. Pages have a class for buttons. */
static void write_button(struct writer *writer, const struct nl_md_node *link) {
    bool mail = nl_theme_style(writer->theme, "button")[0] != '\0';
    if (mail) {
        open_tag(writer, "table", "button_space",
                 " role=\"presentation\" cellspacing=\"0\" cellpadding=\"0\"");
        nl_buf_adds(writer->out, "<tr>");
        open_tag(writer, "td", "button", NULL);
    } else {
        nl_buf_adds(writer->out, "<p>");
    }
    write_link(writer, link);
    nl_buf_adds(writer->out, mail ? "</td></tr></table>\n" : "</p>\n");
}

/* Paragraphs and lists within items stand closer than others. */
static bool is_in_item(const struct nl_md_node *node) {
    return node->parent->type == NL_MD_ITEM || node->parent->type == NL_MD_NOTE;
}

static void write_paragraph(struct writer *writer, const struct nl_md_node *node) {
    if (is_button(node->first)) {
        write_button(writer, node->first);
        return;
    }
    open_tag(writer, "p", is_in_item(node) ? "item" : "p", NULL);
    write_children(writer, node);
    nl_buf_adds(writer->out, "</p>\n");
}

static void add_escaped_url(struct nl_buf *out, const char *url) {
    struct nl_buf encoded = {0};
    nl_url_add(&encoded, url);
    nl_html_escape(out, nl_buf_text(&encoded));
    nl_buf_free(&encoded);
}

/* The alternative text of an image: its content without any mark-up. */
static void add_alternative(struct nl_buf *out, const struct nl_md_node *node) {
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next) {
        if (child->type == NL_MD_TEXT)
            nl_html_escape(out, child->text);
        else if (child->type == NL_MD_SOFT_BREAK || child->type == NL_MD_HARD_BREAK)
            nl_buf_addc(out, ' ');
        else
            add_alternative(out, child);
    }
}

static void write_image(struct writer *writer, const struct nl_md_node *node) {
    struct nl_buf more = {0};
    if (node->level > 0) /* Outlook ignores max-width */
        nl_buf_addf(&more, " width=\"%d\"",
                    node->level < CONTENT_WIDTH ? node->level : CONTENT_WIDTH);
    nl_buf_adds(&more, " src=\"");
    add_escaped_url(&more, node->text);
    nl_buf_adds(&more, "\" alt=\"");
    add_alternative(&more, node);
    nl_buf_addc(&more, '"');
    open_tag(writer, "img", "img", nl_buf_text(&more));
    if (node->caption != NULL) {
        nl_buf_adds(writer->out, "<br>\n");
        open_tag(writer, "small", "caption", NULL);
        nl_html_escape(writer->out, node->caption);
        nl_buf_adds(writer->out, "</small>");
    }
    nl_buf_free(&more);
}

static void write_language(struct writer *writer, const struct nl_md_node *node) {
    nl_buf_adds(writer->out, "<span lang=\"");
    nl_html_escape(writer->out, node->text);
    nl_buf_addf(writer->out, "\" dir=\"%s\">", nl_language_is_rtl(node->text) ? "rtl" : "ltr");
    write_children(writer, node);
    nl_buf_adds(writer->out, "</span>");
}

static void write_link(struct writer *writer, const struct nl_md_node *node) {
    struct nl_buf more = {0};
    nl_buf_adds(&more, " href=\"");
    add_escaped_url(&more, node->text);
    nl_buf_adds(&more, is_button(node) ? "\" class=\"nl-button\"" : "\"");
    open_tag(writer, "a", is_button(node) ? "button_link" : "a", nl_buf_text(&more));
    write_children(writer, node);
    nl_buf_adds(writer->out, "</a>");
    nl_buf_free(&more);
}

/* A list with signs of its own shows them as text, since no mail program has all of them as
 * markers. Without markers, Safari takes it for a list only by its role. */
static void write_list(struct writer *writer, const struct nl_md_node *node, const char *name) {
    struct nl_buf more = {0};
    if (node->signs)
        nl_buf_adds(&more, " class=\"signs\" role=\"list\"");
    else if (node->type == NL_MD_NUMBERS && node->level != 1)
        nl_buf_addf(&more, " start=\"%d\"", node->level);
    open_styled(writer, name, node->signs ? "signs" : name, is_in_item(node) ? "nested" : NULL,
                nl_buf_text(&more));
    write_children(writer, node);
    nl_buf_addf(writer->out, "</%s>\n", name);
    nl_buf_free(&more);
}

/* The direction of a sign is its own: "a)" reads so in a text from right to left, too. The sign of
 * a footnote leads back to its mark. */
static void write_sign(struct writer *writer, const char *sign, int note) {
    struct nl_buf more = {0};
    open_tag(writer, "span", "sign", " class=\"sign\" dir=\"auto\"");
    if (note > 0) {
        nl_buf_addf(&more, " href=\"#mark-%d\"", note);
        open_tag(writer, "a", "a", nl_buf_text(&more));
    }
    nl_html_escape(writer->out, sign);
    nl_buf_adds(writer->out, note > 0 ? "</a></span> " : "</span> ");
    nl_buf_free(&more);
}

/* Writes what an item holds, with its sign in its first paragraph. */
static void write_signed(struct writer *writer, const struct nl_md_node *node, const char *sign,
                         int note) {
    const struct nl_md_node *first = node->first;
    if (first == NULL || first->type != NL_MD_PARAGRAPH) {
        write_sign(writer, sign, note);
        write_children(writer, node);
        return;
    }
    open_tag(writer, "p", "item", NULL);
    write_sign(writer, sign, note);
    write_children(writer, first);
    nl_buf_adds(writer->out, "</p>\n");
    for (const struct nl_md_node *child = first->next; child != NULL; child = child->next)
        write_node(writer, child);
}

static void write_item(struct writer *writer, const struct nl_md_node *node) {
    open_tag(writer, "li", node->letter != '\0' ? "task" : "li", NULL);
    if (node->letter != '\0')
        nl_buf_adds(writer->out, node->letter == 'x' ? "&#9745; " : "&#9744; ");
    if (node->text != NULL)
        write_signed(writer, node, node->text, 0);
    else
        write_children(writer, node);
    nl_buf_adds(writer->out, "</li>\n");
}

/* The footnotes that the text refers to. */
static void write_notes(struct writer *writer, const struct nl_md_node *node) {
    if (node->first->level == 0)
        return;
    open_tag(writer, "ol", "notes", " class=\"signs notes\" role=\"list\"");
    for (const struct nl_md_node *note = node->first; note != NULL && note->level > 0;
         note = note->next) {
        char text[32];
        snprintf(text, sizeof text, " id=\"note-%d\"", note->level);
        open_tag(writer, "li", "li", text);
        snprintf(text, sizeof text, "%d.", note->level);
        write_signed(writer, note, text, note->level);
        nl_buf_adds(writer->out, "</li>\n");
    }
    nl_buf_adds(writer->out, "</ol>\n");
}

static void write_note_mark(struct writer *writer, const struct nl_md_node *node) {
    struct nl_buf more = {0};
    nl_buf_addf(&more, " href=\"#note-%d\"", node->level);
    if (node->letter != '\0')
        nl_buf_addf(&more, " id=\"mark-%d\"", node->level);
    nl_buf_adds(&more, " role=\"doc-noteref\"");
    open_tag(writer, "sup", "sup", NULL);
    open_tag(writer, "a", "a", nl_buf_text(&more));
    nl_buf_addf(writer->out, "%d</a></sup>", node->level);
    nl_buf_free(&more);
}

/* Pages have a style sheet, which knows a narrow column by its class. */
static void write_cell(struct writer *writer, const struct nl_md_node *node, const char *name) {
    const char *align = node->letter == 'r'   ? " align=\"right\""
                        : node->letter == 'c' ? " align=\"center\""
                        : node->letter == 'l' ? " align=\"left\""
                                              : "";
    size_t column = 0;
    struct nl_buf more = {0};
    for (const struct nl_md_node *cell = node->parent->first; cell != node; cell = cell->next)
        column++;
    bool narrow = column >= NL_FIT_COLUMNS || writer->fit.narrow[column];
    const char *style = name[1] == 'h' ? "th_narrow" : "td_narrow";
    bool styled = nl_theme_style(writer->theme, style)[0] != '\0';
    nl_buf_addf(&more, "%s%s", align, narrow && !styled ? " class=\"nl-narrow\"" : "");
    open_tag(writer, name, narrow ? style : name, nl_buf_text(&more));
    write_children(writer, node);
    nl_buf_addf(writer->out, "</%s>", name);
    nl_buf_free(&more);
}

static void write_table(struct writer *writer, const struct nl_md_node *node) {
    nl_table_fit(node, &writer->fit);
    write_element(writer, node, "table", NULL, "\n");
}

static void write_heading(struct writer *writer, const struct nl_md_node *node) {
    const char name[] = {'h', (char)('0' + node->level), '\0'};
    write_element(writer, node, name, NULL, "\n");
}

static void write_node(struct writer *writer, const struct nl_md_node *node) {
    switch (node->type) {
    case NL_MD_DOCUMENT:
        write_children(writer, node);
        break;
    case NL_MD_HEADING:
        write_heading(writer, node);
        break;
    case NL_MD_PARAGRAPH:
        write_paragraph(writer, node);
        break;
    case NL_MD_QUOTE:
        write_element(writer, node, "blockquote", NULL, "\n");
        break;
    case NL_MD_BULLETS:
        write_list(writer, node, "ul");
        break;
    case NL_MD_NUMBERS:
        write_list(writer, node, "ol");
        break;
    case NL_MD_ITEM:
        write_item(writer, node);
        break;
    case NL_MD_NOTES:
        write_notes(writer, node);
        break;
    case NL_MD_NOTE:
        break;
    case NL_MD_RULE:
        open_tag(writer, "hr", "hr", NULL);
        nl_buf_addc(writer->out, '\n');
        break;
    case NL_MD_HTML_BLOCK:
        for (const struct nl_md_node *text = node->first; text != NULL; text = text->next)
            nl_buf_adds(writer->out, text->text);
        break;
    case NL_MD_CODE_BLOCK:
        write_element(writer, node, "pre", NULL, "\n");
        break;
    case NL_MD_TABLE:
        write_table(writer, node);
        break;
    case NL_MD_ROW:
        write_element(writer, node, "tr", NULL, "\n");
        break;
    case NL_MD_HEADER_CELL:
        write_cell(writer, node, "th");
        break;
    case NL_MD_CELL:
        write_cell(writer, node, "td");
        break;
    case NL_MD_CONDITION:
    case NL_MD_HTML:
        nl_buf_adds(writer->out, node->text);
        break;
    case NL_MD_TEXT:
        nl_html_escape(writer->out, node->text);
        break;
    case NL_MD_CODE:
        write_element(writer, node, "code", NULL, "");
        break;
    case NL_MD_EMPHASIS:
        write_element(writer, node, "em", NULL, "");
        break;
    case NL_MD_STRONG:
        write_element(writer, node, "strong", NULL, "");
        break;
    case NL_MD_STRUCK:
        write_element(writer, node, "del", NULL, "");
        break;
    case NL_MD_LINK:
        write_link(writer, node);
        break;
    case NL_MD_LANGUAGE:
        write_language(writer, node);
        break;
    case NL_MD_IMAGE:
        write_image(writer, node);
        break;
    case NL_MD_NOTE_MARK:
        write_note_mark(writer, node);
        break;
    case NL_MD_SOFT_BREAK:
        nl_buf_addc(writer->out, '\n');
        break;
    case NL_MD_HARD_BREAK:
        nl_buf_adds(writer->out, "<br>\n");
        break;
    }
}

void nl_render_html(const struct nl_md_node *document, const struct nl_theme *theme,
                    struct nl_buf *out) {
    struct writer writer = {.theme = theme, .out = out};
    write_node(&writer, document);
}
