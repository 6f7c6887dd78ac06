#include "newsletter/store/issue.h"

#include "newsletter/db/sql.h"

static struct nl_issue_summary summary_of(struct nl_statement *statement) {
    struct nl_issue_summary summary = {.id = nl_sql_int64(statement, 0),
                                       .list = nl_sql_int64(statement, 1),
                                       .created_at = nl_sql_int64(statement, 2),
                                       .ended_at = nl_sql_int64(statement, 3),
                                       .scheduled_at = nl_sql_int64(statement, 16)};
    const char **texts[] = {&summary.list_name, &summary.slug,      &summary.series,
                            &summary.number,    &summary.title,     &summary.subject,
                            &summary.category,  &summary.posted_by, &summary.date,
                            &summary.language,  &summary.state,     &summary.pause_note};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = nl_sql_borrow(statement, 4 + (int)i);
    return summary;
}

enum nl_status nl_issue_summaries(struct nl_store *store, const struct nl_issue_filter *filter,
                                  enum nl_status (*each)(const struct nl_issue_summary *issue,
                                                         void *ctx, struct nl_error *err),
                                  void *ctx, struct nl_error *err) {
    bool row = false;
    struct nl_statement *statement = nl_sql(
        store, err,
        "SELECT i.id, i.list, i.created_at, i.ended_at, l.name, i.slug, i.series, i.number, "
        "i.title, i.subject, i.category, i.posted_by, i.date, i.language, i.state, i.pause_note, "
        "i.scheduled_at "
        "FROM issue i JOIN list l ON l.id = i.list WHERE ?1 IN (0, i.id) "
        "AND (?2 IS NULL OR l.name = ?2) AND (?3 IS NULL OR i.state = ?3) "
        "AND (?4 = 0 OR i.id < ?4) ORDER BY i.id DESC LIMIT ?5",
        "issii", filter->id, filter->list, filter->state, filter->before,
        nl_sql_limit(filter->limit));
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    while (status == NL_OK && row) {
        const struct nl_issue_summary summary = summary_of(statement);
        status = each(&summary, ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}
