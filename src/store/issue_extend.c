#include "newsletter/store/issue.h"

#include "newsletter/base/catalog.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/removal.h"
#include "store/canary_row.h"
#include "store/event.h"
#include "store/fan_out.h"
#include "store/making.h"

static enum nl_status find_list(struct nl_store *store, int64_t issue, int64_t *list,
                                struct nl_error *err) {
    return nl_sql_number(store, err, list, NULL, "SELECT list FROM issue WHERE id = ?",
                         NL_VALUES(NL_INT(issue)));
}

enum nl_status nl_issue_further(struct nl_store *store, int64_t issue,
                                const struct nl_segment *segment, int64_t *people,
                                struct nl_error *err) {
    int64_t list = 0;
    enum nl_status status = nl_removal_check(store, issue, err);
    if (status == NL_OK)
        status = find_list(store, issue, &list, err);
    return status == NL_OK ? nl_further_count(store, list, issue, segment, people, err) : status;
}

struct extension {
    struct nl_making_plan making;
    const struct nl_canary_plan *canary;
    int64_t deliveries;
};

/* The audience is a text that is parsed again: parentheses keep both parts whole. */
static enum nl_status extend(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct extension *call = ctx;
    int64_t issue = call->making.issue;
    enum nl_status status = nl_removal_check(store, issue, err);
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "UPDATE issue SET state = 'sending', pause_note = NULL, ended_at = "
                            "NULL, segment = CASE WHEN ?2 IS NULL THEN NULL WHEN segment = ?2 "
                            "THEN segment ELSE '(' || segment || ') or (' || ?2 || ')' END "
                            "WHERE id = ?1 AND state IN ('sent', 'sending', 'paused')",
                            NL_VALUES(NL_INT(issue), NL_STRING(call->making.segment)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return nl_error_set(err, NL_EXISTS, NL_TEXT("the issue is neither sent nor being sent"));
    if (status == NL_OK)
        status = nl_canary_overrule(store, issue, err);
    if (status == NL_OK)
        status = nl_canary_add_to_rest(store, issue, call->canary, err);
    if (status == NL_OK)
        status = nl_making_begin(store, &call->making, &call->deliveries, err);
    return status == NL_OK
               ? nl_event_add(store, "issue-extended", call->making.list, 0, issue, NULL, err)
               : status;
}

enum nl_status nl_issue_extend(struct nl_store *store, int64_t issue, const char *segment,
                               const struct nl_canary_plan *canary, int64_t *deliveries,
                               struct nl_error *err) {
    const struct nl_canary_plan none = {0};
    struct extension call = {.making = {.issue = issue, .segment = segment, .further = true},
                             .canary = canary != NULL ? canary : &none};
    enum nl_status status = find_list(store, issue, &call.making.list, err);
    if (status == NL_OK)
        status = nl_making_measure(store, call.making.list, &call.making.people, err);
    if (status == NL_OK)
        status = nl_sql_exclusive(store, extend, &call, err);
    *deliveries = call.deliveries;
    return status;
}
