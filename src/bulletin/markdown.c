#include "bulletin/markdown.h"

#include "bulletin/entity.h"
#include "bulletin/lettered.h"
#include "bulletin/markdown_source.h"

#include <md4c.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEPTH_LIMIT = 100 };

struct builder {
    struct nl_md_node *root;
    struct nl_md_node *at;
    struct nl_buf text; /* the run of characters being read */
    const char *where;
    struct nl_error *err;
    enum nl_status status;
    int depth;
};

static int stop_parser(struct builder *builder, enum nl_status status) {
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

/* Ends a run of text, which md4c passes in pieces, and makes it a node. */
static bool end_text_run(struct builder *builder) {
    if (builder->text.len == 0)
        return !builder->text.failed;
    if (builder->at->type == NL_MD_CODE && is_in_table(builder->at))
        unescape_bars(&builder->text);
    struct nl_md_node *node = nl_md_append(builder->at, NL_MD_TEXT);
    if (node != NULL)
        node->text = nl_buf_take(&builder->text);
    return node != NULL && node->text != NULL;
}

static int enter_node(struct builder *builder, enum nl_md_type type, struct nl_md_node **out) {
    if (!end_text_run(builder))
        return stop_parser(builder, nl_error_nomem(builder->err));
    if (++builder->depth > DEPTH_LIMIT)
        return stop_parser(builder, nl_error_set(builder->err, NL_DATA,
                                                 "%s: quotes or lists nested more than %d deep",
                                                 builder->where, DEPTH_LIMIT));
    *out = nl_md_append(builder->at, type);
    if (*out == NULL)
        return stop_parser(builder, nl_error_nomem(builder->err));
    builder->at = *out;
    return 0;
}

/* Leaves `node`, which is the current node or one of its ancestors. */
static int leave_node(struct builder *builder, const struct nl_md_node *node) {
    if (!end_text_run(builder))
        return stop_parser(builder, nl_error_nomem(builder->err));
    for (const struct nl_md_node *at = NULL; at != node;) {
        at = builder->at;
        builder->at = builder->at->parent;
        builder->depth--;
    }
    return 0;
}

static bool is_block(const struct nl_md_node *node) {
    return node->type < NL_MD_CONDITION;
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *userdata) {
    (void)detail;
    struct builder *builder = userdata;
    const struct nl_md_node *node = builder->at;
    if (type == MD_BLOCK_DOC || type == MD_BLOCK_HR || type == MD_BLOCK_THEAD ||
        type == MD_BLOCK_TBODY)
        return 0;
    while (!is_block(node))
        node = node->parent;
    return leave_node(builder, node);
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
    struct builder *builder = userdata;
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
        return end_text_run(builder) && nl_md_append(builder->at, NL_MD_RULE) != NULL
                   ? 0
                   : stop_parser(builder, nl_error_nomem(builder->err));
    case MD_BLOCK_H:
        rc = enter_node(builder, NL_MD_HEADING, &node);
        if (rc == 0)
            node->level = (int)((MD_BLOCK_H_DETAIL *)detail)->level;
        return rc;
    case MD_BLOCK_CODE:
        return enter_node(builder, NL_MD_CODE_BLOCK, &node);
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

/* An attribute, such as a URL, with its entities resolved. */
static char *url_of(const MD_ATTRIBUTE *attribute) {
    struct nl_buf out = {0};
    for (size_t i = 0; attribute->substr_offsets[i] < attribute->size; i++) {
        size_t from = attribute->substr_offsets[i];
        size_t len = attribute->substr_offsets[i + 1] - from;
        if (attribute->substr_types[i] == MD_TEXT_ENTITY)
            nl_entity_add(&out, attribute->text + from, len);
        else
            nl_md_source_show(&out, attribute->text + from, len);
    }
    return nl_buf_take(&out);
}

static int enter_target(struct builder *builder, enum nl_md_type type, const MD_ATTRIBUTE *target) {
    struct nl_md_node *node = NULL;
    int rc = enter_node(builder, type, &node);
    if (rc != 0)
        return rc;
    node->text = url_of(target);
    if (node->text == NULL)
        return stop_parser(builder, nl_error_nomem(builder->err));
    if (is_allowed_url(node->text, type == NL_MD_IMAGE))
        return 0;
    return stop_parser(
        builder, nl_error_set(builder->err, NL_DATA,
                              type == NL_MD_IMAGE
                                  ? "%s: image '%s': give a full https:// address, or the path of "
                                    "a file in the issue's folder"
                                  : "%s: link '%s': give a full https://, mailto: or tel: address",
                              builder->where, node->text));
}

static int enter_span(MD_SPANTYPE type, void *detail, void *userdata) {
    struct builder *builder = userdata;
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
        return enter_target(builder, NL_MD_LINK, &((MD_SPAN_A_DETAIL *)detail)->href);
    case MD_SPAN_IMG:
        return enter_target(builder, NL_MD_IMAGE, &((MD_SPAN_IMG_DETAIL *)detail)->src);
    default:
        return 0;
    }
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
    (void)detail;
    struct builder *builder = userdata;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const struct nl_md_node *node = builder->at;
        if (types[i].span != type)
            continue;
        while (!is_block(node) && node->type != types[i].type)
            node = node->parent;
        return is_block(node) ? 0 : leave_node(builder, node);
    }
    return 0;
}

