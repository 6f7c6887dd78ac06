#include "bulletin/render.h"

#include "newsletter/base/text.h"
#include "newsletter/template/wrap.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TABLE_COLUMNS_LIMIT = 16 };
struct writer {
    struct nl_buf *out;
    struct nl_buf links; /* the numbered list for the end */
    size_t link_count;
    bool blank; /* the next block needs a blank line before it */
};

static void write_inlines(struct writer *writer, const struct nl_md_node *node, struct nl_buf *out);

/* The text of a link, then its number, unless the text is the address itself. */
static void write_link(struct writer *writer, const struct nl_md_node *node, struct nl_buf *out) {
    size_t start = out->len;
    write_inlines(writer, node, out);
    const char *shown = nl_buf_text(out) + start;
    const char *url = node->text;
    if (strcmp(shown, url) == 0) {
        out->len = start;
        nl_url_add(out, url);
        return;
    }
    const char *rest = strstr(url, "://");
    if ((strncmp(url, "mailto:", 7) == 0 && strcmp(shown, url + 7) == 0) ||
        (strncmp(url, "http", 4) == 0 && rest != NULL && strcmp(shown, rest + 3) == 0))
        return;
    writer->link_count++;
    nl_buf_addf(out, " [%zu]", writer->link_count);
    nl_buf_addf(&writer->links, "[%zu] ", writer->link_count);
    nl_url_add(&writer->links, url);
    nl_buf_addc(&writer->links, '\n');
}

static void write_between(struct writer *writer, const struct nl_md_node *node, const char *mark,
                          struct nl_buf *out) {
    nl_buf_adds(out, mark);
    write_inlines(writer, node, out);
    nl_buf_adds(out, mark);
}

/* The mark for a raw tag whose format carries meaning; "" for others. */
static const char *mark_of_tag(const char *tag) {
    static const struct {
        const char *name, *mark;
    } marks[] = {{"del", "~~"}, {"s", "~~"}, {"strike", "~~"}, {"b", "*"},   {"strong", "*"},
                 {"i", "_"},    {"em", "_"}, {"br", "\n"},     {"sup", "^"}, {"sub", "_"}};
    tag += tag[1] == '/' ? 2 : 1;
    size_t len = strcspn(tag, " />\t\n");
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strlen(marks[i].name) == len && strncasecmp(marks[i].name, tag, len) == 0)
            return marks[i].mark;
    return "";
}

static void write_inlines(struct writer *writer, const struct nl_md_node *node,
                          struct nl_buf *out) {
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next) {
        switch (child->type) {
        case NL_MD_CONDITION:
        case NL_MD_TEXT:
            nl_buf_adds(out, child->text);
            break;
        case NL_MD_SOFT_BREAK:
            nl_buf_addc(out, ' ');
            break;
        case NL_MD_HARD_BREAK:
            nl_buf_addc(out, '\n');
            break;
        case NL_MD_HTML:
            nl_buf_adds(out, mark_of_tag(child->text));
            break;
        case NL_MD_LINK:
            write_link(writer, child, out);
            break;
        case NL_MD_STRUCK:
            write_between(writer, child, "~~", out);
            break;
        case NL_MD_EMPHASIS:
            write_between(writer, child, "_", out);
            break;
        case NL_MD_STRONG:
            write_between(writer, child, "*", out);
            break;
        case NL_MD_IMAGE:
            nl_buf_addc(out, '[');
            write_inlines(writer, child, out);
            nl_buf_addc(out, ']');
            break;
        default:
            write_inlines(writer, child, out);
            break;
        }
    }
}

static void end_paragraph(struct writer *writer, const char *prefix) {
    if (writer->blank)
        nl_plain_line(writer->out, prefix, "", 0);
    writer->blank = false;
}

static void write_paragraph(struct writer *writer, const struct nl_md_node *node, const char *first,
                            const char *rest) {
    struct nl_buf text = {0};
    write_inlines(writer, node, &text);
    nl_plain_wrap(writer->out, nl_buf_text(&text), first, rest);
    writer->out->failed = writer->out->failed || text.failed;
    nl_buf_free(&text);
    writer->blank = true;
}

static void write_heading(struct writer *writer, const struct nl_md_node *node, const char *first,
                          const char *rest) {
    write_paragraph(writer, node, first, rest);
    if (node->level > 2)
        return;
    struct nl_buf text = {0};
    write_inlines(writer, node, &text);
    size_t width = nl_text_width(nl_buf_text(&text));
    struct nl_buf line = {0};
    for (size_t i = 0; i < width && i < NL_COLUMNS; i++)
        nl_buf_addc(&line, node->level == 1 ? '=' : '-');
    nl_plain_line(writer->out, rest, nl_buf_text(&line), line.len);
    nl_buf_free(&line);
    nl_buf_free(&text);
}

