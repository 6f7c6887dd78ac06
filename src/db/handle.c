#include "newsletter/db/handle.h"
#include "newsletter/base/memory.h"

#include "db/database.h"
#include "newsletter/base/secret.h"
#include "newsletter/base/token.h"

#include <stdlib.h>
#include <string.h>

/* ---- the engine for a name ---- */

bool nl_store_is_file(const char *path) {
    return strncmp(path, "postgresql://", 13) != 0 && strncmp(path, "postgres://", 11) != 0;
}

bool nl_store_has_password(const char *path) {
    const char *user = nl_store_is_file(path) ? NULL : strstr(path, "://") + 3;
    const char *at = user != NULL ? strchr(user, '@') : NULL;
    return user != NULL && ((at != NULL && memchr(user, ':', (size_t)(at - user)) != NULL) ||
                            strstr(user, "password=") != NULL);
}

#ifdef NL_POSTGRESQL
static const struct nl_engine *const server = &nl_engine_postgres;
#else
static const struct nl_engine *const server = NULL;
#endif

static enum nl_status find_engine(const char *path, const struct nl_engine **out,
                                  struct nl_error *err) {
    *out = nl_store_is_file(path) ? &nl_engine_sqlite : server;
    return *out != NULL
               ? NL_OK
               : nl_error_set(err, NL_CONFIG,
                              "this newsletter was built without PostgreSQL: install libpq-dev and "
                              "build it again, or give 'database' a file");
}

/* ---- opening ---- */

/* Also tells whether the database was moved away, so that opening it takes one look at the
 * settings. */
static enum nl_status read_secret(struct nl_store *store, struct nl_error *err) {
    bool moved = false;
    char *secret = NULL;
    enum nl_status status =
        nl_sql_first(store, err, NULL,
                     "SELECT value, EXISTS (SELECT 1 FROM setting WHERE key = 'moved_at') "
                     "FROM setting WHERE key = 'secret'",
                     NL_NO_VALUES, NL_COLUMNS(NL_INTO(&secret), NL_INTO(&moved)));
    if (status == NL_OK && moved)
        status = nl_error_set(err, NL_CONFIG,
                              "%s was moved by 'newsletter migrate-store': set 'database' in "
                              "newsletter.yaml to where it is now",
                              store->path);
    if (status == NL_OK)
        store->secret = secret;
    else
        nl_secret_free(secret);
    return status;
}

/* Two processes may come here at once on a new database: the first one's key stays. */
static enum nl_status ensure_secret(struct nl_store *store, struct nl_error *err) {
    struct nl_token token;
    enum nl_status status = read_secret(store, err);
    if (status != NL_OK || store->secret != NULL)
        return status;
    nl_token_new(&store->env, &token);
    status = nl_sql_run(store, err,
                        "INSERT INTO setting (key, value) VALUES ('secret', ?) "
                        "ON CONFLICT DO NOTHING",
                        NL_VALUES(NL_STRING(token.text)));
    return status == NL_OK ? read_secret(store, err) : status;
}

/* `*out` is to be closed, also after a failure, if it is not NULL. */
static enum nl_status connect_with(const struct nl_engine *engine, const char *path,
                                   const struct nl_env *env, bool leave_settings,
                                   struct nl_store **out, struct nl_error *err) {
    struct nl_store *store = nl_calloc(1, sizeof *store);
    *out = store;
    store->engine = engine;
    store->env = *env;
    store->leave_settings = leave_settings;
    store->path = nl_strdup(path);
    return engine->open(store, path, err);
}

static enum nl_status open_with(const struct nl_engine *engine, const char *path, bool create,
                                const struct nl_env *env, struct nl_store **out,
                                struct nl_error *err) {
    struct nl_store *store = NULL;
    enum nl_status status = connect_with(engine, path, env, false, &store, err);
    if (status == NL_OK)
        status = nl_store_migrate(store, create, err);
    if (status == NL_OK)
        status = ensure_secret(store, err);
    if (status != NL_OK) {
        nl_store_close(store);
        return status;
    }
    *out = store;
    return NL_OK;
}

enum nl_status nl_store_create(const char *path, const struct nl_env *env, bool *created,
                               struct nl_error *err) {
    const struct nl_engine *engine = NULL;
    struct nl_store *store = NULL;
    enum nl_status status = find_engine(path, &engine, err);
    if (status == NL_OK)
        status = engine->create(path, created, err);
    if (status != NL_OK)
        return status;
    status = open_with(engine, path, true, env, &store, err);
    if (status != NL_OK && *created)
        engine->discard(path);
    nl_store_close(store);
    return status;
}

enum nl_status nl_store_open(const char *path, const struct nl_env *env, struct nl_store **out,
                             struct nl_error *err) {
    const struct nl_engine *engine = NULL;
    *out = NULL;
    enum nl_status status = find_engine(path, &engine, err);
    if (status == NL_OK)
        status = engine->check(path, err);
    return status == NL_OK ? open_with(engine, path, false, env, out, err) : status;
}

