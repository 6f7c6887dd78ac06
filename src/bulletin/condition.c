#include "bulletin/condition.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"

#include "bulletin/expression.h"
#include "bulletin/isolate_values.h"

#include <stdlib.h>
#include <string.h>

enum { NESTING_LIMIT = 20 };

/* The first "{{#...}}", "{{^...}}" or "{{/...}}" of a text; NULL for none. */
static const char *find_tag(const char *text, size_t *len) {
    for (const char *at = strstr(text, "{{"); at != NULL; at = strstr(at + 2, "{{")) {
        const char *end = strstr(at, "}}");
        if (end == NULL)
            return NULL;
        *len = (size_t)(end + 2 - at);
        if (*len > 5 && strchr("#^/", at[2]) != NULL)
            return at;
    }
    return NULL;
}

static bool is_opening(const struct nl_md_node *node) {
    return node->text[2] != '/';
}

/* Whether `close` ends what `open` begins. */
static bool is_pair(const char *open, const char *close) {
    if (nl_expression_is_if(open + 3))
        return strcmp(close + 3, "if}}") == 0;
    return strcmp(open + 3, close + 3) == 0;
}

static bool is_condition(const struct nl_md_node *node) {
    return node != NULL && node->type == NL_MD_CONDITION;
}

static struct nl_md_node *detach(struct nl_md_node *parent, struct nl_md_node *node) {
    node->parent = parent;
    nl_md_detach(node);
    return node;
}

static void append_text(struct nl_md_node *parent, enum nl_md_type type, const char *text,
                        size_t len) {
    if (len > 0)
        nl_md_append(parent, type)->text = nl_strndup(text, len);
}

/* Replaces a text node by pieces: plain text, and a node for each tag. Frees the node. */
static void split_text(struct nl_md_node *parent, struct nl_md_node *node) {
    size_t len = 0;
    const char *text = node->text;
    for (const char *tag = NULL; (tag = find_tag(text, &len)) != NULL;) {
        append_text(parent, NL_MD_TEXT, text, (size_t)(tag - text));
        append_text(parent, NL_MD_CONDITION, tag, len);
        text = tag + len;
    }
    append_text(parent, NL_MD_TEXT, text, strlen(text));
    nl_md_free(node);
}

/* Whether the partner of the tag at one edge is among its siblings, but not at the other edge. */
static bool has_partner_within(const struct nl_md_node *parent, const struct nl_md_node *tag) {
    const struct nl_md_node *open[NESTING_LIMIT];
    size_t depth = 0;
    for (const struct nl_md_node *node = parent->first; node != NULL; node = node->next) {
        if (!is_condition(node))
            continue;
        if (is_opening(node)) {
            if (depth == NESTING_LIMIT)
                return true;
            open[depth++] = node;
        } else if (depth > 0 && is_pair(open[--depth]->text, node->text)) {
            if (open[depth] == tag || node == tag)
                return open[depth] != parent->first || node != parent->last;
        } else {
            depth = 0;
        }
    }
    return false;
}

static void drop_break(struct nl_md_node *parent, struct nl_md_node *node) {
    if (node != NULL && node->type == NL_MD_SOFT_BREAK)
        nl_md_free(detach(parent, node));
}

static bool can_move_out(const struct nl_md_node *parent, const struct nl_md_node *tag) {
    return is_condition(tag) && !has_partner_within(parent, tag);
}

/* Adds `node` to `parent` and moves the tags at its edges out of it, before and after it. Of a pair
 * at both edges, one tag moves first; then its partner can move too. */
static void add_hoisted(struct nl_md_node *parent, struct nl_md_node *node) {
    struct nl_md_node *behind = NULL; /* in order, linked by next */
    for (bool moved = true; moved;) {
        moved = false;
        if (can_move_out(node, node->first)) {
            nl_md_adopt(parent, detach(node, node->first));
            drop_break(node, node->first);
            moved = true;
        }
        if (can_move_out(node, node->last)) {
            struct nl_md_node *tag = detach(node, node->last);
            tag->next = behind;
            behind = tag;
            drop_break(node, node->last);
            moved = true;
        }
    }
    if (node->first != NULL)
        nl_md_adopt(parent, node);
    else
        nl_md_free(node);
    while (behind != NULL) {
        struct nl_md_node *next = behind->next;
        nl_md_adopt(parent, behind);
        behind = next;
    }
}

static bool is_break(const struct nl_md_node *node) {
    return node->type == NL_MD_SOFT_BREAK || node->type == NL_MD_HARD_BREAK;
}

/* Whether the line that begins with `node` holds tags and nothing else. */
static bool is_tag_line(const struct nl_md_node *node) {
    bool any = false;
    for (; node != NULL && !is_break(node); node = node->next) {
        if (!is_condition(node))
            return false;
        any = true;
    }
    return any;
}

