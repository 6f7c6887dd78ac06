#include "newsletter/store/preference.h"

#include "newsletter/db/sql.h"
#include "newsletter/store/link.h"
#include "store/event.h"

#include <stdlib.h>
#include <string.h>

/* ---- asking for the page ---- */

struct ask {
    const char *token;
    const struct nl_address *address;
    int64_t interval;
    int64_t notice;
};

/* Of an address, the subscription that says most about which list its holder means. */
static enum nl_status find_asker(struct nl_store *store, const struct ask *ask,
                                 int64_t *subscription, int64_t *subscriber, struct nl_error *err) {
    bool row = false;
    struct nl_statement *statement = nl_sql(
        store, err,
        "SELECT s.id, s.subscriber FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
        "WHERE (s.token = ?1 OR r.address_key = ?2) AND s.state <> 'complained' "
        "AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_key = r.address_key) "
        "AND NOT EXISTS (SELECT 1 FROM delivery d JOIN subscription o ON o.id = d.subscription "
        "  WHERE o.subscriber = r.id AND d.issue IS NULL AND d.kind = 'preferences' "
        "  AND (d.created_at > ?3 OR d.state IN ('queued', 'leased', 'deferred'))) "
        "ORDER BY s.state = 'active' DESC, s.id DESC LIMIT 1",
        "ssi", ask->token, ask->address != NULL ? ask->address->key : NULL,
        nl_env_now(&store->env) - ask->interval);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    *subscription = nl_sql_int64(statement, 0);
    *subscriber = nl_sql_int64(statement, 1);
    nl_sql_done(statement);
    return status;
}

static enum nl_status ask_for_page(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct ask *ask = ctx;
    int64_t subscription = 0;
    int64_t subscriber = 0;
    enum nl_status status = find_asker(store, ask, &subscription, &subscriber, err);
    if (status == NL_OK && subscription != 0)
        status = nl_notice_add(store, "preferences", subscription, &ask->notice, err);
    if (status == NL_OK) /* written on every path, so that each takes one commit */
        status = nl_event_add(store, "preferences-asked", 0, subscriber, 0, NULL, err);
    return status;
}

enum nl_status nl_preference_ask(struct nl_store *store, const char *token,
                                 const struct nl_address *address, int64_t interval,
                                 int64_t *notice, struct nl_error *err) {
    struct nl_token parsed = {0};
    struct ask ask = {.address = address, .interval = interval};
    if (token != NULL && nl_token_parse(token, &parsed))
        ask.token = parsed.text;
    enum nl_status status = nl_sql_transaction(store, ask_for_page, &ask, err);
    *notice = status == NL_OK ? ask.notice : 0;
    return status;
}

/* ---- reading ---- */

void nl_preferences_free(struct nl_preferences *preferences) {
    free(preferences->address);
    free(preferences->name);
    free(preferences->language);
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
    bool row = false;
    bool failed = false;
    struct nl_statement *statement =
        nl_sql(store, err,
               "SELECT r.address, r.name, r.language, c.address FROM subscriber r "
               "LEFT JOIN address_change c ON c.subscriber = r.id WHERE r.id = ?",
               "i", out->subscriber);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    out->address = nl_sql_text(statement, 0, &failed);
    out->name = nl_sql_text(statement, 1, &failed);
    out->language = nl_sql_text(statement, 2, &failed);
    out->new_address = nl_sql_text(statement, 3, &failed);
    nl_sql_done(statement);
    if (status == NL_OK && !row)
        return nl_error_set(err, NL_NOTFOUND, "there is no such subscriber");
    return failed ? nl_error_nomem(err) : status;
}

static enum nl_status add_membership(struct nl_statement *statement, struct nl_preferences *out,
                                     struct nl_error *err) {
    bool failed = false;
    struct nl_membership *grown = realloc(out->lists, (out->list_count + 1) * sizeof *out->lists);
    if (grown == NULL)
        return nl_error_nomem(err);
    out->lists = grown;
    struct nl_membership *item = &grown[out->list_count++];
    *item = (struct nl_membership){.list = nl_sql_int64(statement, 0),
                                   .active = nl_sql_bool(statement, 3)};
    item->name = nl_sql_text(statement, 1, &failed);
    item->title = nl_sql_text(statement, 2, &failed);
    return failed ? nl_error_nomem(err) : NL_OK;
}

