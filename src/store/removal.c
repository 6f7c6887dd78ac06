#include "newsletter/store/removal.h"

#include "newsletter/db/sql.h"
#include "newsletter/store/statistics.h"
#include "store/removed.h"

#include <string.h>

enum { AT_ONCE = 1000 }; /* rows of one transaction */

/* ---- beginning ---- */

#define NOTHING_IS_LEFT                                                                            \
    "EXISTS (SELECT 1 FROM issue_total t WHERE t.issue = i.id GROUP BY t.issue HAVING "            \
    "sum(t.waiting) = 0 AND sum(t.deferred) = 0 AND sum(t.unknown) = 0 AND "                       \
    "sum(t.sent + t.bounced + t.failed + t.skipped) > 0)"
#define IS_MADE "NOT EXISTS (SELECT 1 FROM making m WHERE m.issue = i.id)"
#define IS_KEPT "NOT " NL_IS_REMOVED("i.id")
#define ISSUES_THAT_ENDED                                                                          \
    "FROM issue i WHERE i.state IN ('sent', 'cancelled') AND coalesce(i.ended_at, i.created_at) "  \
    "< ?1 AND " IS_KEPT " AND " IS_MADE " AND " NOTHING_IS_LEFT

static enum nl_status freeze(struct nl_store *store, int64_t issue, struct nl_removed *out,
                             struct nl_error *err) {
    struct nl_subject_test test = {0};
    int64_t named = 0;
    bool found = false;
    out->at = nl_store_now(store);
    enum nl_status status = nl_statistics_unsubscribed(store, issue, &out->unsubscribed, err);
    if (status == NL_OK)
        status = nl_sql_number(
            store, err, &named, NULL,
            "SELECT count(*) FROM issue i JOIN event e ON e.list = i.list AND e.issue = i.id "
            "WHERE i.id = ? AND e.kind = 'unsubscribed' AND e.at >= i.created_at AND "
            "coalesce(e.detail, '') NOT IN ('operator', 'not reconfirmed')",
            NL_VALUES(NL_INT(issue)));
    out->unsubscribed -= named;
    if (status == NL_OK)
        status = nl_statistics_replies(store, issue, &out->replies, err);
    if (status == NL_OK)
        status = nl_subject_test_read(store, issue, &found, &test, err);
    memcpy(out->scores, test.scores, sizeof out->scores);
    nl_subject_test_free(&test);
    return status;
}

struct call {
    int64_t before, issue;
    int64_t deliveries; /* of the issue that begins */
    int64_t changed;    /* rows of a step */
    const struct reference *reference;
    int64_t after; /* the delivery at which the last step has ended */
    char dropped[16];
};

/* From now on nobody can be sent the issue, nor sent it again. Somebody may have done so since it
 * was chosen, and then it stays. */
static enum nl_status begin(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct call *call = ctx;
    struct nl_removed removed = {0};
    bool open = false;
    bool ended = false;
    call->deliveries = 0;
    /* The lock first, in a statement of its own: the next one sees what others did before it. */
    enum nl_status status =
        nl_sql_exists(store, err, &ended, "SELECT 1 FROM issue WHERE id = ? /*+ FOR UPDATE */",
                      NL_VALUES(NL_INT(call->issue)));
    if (status == NL_OK)
        status = nl_sql_exists(store, err, &ended, "SELECT 1 " ISSUES_THAT_ENDED " AND i.id = ?2",
                               NL_VALUES(NL_INT(call->before), NL_INT(call->issue)));
    if (status == NL_OK && ended)
        status = nl_sql_exists(store, err, &open,
                               "SELECT 1 FROM delivery" NL_OF_ISSUE " WHERE issue = ? AND state IN "
                               "('queued', 'leased', 'deferred', 'unknown') LIMIT 1",
                               NL_VALUES(NL_OF(call->issue), NL_INT(call->issue)));
    if (status != NL_OK || !ended || open)
        return status;
    status = nl_sql_number(store, err, &call->deliveries, NULL,
                           "SELECT count(*) FROM delivery" NL_OF_ISSUE " WHERE issue = ?",
                           NL_VALUES(NL_OF(call->issue), NL_INT(call->issue)));
    if (status == NL_OK)
        status = freeze(store, call->issue, &removed, err);
    return status == NL_OK ? nl_removed_note(store, call->issue, &removed, err) : status;
}

/* ---- removing ---- */

/* On a file, triggers take rows that leave from the figures: so they are added first. A file gives
 * the highest number once more when its row is gone, and a late bounce would be taken for one of
 * that other delivery: so the last delivery of all stays until another one follows. */
#define NOT_LAST "id < (SELECT max(id) FROM delivery)"
#define THESE "d.issue = ?1 AND d.subscription <= ?2 AND d." NOT_LAST
#define COUNTS                                                                                     \
    "count(*) FILTER (WHERE d.state = 'sent'), count(*) FILTER (WHERE d.state = 'bounced'), "      \
    "count(*) FILTER (WHERE d.state = 'failed'), count(*) FILTER (WHERE d.state = 'skipped') "
