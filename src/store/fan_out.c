#include "store/fan_out.h"

#define AUDIENCE                                                                                   \
    "FROM subscription s JOIN subscriber r ON r.id = s.subscriber "                                \
    "WHERE s.list = ?1 AND s.state = 'active' AND NOT EXISTS "                                     \
    "(SELECT 1 FROM suppression x WHERE x.address_key = r.address_key)"

/* Runs a statement on the audience; `values` begin with the list. The values of the segment follow
 * them. */
static enum nl_status on_audience(struct nl_store *store, const char *before, const char *after,
                                  const struct nl_value *values, const struct nl_segment *segment,
                                  int64_t *first, struct nl_error *err) {
    struct nl_query query = {0};
    nl_buf_addf(&query.sql, "%s " AUDIENCE, before);
    nl_query_add(&query, values);
    nl_segment_add(store, segment, &query);
    nl_buf_adds(&query.sql, after);
    enum nl_status status = nl_query_number(store, err, first, &query);
    nl_query_free(&query);
    return status;
}

enum nl_status nl_fan_out(struct nl_store *store, struct nl_fan_out *fan_out,
                          struct nl_error *err) {
    int64_t none = 0;
    enum nl_status status = on_audience(
        store,
        "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) "
        "SELECT 'issue', ?2, s.id, 'queued', ?3, ?3",
        " ORDER BY s.id",
        NL_VALUES(NL_INT(fan_out->list), NL_INT(fan_out->issue), NL_INT(nl_store_now(store))),
        fan_out->segment, &none, err);
    fan_out->deliveries = nl_sql_changes(store);
    return status;
}

enum nl_status nl_audience_count(struct nl_store *store, int64_t list,
                                 const struct nl_segment *segment, int64_t *people,
                                 struct nl_error *err) {
    return on_audience(store, "SELECT count(*)", "", NL_VALUES(NL_INT(list)), segment, people, err);
}
