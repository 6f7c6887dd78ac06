#include "newsletter/store/allowance.h"

#include "newsletter/db/sql.h"

enum { A_DAY = 86400 };

struct taking {
    const struct nl_allowance *items;
    size_t count;
    int64_t want, got, until;
};

struct span {
    int64_t ends_at, taken;
};

static enum nl_status read_span(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct span *span = context;
    (void)err;
    span->ends_at = nl_sql_int(row, 0);
    span->taken = nl_sql_int(row, 1);
    return NL_OK;
}

/* The span that is under way, or a new one. One that ends later than it could was begun by a clock
 * that was ahead. */
static enum nl_status find_span(struct nl_store *store, const struct nl_allowance *of,
                                struct span *span, struct nl_error *err) {
    int64_t now = nl_store_now(store);
    int64_t latest = of->end_at != 0 ? of->end_at : now + of->span;
    *span = (struct span){0};
    enum nl_status status = nl_sql_each(store, err, read_span, span,
                                        "SELECT ends_at, taken FROM allowance WHERE name = ?",
                                        NL_VALUES(NL_STRING(of->name)));
    if (span->ends_at <= now || span->ends_at > latest)
        *span = (struct span){.ends_at = latest};
    return status;
}

static enum nl_status write_span(struct nl_store *store, const char *name, const struct span *span,
                                 struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO allowance (name, ends_at, taken) VALUES (?1, ?2, ?3) "
                      "ON CONFLICT (name) DO UPDATE SET ends_at = ?2, taken = ?3",
                      NL_VALUES(NL_STRING(name), NL_INT(span->ends_at), NL_INT(span->taken)));
}

static enum nl_status take(struct nl_store *store, void *context, struct nl_error *err) {
    struct taking *taking = context;
    enum nl_status status = NL_OK;
    taking->got = taking->want;
    taking->until = 0;
    for (size_t i = 0; status == NL_OK && i < taking->count; i++) {
        struct span span;
        status = find_span(store, &taking->items[i], &span, err);
        int64_t left = taking->items[i].limit - span.taken;
        if (left < taking->got)
            taking->got = left > 0 ? left : 0;
        if (left <= 0 && span.ends_at > taking->until)
            taking->until = span.ends_at;
    }
    for (size_t i = 0; status == NL_OK && taking->got > 0 && i < taking->count; i++) {
        struct span span;
        status = find_span(store, &taking->items[i], &span, err);
        span.taken += taking->got;
        if (status == NL_OK)
            status = write_span(store, taking->items[i].name, &span, err);
    }
    return status;
}

enum nl_status nl_allowance_take(struct nl_store *store, const struct nl_allowance *allowances,
                                 size_t count, int64_t want, int64_t *got, int64_t *until,
                                 struct nl_error *err) {
    struct taking taking = {.items = allowances, .count = count, .want = want};
    enum nl_status status = nl_sql_exclusive(store, take, &taking, err);
    *got = status == NL_OK ? taking.got : 0;
    *until = taking.until;
    return status;
}

enum nl_status nl_allowance_return(struct nl_store *store, const struct nl_allowance *allowances,
                                   size_t count, int64_t unused, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status = nl_sql_run(
            store, err,
            "UPDATE allowance SET taken = taken - ?2 WHERE name = ?1 AND "
            "taken >= ?2 AND ends_at > ?3",
            NL_VALUES(NL_STRING(allowances[i].name), NL_INT(unused), NL_INT(nl_store_now(store))));
    return status;
}

enum nl_status nl_allowance_forget(struct nl_store *store, struct nl_error *err) {
    return nl_sql_run(store, err, "DELETE FROM allowance WHERE ends_at < ?",
                      NL_VALUES(NL_INT(nl_store_now(store) - A_DAY)));
}
