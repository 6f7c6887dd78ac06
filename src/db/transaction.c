#include "db/database.h"

static enum nl_status begin_transaction(struct nl_store *store, bool exclusive,
                                        struct nl_error *err) {
    store->once = NULL;
    return store->engine->begin(store, exclusive, err);
}

enum nl_status nl_store_begin_exclusive(struct nl_store *store, struct nl_error *err) {
    return begin_transaction(store, true, err);
}

enum nl_status nl_store_begin_shared(struct nl_store *store, struct nl_error *err) {
    return begin_transaction(store, false, err);
}

enum nl_status nl_store_begin_together(struct nl_store *store, struct nl_error *err) {
    store->once = NULL;
    store->together = true;
    return store->engine->begin_later != NULL ? store->engine->begin_later(store, err)
                                              : store->engine->begin(store, false, err);
}

enum nl_status nl_store_commit(struct nl_store *store, struct nl_error *err) {
    enum nl_status status = store->engine->commit(store, err);
    store->together = false;
    nl_sql_forget_marks(store);
    return status;
}

void nl_store_rollback(struct nl_store *store) {
    store->engine->rollback(store);
    store->together = false;
    nl_sql_forget_marks(store);
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

enum nl_status nl_sql_once(struct nl_store *store, const char *sql, struct nl_error *err) {
    bool any = false;
    if (store->once == sql)
        return NL_OK;
    store->once = sql;
    return nl_sql_exists(store, err, &any, sql, NL_NO_VALUES);
}
