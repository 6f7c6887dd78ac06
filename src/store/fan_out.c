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

/* A subject test that is not decided makes people wait, as it does those of the first fan-out. */
#define STATE_OF_FURTHER                                                                           \
    "CASE WHEN EXISTS (SELECT 1 FROM subject_test t WHERE t.issue = ?2 AND t.winner IS NULL) "     \
    "THEN 'deferred' ELSE 'queued' END"
#define VARIANT_OF_FURTHER "(SELECT t.winner FROM subject_test t WHERE t.issue = ?2)"

/* Queues skipped deliveries first; after that, people without a delivery remain. */
enum nl_status nl_fan_out_further(struct nl_store *store, struct nl_fan_out *fan_out,
                                  struct nl_error *err) {
    int64_t none = 0;
    const struct nl_value *values =
        NL_VALUES(NL_INT(fan_out->list), NL_INT(fan_out->issue), NL_INT(nl_store_now(store)));
    enum nl_status status =
        on_audience(store,
                    "UPDATE delivery SET state = " STATE_OF_FURTHER
                    ", variant = " VARIANT_OF_FURTHER ", reply_text = NULL, updated_at = ?3 "
                    "WHERE issue = ?2 AND state = 'skipped' AND subscription IN (SELECT s.id",
                    ")", values, fan_out->segment, &none, err);
    fan_out->deliveries = nl_sql_changes(store);
    if (status == NL_OK)
        status = on_audience(
            store,
            "INSERT INTO delivery (kind, issue, subscription, state, variant, created_at, "
            "updated_at) SELECT 'issue', ?2, s.id, " STATE_OF_FURTHER ", " VARIANT_OF_FURTHER
            ", ?3, ?3",
            " AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.issue = ?2 AND "
            "d.subscription = s.id) ORDER BY s.id",
            values, fan_out->segment, &none, err);
    fan_out->deliveries += nl_sql_changes(store);
    return status;
}

enum nl_status nl_further_count(struct nl_store *store, int64_t list, int64_t issue,
                                const struct nl_segment *segment, int64_t *people,
                                struct nl_error *err) {
    return on_audience(store,
                       "SELECT count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE "
                       "d.issue = ?2 AND d.subscription = s.id AND d.state <> 'skipped'))",
                       "", NL_VALUES(NL_INT(list), NL_INT(issue)), segment, people, err);
}

enum nl_status nl_audience_count(struct nl_store *store, int64_t list,
                                 const struct nl_segment *segment, int64_t *people,
                                 struct nl_error *err) {
    return on_audience(store, "SELECT count(*)", "", NL_VALUES(NL_INT(list)), segment, people, err);
}

enum nl_status nl_audience_zones(struct nl_store *store, int64_t list,
                                 const struct nl_segment *segment, nl_sql_visit *each,
                                 void *context, struct nl_error *err) {
    struct nl_query query = {0};
    nl_buf_adds(&query.sql, "SELECT zone, count(*) FROM (SELECT coalesce(CASE WHEN "
                            "json_type(r.attributes, '$.timezone') = 'text' THEN "
                            "json_extract(r.attributes, '$.timezone') END, '') AS zone " AUDIENCE);
    nl_query_add(&query, NL_VALUES(NL_INT(list)));
    nl_segment_add(store, segment, &query);
    nl_buf_adds(&query.sql, ") AS told GROUP BY zone ORDER BY 2 DESC, 1");
    enum nl_status status = nl_query_each(store, err, each, context, &query);
    nl_query_free(&query);
    return status;
}
