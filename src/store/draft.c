#include "newsletter/store/draft.h"

#include "newsletter/base/catalog.h"

#include "store/approval_withdraw.h"
#include "store/audited.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nl_draft_free(struct nl_draft *draft) {
    free(draft->list_name);
    free(draft->title);
    free(draft->created_by);
    free(draft->updated_by);
    *draft = (struct nl_draft){0};
}

static enum nl_status no_such(struct nl_error *err) {
    return nl_error_set(err, NL_NOTFOUND,
                        NL_TEXT("there is no such draft: somebody may have removed it"));
}

/* ---- drafts ---- */

struct addition {
    int64_t list;
    const char *title, *who;
    int64_t id;
};

static enum nl_status add(struct nl_store *store, void *context, struct nl_error *err) {
    struct addition *addition = context;
    int64_t now = nl_store_now(store);
    return nl_sql_insert(store, err, &addition->id,
                         "INSERT INTO draft (list, title, created_at, created_by, updated_at, "
                         "updated_by) VALUES (?1, ?2, ?3, ?4, ?3, ?4)",
                         NL_VALUES(NL_INT(addition->list), NL_STRING(addition->title), NL_INT(now),
                                   NL_STRING(addition->who)));
}

enum nl_status nl_draft_add(struct nl_store *store, int64_t list, const char *title,
                            const struct nl_actor *by, int64_t *id, struct nl_error *err) {
    struct addition addition = {.list = list, .title = title, .who = by->name};
    const struct nl_noted noted = {by, "draft add", "draft", title, NULL};
    enum nl_status status = nl_audited(store, add, &addition, &noted, err);
    *id = addition.id;
    return status;
}

#define DRAFT                                                                                      \
    "SELECT d.id, d.list, l.name, d.title, d.issue, i.state, d.created_at, d.updated_at, "         \
    "d.created_by, d.updated_by FROM draft d JOIN list l ON l.id = d.list LEFT JOIN issue i ON "   \
    "i.id = d.issue "

static enum nl_status read_draft(const struct nl_sql_row *row, struct nl_draft *out,
                                 struct nl_error *err) {
    const char *state = nl_sql_text(row, 5);
    if (state != NULL)
        nl_issue_state_parse(state, &out->issue_state);
    return nl_sql_read(row,
                       NL_COLUMNS(NL_INTO(&out->id), NL_INTO(&out->list), NL_INTO(&out->list_name),
                                  NL_INTO(&out->title), NL_INTO(&out->issue), NL_SKIP,
                                  NL_INTO(&out->created_at), NL_INTO(&out->updated_at),
                                  NL_INTO(&out->created_by), NL_INTO(&out->updated_by)),
                       err);
}

static enum nl_status take_draft(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    return read_draft(row, context, err);
}

enum nl_status nl_draft_get(struct nl_store *store, int64_t id, struct nl_draft *out,
                            struct nl_error *err) {
    *out = (struct nl_draft){.issue_state = NL_ISSUE_ANY};
    enum nl_status status =
        nl_sql_each(store, err, take_draft, out, DRAFT "WHERE d.id = ?", NL_VALUES(NL_INT(id)));
    return status == NL_OK && out->id == 0 ? no_such(err) : status;
}

