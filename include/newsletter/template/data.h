/* What templates are given, as JSON. */
#ifndef NEWSLETTER_TEMPLATE_DATA_H
#define NEWSLETTER_TEMPLATE_DATA_H

#include "newsletter/store/list.h"

#include <jansson.h>

/* Sets a member to a text, "" for NULL and for what is not UTF-8. */
void nl_data_set(json_t *data, const char *name, const char *value);

/* What every template knows: the list (an object with name, title, ...), language, direction and a
 * preheader that is empty. NULL without memory; the caller owns it. */
json_t *nl_data_new(const struct nl_list *list, const char *language);

#endif
