#include "newsletter/db/sql.h"
#include "newsletter/store/ledger.h"

struct visit {
    enum nl_status (*record)(const struct nl_ledger_record *record, void *ctx,
                             struct nl_error *err);
    void *ctx;
    int64_t last;
};

static enum nl_status visit_record(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    struct visit *visit = ctx;
    struct nl_ledger_record record = {.id = nl_sql_int(row, 0), .stream = nl_sql_int(row, 1)};
    record.body = nl_sql_bytes(row, 2, &record.len);
    record.chain = nl_sql_bytes(row, 3, &record.chain_len);
    visit->last = record.id;
    return visit->record(&record, visit->ctx, err);
}

/* Page by page: a server would send all of years at once. */
enum nl_status nl_ledger_each(struct nl_store *store, int64_t after, int64_t last,
                              enum nl_status (*each)(const struct nl_ledger_record *record,
                                                     void *ctx, struct nl_error *err),
                              void *ctx, struct nl_error *err) {
    enum { PAGE = 5000 };
    struct visit visit = {.record = each, .ctx = ctx, .last = after};
    enum nl_status status = NL_OK;
    do {
        after = visit.last;
        status = nl_sql_each(store, err, visit_record, &visit,
                             "SELECT id, stream, body, chain FROM ledger WHERE id > ? AND id <= ? "
                             "ORDER BY id LIMIT ?",
                             NL_VALUES(NL_INT(after), NL_INT(last), NL_INT(PAGE)));
    } while (status == NL_OK && visit.last != after);
    return status;
}
