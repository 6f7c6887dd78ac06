#include "newsletter/db/sql.h"
#include "newsletter/store/link.h"
#include "newsletter/store/preference.h"
#include "store/event.h"
#include "store/ledger.h"
#include "store/unanswered.h"

#include <string.h>

enum { ASKS_PER_DAY = 5, DAY = 86400 };

/* ---- asking ---- */

struct ask {
    int64_t subscriber;
    const struct nl_address *address;
    int64_t notice;
};

/* The subscription whose list sends the mail; 0 if no mail is to be sent. */
static enum nl_status find_sender(struct nl_store *store, const struct ask *ask,
                                  int64_t *subscription, struct nl_error *err) {
    return nl_sql_number(
        store, err, subscription, NULL,
        "SELECT s.id FROM subscription s WHERE s.subscriber = ?1 AND s.state <> 'complained' "
        "AND NOT EXISTS (SELECT 1 FROM suppression WHERE address_key = ?2) "
        "AND (SELECT count(*) FROM delivery d JOIN subscription o ON o.id = d.subscription WHERE "
        "     o.subscriber = ?1 AND d.issue IS NULL AND d.kind = 'address-change' "
        "     AND d.created_at > ?3) < ?4 "
        "ORDER BY s.state = 'active' DESC, s.id DESC LIMIT 1",
        NL_VALUES(NL_INT(ask->subscriber), NL_STRING(ask->address->key),
                  NL_INT(nl_store_now(store) - DAY), NL_INT(ASKS_PER_DAY)));
}

/* A new address may be anybody's: it gets as many mails as any other that does not answer. Sets
 * *subscription to 0 if it has had them. */
static enum nl_status check_unanswered(struct nl_store *store, const struct ask *ask,
                                       int64_t *subscription, struct nl_error *err) {
    struct nl_unanswered unanswered = {0};
    enum nl_status status = nl_unanswered_read(store, ask->address->key, &unanswered, err);
    if (status != NL_OK)
        return status;
    if (nl_unanswered_wait(&unanswered, false, 0) < 0) {
        *subscription = 0;
        return NL_OK;
    }
    return nl_unanswered_add(store, ask->address->key, err);
}

/* A mail that an earlier request has queued is not for the address of this one. */
static enum nl_status forget_earlier(struct nl_store *store, int64_t subscriber,
                                     struct nl_error *err) {
    int64_t now = nl_store_now(store);
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE delivery SET state = 'skipped', updated_at = ?, reply_text = 'another address was "
        "given' WHERE issue IS NULL AND kind = 'address-change' AND state IN ('queued', "
        "'deferred') "
        "AND subscription IN (SELECT id FROM subscription WHERE subscriber = ?)",
        NL_VALUES(NL_INT(now), NL_INT(subscriber)));
    if (status == NL_OK)
        status =
            nl_sql_run(store, err,
                       "UPDATE confirmation SET used_at = ? WHERE purpose = 'address' AND "
                       "used_at IS NULL AND subscription IN (SELECT id FROM subscription WHERE "
                       "subscriber = ?)",
                       NL_VALUES(NL_INT(now), NL_INT(subscriber)));
    return status;
}

static enum nl_status ask(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct ask *ask = ctx;
    int64_t subscription = 0;
    enum nl_status status = find_sender(store, ask, &subscription, err);
    if (status == NL_OK && subscription != 0)
        status = check_unanswered(store, ask, &subscription, err);
    if (status == NL_OK && subscription != 0) {
        status = forget_earlier(store, ask->subscriber, err);
        if (status == NL_OK)
            status =
                nl_sql_run(store, err,
                           "INSERT INTO address_change (subscriber, address, address_key, "
                           "requested_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (subscriber) "
                           "DO UPDATE SET address = ?2, address_key = ?3, requested_at = ?4",
                           NL_VALUES(NL_INT(ask->subscriber), NL_STRING(ask->address->text),
                                     NL_STRING(ask->address->key), NL_INT(nl_store_now(store))));
        if (status == NL_OK)
            status = nl_notice_add(store, "address-change", subscription, &ask->notice, err);
    }
    if (status == NL_OK)
        status = nl_event_add(store, "address-change-asked", 0, ask->subscriber, 0, NULL, err);
    return status;
}

enum nl_status nl_address_change_ask(struct nl_store *store, int64_t subscriber,
                                     const struct nl_address *address, int64_t *notice,
                                     struct nl_error *err) {
    struct ask call = {.subscriber = subscriber, .address = address};
    enum nl_status status = nl_sql_exclusive(store, ask, &call, err);
    *notice = status == NL_OK ? call.notice : 0;
    return status;
}