#define ADDED(table)                                                                               \
    "DO UPDATE SET sent = " table ".sent + excluded.sent, bounced = " table                        \
    ".bounced + excluded.bounced, failed = " table ".failed + excluded.failed, skipped = " table   \
    ".skipped + excluded.skipped"

static const char *const steps[] = {
    "INSERT INTO issue_total (issue, slot, sent, bounced, failed, skipped) SELECT d.issue, "
    "0, " COUNTS "FROM delivery d WHERE " THESE
    " GROUP BY d.issue ON CONFLICT (issue, slot) " ADDED("issue_total"),
    "INSERT INTO issue_domain (issue, domain, slot, sent, bounced, failed, skipped) SELECT "
    "d.issue, p.domain, 0, " COUNTS
    "FROM delivery d JOIN subscription_domain p ON p.subscription = d.subscription WHERE " THESE
    " GROUP BY d.issue, p.domain ON CONFLICT (issue, domain, slot) " ADDED("issue_domain"),
    "INSERT INTO issue_second (issue, second, slot, sent, bounced, failed, skipped) SELECT "
    "d.issue, d.updated_at, 0, " COUNTS "FROM delivery d WHERE " THESE
    " GROUP BY d.issue, d.updated_at ON CONFLICT (issue, second, slot) " ADDED("issue_second"),
    "INSERT INTO issue_reason (issue, kind, reason, slot, times) SELECT issue, kind, reason, 0, "
    "count(*) FROM (SELECT d.issue AS issue, b.kind AS kind, b.reason AS reason FROM delivery d "
    "JOIN bounce b ON b.delivery = d.id WHERE " THESE " UNION ALL SELECT r.issue, 'refused', "
    "r.reason FROM delivery_refusal r JOIN delivery d ON d.id = r.delivery WHERE " THESE
    ") AS found WHERE TRUE GROUP BY issue, kind, reason ON CONFLICT (issue, kind, reason, slot) DO "
    "UPDATE SET times = issue_reason.times + excluded.times",
    "UPDATE returned SET delivery = NULL WHERE delivery IN (SELECT d.id FROM delivery d "
    "WHERE " THESE ")",
    "UPDATE bounce SET delivery = NULL WHERE delivery IN (SELECT d.id FROM delivery d WHERE " THESE
    ")",
    "DELETE FROM attempt WHERE delivery IN (SELECT d.id FROM delivery d WHERE " THESE ")",
    "DELETE FROM delivery AS d WHERE " THESE,
};

static enum nl_status remove_rows(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct call *call = ctx;
    int64_t last = 0;
    enum nl_status status = nl_sql_first(
        store, err, NULL,
        "SELECT count(*), coalesce(max(subscription), 0) FROM (SELECT subscription FROM delivery "
        "WHERE issue = ? AND " NOT_LAST " ORDER BY subscription LIMIT ?) AS next",
        NL_VALUES(NL_INT(call->issue), NL_INT(AT_ONCE)),
        NL_COLUMNS(NL_INTO(&call->changed), NL_INTO(&last)));
    for (size_t i = 0; status == NL_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = nl_sql_run(store, err, steps[i], NL_VALUES(NL_INT(call->issue), NL_INT(last)));
    return status;
}

static enum nl_status remove_some(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct call *call = ctx;
    enum nl_status status =
        nl_sql_run(store, err,
                   "DELETE FROM delivery" NL_OF_ISSUE " WHERE id IN (SELECT id FROM "
                   "delivery" NL_OF_ISSUE " WHERE issue = ?1 LIMIT ?2)",
                   NL_VALUES(NL_OF(call->issue), NL_INT(call->issue), NL_INT(AT_ONCE)));
    call->changed = status == NL_OK ? nl_sql_changes(store) : 0;
    return status;
}

static enum nl_status in_steps(struct nl_store *store, struct call *call, nl_sql_body *step,
                               struct nl_error *err) {
    enum nl_status status = NL_OK;
    do {
        status = nl_sql_exclusive(store, step, call, err);
        nl_store_give_way(store);
    } while (status == NL_OK && call->changed == AT_ONCE);
    return status;
}

/* Rows that refer to deliveries ?1, by the ids of these: a step begins after ?2, where the last one
 * has ended, and goes up to ?3. */
#define UP_TO(table)                                                                               \
    "SELECT count(*), coalesce(max(delivery), 0) FROM (SELECT x.delivery FROM "                    \
    "delivery" NL_OF_ISSUE " d JOIN " table                                                        \
    " x ON x.delivery = d.id WHERE d.issue = ?1 AND d.id > ?2 ORDER BY d.id "                      \
    "LIMIT ?3) AS next"
#define BETWEEN                                                                                    \
    "delivery > ?2 AND delivery <= ?3 AND delivery IN (SELECT id FROM delivery" NL_OF_ISSUE        \
    " WHERE issue = ?1 AND id > ?2 AND id <= ?3)"

static const struct reference {
    const char *up_to, *cut;
} references[] = {
    {UP_TO("attempt"), "DELETE FROM attempt WHERE " BETWEEN},
    {UP_TO("returned"), "UPDATE returned SET delivery = NULL WHERE " BETWEEN},
    {UP_TO("bounce"), "UPDATE bounce SET delivery = NULL WHERE " BETWEEN},
};

static enum nl_status cut_off(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct call *call = ctx;
    int64_t last = 0;
    enum nl_status status = nl_sql_first(
        store, err, NULL, call->reference->up_to,
        NL_VALUES(NL_OF(call->issue), NL_INT(call->issue), NL_INT(call->after), NL_INT(AT_ONCE)),
        NL_COLUMNS(NL_INTO(&call->changed), NL_INTO(&last)));
    if (status == NL_OK && call->changed > 0)
        status = nl_sql_run(
            store, err, call->reference->cut,
            NL_VALUES(NL_OF(call->issue), NL_INT(call->issue), NL_INT(call->after), NL_INT(last)));
    call->after = last;
    return status;
}

static enum nl_status drop_partition(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct call *call = ctx;
    return nl_sql_first(store, err, NULL, "SELECT drop_deliveries_of(?)",
                        NL_VALUES(NL_INT(call->issue)),
                        NL_COLUMNS(NL_INTO_FIXED(call->dropped, sizeof call->dropped)));
}

/* On a server, the triggers know which deliveries are removed. Its partition is dropped, unless
 * other issues are in it; where others are at it, the next call goes on. Exclusively, as all steps
 * that name the partition: another removal may be at one. */
static enum nl_status remove_partition(struct nl_store *store, struct call *call,
                                       struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof references / sizeof references[0]; i++) {
        call->reference = &references[i];
        call->after = 0;
        status = in_steps(store, call, cut_off, err);
    }
    if (status == NL_OK)
        status = nl_sql_exclusive(store, drop_partition, call, err);
    return status == NL_OK && strcmp(call->dropped, "shared") == 0
               ? in_steps(store, call, remove_some, err)
               : status;
}

