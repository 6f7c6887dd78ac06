/* The text that the Markdown parser reads is the author's with small changes, of which the tree
 * shows nothing. Text that must not become mark-up is hidden by control characters and digits,
 * which no input may hold or which mean nothing to the parser. Signs of list items and footnotes,
 * which the parser does not know, become numbers that it knows, in as many columns. */
#ifndef NL_BULLETIN_MARKDOWN_SOURCE_H
#define NL_BULLETIN_MARKDOWN_SOURCE_H

#include "bulletin/list_sign.h"
#include "newsletter/base/buf.h"

enum nl_md_edit_kind {
    NL_MD_EDIT_NUMBER, /* "1." or "1)": stays, and is remembered */
    NL_MD_EDIT_SIGN,   /* a sign (bulletin/list_sign.h): became "1)" or the like */
    NL_MD_EDIT_NOTE,   /* "[^id]: ", where a footnote is defined: became "01) " */
    NL_MD_EDIT_BULLET, /* a bullet that CommonMark lacks: became "-" or the like */
    NL_MD_EDIT_BLANK,  /* no-break spaces that indent an item: became spaces */
    NL_MD_EDIT_MARK,   /* "[^id]" in text */
    NL_MD_EDIT_RULE,   /* "-" or "--" below the name of a column: became "---" */
};

/* Stands between two "^" for "[^id]", so that the parser sees punctuation, as in the author's text.
 */
#define NL_MD_MARK '\x07'

/* A changed place. */
struct nl_md_edit {
    enum nl_md_edit_kind kind;
    size_t at, len;    /* in the parser's text */
    size_t from, size; /* of what stood there, in `hidden` */
    struct nl_list_sign sign;
    bool shown; /* the parser returned it as text, so it is not a list item */
};

/* Zero-initialise it; free with nl_md_source_free. */
struct nl_md_source {
    struct nl_buf hidden;     /* the author's text, with mark-up hidden */
    struct nl_buf text;       /* the parser's text */
    struct nl_md_edit *edits; /* in order */
    size_t count, capacity;
    size_t notes;  /* how many of them define a footnote */
    char *refused; /* for each byte of `hidden`: 1 if the sign there was refused */
};

/* Copies Markdown. Hides "\{{" (NL_LITERAL_BRACES, until slots are marked), expressions
 * (bulletin/expression.h), bars of variables (bulletin/markdown_rows.h) and single tildes. */
void nl_md_source_open(struct nl_md_source *source, const char *text, size_t len);

/* Makes the parser's text from the hidden one (markdown_signs.c). Signs that are refused stay as
 * they are. */
void nl_md_source_number(struct nl_md_source *source);

/* The place in the parser's text of what the parser returned; -1 if it is not part of that. */
long nl_md_source_place(const struct nl_md_source *source, const char *text);

/* The first changed place that ends after `at`; `count` if there is none. */
size_t nl_md_source_edit(const struct nl_md_source *source, size_t at);

/* Appends text that the parser returned, as its author wrote it. */
void nl_md_source_show(struct nl_md_source *source, struct nl_buf *out, const char *text,
                       size_t len);

void nl_md_source_free(struct nl_md_source *source);

#endif
