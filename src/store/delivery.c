#include "newsletter/store/delivery.h"
#include "newsletter/base/memory.h"

#include "newsletter/db/sql.h"
#include "store/ledger.h"
#include "store/transactional_row.h"

#include <stdlib.h>
#include <string.h>

const char *const nl_notice_kinds[] = {
    "confirmation", "already-subscribed", "welcome",        "goodbye",
    "preferences",  "address-change",     "reconfirmation", NULL};

/* Whether a delivery may still go out. People who have left may ask for their own page; people who
 * have complained are never mailed. */
#define ELIGIBLE                                                                                   \
    "CASE d.kind WHEN 'issue' THEN s.state = 'active' "                                            \
    "WHEN 'confirmation' THEN s.state = 'pending' WHEN 'goodbye' THEN s.state = 'unsubscribed' "   \
    "WHEN 'preferences' THEN s.state <> 'complained' "                                             \
    "WHEN 'address-change' THEN s.state <> 'complained' AND EXISTS (SELECT 1 FROM address_change " \
    "  c WHERE c.subscriber = r.id AND NOT EXISTS (SELECT 1 FROM suppression x WHERE "             \
    "  x.address_key = c.address_key)) "                                                           \
    "ELSE s.state = 'active' END AND NOT EXISTS "                                                  \
    "(SELECT 1 FROM suppression x WHERE x.address_key = r.address_key)"

/* Rows that other processes are about to lease are passed over. */
#define CLAIM " /*+ FOR UPDATE OF d SKIP LOCKED */"

#define JOB_COLUMNS                                                                                \
    "SELECT d.id, d.subscription, d.attempts, coalesce(d.first_attempt_at, ?1), "                  \
    "CASE d.kind WHEN 'address-change' THEN (SELECT c.address FROM address_change c WHERE "        \
    "c.subscriber = r.id) ELSE r.address END, r.name, r.attributes, s.token, "                     \
    "r.language, coalesce(d.variant, (SELECT t.winner FROM subject_test t WHERE "                  \
    "t.issue = d.issue), 1), coalesce(d.paced_at BETWEEN ?1 - 2 AND ?1, FALSE), " ELIGIBLE         \
    " FROM delivery" NL_OF_ISSUE " d "                                                             \
    "JOIN subscription s ON s.id = d.subscription JOIN subscriber r ON r.id = s.subscriber "

void nl_job_free(struct nl_job *job) {
    free(job->address);
    free(job->name);
    free(job->attributes);
    free(job->language);
    *job = (struct nl_job){0};
}

bool nl_notice_purpose(const char *kind, enum nl_purpose *purpose) {
    static const struct {
        const char *kind;
        enum nl_purpose purpose;
    } links[] = {{"confirmation", NL_LINK_SUBSCRIBE},
                 {"reconfirmation", NL_LINK_SUBSCRIBE},
                 {"preferences", NL_LINK_PREFERENCES},
                 {"address-change", NL_LINK_ADDRESS},
                 {"welcome", NL_LINK_RECEIPT}};
    for (size_t i = 0; kind != NULL && i < sizeof links / sizeof links[0]; i++) {
        if (strcmp(links[i].kind, kind) != 0)
            continue;
        *purpose = links[i].purpose;
        return true;
    }
    return false;
}

enum { SENDABLE = 11 }; /* the column that tells whether the message may go out */

static enum nl_status read_job(const struct nl_sql_row *row, struct nl_job *job,
                               struct nl_error *err) {
    const char *token = NULL;
    *job = (struct nl_job){0};
    enum nl_status status = nl_sql_read(
        row,
        NL_COLUMNS(NL_INTO(&job->delivery), NL_INTO(&job->subscription), NL_INTO(&job->attempts),
                   NL_INTO(&job->first_attempt_at), NL_INTO(&job->address), NL_INTO(&job->name),
                   NL_INTO(&job->attributes), NL_INTO(&token), NL_INTO(&job->language),
                   NL_INTO(&job->subject), NL_INTO(&job->reserved)),
        err);
    if (status == NL_OK && token != NULL && !nl_token_parse(token, &job->unsubscribe))
        status = nl_error_set(err, NL_IO, "a subscription's token is damaged");
    if (status != NL_OK)
        nl_job_free(job);
    return status;
}

