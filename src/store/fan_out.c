#include "store/fan_out.h"

#define AUDIENCE                                                                                   \
    "FROM subscription s JOIN subscriber r ON r.id = s.subscriber "                                \
    "WHERE s.list = ?1 AND s.state = 'active' AND NOT EXISTS "                                     \
    "(SELECT 1 FROM suppression x WHERE x.address_key = r.address_key)"

/* Runs a statement on the audience: list ?1, further numbers from ?2 on, then those of the segment.
 */
static enum nl_status on_audience(struct nl_store *store, const char *before, const char *behind,
                                  const int64_t *numbers, int count,
                                  const struct nl_segment *segment, int64_t *first,
                                  struct nl_error *err) {
    struct nl_buf sql = {0};
    sqlite3_stmt *statement = NULL;
    bool row = false;
    nl_buf_addf(&sql, "%s " AUDIENCE, before);
    nl_segment_sql(segment, &sql);
    nl_buf_adds(&sql, behind);
    enum nl_status status = nl_segment_prepare(store, &sql, &statement, err);
    for (int i = 0; status == NL_OK && i < count; i++)
        if (sqlite3_bind_int64(statement, i + 1, numbers[i]) != SQLITE_OK)
            status = nl_sql_error(store, err);
    if (status == NL_OK)
        status = nl_segment_bind(store, statement, count + 1, segment, err);
    if (status == NL_OK)
        status = nl_sql_step(store, statement, &row, err);
    *first = row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    nl_buf_free(&sql);
    return status;
}

enum nl_status nl_fan_out(struct nl_store *store, struct nl_fan_out *fan_out,
                          struct nl_error *err) {
    const int64_t numbers[] = {fan_out->list, fan_out->issue, nl_env_now(&store->env)};
    int64_t none = 0;
    enum nl_status status = on_audience(
        store,
        "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) "
        "SELECT 'issue', ?2, s.id, 'queued', ?3, ?3",
        " ORDER BY s.id", numbers, 3, fan_out->segment, &none, err);
    fan_out->deliveries = sqlite3_changes64(store->db);
    return status;
}

enum nl_status nl_audience_count(struct nl_store *store, int64_t list,
                                 const struct nl_segment *segment, int64_t *people,
                                 struct nl_error *err) {
    return on_audience(store, "SELECT count(*)", "", &list, 1, segment, people, err);
}
