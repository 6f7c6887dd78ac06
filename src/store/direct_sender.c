#include "newsletter/store/direct_sender.h"

#include "newsletter/db/sql.h"

/* The key is "direct sender OWNER", and the value the second until which it holds. */

struct noting {
    const char *owner;
    int64_t seconds;
    int64_t *count;
};

static enum nl_status note(struct nl_store *store, void *context, struct nl_error *err) {
    const struct noting *noting = context;
    int64_t now = nl_store_now(store);
    enum nl_status status =
        nl_sql_run(store, err,
                   "DELETE FROM setting WHERE key >= 'direct sender ' AND key < 'direct sender!' "
                   "AND CAST(value AS BIGINT) <= ?",
                   NL_VALUES(NL_INT(now)));
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "INSERT INTO setting (key, value) VALUES ('direct sender ' || "
                            "CAST(?1 AS TEXT), CAST(CAST(?2 AS BIGINT) AS TEXT)) "
                            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                            NL_VALUES(NL_STRING(noting->owner), NL_INT(now + noting->seconds)));
    return status == NL_OK ? nl_sql_number(store, err, noting->count, NULL,
                                           "SELECT count(*) FROM setting WHERE key >= 'direct "
                                           "sender ' AND key < 'direct sender!'",
                                           NL_NO_VALUES)
                           : status;
}

enum nl_status nl_direct_sender_note(struct nl_store *store, const char *owner, int64_t seconds,
                                     int64_t *count, struct nl_error *err) {
    struct noting noting = {owner, seconds, count};
    *count = 1;
    return nl_sql_shared(store, note, &noting, err);
}

enum nl_status nl_direct_sender_drop(struct nl_store *store, const char *owner,
                                     struct nl_error *err) {
    return nl_sql_run(store, err,
                      "DELETE FROM setting WHERE key = 'direct sender ' || CAST(? AS TEXT)",
                      NL_VALUES(NL_STRING(owner)));
}
