#include "bulletin/plain.h"

#include "newsletter/base/text.h"
#include "newsletter/template/wrap.h"

#include <stdlib.h>
#include <string.h>

static void end_paragraph(struct nl_plain_writer *writer, const char *prefix) {
    if (writer->blank)
        nl_plain_line(writer->out, prefix, "", 0);
    writer->blank = false;
}

static void write_paragraph(struct nl_plain_writer *writer, const struct nl_md_node *node,
                            const char *first, const char *rest) {
    struct nl_buf text = {0};
    nl_plain_inlines(writer, node, &text);
    nl_plain_wrap(writer->out, nl_buf_text(&text), first, rest);
    nl_buf_free(&text);
    writer->blank = true;
}

static void write_heading(struct nl_plain_writer *writer, const struct nl_md_node *node,
                          const char *first, const char *rest) {
    write_paragraph(writer, node, first, rest);
    if (node->level > 2)
        return;
    struct nl_buf text = {0};
    nl_plain_inlines(writer, node, &text);
    size_t width = nl_text_width(nl_buf_text(&text));
    struct nl_buf line = {0};
    for (size_t i = 0; i < width && i < NL_COLUMNS; i++)
        nl_buf_addc(&line, node->level == 1 ? '=' : '-');
    nl_plain_line(writer->out, rest, nl_buf_text(&line), line.len);
    nl_buf_free(&line);
    nl_buf_free(&text);
}

static void write_code_block(struct nl_plain_writer *writer, const struct nl_md_node *node,
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

static void write_block(struct nl_plain_writer *writer, const struct nl_md_node *node,
                        const char *first, const char *rest);

static bool is_inline(const struct nl_md_node *node) {
    return node->type >= NL_MD_CONDITION;
}

/* Writes a tag on a line of its own; the line disappears with the tag. */
static void write_condition(struct nl_plain_writer *writer, const struct nl_md_node *node) {
    nl_buf_addf(writer->out, "%s\n", node->text);
}

/* A block whose first line cannot begin with the sign of an item. */
static bool has_no_line(const struct nl_md_node *node) {
    return node->type == NL_MD_TABLE || node->type == NL_MD_CODE_BLOCK;
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
static void write_blocks(struct nl_plain_writer *writer, const struct nl_md_node *node,
                         const char *first, const char *rest, bool tight) {
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
            if (prefix == first && strcmp(first, rest) != 0 && has_no_line(child))
                nl_plain_line(writer->out, first, "", 0);
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

static void write_list_items(struct nl_plain_writer *writer, const struct nl_md_node *node,
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
        else if (item->text != NULL)
            nl_buf_addf(&marker, "%s ", item->text);
        else
            nl_buf_addf(&marker, "%d. ", number);
        number++;
        nl_buf_addf(&start, "%s%s", outer, nl_buf_text(&marker));
        nl_buf_addf(&indent, "%s%*s", rest, (int)nl_text_width(nl_buf_text(&marker)), "");
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

/* Writes the footnotes that the text refers to. */
static void write_notes(struct nl_plain_writer *writer, const struct nl_md_node *node,
                        const char *rest) {
    for (const struct nl_md_node *note = node->first; note != NULL && note->level > 0;
         note = note->next) {
        struct nl_buf start = {0};
        struct nl_buf indent = {0};
        nl_buf_adds(&start, rest);
        nl_plain_small_number(&start, note->level);
        nl_buf_addf(&indent, "%s%*s", rest, (int)nl_text_width(nl_buf_text(&start)) + 1, "");
        nl_buf_addc(&start, ' ');
        if (note == node->first || !note->tight)
            end_paragraph(writer, rest);
        write_blocks(writer, note, nl_buf_text(&start), nl_buf_text(&indent), note->tight);
        nl_buf_free(&start);
        nl_buf_free(&indent);
    }
    writer->blank = true;
}

static void write_quote(struct nl_plain_writer *writer, const struct nl_md_node *node,
                        const char *first, const char *rest) {
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
static void write_html_block(struct nl_plain_writer *writer, const struct nl_md_node *node,
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
    nl_buf_free(&html);
    nl_buf_free(&text);
}

static void write_block(struct nl_plain_writer *writer, const struct nl_md_node *node,
                        const char *first, const char *rest) {
    if (node->type == NL_MD_HTML_BLOCK) {
        write_html_block(writer, node, first, rest);
        return;
    }
    if (node->type == NL_MD_CONDITION) {
        write_condition(writer, node);
        return;
    }
    if (node->type == NL_MD_NOTES) {
        write_notes(writer, node, rest);
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
        nl_plain_table(writer, node, rest);
        break;
    default:
        write_paragraph(writer, node, first, rest);
        break;
    }
}

void nl_render_plain(const struct nl_md_node *document, struct nl_buf *out) {
    struct nl_plain_writer writer = {.out = out};
    for (const struct nl_md_node *node = document->first; node != NULL; node = node->next)
        write_block(&writer, node, "", "");
    if (writer.link_count > 0) {
        end_paragraph(&writer, "");
        nl_buf_adds(out, nl_buf_text(&writer.links));
    }
    nl_buf_free(&writer.links);
}
