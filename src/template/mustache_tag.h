/* Finding the tags of a Mustache template. */
#ifndef NL_TEMPLATE_MUSTACHE_TAG_H
#define NL_TEMPLATE_MUSTACHE_TAG_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>
#include <stddef.h>

enum { NL_DELIMITER_LIMIT = 16 };

struct nl_delimiters {
    char open[NL_DELIMITER_LIMIT], close[NL_DELIMITER_LIMIT];
};

/* One tag: its kind, its name, and the text that it spans. All point into the template. */
struct nl_tag {
    char kind; /* '#', '^', '/', '!', '&', '>', '=', or 'v' for a value that is escaped */
    const char *name;
    size_t name_len;
    const char *begin, *end; /* of a tag alone on its line: with that line's white space */
    const char *indent;      /* the white space in front of a tag alone on its line */
    size_t indent_len;
};

/* Finds the next tag in `text`, a part of the template that begins at `start`. *found is false when
 * there is none. False for a tag that is not closed; tag->begin is where it opens. */
NL_CHECKED bool nl_tag_next(const char *text, const char *start, const struct nl_delimiters *marks,
                            struct nl_tag *tag, bool *found) NL_ALL_NONNULL;

/* Takes the delimiters that a tag {{=<% %>=}} names. False when it does not name two. */
NL_CHECKED bool nl_delimiters_set(struct nl_delimiters *delimiters,
                                  const struct nl_tag *tag) NL_ALL_NONNULL;

/* White space within a template: blanks, tabs and line ends. */
bool nl_tag_is_blank(char c);

/* Moves both ends of a text past the white space there. */
void nl_tag_trim(const char **text, size_t *len) NL_ALL_NONNULL;

#endif