struct draft_visit {
    enum nl_status (*each)(const struct nl_draft *draft, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_draft(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    const struct draft_visit *visit = context;
    struct nl_draft draft = {.issue_state = NL_ISSUE_ANY};
    enum nl_status status = read_draft(row, &draft, err);
    if (status == NL_OK)
        status = visit->each(&draft, visit->ctx, err);
    nl_draft_free(&draft);
    return status;
}

enum nl_status nl_draft_each(struct nl_store *store,
                             enum nl_status (*each)(const struct nl_draft *draft, void *ctx,
                                                    struct nl_error *err),
                             void *ctx, struct nl_error *err) {
    struct draft_visit visit = {each, ctx};
    return nl_sql_each(store, err, visit_draft, &visit,
                       DRAFT "ORDER BY d.updated_at DESC, d.id DESC", NL_NO_VALUES);
}

struct moving {
    int64_t id, list;
    const struct nl_actor *by;
};

static enum nl_status move_draft(struct nl_store *store, void *context, struct nl_error *err) {
    const struct moving *moving = context;
    enum nl_status status = nl_sql_run(store, err, "UPDATE draft SET list = ? WHERE id = ?",
                                       NL_VALUES(NL_INT(moving->list), NL_INT(moving->id)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return no_such(err);
    return status == NL_OK ? nl_approval_withdraw(store, moving->id, moving->by, err) : status;
}

enum nl_status nl_draft_set_list(struct nl_store *store, int64_t id, int64_t list,
                                 const struct nl_actor *by, struct nl_error *err) {
    struct moving moving = {id, list, by};
    char name[24];
    snprintf(name, sizeof name, "%lld", (long long)id);
    const struct nl_noted noted = {by, "draft move", "draft", name, NULL};
    return nl_audited(store, move_draft, &moving, &noted, err);
}

enum nl_status nl_draft_of_issue(struct nl_store *store, int64_t issue, int64_t *draft,
                                 struct nl_error *err) {
    *draft = 0;
    return nl_sql_number(store, err, draft, NULL, "SELECT max(id) FROM draft WHERE issue = ?",
                         NL_VALUES(NL_INT(issue)));
}

enum nl_status nl_draft_set_issue(struct nl_store *store, int64_t id, int64_t issue,
                                  struct nl_error *err) {
    return nl_sql_run(store, err, "UPDATE draft SET issue = ? WHERE id = ?",
                      NL_VALUES(NL_INT(issue), NL_INT(id)));
}

static enum nl_status remove_draft(struct nl_store *store, void *context, struct nl_error *err) {
    const int64_t *id = context;
    enum nl_status status = nl_approval_forget(store, *id, 0, err);
    if (status == NL_OK)
        status = nl_sql_run(store, err, "DELETE FROM draft WHERE id = ?", NL_VALUES(NL_INT(*id)));
    return status == NL_OK && nl_sql_changes(store) == 0 ? no_such(err) : status;
}

enum nl_status nl_draft_remove(struct nl_store *store, int64_t id, const struct nl_actor *by,
                               struct nl_error *err) {
    char name[24];
    snprintf(name, sizeof name, "%lld", (long long)id);
    const struct nl_noted noted = {by, "draft remove", "draft", name, NULL};
    return nl_audited(store, remove_draft, &id, &noted, err);
}

/* ---- texts ---- */

struct version_visit {
    nl_draft_visit *each;
    void *ctx;
};

static enum nl_status visit_version(const struct nl_sql_row *row, void *context,
                                    struct nl_error *err) {
    const struct version_visit *visit = context;
    const struct nl_draft_version version = {
        .id = nl_sql_int(row, 0),
        .language = nl_sql_text(row, 1),
        .began_at = nl_sql_int(row, 2),
        .at = nl_sql_int(row, 3),
        .author = nl_sql_text(row, 4),
        .source = nl_sql_text(row, 5),
    };
    return visit->each(&version, visit->ctx, err);
}

enum nl_status nl_draft_texts(struct nl_store *store, int64_t draft, nl_draft_visit *each,
                              void *ctx, struct nl_error *err) {
    struct version_visit visit = {each, ctx};
    return nl_sql_each(
        store, err, visit_version, &visit,
        "SELECT v.id, v.language, v.began_at, v.at, v.author, v.source FROM draft_version v JOIN "
        "(SELECT language, min(id) AS first, max(id) AS last FROM draft_version WHERE draft = ? "
        "GROUP BY language) t ON v.id = t.last ORDER BY t.first",
        NL_VALUES(NL_INT(draft)));
}

enum nl_status nl_draft_versions(struct nl_store *store, int64_t draft, const char *language,
                                 nl_draft_visit *each, void *ctx, struct nl_error *err) {
    struct version_visit visit = {each, ctx};
    return nl_sql_each(store, err, visit_version, &visit,
                       "SELECT id, language, began_at, at, author, NULL FROM draft_version WHERE "
                       "draft = ? AND language = ? ORDER BY id DESC",
                       NL_VALUES(NL_INT(draft), NL_STRING(language)));
}

enum nl_status nl_draft_version_read(struct nl_store *store, int64_t draft, int64_t version,
                                     struct nl_buf *source, struct nl_error *err) {
    char *text = NULL;
    bool found = false;
    enum nl_status status = nl_sql_first(
        store, err, &found, "SELECT source FROM draft_version WHERE draft = ? AND id = ?",
        NL_VALUES(NL_INT(draft), NL_INT(version)), NL_COLUMNS(NL_INTO(&text)));
    if (status == NL_OK && !found)
        status =
            nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such version: it may be too old"));
    if (text != NULL)
        nl_buf_adds(source, text);
    free(text);
    return status;
}

/* The present text of a language. */
struct present {
    int64_t id, began_at;
    char *source, *author;
};

struct saving {
    const struct nl_draft_save *save;
    struct present present;
    bool stale;
};

static enum nl_status read_present(struct nl_store *store, struct saving *saving,
                                   struct nl_error *err) {
    const struct nl_draft_save *save = saving->save;
    struct present *present = &saving->present;
    return nl_sql_first(store, err, NULL,
                        "SELECT id, began_at, source, author FROM draft_version WHERE draft = ? "
                        "AND language = ? ORDER BY id DESC LIMIT 1",
                        NL_VALUES(NL_INT(save->draft), NL_STRING(save->language)),
                        NL_COLUMNS(NL_INTO(&present->id), NL_INTO(&present->began_at),
                                   NL_INTO(&present->source), NL_INTO(&present->author)));
}

/* The first stays: the languages are in the order of these. */
static enum nl_status drop_oldest(struct nl_store *store, const struct nl_draft_save *save,
                                  struct nl_error *err) {
    return nl_sql_run(
        store, err,
        "DELETE FROM draft_version WHERE draft = ?1 AND language = ?2 AND id <= "
        "(SELECT id FROM draft_version WHERE draft = ?1 AND language = ?2 ORDER BY "
        "id DESC LIMIT 1 OFFSET ?3) AND id > (SELECT min(id) FROM draft_version "
        "WHERE draft = ?1 AND language = ?2)",
        NL_VALUES(NL_INT(save->draft), NL_STRING(save->language), NL_INT(NL_DRAFT_VERSIONS)));
}

static enum nl_status write_version(struct nl_store *store, const struct saving *saving,
                                    struct nl_error *err) {
    const struct nl_draft_save *save = saving->save;
    const struct present *present = &saving->present;
    int64_t now = nl_store_now(store);
    enum nl_status status = nl_approval_withdraw(store, save->draft, save->by, err);
    if (status != NL_OK)
        return status;
    if (!save->keep && present->author != NULL && strcmp(present->author, save->by->name) == 0 &&
        now - present->began_at < NL_DRAFT_SAME_VERSION)
        return nl_sql_run(store, err, "UPDATE draft_version SET source = ?, at = ? WHERE id = ?",
                          NL_VALUES(NL_STRING(save->source), NL_INT(now), NL_INT(present->id)));
    status = nl_sql_run(
        store, err,
        "INSERT INTO draft_version (draft, language, source, began_at, at, author) VALUES (?1, ?2, "
        "?3, ?4, ?4, ?5)",
        NL_VALUES(NL_INT(save->draft), NL_STRING(save->language), NL_STRING(save->source),
                  NL_INT(now), NL_STRING(save->by->name)));
    return status == NL_OK ? drop_oldest(store, save, err) : status;
}

/* The draft's row is written first: nobody else saves to it before this transaction ends. */
static enum nl_status save_text(struct nl_store *store, void *context, struct nl_error *err) {
    struct saving *saving = context;
    const struct nl_draft_save *save = saving->save;
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE draft SET updated_at = ?1, updated_by = ?2, title = coalesce(CAST(?3 AS TEXT), "
        "title) WHERE id = ?4",
        NL_VALUES(NL_INT(nl_store_now(store)), NL_STRING(save->by->name), NL_STRING(save->title),
                  NL_INT(save->draft)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return no_such(err);
    if (status == NL_OK)
        status = read_present(store, saving, err);
    if (status != NL_OK)
        return status;
    const char *present = saving->present.source;
    saving->stale = !save->allows(present != NULL ? present : "", save->ctx);
    if (saving->stale) /* undoes the first statement */
        return nl_error_set(err, NL_EXISTS,
                            NL_TEXT("somebody else has changed this text meanwhile"));
    return present != NULL && strcmp(present, save->source) == 0
               ? NL_OK
               : write_version(store, saving, err);
}

enum nl_status nl_draft_save(struct nl_store *store, const struct nl_draft_save *save, bool *stale,
                             struct nl_error *err) {
    struct saving saving = {.save = save};
    *stale = false;
    if (strlen(save->source) > NL_DRAFT_TEXT_MOST)
        return nl_error_set(err, NL_DATA, NL_TEXT("a text has at most %d bytes"),
                            NL_DRAFT_TEXT_MOST);
    enum nl_status status = nl_sql_exclusive(store, save_text, &saving, err);
    free(saving.present.source);
    free(saving.present.author);
    if (status == NL_EXISTS && saving.stale) {
        *stale = true;
        nl_error_free(err);
        return NL_OK;
    }
    return status;
}

struct removal {
    int64_t draft;
    const char *language;
    const struct nl_actor *by;
};

static enum nl_status remove_text(struct nl_store *store, void *context, struct nl_error *err) {
    const struct removal *removal = context;
    enum nl_status status =
        nl_sql_run(store, err, "DELETE FROM draft_version WHERE draft = ? AND language = ?",
                   NL_VALUES(NL_INT(removal->draft), NL_STRING(removal->language)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no text in this language"));
    return status == NL_OK ? nl_approval_withdraw(store, removal->draft, removal->by, err) : status;
}

enum nl_status nl_draft_text_remove(struct nl_store *store, int64_t draft, const char *language,
                                    const struct nl_actor *by, struct nl_error *err) {
    struct removal removal = {draft, language, by};
    char name[24];
    snprintf(name, sizeof name, "%lld", (long long)draft);
    const struct nl_noted noted = {by, "draft language remove", "draft", name, language};
    return nl_audited(store, remove_text, &removal, &noted, err);
}
