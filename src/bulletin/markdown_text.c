/* The words that the Markdown parser returns, with what stands among them: tags, marks of
 * footnotes, breaks. */
#include "bulletin/entity.h"
#include "bulletin/expression.h"
#include "bulletin/markdown_builder.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

int nl_md_stop(struct nl_md_builder *builder, enum nl_status status) {
    builder->status = status;
    return -1; /* md4c passes only negative results up through all its levels */
}

static bool is_in_table(const struct nl_md_node *node) {
    while (node != NULL && node->type != NL_MD_CELL && node->type != NL_MD_HEADER_CELL)
        node = node->parent;
    return node != NULL;
}

/* In a table "\\|" is a bar, in code too (GitHub Flavored Markdown, 4.10); md4c leaves it in code.
 */
static void unescape_bars(struct nl_buf *text) {
    size_t len = 0;
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] != '\\' || text->data[i + 1] != '|')
            text->data[len++] = text->data[i];
    text->len = len;
    text->data[len] = '\0';
}

void nl_md_note_place(struct nl_md_builder *builder, const char *text) {
    long place = nl_md_source_place(builder->source, text);
    if (place < 0)
        return;
    size_t at = (size_t)place + 1;
    if (at > builder->place) {
        size_t from = builder->place > 0 ? builder->place - 1 : 0;
        builder->line += nl_expressions_lines(builder->source->text.data + from, at - 1 - from);
        builder->place = at;
    }
    for (struct nl_md_node *node = builder->at; node != NULL && node->at == 0;
         node = node->parent) {
        node->at = at;
        node->line = builder->line;
    }
    if (builder->text.len == 0) {
        builder->run = at;
        builder->run_line = builder->line;
    }
}

void nl_md_end_run(struct nl_md_builder *builder) {
    if (builder->text.len == 0)
        return;
    if (builder->at->type == NL_MD_CODE && is_in_table(builder->at))
        unescape_bars(&builder->text);
    struct nl_md_node *node = nl_md_append(builder->at, NL_MD_TEXT);
    node->text = nl_buf_take(&builder->text);
    node->at = builder->run;
    node->line = builder->run_line;
}

/* A tag within text becomes a node. A block of HTML keeps its text unchanged. */
static void add_html(struct nl_md_builder *builder, const MD_CHAR *text, MD_SIZE size) {
    if (builder->at->type == NL_MD_HTML_BLOCK) {
        nl_md_source_show(builder->source, &builder->text, text, size);
        return;
    }
    struct nl_buf tag = {0};
    nl_md_source_show(builder->source, &tag, text, size);
    nl_md_end_run(builder);
    struct nl_md_node *node = nl_md_append(builder->at, NL_MD_HTML);
    node->text = nl_buf_take(&tag);
    node->at = builder->place;
    node->line = builder->line;
}

/* Whether a footnote may be marked here: not in a link, which may hold no other, and not in the
 * words that stand for a picture. */
static bool may_be_marked(const struct nl_md_node *node) {
    while (node != NULL && node->type != NL_MD_LINK && node->type != NL_MD_IMAGE)
        node = node->parent;
    return node == NULL;
}

/* Ends the run of text with a mark, whose name stands within "[^" and "]". */
static void add_mark(struct nl_md_builder *builder, struct nl_md_edit *edit) {
    const char *name = builder->source->hidden.data + edit->from + 2;
    nl_md_end_run(builder);
    nl_md_append(builder->at, NL_MD_NOTE_MARK)->text = nl_strndup(name, edit->size - 3);
    edit->shown = true;
    builder->marked = true;
}

/* Adds words; marks of footnotes among them become nodes. */
static void add_words(struct nl_md_builder *builder, const MD_CHAR *text, size_t size) {
    struct nl_md_source *source = builder->source;
    long place = nl_md_source_place(source, text);
    size_t at = place > 0 ? (size_t)place : 0;
    size_t end = at + size;
    bool marks = place >= 0 && may_be_marked(builder->at);
    for (size_t i = marks ? nl_md_source_edit(source, at) : source->count;
         i < source->count && source->edits[i].at < end; i++) {
        struct nl_md_edit *edit = &source->edits[i];
        if (edit->kind != NL_MD_EDIT_MARK || edit->at < at)
            continue;
        nl_md_source_show(source, &builder->text, source->text.data + at, edit->at - at);
        add_mark(builder, edit);
        at = edit->at + edit->len;
        text = source->text.data + at;
    }
    nl_md_source_show(source, &builder->text, text, place >= 0 ? end - at : size);
}

int nl_md_add_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *userdata) {
    struct nl_md_builder *builder = userdata;
    nl_md_note_place(builder, text);
    switch (type) {
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR:
        nl_md_end_run(builder);
        nl_md_append(builder->at, type == MD_TEXT_BR ? NL_MD_HARD_BREAK : NL_MD_SOFT_BREAK);
        break;
    case MD_TEXT_ENTITY:
        nl_entity_add(&builder->text, text, size);
        break;
    case MD_TEXT_HTML:
        add_html(builder, text, size);
        break;
    case MD_TEXT_NULLCHAR:
        nl_buf_adds(&builder->text, "\xef\xbf\xbd");
        break;
    case MD_TEXT_NORMAL:
        add_words(builder, text, size);
        break;
    default:
        nl_md_source_show(builder->source, &builder->text, text, size);
        break;
    }
    return 0;
}