enum nl_status nl_preferences_read(struct nl_store *store, int64_t subscriber,
                                   struct nl_preferences *out, struct nl_error *err) {
    bool row = false;
    *out = (struct nl_preferences){.subscriber = subscriber};
    enum nl_status status = read_person(store, out, err);
    if (status != NL_OK)
        return status;
    struct nl_statement *statement =
        nl_sql(store, err,
               "SELECT l.id, l.name, l.title, coalesce(s.state = 'active', FALSE) FROM list l LEFT "
               "JOIN subscription s "
               "ON s.list = l.id AND s.subscriber = ? WHERE l.private = 0 OR s.state = 'active' "
               "ORDER BY l.title, l.id",
               "i", subscriber);
    status = statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    while (status == NL_OK && row) {
        status = add_membership(statement, out, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}

/* ---- writing ---- */

struct change {
    const struct nl_preferences *wanted;
    const struct nl_signup *consent;
};

static enum nl_status join(struct nl_store *store, const struct change *change, int64_t list,
                           struct nl_error *err) {
    const struct nl_signup *consent = change->consent;
    int64_t subscriber = change->wanted->subscriber;
    struct nl_token token;
    nl_token_new(&store->env, &token);
    enum nl_status status = nl_sql_run(
        store, err,
        "INSERT INTO subscription (list, subscriber, state, token, consent_at, consent_source, "
        "consent_ip, consent_version, confirmed_at, created_at) "
        "SELECT ?1, ?2, 'active', ?3, ?4, ?5, ?6, ?7, ?4, ?4 FROM list WHERE id = ?1 AND private = "
        "0 "
        "ON CONFLICT (list, subscriber) DO UPDATE SET state = 'active', consent_at = ?4, "
        "consent_source = ?5, consent_ip = ?6, consent_version = ?7, confirmed_at = ?4, "
        "ended_at = NULL, noticed_at = NULL, bounce_score = 0, bounce_at = NULL, reconfirm_by = "
        "NULL "
        "WHERE subscription.state NOT IN ('active', 'complained')",
        "iisisss", list, subscriber, token.text, nl_env_now(&store->env), consent->source,
        consent->ip, consent->text_version);
    if (status != NL_OK || nl_sql_changes(store) == 0)
        return status;
    return nl_event_add(store, "confirmed", list, subscriber, 0, consent->source, err);
}

static enum nl_status leave(struct nl_store *store, const struct change *change, int64_t list,
                            struct nl_error *err) {
    int64_t subscriber = change->wanted->subscriber;
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE subscription SET state = 'unsubscribed', ended_at = ?, "
                   "noticed_at = NULL WHERE list = ? AND subscriber = ? AND state = 'active'",
                   "iii", nl_env_now(&store->env), list, subscriber);
    if (status != NL_OK || nl_sql_changes(store) == 0)
        return status;
    return nl_event_add(store, "unsubscribed", list, subscriber, 0, change->consent->source, err);
}

static enum nl_status write_all(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct change *change = ctx;
    const struct nl_preferences *wanted = change->wanted;
    enum nl_status status =
        nl_sql_run(store, err, "UPDATE subscriber SET name = ?, language = ? WHERE id = ?", "ssi",
                   wanted->name, wanted->language, wanted->subscriber);
    for (size_t i = 0; status == NL_OK && i < wanted->list_count; i++)
        status =
            (wanted->lists[i].active ? join : leave)(store, change, wanted->lists[i].list, err);
    if (status == NL_OK)
        status = nl_event_add(store, "preferences", 0, wanted->subscriber, 0, NULL, err);
    return status;
}

enum nl_status nl_preferences_write(struct nl_store *store, const struct nl_preferences *changed,
                                    const struct nl_signup *consent, struct nl_error *err) {
    struct change change = {changed, consent};
    return nl_sql_transaction(store, write_all, &change, err);
}
