#include "newsletter/store/subscription.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/token_find.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/link.h"
#include "store/event.h"
#include "store/unanswered.h"

#include <string.h>

/* The facts known about one address on one list before the sign-up. */
struct known {
    int64_t subscriber;
    int64_t subscription;
    bool active;
    bool blocked;   /* suppressed or complained: never mailed */
    bool confirmed; /* has confirmed something, once: strangers may not edit the record */
    int64_t noticed_at;
    bool notice_waits; /* one is on its way already */
};

struct signup_call {
    const struct nl_signup *signup;
    int64_t notice;
};

static enum nl_status find_known(struct nl_store *store, const struct nl_signup *signup,
                                 struct known *out, struct nl_error *err) {
    return nl_sql_first(
        store, err, NULL,
        "SELECT r.id, s.id, s.state = 'active', "
        "  coalesce(s.state = 'complained', FALSE) OR EXISTS (SELECT 1 FROM suppression x WHERE "
        "x.address_key = "
        "?1), "
        "  EXISTS (SELECT 1 FROM subscription o WHERE o.subscriber = r.id AND o.confirmed_at "
        "          IS NOT NULL), "
        "  s.noticed_at, "
        "  EXISTS (SELECT 1 FROM delivery d WHERE d.subscription = s.id AND d.issue IS NULL AND "
        "          d.state IN ('queued', 'leased', 'deferred') AND "
        "          d.kind = CASE s.state WHEN 'active' THEN 'already-subscribed' ELSE "
        "'confirmation' END) "
        "FROM (SELECT 1) AS one LEFT JOIN subscriber r ON r.address_key = ?1 "
        "LEFT JOIN subscription s ON s.subscriber = r.id AND s.list = ?2",
        NL_VALUES(NL_STRING(signup->address->key), NL_INT(signup->list)),
        NL_COLUMNS(NL_INTO(&out->subscriber), NL_INTO(&out->subscription), NL_INTO(&out->active),
                   NL_INTO(&out->blocked), NL_INTO(&out->confirmed), NL_INTO(&out->noticed_at),
                   NL_INTO(&out->notice_waits)));
}

static enum nl_status put_subscriber(struct nl_store *store, const struct nl_signup *signup,
                                     struct known *known, struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (known->subscriber == 0) {
        struct nl_token uuid;
        nl_token_new(nl_store_env(store), &uuid);
        status =
            nl_sql_insert(store, err, &known->subscriber,
                          "INSERT INTO subscriber (uuid, address, address_key, name, language, "
                          "attributes, created_at) "
                          "VALUES (?, ?, ?, ?, ?, coalesce(?, '{}'), ?)",
                          NL_VALUES(NL_STRING(uuid.text), NL_STRING(signup->address->text),
                                    NL_STRING(signup->address->key), NL_STRING(signup->name),
                                    NL_STRING(signup->language), NL_STRING(signup->attributes),
                                    NL_INT(nl_store_now(store))));
    } else if (!known->confirmed) {
        status = nl_sql_run(store, err,
                            "UPDATE subscriber SET name = coalesce(?, name), "
                            "language = coalesce(?, language), "
                            "attributes = coalesce(?, attributes) WHERE id = ?",
                            NL_VALUES(NL_STRING(signup->name), NL_STRING(signup->language),
                                      NL_STRING(signup->attributes), NL_INT(known->subscriber)));
    }
    return status;
}

static enum nl_status put_subscription(struct nl_store *store, const struct nl_signup *signup,
                                       struct known *known, struct nl_error *err) {
    int64_t now = nl_store_now(store);
    struct nl_token token;
    if (known->active)
        return NL_OK;
    nl_token_new(nl_store_env(store), &token);
    int64_t id = 0;
    enum nl_status status = nl_sql_insert(
        store, err, &id,
        "INSERT INTO subscription (list, subscriber, state, token, consent_at, consent_source, "
        "consent_ip, consent_version, created_at, form_wording) VALUES (?, ?, 'pending', ?, ?4, "
        "?5, ?6, ?7, ?4, nullif(?8, 0)) "
        "ON CONFLICT (list, subscriber) DO UPDATE SET state = 'pending', consent_at = ?4, "
        "consent_source = ?5, consent_ip = ?6, consent_version = ?7, ended_at = NULL, "
        "reconfirm_by = NULL, form_wording = nullif(?8, 0), mail_wording = NULL, page_wording = "
        "NULL",
        NL_VALUES(NL_INT(signup->list), NL_INT(known->subscriber), NL_STRING(token.text),
                  NL_INT(now), NL_STRING(signup->source), NL_STRING(signup->ip),
                  NL_STRING(signup->text_version), NL_INT(signup->wording)));
    if (status == NL_OK && known->subscription == 0)
        known->subscription = id;
    return status;
}

