/* Segments: a small expression language that selects subscribers.
 *
 *     language = "ru" and tags has "press" and not joined < "30 days ago"
 *
 * Fields are email, domain, name, language, source (of consent), joined, and any attribute by its
 * name (or attribute.NAME, if it is named like a field). Comparisons: = != < <= > >=, ~ (holds
 * the words, whatever their case), has (one of several values), in ("a", "b"), is known, is
 * unknown. Words are combined with and, or, not and parentheses. */
#ifndef NEWSLETTER_BASE_SEGMENT_H
#define NEWSLETTER_BASE_SEGMENT_H

#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nl_segment_kind { NL_SEGMENT_AND, NL_SEGMENT_OR, NL_SEGMENT_NOT, NL_SEGMENT_TEST };

enum nl_segment_field {
    NL_FIELD_EMAIL,
    NL_FIELD_DOMAIN,
    NL_FIELD_NAME,
    NL_FIELD_LANGUAGE,
    NL_FIELD_SOURCE,
    NL_FIELD_JOINED,
    NL_FIELD_ATTRIBUTE
};

enum nl_segment_test {
    NL_TEST_EQUAL,
    NL_TEST_UNEQUAL,
    NL_TEST_LESS,
    NL_TEST_LESS_EQUAL,
    NL_TEST_GREATER,
    NL_TEST_GREATER_EQUAL,
    NL_TEST_HOLDS,
    NL_TEST_HAS,
    NL_TEST_IN,
    NL_TEST_KNOWN,
    NL_TEST_UNKNOWN
};

/* A value: a text, or a decimal number if it was written without quotes, which `text` holds too. A
 * value of `joined` is a time, in `number`; "30 days ago" as the value of an attribute is the day.
 */
struct nl_segment_value {
    char *text;
    int64_t number;
    bool is_number;
};

/* A node of the expression tree; members that do not apply to its kind are NULL or 0. Free with
 * nl_segment_free. */
struct nl_segment {
    enum nl_segment_kind kind;
    struct nl_segment *left, *right; /* NOT has only the left one */
    enum nl_segment_field field;
    char *attribute; /* of NL_FIELD_ATTRIBUTE */
    enum nl_segment_test test;
    struct nl_segment_value *values;
    size_t value_count;
};

/* Reads an expression; "30 days ago" counts from `now`. The error names the character. */
NL_CHECKED enum nl_status nl_segment_parse(const char *text, int64_t now, struct nl_segment **out,
                                           struct nl_error *err) NL_NONNULL(1, 3);

void nl_segment_free(struct nl_segment *segment);

#endif
