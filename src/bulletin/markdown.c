#include "bulletin/markdown.h"

#include "bulletin/directions.h"
#include "bulletin/entity.h"
#include "bulletin/markdown_builder.h"
#include "bulletin/markdown_lists.h"
#include "bulletin/markdown_notes.h"
#include "bulletin/markdown_source.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/language.h"

#include <md4c.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEPTH_LIMIT = 100, PASSES = 4 };

static int enter_node(struct nl_md_builder *builder, enum nl_md_type type,
                      struct nl_md_node **out) {
    nl_md_end_run(builder);
    if (++builder->depth > DEPTH_LIMIT)
        return nl_md_stop(builder,
                          nl_error_set(builder->err, NL_DATA,
                                       NL_TEXT("%s: quotes or lists nested more than %d deep"),
                                       builder->where, DEPTH_LIMIT));
    *out = nl_md_append(builder->at, type);
    builder->at = *out;
    return 0;
}

/* Leaves `node`, which is the current node or one of its ancestors. */
static void leave_node(struct nl_md_builder *builder, const struct nl_md_node *node) {
    nl_md_end_run(builder);
    for (const struct nl_md_node *at = NULL; at != node;) {
        at = builder->at;
        builder->at = builder->at->parent;
        builder->depth--;
    }
}

static bool is_block(const struct nl_md_node *node) {
    return node->type < NL_MD_CONDITION;
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *userdata) {
    (void)detail;
    struct nl_md_builder *builder = userdata;
    const struct nl_md_node *node = builder->at;
    if (type == MD_BLOCK_DOC || type == MD_BLOCK_HR || type == MD_BLOCK_THEAD ||
        type == MD_BLOCK_TBODY)
        return 0;
    while (!is_block(node))
        node = node->parent;
    leave_node(builder, node);
    return 0;
}

static char cell_letter(const MD_BLOCK_TD_DETAIL *detail) {
    switch (detail->align) {
    case MD_ALIGN_LEFT:
        return 'l';
    case MD_ALIGN_CENTER:
        return 'c';
    case MD_ALIGN_RIGHT:
        return 'r';
    default:
        return '\0';
    }
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *userdata) {
    struct nl_md_builder *builder = userdata;
    struct nl_md_node *node = NULL;
    int rc = 0;
    switch (type) {
    case MD_BLOCK_QUOTE:
        return enter_node(builder, NL_MD_QUOTE, &node);
    case MD_BLOCK_UL:
        rc = enter_node(builder, NL_MD_BULLETS, &node);
        if (rc == 0)
            node->tight = ((MD_BLOCK_UL_DETAIL *)detail)->is_tight;
        return rc;
    case MD_BLOCK_OL:
        rc = enter_node(builder, NL_MD_NUMBERS, &node);
        if (rc == 0) {
            node->level = (int)((MD_BLOCK_OL_DETAIL *)detail)->start;
            node->tight = ((MD_BLOCK_OL_DETAIL *)detail)->is_tight;
        }
        return rc;
    case MD_BLOCK_LI:
        rc = enter_node(builder, NL_MD_ITEM, &node);
        if (rc == 0 && ((MD_BLOCK_LI_DETAIL *)detail)->is_task)
            node->letter = ((MD_BLOCK_LI_DETAIL *)detail)->task_mark == ' ' ? ' ' : 'x';
        return rc;
    case MD_BLOCK_HR:
        nl_md_end_run(builder);
        nl_md_append(builder->at, NL_MD_RULE);
        return 0;
    case MD_BLOCK_H:
        rc = enter_node(builder, NL_MD_HEADING, &node);
        if (rc == 0)
            node->level = (int)((MD_BLOCK_H_DETAIL *)detail)->level;
        return rc;
    case MD_BLOCK_CODE:
        rc = enter_node(builder, NL_MD_CODE_BLOCK, &node);
        if (rc == 0)
            node->letter = ((MD_BLOCK_CODE_DETAIL *)detail)->fence_char;
        return rc;
    case MD_BLOCK_HTML:
        return enter_node(builder, NL_MD_HTML_BLOCK, &node);
    case MD_BLOCK_P:
        return enter_node(builder, NL_MD_PARAGRAPH, &node);
    case MD_BLOCK_TABLE:
        return enter_node(builder, NL_MD_TABLE, &node);
    case MD_BLOCK_TR:
        return enter_node(builder, NL_MD_ROW, &node);
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
        rc = enter_node(builder, type == MD_BLOCK_TH ? NL_MD_HEADER_CELL : NL_MD_CELL, &node);
        if (rc == 0)
            node->letter = cell_letter(detail);
        return rc;
    default:
        return 0;
    }
}

