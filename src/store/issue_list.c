#include "newsletter/store/issue.h"

#include "newsletter/db/sql.h"

struct visit {
    enum nl_status (*each)(const struct nl_issue_summary *issue, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct visit *visit = context;
    struct nl_issue_summary issue = {0};
    char state[16];
    enum nl_status status = nl_sql_read(
        row,
        NL_COLUMNS(NL_INTO(&issue.id), NL_INTO(&issue.list), NL_INTO(&issue.created_at),
                   NL_INTO(&issue.ended_at), NL_INTO(&issue.list_name), NL_INTO(&issue.slug),
                   NL_INTO(&issue.series), NL_INTO(&issue.number), NL_INTO(&issue.title),
                   NL_INTO(&issue.subject), NL_INTO(&issue.category), NL_INTO(&issue.posted_by),
                   NL_INTO(&issue.date), NL_INTO(&issue.language),
                   NL_INTO_FIXED(state, sizeof state), NL_INTO(&issue.pause_note),
                   NL_INTO(&issue.scheduled_at)),
        err);
    nl_issue_state_parse(state, &issue.state);
    return status == NL_OK ? visit->each(&issue, visit->ctx, err) : status;
}

enum nl_status nl_issue_summaries(struct nl_store *store, const struct nl_issue_filter *filter,
                                  enum nl_status (*each)(const struct nl_issue_summary *issue,
                                                         void *ctx, struct nl_error *err),
                                  void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return nl_sql_each(
        store, err, visit_row, &visit,
        "SELECT i.id, i.list, i.created_at, i.ended_at, l.name, i.slug, i.series, i.number, "
        "i.title, i.subject, i.category, i.posted_by, i.date, i.language, i.state, i.pause_note, "
        "i.scheduled_at "
        "FROM issue i JOIN list l ON l.id = i.list WHERE ?1 IN (0, i.id) "
        "AND (?2 IS NULL OR l.name = ?2) AND (?3 IS NULL OR i.state = ?3) "
        "AND (?4 = 0 OR i.id < ?4) ORDER BY i.id DESC LIMIT ?5",
        NL_VALUES(NL_INT(filter->id), NL_STRING(filter->list),
                  NL_STRING(nl_issue_state_text(filter->state)), NL_INT(filter->before),
                  NL_INT(nl_sql_limit(filter->limit))));
}