enum nl_status nl_store_schema(const char *path, const struct nl_env *env, struct nl_schema *out,
                               struct nl_error *err) {
    const struct nl_engine *engine = NULL;
    struct nl_store *store = NULL;
    enum nl_status status = find_engine(path, &engine, err);
    if (status == NL_OK)
        status = engine->check(path, err);
    if (status == NL_OK)
        status = connect_with(engine, path, env, true, &store, err);
    if (status == NL_OK)
        status = nl_store_compare(store, out, err);
    nl_store_close(store);
    return status;
}

const char *nl_store_name(const struct nl_store *store) {
    return store->path;
}

const struct nl_env *nl_store_env(const struct nl_store *store) {
    return &store->env;
}

int64_t nl_store_now(const struct nl_store *store) {
    return nl_env_now(&store->env);
}

bool nl_store_is_served(const struct nl_store *store) {
    return store->engine->later != NULL;
}

const char *nl_store_secret(const struct nl_store *store) {
    return store->secret;
}

void nl_store_confine(struct nl_store *store, nl_store_visit_path *visit, void *ctx) {
    store->engine->confine(store, visit, ctx);
}

void nl_store_close(struct nl_store *store) {
    if (store == NULL)
        return;
    nl_sql_finalize(store);
    nl_buf_free(&store->gathered);
    store->engine->close(store);
    free(store->path);
    nl_secret_free(store->secret);
    free(store);
}

void nl_store_discard(const char *path) {
    const struct nl_engine *engine = NULL;
    struct nl_error ignored = {0};
    if (find_engine(path, &engine, &ignored) == NL_OK)
        engine->discard(path);
    nl_error_free(&ignored);
}

/* ---- work of the engine ---- */

enum nl_status nl_store_examine(struct nl_store *store, struct nl_buf *problem,
                                struct nl_error *err) {
    return store->engine->examine(store, problem, err);
}

enum nl_status nl_store_reindex(struct nl_store *store, struct nl_error *err) {
    return store->engine->reindex(store, err);
}

void nl_store_bulk_load(struct nl_store *store, bool begins) {
    store->engine->bulk_load(store, begins);
}

enum nl_status nl_store_read_only(struct nl_store *store, struct nl_error *err) {
    return store->engine->read_only(store, err);
}

void nl_store_set_durable(struct nl_store *store, bool durable) {
    store->engine->set_durable(store, durable);
}

void nl_store_series(struct nl_store *store, bool begins) {
    if (store->engine->series != NULL)
        store->engine->series(store, begins);
}

void nl_store_give_way(struct nl_store *store) {
    if (store->engine->give_way != NULL)
        store->engine->give_way(store);
}

void nl_store_set_patience(struct nl_store *store, int milliseconds) {
    if (store->engine->set_patience != NULL)
        store->engine->set_patience(store, milliseconds);
}

enum nl_status nl_store_index_people(struct nl_store *store, struct nl_error *err) {
    return store->engine->index_people != NULL ? store->engine->index_people(store, err) : NL_OK;
}

void nl_store_empty_log(struct nl_store *store) {
    if (store->depth > 0) {
        store->empty_log_later = true;
        return;
    }
    if (store->engine->empty_log != NULL)
        store->engine->empty_log(store);
}

enum nl_status nl_store_lock(struct nl_store *store, int64_t what, int64_t *holder,
                             struct nl_error *err) {
    *holder = 0;
    enum nl_status status = store->engine->lock(store, what, holder, err);
    return status == NL_BUSY
               ? nl_error_set(err, NL_BUSY, "process %lld is already sending it: let it finish",
                              (long long)*holder)
               : status;
}

void nl_store_unlock(struct nl_store *store, int64_t what) {
    store->engine->unlock(store, what);
}

bool nl_store_locks_issues(const struct nl_store *store) {
    return store->engine->locks_issues;
}

/* FNV-1a. Two permits that get the same key count as one: stricter than asked, and rare. */
static uint32_t permit_key(const char *name, int64_t number) {
    uint32_t key = 2166136261U;
    for (const char *p = name; *p != '\0'; p++)
        key = (key ^ (unsigned char)*p) * 16777619U;
    return (key ^ (uint32_t)number) * 16777619U;
}

enum nl_status nl_store_take_permit(struct nl_store *store, const char *name, int64_t number,
                                    bool *taken, struct nl_error *err) {
    *taken = false;
    return store->engine->take_permit(store, permit_key(name, number), taken, err);
}

void nl_store_return_permit(struct nl_store *store, const char *name, int64_t number) {
    store->engine->return_permit(store, permit_key(name, number));
}

enum nl_status nl_store_wait(struct nl_store *store, int64_t seconds,
                             const volatile sig_atomic_t *stop, struct nl_error *err) {
    return store->engine->wait(store, seconds, stop, err);
}