static bool is_allowed_url(const char *url, bool image) {
    static const char *const schemes[] = {"https://", "http://",
                                          "mailto:", "tel:", "{{unsubscribe_url}}"};
    for (size_t i = 0; i < (image ? 2 : sizeof schemes / sizeof schemes[0]); i++)
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
            return true;
    /* The path of a file in the folder. */
    return image && url[0] != '\0' && strchr(url, ':') == NULL;
}

/* An attribute, such as a URL, with its entities resolved. The caller frees it. */
static char *url_of(struct nl_md_builder *builder, const MD_ATTRIBUTE *attribute) {
    struct nl_buf out = {0};
    for (size_t i = 0; attribute->substr_offsets[i] < attribute->size; i++) {
        size_t from = attribute->substr_offsets[i];
        size_t len = attribute->substr_offsets[i + 1] - from;
        if (attribute->substr_types[i] == MD_TEXT_ENTITY)
            nl_entity_add(&out, attribute->text + from, len);
        else
            nl_md_source_show(builder->source, &out, attribute->text + from, len);
    }
    return nl_buf_take(&out);
}

static const char language_mark[] = "lang:";

/* [text](lang:fr) is a text in another language, and no link. */
static int mark_language(struct nl_md_builder *builder, struct nl_md_node *node) {
    size_t len = sizeof language_mark - 1;
    node->type = NL_MD_LANGUAGE;
    memmove(node->text, node->text + len, strlen(node->text) - len + 1);
    if (node->text[0] != '\0' && nl_language_is_tag(node->text))
        return 0;
    return nl_md_stop(builder, nl_error_set(builder->err, NL_DATA,
                                            NL_TEXT("%s: '%s' is not a language tag such as fr, in "
                                                    "[text](lang:fr)"),
                                            builder->where, node->text));
}

/* The title of a link or an image, in quotation marks after its address, is one that readers see:
 * the word "button" for a link that stands alone, the caption of an image. */
static void take_title(struct nl_md_builder *builder, struct nl_md_node *node,
                       const MD_ATTRIBUTE *title) {
    if (title->text == NULL || title->size == 0)
        return;
    char *text = url_of(builder, title);
    if (node->type == NL_MD_IMAGE) {
        node->caption = text;
        return;
    }
    node->letter = strcmp(text, "button") == 0 ? 'b' : node->letter;
    free(text);
}

static int enter_target(struct nl_md_builder *builder, enum nl_md_type type,
                        const MD_ATTRIBUTE *target, const MD_ATTRIBUTE *title) {
    struct nl_md_node *node = NULL;
    int rc = enter_node(builder, type, &node);
    if (rc != 0)
        return rc;
    node->text = url_of(builder, target);
    if (type == NL_MD_LINK && strncmp(node->text, language_mark, sizeof language_mark - 1) == 0)
        return mark_language(builder, node);
    if (is_allowed_url(node->text, type == NL_MD_IMAGE)) {
        take_title(builder, node, title);
        return 0;
    }
    return nl_md_stop(
        builder,
        nl_error_set(builder->err, NL_DATA,
                     type == NL_MD_IMAGE
                         ? NL_TEXT("%s: image '%s': give a full https:// address, or the path of "
                                   "a file in the issue's folder")
                         : NL_TEXT("%s: link '%s': give a full https://, mailto: or tel: address"),
                     builder->where, node->text));
}

static int enter_span(MD_SPANTYPE type, void *detail, void *userdata) {
    struct nl_md_builder *builder = userdata;
    struct nl_md_node *node = NULL;
    switch (type) {
    case MD_SPAN_EM:
        return enter_node(builder, NL_MD_EMPHASIS, &node);
    case MD_SPAN_STRONG:
        return enter_node(builder, NL_MD_STRONG, &node);
    case MD_SPAN_DEL:
        return enter_node(builder, NL_MD_STRUCK, &node);
    case MD_SPAN_CODE:
        return enter_node(builder, NL_MD_CODE, &node);
    case MD_SPAN_A:
        return enter_target(builder, NL_MD_LINK, &((MD_SPAN_A_DETAIL *)detail)->href,
                            &((MD_SPAN_A_DETAIL *)detail)->title);
    case MD_SPAN_IMG:
        return enter_target(builder, NL_MD_IMAGE, &((MD_SPAN_IMG_DETAIL *)detail)->src,
                            &((MD_SPAN_IMG_DETAIL *)detail)->title);
    default:
        return 0;
    }
}

