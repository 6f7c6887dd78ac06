#include "bulletin/markdown_tree.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>

void nl_md_adopt(struct nl_md_node *parent, struct nl_md_node *node) {
    node->parent = parent;
    node->next = NULL;
    if (parent->last != NULL)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
}

struct nl_md_node *nl_md_append(struct nl_md_node *parent, enum nl_md_type type) {
    struct nl_md_node *node = nl_calloc(1, sizeof *node);
    node->type = type;
    if (parent != NULL)
        nl_md_adopt(parent, node);
    return node;
}

void nl_md_detach(struct nl_md_node *node) {
    struct nl_md_node *parent = node->parent;
    struct nl_md_node *before = NULL;
    for (struct nl_md_node *at = parent->first; at != node; at = at->next)
        before = at;
    if (before != NULL)
        before->next = node->next;
    else
        parent->first = node->next;
    if (parent->last == node)
        parent->last = before;
    node->next = NULL;
}

void nl_md_free(struct nl_md_node *node) {
    if (node == NULL)
        return;
    /* The parser bounds the depth. Siblings may be many, so a loop frees them. */
    for (struct nl_md_node *child = node->first; child != NULL;) {
        struct nl_md_node *next = child->next;
        nl_md_free(child);
        child = next;
    }
    free(node->text);
    free(node->caption);
    free(node);
}
