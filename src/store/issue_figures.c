#include "store/issue_figures.h"

#include "newsletter/db/removed.h"
#include "newsletter/db/sql.h"

/* By how much the figures of an issue fall short of its deliveries: like SHORTFALL in
 * issue_total.c.
 */
#define COUNT_OF(state) "count(*) FILTER (WHERE d.state = '" #state "') AS " #state
#define ENDED_COUNTS                                                                               \
    COUNT_OF(sent)                                                                                 \
    ", " COUNT_OF(deferred) ", " COUNT_OF(bounced) ", " COUNT_OF(failed) ", " COUNT_OF(            \
        unknown) ", " COUNT_OF(skipped)
#define ENDED_SUMS                                                                                 \
    "CAST(sum(sent) AS BIGINT) AS sent, CAST(sum(deferred) AS BIGINT) AS deferred, "               \
    "CAST(sum(bounced) AS BIGINT) AS bounced, CAST(sum(failed) AS BIGINT) AS failed, "             \
    "CAST(sum(unknown) AS BIGINT) AS unknown, CAST(sum(skipped) AS BIGINT) AS skipped"
#define ENDED_NEGATED "-sent, -deferred, -bounced, -failed, -unknown, -skipped"
#define ENDED_DIFFERS                                                                              \
    "sum(sent) <> 0 OR sum(deferred) <> 0 OR sum(bounced) <> 0 OR sum(failed) <> 0 OR "            \
    "sum(unknown) <> 0 OR sum(skipped) <> 0"
#define ADD(table, column) #column " = " #table "." #column " + excluded." #column
#define ENDED_ADDED(table)                                                                         \
    ADD(table, sent)                                                                               \
    ", " ADD(table, deferred) ", " ADD(table, bounced) ", " ADD(table, failed) ", " ADD(           \
        table, unknown) ", " ADD(table, skipped)
#define ENDED "sent, deferred, bounced, failed, unknown, skipped"

#define DOMAIN_SHORTFALL                                                                           \
    "SELECT issue, domain, 0 AS slot, CAST(sum(waiting) AS BIGINT) AS waiting, " ENDED_SUMS        \
    " FROM (SELECT d.issue AS issue, p.domain AS domain, "                                         \
    "count(*) FILTER (WHERE d.state IN ('queued', 'leased')) AS waiting, " ENDED_COUNTS            \
    " FROM delivery d JOIN subscription_domain p ON p.subscription = d.subscription "              \
    "WHERE d.issue IS NOT NULL GROUP BY 1, 2 UNION ALL "                                           \
    "SELECT issue, domain, -waiting, " ENDED_NEGATED                                               \
    " FROM issue_domain) AS side WHERE NOT " NL_IS_REMOVED(                                        \
        "issue") " "                                                                               \
                 "GROUP BY issue, domain HAVING sum(waiting) <> 0 OR " ENDED_DIFFERS

#define SECOND_SHORTFALL                                                                           \
    "SELECT issue, second, 0 AS slot, " ENDED_SUMS                                                 \
    " FROM (SELECT d.issue AS issue, d.updated_at AS second, " ENDED_COUNTS                        \
    " FROM delivery d WHERE d.issue IS NOT NULL AND d.state NOT IN ('queued', 'leased') "          \
    "GROUP BY 1, 2 UNION ALL SELECT issue, second, " ENDED_NEGATED                                 \
    " FROM issue_second) AS side WHERE NOT " NL_IS_REMOVED(                                        \
        "issue") " GROUP BY issue, second HAVING " ENDED_DIFFERS

#define REASON_SHORTFALL                                                                           \
    "SELECT issue, kind, reason, 0 AS slot, CAST(sum(times) AS BIGINT) AS times FROM "             \
    "(SELECT d.issue AS issue, b.kind AS kind, b.reason AS reason, 1 AS times FROM bounce b "      \
    "JOIN delivery d ON d.id = b.delivery WHERE d.issue IS NOT NULL UNION ALL "                    \
    "SELECT issue, 'refused', reason, 1 FROM delivery_refusal UNION ALL "                          \
    "SELECT issue, kind, reason, -times FROM issue_reason) AS side WHERE NOT " NL_IS_REMOVED(      \
        "issue") " "                                                                               \
                 "GROUP BY issue, kind, reason HAVING sum(times) <> 0"

#define WRONG(shortfall) "SELECT count(DISTINCT issue) FROM (" shortfall ") AS wrong"

static const char *const counting[] = {WRONG(DOMAIN_SHORTFALL), WRONG(SECOND_SHORTFALL),
                                       WRONG(REASON_SHORTFALL)};

static const char *const repairs[] = {
    "INSERT INTO issue_domain (issue, domain, slot, waiting, " ENDED ") " DOMAIN_SHORTFALL
    " ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = issue_domain.waiting + "
    "excluded.waiting, " ENDED_ADDED(issue_domain),
    "INSERT INTO issue_second (issue, second, slot, " ENDED ") " SECOND_SHORTFALL
    " ON CONFLICT (issue, second, slot) DO UPDATE SET " ENDED_ADDED(issue_second),
    "INSERT INTO issue_reason (issue, kind, reason, slot, times) " REASON_SHORTFALL
    " ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET " ADD(issue_reason, times),
};

enum nl_status nl_issue_figures_examine(struct nl_store *store, bool repair, int64_t *wrong,
                                        struct nl_error *err) {
    enum nl_status status = NL_OK;
    *wrong = 0;
    for (size_t i = 0; status == NL_OK && i < sizeof counting / sizeof counting[0]; i++) {
        int64_t differ = 0;
        status = nl_sql_number(store, err, &differ, NULL, counting[i], NL_NO_VALUES);
        if (status == NL_OK && repair && differ > 0)
            status = nl_sql_run(store, err, repairs[i], NL_NO_VALUES);
        if (differ > *wrong)
            *wrong = differ;
    }
    return status;
}
