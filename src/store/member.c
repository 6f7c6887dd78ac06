#include "newsletter/member.h"

#include "store/segment.h"

static struct nl_member member_of(sqlite3_stmt *statement) {
    struct nl_member member = {.consent_at = sqlite3_column_int64(statement, 0),
                               .confirmed_at = sqlite3_column_int64(statement, 1),
                               .ended_at = sqlite3_column_int64(statement, 2),
                               .created_at = sqlite3_column_int64(statement, 3)};
    const char **texts[] = {&member.address,        &member.name,       &member.language,
                            &member.attributes,     &member.list,       &member.state,
                            &member.consent_source, &member.consent_ip, &member.consent_version};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = (const char *)sqlite3_column_text(statement, 4 + (int)i);
    return member;
}

static enum nl_status bind_filter(struct nl_store *store, sqlite3_stmt *statement,
                                  const struct nl_member_filter *filter, struct nl_error *err) {
    if (sqlite3_bind_int64(statement, 1, filter->list) != SQLITE_OK ||
        sqlite3_bind_text(statement, 2, filter->state, -1, SQLITE_STATIC) != SQLITE_OK)
        return nl_sql_error(store, err);
    return nl_segment_bind(store, statement, 3, filter->segment, err);
}

enum nl_status nl_members_each(struct nl_store *store, const struct nl_member_filter *filter,
                               enum nl_status (*each)(const struct nl_member *member, void *ctx,
                                                      struct nl_error *err),
                               void *ctx, struct nl_error *err) {
    struct nl_buf sql = {0};
    sqlite3_stmt *statement = NULL;
    bool row = false;
    /* Who was erased has no address any more. */
    nl_buf_adds(&sql, "SELECT s.consent_at, s.confirmed_at, s.ended_at, s.created_at, r.address, "
                      "r.name, r.language, r.attributes, l.name, s.state, s.consent_source, "
                      "s.consent_ip, s.consent_version FROM subscription s "
                      "JOIN subscriber r ON r.id = s.subscriber JOIN list l ON l.id = s.list "
                      "WHERE ?1 IN (0, s.list) AND (?2 IS NULL OR s.state = ?2) "
                      "AND r.address_key LIKE '%@%'");
    nl_segment_sql(filter->segment, &sql);
    nl_buf_adds(&sql, " ORDER BY s.id");
    enum nl_status status = nl_segment_prepare(store, &sql, &statement, err);
    if (status == NL_OK)
        status = bind_filter(store, statement, filter, err);
    if (status == NL_OK)
        status = nl_sql_step(store, statement, &row, err);
    while (status == NL_OK && row) {
        const struct nl_member member = member_of(statement);
        status = each(&member, ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    sqlite3_finalize(statement);
    nl_buf_free(&sql);
    return status;
}
