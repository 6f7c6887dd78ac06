/* The tree that a Markdown text is read into. */
#ifndef NL_BULLETIN_MARKDOWN_TREE_H
#define NL_BULLETIN_MARKDOWN_TREE_H

#include <stdbool.h>
#include <stddef.h>

enum nl_md_type {
    NL_MD_DOCUMENT,
    NL_MD_HEADING, /* level */
    NL_MD_PARAGRAPH,
    NL_MD_QUOTE,
    NL_MD_BULLETS,
    NL_MD_NUMBERS, /* level: first number */
    NL_MD_ITEM,    /* letter: ' ' or 'x' for a task; text: its sign, if the list shows signs */
    NL_MD_NOTES,   /* the footnotes, at the end of the document */
    NL_MD_NOTE,    /* a footnote; text: its name; level: its number, 0 if no text refers to it */
    NL_MD_RULE,
    NL_MD_CODE_BLOCK, /* letter: of its fence; 0: indented */
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
    NL_MD_LINK,      /* text: URL; letter: 'b' for a button */
    NL_MD_LANGUAGE,  /* text: the tag of the language of what it holds */
    NL_MD_IMAGE,     /* text: URL; children: the alternative; level: width in pixels if known;
                        caption */
    NL_MD_NOTE_MARK, /* text: a footnote's name; level: its number; letter: 1 for the first mark */
    NL_MD_SOFT_BREAK,
    NL_MD_HARD_BREAK,
};

struct nl_md_node {
    enum nl_md_type type;
    int level;
    char letter;
    bool tight;  /* of a list or note: no paragraphs */
    bool signs;  /* of a list: its items have signs of their own in place of "1." */
    size_t line; /* of its first words, counted from 1; 0 if it has none */
    size_t at;   /* their place in the parser's text, plus 1 */
    char *text;
    char *caption;
    struct nl_md_node *parent, *first, *last, *next;
};

/* Makes a node at the end of `parent`'s children, or a root where that is NULL. */
struct nl_md_node *nl_md_append(struct nl_md_node *parent, enum nl_md_type type);

/* Puts a node that has no parent at the end of `parent`'s children. */
void nl_md_adopt(struct nl_md_node *parent, struct nl_md_node *node);

/* Takes a node out of its parent. */
void nl_md_detach(struct nl_md_node *node);

/* Frees a node and all below it. */
void nl_md_free(struct nl_md_node *node);

#endif
