#include "newsletter/store/suppression.h"

#include "newsletter/db/sql.h"
#include "store/event.h"

enum nl_status nl_suppression_add(struct nl_store *store, const struct nl_address *address,
                                  const char *reason, int64_t since, bool *added,
                                  struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err,
                   "INSERT INTO suppression (address_key, reason, since) VALUES (?, ?, ?) "
                   "ON CONFLICT DO NOTHING",
                   "ssi", address->key, reason, since != 0 ? since : nl_env_now(&store->env));
    *added = status == NL_OK && nl_sql_changes(store) > 0;
    if (*added)
        status = nl_event_add(store, "suppressed", 0, 0, 0, reason, err);
    return status;
}

enum nl_status nl_suppression_remove(struct nl_store *store, const struct nl_address *address,
                                     struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err, "DELETE FROM suppression WHERE address_key = ?", "s", address->key);
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return nl_error_set(err, NL_NOTFOUND, "%s is not suppressed", address->text);
    return status == NL_OK ? nl_event_add(store, "unsuppressed", 0, 0, 0, NULL, err) : status;
}

enum nl_status nl_suppression_each(struct nl_store *store,
                                   enum nl_status (*each)(const char *address, const char *reason,
                                                          int64_t since, void *ctx,
                                                          struct nl_error *err),
                                   void *ctx, struct nl_error *err) {
    bool row = true;
    struct nl_statement *statement = nl_sql(
        store, err, "SELECT address_key, reason, since FROM suppression ORDER BY address_key", "");
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    while (status == NL_OK && row) {
        status = each(nl_sql_borrow(statement, 0), nl_sql_borrow(statement, 1),
                      nl_sql_int64(statement, 2), ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}
