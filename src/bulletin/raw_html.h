/* Tags of raw HTML that an author wrote, read one by one. It is not a parser, but enough to examine
 * them. */
#ifndef NL_BULLETIN_RAW_HTML_H
#define NL_BULLETIN_RAW_HTML_H

#include "newsletter/base/buf.h"

enum { NL_HTML_NAME = 16 };

struct nl_html_tag {
    char name[NL_HTML_NAME]; /* in small letters, cut off; "" for a comment */
    bool closes;             /* "</p>" */
    const char *start;       /* of the tag */
    const char *attributes;  /* after the name */
    const char *end;         /* after the tag */
};

/* Finds the next tag from `at` on. False at the end. */
bool nl_html_next(const char *at, struct nl_html_tag *out);

/* Reads an attribute into `out`, with "&quot;" and the like as written. False if the tag has none
 * of that name. */
bool nl_html_attribute(const struct nl_html_tag *tag, const char *name, struct nl_buf *out);

/* Reads a property, such as "color", of a style's text; without white space, in small letters.
 * False if it is not there. */
bool nl_css_property(const char *style, const char *name, struct nl_buf *out);

/* Reads a colour as CSS writes it: "#123", "#112233", "rgb(1, 2, 3)", a common name. */
bool nl_css_colour(const char *text, unsigned *out);

#endif
