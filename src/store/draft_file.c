#include "newsletter/store/draft.h"

#include "newsletter/base/catalog.h"

#include "store/approval_withdraw.h"
#include "store/audited.h"

#include <stdio.h>

struct putting {
    int64_t draft;
    const struct nl_draft_file *file;
    const struct nl_actor *by;
};

static enum nl_status check_room(struct nl_store *store, const struct putting *putting,
                                 struct nl_error *err) {
    int64_t count = 0;
    int64_t bytes = 0;
    enum nl_status status =
        nl_sql_first(store, err, NULL,
                     "SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM draft_file "
                     "WHERE draft = ? AND name <> ?",
                     NL_VALUES(NL_INT(putting->draft), NL_STRING(putting->file->name)),
                     NL_COLUMNS(NL_INTO(&count), NL_INTO(&bytes)));
    if (status == NL_OK && count >= NL_DRAFT_FILES)
        return nl_error_set(err, NL_DATA, NL_TEXT("an issue has at most %d files"), NL_DRAFT_FILES);
    if (status == NL_OK && bytes + (int64_t)putting->file->size > NL_DRAFT_FILES_MOST)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("the files of an issue have at most %d MB in all"),
                            NL_DRAFT_FILES_MOST >> 20);
    return status;
}

static enum nl_status put(struct nl_store *store, void *context, struct nl_error *err) {
    const struct putting *putting = context;
    const struct nl_draft_file *file = putting->file;
    enum nl_status status = check_room(store, putting, err);
    if (status == NL_OK)
        status = nl_approval_withdraw(store, putting->draft, putting->by, err);
    return status == NL_OK
               ? nl_sql_run(store, err,
                            "INSERT INTO draft_file (draft, name, size, data, at) VALUES (?1, ?2, "
                            "?3, ?4, ?5) ON CONFLICT (draft, name) DO UPDATE SET size = ?3, data = "
                            "?4, at = ?5",
                            NL_VALUES(NL_INT(putting->draft), NL_STRING(file->name),
                                      NL_INT(file->size), NL_BYTES(file->data, file->size),
                                      NL_INT(nl_store_now(store))))
               : status;
}

enum nl_status nl_draft_file_put(struct nl_store *store, int64_t draft,
                                 const struct nl_draft_file *file, const struct nl_actor *by,
                                 struct nl_error *err) {
    struct putting putting = {draft, file, by};
    char name[24];
    snprintf(name, sizeof name, "%lld", (long long)draft);
    const struct nl_noted noted = {by, "draft file add", "draft", name, file->name};
    if (file->size > NL_DRAFT_FILE_MOST)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s has more than %d MB"), file->name,
                            NL_DRAFT_FILE_MOST >> 20);
    return nl_audited(store, put, &putting, &noted, err);
}

struct visit {
    enum nl_status (*each)(const struct nl_draft_file *file, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_file(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    const struct visit *visit = context;
    struct nl_draft_file file = {.name = nl_sql_text(row, 0), .size = (size_t)nl_sql_int(row, 1)};
    size_t len = 0;
    file.data = nl_sql_bytes(row, 2, &len);
    return visit->each(&file, visit->ctx, err);
}

enum nl_status nl_draft_files(struct nl_store *store, int64_t draft, bool content,
                              enum nl_status (*each)(const struct nl_draft_file *file, void *ctx,
                                                     struct nl_error *err),
                              void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return content ? nl_sql_each(store, err, visit_file, &visit,
                                 "SELECT name, size, data FROM draft_file WHERE draft = ? ORDER BY "
                                 "name",
                                 NL_VALUES(NL_INT(draft)))
                   : nl_sql_each(store, err, visit_file, &visit,
                                 "SELECT name, size, NULL FROM draft_file WHERE draft = ? ORDER BY "
                                 "name",
                                 NL_VALUES(NL_INT(draft)));
}

struct removal {
    int64_t draft;
    const char *name;
    const struct nl_actor *by;
};

static enum nl_status remove_file(struct nl_store *store, void *context, struct nl_error *err) {
    const struct removal *removal = context;
    enum nl_status status =
        nl_sql_run(store, err, "DELETE FROM draft_file WHERE draft = ? AND name = ?",
                   NL_VALUES(NL_INT(removal->draft), NL_STRING(removal->name)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such file"));
    return status == NL_OK ? nl_approval_withdraw(store, removal->draft, removal->by, err) : status;
}

enum nl_status nl_draft_file_remove(struct nl_store *store, int64_t draft, const char *name,
                                    const struct nl_actor *by, struct nl_error *err) {
    struct removal removal = {draft, name, by};
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)draft);
    const struct nl_noted noted = {by, "draft file remove", "draft", id, name};
    return nl_audited(store, remove_file, &removal, &noted, err);
}

enum nl_status nl_draft_files_copy(struct nl_store *store, int64_t from, int64_t to,
                                   struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO draft_file (draft, name, size, data, at) SELECT "
                      "CAST(?1 AS BIGINT), name, size, data, CAST(?2 AS BIGINT) FROM draft_file "
                      "WHERE draft = ?3",
                      NL_VALUES(NL_INT(to), NL_INT(nl_store_now(store)), NL_INT(from)));
}
