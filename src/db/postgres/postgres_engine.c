#include "db/postgres/postgres.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int64_t changes(const struct nl_store *store) {
    return nl_postgres(store)->changes;
}

static bool is_duplicate(const struct nl_store *store) {
    return nl_postgres(store)->duplicate;
}

/* ---- functions that have nothing to do on a server ---- */

static enum nl_status migrating(struct nl_store *store, bool begins, struct nl_error *err) {
    (void)store;
    (void)begins;
    (void)err;
    return NL_OK;
}

static enum nl_status references_hold(struct nl_store *store, bool *hold, struct nl_error *err) {
    (void)store;
    (void)err;
    *hold = true;
    return NL_OK;
}

static void do_nothing(struct nl_store *store, bool begins) {
    (void)store;
    (void)begins;
}

/* ---- commits ---- */

/* The server gathers the commits of all its sessions into one write; each is durable when it
 * returns. So there is nothing to wait for. */
struct sync {
    int done;
};

static enum nl_status sync_start(struct nl_store *store, void **out, struct nl_error *err) {
    (void)err;
    struct sync *sync = nl_calloc(1, sizeof *sync);
    (void)store;
    sync->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    *out = sync;
    return NL_OK;
}

static void sync_request(void *state) {
    const struct sync *sync = state;
    const uint64_t one = 1;
    if (write(sync->done, &one, sizeof one) < 0)
        return; /* it is readable already */
}

static int sync_fd(const void *state) {
    const struct sync *sync = state;
    return sync->done;
}

static enum nl_status sync_poll(void *state, bool *done, struct nl_error *err) {
    const struct sync *sync = state;
    uint64_t count = 0;
    (void)err;
    *done = read(sync->done, &count, sizeof count) == (ssize_t)sizeof count;
    return NL_OK;
}

static enum nl_status sync_stop(void *state, struct nl_error *err) {
    struct sync *sync = state;
    (void)err;
    if (sync->done >= 0)
        close(sync->done);
    free(sync);
    return NL_OK;
}

const struct nl_engine nl_engine_postgres = {
    .dialect = {.number_from = "as_number(",
                .number_end = ")",
                .search = "i.id IN (SELECT rowid FROM issue_text WHERE words @@ "
                          "websearch_to_tsquery('pg_catalog.simple', bare_words(?7)))",
                .people = "subscriber r",
                .people_found =
                    "r.address_key LIKE '%@%' AND (subscriber_words(r.address, r.name) LIKE "
                    "subscriber_part(?5) OR subscriber_words(r.address, r.name) LIKE "
                    "subscriber_part(?6)) AND r.id > ?1 AND r.id <= ?7",
                .people_order = "r.id",
                .people_near = "SELECT max(id) FROM (SELECT id FROM subscriber WHERE id > ?1 "
                               "ORDER BY id LIMIT 2000) near",
                .people_indexed = "SELECT count(*) FROM pg_indexes WHERE schemaname = "
                                  "current_schema() AND indexname = 'subscriber_text'",
                .attribute = "json_extract",
                .segment_indexes =
                    "SELECT CAST(indexname AS TEXT) FROM pg_indexes WHERE schemaname = "
                    "current_schema() AND "
                    "(indexname LIKE 'subscriber!_attribute!_%' ESCAPE '!' OR "
                    "indexname LIKE 'subscriber!_number!_%' ESCAPE '!')",
                .migrations_table =
                    "CREATE TABLE IF NOT EXISTS schema_migration (number BIGINT PRIMARY KEY, "
                    "name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
                .known_tables =
                    "SELECT count(*) FILTER (WHERE tablename = 'schema_migration'), count(*) FROM "
                    "pg_tables WHERE schemaname = current_schema()",
                .revision = "SELECT CAST(pg_current_snapshot() AS TEXT)"},
    .migrations = nl_embedded_migrations_postgresql,
    .has_arrays = true,
    .has_parts = true,
    .create = nl_postgres_create,
    .discard = nl_postgres_discard,
    .check = nl_postgres_check,
    .open = nl_postgres_open,
    .close = nl_postgres_close,
    .prepare = nl_postgres_prepare,
    .bind = nl_postgres_bind,
    .step = nl_postgres_step,
    .reset = nl_postgres_reset,
    .finalize = nl_postgres_finalize,
    .inserted = nl_postgres_inserted,
    .changes = changes,
    .is_duplicate = is_duplicate,
    .script = nl_postgres_script,
    .later = nl_postgres_later,
    .flush = nl_postgres_flush,
    .number = nl_postgres_number,
    .real = nl_postgres_real,
    .text = nl_postgres_text,
    .bytes = nl_postgres_bytes,
    .is_null = nl_postgres_is_null,
    .begin = nl_postgres_begin,
    .begin_later = nl_postgres_begin_later,
    .commit = nl_postgres_commit,
    .rollback = nl_postgres_rollback,
    .lock = nl_postgres_lock,
    .unlock = nl_postgres_unlock,
    .take_permit = nl_postgres_take_permit,
    .return_permit = nl_postgres_return_permit,
    .wait = nl_postgres_wait,
    .examine = nl_postgres_examine,
    .backup = nl_postgres_backup,
    .snapshot = nl_postgres_snapshot,
    .after_copy = nl_postgres_after_copy,
    .sync_start = sync_start,
    .sync_request = sync_request,
    .sync_fd = sync_fd,
    .sync_poll = sync_poll,
    .sync_stop = sync_stop,
    .migrating = migrating,
    .references_hold = references_hold,
    .bulk_load = do_nothing,
    .set_durable = nl_postgres_set_durable,
    .confine = nl_postgres_confine,
    .read_only = nl_postgres_read_only,
    .reindex = nl_postgres_reindex,
};
