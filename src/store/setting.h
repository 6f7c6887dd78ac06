/* Settings of the program's own: a text for each key. */
#ifndef NL_STORE_SETTING_H
#define NL_STORE_SETTING_H

#include "newsletter/db/handle.h"

/* Sets the value of the key that is `kind` and then `name`, in place of an earlier one. */
NL_CHECKED enum nl_status nl_setting_put(struct nl_store *store, const char *kind, const char *name,
                                         const char *value, struct nl_error *err) NL_ALL_NONNULL;

NL_CHECKED enum nl_status nl_setting_drop(struct nl_store *store, const char *kind,
                                          const char *name, struct nl_error *err) NL_ALL_NONNULL;

#endif
