#include "newsletter/db/sql.h"
#include "newsletter/store/reputation.h"

enum { DAY = 86400 };

struct visit {
    nl_reputation_visit *each;
    void *ctx;
};

static const char *text_of(const struct nl_sql_row *row, int column) {
    const char *value = nl_sql_text(row, column);
    return value != NULL ? value : "";
}

static enum nl_status visit_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct visit *visit = context;
    const struct nl_reputation_figure figure = {.domain = text_of(row, 0),
                                                .source = text_of(row, 1),
                                                .reason = text_of(row, 2),
                                                .reporter = text_of(row, 3),
                                                .day = nl_sql_int(row, 4) * DAY,
                                                .total = nl_sql_int(row, 5),
                                                .passed = nl_sql_int(row, 6),
                                                .spf = nl_sql_int(row, 7),
                                                .dkim = nl_sql_int(row, 8),
                                                .reports = nl_sql_int(row, 9)};
    return visit->each(&figure, visit->ctx, err);
}

#define SUMS                                                                                       \
    "CAST(max(p.day) AS BIGINT), CAST(sum(r.total) AS BIGINT) AS total, "                          \
    "CAST(sum(r.passed) AS BIGINT), CAST(sum(r.spf) AS BIGINT), CAST(sum(r.dkim) AS BIGINT), "     \
    "count(DISTINCT p.id) FROM reputation_report p JOIN reputation r ON r.report = p.id "          \
    "WHERE p.kind = ? AND p.day >= ? "

static const char *const queries[] = {
    [NL_REPUTATION_BY_DAY] = "SELECT r.domain, '', '', '', " SUMS
                             "GROUP BY p.day, r.domain ORDER BY p.day, r.domain LIMIT ?",
    [NL_REPUTATION_BY_SOURCE] =
        "SELECT r.domain, r.source, '', '', " SUMS
        "GROUP BY r.domain, r.source ORDER BY total DESC, r.domain, r.source LIMIT ?",
    [NL_REPUTATION_BY_REASON] =
        "SELECT '', r.source, r.reason, '', " SUMS
        "GROUP BY r.source, r.reason ORDER BY r.source, total DESC, r.reason LIMIT ?",
    [NL_REPUTATION_BY_REPORTER] = "SELECT '', '', '', p.reporter, " SUMS
                                  "GROUP BY p.reporter ORDER BY total DESC, p.reporter LIMIT ?",
};

enum nl_status nl_reputation_each(struct nl_store *store, enum nl_reputation_kind kind,
                                  enum nl_reputation_group group, int64_t since, int64_t limit,
                                  nl_reputation_visit *each, void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return nl_sql_each(store, err, visit_row, &visit, queries[group],
                       NL_VALUES(NL_STRING(nl_reputation_kind_name(kind)), NL_INT(since / DAY),
                                 NL_INT(nl_sql_limit(limit))));
}

enum nl_status nl_reputation_complaints(struct nl_store *store, int64_t since, int64_t limit,
                                        nl_reputation_visit *each, void *ctx,
                                        struct nl_error *err) {
    struct visit visit = {each, ctx};
    /* Events of a provider's webhook come without a sender: then it is the domain that was mailed
     * to, the text after the last "@". */
    return nl_sql_each(
        store, err, visit_row, &visit,
        "SELECT '', '', '', coalesce(m.reporter, replace(u.address_key, rtrim(u.address_key, "
        "replace(u.address_key, '@', '')), ''), ''), max(b.at) / 86400, count(*) AS total, 0, 0, "
        "0, 0 FROM bounce b JOIN returned m ON m.id = b.returned LEFT JOIN subscription s ON "
        "s.id = b.subscription LEFT JOIN subscriber u ON u.id = s.subscriber "
        "WHERE b.kind = 'complaint' AND b.delivery IS NOT NULL AND b.at >= ? GROUP BY 4 "
        "ORDER BY total DESC, 4 LIMIT ?",
        NL_VALUES(NL_INT(since), NL_INT(nl_sql_limit(limit))));
}

static enum nl_status visit_issue(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    const struct visit *visit = context;
    const struct nl_reputation_figure figure = {.domain = "",
                                                .source = "",
                                                .reason = "",
                                                .reporter = "",
                                                .issue = nl_sql_int(row, 0),
                                                .total = nl_sql_int(row, 1)};
    return visit->each(&figure, visit->ctx, err);
}

enum nl_status nl_reputation_issues(struct nl_store *store, nl_reputation_visit *each, void *ctx,
                                    struct nl_error *err) {
    struct visit visit = {each, ctx};
    /* From the few complaints to their deliveries, never over all deliveries of an issue. */
    return nl_sql_each(store, err, visit_issue, &visit,
                       "SELECT d.issue, count(*) FROM bounce b CROSS JOIN delivery d WHERE "
                       "b.kind = 'complaint' AND d.id = b.delivery AND d.issue IS NOT NULL "
                       "GROUP BY d.issue ORDER BY d.issue",
                       NL_NO_VALUES);
}

enum nl_status nl_reputation_sent(struct nl_store *store, int64_t since, int64_t until, bool *sent,
                                  struct nl_error *err) {
    return nl_sql_exists(
        store, err, sent,
        "SELECT 1 FROM issue i WHERE i.created_at <= ?2 AND coalesce(i.ended_at, ?2) >= ?1 AND "
        "EXISTS (SELECT 1 FROM delivery d WHERE d.issue = i.id AND d.state = 'sent' AND "
        "d.updated_at BETWEEN ?1 AND ?2)",
        NL_VALUES(NL_INT(since), NL_INT(until)));
}
