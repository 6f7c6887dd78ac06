/* The outcome of transactional messages: commit points, records, and their end. */
#include "newsletter/db/sql.h"
#include "store/ledger.h"
#include "store/transactional_row.h"

enum { AT_ONCE = 1000 };

#define SETTLED "('sent', 'bounced', 'failed', 'unknown', 'skipped')"

enum nl_status nl_transactional_commit_points(struct nl_store *store, const int64_t *messages,
                                              size_t count, bool ahead, const char *owner, bool *ok,
                                              struct nl_error *err) {
    int64_t now = nl_store_now(store);
    /* Below zero: it may not have begun. */
    enum nl_status status =
        nl_sql_run_ids(store, err, messages, count, ok,
                       "UPDATE delivery" NL_OF_ISSUE " AS d SET dot_at = ?2 WHERE d.id " NL_IDS
                       " AND d.state = 'leased' AND d.lease_owner = ?3 AND EXISTS (SELECT 1 "
                       "FROM transactional m WHERE m.delivery = d.id AND " NL_MESSAGE_SENDABLE
                       ")" NL_IDS_CHANGED("d.id"),
                       NL_VALUES(NL_OF(0), NL_INT(ahead ? -now : now), NL_STRING(owner)));
    return status == NL_OK ? nl_ledger_commit_points(store, owner, messages, count, ok, err)
                           : status;
}

/* The event is written first, while the row still names its owner. */
static enum nl_status tell(struct nl_store *store, const struct nl_record *record,
                           const char *owner, struct nl_error *err) {
    static const char *const kinds[] = {
        [NL_SENT] = "message-sent",       [NL_DEFERRED] = "message-deferred",
        [NL_BOUNCED] = "message-bounced", [NL_FAILED] = "message-failed",
        [NL_UNKNOWN] = "message-unknown", [NL_REQUEUED] = NULL};
    const char *kind = kinds[record->result->outcome];
    if (kind == NULL)
        return NL_OK;
    return nl_sql_run(
        store, err,
        "INSERT INTO event (at, kind, list, subscriber, message, detail) SELECT ?1, ?2, m.list, "
        "(SELECT r.id FROM subscriber r WHERE r.address_key = m.address_key), m.delivery, ?3 FROM "
        "transactional m JOIN delivery" NL_OF_ISSUE
        " d ON d.id = m.delivery WHERE m.delivery = ?4 AND "
        "d.lease_owner = ?5 AND (d.state = 'leased' OR (d.state = 'unknown' AND ?2 = "
        "'message-sent'))",
        NL_VALUES(NL_OF(0), NL_INT(nl_store_now(store)), NL_STRING(kind),
                  NL_STRING(record->result->text), NL_INT(record->delivery), NL_STRING(owner)));
}

static enum nl_status drop_content(struct nl_store *store, int64_t id, struct nl_error *err) {
    return nl_sql_run(store, err,
                      "UPDATE transactional SET content = NULL WHERE delivery = ?1 AND EXISTS "
                      "(SELECT 1 FROM delivery" NL_OF_ISSUE
                      " d WHERE d.id = ?1 AND d.state IN " SETTLED ")",
                      NL_VALUES(NL_OF(0), NL_INT(id)));
}

enum nl_status nl_transactional_record(struct nl_store *store, const struct nl_record *records,
                                       size_t count, const char *owner, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status = tell(store, &records[i], owner, err);
    if (status == NL_OK)
        status = nl_delivery_record(store, 0, records, count, owner, err);
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status = drop_content(store, records[i].delivery, err);
    return status;
}

enum nl_status nl_transactional_skip(struct nl_store *store, int64_t id, struct nl_error *err) {
    int64_t now = nl_store_now(store);
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE delivery" NL_OF_ISSUE
                   " SET state = 'skipped', updated_at = ?, reply_text = 'the address was "
                   "suppressed before its turn' WHERE id = ?",
                   NL_VALUES(NL_OF(0), NL_INT(now), NL_INT(id)));
    if (status == NL_OK)
        status = nl_sql_run(
            store, err,
            "INSERT INTO event (at, kind, list, message) SELECT ?, 'message-skipped', m.list, "
            "m.delivery FROM transactional m WHERE m.delivery = ?",
            NL_VALUES(NL_INT(now), NL_INT(id)));
    return status == NL_OK ? drop_content(store, id, err) : status;
}

/* ---- the end ---- */