static enum nl_status queue_notice(struct nl_store *store, struct signup_call *call,
                                   const struct known *known, struct nl_error *err) {
    int64_t now = nl_store_now(store);
    struct nl_unanswered unanswered = {0};
    const char *key = call->signup->address->key;
    enum nl_status status = nl_unanswered_read(store, key, &unanswered, err);
    int64_t wait = nl_unanswered_wait(&unanswered, known->confirmed, call->signup->resend_interval);
    bool recent = known->noticed_at != 0 && now - known->noticed_at < wait;
    if (status != NL_OK || wait < 0 || recent || known->notice_waits)
        return status;
    status = nl_unanswered_add(store, key, err);
    if (status == NL_OK)
        status = nl_notice_add(store, known->active ? "already-subscribed" : "confirmation",
                               known->subscription, &call->notice, err);
    if (status == NL_OK)
        status = nl_sql_run(store, err, "UPDATE subscription SET noticed_at = ? WHERE id = ?",
                            NL_VALUES(NL_INT(now), NL_INT(known->subscription)));
    return status;
}

static enum nl_status subscribe(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct signup_call *call = ctx;
    struct known known = {0};
    enum nl_status status = find_known(store, call->signup, &known, err);
    if (status == NL_OK && !known.blocked) {
        status = put_subscriber(store, call->signup, &known, err);
        if (status == NL_OK)
            status = put_subscription(store, call->signup, &known, err);
        if (status == NL_OK)
            status = queue_notice(store, call, &known, err);
    }
    /* Written on every path, so that each takes one commit. */
    if (status == NL_OK)
        status = nl_event_add(store, known.blocked ? "signup-suppressed" : "signup",
                              call->signup->list, known.subscriber, 0, call->signup->source, err);
    return status;
}

enum nl_status nl_subscribe(struct nl_store *store, const struct nl_signup *signup, int64_t *notice,
                            struct nl_error *err) {
    struct signup_call call = {.signup = signup};
    enum nl_status status = nl_sql_exclusive(store, subscribe, &call, err);
    *notice = status == NL_OK ? call.notice : 0;
    return status;
}

struct token_call {
    struct nl_token token;
    bool notify; /* by a mail */
    int64_t subscriber;
    int64_t subscription;
    bool active; /* of an unsubscription: it was */
    struct nl_token_result out;
};

/* Whether a person took back what they had confirmed, at most a day before `now`. */
#define UNDOABLE(now)                                                                              \
    "(s.state = 'unsubscribed' AND s.confirmed_at IS NOT NULL AND s.ended_at > " now               \
    " - 86400 AND EXISTS (SELECT 1 FROM event e WHERE e.list = s.list AND e.subscriber = "         \
    "s.subscriber AND e.kind = 'unsubscribed' AND e.detail = 'token' AND e.at >= s.ended_at) AND " \
    "NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = r.address_key))"

static enum nl_status run_token(struct nl_store *store, const char *token, bool notify,
                                nl_sql_body *body, struct nl_token_result *out,
                                struct nl_error *err) {
    struct token_call call = {.notify = notify};
    if (!nl_token_find(token, &call.token))
        return nl_error_set(err, NL_DATA, "the token is malformed: it is a UUID of 36 characters");
    enum nl_status status = nl_sql_exclusive(store, body, &call, err);
    *out = call.out;
    return status;
}

static enum nl_status end_subscription(struct nl_store *store, struct token_call *call,
                                       const char *how, struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE subscription SET state = 'unsubscribed', ended_at = ?, noticed_at = NULL "
        "WHERE id = ? AND state IN ('pending', 'active')",
        NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(call->subscription)));
    bool ended = status == NL_OK && nl_sql_changes(store) > 0;
    int64_t issue = 0;
    if (ended && call->token.text[0] != '\0')
        status = nl_event_cause(store, call->subscription, call->token.issue, &issue, err);
    if (ended && status == NL_OK && call->notify)
        status = nl_notice_add(store, "goodbye", call->subscription, &call->out.notice, err);
    if (ended && status == NL_OK)
        status =
            nl_event_add(store, "unsubscribed", call->out.list, call->subscriber, issue, how, err);
    /* Also where it had ended already: a person who says so is not brought back when the import
     * that ended it is taken back. */
    if (status == NL_OK)
        status = nl_sql_run(store, err, "DELETE FROM import_change WHERE subscription = ?",
                            NL_VALUES(NL_INT(call->subscription)));
    if (status == NL_OK)
        status = nl_link_close(store, call->subscription, NL_LINK_SUBSCRIBE, err);
    return status;
}

