#include "store/setting.h"

#include "newsletter/db/sql.h"

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