/* Also those whose address was erased, which have left no more than the delivery. */
#define OLD                                                                                        \
    "FROM delivery d WHERE d.issue IS NULL AND d.subscription IS NULL AND d.kind = "               \
    "'" NL_KIND_MESSAGE "' AND d.state IN " SETTLED " AND d.updated_at < ?1"

struct forgetting {
    int64_t before, count;
};

static enum nl_status forget(struct nl_store *store, void *ctx, struct nl_error *err) {
    /* Rows that refer to them come first; the table transactional follows its deliveries. */
    static const char *const steps[] = {
        "UPDATE returned SET delivery = NULL WHERE delivery IN (SELECT d.id " OLD
        " ORDER BY d.id LIMIT ?2)",
        "UPDATE bounce SET delivery = NULL WHERE delivery IN (SELECT d.id " OLD
        " ORDER BY d.id LIMIT ?2)",
        "DELETE FROM delivery" NL_OF_ISSUE " WHERE issue IS NULL AND id IN (SELECT d.id " OLD
        " ORDER BY d.id LIMIT ?2)",
    };
    struct forgetting *forgetting = ctx;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = nl_sql_run(store, err, steps[i],
                            NL_VALUES(NL_OF(0), NL_INT(forgetting->before), NL_INT(AT_ONCE)));
    forgetting->count = nl_sql_changes(store);
    return status;
}

enum nl_status nl_transactional_forget(struct nl_store *store, int64_t before, bool dry_run,
                                       int64_t *count, struct nl_error *err) {
    struct forgetting forgetting = {.before = before};
    if (dry_run)
        return nl_sql_number(store, err, count, NULL, "SELECT count(*) " OLD,
                             NL_VALUES(NL_INT(before)));
    *count = 0;
    /* A process that died between the final dot and the reply has left the content. */
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE transactional SET content = NULL WHERE content IS NOT NULL AND delivery "
                   "IN (SELECT id FROM delivery WHERE issue IS NULL AND state IN " SETTLED ")",
                   NL_NO_VALUES);
    do {
        if (status == NL_OK)
            status = nl_sql_exclusive(store, forget, &forgetting, err);
        *count += forgetting.count;
        nl_store_give_way(store);
    } while (status == NL_OK && forgetting.count == AT_ONCE);
    return status;
}

enum nl_status nl_transactional_erase_rows(struct nl_store *store, const char *address_key,
                                           int64_t *count, struct nl_error *err) {
#define THEIR_MESSAGES "(SELECT delivery FROM transactional WHERE address_key = ?1)"
    static const char *const steps[] = {
        "UPDATE delivery SET state = 'skipped', lease_owner = NULL, lease_until = NULL, "
        "updated_at = ?2 WHERE issue IS NULL AND id IN " THEIR_MESSAGES
        " AND state IN ('queued', 'deferred', 'leased')",
        "UPDATE delivery SET reply_text = NULL WHERE issue IS NULL AND id IN " THEIR_MESSAGES
        " AND ?2 > 0",
        "DELETE FROM attempt WHERE delivery IN " THEIR_MESSAGES " AND ?2 > 0",
        "UPDATE event SET detail = NULL WHERE message IN " THEIR_MESSAGES " AND ?2 > 0",
        "UPDATE bounce SET diagnostic = NULL WHERE delivery IN " THEIR_MESSAGES " AND ?2 > 0",
        "UPDATE returned SET message = NULL WHERE delivery IN " THEIR_MESSAGES " AND ?2 > 0",
        "DELETE FROM transactional WHERE address_key = ?1 AND ?2 > 0",
    };
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = nl_sql_run(store, err, steps[i],
                            NL_VALUES(NL_STRING(address_key), NL_INT(nl_store_now(store))));
    *count = status == NL_OK ? nl_sql_changes(store) : 0;
    return status;
}

struct erasure {
    const char *address_key;
    int64_t *count;
};

static enum nl_status erase(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct erasure *erasure = ctx;
    return nl_transactional_erase_rows(store, erasure->address_key, erasure->count, err);
}

enum nl_status nl_transactional_erase(struct nl_store *store, const char *address_key,
                                      int64_t *count, struct nl_error *err) {
    struct erasure erasure = {address_key, count};
    *count = 0;
    enum nl_status status = nl_sql_exclusive(store, erase, &erasure, err);
    nl_store_empty_log(store);
    return status;
}
