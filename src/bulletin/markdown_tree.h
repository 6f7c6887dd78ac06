/* The tree that a Markdown text is read into. */
#ifndef NL_BULLETIN_MARKDOWN_TREE_H
#define NL_BULLETIN_MARKDOWN_TREE_H

#include <stdbool.h>

enum nl_md_type {
    NL_MD_DOCUMENT,
    NL_MD_HEADING, /* level */
    NL_MD_PARAGRAPH,
    NL_MD_QUOTE,
    NL_MD_BULLETS,
    NL_MD_NUMBERS, /* level: first number; letter */
    NL_MD_ITEM,    /* letter: ' ' or 'x' for a task */
    NL_MD_RULE,
    NL_MD_CODE_BLOCK,
    NL_MD_HTML_BLOCK, /* raw HTML, if allowed; children: text */
    NL_MD_TABLE,
    NL_MD_ROW,
    NL_MD_HEADER_CELL, /* letter: l, c, r or 0 */
    NL_MD_CELL,
    NL_MD_CONDITION, /* text: the tag; stands among blocks or within text */
    NL_MD_TEXT,      /* text */
    NL_MD_HTML,      /* text: a raw tag, if allowed */
    NL_MD_CODE,
    NL_MD_EMPHASIS,
    NL_MD_STRONG,
    NL_MD_STRUCK,
    NL_MD_LINK,  /* text: URL */
    NL_MD_IMAGE, /* text: URL; children: the alternative; level: width in pixels if known */
    NL_MD_SOFT_BREAK,
    NL_MD_HARD_BREAK,
};

struct nl_md_node {
    enum nl_md_type type;
    int level;
    char letter; /* of a list: 'a' or 'A' for a lettered one, else 0 */
    bool tight;  /* of a list: its items hold no paragraphs */
    char *text;
    struct nl_md_node *parent, *first, *last, *next;
};

/* Makes a node at the end of `parent`'s children, or a root where that is NULL. NULL without
 * memory. */
struct nl_md_node *nl_md_append(struct nl_md_node *parent, enum nl_md_type type);

/* Puts a node that has no parent at the end of `parent`'s children. */
void nl_md_adopt(struct nl_md_node *parent, struct nl_md_node *node);

/* Frees a node and all below it. */
void nl_md_free(struct nl_md_node *node);

#endif
