#include "newsletter/store/last_run.h"

#include "newsletter/db/sql.h"

enum { GRAIN_SECONDS = 60 };

enum nl_status nl_last_run_find(struct nl_store *store, const char *what, int64_t *at,
                                struct nl_error *err) {
    return nl_sql_number(store, err, at, NULL,
                         "SELECT CAST(value AS BIGINT) FROM setting WHERE key = ?",
                         NL_VALUES(NL_STRING(what)));
}

enum nl_status nl_last_run_note(struct nl_store *store, const char *what, struct nl_error *err) {
    int64_t at = 0;
    int64_t now = nl_store_now(store);
    enum nl_status status = nl_last_run_find(store, what, &at, err);
    if (status != NL_OK || (at <= now && now - at < GRAIN_SECONDS))
        return status;
    return nl_sql_run(store, err,
                      "INSERT INTO setting (key, value) VALUES (?1, CAST(CAST(?2 AS BIGINT) AS "
                      "TEXT)) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                      NL_VALUES(NL_STRING(what), NL_INT(now)));
}

enum nl_status nl_first_mail_find(struct nl_store *store, int64_t *at, struct nl_error *err) {
    return nl_sql_number(store, err, at, NULL,
                         "SELECT updated_at FROM delivery WHERE state IN ('sent', 'bounced') ORDER "
                         "BY id LIMIT 1",
                         NL_NO_VALUES);
}
