#include "newsletter/store/person.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/token.h"
#include "store/event.h"
#include "store/ledger.h"
#include "store/person_row.h"
#include "store/transactional_row.h"

#include <stdlib.h>

enum nl_status nl_person_find(struct nl_store *store, const struct nl_address *address,
                              int64_t *subscriber, struct nl_error *err) {
    bool found = false;
    enum nl_status status = nl_sql_number(store, err, subscriber, &found,
                                          "SELECT id FROM subscriber WHERE address_key = ?",
                                          NL_VALUES(NL_STRING(address->key)));
    return status == NL_OK && !found
               ? nl_error_set(err, NL_NOTFOUND, NL_TEXT("%s is not known here"), address->text)
               : status;
}

enum nl_status nl_person_check(struct nl_store *store, int64_t subscriber, struct nl_error *err) {
    bool found = false;
    enum nl_status status = nl_sql_exists(
        store, err, &found, "SELECT 1 FROM subscriber WHERE id = ? AND address_key LIKE '%@%'",
        NL_VALUES(NL_INT(subscriber)));
    return status == NL_OK && !found
               ? nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such subscriber"))
               : status;
}

/* ---- forgetting ---- */

static void digest_of(const struct nl_store *store, const char *address_key,
                      char out[NL_MAC_TEXT_LEN + 1]) {
    nl_mac(nl_store_secret(store), "erased", address_key, out);
}

enum nl_status nl_person_leave_tombstone(struct nl_store *store, int64_t subscriber,
                                         struct nl_error *err) {
    char digest[NL_MAC_TEXT_LEN + 1];
    char *key = NULL;
    enum nl_status status =
        nl_sql_first(store, err, NULL, "SELECT address_key FROM subscriber WHERE id = ?",
                     NL_VALUES(NL_INT(subscriber)), NL_COLUMNS(NL_INTO(&key)));
    if (status != NL_OK)
        return status;
    if (key == NULL)
        return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such subscriber"));
    digest_of(store, key, digest);
    free(key);
    return nl_sql_run(store, err,
                      "INSERT INTO erased (digest, at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                      NL_VALUES(NL_STRING(digest), NL_INT(nl_store_now(store))));
}

enum nl_status nl_person_erase_rows(struct nl_store *store, int64_t subscriber,
                                    struct nl_error *err) {
    /* The order matters: rows that refer to others are changed first. Unsubscribe tokens stay, so
     * that the links in old mails still say that nothing more will come. */
    static const char *const steps[] = {
        /* A wording that a program gave for this person alone may speak of them. */
        ("DELETE FROM wording WHERE id IN (SELECT form_wording FROM subscription WHERE subscriber "
         "= ?1) AND NOT EXISTS (SELECT 1 FROM subscription o WHERE o.form_wording = wording.id AND "
         "o.subscriber <> ?1) AND ?2 > 0"),
        ("UPDATE subscription SET form_wording = NULL, mail_wording = NULL, page_wording = NULL, "
         "consent_source = NULL, consent_ip = NULL, ended_at = "
         "coalesce(ended_at, ?2), state = CASE WHEN state IN ('active', 'pending') THEN "
         "'unsubscribed' ELSE state END "
         "WHERE subscriber = ?1"),
        ("UPDATE delivery SET state = 'skipped', updated_at = ?2 WHERE id IN " THEIR_DELIVERIES
         " AND state IN ('queued', 'deferred')"),
        ("UPDATE delivery SET reply_text = NULL WHERE id IN " THEIR_DELIVERIES " AND ?2 > 0"),
        ("DELETE FROM attempt WHERE delivery IN " THEIR_DELIVERIES " AND ?2 > 0"),
        ("UPDATE returned SET message = NULL WHERE id IN (SELECT returned FROM bounce WHERE "
         "subscription IN " THEIRS ") AND ?2 > 0"),
        ("UPDATE bounce SET diagnostic = NULL WHERE subscription IN " THEIRS " AND ?2 > 0"),
        ("UPDATE event SET detail = NULL WHERE subscriber = ?1 AND ?2 > 0"),
        ("DELETE FROM confirmation WHERE subscription IN " THEIRS " AND ?2 > 0"),
        ("DELETE FROM address_change WHERE subscriber = ?1 AND ?2 > 0"),
        ("DELETE FROM api_repeat WHERE instr(body, (SELECT address FROM subscriber WHERE id = ?1)) "
         "> 0 AND ?2 > 0"),
        ("DELETE FROM import_change WHERE subscriber = ?1 AND ?2 > 0"),
        ("DELETE FROM task_part WHERE task IN (SELECT id FROM task WHERE ended_at <= ?2 AND ?1 > 0 "
         "AND state NOT IN ('waiting', 'running', 'undoing', 'tried'))"),
        ("UPDATE subscriber SET address = '(erased)', address_key = 'erased ' || uuid, name = "
         "NULL, "
         "language = NULL, attributes = '{}' WHERE id = ?1 AND ?2 > 0"),
    };
    char *key = NULL;
    int64_t messages = 0;
    enum nl_status status = nl_person_leave_tombstone(store, subscriber, err);
    if (status == NL_OK)
        status = nl_sql_first(store, err, NULL, "SELECT address_key FROM subscriber WHERE id = ?",
                              NL_VALUES(NL_INT(subscriber)), NL_COLUMNS(NL_INTO(&key)));
    if (status == NL_OK && key != NULL)
        status = nl_transactional_erase_rows(store, key, &messages, err);
    free(key);
    for (size_t i = 0; status == NL_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = nl_sql_run(store, err, steps[i],
                            NL_VALUES(NL_INT(subscriber), NL_INT(nl_store_now(store))));
    if (status == NL_OK)
        status = nl_ledger_states(store, subscriber, err);
    if (status == NL_OK)
        status = nl_ledger_forget(store, subscriber, err);
    return status == NL_OK ? nl_event_add(store, "erased", 0, subscriber, 0, NULL, err) : status;
}

static enum nl_status erase(struct nl_store *store, void *ctx, struct nl_error *err) {
    return nl_person_erase_rows(store, *(const int64_t *)ctx, err);
}

enum nl_status nl_person_erase(struct nl_store *store, int64_t subscriber, struct nl_error *err) {
    enum nl_status status = nl_sql_exclusive(store, erase, &subscriber, err);
    nl_store_empty_log(store);
    return status;
}

enum nl_status nl_person_was_erased(struct nl_store *store, const struct nl_address *address,
                                    bool *erased, struct nl_error *err) {
    char digest[NL_MAC_TEXT_LEN + 1];
    int64_t at = 0;
    digest_of(store, address->key, digest);
    return nl_sql_number(store, err, &at, erased, "SELECT at FROM erased WHERE digest = ?",
                         NL_VALUES(NL_STRING(digest)));
}