/* Adds the paragraph collected so far. */
static void close_paragraph(struct nl_md_node *parent, struct nl_md_node **piece) {
    if (*piece == NULL)
        return;
    drop_break(*piece, (*piece)->last);
    add_hoisted(parent, *piece);
    *piece = NULL;
}

/* A line of tags alone ends the paragraph; the text after it begins another one. */
static void split_paragraph_at_tags(struct nl_md_node *parent, struct nl_md_node *node) {
    struct nl_md_node *piece = NULL;
    struct nl_md_node *child = node->first;
    bool line_begins = true;
    bool tags = false;
    node->first = node->last = NULL;
    while (child != NULL) {
        struct nl_md_node *next = child->next;
        if (line_begins)
            tags = is_tag_line(child);
        line_begins = is_break(child);
        if (tags)
            close_paragraph(parent, &piece);
        if (tags && line_begins) {
            child->next = NULL;
            nl_md_free(child);
        } else if (tags) {
            nl_md_adopt(parent, child);
        } else {
            if (piece == NULL)
                piece = nl_calloc(1, sizeof *piece);
            piece->type = node->type;
            nl_md_adopt(piece, child);
        }
        child = next;
    }
    close_paragraph(parent, &piece);
    nl_md_free(node);
}

static bool may_hoist_from(const struct nl_md_node *node) {
    switch (node->type) {
    case NL_MD_HEADING:
    case NL_MD_ITEM:
    case NL_MD_NOTE:
    case NL_MD_BULLETS:
    case NL_MD_NUMBERS:
    case NL_MD_QUOTE:
        return node->first != NULL;
    default:
        return false;
    }
}

static void place_tags(struct nl_md_node *parent) {
    struct nl_md_node *node = parent->first;
    parent->first = parent->last = NULL;
    while (node != NULL) {
        struct nl_md_node *next = node->next;
        node->next = NULL;
        if (parent->type == NL_MD_CODE || parent->type == NL_MD_CODE_BLOCK) {
            nl_md_adopt(parent, node);
        } else if (node->type == NL_MD_TEXT) {
            split_text(parent, node);
        } else {
            place_tags(node);
            if (node->type == NL_MD_PARAGRAPH)
                split_paragraph_at_tags(parent, node);
            else if (may_hoist_from(node))
                add_hoisted(parent, node);
            else
                nl_md_adopt(parent, node);
        }
        node = next;
    }
}

/* A tag as its author wrote it. */
static void add_readable(const char *tag, struct nl_buf *out) {
    size_t len = strlen(tag);
    char *name = len > 5 ? nl_strndup(tag + 3, len - 5) : NULL;
    if (name != NULL && tag[2] != '/' && nl_expression_is_if(name)) {
        nl_buf_addf(out, "{{%cif ", tag[2]);
        nl_expression_show(name + 2, out);
        nl_buf_adds(out, "}}");
    } else {
        nl_buf_adds(out, tag);
    }
    free(name);
}

static enum nl_status lone_tag(const struct nl_md_node *tag, bool begins, const char *where,
                               struct nl_error *err) {
    struct nl_buf text = {0};
    add_readable(tag->text, &text);
    if (begins)
        nl_error_set(err, NL_DATA,
                     NL_TEXT("%s: %s does not end in the same place: both tags must stand between "
                             "paragraphs, or both within one"),
                     where, nl_buf_text(&text));
    else
        nl_error_set(err, NL_DATA,
                     NL_TEXT("%s: %s does not begin in the same place: both tags must stand "
                             "between paragraphs, or both within one"),
                     where, nl_buf_text(&text));
    nl_buf_free(&text);
    return NL_DATA;
}

static enum nl_status check_pairs(const struct nl_md_node *parent, const char *where,
                                  struct nl_error *err) {
    const struct nl_md_node *open[NESTING_LIMIT];
    size_t depth = 0;
    enum nl_status status = NL_OK;
    for (const struct nl_md_node *node = parent->first; status == NL_OK && node != NULL;
         node = node->next) {
        if (!is_condition(node))
            status = check_pairs(node, where, err);
        else if (is_opening(node) && depth == NESTING_LIMIT)
            status = nl_error_set(err, NL_DATA, NL_TEXT("%s: conditions nested more than %d deep"),
                                  where, NESTING_LIMIT);
        else if (is_opening(node))
            open[depth++] = node;
        else if (depth == 0 || !is_pair(open[--depth]->text, node->text))
            status = lone_tag(node, false, where, err);
    }
    if (status == NL_OK && depth > 0)
        status = lone_tag(open[depth - 1], true, where, err);
    return status;
}

enum nl_status nl_conditions_place(struct nl_md_node *document, bool rtl, const char *where,
                                   struct nl_error *err) {
    place_tags(document);
    if (rtl)
        nl_values_isolate(document);
    return check_pairs(document, where, err);
}
