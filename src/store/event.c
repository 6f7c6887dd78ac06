#include "store/event.h"

#include "newsletter/db/removed.h"
#include "store/ledger.h"

/* A statement that adds to the history, and returns the ids of what it adds. */
struct adding {
    const char *sql;
    const struct nl_value *values;
};

static enum nl_status add(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct adding *adding = ctx;
    struct nl_buf ids = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &ids, adding->sql, adding->values);
    if (status == NL_OK)
        status = nl_ledger_events(store, &ids, err);
    nl_buf_free(&ids);
    return status;
}

enum nl_status nl_event_add_all(struct nl_store *store, const char *sql,
                                const struct nl_value *values, struct nl_error *err) {
    return nl_sql_within(store, add, &(struct adding){sql, values}, err);
}

enum nl_status nl_event_add(struct nl_store *store, const char *kind, int64_t list,
                            int64_t subscriber, int64_t issue, const char *detail,
                            struct nl_error *err) {
    return nl_event_add_all(store,
                            "INSERT INTO event (at, kind, list, subscriber, issue, detail) VALUES "
                            "(?, ?, nullif(?, 0), nullif(?, 0), nullif(?, 0), ?) RETURNING id",
                            NL_VALUES(NL_INT(nl_store_now(store)), NL_STRING(kind), NL_INT(list),
                                      NL_INT(subscriber), NL_INT(issue), NL_STRING(detail)),
                            err);
}

enum nl_status nl_event_cause(struct nl_store *store, int64_t subscription, int64_t linked,
                              int64_t *issue, struct nl_error *err) {
    bool known = false;
    *issue = 0;
    /* Where its deliveries are removed, the link alone says that it was that issue. Asked first:
     * its partition may be gone. */
    enum nl_status status = nl_sql_first(
        store, err, &known,
        "SELECT i.id FROM subscription s JOIN issue i ON i.list = s.list WHERE s.id = ? AND i.id = "
        "? AND " NL_IS_REMOVED("i.id"),
        NL_VALUES(NL_INT(subscription), NL_INT(linked)), NL_COLUMNS(NL_INTO(issue)));
    if (status == NL_OK && !known)
        status = nl_sql_first(
            store, err, &known,
            "SELECT d.issue FROM subscription s JOIN issue i ON i.list = s.list JOIN "
            "delivery" NL_OF_ISSUE " d ON d.issue = i.id AND d.subscription = s.id WHERE s.id = ? "
            "AND d.issue = ?",
            NL_VALUES(NL_OF(linked), NL_INT(subscription), NL_INT(linked)),
            NL_COLUMNS(NL_INTO(issue)));
    if (status != NL_OK || known)
        return status;
    return nl_sql_first(store, err, NULL,
                        "SELECT d.issue FROM subscription s JOIN issue i ON i.list = s.list "
                        "JOIN delivery d ON d.issue = i.id AND d.subscription = s.id "
                        "WHERE s.id = ? AND d.state = 'sent' "
                        "ORDER BY d.updated_at DESC, d.id DESC LIMIT 1",
                        NL_VALUES(NL_INT(subscription)), NL_COLUMNS(NL_INTO(issue)));
}

enum nl_status nl_notice_add(struct nl_store *store, const char *kind, int64_t subscription,
                             int64_t *id, struct nl_error *err) {
    return nl_sql_insert(
        store, err, id,
        "INSERT INTO delivery (kind, subscription, state, created_at, updated_at) "
        "VALUES (?, ?, 'queued', ?3, ?3)",
        NL_VALUES(NL_STRING(kind), NL_INT(subscription), NL_INT(nl_store_now(store))));
}
