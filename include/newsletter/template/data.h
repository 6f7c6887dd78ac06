/* The data that templates get, as JSON. */
#ifndef NEWSLETTER_TEMPLATE_DATA_H
#define NEWSLETTER_TEMPLATE_DATA_H

#include "newsletter/config/identity.h"
#include "newsletter/store/list.h"

#include <jansson.h>

/* Sets a member to a text; to "" for NULL and for text that is not UTF-8. */
void nl_data_set(json_t *data, const char *name, const char *value) NL_NONNULL(2);

/* The data that every template has: the list (an object with name, title, ...), language,
 * direction, start and end (left and right, or the reverse) and an empty preheader. The caller owns
 * it. */
json_t *nl_data_new(const struct nl_list *list, const char *language) NL_ALL_NONNULL;

/* Adds "organisation" (name, released_by, postal_address, imprint, privacy, centred, design,
 * social: a list of objects with name and url, and contact: an object or null) and "colours" (the
 * palette's members). `logo` and `logo_dark` are the addresses where the page or mail finds the
 * pictures, "" or NULL for none. */
void nl_data_identity(json_t *data, const struct nl_identity *identity, const char *logo,
                      const char *logo_dark) NL_NONNULL(2);

/* The colours alone. */
json_t *nl_data_palette(const struct nl_palette *palette) NL_ALL_NONNULL;

/* The lines of a contact as an object; null if it has none. */
json_t *nl_data_contact(const struct nl_contact *contact) NL_ALL_NONNULL;

/* Adds what the head and the foot of every public page ask for, empty where it is not there yet. */
void nl_data_page(json_t *data) NL_ALL_NONNULL;

#endif