static void write_code_block(struct writer *writer, const struct nl_md_node *node,
                             const char *rest) {
    const char *text = node->first != NULL && node->first->text != NULL ? node->first->text : "";
    struct nl_buf prefix = {0};
    nl_buf_addf(&prefix, "%s    ", rest);
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        nl_plain_line(writer->out, nl_buf_text(&prefix), text, len);
        text += len + (text[len] == '\n');
    }
    nl_buf_free(&prefix);
    writer->blank = true;
}

static void write_block(struct writer *writer, const struct nl_md_node *node, const char *first,
                        const char *rest);

static bool is_inline(const struct nl_md_node *node) {
    return node->type >= NL_MD_CONDITION;
}

/* Writes a tag on a line of its own; the line disappears with the tag. */
static void write_condition(struct writer *writer, const struct nl_md_node *node) {
    nl_buf_addf(writer->out, "%s\n", node->text);
}

/* The last of the inline nodes that make a paragraph with `first`; NULL if all of them are tags. */
static struct nl_md_node *end_of_run(struct nl_md_node *first) {
    bool words = false;
    struct nl_md_node *last = first;
    for (struct nl_md_node *at = first; at != NULL && is_inline(at); at = at->next) {
        words = words || at->type != NL_MD_CONDITION;
        last = at;
    }
    return words ? last : NULL;
}

/* Writes the blocks inside an item or quote. Bare text, as in tight lists, is written as a
 * paragraph. */
static void write_blocks(struct writer *writer, const struct nl_md_node *node, const char *first,
                         const char *rest, bool tight) {
    const char *prefix = first;
    for (struct nl_md_node *child = node->first; child != NULL;) {
        struct nl_md_node *last = is_inline(child) ? end_of_run(child) : child;
        if (last == NULL) {
            write_condition(writer, child);
            child = child->next;
            continue;
        }
        if (is_inline(child)) {
            struct nl_md_node run = {.type = NL_MD_PARAGRAPH, .first = child};
            struct nl_md_node *next = last->next;
            last->next = NULL;
            write_block(writer, &run, prefix, rest);
            last->next = next;
            child = next;
        } else {
            write_block(writer, child, prefix, rest);
            child = child->next;
        }
        prefix = rest;
        if (tight)
            writer->blank = false;
    }
    if (node->first == NULL)
        nl_plain_line(writer->out, first, "", 0);
}

static void write_list_items(struct writer *writer, const struct nl_md_node *node,
                             const char *first, const char *rest) {
    int number = node->level;
    const char *outer = first;
    for (const struct nl_md_node *item = node->first; item != NULL; item = item->next) {
        if (item->type == NL_MD_CONDITION) {
            write_condition(writer, item);
            continue;
        }
        struct nl_buf marker = {0};
        struct nl_buf start = {0};
        struct nl_buf indent = {0};
        if (node->type == NL_MD_BULLETS)
            nl_buf_adds(&marker, item->letter == 'x' ? "[x] " : item->letter ? "[ ] " : "- ");
        else if (node->letter != '\0')
            nl_buf_addf(&marker, "%c) ", node->letter + (number++ - 1));
        else
            nl_buf_addf(&marker, "%d. ", number++);
        nl_buf_addf(&start, "%s%s", outer, nl_buf_text(&marker));
        nl_buf_addf(&indent, "%s%*s", rest, (int)marker.len, "");
        if (!node->tight)
            end_paragraph(writer, rest);
        write_blocks(writer, item, nl_buf_text(&start), nl_buf_text(&indent), node->tight);
        outer = rest;
        nl_buf_free(&marker);
        nl_buf_free(&start);
        nl_buf_free(&indent);
    }
    writer->blank = true;
}

static size_t cell_count(const struct nl_md_node *row) {
    size_t count = 0;
    for (const struct nl_md_node *cell = row->first; cell != NULL; cell = cell->next)
        count++;
    return count;
}

/* Measures the columns. False if the table is too wide for a line. */
static bool measure_table(struct writer *writer, const struct nl_md_node *table,
                          size_t widths[TABLE_COLUMNS_LIMIT]) {
    size_t total = 0;
    size_t columns = 0;
    for (const struct nl_md_node *row = table->first; row != NULL; row = row->next) {
        size_t at = 0;
        if (cell_count(row) > TABLE_COLUMNS_LIMIT)
            return false;
        for (const struct nl_md_node *cell = row->first; cell != NULL; cell = cell->next, at++) {
            struct nl_buf text = {0};
            size_t links = writer->link_count;
            size_t listed = writer->links.len;
            write_inlines(writer, cell, &text);
            /* This only measures: links are numbered when the row is written. */
            writer->link_count = links;
            writer->links.len = listed;
            size_t width = nl_text_width(nl_buf_text(&text));
            widths[at] = width > widths[at] ? width : widths[at];
            nl_buf_free(&text);
        }
        columns = at > columns ? at : columns;
    }
    for (size_t i = 0; i < columns; i++)
        total += widths[i] + 2;
    return total <= NL_COLUMNS + 2;
}

static void add_spaces(struct nl_buf *out, size_t count) {
    while (count-- > 0)
        nl_buf_addc(out, ' ');
}

