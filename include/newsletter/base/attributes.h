/* Attributes of subscribers: texts, or lists of texts, by names of letters, digits, "_" and "-". */
#ifndef NEWSLETTER_BASE_ATTRIBUTES_H
#define NEWSLETTER_BASE_ATTRIBUTES_H

#include "newsletter/base/error.h"

#include <jansson.h>

/* Adds one text to `object`, cleaned (newsletter/clean.h): names, lengths and number are bounded,
 * values are fit for a header. A blank one removes it. */
enum nl_status nl_attributes_set(json_t *object, const char *key, const char *value,
                                 struct nl_error *err);

/* Copies the members of the JSON object `from`. Numbers, true and false become texts; null is left
 * out; lists of texts stay lists; anything else is an error. */
enum nl_status nl_attributes_take(json_t *object, json_t *from, struct nl_error *err);

#endif
