#include "newsletter/store/statistics.h"

#include "newsletter/db/sql.h"

static const char *text(struct nl_statement *statement, int column) {
    const char *value = nl_sql_borrow(statement, column);
    return value != NULL ? value : "";
}

enum nl_status nl_statistics_growth(struct nl_store *store, int64_t list,
                                    enum nl_status (*each)(int64_t day, int64_t joined,
                                                           int64_t left, int64_t active, void *ctx,
                                                           struct nl_error *err),
                                    void *ctx, struct nl_error *err) {
    bool row = false;
    struct nl_statement *statement = nl_sql(
        store, err,
        "WITH move (day, joined, gone) AS ("
        "SELECT confirmed_at / 86400, count(*), 0 FROM subscription WHERE ?1 IN (0, list) "
        "AND confirmed_at IS NOT NULL AND state <> 'pending' GROUP BY 1 "
        "UNION ALL SELECT ended_at / 86400, 0, count(*) FROM subscription WHERE ?1 IN (0, list) "
        "AND confirmed_at IS NOT NULL AND state NOT IN ('pending', 'active') GROUP BY 1), "
        "days AS (SELECT day, sum(joined) AS joined, sum(gone) AS gone FROM move GROUP BY day) "
        "SELECT day * 86400, CAST(joined AS BIGINT), CAST(gone AS BIGINT), "
        "CAST(sum(joined - gone) OVER (ORDER BY day) AS BIGINT) FROM days "
        "ORDER BY day",
        "i", list);
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    while (status == NL_OK && row) {
        status = each(nl_sql_int64(statement, 0), nl_sql_int64(statement, 1),
                      nl_sql_int64(statement, 2), nl_sql_int64(statement, 3), ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}

/* Two words and a number in each row. */
static enum nl_status each_count(struct nl_store *store, struct nl_statement *statement,
                                 enum nl_status (*each)(const char *, const char *, int64_t, void *,
                                                        struct nl_error *),
                                 void *ctx, struct nl_error *err) {
    bool row = false;
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    while (status == NL_OK && row) {
        status = each(text(statement, 0), text(statement, 1), nl_sql_int64(statement, 2), ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}

enum nl_status nl_statistics_domains(struct nl_store *store, int64_t issue, int64_t limit,
                                     enum nl_status (*each)(const char *domain, const char *state,
                                                            int64_t count, void *ctx,
                                                            struct nl_error *err),
                                     void *ctx, struct nl_error *err) {
    /* What stands behind the last "@": a quoted local part may hold others. */
    return each_count(
        store,
        nl_sql(
            store, err,
            "WITH part AS (SELECT CASE WHEN r.address_key LIKE '%@%' THEN replace(r.address_key, "
            "rtrim(r.address_key, replace(r.address_key, '@', '')), '') ELSE '' END AS domain, "
            "d.state AS state, count(*) AS n FROM delivery d JOIN subscription s ON "
            "s.id = d.subscription JOIN subscriber r ON r.id = s.subscriber WHERE d.issue = ?1 "
            "GROUP BY 1, 2), "
            "largest AS (SELECT domain, sum(n) AS total FROM part GROUP BY domain "
            "ORDER BY total DESC, domain LIMIT ?2) "
            "SELECT part.domain, part.state, part.n FROM largest JOIN part ON "
            "part.domain = largest.domain ORDER BY largest.total DESC, part.domain, "
            "part.state",
            "ii", issue, limit),
        each, ctx, err);
}

enum nl_status nl_statistics_reasons(struct nl_store *store, int64_t issue,
                                     enum nl_status (*each)(const char *kind, const char *reason,
                                                            int64_t count, void *ctx,
                                                            struct nl_error *err),
                                     void *ctx, struct nl_error *err) {
    return each_count(
        store,
        nl_sql(store, err,
               "SELECT kind, reason, count(*) AS n FROM (SELECT b.kind AS kind, b.reason AS reason "
               "FROM bounce b JOIN delivery d ON d.id = b.delivery WHERE d.issue = ?1 "
               "UNION ALL SELECT 'refused', coalesce(d.reply_status, CAST(d.reply_code AS TEXT), "
               "'unknown') "
               "FROM delivery d WHERE d.issue = ?1 AND d.state IN ('bounced', 'failed') AND NOT "
               "EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = d.id)) AS found "
               "GROUP BY kind, reason ORDER BY n DESC, kind, reason",
               "i", issue),
        each, ctx, err);
}

enum nl_status nl_statistics_timeline(struct nl_store *store, int64_t issue, int64_t seconds,
                                      enum nl_status (*each)(int64_t from, const char *state,
                                                             int64_t count, void *ctx,
                                                             struct nl_error *err),
                                      void *ctx, struct nl_error *err) {
    bool row = false;
    struct nl_statement *statement =
        nl_sql(store, err,
               "SELECT updated_at / ?2 * ?2 AS period, state, count(*) FROM delivery WHERE "
               "issue = ?1 AND state NOT IN ('queued', 'leased') GROUP BY period, state "
               "ORDER BY period, state",
               "ii", issue, seconds);
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    while (status == NL_OK && row) {
        status = each(nl_sql_int64(statement, 0), text(statement, 1), nl_sql_int64(statement, 2),
                      ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}

enum nl_status nl_statistics_unsubscribed(struct nl_store *store, int64_t issue, int64_t *count,
                                          struct nl_error *err) {
    return nl_sql_number(store, err, count, NULL,
                         "SELECT count(*) FROM issue i JOIN event e ON e.list = i.list AND "
                         "e.at BETWEEN i.created_at AND i.created_at + 604800 "
                         "WHERE i.id = ? AND e.kind = 'unsubscribed'",
                         "i", issue);
}

enum nl_status nl_statistics_issues(struct nl_store *store,
                                    enum nl_status (*each)(const char *state, const char *unused,
                                                           int64_t count, void *ctx,
                                                           struct nl_error *err),
                                    void *ctx, struct nl_error *err) {
    return each_count(
        store, nl_sql(store, err, "SELECT state, '', count(*) FROM issue GROUP BY state", ""), each,
        ctx, err);
}

enum nl_status nl_statistics_deliveries(struct nl_store *store,
                                        enum nl_status (*each)(const char *kind, const char *state,
                                                               int64_t count, void *ctx,
                                                               struct nl_error *err),
                                        void *ctx, struct nl_error *err) {
    return each_count(
        store,
        nl_sql(store, err,
               "SELECT kind, state, count(*) FROM delivery WHERE issue IS NULL OR issue IN "
               "(SELECT id FROM issue WHERE state IN ('sending', 'paused')) GROUP BY kind, state "
               "ORDER BY 1, 2",
               ""),
        each, ctx, err);
}

enum nl_status nl_statistics_events(struct nl_store *store,
                                    enum nl_status (*each)(const char *kind, const char *unused,
                                                           int64_t count, void *ctx,
                                                           struct nl_error *err),
                                    void *ctx, struct nl_error *err) {
    return each_count(store,
                      nl_sql(store, err, "SELECT kind, '', count(*) FROM event GROUP BY kind", ""),
                      each, ctx, err);
}

enum nl_status nl_statistics_overdue(struct nl_store *store, int64_t *seconds,
                                     struct nl_error *err) {
    enum nl_status status = nl_sql_number(
        store, err, seconds, NULL,
        "SELECT ?1 - coalesce(min(CASE d.state WHEN 'queued' THEN d.updated_at ELSE "
        "d.next_attempt_at END), ?1) FROM delivery d LEFT JOIN issue i ON i.id = d.issue "
        "WHERE d.state IN ('queued', 'deferred') AND coalesce(i.state, 'sending') = 'sending'",
        "i", nl_env_now(&store->env));
    if (*seconds < 0)
        *seconds = 0;
    return status;
}
