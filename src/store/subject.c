#include "newsletter/subject.h"

#include "newsletter/token.h"
#include "store/sql.h"

enum nl_status nl_subject_find(struct nl_store *store, const struct nl_address *address,
                               int64_t *subscriber, struct nl_error *err) {
    bool found = false;
    enum nl_status status =
        nl_sql_number(store, err, subscriber, &found,
                      "SELECT id FROM subscriber WHERE address_key = ?", "s", address->key);
    return status == NL_OK && !found
               ? nl_error_set(err, NL_NOTFOUND, "%s is not known here", address->text)
               : status;
}

/* ---- telling ---- */

/* By issue, since that is what deliveries are indexed on: an index for this alone would make every
 * fan-out slower. */
#define THEIRS "(SELECT id FROM subscription WHERE subscriber = ?1)"
#define THEIR_DELIVERIES                                                                           \
    "(SELECT d.id FROM issue i CROSS JOIN subscription s CROSS JOIN delivery d ON "                \
    "d.issue = i.id AND d.subscription = s.id WHERE s.subscriber = ?1 UNION ALL "                  \
    "SELECT id FROM delivery WHERE issue IS NULL AND subscription IN " THEIRS ")"

#define TIME(column) "strftime('%Y-%m-%dT%H:%M:%SZ', " column ", 'unixepoch')"

#define SUBSCRIPTIONS                                                                              \
    "(SELECT json_group_array(json_object('list', l.name, 'title', l.title, 'state', s.state, "    \
    "'consent', json_object('at', " TIME(                                                          \
        "s.consent_at") ", 'source', s.consent_source, 'ip', "                                     \
                        "s.consent_ip, 'form_version', s.consent_version), 'confirmed_at', " TIME( \
                            "s.confirmed_at") ", 'ended_at', " TIME("s.ended_at") ")) FROM "       \
                                                                                  "subscription "  \
                                                                                  "s JOIN list l " \
                                                                                  "ON l.id = "     \
                                                                                  "s.list "        \
                                                                                  "WHERE "         \
                                                                                  "s.subscriber "  \
                                                                                  "= r.id)"

#define DELIVERIES                                                                                 \
    "(SELECT json_group_array(json_object('kind', d.kind, 'issue', i.title, 'state', d.state, "    \
    "'attempts', d.attempts, 'created_at', " TIME("d.created_at") ", 'updated_at', " TIME(         \
        "d.updated_at") ", 'reply_code', d.reply_code, 'reply', d.reply_text)) FROM delivery d "   \
                        "LEFT JOIN issue i ON i.id = d.issue WHERE d.id IN " THEIR_DELIVERIES ")"

#define RETURNED                                                                                   \
    "(SELECT json_group_array(json_object('at', " TIME(                                            \
        "b.at") ", 'kind', b.kind, 'reason', "                                                     \
                "b.reason, 'status', b.status, 'diagnostic', b.diagnostic)) FROM bounce b "        \
                "JOIN subscription s ON s.id = b.subscription WHERE s.subscriber = r.id)"

#define HISTORY                                                                                    \
    "(SELECT json_group_array(json_object('at', " TIME(                                            \
        "e.at") ", 'what', e.kind, 'list', l.name, "                                               \
                "'detail', e.detail)) FROM event e LEFT JOIN list l ON l.id = e.list "             \
                "WHERE e.subscriber = r.id)"

#define SUPPRESSED                                                                                 \
    "(SELECT json_object('reason', x.reason, 'since', " TIME(                                      \
        "x.since") ") FROM suppression x "                                                         \
                   "WHERE x.address_key = r.address_key)"

enum nl_status nl_subject_export(struct nl_store *store, int64_t subscriber, char **json,
                                 struct nl_error *err) {
    bool row = false;
    bool failed = false;
    *json = NULL;
    sqlite3_stmt *statement = nl_sql(
        store, err,
        "SELECT json_object('address', r.address, 'name', r.name, 'language', r.language, "
        "'attributes', json(r.attributes), 'created_at', " TIME(
            "r.created_at") ", 'new_address', (SELECT c.address FROM address_change c WHERE "
                            "c.subscriber = r.id), "
                            "'subscriptions', json(" SUBSCRIPTIONS
                            "), 'deliveries', json(" DELIVERIES "), 'returned_mail', json(" RETURNED
                            "), 'history', json(" HISTORY "), 'suppressed', json(" SUPPRESSED
                            ")) FROM subscriber r WHERE r.id = ?1",
        "i", subscriber);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    if (status == NL_OK && row)
        *json = nl_sql_text(statement, 0, &failed);
    nl_sql_done(statement);
    if (status == NL_OK && !row)
        return nl_error_set(err, NL_NOTFOUND, "there is no such subscriber");
    return failed ? nl_error_nomem(err) : status;
}

