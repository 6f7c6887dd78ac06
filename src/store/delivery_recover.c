/* Takes over the deliveries that a dead run has left. */
#include "newsletter/base/witness.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/delivery.h"
#include "store/ledger.h"
#include "store/waiting.h"

#include <stdlib.h>
#include <string.h>

/* Rows that other processes take over are passed over. */
#define CLAIM " /*+ FOR UPDATE OF d SKIP LOCKED */"

struct recovery {
    int64_t issue;
    int64_t count;
    struct nl_buf not_begun; /* their ids */
    struct nl_buf owners;    /* whose witnesses were asked, with a blank after each */
};

/* Leases that have ended. ?3 is true if all have, because nobody else sends the issue now. */
#define DEAD                                                                                       \
    "WHERE id IN (SELECT id FROM delivery" NL_OF_ISSUE                                             \
    " WHERE issue IS NOT DISTINCT FROM nullif(?1, 0) AND "                                         \
    "state = 'leased' AND (?3 <> 0 OR lease_until <= ?2) AND dot_at IS "

static enum nl_status ask_witness(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    struct recovery *recovery = context;
    const char *owner = nl_sql_text(row, 1);
    if (owner == NULL)
        return NL_OK;
    if (strstr(nl_buf_text(&recovery->owners), owner) == NULL)
        nl_buf_addf(&recovery->owners, "%s ", owner);
    return nl_sql_bool(row, 2) &&
                   nl_witness_ask(owner, nl_sql_int(row, 0)) == NL_TESTIMONY_NOT_BEGUN
               ? nl_sql_add_id(row, &recovery->not_begun, err)
               : NL_OK;
}

/* Commit points that were recorded ahead are taken back where a witness says that their messages
 * had not begun. Without a witness, the machine may have gone down. */
static enum nl_status hear_witnesses(struct nl_store *store, struct recovery *recovery, int64_t all,
                                     struct nl_error *err) {
    nl_buf_clear(&recovery->not_begun);
    nl_buf_clear(&recovery->owners);
    enum nl_status status =
        nl_sql_each(store, err, ask_witness, recovery,
                    "SELECT d.id, d.lease_owner, d.dot_at < 0 FROM delivery" NL_OF_ISSUE
                    " d WHERE d.issue IS NOT "
                    "DISTINCT FROM nullif(?1, "
                    "0) AND d.state = 'leased' AND (?3 <> 0 OR d.lease_until <= ?2) AND d.dot_at "
                    "IS NOT NULL" CLAIM,
                    NL_VALUES(NL_OF(recovery->issue), NL_INT(recovery->issue),
                              NL_INT(nl_store_now(store)), NL_INT(all)));
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&recovery->not_begun); i++)
        status = nl_sql_run(
            store, err, "UPDATE delivery" NL_OF_ISSUE " SET dot_at = NULL WHERE id = ?",
            NL_VALUES(NL_OF(recovery->issue), NL_INT(nl_ids_at(&recovery->not_begun, i))));
    return status;
}

static enum nl_status recover(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct recovery *recovery = ctx;
    int64_t now = nl_store_now(store);
    int64_t all = recovery->issue != 0 && nl_store_locks_issues(store);
    enum nl_status status = hear_witnesses(store, recovery, all, err);
    if (status != NL_OK)
        return status;
    if (recovery->issue == 0)
        status = nl_sql_run(
            store, err,
            "INSERT INTO event (at, kind, list, message) SELECT ?2, 'message-unknown', m.list, "
            "m.delivery FROM transactional m JOIN delivery" NL_OF_ISSUE
            " AS d ON d.id = m.delivery " DEAD "NOT NULL /*+ FOR UPDATE SKIP LOCKED */)",
            NL_VALUES(NL_OF(recovery->issue), NL_INT(recovery->issue), NL_INT(now), NL_INT(all)));
    if (status != NL_OK)
        return status;
    struct nl_buf unknown = {0};
    struct nl_buf queued = {0};
    status = nl_sql_each(
        store, err, nl_sql_add_id, &unknown,
        "UPDATE delivery" NL_OF_ISSUE " SET state = 'unknown', lease_until = NULL, "
        "attempts = attempts + 1, updated_at = ?2, "
        "reply_text = 'the run ended between the final dot and the reply' " DEAD
        "NOT NULL /*+ FOR UPDATE SKIP LOCKED */) RETURNING id",
        NL_VALUES(NL_OF(recovery->issue), NL_INT(recovery->issue), NL_INT(now), NL_INT(all)));
    recovery->count = (int64_t)nl_ids_count(&unknown);
    if (status == NL_OK)
        status = nl_sql_each(
            store, err, nl_sql_add_id, &queued,
            "UPDATE delivery" NL_OF_ISSUE " SET state = 'queued', lease_owner = NULL, "
            "lease_until = NULL, updated_at = ?2 " DEAD
            "NULL /*+ FOR UPDATE SKIP LOCKED */) RETURNING id",
            NL_VALUES(NL_OF(recovery->issue), NL_INT(recovery->issue), NL_INT(now), NL_INT(all)));
    if (status == NL_OK)
        status = nl_ledger_set(store, "unknown", &unknown, err);
    if (status == NL_OK)
        status = nl_ledger_set(store, "queued", &queued, err);
    nl_buf_free(&unknown);
    nl_buf_free(&queued);
    return status;
}

/* Once their word is on disk, nobody asks them again. */
static void dismiss_witnesses(struct recovery *recovery, bool recorded) {
    char *rest = NULL;
    char *owners = nl_buf_take(&recovery->owners);
    for (char *owner = strtok_r(owners, " ", &rest); recorded && owner != NULL;
         owner = strtok_r(NULL, " ", &rest))
        nl_witness_remove(owner);
    free(owners);
    nl_buf_free(&recovery->not_begun);
}

enum nl_status nl_delivery_recover(struct nl_store *store, int64_t issue, int64_t *unknown,
                                   struct nl_error *err) {
    struct recovery recovery = {.issue = issue};
    enum nl_status status = nl_sql_shared(store, recover, &recovery, err);
    *unknown = recovery.count;
    dismiss_witnesses(&recovery, status == NL_OK);
    return status;
}

enum nl_status nl_delivery_bound_waits(struct nl_store *store, int64_t issue, int64_t longest,
                                       struct nl_error *err) {
    return nl_sql_run(
        store, err,
        "UPDATE delivery" NL_OF_ISSUE
        " SET next_attempt_at = ?2 WHERE id IN (SELECT d.id FROM delivery" NL_OF_ISSUE " d WHERE "
        "d.issue IS NOT DISTINCT FROM nullif(?1, 0) AND d.state = 'deferred' AND "
        "d.next_attempt_at > ?2 + ?3 AND CASE WHEN d.paced_at IS NULL THEN d.attempts > 0 ELSE "
        "d.next_attempt_at > ?2 + ?3 + (" NL_ISSUES_WAITING ") END /*+ FOR UPDATE OF d SKIP "
        "LOCKED */)",
        NL_VALUES(NL_OF(issue), NL_INT(issue), NL_INT(nl_store_now(store)), NL_INT(longest)));
}
