#include "newsletter/db/removed.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/making.h"
#include "store/issue_figures.h"

/* Triggers keep the totals (migrations/0016-issue-totals.sql), so no figure here reads all
 * deliveries of an issue. Leased deliveries are part of `waiting`, and few: their index counts
 * them. */

#define TOTALS                                                                                     \
    "SELECT CAST(sum(waiting) AS BIGINT), CAST(sum(sent) AS BIGINT), CAST(sum(deferred) AS "       \
    "BIGINT), CAST(sum(bounced) AS BIGINT), CAST(sum(failed) AS BIGINT), CAST(sum(unknown) AS "    \
    "BIGINT), CAST(sum(skipped) AS BIGINT), "
#define LEASED                                                                                     \
    "(SELECT count(*) FROM delivery" NL_OF_ISSUE " WHERE issue = ?1 AND state = 'leased')"
#define OF_TOTALS " FROM issue_total WHERE issue = ?1"

static const char of_notices[] = "SELECT count(*) FILTER (WHERE state IN ('queued', 'leased')), "
                                 "count(*) FILTER (WHERE state = 'sent'), "
                                 "count(*) FILTER (WHERE state = 'deferred'), "
                                 "count(*) FILTER (WHERE state = 'bounced'), "
                                 "count(*) FILTER (WHERE state = 'failed'), "
                                 "count(*) FILTER (WHERE state = 'unknown'), "
                                 "count(*) FILTER (WHERE state = 'skipped'), "
                                 "count(*) FILTER (WHERE state = 'leased') FROM delivery "
                                 "WHERE issue IS NULL";

static enum nl_status read_counts(struct nl_store *store, const char *sql,
                                  const struct nl_value *values, struct nl_counts *out,
                                  struct nl_error *err) {
    int64_t waiting = 0;
    enum nl_status status = nl_sql_first(store, err, NULL, sql, values,
                                         NL_COLUMNS(NL_INTO(&waiting), NL_INTO(&out->sent),
                                                    NL_INTO(&out->deferred), NL_INTO(&out->bounced),
                                                    NL_INTO(&out->failed), NL_INTO(&out->unknown),
                                                    NL_INTO(&out->skipped), NL_INTO(&out->leased)));
    out->queued = waiting - out->leased;
    return status;
}

/* Nothing of an issue is leased when nothing of it waits, as is so of nearly all issues: then no
 * delivery is looked at. Else one statement sees totals and leases at one moment. */
enum nl_status nl_issue_count(struct nl_store *store, int64_t issue, struct nl_counts *out,
                              struct nl_error *err) {
    *out = (struct nl_counts){0};
    if (issue == 0)
        return read_counts(store, of_notices, NL_NO_VALUES, out, err);
    enum nl_status status =
        read_counts(store, TOTALS "0" OF_TOTALS, NL_VALUES(NL_INT(issue)), out, err);
    if (status != NL_OK || out->queued == 0)
        return status;
    return read_counts(store, TOTALS LEASED OF_TOTALS, NL_VALUES(NL_OF(issue), NL_INT(issue)), out,
                       err);
}

enum nl_status nl_issue_left(struct nl_store *store, int64_t issue, int64_t *left, int64_t *unknown,
                             struct nl_error *err) {
    int64_t unmade = 0;
    enum nl_status status =
        nl_sql_first(store, err, NULL,
                     "SELECT CAST(sum(waiting + deferred) AS BIGINT), "
                     "CAST(sum(unknown) AS BIGINT) FROM issue_total WHERE issue = ?",
                     NL_VALUES(NL_INT(issue)), NL_COLUMNS(NL_INTO(left), NL_INTO(unknown)));
    if (status == NL_OK)
        status = nl_making_left(store, issue, &unmade, err);
    *left += unmade;
    return status;
}

/* By how much the totals of an issue fall short of its deliveries. One statement reads both, and
 * each transaction changes both, so nothing has to be locked. */
#define SHORTFALL                                                                                  \
    "SELECT issue, 0 AS slot, CAST(sum(waiting) AS BIGINT) AS waiting, "                           \
    "CAST(sum(sent) AS BIGINT) AS sent, CAST(sum(deferred) AS BIGINT) AS deferred, "               \
    "CAST(sum(bounced) AS BIGINT) AS bounced, CAST(sum(failed) AS BIGINT) AS failed, "             \
    "CAST(sum(unknown) AS BIGINT) AS unknown, CAST(sum(skipped) AS BIGINT) AS skipped FROM "       \
    "(SELECT issue, count(*) FILTER (WHERE state IN ('queued', 'leased')) AS waiting, "            \
    "count(*) FILTER (WHERE state = 'sent') AS sent, "                                             \
    "count(*) FILTER (WHERE state = 'deferred') AS deferred, "                                     \
    "count(*) FILTER (WHERE state = 'bounced') AS bounced, "                                       \
    "count(*) FILTER (WHERE state = 'failed') AS failed, "                                         \
    "count(*) FILTER (WHERE state = 'unknown') AS unknown, "                                       \
    "count(*) FILTER (WHERE state = 'skipped') AS skipped "                                        \
    "FROM delivery WHERE issue IS NOT NULL GROUP BY issue UNION ALL "                              \
    "SELECT issue, -waiting, -sent, -deferred, -bounced, -failed, -unknown, -skipped "             \
    "FROM issue_total) AS side WHERE NOT " NL_IS_REMOVED(                                          \
        "issue") " GROUP BY issue HAVING sum(waiting) <> 0 OR sum(sent) <> 0 OR "                  \
                 "sum(deferred) <> 0 OR sum(bounced) <> 0 OR sum(failed) <> 0 OR sum(unknown) <> " \
                 "0 OR "                                                                           \
                 "sum(skipped) <> 0"

static enum nl_status examine(struct nl_store *store, bool repair, int64_t *wrong,
                              struct nl_error *err) {
    if (!repair)
        return nl_sql_number(store, err, wrong, NULL,
                             "SELECT count(*) FROM (" SHORTFALL ") AS wrong", NL_NO_VALUES);
    enum nl_status status = nl_sql_run(
        store, err,
        "INSERT INTO issue_total (issue, slot, waiting, sent, deferred, bounced, failed, unknown, "
        "skipped) " SHORTFALL " ON CONFLICT (issue, slot) DO UPDATE SET "
        "waiting = issue_total.waiting + excluded.waiting, "
        "sent = issue_total.sent + excluded.sent, "
        "deferred = issue_total.deferred + excluded.deferred, "
        "bounced = issue_total.bounced + excluded.bounced, "
        "failed = issue_total.failed + excluded.failed, "
        "unknown = issue_total.unknown + excluded.unknown, "
        "skipped = issue_total.skipped + excluded.skipped",
        NL_NO_VALUES);
    *wrong = status == NL_OK ? nl_sql_changes(store) : 0;
    return status;
}

enum nl_status nl_issue_totals_examine(struct nl_store *store, bool repair, int64_t *wrong,
                                       struct nl_error *err) {
    int64_t figures = 0;
    enum nl_status status = examine(store, repair, wrong, err);
    if (status == NL_OK)
        status = nl_issue_figures_examine(store, repair, &figures, err);
    if (figures > *wrong)
        *wrong = figures;
    return status;
}