/* ---- forgetting ---- */

static void digest_of(const struct nl_store *store, const char *address_key,
                      char out[NL_MAC_TEXT_LEN + 1]) {
    nl_mac(store->secret, "erased", address_key, out);
}

static enum nl_status leave_tombstone(struct nl_store *store, int64_t subscriber,
                                      struct nl_error *err) {
    char digest[NL_MAC_TEXT_LEN + 1];
    bool row = false;
    sqlite3_stmt *statement =
        nl_sql(store, err, "SELECT address_key FROM subscriber WHERE id = ?", "i", subscriber);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    if (status == NL_OK && row)
        digest_of(store, (const char *)sqlite3_column_text(statement, 0), digest);
    nl_sql_done(statement);
    if (status == NL_OK && !row)
        return nl_error_set(err, NL_NOTFOUND, "there is no such subscriber");
    return status == NL_OK
               ? nl_sql_run(store, err, "INSERT OR IGNORE INTO erased (digest, at) VALUES (?, ?)",
                            "si", digest, nl_env_now(&store->env))
               : status;
}

static enum nl_status erase(struct nl_store *store, void *ctx, struct nl_error *err) {
    /* In this order: what refers to others first. Unsubscribe tokens stay, so that the links in old
     * mails still say that nothing more will come. */
    static const char *const steps[] = {
        ("UPDATE subscription SET consent_source = NULL, consent_ip = NULL, ended_at = "
         "coalesce(ended_at, ?2), state = iif(state IN ('active', 'pending'), 'unsubscribed', "
         "state) "
         "WHERE subscriber = ?1"),
        ("UPDATE delivery SET state = 'skipped', updated_at = ?2 WHERE id IN " THEIR_DELIVERIES
         " AND state IN ('queued', 'deferred')"),
        ("UPDATE delivery SET reply_text = NULL WHERE id IN " THEIR_DELIVERIES " AND ?2"),
        ("UPDATE returned SET message = NULL WHERE id IN (SELECT returned FROM bounce WHERE "
         "subscription IN " THEIRS ") AND ?2"),
        ("UPDATE bounce SET diagnostic = NULL WHERE subscription IN " THEIRS " AND ?2"),
        ("UPDATE event SET detail = NULL WHERE subscriber = ?1 AND ?2"),
        ("DELETE FROM confirmation WHERE subscription IN " THEIRS " AND ?2"),
        ("DELETE FROM address_change WHERE subscriber = ?1 AND ?2"),
        ("UPDATE subscriber SET address = '(erased)', address_key = 'erased ' || uuid, name = "
         "NULL, "
         "language = NULL, attributes = '{}' WHERE id = ?1 AND ?2"),
    };
    int64_t subscriber = *(const int64_t *)ctx;
    enum nl_status status = leave_tombstone(store, subscriber, err);
    for (size_t i = 0; status == NL_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = nl_sql_run(store, err, steps[i], "ii", subscriber, nl_env_now(&store->env));
    return status == NL_OK ? nl_event_add(store, "erased", 0, subscriber, 0, NULL, err) : status;
}

enum nl_status nl_subject_erase(struct nl_store *store, int64_t subscriber, struct nl_error *err) {
    /* What is freed in the file is overwritten, and the log that may still hold it is emptied;
     * where a reader keeps that from happening now, the next checkpoint does it. */
    sqlite3_exec(store->db, "PRAGMA secure_delete = ON", NULL, NULL, NULL);
    enum nl_status status = nl_sql_transaction(store, erase, &subscriber, err);
    sqlite3_exec(store->db, "PRAGMA secure_delete = OFF", NULL, NULL, NULL);
    if (status == NL_OK)
        sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return status;
}

enum nl_status nl_subject_was_erased(struct nl_store *store, const struct nl_address *address,
                                     bool *erased, struct nl_error *err) {
    char digest[NL_MAC_TEXT_LEN + 1];
    int64_t at = 0;
    digest_of(store, address->key, digest);
    return nl_sql_number(store, err, &at, erased, "SELECT at FROM erased WHERE digest = ?", "s",
                         digest);
}
