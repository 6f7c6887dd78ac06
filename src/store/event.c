#include "store/event.h"

enum nl_status nl_event_add(struct nl_store *store, const char *kind, int64_t list,
                            int64_t subscriber, int64_t issue, const char *detail,
                            struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO event (at, kind, list, subscriber, issue, detail) "
                      "VALUES (?, ?, nullif(?, 0), nullif(?, 0), nullif(?, 0), ?)",
                      "isiiis", nl_env_now(&store->env), kind, list, subscriber, issue, detail);
}

enum nl_status nl_notice_add(struct nl_store *store, const char *kind, int64_t subscription,
                             int64_t *id, struct nl_error *err) {
    return nl_sql_insert(store, err, id,
                         "INSERT INTO delivery (kind, subscription, state, created_at, updated_at) "
                         "VALUES (?, ?, 'queued', ?3, ?3)",
                         "sii", kind, subscription, nl_env_now(&store->env));
}
