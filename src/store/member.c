#include "newsletter/store/member.h"

#include "newsletter/store/segment_index.h"
#include "store/segment_sql.h"

enum { PAGE = 10000, ID = 13 /* the column */ };

static enum nl_status read_member(const struct nl_sql_row *row, struct nl_member *out,
                                  struct nl_error *err) {
    const char *state = NULL;
    enum nl_status status = nl_sql_read(
        row,
        NL_COLUMNS(NL_INTO(&out->consent_at), NL_INTO(&out->confirmed_at), NL_INTO(&out->ended_at),
                   NL_INTO(&out->created_at), NL_INTO(&out->address), NL_INTO(&out->name),
                   NL_INTO(&out->language), NL_INTO(&out->attributes), NL_INTO(&out->list),
                   NL_INTO(&state), NL_INTO(&out->consent_source), NL_INTO(&out->consent_ip),
                   NL_INTO(&out->consent_version)),
        err);
    if (status == NL_OK && !nl_subscription_state_parse(state, &out->state))
        status = nl_error_set(err, NL_INTERNAL, "'%s' is not a state of a subscription", state);
    return status;
}

/* Erased people have no address any more. An index may lead to the people of the first page, which
 * most segments do not fill: for each page, it would lead to all of them again. */
static void ask(struct nl_store *store, const struct nl_member_filter *filter, int64_t after,
                struct nl_query *query) {
    bool found = after == 0 && nl_segment_is_found(store, filter->segment);
    nl_query_add(query, NL_VALUES(NL_INT(filter->list),
                                  NL_STRING(nl_subscription_state_text(filter->state)),
                                  NL_INT(after), NL_INT(PAGE)));
    nl_buf_adds(&query->sql,
                "SELECT s.consent_at, s.confirmed_at, s.ended_at, s.created_at, r.address, "
                "r.name, r.language, r.attributes, l.name, s.state, s.consent_source, "
                "s.consent_ip, s.consent_version, s.id FROM ");
    nl_buf_adds(&query->sql,
                found ? "subscriber r CROSS JOIN subscription s JOIN list l ON l.id = s.list WHERE "
                        "s.subscriber = r.id AND "
                      : "subscription s JOIN subscriber r ON r.id = s.subscriber JOIN list l ON "
                        "l.id = s.list WHERE ");
    nl_buf_adds(&query->sql, "?1 IN (0, s.list) AND (?2 IS NULL OR s.state = ?2) AND "
                             "r.address_key LIKE '%@%' AND s.id > ?3 AND ?4 > 0");
    nl_segment_add(store, filter->segment, found, query);
    nl_buf_adds(&query->sql, " ORDER BY s.id LIMIT ?4");
}

struct visit {
    enum nl_status (*each)(const struct nl_member *member, void *ctx, struct nl_error *err);
    void *ctx;
    int64_t last; /* the subscription that was told last */
    int count;    /* on this page */
};

static enum nl_status visit_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct visit *visit = context;
    struct nl_member member = {0};
    enum nl_status status = read_member(row, &member, err);
    visit->count++;
    visit->last = nl_sql_int(row, ID);
    return status == NL_OK ? visit->each(&member, visit->ctx, err) : status;
}

static enum nl_status visit_page(struct nl_store *store, const struct nl_member_filter *filter,
                                 struct visit *visit, struct nl_error *err) {
    struct nl_query query = {0};
    ask(store, filter, visit->last, &query);
    visit->count = 0;
    enum nl_status status = nl_query_each(store, err, visit_row, visit, &query);
    nl_query_free(&query);
    return status;
}

/* Page by page: an engine may hold all rows of a statement in memory. */
enum nl_status nl_members_each(struct nl_store *store, const struct nl_member_filter *filter,
                               enum nl_status (*each)(const struct nl_member *member, void *ctx,
                                                      struct nl_error *err),
                               void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx, 0, PAGE};
    enum nl_status status = NL_OK;
    while (status == NL_OK && visit.count == PAGE)
        status = visit_page(store, filter, &visit, err);
    return status;
}
