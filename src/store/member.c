#include "newsletter/store/member.h"

#include "store/segment_sql.h"

enum { PAGE = 10000, ID = 13 /* the column */ };

static struct nl_member member_of(struct nl_statement *statement) {
    struct nl_member member = {.consent_at = nl_sql_int64(statement, 0),
                               .confirmed_at = nl_sql_int64(statement, 1),
                               .ended_at = nl_sql_int64(statement, 2),
                               .created_at = nl_sql_int64(statement, 3)};
    const char **texts[] = {&member.address,        &member.name,       &member.language,
                            &member.attributes,     &member.list,       &member.state,
                            &member.consent_source, &member.consent_ip, &member.consent_version};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = nl_sql_borrow(statement, 4 + (int)i);
    return member;
}

/* Who was erased has no address any more. */
static void ask(const struct nl_store *store, const struct nl_member_filter *filter, int64_t after,
                struct nl_query *query) {
    nl_query_number(query, filter->list);
    nl_query_text(query, filter->state);
    nl_query_number(query, after);
    nl_query_number(query, PAGE);
    nl_buf_adds(&query->sql,
                "SELECT s.consent_at, s.confirmed_at, s.ended_at, s.created_at, r.address, "
                "r.name, r.language, r.attributes, l.name, s.state, s.consent_source, "
                "s.consent_ip, s.consent_version, s.id FROM subscription s "
                "JOIN subscriber r ON r.id = s.subscriber JOIN list l ON l.id = s.list "
                "WHERE ?1 IN (0, s.list) AND (?2 IS NULL OR s.state = ?2) "
                "AND r.address_key LIKE '%@%' AND s.id > ?3 AND ?4 > 0");
    nl_segment_add(store, filter->segment, query);
    nl_buf_adds(&query->sql, " ORDER BY s.id LIMIT ?4");
}

struct visit {
    enum nl_status (*each)(const struct nl_member *member, void *ctx, struct nl_error *err);
    void *ctx;
    int64_t last; /* the subscription that was told last */
    int count;    /* on this page */
};

static enum nl_status visit_page(struct nl_store *store, const struct nl_member_filter *filter,
                                 struct visit *visit, struct nl_error *err) {
    struct nl_query query = {0};
    bool row = false;
    ask(store, filter, visit->last, &query);
    struct nl_statement *statement = nl_sql_query(store, &query, err);
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    for (visit->count = 0; status == NL_OK && row; visit->count++) {
        const struct nl_member member = member_of(statement);
        visit->last = nl_sql_int64(statement, ID);
        status = visit->each(&member, visit->ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_end(statement);
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
