#include "newsletter/store/preference.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/token_find.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/link.h"
#include "store/event.h"
#include "store/unanswered.h"

#include <stdlib.h>
#include <string.h>

/* ---- asking for the page ---- */

struct ask {
    const char *token;
    const struct nl_address *address;
    int64_t interval;
    int64_t notice;
};

struct asker {
    int64_t subscription, subscriber;
    char *key; /* of the address; freed by the caller */
    bool confirmed;
};

/* The subscription of an address that best says which list its holder means. */
static enum nl_status find_asker(struct nl_store *store, const struct ask *ask, struct asker *out,
                                 struct nl_error *err) {
    return nl_sql_first(
        store, err, NULL,
        "SELECT s.id, s.subscriber, r.address_key, EXISTS (SELECT 1 FROM subscription o WHERE "
        "o.subscriber = r.id AND (o.confirmed_at IS NOT NULL OR o.state = 'active')) "
        "FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
        "WHERE (s.token = ?1 OR r.address_key = ?2) AND s.state <> 'complained' "
        "AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = r.address_key) "
        "AND NOT EXISTS (SELECT 1 FROM delivery d JOIN subscription o ON o.id = d.subscription "
        "  WHERE o.subscriber = r.id AND d.issue IS NULL AND d.kind = 'preferences' "
        "  AND (d.created_at > ?3 OR d.state IN ('queued', 'leased', 'deferred'))) "
        "ORDER BY s.state = 'active' DESC, s.id DESC LIMIT 1",
        NL_VALUES(NL_STRING(ask->token),
                  ask->address != NULL ? NL_STRING(ask->address->key) : NL_NULL,
                  NL_INT(nl_store_now(store) - ask->interval)),
        NL_COLUMNS(NL_INTO(&out->subscription), NL_INTO(&out->subscriber), NL_INTO(&out->key),
                   NL_INTO(&out->confirmed)));
}

/* Whether one more mail may go to an address that leaves them unanswered. */
static enum nl_status may_mail(struct nl_store *store, const struct asker *asker, int64_t interval,
                               bool *may, struct nl_error *err) {
    struct nl_unanswered unanswered = {0};
    enum nl_status status = nl_unanswered_read(store, asker->key, &unanswered, err);
    int64_t wait = nl_unanswered_wait(&unanswered, asker->confirmed, interval);
    *may = status == NL_OK && wait >= 0 &&
           (unanswered.mails < 2 || nl_store_now(store) - unanswered.last_at >= wait);
    return status == NL_OK && *may ? nl_unanswered_add(store, asker->key, err) : status;
}

static enum nl_status ask_for_page(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct ask *ask = ctx;
    struct asker asker = {0};
    bool may = false;
    enum nl_status status = find_asker(store, ask, &asker, err);
    if (status == NL_OK && asker.subscription != 0)
        status = may_mail(store, &asker, ask->interval, &may, err);
    if (status == NL_OK && may)
        status = nl_notice_add(store, "preferences", asker.subscription, &ask->notice, err);
    if (status == NL_OK) /* written on every path, so that each takes one commit */
        status = nl_event_add(store, "preferences-asked", 0, asker.subscriber, 0, NULL, err);
    free(asker.key);
    return status;
}

enum nl_status nl_preference_ask(struct nl_store *store, const char *token,
                                 const struct nl_address *address, int64_t interval,
                                 int64_t *notice, struct nl_error *err) {
    struct nl_token parsed = {0};
    struct ask ask = {.address = address, .interval = interval};
    if (token != NULL && nl_token_find(token, &parsed))
        ask.token = parsed.text;
    enum nl_status status = nl_sql_exclusive(store, ask_for_page, &ask, err);
    *notice = status == NL_OK ? ask.notice : 0;
    return status;
}

/* ---- reading ---- */

void nl_preferences_free(struct nl_preferences *preferences) {
    free(preferences->address);
    free(preferences->name);
    free(preferences->language);
    free(preferences->attributes);
    free(preferences->new_address);
    for (size_t i = 0; i < preferences->list_count; i++) {
        free(preferences->lists[i].name);
        free(preferences->lists[i].title);
    }
    free(preferences->lists);
    *preferences = (struct nl_preferences){0};
}

static enum nl_status read_person(struct nl_store *store, struct nl_preferences *out,
                                  struct nl_error *err) {
    bool found = false;
    enum nl_status status = nl_sql_first(
        store, err, &found,
        "SELECT r.address, r.name, r.language, c.address, r.attributes FROM subscriber r "
        "LEFT JOIN address_change c ON c.subscriber = r.id WHERE r.id = ?",
        NL_VALUES(NL_INT(out->subscriber)),
        NL_COLUMNS(NL_INTO(&out->address), NL_INTO(&out->name), NL_INTO(&out->language),
                   NL_INTO(&out->new_address), NL_INTO(&out->attributes)));
    return status == NL_OK && !found
               ? nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such subscriber"))
               : status;
}