/* The same columns for a message that has no subscription. */
#define MESSAGE_COLUMNS                                                                            \
    "SELECT d.id, 0, d.attempts, coalesce(d.first_attempt_at, ?1), m.address, CAST(NULL AS "       \
    "TEXT), "                                                                                      \
    "'{}', CAST(NULL AS TEXT), m.language, 1, coalesce(d.paced_at BETWEEN ?1 - 2 AND ?1, "         \
    "FALSE), " NL_MESSAGE_SENDABLE " FROM delivery" NL_OF_ISSUE                                    \
    " d JOIN transactional m ON m.delivery = d.id WHERE "                                          \
    "d.issue IS NULL AND m.list = ?2 AND d.kind = '" NL_KIND_MESSAGE "' AND ?3 IN (0, d.id) "

static bool is_messages(const struct nl_scope *scope) {
    return scope->issue == 0 && strcmp(scope->kind, NL_KIND_MESSAGE) == 0;
}

static enum nl_status each_message(struct nl_store *store, const struct nl_scope *scope,
                                   bool deferred, int64_t limit, nl_sql_visit *each, void *context,
                                   struct nl_error *err) {
    const struct nl_value *values =
        NL_VALUES(NL_OF(0), NL_INT(nl_store_now(store)), NL_INT(scope->list),
                  NL_INT(scope->delivery), NL_INT(limit));
    if (!deferred)
        return nl_sql_each(store, err, each, context,
                           MESSAGE_COLUMNS "AND d.state = 'queued' ORDER BY d.id LIMIT ?4" CLAIM,
                           values);
    return nl_sql_each(store, err, each, context,
                       MESSAGE_COLUMNS "AND d.state = 'deferred' AND d.next_attempt_at <= ?1 "
                                       "ORDER BY d.next_attempt_at LIMIT ?4" CLAIM,
                       values);
}

/* Calls `each` for the rows of JOB_COLUMNS that a scope holds. */
static enum nl_status each_job(struct nl_store *store, const struct nl_scope *scope, bool deferred,
                               int64_t limit, nl_sql_visit *each, void *context,
                               struct nl_error *err) {
    int64_t now = nl_store_now(store);
    if (is_messages(scope))
        return each_message(store, scope, deferred, limit, each, context, err);
    if (scope->issue != 0 && !deferred)
        return nl_sql_each(store, err, each, context,
                           JOB_COLUMNS "WHERE d.issue = ? AND d.state = 'queued' AND d.id > ? "
                                       "ORDER BY d.id LIMIT ?" CLAIM,
                           NL_VALUES(NL_OF(scope->issue), NL_INT(now), NL_INT(scope->issue),
                                     NL_INT(scope->after), NL_INT(limit)));
    if (scope->issue != 0)
        return nl_sql_each(
            store, err, each, context,
            JOB_COLUMNS "WHERE d.issue = ?2 AND d.state = 'deferred' "
                        "AND d.next_attempt_at <= ?1 ORDER BY d.next_attempt_at LIMIT ?3" CLAIM,
            NL_VALUES(NL_OF(scope->issue), NL_INT(now), NL_INT(scope->issue), NL_INT(limit)));
    const struct nl_value *values =
        NL_VALUES(NL_OF(0), NL_INT(now), NL_INT(scope->list), NL_STRING(scope->kind),
                  NL_INT(scope->delivery), NL_INT(limit));
    if (!deferred)
        return nl_sql_each(store, err, each, context,
                           JOB_COLUMNS
                           "WHERE d.issue IS NULL AND d.state = 'queued' AND s.list = ?2 "
                           "AND d.kind = ?3 AND ?4 IN (0, d.id) ORDER BY d.id LIMIT ?5" CLAIM,
                           values);
    return nl_sql_each(store, err, each, context,
                       JOB_COLUMNS "WHERE d.issue IS NULL AND d.state = 'deferred' AND "
                                   "d.next_attempt_at <= ?1 AND s.list = ?2 AND d.kind = ?3 "
                                   "AND ?4 IN (0, d.id) ORDER BY d.next_attempt_at LIMIT ?5" CLAIM,
                       values);
}

