/* Which attributes subscribers have. */
#ifndef NEWSLETTER_STORE_ATTRIBUTE_USE_H
#define NEWSLETTER_STORE_ATTRIBUTE_USE_H

#include "newsletter/base/attribute.h"
#include "newsletter/db/handle.h"

#include <stdbool.h>

/* Whether any subscriber has that attribute; true also while there is no subscriber at all. */
NL_CHECKED enum nl_status nl_attribute_is_used(struct nl_store *store, const char *name, bool *used,
                                               struct nl_error *err) NL_ALL_NONNULL;

#endif
