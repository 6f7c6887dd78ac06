#include "bulletin/directions.h"

#include "newsletter/base/text.h"

#include <stdio.h>

static bool is_block(const struct nl_md_node *node) {
    return node->type < NL_MD_CONDITION;
}

static void add_words(const struct nl_md_node *node, struct nl_buf *out) {
    if (node->text != NULL && node->type != NL_MD_LINK && node->type != NL_MD_IMAGE)
        nl_buf_adds(out, node->text);
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next)
        if (!is_block(child))
            add_words(child, out);
}

static enum nl_status check_words(const char *words, size_t line, const char *where,
                                  struct nl_error *err) {
    char what[64];
    snprintf(what, sizeof what, "line %zu of the text", line);
    return nl_text_check_directions(words, what, err) == NL_OK ? NL_OK
                                                               : nl_error_context(err, "%s", where);
}

/* A text that stands for itself: what it turns must be turned back within it. */
static enum nl_status check_node(const struct nl_md_node *node, const char *where,
                                 struct nl_error *err) {
    struct nl_buf words = {0};
    add_words(node, &words);
    enum nl_status status = check_words(nl_buf_text(&words), node->line, where, err);
    if (status == NL_OK && node->caption != NULL)
        status = check_words(node->caption, node->line, where, err);
    nl_buf_free(&words);
    return status;
}

enum nl_status nl_directions_check(const struct nl_md_node *document, const char *where,
                                   struct nl_error *err) {
    bool whole = is_block(document) || document->type == NL_MD_LINK ||
                 document->type == NL_MD_IMAGE || document->type == NL_MD_LANGUAGE;
    enum nl_status status = whole ? check_node(document, where, err) : NL_OK;
    for (const struct nl_md_node *child = document->first; status == NL_OK && child != NULL;
         child = child->next)
        status = nl_directions_check(child, where, err);
    return status;
}