static enum nl_status note_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    (void)row;
    (void)err;
    *(bool *)context = true;
    return NL_OK;
}

enum nl_status nl_delivery_waits(struct nl_store *store, const struct nl_scope *scope, bool *waits,
                                 struct nl_error *err) {
    *waits = false;
    enum nl_status status = each_job(store, scope, false, 1, note_row, waits, err);
    return status == NL_OK && !*waits ? each_job(store, scope, true, 1, note_row, waits, err)
                                      : status;
}

struct taken {
    struct nl_job *jobs;
    size_t count;
};

/* One batch: rows that may go out into `taken`, the ids of the others into `ended`. */
struct batch {
    struct taken *taken;
    struct nl_buf ended;
};

static enum nl_status add_job(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct batch *batch = context;
    if (!nl_sql_bool(row, SENDABLE))
        return nl_sql_add_id(row, &batch->ended, err);
    enum nl_status status = read_job(row, &batch->taken->jobs[batch->taken->count], err);
    batch->taken->count += status == NL_OK;
    return status;
}

static enum nl_status skip_ended(struct nl_store *store, const struct nl_scope *scope,
                                 const struct nl_buf *ended, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; is_messages(scope) && i < nl_ids_count(ended); i++) {
        status = nl_transactional_skip(store, nl_ids_at(ended, i), err);
        if (status != NL_OK)
            return status;
    }
    if (is_messages(scope))
        return NL_OK;
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(ended); i++)
        status = nl_sql_run(store, err,
                            "UPDATE delivery" NL_OF_ISSUE " SET state = 'skipped', updated_at = ?, "
                            "reply_text = 'the subscription ended before its turn' WHERE id = ?",
                            NL_VALUES(NL_OF(scope->issue), NL_INT(nl_store_now(store)),
                                      NL_INT(nl_ids_at(ended, i))));
    return status;
}

static enum nl_status take_deliveries(struct nl_store *store, const struct nl_scope *scope,
                                      bool deferred, size_t max, struct taken *taken,
                                      struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (bool again = true; status == NL_OK && again && taken->count < max;) {
        struct batch batch = {.taken = taken};
        size_t room = max - taken->count;
        status = each_job(store, scope, deferred, (int64_t)room, add_job, &batch, err);
        if (status == NL_OK)
            status = skip_ended(store, scope, &batch.ended, err);
        /* Rows whose subscription had ended made room for others of the same batch. */
        again = batch.ended.len > 0 && taken->count == 0;
        nl_buf_free(&batch.ended);
    }
    return status;
}

static enum nl_status mark_leased(struct nl_store *store, const struct nl_scope *scope,
                                  const char *owner, int64_t until, const struct taken *taken,
                                  struct nl_error *err) {
    int64_t *ids = nl_calloc(taken->count + 1, sizeof *ids);
    for (size_t i = 0; i < taken->count; i++)
        ids[i] = taken->jobs[i].delivery;
    enum nl_status status =
        nl_sql_run_ids(store, err, ids, taken->count, NULL,
                       "UPDATE delivery" NL_OF_ISSUE " SET state = 'leased', lease_owner = ?2, "
                       "lease_until = ?3, dot_at = NULL, "
                       "first_attempt_at = coalesce(first_attempt_at, ?4), updated_at = ?4 "
                       "WHERE id " NL_IDS NL_IDS_CHANGED("id"),
                       NL_VALUES(NL_OF(scope->issue), NL_STRING(owner), NL_INT(until),
                                 NL_INT(nl_store_now(store))));
    free(ids);
    return status;
}