static enum nl_status add_membership(const struct nl_sql_row *row, void *context,
                                     struct nl_error *err) {
    struct nl_preferences *out = context;
    struct nl_membership *grown =
        nl_realloc(out->lists, (out->list_count + 1) * sizeof *out->lists);
    out->lists = grown;
    struct nl_membership *item = &grown[out->list_count++];
    *item = (struct nl_membership){0};
    return nl_sql_read(row,
                       NL_COLUMNS(NL_INTO(&item->list), NL_INTO(&item->name), NL_INTO(&item->title),
                                  NL_INTO(&item->active)),
                       err);
}

enum nl_status nl_preferences_read(struct nl_store *store, int64_t subscriber,
                                   struct nl_preferences *out, struct nl_error *err) {
    *out = (struct nl_preferences){.subscriber = subscriber};
    enum nl_status status = read_person(store, out, err);
    if (status != NL_OK)
        return status;
    return nl_sql_each(
        store, err, add_membership, out,
        "SELECT l.id, l.name, l.title, coalesce(s.state = 'active', FALSE) FROM list l LEFT "
        "JOIN subscription s "
        "ON s.list = l.id AND s.subscriber = ? WHERE l.private = 0 OR s.state = 'active' "
        "ORDER BY l.title, l.id",
        NL_VALUES(NL_INT(subscriber)));
}

/* ---- writing ---- */

struct change {
    const struct nl_preferences *wanted;
    const struct nl_signup *consent;
    bool happened; /* something has changed */
};

static enum nl_status join_list(struct nl_store *store, struct change *change, int64_t list,
                                struct nl_error *err) {
    const struct nl_signup *consent = change->consent;
    int64_t subscriber = change->wanted->subscriber;
    struct nl_token token;
    nl_token_new(nl_store_env(store), &token);
    enum nl_status status = nl_sql_run(
        store, err,
        "INSERT INTO subscription (list, subscriber, state, token, consent_at, consent_source, "
        "consent_ip, consent_version, confirmed_at, created_at, page_wording) "
        "SELECT ?1, ?2, 'active', ?3, ?4, ?5, ?6, ?7, ?4, ?4, nullif(?8, 0) FROM list WHERE id = "
        "?1 AND private = "
        "0 "
        "ON CONFLICT (list, subscriber) DO UPDATE SET state = 'active', consent_at = ?4, "
        "consent_source = ?5, consent_ip = ?6, consent_version = ?7, confirmed_at = ?4, "
        "form_wording = NULL, mail_wording = NULL, page_wording = nullif(?8, 0), "
        "ended_at = NULL, noticed_at = NULL, bounce_score = 0, bounce_at = NULL, reconfirm_by = "
        "NULL "
        "WHERE subscription.state NOT IN ('active', 'complained')",
        NL_VALUES(NL_INT(list), NL_INT(subscriber), NL_STRING(token.text),
                  NL_INT(nl_store_now(store)), NL_STRING(consent->source), NL_STRING(consent->ip),
                  NL_STRING(consent->text_version), NL_INT(consent->wording)));
    if (status != NL_OK || nl_sql_changes(store) == 0)
        return status;
    change->happened = true;
    return nl_event_add(store, "confirmed", list, subscriber, 0, consent->source, err);
}

static enum nl_status leave(struct nl_store *store, struct change *change, int64_t list,
                            struct nl_error *err) {
    int64_t subscriber = change->wanted->subscriber;
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE subscription SET state = 'unsubscribed', ended_at = ?, "
                   "noticed_at = NULL WHERE list = ? AND subscriber = ? AND state = 'active'",
                   NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(list), NL_INT(subscriber)));
    if (status != NL_OK || nl_sql_changes(store) == 0)
        return status;
    change->happened = true;
    return nl_event_add(store, "unsubscribed", list, subscriber, 0, change->consent->source, err);
}

static enum nl_status write_all(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct change *change = ctx;
    const struct nl_preferences *wanted = change->wanted;
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE subscriber SET name = ?1, language = ?2, attributes = ?3 WHERE id = ?4 AND (name "
        "IS "
        "DISTINCT FROM ?1 OR language IS DISTINCT FROM ?2 OR attributes IS DISTINCT FROM ?3)",
        NL_VALUES(NL_STRING(wanted->name), NL_STRING(wanted->language),
                  NL_STRING(wanted->attributes), NL_INT(wanted->subscriber)));
    change->happened = status == NL_OK && nl_sql_changes(store) > 0;
    for (size_t i = 0; status == NL_OK && i < wanted->list_count; i++)
        status = (wanted->lists[i].active ? join_list : leave)(store, change, wanted->lists[i].list,
                                                               err);
    if (status == NL_OK && change->happened)
        status = nl_event_add(store, "preferences", 0, wanted->subscriber, 0, NULL, err);
    return status;
}

enum nl_status nl_preferences_write(struct nl_store *store, const struct nl_preferences *changed,
                                    const struct nl_signup *consent, struct nl_error *err) {
    struct change change = {.wanted = changed, .consent = consent};
    return nl_sql_exclusive(store, write_all, &change, err);
}
