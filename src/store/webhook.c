#include "newsletter/store/webhook.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/event_feed.h"

#include <stdlib.h>

enum { LOGGED = 200 };

#define COLUMNS                                                                                    \
    "id, name, url, secret, kinds, enabled, created_at, position, attempts, next_at, "             \
    "failing_since, trouble"

#define INTO(out)                                                                                  \
    NL_COLUMNS(NL_INTO(&(out)->id), NL_INTO(&(out)->name), NL_INTO(&(out)->url),                   \
               NL_INTO(&(out)->secret), NL_INTO(&(out)->kinds), NL_INTO(&(out)->enabled),          \
               NL_INTO(&(out)->created_at), NL_INTO(&(out)->position), NL_INTO(&(out)->attempts),  \
               NL_INTO(&(out)->next_at), NL_INTO(&(out)->failing_since), NL_INTO(&(out)->trouble))

void nl_webhook_free(struct nl_webhook *webhook) {
    free(webhook->name);
    free(webhook->url);
    free(webhook->secret);
    free(webhook->kinds);
    free(webhook->trouble);
    *webhook = (struct nl_webhook){0};
}

enum nl_status nl_webhook_add(struct nl_store *store, const struct nl_webhook *webhook,
                              struct nl_error *err) {
    int64_t id = 0;
    int64_t position = 0;
    enum nl_status status = nl_events_last(store, &position, err);
    if (status != NL_OK)
        return status;
    status = nl_sql_insert(
        store, err, &id,
        "INSERT INTO webhook (name, url, secret, kinds, enabled, created_at, position, attempts, "
        "next_at, failing_since) VALUES (?, ?, ?, ?, 1, ?, ?, 0, 0, 0)",
        NL_VALUES(NL_STRING(webhook->name), NL_STRING(webhook->url), NL_STRING(webhook->secret),
                  NL_STRING(webhook->kinds), NL_INT(nl_store_now(store)), NL_INT(position)));
    return status != NL_OK && nl_sql_is_duplicate(store)
               ? nl_error_set(err, NL_EXISTS, NL_TEXT("there is a webhook '%s' already"),
                              webhook->name)
               : status;
}

static enum nl_status not_found(const char *name, struct nl_error *err) {
    return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no webhook '%s'"), name);
}

enum nl_status nl_webhook_find(struct nl_store *store, const char *name, struct nl_webhook *out,
                               struct nl_error *err) {
    bool found = false;
    *out = (struct nl_webhook){0};
    enum nl_status status =
        nl_sql_first(store, err, &found, "SELECT " COLUMNS " FROM webhook WHERE name = ?",
                     NL_VALUES(NL_STRING(name)), INTO(out));
    if (status == NL_OK && !found)
        status = not_found(name, err);
    if (status != NL_OK)
        nl_webhook_free(out);
    return status;
}

static enum nl_status remove_both(struct nl_store *store, void *ctx, struct nl_error *err) {
    const char *name = ctx;
    enum nl_status status = nl_sql_run(
        store, err,
        "DELETE FROM webhook_log WHERE webhook IN (SELECT id FROM webhook WHERE name = ?)",
        NL_VALUES(NL_STRING(name)));
    if (status == NL_OK)
        status = nl_sql_run(store, err, "DELETE FROM webhook WHERE name = ?",
                            NL_VALUES(NL_STRING(name)));
    return status == NL_OK && nl_sql_changes(store) == 0 ? not_found(name, err) : status;
}

enum nl_status nl_webhook_remove(struct nl_store *store, const char *name, struct nl_error *err) {
    return nl_sql_exclusive(store, remove_both, (void *)name, err);
}

