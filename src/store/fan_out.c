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
    struct nl_query query = {0};
    bool row = false;
    nl_buf_addf(&query.sql, "%s " AUDIENCE, before);
    for (int i = 0; i < count; i++)
        nl_query_number(&query, numbers[i]);
    nl_segment_add(store, segment, &query);
    nl_buf_adds(&query.sql, behind);
    struct nl_statement *statement = nl_sql_query(store, &query, err);
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    *first = row ? nl_sql_int64(statement, 0) : 0;
    nl_sql_end(statement);
    nl_query_free(&query);
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
    fan_out->deliveries = nl_sql_changes(store);
    return status;
}

enum nl_status nl_audience_count(struct nl_store *store, int64_t list,
                                 const struct nl_segment *segment, int64_t *people,
                                 struct nl_error *err) {
    return on_audience(store, "SELECT count(*)", "", &list, 1, segment, people, err);
}
