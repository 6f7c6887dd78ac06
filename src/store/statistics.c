#include "newsletter/store/statistics.h"

#include "newsletter/db/sql.h"
#include "store/removed.h"

static const char *text_of(const struct nl_sql_row *row, int column) {
    const char *value = nl_sql_text(row, column);
    return value != NULL ? value : "";
}

struct growth {
    enum nl_status (*each)(int64_t day, int64_t joined, int64_t left, int64_t active, void *ctx,
                           struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_day(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct growth *growth = context;
    return growth->each(nl_sql_int(row, 0), nl_sql_int(row, 1), nl_sql_int(row, 2),
                        nl_sql_int(row, 3), growth->ctx, err);
}

enum nl_status nl_statistics_growth(struct nl_store *store, int64_t list,
                                    enum nl_status (*each)(int64_t day, int64_t joined,
                                                           int64_t left, int64_t active, void *ctx,
                                                           struct nl_error *err),
                                    void *ctx, struct nl_error *err) {
    struct growth growth = {each, ctx};
    return nl_sql_each(
        store, err, visit_day, &growth,
        "WITH move (day, joined, gone) AS ("
        "SELECT confirmed_at / 86400, count(*), 0 FROM subscription WHERE ?1 IN (0, list) "
        "AND confirmed_at IS NOT NULL AND state <> 'pending' GROUP BY 1 "
        "UNION ALL SELECT ended_at / 86400, 0, count(*) FROM subscription WHERE ?1 IN (0, list) "
        "AND confirmed_at IS NOT NULL AND state NOT IN ('pending', 'active') GROUP BY 1), "
        "days AS (SELECT day, sum(joined) AS joined, sum(gone) AS gone FROM move GROUP BY day) "
        "SELECT day * 86400, CAST(joined AS BIGINT), CAST(gone AS BIGINT), "
        "CAST(sum(joined - gone) OVER (ORDER BY day) AS BIGINT) FROM days "
        "ORDER BY day",
        NL_VALUES(NL_INT(list)));
}

/* Rows of two words and a number. */
struct counts {
    enum nl_status (*each)(const char *, const char *, int64_t, void *, struct nl_error *);
    void *ctx;
};

static enum nl_status visit_count(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    const struct counts *counts = context;
    return counts->each(text_of(row, 0), text_of(row, 1), nl_sql_int(row, 2), counts->ctx, err);
}

/* The figures that triggers keep (migrations/0020-issue-figures.sql), as rows of a state each. */
#define ENDED_SUMS                                                                                 \
    "CAST(sum(sent) AS BIGINT) AS sent, CAST(sum(deferred) AS BIGINT) AS deferred, "               \
    "CAST(sum(bounced) AS BIGINT) AS bounced, CAST(sum(failed) AS BIGINT) AS failed, "             \
    "CAST(sum(unknown) AS BIGINT) AS unknown, CAST(sum(skipped) AS BIGINT) AS skipped"
#define SUMS "CAST(sum(waiting) AS BIGINT) AS waiting, " ENDED_SUMS
#define STATE(key, total, state)                                                                   \
    " UNION ALL SELECT " #key ", " #total ", '" #state "', " #state " FROM largest"
#define ENDED_STATES(key, total)                                                                   \
    STATE(key, total, sent)                                                                        \
    STATE(key, total, deferred)                                                                    \
    STATE(key, total, bounced)                                                                     \
    STATE(key, total, failed)                                                                      \
    STATE(key, total, unknown)                                                                     \
    STATE(key, total, skipped)

enum nl_status nl_statistics_domains(struct nl_store *store, int64_t issue, int64_t limit,
                                     enum nl_status (*each)(const char *domain, const char *state,
                                                            int64_t count, void *ctx,
                                                            struct nl_error *err),
                                     void *ctx, struct nl_error *err) {
    struct counts counts = {each, ctx};
    return nl_sql_each(
        store, err, visit_count, &counts,
        "WITH part AS (SELECT domain, " SUMS
        " FROM issue_domain WHERE issue = ?1 GROUP BY domain), "
        "largest AS (SELECT part.*, waiting + sent + deferred + bounced + failed + unknown + "
        "skipped "
        "AS total FROM part ORDER BY total DESC, domain LIMIT ?2) "
        "SELECT domain, state, n FROM (SELECT domain, total, 'queued' AS state, waiting AS n FROM "
        "largest" ENDED_STATES(domain, total) ") AS told WHERE n > 0 "
                                              "ORDER BY total DESC, domain, state",
        NL_VALUES(NL_INT(issue), NL_INT(limit)));
}

enum nl_status nl_statistics_reasons(struct nl_store *store, int64_t issue,
                                     enum nl_status (*each)(const char *kind, const char *reason,
                                                            int64_t count, void *ctx,
                                                            struct nl_error *err),
                                     void *ctx, struct nl_error *err) {
    struct counts counts = {each, ctx};
    return nl_sql_each(
        store, err, visit_count, &counts,
        "SELECT kind, reason, n FROM (SELECT kind, reason, CAST(sum(times) AS BIGINT) AS n FROM "
        "issue_reason WHERE issue = ?1 GROUP BY kind, reason) AS told WHERE n > 0 "
        "ORDER BY n DESC, kind, reason",
        NL_VALUES(NL_INT(issue)));
}

/* Rows of a number (a time, a reply code), a text and a count. */
struct named_counts {
    enum nl_status (*each)(int64_t number, const char *text, int64_t count, void *ctx,
                           struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_named_count(const struct nl_sql_row *row, void *context,
                                        struct nl_error *err) {
    const struct named_counts *counts = context;
    return counts->each(nl_sql_int(row, 0), text_of(row, 1), nl_sql_int(row, 2), counts->ctx, err);
}

enum nl_status nl_statistics_timeline(struct nl_store *store, int64_t issue, int64_t seconds,
                                      enum nl_status (*each)(int64_t from, const char *state,
                                                             int64_t count, void *ctx,
                                                             struct nl_error *err),
                                      void *ctx, struct nl_error *err) {
    struct named_counts timeline = {each, ctx};
    return nl_sql_each(
        store, err, visit_named_count, &timeline,
        "WITH largest AS (SELECT second / ?2 * ?2 AS period, 0 AS waiting, " ENDED_SUMS
        " FROM issue_second WHERE issue = ?1 GROUP BY 1) SELECT period, state, n FROM "
        "(SELECT period, 0 AS total, 'queued' AS state, 0 AS n FROM largest" ENDED_STATES(
            period, 0) ") AS told WHERE n > 0 ORDER BY period, state",
        NL_VALUES(NL_INT(issue), NL_INT(seconds)));
}

enum nl_status nl_statistics_pace(struct nl_store *store, int64_t issue, int64_t from,
                                  int64_t *since, int64_t *count, struct nl_error *err) {
    int64_t before = 0;
    enum nl_status status = nl_sql_first(
        store, err, NULL,
        "SELECT coalesce(min(second), ?2), CAST(coalesce(sum(sent + bounced + failed + unknown), "
        "0) AS BIGINT), (SELECT count(*) FROM (SELECT 1 FROM issue_second WHERE issue = ?1 AND "
        "second < ?2 LIMIT 1) AS earlier) FROM issue_second WHERE issue = ?1 AND second >= ?2",
        NL_VALUES(NL_INT(issue), NL_INT(from)),
        NL_COLUMNS(NL_INTO(since), NL_INTO(count), NL_INTO(&before)));
    if (before > 0)
        *since = from;
    return status;
}

/* Events name the issue that was the cause, but did not always. For those that do not, it is the
 * last issue that was sent to that person before. Somebody who did not answer a question, or whom
 * the operator removed, did not leave because of an issue. */
enum nl_status nl_statistics_unsubscribed(struct nl_store *store, int64_t issue, int64_t *count,
                                          struct nl_error *err) {
    struct nl_removed removed = {0};
    enum nl_status status = nl_sql_number(
        store, err, count, NULL,
        "SELECT count(*) FROM issue i JOIN event e ON e.list = i.list AND e.kind = 'unsubscribed' "
        "AND e.at >= i.created_at AND coalesce(e.detail, '') NOT IN ('operator', 'not "
        "reconfirmed') LEFT JOIN subscription s ON s.list = e.list AND s.subscriber = "
        "e.subscriber LEFT JOIN delivery d ON d.issue = i.id AND d.subscription = s.id AND "
        "d.state = 'sent' AND d.updated_at <= e.at WHERE i.id = ? AND (e.issue = i.id OR "
        "(e.issue IS NULL AND d.id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM issue o JOIN "
        "delivery later ON later.issue = o.id AND later.subscription = s.id AND "
        "later.state = 'sent' AND later.updated_at <= e.at WHERE o.list = i.list AND "
        "(later.updated_at > d.updated_at OR (later.updated_at = d.updated_at AND "
        "later.id > d.id)))))",
        NL_VALUES(NL_INT(issue)));
    if (status == NL_OK)
        status = nl_removed_read(store, issue, &removed, err);
    *count += removed.unsubscribed;
    return status;
}

enum nl_status nl_statistics_complaints(struct nl_store *store, int64_t issue, int64_t *count,
                                        struct nl_error *err) {
    return nl_sql_number(store, err, count, NULL,
                         "SELECT CAST(coalesce(sum(times), 0) AS BIGINT) FROM issue_reason WHERE "
                         "issue = ? AND kind = 'complaint'",
                         NL_VALUES(NL_INT(issue)));
}

enum nl_status nl_statistics_replies(struct nl_store *store, int64_t issue, int64_t *count,
                                     struct nl_error *err) {
    struct nl_removed removed = {0};
    enum nl_status status =
        nl_sql_number(store, err, count, NULL,
                      "SELECT count(*) FROM delivery WHERE issue = ? AND replied_at IS NOT NULL",
                      NL_VALUES(NL_INT(issue)));
    if (status == NL_OK)
        status = nl_removed_read(store, issue, &removed, err);
    *count = removed.at != 0 ? removed.replies : *count;
    return status;
}

enum nl_status nl_statistics_issues(struct nl_store *store,
                                    enum nl_status (*each)(const char *state, const char *unused,
                                                           int64_t count, void *ctx,
                                                           struct nl_error *err),
                                    void *ctx, struct nl_error *err) {
    struct counts counts = {each, ctx};
    return nl_sql_each(store, err, visit_count, &counts,
                       "SELECT state, '', count(*) FROM issue GROUP BY state", NL_NO_VALUES);
}

#define OPEN "(SELECT id FROM issue WHERE state IN ('sending', 'paused')) "
#define OPEN_TOTALS "FROM issue_total WHERE issue IN " OPEN
#define LEASED "(SELECT count(*) FROM delivery WHERE state = 'leased' AND issue IN " OPEN ")"

enum nl_status nl_statistics_deliveries(struct nl_store *store,
                                        enum nl_status (*each)(const char *kind, const char *state,
                                                               int64_t count, void *ctx,
                                                               struct nl_error *err),
                                        void *ctx, struct nl_error *err) {
    struct counts counts = {each, ctx};
    return nl_sql_each(
        store, err, visit_count, &counts,
        "SELECT kind, state, count(*) FROM delivery WHERE issue IS NULL GROUP BY kind, state "
        "UNION ALL SELECT 'issue', state, CAST(n AS BIGINT) FROM ("
        "SELECT 'queued' AS state, (SELECT sum(waiting) " OPEN_TOTALS ") - " LEASED " AS n "
        "UNION ALL SELECT 'leased', " LEASED " "
        "UNION ALL SELECT 'sent', sum(sent) " OPEN_TOTALS
        "UNION ALL SELECT 'deferred', sum(deferred) " OPEN_TOTALS
        "UNION ALL SELECT 'bounced', sum(bounced) " OPEN_TOTALS
        "UNION ALL SELECT 'failed', sum(failed) " OPEN_TOTALS
        "UNION ALL SELECT 'unknown', sum(unknown) " OPEN_TOTALS
        "UNION ALL SELECT 'skipped', sum(skipped) " OPEN_TOTALS ") AS total WHERE n > 0 "
        "ORDER BY 1, 2",
        NL_NO_VALUES);
}

enum nl_status nl_statistics_events(struct nl_store *store,
                                    enum nl_status (*each)(const char *kind, const char *unused,
                                                           int64_t count, void *ctx,
                                                           struct nl_error *err),
                                    void *ctx, struct nl_error *err) {
    struct counts counts = {each, ctx};
    return nl_sql_each(store, err, visit_count, &counts,
                       "SELECT kind, '', count(*) FROM event GROUP BY kind", NL_NO_VALUES);
}

enum nl_status nl_statistics_overdue(struct nl_store *store, int64_t *seconds,
                                     struct nl_error *err) {
    enum nl_status status = nl_sql_number(
        store, err, seconds, NULL,
        "SELECT ?1 - coalesce(min(CASE d.state WHEN 'queued' THEN d.updated_at ELSE "
        "d.next_attempt_at END), ?1) FROM delivery d LEFT JOIN issue i ON i.id = d.issue "
        "WHERE d.state IN ('queued', 'deferred') AND coalesce(i.state, 'sending') = 'sending'",
        NL_VALUES(NL_INT(nl_store_now(store))));
    if (*seconds < 0)
        *seconds = 0;
    return status;
}

/* People who wait for a subject have no next attempt: the index leaves them out. */
enum nl_status nl_statistics_deferrals(struct nl_store *store, int64_t since,
                                       enum nl_status (*each)(int64_t code, const char *text,
                                                              int64_t count, void *ctx,
                                                              struct nl_error *err),
                                       void *ctx, struct nl_error *err) {
    struct named_counts deferrals = {each, ctx};
    return nl_sql_each(store, err, visit_named_count, &deferrals,
                       "SELECT coalesce(reply_code, 0), max(coalesce(reply_text, '')), count(*) "
                       "FROM delivery WHERE state = 'deferred' AND next_attempt_at IS NOT NULL AND "
                       "attempts > 0 AND updated_at >= ? GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT ?",
                       NL_VALUES(NL_INT(since), NL_INT(NL_DEFERRALS_TOLD)));
}
