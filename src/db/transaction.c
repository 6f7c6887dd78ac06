#include "db/database.h"
#include "newsletter/db/reading.h"

/* ---- only reading ---- */

void nl_store_read_together(struct nl_store *store) {
    struct nl_error ignored = {0};
    if (store->engine->begin_reading != NULL && store->depth == 0 && !store->reading)
        store->reading =
            nl_sql_run(store, &ignored, store->engine->begin_reading, NL_NO_VALUES) == NL_OK;
    nl_error_free(&ignored);
}

/* Nothing was written, so there is nothing to lose. */
void nl_store_read_apart(struct nl_store *store) {
    struct nl_error ignored = {0};
    if (store->reading && nl_sql_run(store, &ignored, "COMMIT", NL_NO_VALUES) != NL_OK)
        store->engine->rollback(store);
    store->reading = false;
    nl_error_free(&ignored);
}

/* ---- transactions ---- */

enum { SAVEPOINTS = sizeof((struct nl_store *)0)->gathered_at / sizeof(size_t) };

/* The length of what was gathered before the savepoint at `depth`. */
static size_t *gathered_before(struct nl_store *store, int depth) {
    return &store->gathered_at[depth < SAVEPOINTS ? depth : SAVEPOINTS - 1];
}

struct nl_buf *nl_sql_gather(struct nl_store *store, nl_sql_write_gathered *write) {
    store->write_gathered = write;
    return store->depth > 0 ? &store->gathered : NULL;
}

static enum nl_status write_gathered(struct nl_store *store, struct nl_error *err) {
    return store->gathered.len == 0 ? NL_OK : store->write_gathered(store, &store->gathered, err);
}

static enum nl_status begin_transaction(struct nl_store *store, bool exclusive,
                                        struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (store->depth > 0 && exclusive && !store->exclusive)
        return nl_error_set(err, NL_INTERNAL,
                            "an exclusive transaction within one that is not exclusive");
    store->once = NULL;
    nl_store_read_apart(store);
    if (store->depth > 0) {
        status = nl_sql_run(store, err, "SAVEPOINT within", NL_NO_VALUES);
        *gathered_before(store, store->depth) = store->gathered.len;
    } else {
        store->part_asked = false;
        status = store->engine->begin(store, exclusive, err);
        store->exclusive = exclusive;
    }
    store->depth += status == NL_OK;
    return status;
}

enum nl_status nl_store_begin_exclusive(struct nl_store *store, struct nl_error *err) {
    return begin_transaction(store, true, err);
}

enum nl_status nl_store_begin_shared(struct nl_store *store, struct nl_error *err) {
    return begin_transaction(store, false, err);
}

enum nl_status nl_store_begin_together(struct nl_store *store, struct nl_error *err) {
    store->once = NULL;
    nl_store_read_apart(store);
    nl_sql_drop_statements(store);
    store->together = true;
    store->exclusive = false;
    enum nl_status status = store->engine->begin_later != NULL
                                ? store->engine->begin_later(store, err)
                                : store->engine->begin(store, false, err);
    store->depth = status == NL_OK;
    return status;
}

enum nl_status nl_store_begin_reading(struct nl_store *store, struct nl_error *err) {
    nl_store_read_apart(store);
    return store->engine->snapshot(store, false, err);
}

/* After the outermost one has ended. */
static void end_transaction(struct nl_store *store) {
    bool empty = store->empty_log_later;
    store->depth = 0;
    store->together = false;
    store->empty_log_later = false;
    nl_buf_clear(&store->gathered);
    nl_sql_forget_marks(store);
    if (empty)
        nl_store_empty_log(store);
}

enum nl_status nl_store_commit(struct nl_store *store, struct nl_error *err) {
    if (store->depth > 1) {
        enum nl_status inner = nl_sql_run(store, err, "RELEASE SAVEPOINT within", NL_NO_VALUES);
        store->depth -= inner == NL_OK;
        return inner;
    }
    enum nl_status status = write_gathered(store, err);
    if (status == NL_OK)
        status = store->engine->commit(store, err);
    if (status == NL_OK) {
        end_transaction(store);
    } else {
        store->together = false;
        nl_sql_forget_marks(store);
    }
    return status;
}

void nl_store_rollback(struct nl_store *store) {
    struct nl_error ignored = {0};
    if (store->depth > 1) {
        store->depth--;
        store->part_asked = false;
        store->gathered.len = *gathered_before(store, store->depth);
        if (nl_sql_run(store, &ignored, "ROLLBACK TO SAVEPOINT within", NL_NO_VALUES) == NL_OK)
            nl_error_ignore(nl_sql_run(store, &ignored, "RELEASE SAVEPOINT within", NL_NO_VALUES));
        nl_error_free(&ignored);
        return;
    }
    store->engine->rollback(store);
    store->empty_log_later = false;
    end_transaction(store);
}

static enum nl_status transact(struct nl_store *store, bool exclusive, nl_sql_body *body,
                               void *context, struct nl_error *err) {
    enum nl_status status = begin_transaction(store, exclusive, err);
    if (status != NL_OK)
        return status;
    status = body(store, context, err);
    if (status == NL_OK)
        status = nl_store_commit(store, err);
    if (status != NL_OK)
        nl_store_rollback(store);
    return status;
}

enum nl_status nl_sql_exclusive(struct nl_store *store, nl_sql_body *body, void *context,
                                struct nl_error *err) {
    return transact(store, true, body, context, err);
}

enum nl_status nl_sql_shared(struct nl_store *store, nl_sql_body *body, void *context,
                             struct nl_error *err) {
    return transact(store, false, body, context, err);
}

enum nl_status nl_sql_within(struct nl_store *store, nl_sql_body *body, void *context,
                             struct nl_error *err) {
    return store->depth > 0 ? body(store, context, err) : transact(store, true, body, context, err);
}

int64_t nl_sql_stream(struct nl_store *store) {
    if (!nl_store_is_served(store) || (store->depth > 0 && store->exclusive))
        return 0;
    while (store->stream == 0) {
        uint32_t random[4];
        store->env.random(store->env.ctx, (unsigned char *)random);
        store->stream = random[0] & 0x3fffffff;
    }
    return store->stream;
}

enum nl_status nl_sql_once(struct nl_store *store, const char *sql, struct nl_error *err) {
    bool any = false;
    if (store->once == sql)
        return NL_OK;
    store->once = sql;
    return nl_sql_exists(store, err, &any, sql, NL_NO_VALUES);
}
