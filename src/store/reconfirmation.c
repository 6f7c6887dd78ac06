#include "newsletter/store/reconfirmation.h"

#include "store/event.h"
#include "store/ledger.h"
#include "store/segment_sql.h"

/* ---- asking ---- */

struct ask {
    const struct nl_reconfirmation *reconfirmation;
    int64_t count;
};

static void select_overdue(struct nl_store *store, const struct nl_reconfirmation *self,
                           const char *column, struct nl_query *query) {
    nl_query_add(query, NL_VALUES(NL_INT(self->list), NL_INT(self->before),
                                  NL_INT(nl_sql_limit(self->limit))));
    nl_buf_addf(&query->sql,
                "SELECT %s FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
                "WHERE s.state = 'active' AND s.reconfirm_by IS NULL AND ?1 IN (0, s.list) "
                "AND (?2 = 0 OR coalesce(s.confirmed_at, 0) < ?2) AND ?3 > 0 "
                "AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = "
                "r.address_key)",
                column);
    nl_segment_add(store, self->segment, false, query);
}

/* Counting takes no lock, and holds nobody up. */
static enum nl_status count_overdue(struct nl_store *store, const struct nl_reconfirmation *self,
                                    int64_t *count, struct nl_error *err) {
    struct nl_query query = {0};
    select_overdue(store, self, "count(*)", &query);
    enum nl_status status = nl_query_number(store, err, count, &query);
    nl_query_free(&query);
    if (status == NL_OK && self->limit > 0 && *count > self->limit)
        *count = self->limit;
    return status;
}

/* Ids first: the rows are changed afterwards. */
static enum nl_status find_overdue(struct nl_store *store, const struct nl_reconfirmation *self,
                                   struct nl_buf *ids, struct nl_error *err) {
    struct nl_query query = {0};
    select_overdue(store, self, "s.id", &query);
    nl_buf_adds(&query.sql, " ORDER BY s.confirmed_at, s.id LIMIT ?3");
    enum nl_status status = nl_query_each(store, err, nl_sql_add_id, ids, &query);
    nl_query_free(&query);
    return status;
}

static enum nl_status ask_one(struct nl_store *store, int64_t subscription, int64_t by,
                              struct nl_error *err) {
    int64_t notice = 0;
    enum nl_status status =
        nl_sql_run(store, err, "UPDATE subscription SET reconfirm_by = ? WHERE id = ?",
                   NL_VALUES(NL_INT(by), NL_INT(subscription)));
    return status == NL_OK ? nl_notice_add(store, "reconfirmation", subscription, &notice, err)
                           : status;
}

static enum nl_status ask(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct ask *call = ctx;
    struct nl_buf ids = {0};
    enum nl_status status = find_overdue(store, call->reconfirmation, &ids, err);
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&ids); i++) {
        status = ask_one(store, nl_ids_at(&ids, i), call->reconfirmation->by, err);
        call->count++;
    }
    nl_buf_free(&ids);
    return status;
}

enum nl_status nl_reconfirmation_ask(struct nl_store *store,
                                     const struct nl_reconfirmation *reconfirmation, bool dry_run,
                                     int64_t *count, struct nl_error *err) {
    struct ask call = {.reconfirmation = reconfirmation};
    if (dry_run)
        return count_overdue(store, reconfirmation, count, err);
    enum nl_status status = nl_sql_exclusive(store, ask, &call, err);
    *count = call.count;
    return status;
}

/* ---- ending ---- */

/* A question that was never sent has asked nobody. */
#define OVER                                                                                       \
    "reconfirm_by <= ?1 AND state = 'active' AND EXISTS (SELECT 1 FROM delivery d WHERE "          \
    "d.subscription = subscription.id AND d.issue IS NULL AND d.kind = 'reconfirmation' AND "      \
    "d.state IN ('sent', 'unknown'))"

static enum nl_status end_overdue(struct nl_store *store, void *ctx, struct nl_error *err) {
    int64_t *count = ctx;
    int64_t now = nl_store_now(store);
    struct nl_buf events = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &events,
                    "INSERT INTO event (at, kind, list, subscriber, detail) SELECT ?1, "
                    "'unsubscribed', list, subscriber, 'not reconfirmed' FROM subscription "
                    "WHERE " OVER " RETURNING id",
                    NL_VALUES(NL_INT(now)));
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "UPDATE subscription SET state = 'unsubscribed', ended_at = ?1, "
                            "noticed_at = NULL, reconfirm_by = NULL WHERE " OVER,
                            NL_VALUES(NL_INT(now)));
    *count = nl_sql_changes(store);
    if (status == NL_OK)
        status = nl_ledger_events(store, &events, err);
    nl_buf_free(&events);
    return status;
}

enum nl_status nl_reconfirmation_end(struct nl_store *store, int64_t *count, struct nl_error *err) {
    enum nl_status status = nl_sql_exclusive(store, end_overdue, count, err);
    if (status != NL_OK)
        *count = 0;
    return status;
}