/* ---- confirming ---- */

/* The other subscriber who has the new address, or 0. */
static enum nl_status find_other(struct nl_store *store, int64_t subscriber, int64_t *other,
                                 struct nl_error *err) {
    return nl_sql_number(store, err, other, NULL,
                         "SELECT r.id FROM address_change c JOIN subscriber r ON "
                         "r.address_key = c.address_key AND r.id <> c.subscriber "
                         "WHERE c.subscriber = ?",
                         NL_VALUES(NL_INT(subscriber)));
}

/* The other subscriber takes over the active subscriptions; the remaining ones end. */
static enum nl_status merge(struct nl_store *store, int64_t from, int64_t into,
                            struct nl_error *err) {
    int64_t now = nl_store_now(store);
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE subscription AS s SET state = 'active', reconfirm_by = NULL, confirmed_at = ?1, "
        "ended_at = NULL, "
        "noticed_at = NULL, bounce_score = 0, bounce_at = NULL, consent_at = o.consent_at, "
        "consent_source = o.consent_source, consent_ip = o.consent_ip, "
        "consent_version = o.consent_version, form_wording = o.form_wording, mail_wording = "
        "o.mail_wording, page_wording = o.page_wording FROM subscription o WHERE o.subscriber = ?2 "
        "AND "
        "o.list = s.list AND o.state = 'active' AND s.subscriber = ?3 "
        "AND s.state NOT IN ('active', 'complained')",
        NL_VALUES(NL_INT(now), NL_INT(from), NL_INT(into)));
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "UPDATE subscription SET subscriber = ?2 WHERE subscriber = ?1 AND "
                            "state = 'active' AND list NOT IN (SELECT list FROM subscription "
                            "WHERE subscriber = ?2)",
                            NL_VALUES(NL_INT(from), NL_INT(into)));
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "UPDATE subscription SET state = 'unsubscribed', ended_at = ? "
                            "WHERE subscriber = ? AND state IN ('active', 'pending')",
                            NL_VALUES(NL_INT(now), NL_INT(from)));
    if (status == NL_OK)
        status = nl_ledger_states(store, from, err);
    return status == NL_OK ? nl_ledger_states(store, into, err) : status;
}

/* Links that went to the former address open nothing any more. */
static enum nl_status close_all_links(struct nl_store *store, int64_t subscriber,
                                      struct nl_error *err) {
    return nl_sql_run(store, err,
                      "UPDATE confirmation SET used_at = ? WHERE used_at IS NULL AND "
                      "subscription IN (SELECT id FROM subscription WHERE subscriber = ?)",
                      NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(subscriber)));
}

struct confirmation {
    const char *token;
    struct nl_link link;
};

static enum nl_status confirm(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct confirmation *call = ctx;
    int64_t other = 0;
    enum nl_status status = nl_link_find(store, call->token, NL_LINK_ADDRESS, &call->link, err);
    int64_t subscriber = call->link.subscriber;
    if (status == NL_OK)
        status = find_other(store, subscriber, &other, err);
    if (status == NL_OK)
        status = close_all_links(store, subscriber, err);
    if (status == NL_OK && other != 0)
        status = merge(store, subscriber, other, err);
    else if (status == NL_OK)
        status =
            nl_sql_run(store, err,
                       "UPDATE subscriber SET address = c.address, address_key = c.address_key "
                       "FROM address_change c WHERE c.subscriber = subscriber.id AND "
                       "subscriber.id = ?",
                       NL_VALUES(NL_INT(subscriber)));
    if (status == NL_OK)
        status = nl_sql_run(store, err, "DELETE FROM address_change WHERE subscriber = ?",
                            NL_VALUES(NL_INT(subscriber)));
    if (status == NL_OK)
        status = nl_unanswered_clear(store, other != 0 ? other : subscriber, err);
    if (status == NL_OK)
        status = nl_event_add(store, "address-changed", call->link.list,
                              other != 0 ? other : subscriber, 0, NULL, err);
    return status;
}

enum nl_status nl_address_change(struct nl_store *store, const char *token,
                                 struct nl_token_result *out, struct nl_error *err) {
    struct confirmation call = {.token = token};
    enum nl_status status = nl_sql_exclusive(store, confirm, &call, err);
    *out = (struct nl_token_result){.list = call.link.list, .subscriber = call.link.subscriber};
    memcpy(out->language, call.link.language, sizeof out->language);
    return status;
}