/* Searches from where the last search ended: rows that have left the queue slow down a server's
 * index until it is vacuumed. After the end it starts again, for rows that were put back. */
static enum nl_status take_queued(struct nl_store *store, struct nl_scope *scope, size_t max,
                                  struct taken *taken, struct nl_error *err) {
    size_t before = taken->count;
    enum nl_status status = take_deliveries(store, scope, false, max, taken, err);
    if (status == NL_OK && taken->count == before && scope->after != 0) {
        scope->after = 0;
        status = take_deliveries(store, scope, false, max, taken, err);
    }
    for (size_t i = before; i < taken->count; i++)
        if (taken->jobs[i].delivery > scope->after)
            scope->after = taken->jobs[i].delivery;
    return status;
}

enum nl_status nl_delivery_lease(struct nl_store *store, struct nl_scope *scope, const char *owner,
                                 int64_t until, size_t max, struct nl_job *jobs, size_t *count,
                                 struct nl_error *err) {
    struct taken taken = {.jobs = jobs};
    enum nl_status status =
        scope->reservations ? take_deliveries(store, scope, true, max, &taken, err) : NL_OK;
    if (status == NL_OK && taken.count < max)
        status = take_queued(store, scope, max, &taken, err);
    if (status == NL_OK && taken.count < max && !scope->reservations)
        status = take_deliveries(store, scope, true, max, &taken, err);
    if (status == NL_OK)
        status = mark_leased(store, scope, owner, until, &taken, err);
    if (status == NL_OK && taken.count > 0)
        status = nl_ledger_leased(store, owner, scope->issue, jobs, taken.count, err);
    if (status != NL_OK) {
        for (size_t i = 0; i < taken.count; i++)
            nl_job_free(&jobs[i]);
        taken.count = 0;
    }
    *count = taken.count;
    return status;
}

/* Not to be looked up by its state: the index of those that are leased is full of rows that no
 * longer are. */
#define IS_LEASED "/*+ '' || */ state = 'leased'"

enum nl_status nl_delivery_commit_points(struct nl_store *store, int64_t issue,
                                         const int64_t *deliveries, size_t count, bool ahead,
                                         const char *owner, bool *ok, struct nl_error *err) {
    int64_t now = nl_store_now(store);
    /* Below zero: it may not have begun. */
    enum nl_status status = nl_sql_run_ids(
        store, err, deliveries, count, ok,
        "UPDATE delivery" NL_OF_ISSUE " AS d SET dot_at = ?2 WHERE d.id " NL_IDS " AND " IS_LEASED
        " AND "
        "d.lease_owner = ?3 AND EXISTS (SELECT 1 FROM subscription s JOIN subscriber r "
        "ON r.id = s.subscriber WHERE s.id = d.subscription AND " ELIGIBLE
        ")" NL_IDS_CHANGED("d.id"),
        NL_VALUES(NL_OF(issue), NL_INT(ahead ? -now : now), NL_STRING(owner)));
    return status == NL_OK ? nl_ledger_commit_points(store, owner, deliveries, count, ok, err)
                           : status;
}

enum nl_status nl_delivery_withdraw_commit_points(struct nl_store *store, int64_t issue,
                                                  const int64_t *deliveries, size_t count,
                                                  const char *owner, struct nl_error *err) {
    enum nl_status status =
        nl_sql_run_ids(store, err, deliveries, count, NULL,
                       "UPDATE delivery" NL_OF_ISSUE " SET dot_at = NULL WHERE id " NL_IDS
                       " AND " IS_LEASED " AND lease_owner = ?2" NL_IDS_CHANGED("id"),
                       NL_VALUES(NL_OF(issue), NL_STRING(owner)));
    return status == NL_OK ? nl_ledger_withdrawn(store, owner, deliveries, count, err) : status;
}