enum nl_status nl_webhook_switch(struct nl_store *store, const char *name, bool on,
                                 struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE webhook SET position = CASE WHEN enabled = 0 AND ?1 = 1 THEN (SELECT "
        "coalesce(max(id), 0) FROM event) ELSE position END, enabled = ?1, attempts = 0, "
        "next_at = 0, failing_since = 0, trouble = NULL WHERE name = ?2",
        NL_VALUES(NL_INT(on), NL_STRING(name)));
    return status == NL_OK && nl_sql_changes(store) == 0 ? not_found(name, err) : status;
}

struct webhooks {
    struct nl_webhook *items;
    size_t count;
};

static enum nl_status add_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct webhooks *all = context;
    struct nl_webhook *grown = nl_realloc(all->items, (all->count + 1) * sizeof *grown);
    all->items = grown;
    grown[all->count] = (struct nl_webhook){0};
    struct nl_webhook *out = &grown[all->count++];
    return nl_sql_read(row, INTO(out), err);
}

enum nl_status nl_webhooks_each(struct nl_store *store,
                                enum nl_status (*each)(const struct nl_webhook *webhook, void *ctx,
                                                       struct nl_error *err),
                                void *ctx, struct nl_error *err) {
    struct webhooks all = {0};
    enum nl_status status = nl_sql_each(
        store, err, add_row, &all, "SELECT " COLUMNS " FROM webhook ORDER BY name", NL_NO_VALUES);
    for (size_t i = 0; status == NL_OK && i < all.count; i++)
        status = each(&all.items[i], ctx, err);
    for (size_t i = 0; i < all.count; i++)
        nl_webhook_free(&all.items[i]);
    free(all.items);
    return status;
}

enum nl_status nl_webhook_save(struct nl_store *store, const struct nl_webhook *webhook,
                               struct nl_error *err) {
    return nl_sql_run(store, err,
                      "UPDATE webhook SET position = ?, attempts = ?, next_at = ?, failing_since = "
                      "?, trouble = ?, enabled = ? WHERE id = ? AND enabled = 1",
                      NL_VALUES(NL_INT(webhook->position), NL_INT(webhook->attempts),
                                NL_INT(webhook->next_at), NL_INT(webhook->failing_since),
                                NL_STRING(webhook->trouble), NL_INT(webhook->enabled),
                                NL_INT(webhook->id)));
}

enum nl_status nl_webhook_note(struct nl_store *store, int64_t webhook,
                               const struct nl_webhook_call *call, struct nl_error *err) {
    int64_t id = 0;
    enum nl_status status = nl_sql_insert(
        store, err, &id,
        "INSERT INTO webhook_log (webhook, at, event, kind, status, detail) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        NL_VALUES(NL_INT(webhook), NL_INT(call->at), NL_INT(call->event), NL_STRING(call->kind),
                  NL_INT(call->status), NL_STRING(call->detail)));
    return status == NL_OK
               ? nl_sql_run(store, err,
                            "DELETE FROM webhook_log WHERE webhook = ?1 AND id <= (SELECT id FROM "
                            "webhook_log WHERE webhook = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
                            NL_VALUES(NL_INT(webhook), NL_INT(LOGGED)))
               : status;
}

struct visit {
    enum nl_status (*each)(const struct nl_webhook_call *call, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_call(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    const struct visit *visit = context;
    struct nl_webhook_call call = {0};
    enum nl_status status =
        nl_sql_read(row,
                    NL_COLUMNS(NL_INTO(&call.at), NL_INTO(&call.event), NL_INTO(&call.kind),
                               NL_INTO(&call.status), NL_INTO(&call.detail)),
                    err);
    return status == NL_OK ? visit->each(&call, visit->ctx, err) : status;
}

enum nl_status nl_webhook_log(struct nl_store *store, int64_t webhook,
                              enum nl_status (*each)(const struct nl_webhook_call *call, void *ctx,
                                                     struct nl_error *err),
                              void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return nl_sql_each(store, err, visit_call, &visit,
                       "SELECT at, event, kind, status, detail FROM webhook_log WHERE webhook = ? "
                       "ORDER BY id DESC",
                       NL_VALUES(NL_INT(webhook)));
}
