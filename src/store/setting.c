#include "store/setting.h"

#include "newsletter/base/buf.h"
#include "newsletter/db/sql.h"

#include <string.h>

enum nl_status nl_setting_put(struct nl_store *store, const char *kind, const char *name,
                              const char *value, struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO setting (key, value) VALUES (CAST(?1 AS TEXT) || CAST(?2 AS "
                      "TEXT), ?3) ON CONFLICT (key) DO UPDATE SET value = ?3",
                      NL_VALUES(NL_STRING(kind), NL_STRING(name), NL_STRING(value)));
}

enum nl_status nl_setting_drop(struct nl_store *store, const char *kind, const char *name,
                               struct nl_error *err) {
    return nl_sql_run(store, err,
                      "DELETE FROM setting WHERE key = CAST(?1 AS TEXT) || CAST(?2 AS TEXT)",
                      NL_VALUES(NL_STRING(kind), NL_STRING(name)));
}

struct old {
    int64_t until;
    int64_t (*time_of)(const char *value);
    struct nl_buf keys; /* a line for each */
};

static enum nl_status find_old(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct old *old = context;
    (void)err;
    if (old->time_of(nl_sql_text(row, 1)) <= old->until)
        nl_buf_addf(&old->keys, "%s\n", nl_sql_text(row, 0));
    return NL_OK;
}

enum nl_status nl_settings_forget(struct nl_store *store, const char *sql, int64_t until,
                                  int64_t (*time_of)(const char *value), struct nl_error *err) {
    struct old old = {.until = until, .time_of = time_of};
    enum nl_status status = nl_sql_each(store, err, find_old, &old, sql, NL_NO_VALUES);
    for (char *key = old.keys.data; status == NL_OK && key != NULL && *key != '\0';) {
        size_t len = strcspn(key, "\n");
        key[len] = '\0';
        status = nl_setting_drop(store, "", key, err);
        key += len + 1;
    }
    nl_buf_free(&old.keys);
    return status;
}
