/* The data that templates get, as JSON. */
#ifndef NEWSLETTER_TEMPLATE_DATA_H
#define NEWSLETTER_TEMPLATE_DATA_H

#include "newsletter/store/list.h"

#include <jansson.h>

/* Sets a member to a text; to "" for NULL and for text that is not UTF-8. */
void nl_data_set(json_t *data, const char *name, const char *value) NL_NONNULL(2);

/* The data that every template has: the list (an object with name, title, ...), language, direction
 * and an empty preheader. The caller owns it; NULL without memory. */
json_t *nl_data_new(const struct nl_list *list, const char *language) NL_ALL_NONNULL;

#endif
