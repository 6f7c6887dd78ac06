/* Settings of the program's own: a text for each key. */
#ifndef NL_STORE_SETTING_H
#define NL_STORE_SETTING_H

#include "newsletter/db/handle.h"

/* Sets the value of the key that is `kind` and then `name`, in place of an earlier one. */
NL_CHECKED enum nl_status nl_setting_put(struct nl_store *store, const char *kind, const char *name,
                                         const char *value, struct nl_error *err) NL_ALL_NONNULL;

NL_CHECKED enum nl_status nl_setting_drop(struct nl_store *store, const char *kind,
                                          const char *name, struct nl_error *err) NL_ALL_NONNULL;

/* Drops those of the settings that `sql` finds, by key and value, whose time is not after `until`.
 * `time_of` reads it from a value. */
NL_CHECKED enum nl_status nl_settings_forget(struct nl_store *store, const char *sql, int64_t until,
                                             int64_t (*time_of)(const char *value),
                                             struct nl_error *err) NL_ALL_NONNULL;

#endif
