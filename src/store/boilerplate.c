#include "newsletter/store/boilerplate.h"

#include "newsletter/base/catalog.h"

#include "store/audited.h"

#include <stdio.h>

static enum nl_status no_such(struct nl_error *err) {
    return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such snippet or template"));
}

struct visit {
    enum nl_status (*each)(const struct nl_boilerplate *item, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct visit *visit = context;
    const struct nl_boilerplate item = {
        .id = nl_sql_int(row, 0),
        .kind = nl_sql_text(row, 1),
        .name = nl_sql_text(row, 2),
        .language = nl_sql_text(row, 3),
        .list = nl_sql_int(row, 4),
        .list_name = nl_sql_text(row, 5),
        .source = nl_sql_text(row, 6),
        .revision = nl_sql_int(row, 7),
        .updated_at = nl_sql_int(row, 8),
        .updated_by = nl_sql_text(row, 9),
    };
    return visit->each(&item, visit->ctx, err);
}

enum nl_status nl_boilerplates_each(struct nl_store *store, int64_t id,
                                    enum nl_status (*each)(const struct nl_boilerplate *item,
                                                           void *ctx, struct nl_error *err),
                                    void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return nl_sql_each(store, err, visit_row, &visit,
                       "SELECT b.id, b.kind, b.name, b.language, b.list, l.name, b.source, "
                       "b.revision, b.updated_at, b.updated_by FROM boilerplate b LEFT JOIN list l "
                       "ON l.id = b.list WHERE ?1 = 0 OR b.id = ?1 ORDER BY b.kind, b.name, "
                       "b.language",
                       NL_VALUES(NL_INT(id)));
}

struct putting {
    const struct nl_boilerplate *item;
    const struct nl_actor *by;
    int64_t id;
    bool stale;
};

static enum nl_status add(struct nl_store *store, struct putting *putting, struct nl_error *err) {
    const struct nl_boilerplate *item = putting->item;
    int64_t count = 0;
    enum nl_status status =
        nl_sql_number(store, err, &count, NULL, "SELECT count(*) FROM boilerplate", NL_NO_VALUES);
    if (status == NL_OK && count >= NL_BOILERPLATE_MOST)
        return nl_error_set(
            err, NL_DATA, NL_TEXT("there are %d snippets and templates already: remove some first"),
            (int)NL_BOILERPLATE_MOST);
    return status == NL_OK
               ? nl_sql_insert(store, err, &putting->id,
                               "INSERT INTO boilerplate (kind, name, language, list, source, "
                               "revision, updated_at, updated_by) VALUES (?1, ?2, ?3, "
                               "nullif(CAST(?4 AS BIGINT), 0), ?5, 1, ?6, ?7)",
                               NL_VALUES(NL_STRING(item->kind), NL_STRING(item->name),
                                         NL_STRING(item->language), NL_INT(item->list),
                                         NL_STRING(item->source), NL_INT(nl_store_now(store)),
                                         NL_STRING(putting->by->name)))
               : status;
}

static enum nl_status change(struct nl_store *store, struct putting *putting,
                             struct nl_error *err) {
    const struct nl_boilerplate *item = putting->item;
    bool there = false;
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE boilerplate SET kind = ?1, name = ?2, language = ?3, list = nullif(CAST(?4 AS "
        "BIGINT), 0), source = ?5, revision = revision + 1, updated_at = ?6, updated_by = ?7 WHERE "
        "id = ?8 AND (?9 = 0 OR revision = ?9)",
        NL_VALUES(NL_STRING(item->kind), NL_STRING(item->name), NL_STRING(item->language),
                  NL_INT(item->list), NL_STRING(item->source), NL_INT(nl_store_now(store)),
                  NL_STRING(putting->by->name), NL_INT(item->id), NL_INT(item->revision)));
    if (status != NL_OK || nl_sql_changes(store) > 0)
        return status;
    status = nl_sql_exists(store, err, &there, "SELECT 1 FROM boilerplate WHERE id = ?",
                           NL_VALUES(NL_INT(item->id)));
    if (status != NL_OK || !there)
        return status != NL_OK ? status : no_such(err);
    putting->stale = true;
    return nl_error_set(err, NL_EXISTS,
                        NL_TEXT("somebody else has changed it meanwhile: look at it again"));
}

static enum nl_status put(struct nl_store *store, void *context, struct nl_error *err) {
    struct putting *putting = context;
    const struct nl_boilerplate *item = putting->item;
    putting->id = item->id;
    enum nl_status status = item->id == 0 ? add(store, putting, err) : change(store, putting, err);
    return status != NL_OK && nl_sql_is_duplicate(store)
               ? nl_error_set(err, NL_EXISTS,
                              strcmp(item->kind, "template") == 0
                                  ? NL_TEXT("there is a template '%s' in this language already")
                                  : NL_TEXT("there is a snippet '%s' in this language already"),
                              item->name)
               : status;
}

enum nl_status nl_boilerplate_put(struct nl_store *store, const struct nl_boilerplate *item,
                                  const struct nl_actor *by, int64_t *id, bool *stale,
                                  struct nl_error *err) {
    struct putting putting = {.item = item, .by = by};
    const struct nl_noted noted = {by, item->id == 0 ? "boilerplate add" : "boilerplate change",
                                   item->kind, item->name,
                                   item->language[0] != '\0' ? item->language : NULL};
    enum nl_status status = nl_audited(store, put, &putting, &noted, err);
    *id = status == NL_OK ? putting.id : 0;
    *stale = putting.stale;
    return status;
}

static enum nl_status drop(struct nl_store *store, void *context, struct nl_error *err) {
    const int64_t *id = context;
    enum nl_status status =
        nl_sql_run(store, err, "DELETE FROM boilerplate WHERE id = ?", NL_VALUES(NL_INT(*id)));
    return status == NL_OK && nl_sql_changes(store) == 0 ? no_such(err) : status;
}

enum nl_status nl_boilerplate_remove(struct nl_store *store, int64_t id, const struct nl_actor *by,
                                     struct nl_error *err) {
    char name[24];
    snprintf(name, sizeof name, "%lld", (long long)id);
    const struct nl_noted noted = {by, "boilerplate remove", "boilerplate", name, NULL};
    return nl_audited(store, drop, &id, &noted, err);
}
