/* The menu of languages that pages of a server have. */
#ifndef NEWSLETTER_TEMPLATE_LANGUAGE_MENU_H
#define NEWSLETTER_TEMPLATE_LANGUAGE_MENU_H

#include "newsletter/base/error.h"

#include <jansson.h>

/* The argument of a URL that chooses a language for this page and those to come. */
#define NL_LANGUAGE_ARGUMENT "set-language"

/* Sets "menu" to all languages that there are texts for: [{tag, name, current}], each named in
 * itself. `templates` is the folder of own ones, or NULL. Pages that need arguments to be shown
 * again set "menu_query", such as "q=quay&", which is empty here. */
void nl_language_menu_add(const char *templates, json_t *data) NL_NONNULL(2);

#endif
