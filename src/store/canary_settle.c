/* The end of a canary. */
#include "newsletter/db/sql.h"
#include "newsletter/store/canary.h"
#include "newsletter/store/issue_control.h"
#include "store/event.h"
#include "store/making.h"
#include "store/subject_test_row.h"

struct settling {
    int64_t issue;
    const char *facts, *pause;
    bool done;
};

static enum nl_status settle(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct settling *call = ctx;
    struct nl_issue_change change = {0};
    int64_t list = 0;
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE canary SET state = ?1, facts = ?2, look_at = NULL WHERE issue = ?3 AND "
        "state = 'waiting' AND (SELECT i.state FROM issue i WHERE i.id = ?3) = 'sending'",
        NL_VALUES(NL_STRING(call->pause != NULL ? "paused" : "passed"), NL_STRING(call->facts),
                  NL_INT(call->issue)));
    call->done = status == NL_OK && nl_sql_changes(store) > 0;
    if (!call->done)
        return status;
    status = nl_sql_number(store, err, &list, NULL, "SELECT list FROM issue WHERE id = ?",
                           NL_VALUES(NL_INT(call->issue)));
    if (status == NL_OK && call->pause != NULL)
        status =
            nl_issue_control(store, call->issue, NL_ISSUE_PAUSE, call->pause, NULL, &change, err);
    else if (status == NL_OK)
        status = nl_subject_test_begin_again(store, call->issue, err);
    if (status == NL_OK && call->pause == NULL)
        status = nl_making_queue_waiting(store, call->issue, err);
    return status == NL_OK
               ? nl_event_add(store, call->pause != NULL ? "canary-paused" : "canary-passed", list,
                              0, call->issue, call->pause, err)
               : status;
}

enum nl_status nl_canary_settle(struct nl_store *store, int64_t issue, const char *facts,
                                const char *pause, bool *done, struct nl_error *err) {
    struct settling call = {issue, facts, pause, false};
    enum nl_status status = nl_sql_exclusive(store, settle, &call, err);
    *done = status == NL_OK && call.done;
    return status;
}
