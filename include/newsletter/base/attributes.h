/* Attributes of subscribers: texts, or lists of texts, by names of letters, digits, "_" and "-". */
#ifndef NEWSLETTER_BASE_ATTRIBUTES_H
#define NEWSLETTER_BASE_ATTRIBUTES_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <jansson.h>

/* Adds one text to `object`, cleaned (newsletter/base/clean.h): names, lengths and number are
 * bounded, values are fit for a header. A blank one removes it. */
NL_CHECKED enum nl_status nl_attributes_set(json_t *object, const char *key, const char *value,
                                            struct nl_error *err) NL_NONNULL(2, 3);

/* A name for an attribute made of any text: "City of birth" is City_of_birth. NULL where the text
 * has letters that no such name has, or is too long. The caller frees it. */
char *nl_attribute_name(const char *text) NL_ALL_NONNULL;

/* Copies the members of the JSON object `from`. Numbers, true and false become texts; null is left
 * out; lists of such stay lists; what lies within objects gets a name of both, joined by "_". Names
 * of what cannot be an attribute are appended to `passed`, with commas. */
NL_CHECKED enum nl_status nl_attributes_take(json_t *object, json_t *from, struct nl_buf *passed,
                                             struct nl_error *err) NL_NONNULL(3);

#endif