/* Notes the place of a picture or a link without words: that of its target, unless it is defined
 * elsewhere. */
static void note_target(struct nl_md_builder *builder, const MD_ATTRIBUTE *path) {
    long place = nl_md_source_place(builder->source, path->text);
    const char *text = nl_buf_text(&builder->source->text);
    long before = place - 1;
    while (before >= 0 && strchr(" <\n", text[before]) != NULL)
        before--;
    if (before >= 0 && text[before] == '(')
        nl_md_note_place(builder, path->text);
}

/* md4c 0.4.8 may end a span that it never began (emphasis after a bare URL). Such an end is
 * ignored. */
static int leave_span(MD_SPANTYPE type, void *detail, void *userdata) {
    static const struct {
        MD_SPANTYPE span;
        enum nl_md_type type;
    } types[] = {{MD_SPAN_EM, NL_MD_EMPHASIS}, {MD_SPAN_STRONG, NL_MD_STRONG},
                 {MD_SPAN_DEL, NL_MD_STRUCK},  {MD_SPAN_CODE, NL_MD_CODE},
                 {MD_SPAN_A, NL_MD_LINK},      {MD_SPAN_IMG, NL_MD_IMAGE}};
    struct nl_md_builder *builder = userdata;
    if (type == MD_SPAN_IMG && builder->at->type == NL_MD_IMAGE && builder->at->at == 0)
        note_target(builder, &((MD_SPAN_IMG_DETAIL *)detail)->src);
    if (type == MD_SPAN_A && builder->at->type == NL_MD_LINK && builder->at->at == 0)
        note_target(builder, &((MD_SPAN_A_DETAIL *)detail)->href);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const struct nl_md_node *node = builder->at;
        if (types[i].span != type)
            continue;
        while (!is_block(node) && node->type != types[i].type &&
               (type != MD_SPAN_A || node->type != NL_MD_LANGUAGE))
            node = node->parent;
        if (!is_block(node))
            leave_node(builder, node);
        return 0;
    }
    return 0;
}

/* Parses once. *again says that some signs begin no list: then the text is to be parsed with them
 * refused. */
static enum nl_status parse(struct nl_md_builder *builder, bool raw_html, bool *again) {
    const MD_PARSER parser = {
        .flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS |
                 MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_PERMISSIVEWWWAUTOLINKS |
                 MD_FLAG_PERMISSIVEEMAILAUTOLINKS | (raw_html ? 0 : MD_FLAG_NOHTML),
        .enter_block = enter_block,
        .leave_block = leave_block,
        .enter_span = enter_span,
        .leave_span = leave_span,
        .text = nl_md_add_text,
    };
    struct nl_md_source *source = builder->source;
    builder->root = nl_md_append(NULL, NL_MD_DOCUMENT);
    builder->at = builder->root;
    builder->line = 1;
    nl_md_source_number(source);
    int rc = md_parse(nl_buf_text(&source->text), (MD_SIZE)source->text.len, &parser, builder);
    if (builder->status == NL_OK && rc != 0)
        builder->status = nl_error_nomem(builder->err);
    if (builder->status == NL_OK)
        nl_md_lists_settle(builder->root, source, again);
    nl_buf_free(&builder->text);
    return builder->status;
}

enum nl_status nl_markdown_read(const char *text, size_t len, const char *where, bool raw_html,
                                struct nl_md_node **out, struct nl_error *err) {
    struct nl_md_source source = {0};
    struct nl_md_builder builder = {0};
    bool again = true;
    *out = NULL;
    enum nl_status status = NL_OK;
    nl_md_source_open(&source, text, len);
    for (int pass = 0; status == NL_OK && again && pass < PASSES; pass++) {
        nl_md_free(builder.root);
        builder = (struct nl_md_builder){.source = &source, .where = where, .err = err};
        status = parse(&builder, raw_html, &again);
    }
    if (status == NL_OK && (builder.marked || source.notes > 0))
        nl_md_notes_collect(builder.root);
    nl_md_source_free(&source);
    if (status == NL_OK)
        status = nl_directions_check(builder.root, where, err);
    if (status == NL_OK)
        *out = builder.root;
    else
        nl_md_free(builder.root);
    return status;
}
