#include "db/database.h"
#include "newsletter/base/embedded.h"

#include <stdlib.h>
#include <string.h>

static enum nl_status applied_number(struct nl_store *store, int64_t *number,
                                     struct nl_error *err) {
    return nl_sql_number(store, err, number, NULL,
                         "SELECT coalesce(max(number), 0) FROM schema_migration", NL_NO_VALUES);
}

/* A released migration is never edited; one that differs means two builds that do not belong
 * together, and writing with the wrong one could lose data. */
static enum nl_status check_applied(struct nl_store *store, const struct nl_embedded *file,
                                    int64_t number, struct nl_error *err) {
    char *found = NULL;
    enum nl_status status =
        nl_sql_first(store, err, NULL, "SELECT checksum FROM schema_migration WHERE number = ?",
                     NL_VALUES(NL_INT(number)), NL_COLUMNS(NL_INTO(&found)));
    if (status == NL_OK && (found == NULL || strcmp(found, file->checksum) != 0))
        status = nl_error_set(err, NL_CONFIG,
                              "%s: migration %s was applied in another form: use the newsletter "
                              "that made this database",
                              store->path, file->name);
    free(found);
    return status;
}

/* References are not enforced while tables are replaced, so they are checked afterwards. */
static enum nl_status check_references(struct nl_store *store, const struct nl_embedded *file,
                                       struct nl_error *err) {
    bool hold = true;
    enum nl_status status = store->engine->references_hold(store, &hold, err);
    return status == NL_OK && !hold
               ? nl_error_set(err, NL_IO,
                              "migration %s found a row that refers to a missing one: restore "
                              "the database from a backup",
                              file->name)
               : status;
}

static enum nl_status apply(struct nl_store *store, const struct nl_embedded *file, int64_t number,
                            struct nl_error *err) {
    enum nl_status status = store->engine->script(store, file->data, err);
    if (status != NL_OK)
        return nl_error_context(err, "migration %s", file->name);
    status = check_references(store, file, err);
    if (status != NL_OK)
        return status;
    return nl_sql_run(store, err,
                      "INSERT INTO schema_migration (number, name, checksum, applied_at) "
                      "VALUES (?, ?, ?, ?)",
                      NL_VALUES(NL_INT(number), NL_STRING(file->name), NL_STRING(file->checksum),
                                NL_INT(nl_env_now(&store->env))));
}

struct step {
    const struct nl_embedded *file;
    int64_t number;
};

static enum nl_status apply_once(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct step *step = ctx;
    int64_t applied = 0;
    /* Checks again inside the transaction, since another process may have migrated in between. */
    enum nl_status status =
        store->engine->script(store, store->engine->dialect.migrations_table, err);
    if (status == NL_OK)
        status = applied_number(store, &applied, err);
    if (status == NL_OK && step->number > applied)
        status = apply(store, step->file, step->number, err);
    return status;
}

static enum nl_status pending_version(struct nl_store *store, int64_t *applied, bool *empty,
                                      struct nl_error *err) {
    bool known = false;
    bool tables = false;
    *applied = 0;
    enum nl_status status =
        nl_sql_first(store, err, NULL, store->engine->dialect.known_tables, NL_NO_VALUES,
                     NL_COLUMNS(NL_INTO(&known), NL_INTO(&tables)));
    *empty = !tables;
    if (status == NL_OK && !known && !*empty)
        status =
            nl_error_set(err, NL_CONFIG, "%s is a database of some other program", store->path);
    if (status == NL_OK && known)
        status = applied_number(store, applied, err);
    return status;
}

enum nl_status nl_store_compare(struct nl_store *store, struct nl_schema *out,
                                struct nl_error *err) {
    bool empty = false;
    *out = (struct nl_schema){0};
    enum nl_status status = pending_version(store, &out->applied, &empty, err);
    if (status == NL_OK && empty)
        status =
            nl_error_set(err, NL_NOINPUT, "no database in %s: run 'newsletter init'", store->path);
    for (const struct nl_embedded *file = store->engine->migrations; status == NL_OK && file->name;
         file++) {
        out->newest = strtoll(file->name, NULL, 10);
        if (out->newest <= out->applied)
            status = check_applied(store, file, out->newest, err);
    }
    return status;
}

enum nl_status nl_store_migrate(struct nl_store *store, bool create, struct nl_error *err) {
    int64_t applied = 0;
    int64_t newest = 0;
    bool empty = false;
    enum nl_status status = store->engine->migrating(store, true, err);
    if (status == NL_OK)
        status = pending_version(store, &applied, &empty, err);
    if (status == NL_OK && empty && !create)
        status =
            nl_error_set(err, NL_NOINPUT, "no database in %s: run 'newsletter init'", store->path);
    for (const struct nl_embedded *file = store->engine->migrations; status == NL_OK && file->name;
         file++) {
        struct step step = {.file = file, .number = strtoll(file->name, NULL, 10)};
        newest = step.number;
        if (step.number <= applied)
            status = check_applied(store, file, step.number, err);
        else
            status = nl_sql_exclusive(store, apply_once, &step, err);
    }
    if (status == NL_OK)
        status = store->engine->migrating(store, false, err);
    if (status == NL_OK && applied > newest)
        status = nl_error_set(err, NL_CONFIG,
                              "a later newsletter has brought %s to schema %lld, and this one "
                              "knows up to %lld: install the later one again, or go back to a "
                              "backup from before that upgrade with 'newsletter restore'",
                              store->path, (long long)applied, (long long)newest);
    return status;
}
