#include "store/fan_out.h"

#include "newsletter/store/segment_index.h"

#define OF_A_LIST                                                                                  \
    "s.list = ?1 AND s.state = 'active' AND NOT EXISTS "                                           \
    "(SELECT 1 FROM suppression x WHERE x.address_key = r.address_key)"
#define PEOPLE "FROM subscription s JOIN subscriber r ON r.id = s.subscriber WHERE "

/* The same, from the people on whom an index of their attributes finds: SQLite keeps the order of a
 * cross join. It knows no sizes, so by itself it would walk through the list. */
#define FOUND_PEOPLE "FROM subscriber r CROSS JOIN subscription s WHERE s.subscriber = r.id AND "

/* Runs a statement on a part of the audience; `values` begin with the list. The values of the
 * segment follow them. */
static enum nl_status on_part(struct nl_store *store, const char *before, const char *which,
                              const char *after, const struct nl_value *values,
                              const struct nl_segment *segment, int64_t *first,
                              struct nl_error *err) {
    struct nl_query query = {0};
    nl_buf_addf(&query.sql, "%s " PEOPLE OF_A_LIST "%s", before, which);
    nl_query_add(&query, values);
    nl_segment_add(store, segment, false, &query);
    nl_buf_adds(&query.sql, after);
    enum nl_status status = nl_query_number(store, err, first, &query);
    nl_query_free(&query);
    return status;
}

/* Begins a query on all of the audience; the caller frees it. */
static struct nl_query on_all(struct nl_store *store, const char *before, const char *which,
                              const struct nl_value *values, const struct nl_segment *segment) {
    struct nl_query query = {0};
    bool found = nl_segment_is_found(store, segment);
    nl_buf_addf(&query.sql, "%s %s%s", before, found ? FOUND_PEOPLE : PEOPLE, which);
    nl_query_add(&query, values);
    nl_segment_add(store, segment, found, &query);
    return query;
}

struct nl_query nl_audience_query(struct nl_store *store, const char *before, int64_t list,
                                  const struct nl_segment *segment) {
    return on_all(store, before, OF_A_LIST, NL_VALUES(NL_INT(list)), segment);
}

static enum nl_status count_all(struct nl_store *store, const char *before,
                                const struct nl_value *values, const struct nl_segment *segment,
                                int64_t *people, struct nl_error *err) {
    struct nl_query query = on_all(store, before, OF_A_LIST, values, segment);
    enum nl_status status = nl_query_number(store, err, people, &query);
    nl_query_free(&query);
    return status;
}

/* Only the people of a part. */
#define OF_THE_PART                                                                                \
    " AND s.id > ?4 AND s.id <= ?5 AND NOT EXISTS (SELECT 1 FROM making_late w "                   \
    "WHERE w.making = ?6 AND w.subscription = s.id)"

#define PART_VALUES(fan_out)                                                                       \
    NL_INT((fan_out)->list), NL_INT((fan_out)->issue), NL_INT(nl_store_now(store)),                \
        NL_INT((fan_out)->after), NL_INT((fan_out)->last), NL_INT((fan_out)->making)

static const char *state_of(const struct nl_fan_out *fan_out) {
    return nl_delivery_state_text(fan_out->waits ? NL_DELIVERY_DEFERRED : NL_DELIVERY_QUEUED);
}

/* A subscription that has a delivery already is not a mistake: its person may belong to an earlier
 * making too. */
enum nl_status nl_fan_out(struct nl_store *store, struct nl_fan_out *fan_out,
                          struct nl_error *err) {
    int64_t none = 0;
    enum nl_status status = on_part(
        store,
        "INSERT INTO delivery (kind, issue, subscription, state, variant, created_at, updated_at) "
        "SELECT 'issue', ?2, s.id, ?7, nullif(?8, 0), ?3, ?3",
        OF_THE_PART, " ORDER BY s.id ON CONFLICT (issue, subscription) DO NOTHING",
        NL_VALUES(PART_VALUES(fan_out), NL_STRING(state_of(fan_out)), NL_INT(fan_out->variant)),
        fan_out->segment, &none, err);
    fan_out->deliveries = nl_sql_changes(store);
    return status;
}

