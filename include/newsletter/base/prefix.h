/* The common beginning of similar texts, such as the copies of a bulletin, so that it is hashed
 * only once. */
#ifndef NEWSLETTER_BASE_PREFIX_H
#define NEWSLETTER_BASE_PREFIX_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise; free with nl_prefix_free. */
struct nl_prefix {
    char *text; /* whole lines; at first a whole text, to compare the next one with */
    size_t len;
    bool known;   /* two texts were compared */
    bool useless; /* the texts have too little in common */
};

enum nl_prefix_use {
    NL_PREFIX_NONE, /* hash the whole text */
    NL_PREFIX_SAME, /* the text begins with the prefix of before */
    NL_PREFIX_NEW,  /* the text begins with the prefix, which is another than before: hash it */
};

/* Compares a text with the prefix, and learns from it. */
enum nl_prefix_use nl_prefix_find(struct nl_prefix *prefix, const char *text,
                                  size_t len) NL_ALL_NONNULL;

void nl_prefix_free(struct nl_prefix *prefix) NL_ALL_NONNULL;

#endif