static enum nl_status remove_deliveries(struct nl_store *store, struct call *call,
                                        struct nl_error *err) {
    bool more = false;
    enum nl_status status = nl_store_is_served(store) ? remove_partition(store, call, err)
                                                      : in_steps(store, call, remove_rows, err);
    if (status == NL_OK)
        status = nl_sql_exists(store, err, &more, "SELECT 1 FROM delivery WHERE issue = ? LIMIT 1",
                               NL_VALUES(NL_INT(call->issue)));
    return status == NL_OK && !more
               ? nl_sql_run(store, err,
                            "UPDATE setting SET value = replace(value, '" NL_REMOVAL_GOES_ON
                            "', '" NL_REMOVAL_ENDED "') WHERE key = " NL_REMOVED_KEY("?"),
                            NL_VALUES(NL_INT(call->issue)))
               : status;
}

/* ---- all of them ---- */

static enum nl_status begin_all(struct nl_store *store, struct call *call, int64_t *count,
                                struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status = nl_sql_each(store, err, nl_sql_add_id, &ids,
                                        "SELECT i.id " ISSUES_THAT_ENDED " ORDER BY i.id",
                                        NL_VALUES(NL_INT(call->before)));
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&ids); i++) {
        call->issue = nl_ids_at(&ids, i);
        status = nl_sql_exclusive(store, begin, call, err);
        *count += call->deliveries;
    }
    nl_buf_free(&ids);
    return status;
}

/* Also those that an earlier call has begun: it was killed, or others were at it. */
static enum nl_status end_all(struct nl_store *store, struct call *call, struct nl_error *err) {
    struct nl_buf ids = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &ids,
                    "SELECT i.id FROM issue i JOIN setting s ON s.key = " NL_REMOVED_KEY(
                        "i.id") " WHERE s.value LIKE '%" NL_REMOVAL_GOES_ON "' ORDER BY i.id",
                    NL_NO_VALUES);
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&ids); i++) {
        call->issue = nl_ids_at(&ids, i);
        status = remove_deliveries(store, call, err);
    }
    nl_buf_free(&ids);
    return status;
}

enum nl_status nl_removal_run(struct nl_store *store, int64_t before, bool dry_run, int64_t *count,
                              struct nl_error *err) {
    struct call call = {.before = before};
    *count = 0;
    if (dry_run)
        return nl_sql_number(store, err, count, NULL,
                             "SELECT count(*) FROM delivery WHERE issue IN (SELECT "
                             "i.id " ISSUES_THAT_ENDED ")",
                             NL_VALUES(NL_INT(before)));
    enum nl_status status = begin_all(store, &call, count, err);
    return status == NL_OK ? end_all(store, &call, err) : status;
}
