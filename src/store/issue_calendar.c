#include "newsletter/store/issue_calendar.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/zone.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/approval.h"
#include "newsletter/store/draft.h"
#include "newsletter/store/draft_issue.h"

#include <stdio.h>

struct visit {
    enum nl_status (*each)(const struct nl_planned_issue *, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct visit *visit = context;
    struct nl_planned_issue issue = {0};
    char state[16];
    enum nl_status status =
        nl_sql_read(row,
                    NL_COLUMNS(NL_INTO(&issue.id), NL_INTO(&issue.list_name), NL_INTO(&issue.title),
                               NL_INTO_FIXED(state, sizeof state), NL_INTO(&issue.at),
                               NL_INTO(&issue.local_time)),
                    err);
    nl_issue_state_parse(state, &issue.state);
    return status == NL_OK ? visit->each(&issue, visit->ctx, err) : status;
}

/* A scheduled issue has the moment of its making in created_at, until it begins. */
enum nl_status nl_issue_planned(struct nl_store *store, int64_t from, int64_t to,
                                enum nl_status (*each)(const struct nl_planned_issue *, void *ctx,
                                                       struct nl_error *err),
                                void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return nl_sql_each(
        store, err, visit_row, &visit,
        "SELECT id, name, title, state, at, local_time FROM (SELECT i.id, l.name, i.title, "
        "i.state, CASE i.state WHEN 'scheduled' THEN i.scheduled_at ELSE i.created_at END AS at, "
        "i.local_time FROM issue i JOIN list l ON l.id = i.list) AS told "
        "WHERE at >= ? AND at < ? ORDER BY at, id LIMIT 1000",
        NL_VALUES(NL_INT(from), NL_INT(to)));
}

/* The version that was approved is the one that goes out, whenever that is. */
static enum nl_status check_approval(struct nl_store *store, const struct nl_issue_move *move,
                                     struct nl_error *err) {
    struct nl_draft_seal seal;
    int64_t draft = 0;
    bool holds = true;
    enum nl_status status =
        move->approvals > 0 ? nl_draft_of_issue(store, move->issue, &draft, err) : NL_OK;
    if (status == NL_OK && draft != 0)
        status = nl_draft_seal(store, draft, &seal, err);
    if (status == NL_OK && draft != 0)
        status = nl_approval_holds(store, draft, &seal, move->approvals, &holds, err);
    return status == NL_OK && !holds
               ? nl_error_set(err, NL_DATA,
                              NL_TEXT("this version is not approved: ask for it first"))
               : status;
}

static enum nl_status note(struct nl_store *store, const struct nl_issue_move *move,
                           struct nl_error *err) {
    char object[32];
    char from[NL_ZONE_TEXT_LEN];
    char to[NL_ZONE_TEXT_LEN];
    char detail[3 * NL_ZONE_TEXT_LEN];
    snprintf(object, sizeof object, "issue %lld", (long long)move->issue);
    nl_zone_text(move->from, "UTC", from);
    nl_zone_text(move->at, "UTC", to);
    snprintf(detail, sizeof detail, "from %s to %s", from, to);
    return nl_audit_note(store, move->by, "issue move", object, detail, err);
}

static enum nl_status reschedule(struct nl_store *store, void *context, struct nl_error *err) {
    const struct nl_issue_move *move = context;
    enum nl_status status = check_approval(store, move, err);
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "UPDATE issue SET scheduled_at = ?2, local_time = ?3 WHERE id = ?1 AND "
                            "state = 'scheduled' AND scheduled_at = ?4",
                            NL_VALUES(NL_INT(move->issue), NL_INT(move->at),
                                      NL_STRING(move->local_time), NL_INT(move->from)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return nl_error_set(err, NL_EXISTS,
                            NL_TEXT("the issue is not planned for that time any more: look again"));
    return status == NL_OK ? note(store, move, err) : status;
}

enum nl_status nl_issue_reschedule(struct nl_store *store, const struct nl_issue_move *move,
                                   struct nl_error *err) {
    struct nl_issue_move copy = *move;
    return nl_sql_exclusive(store, reschedule, &copy, err);
}