static enum nl_status find_unsubscription(struct nl_store *store, struct token_call *call,
                                          struct nl_error *err) {
    bool found = false;
    bool active = false;
    enum nl_status status = nl_sql_first(
        store, err, &found,
        "SELECT s.id, s.list, s.subscriber, r.language, s.state = 'active', "
        "s.state = 'unsubscribed', " UNDOABLE(
            "?2") " "
                  "FROM subscription s JOIN subscriber r ON r.id = s.subscriber WHERE s.token = ?1",
        NL_VALUES(NL_STRING(call->token.text), NL_INT(nl_store_now(store))),
        NL_COLUMNS(NL_INTO(&call->subscription), NL_INTO(&call->out.list),
                   NL_INTO(&call->subscriber),
                   NL_INTO_FIXED(call->out.language, sizeof call->out.language), NL_INTO(&active),
                   NL_INTO(&call->out.already), NL_INTO(&call->out.undoable)));
    call->out.subscriber = call->subscriber;
    if (status == NL_OK && !found)
        return nl_error_set(err, NL_NOTFOUND, "the token is unknown");
    call->notify = call->notify && active;
    call->active = active;
    return status;
}

static enum nl_status unsubscribe(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct token_call *call = ctx;
    enum nl_status status = find_unsubscription(store, call, err);
    call->out.undoable = call->out.undoable || call->active;
    return status == NL_OK ? end_subscription(store, call, "token", err) : status;
}

static enum nl_status undo(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct token_call *call = ctx;
    enum nl_status status = find_unsubscription(store, call, err);
    call->out.already = call->active;
    if (status != NL_OK || call->active)
        return status;
    if (!call->out.undoable)
        return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is nothing to undo"));
    status = nl_sql_run(store, err,
                        "UPDATE subscription SET state = 'active', ended_at = NULL, noticed_at = "
                        "NULL WHERE id = ?",
                        NL_VALUES(NL_INT(call->subscription)));
    return status == NL_OK
               ? nl_event_add(store, "confirmed", call->out.list, call->subscriber, 0, "undo", err)
               : status;
}

enum nl_status nl_unsubscribe_undo(struct nl_store *store, const char *token,
                                   struct nl_token_result *out, struct nl_error *err) {
    return run_token(store, token, false, undo, out, err);
}

enum nl_status nl_unsubscribe_check(struct nl_store *store, const char *token,
                                    struct nl_token_result *out, struct nl_error *err) {
    struct token_call call = {0};
    if (!nl_token_find(token, &call.token))
        return nl_error_set(err, NL_DATA, "the token is malformed: it is a UUID of 36 characters");
    enum nl_status status = find_unsubscription(store, &call, err);
    *out = call.out;
    return status;
}

enum nl_status nl_unsubscribe_token(struct nl_store *store, const char *token, bool goodbye,
                                    struct nl_token_result *out, struct nl_error *err) {
    return run_token(store, token, goodbye, unsubscribe, out, err);
}

struct address_call {
    const struct nl_address *address;
    int64_t list;
};

static enum nl_status end_one(struct nl_store *store, int64_t subscription, struct nl_error *err) {
    struct token_call found = {.subscription = subscription};
    enum nl_status status =
        nl_sql_first(store, err, NULL, "SELECT list, subscriber FROM subscription WHERE id = ?",
                     NL_VALUES(NL_INT(subscription)),
                     NL_COLUMNS(NL_INTO(&found.out.list), NL_INTO(&found.subscriber)));
    return status == NL_OK ? end_subscription(store, &found, "operator", err) : status;
}

/* Ids first: the rows are changed afterwards. */
static enum nl_status unsubscribe_address(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct address_call *call = ctx;
    struct nl_buf ids = {0};
    enum nl_status status =
        nl_sql_each(store, err, nl_sql_add_id, &ids,
                    "SELECT s.id FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
                    "WHERE r.address_key = ? AND ?2 IN (0, s.list)",
                    NL_VALUES(NL_STRING(call->address->key), NL_INT(call->list)));
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&ids); i++)
        status = end_one(store, nl_ids_at(&ids, i), err);
    if (status == NL_OK && nl_ids_count(&ids) == 0)
        status = nl_error_set(err, NL_NOTFOUND, NL_TEXT("%s has no such subscription"),
                              call->address->text);
    nl_buf_free(&ids);
    return status;
}

enum nl_status nl_unsubscribe_address(struct nl_store *store, const struct nl_address *address,
                                      int64_t list, struct nl_error *err) {
    struct address_call call = {address, list};
    return nl_sql_exclusive(store, unsubscribe_address, &call, err);
}
