/* Attributes of subscribers: texts, or lists of texts, by names of letters, digits, "_" and "-". */
#ifndef NEWSLETTER_BASE_ATTRIBUTES_H
#define NEWSLETTER_BASE_ATTRIBUTES_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <jansson.h>

/* Adds one text to `object`, cleaned (newsletter/base/clean.h). The name, the length and the number
 * of attributes are bounded, and values fit into a header field. A blank value removes the
 * attribute. */
NL_CHECKED enum nl_status nl_attributes_set(json_t *object, const char *key, const char *value,
                                            struct nl_error *err) NL_NONNULL(2, 3);

/* A name for an attribute made of any text: "City of birth" is City_of_birth. NULL where the text
 * has letters that no such name has, or is too long. The caller frees it. */
char *nl_attribute_name(const char *text) NL_ALL_NONNULL;

/* Copies the members of the JSON object `from`. Numbers, true and false become texts, lists of them
 * stay lists, and null is left out. The members of an inner object are named after both, joined by
 * "_". The names of members that cannot be attributes are appended to `passed`, with commas. */
NL_CHECKED enum nl_status nl_attributes_take(json_t *object, json_t *from, struct nl_buf *passed,
                                             struct nl_error *err) NL_NONNULL(3);

#endif
