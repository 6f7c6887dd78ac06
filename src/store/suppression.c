#include "newsletter/store/suppression.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"
#include "newsletter/db/sql.h"
#include "store/event.h"
#include "store/ledger.h"

#include <stdlib.h>
#include <string.h>

enum nl_status nl_suppression_add(struct nl_store *store, const struct nl_address *address,
                                  const char *reason, int64_t since, bool *added,
                                  struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err,
                   "INSERT INTO suppression (address_key, reason, since) VALUES (?, ?, ?) "
                   "ON CONFLICT DO NOTHING",
                   NL_VALUES(NL_STRING(address->key), NL_STRING(reason),
                             NL_INT(since != 0 ? since : nl_store_now(store))));
    *added = status == NL_OK && nl_sql_changes(store) > 0;
    if (*added)
        status = nl_event_add(store, "suppressed", 0, 0, 0, reason, err);
    if (*added && status == NL_OK)
        status = nl_ledger_suppressed(store, address->key, true, err);
    return status;
}

enum nl_status nl_suppression_remove(struct nl_store *store, const struct nl_address *address,
                                     struct nl_error *err) {
    enum nl_status status = nl_sql_run(store, err, "DELETE FROM suppression WHERE address_key = ?",
                                       NL_VALUES(NL_STRING(address->key)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return nl_error_set(err, NL_NOTFOUND, NL_TEXT("%s is not suppressed"), address->text);
    if (status == NL_OK)
        status = nl_event_add(store, "unsuppressed", 0, 0, 0, NULL, err);
    return status == NL_OK ? nl_ledger_suppressed(store, address->key, false, err) : status;
}

enum nl_status nl_suppression_holds(struct nl_store *store, const struct nl_address *address,
                                    bool *holds, struct nl_error *err) {
    int64_t count = 0;
    enum nl_status status = nl_sql_number(store, err, &count, NULL,
                                          "SELECT count(*) FROM suppression WHERE address_key = ?",
                                          NL_VALUES(NL_STRING(address->key)));
    *holds = count > 0;
    return status;
}

enum { PAGE = 1000 };

struct visit {
    enum nl_status (*each)(const char *address, const char *reason, int64_t since, void *ctx,
                           struct nl_error *err);
    void *ctx;
    char *last; /* the address that was told last */
    int64_t count;
};

static enum nl_status visit_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct visit *visit = context;
    char *last = nl_strdup(nl_sql_text(row, 0));
    free(visit->last);
    visit->last = last;
    visit->count++;
    return visit->each(last, nl_sql_text(row, 1), nl_sql_int(row, 2), visit->ctx, err);
}

/* Page by page: an engine may hold all rows of a statement in memory. */
enum nl_status nl_suppression_each(struct nl_store *store, const char *after, int64_t limit,
                                   enum nl_status (*each)(const char *address, const char *reason,
                                                          int64_t since, void *ctx,
                                                          struct nl_error *err),
                                   void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx, NULL, 0};
    enum nl_status status = NL_OK;
    int64_t before = -1;
    while (status == NL_OK && visit.count > before && (limit == 0 || visit.count < limit)) {
        int64_t left = limit > 0 && limit - visit.count < PAGE ? limit - visit.count : PAGE;
        const char *from = visit.last != NULL ? visit.last : after != NULL ? after : "";
        char *start = nl_strdup(from);
        before = visit.count;
        status = nl_sql_each(store, err, visit_row, &visit,
                             "SELECT address_key, reason, since FROM suppression WHERE "
                             "address_key > ? ORDER BY address_key LIMIT ?",
                             NL_VALUES(NL_STRING(start), NL_INT(left)));
        free(start);
    }
    free(visit.last);
    return status;
}