static void write_table_row(struct writer *writer, const struct nl_md_node *row,
                            const size_t *widths, const char *rest) {
    struct nl_buf line = {0};
    size_t at = 0;
    for (const struct nl_md_node *cell = row->first; cell != NULL; cell = cell->next, at++) {
        struct nl_buf text = {0};
        write_inlines(writer, cell, &text);
        size_t width = nl_text_width(nl_buf_text(&text));
        size_t gap = widths != NULL && widths[at] > width ? widths[at] - width : 0;
        if (cell->letter == 'r')
            add_spaces(&line, gap);
        nl_buf_adds(&line, nl_buf_text(&text));
        if (cell->letter != 'r' && cell->next != NULL)
            add_spaces(&line, gap);
        if (cell->next != NULL)
            nl_buf_adds(&line, widths != NULL ? "  " : " | ");
        nl_buf_free(&text);
    }
    if (widths != NULL)
        nl_plain_line(writer->out, rest, nl_buf_text(&line), line.len);
    else
        nl_plain_wrap(writer->out, nl_buf_text(&line), rest, rest);
    nl_buf_free(&line);
}

static void write_table(struct writer *writer, const struct nl_md_node *node, const char *rest) {
    size_t widths[TABLE_COLUMNS_LIMIT] = {0};
    bool fits = measure_table(writer, node, widths);
    for (const struct nl_md_node *row = node->first; row != NULL; row = row->next) {
        write_table_row(writer, row, fits ? widths : NULL, rest);
        if (fits && row->first != NULL && row->first->type == NL_MD_HEADER_CELL) {
            struct nl_buf line = {0};
            for (size_t i = 0, columns = cell_count(row); i < columns; i++) {
                for (size_t k = 0; k < widths[i]; k++)
                    nl_buf_addc(&line, '-');
                add_spaces(&line, 2);
            }
            nl_plain_line(writer->out, rest, nl_buf_text(&line), line.len);
            nl_buf_free(&line);
        }
    }
    writer->blank = true;
}

static void write_quote(struct writer *writer, const struct nl_md_node *node, const char *first,
                        const char *rest) {
    struct nl_buf start = {0};
    struct nl_buf indent = {0};
    nl_buf_addf(&start, "%s> ", first);
    nl_buf_addf(&indent, "%s> ", rest);
    write_blocks(writer, node, nl_buf_text(&start), nl_buf_text(&indent), false);
    nl_buf_free(&start);
    nl_buf_free(&indent);
    writer->blank = true;
}

/* Writes the words of a block of raw HTML, without its tags. */
static void write_html_block(struct writer *writer, const struct nl_md_node *node,
                             const char *first, const char *rest) {
    struct nl_buf html = {0};
    struct nl_buf text = {0};
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next)
        nl_buf_adds(&html, child->text);
    nl_text_from_html(&text, nl_buf_text(&html), html.len);
    while (text.len > 0 && strchr(" \n", text.data[text.len - 1]) != NULL)
        text.data[--text.len] = '\0';
    const char *words = nl_buf_text(&text) + strspn(nl_buf_text(&text), " \n");
    if (*words != '\0') {
        end_paragraph(writer, rest);
        nl_plain_wrap(writer->out, words, first, rest);
        writer->blank = true;
    }
    writer->out->failed = writer->out->failed || html.failed || text.failed;
    nl_buf_free(&html);
    nl_buf_free(&text);
}

static void write_block(struct writer *writer, const struct nl_md_node *node, const char *first,
                        const char *rest) {
    if (node->type == NL_MD_HTML_BLOCK) {
        write_html_block(writer, node, first, rest);
        return;
    }
    if (node->type == NL_MD_CONDITION) {
        write_condition(writer, node);
        return;
    }
    end_paragraph(writer, rest);
    switch (node->type) {
    case NL_MD_HEADING:
        write_heading(writer, node, first, rest);
        break;
    case NL_MD_QUOTE:
        write_quote(writer, node, first, rest);
        break;
    case NL_MD_BULLETS:
    case NL_MD_NUMBERS:
        write_list_items(writer, node, first, rest);
        break;
    case NL_MD_RULE:
        nl_plain_line(writer->out, first, "* * *", 5);
        writer->blank = true;
        break;
    case NL_MD_CODE_BLOCK:
        write_code_block(writer, node, rest);
        break;
    case NL_MD_TABLE:
        write_table(writer, node, rest);
        break;
    default:
        write_paragraph(writer, node, first, rest);
        break;
    }
}

void nl_render_plain(const struct nl_md_node *document, struct nl_buf *out) {
    struct writer writer = {.out = out};
    for (const struct nl_md_node *node = document->first; node != NULL; node = node->next)
        write_block(&writer, node, "", "");
    if (writer.link_count > 0) {
        end_paragraph(&writer, "");
        nl_buf_adds(out, nl_buf_text(&writer.links));
    }
    out->failed = out->failed || writer.links.failed;
    nl_buf_free(&writer.links);
}
