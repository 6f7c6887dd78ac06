/* HTML escaping, for templates and for the values that are filled in for each recipient. */
#ifndef NEWSLETTER_TEMPLATE_ESCAPE_H
#define NEWSLETTER_TEMPLATE_ESCAPE_H

#include "newsletter/base/buf.h"

/* The entity for a character that may not stand in HTML text or attributes; NULL if it may. */
const char *nl_html_entity(char c);

/* Appends `text`, escaped. */
void nl_html_escape(struct nl_buf *out, const char *text) NL_ALL_NONNULL;

#endif