/* Queues skipped deliveries first; after that, people without a delivery remain. */
enum nl_status nl_fan_out_further(struct nl_store *store, struct nl_fan_out *fan_out,
                                  struct nl_error *err) {
    int64_t none = 0;
    enum nl_status status = on_part(
        store,
        "UPDATE delivery SET state = ?7, variant = nullif(?8, 0), reply_text = NULL, "
        "updated_at = ?3 WHERE issue = ?2 AND subscription > ?4 AND subscription <= ?5 AND "
        "state = 'skipped' AND subscription IN (SELECT s.id",
        OF_THE_PART, ")",
        NL_VALUES(PART_VALUES(fan_out), NL_STRING(state_of(fan_out)), NL_INT(fan_out->variant)),
        fan_out->segment, &none, err);
    int64_t again = nl_sql_changes(store);
    if (status == NL_OK)
        status = nl_fan_out(store, fan_out, err);
    fan_out->deliveries += again;
    return status;
}

enum nl_status nl_fan_out_count(struct nl_store *store, const struct nl_fan_out *fan_out,
                                bool further, int64_t *people, struct nl_error *err) {
    return on_part(
        store,
        "SELECT count(*) FILTER (WHERE ?3 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM delivery d "
        "WHERE d.issue = ?2 AND d.subscription = s.id AND (?7 = 0 OR d.state <> 'skipped')))",
        OF_THE_PART, "", NL_VALUES(PART_VALUES(fan_out), NL_INT(further)), fan_out->segment, people,
        err);
}

enum nl_status nl_further_count(struct nl_store *store, int64_t list, int64_t issue,
                                const struct nl_segment *segment, int64_t *people,
                                struct nl_error *err) {
    return count_all(store,
                     "SELECT count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE "
                     "d.issue = ?2 AND d.subscription = s.id AND d.state <> 'skipped') AND NOT "
                     "EXISTS (SELECT 1 FROM making m WHERE m.issue = ?2 AND m.segment IS NULL "
                     "AND s.id > m.reached AND s.id <= m.newest AND NOT EXISTS (SELECT 1 FROM "
                     "making_late w WHERE w.making = m.id AND w.subscription = s.id)))",
                     NL_VALUES(NL_INT(list), NL_INT(issue)), segment, people, err);
}

enum nl_status nl_audience_count(struct nl_store *store, int64_t list,
                                 const struct nl_segment *segment, int64_t *people,
                                 struct nl_error *err) {
    return count_all(store, "SELECT count(*)", NL_VALUES(NL_INT(list)), segment, people, err);
}

struct left_out {
    int64_t suppressed, unconfirmed;
};

static enum nl_status take_left_out(const struct nl_sql_row *row, void *context,
                                    struct nl_error *err) {
    struct left_out *out = context;
    (void)err;
    out->suppressed = nl_sql_int(row, 0);
    out->unconfirmed = nl_sql_int(row, 1);
    return NL_OK;
}

enum nl_status nl_audience_left_out(struct nl_store *store, int64_t list,
                                    const struct nl_segment *segment, int64_t *suppressed,
                                    int64_t *unconfirmed, struct nl_error *err) {
    struct left_out out = {0};
    struct nl_query query = on_all(
        store,
        "SELECT count(*) FILTER (WHERE s.state = 'active'), count(*) FILTER (WHERE s.state = "
        "'pending')",
        "s.list = ?1 AND (s.state = 'pending' OR (s.state = 'active' AND EXISTS (SELECT 1 FROM "
        "suppression x WHERE x.address_key = r.address_key)))",
        NL_VALUES(NL_INT(list)), segment);
    enum nl_status status = nl_query_each(store, err, take_left_out, &out, &query);
    *suppressed = out.suppressed;
    *unconfirmed = out.unconfirmed;
    nl_query_free(&query);
    return status;
}

enum nl_status nl_audience_languages(struct nl_store *store, int64_t list,
                                     const struct nl_segment *segment, nl_sql_visit *each,
                                     void *context, struct nl_error *err) {
    struct nl_query query = nl_audience_query(
        store, "SELECT coalesce(language, ''), count(*) FROM (SELECT r.language", list, segment);
    nl_buf_adds(&query.sql, ") AS told GROUP BY 1 ORDER BY 2 DESC, 1");
    enum nl_status status = nl_query_each(store, err, each, context, &query);
    nl_query_free(&query);
    return status;
}

enum nl_status nl_audience_zones(struct nl_store *store, int64_t list,
                                 const struct nl_segment *segment, nl_sql_visit *each,
                                 void *context, struct nl_error *err) {
    struct nl_query query = nl_audience_query(
        store,
        "SELECT zone, count(*) FROM (SELECT coalesce(CASE WHEN json_type(r.attributes, "
        "'$.timezone') = 'text' THEN json_extract(r.attributes, '$.timezone') END, '') AS zone",
        list, segment);
    nl_buf_adds(&query.sql, ") AS told GROUP BY zone ORDER BY 2 DESC, 1");
    enum nl_status status = nl_query_each(store, err, each, context, &query);
    nl_query_free(&query);
    return status;
}