/* A tag within text becomes a node. A block of HTML keeps its text unchanged. */
static int add_html(struct builder *builder, const MD_CHAR *text, MD_SIZE size) {
    if (builder->at->type == NL_MD_HTML_BLOCK) {
        nl_md_source_show(&builder->text, text, size);
        return 0;
    }
    struct nl_buf tag = {0};
    nl_md_source_show(&tag, text, size);
    struct nl_md_node *node = end_text_run(builder) ? nl_md_append(builder->at, NL_MD_HTML) : NULL;
    if (node != NULL)
        node->text = nl_buf_take(&tag);
    nl_buf_free(&tag);
    if (node == NULL || node->text == NULL)
        return stop_parser(builder, nl_error_nomem(builder->err));
    return 0;
}

static int add_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *userdata) {
    struct builder *builder = userdata;
    switch (type) {
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR:
        return end_text_run(builder) &&
                       nl_md_append(builder->at, type == MD_TEXT_BR ? NL_MD_HARD_BREAK
                                                                    : NL_MD_SOFT_BREAK) != NULL
                   ? 0
                   : stop_parser(builder, nl_error_nomem(builder->err));
    case MD_TEXT_ENTITY:
        nl_entity_add(&builder->text, text, size);
        return 0;
    case MD_TEXT_HTML:
        return add_html(builder, text, size);
    case MD_TEXT_NULLCHAR:
        nl_buf_adds(&builder->text, "\xef\xbf\xbd");
        return 0;
    default:
        nl_md_source_show(&builder->text, text, size);
        return 0;
    }
}

enum nl_status nl_markdown_read(const char *text, size_t len, const char *where, bool raw_html,
                                struct nl_md_node **out, struct nl_error *err) {
    const MD_PARSER parser = {
        .flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS |
                 MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_PERMISSIVEWWWAUTOLINKS |
                 MD_FLAG_PERMISSIVEEMAILAUTOLINKS | (raw_html ? 0 : MD_FLAG_NOHTML),
        .enter_block = enter_block,
        .leave_block = leave_block,
        .enter_span = enter_span,
        .leave_span = leave_span,
        .text = add_text,
    };
    struct builder builder = {.where = where, .err = err};
    struct nl_buf source = {0};
    *out = NULL;
    nl_md_source_hide(text, len, &source);
    builder.root = nl_md_append(NULL, NL_MD_DOCUMENT);
    builder.at = builder.root;
    enum nl_status status = NL_OK;
    if (builder.root == NULL || source.failed ||
        md_parse(nl_buf_text(&source), (MD_SIZE)source.len, &parser, &builder) != 0 ||
        builder.status != NL_OK || builder.text.failed || !nl_lettered_lists(builder.root))
        status = builder.status != NL_OK ? builder.status : nl_error_nomem(err);
    nl_buf_free(&builder.text);
    nl_buf_free(&source);
    if (status != NL_OK) {
        nl_md_free(builder.root);
        return status;
    }
    *out = builder.root;
    return NL_OK;
}