enum nl_status nl_delivery_any_sent(struct nl_store *store, int64_t issue, bool *any,
                                    struct nl_error *err) {
    *any = false;
    return nl_sql_exists(store, err, any,
                         "SELECT 1 FROM delivery" NL_OF_ISSUE
                         " WHERE issue = ? AND state = 'sent' LIMIT 1",
                         NL_VALUES(NL_OF(issue), NL_INT(issue)));
}

enum nl_status nl_delivery_renew(struct nl_store *store, int64_t issue, const char *owner,
                                 int64_t until, struct nl_error *err) {
    return nl_sql_run(store, err,
                      "UPDATE delivery" NL_OF_ISSUE
                      " SET lease_until = ? WHERE state = 'leased' AND lease_owner = ?",
                      NL_VALUES(NL_OF(issue), NL_INT(until), NL_STRING(owner)));
}

enum nl_status nl_delivery_postpone(struct nl_store *store, int64_t issue, int64_t delivery,
                                    const char *owner, int64_t at, struct nl_error *err) {
    return nl_sql_run(store, err,
                      "UPDATE delivery" NL_OF_ISSUE
                      " SET state = 'deferred', next_attempt_at = ?1, paced_at = ?1, "
                      "lease_owner = NULL, lease_until = NULL, "
                      "first_attempt_at = CASE attempts WHEN 0 THEN NULL ELSE first_attempt_at END "
                      "WHERE id = ? AND state = 'leased' AND lease_owner = ?",
                      NL_VALUES(NL_OF(issue), NL_INT(at), NL_INT(delivery), NL_STRING(owner)));
}

enum nl_status nl_delivery_recall(struct nl_store *store, int64_t issue, const int64_t *deliveries,
                                  size_t count, struct nl_error *err) {
    return nl_sql_run_ids(
        store, err, deliveries, count, NULL,
        "UPDATE delivery" NL_OF_ISSUE
        " AS d SET next_attempt_at = ?2, paced_at = ?2 WHERE d.id " NL_IDS
        " AND d.state = 'deferred' AND d.next_attempt_at = d.paced_at AND d.paced_at > ?2",
        NL_VALUES(NL_OF(issue), NL_INT(nl_store_now(store))));
}

enum nl_status nl_delivery_next_due(struct nl_store *store, int64_t issue, int64_t *due,
                                    struct nl_error *err) {
    *due = 0;
    return nl_sql_number(store, err, due, NULL,
                         "SELECT min(next_attempt_at) FROM delivery" NL_OF_ISSUE " "
                         "WHERE issue IS NOT DISTINCT FROM nullif(?, 0) AND state = 'deferred'",
                         NL_VALUES(NL_OF(issue), NL_INT(issue)));
}

enum nl_status nl_delivery_notice(struct nl_store *store, int64_t delivery, int64_t *list,
                                  const char **kind, char **language, struct nl_error *err) {
    bool row = false;
    char text[32];
    enum nl_status status = nl_sql_first(
        store, err, &row,
        "SELECT s.list, d.kind, r.language FROM delivery d "
        "JOIN subscription s ON s.id = d.subscription "
        "JOIN subscriber r ON r.id = s.subscriber WHERE d.id = ? AND d.issue IS NULL",
        NL_VALUES(NL_INT(delivery)),
        NL_COLUMNS(NL_INTO(list), NL_INTO_FIXED(text, sizeof text), NL_INTO(language)));
    *kind = NULL;
    for (size_t i = 0; row && nl_notice_kinds[i] != NULL; i++)
        if (strcmp(nl_notice_kinds[i], text) == 0)
            *kind = nl_notice_kinds[i];
    return status == NL_OK && !row ? nl_error_set(err, NL_NOTFOUND, "no such notice") : status;
}
