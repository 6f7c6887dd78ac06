#include "newsletter/store/issue_control.h"

#include "newsletter/db/sql.h"
#include "newsletter/store/delivery.h"
#include "store/canary_row.h"
#include "store/event.h"
#include "store/ledger.h"
#include "store/making.h"
#include "store/parts.h"

#include <stdio.h>
#include <string.h>

/* ---- the rules ---- */

static const char *const actions[] = {
    [NL_ISSUE_PAUSE] = "pause",       [NL_ISSUE_RESUME] = "resume",
    [NL_ISSUE_CANCEL] = "cancel",     [NL_ISSUE_WITHDRAW] = "withdraw",
    [NL_ISSUE_OVERRULE] = "overrule",
};

bool nl_issue_action_parse(const char *word, enum nl_issue_action *out) {
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i], word) != 0)
            continue;
        *out = (enum nl_issue_action)i;
        return true;
    }
    return false;
}

enum nl_action_result nl_issue_allows(enum nl_issue_state state, enum nl_issue_action action) {
    static const struct {
        enum nl_issue_state state;
        enum nl_issue_action action;
        enum nl_action_result result;
    } rules[] = {
        {NL_ISSUE_SENDING, NL_ISSUE_PAUSE, NL_ACTION_DONE},
        {NL_ISSUE_PAUSED, NL_ISSUE_PAUSE, NL_ACTION_UNCHANGED},
        {NL_ISSUE_PAUSED, NL_ISSUE_RESUME, NL_ACTION_DONE},
        {NL_ISSUE_SENDING, NL_ISSUE_RESUME, NL_ACTION_UNCHANGED},
        {NL_ISSUE_SENDING, NL_ISSUE_CANCEL, NL_ACTION_DONE},
        {NL_ISSUE_PAUSED, NL_ISSUE_CANCEL, NL_ACTION_DONE},
        {NL_ISSUE_SCHEDULED, NL_ISSUE_CANCEL, NL_ACTION_WITHDRAWN},
        {NL_ISSUE_CANCELLED, NL_ISSUE_CANCEL, NL_ACTION_UNCHANGED},
        {NL_ISSUE_SCHEDULED, NL_ISSUE_WITHDRAW, NL_ACTION_WITHDRAWN},
        {NL_ISSUE_SENDING, NL_ISSUE_OVERRULE, NL_ACTION_DONE},
        {NL_ISSUE_PAUSED, NL_ISSUE_OVERRULE, NL_ACTION_DONE},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].state == state && rules[i].action == action)
            return rules[i].result;
    return NL_ACTION_REFUSED;
}

/* ---- changing ---- */

enum nl_status nl_issue_free_reservations(struct nl_store *store, struct nl_error *err) {
    return nl_sql_run(store, err,
                      "DELETE FROM throttle WHERE name LIKE 'domain %' AND NOT EXISTS "
                      "(SELECT 1 FROM issue WHERE state = 'sending')",
                      NL_NO_VALUES);
}

static enum nl_status set_state(struct nl_store *store, int64_t issue, enum nl_issue_state state,
                                const char *note, struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err, "UPDATE issue SET state = ?, pause_note = ? WHERE id = ?",
        NL_VALUES(NL_STRING(nl_issue_state_text(state)), NL_STRING(note), NL_INT(issue)));
    return status == NL_OK ? nl_issue_free_reservations(store, err) : status;
}

/* Deliveries that no run has leased, of an issue that is cancelled. One state at a time, each by
 * its index. */
#define SKIP(state)                                                                                \
    "UPDATE delivery" NL_OF_ISSUE " SET state = 'skipped', updated_at = ?1, "                      \
    "reply_text = 'the issue was cancelled' WHERE state = '" state "' AND id IN "                  \
    "(SELECT id FROM delivery" NL_OF_ISSUE " WHERE issue = ?2 AND state = '" state "' AND "        \
    "(SELECT state FROM issue WHERE id = ?2) = 'cancelled' LIMIT ?3)"

static enum nl_status skip_part(struct nl_store *store, void *context, int64_t *changed,
                                struct nl_error *err) {
    const int64_t *issue = context;
    const struct nl_value *values =
        NL_VALUES(NL_OF(*issue), NL_INT(nl_store_now(store)), NL_INT(*issue), NL_INT(NL_PART));
    *changed = 0;
    enum nl_status status = nl_sql_run(store, err, SKIP("queued"), values);
    *changed = status == NL_OK ? nl_sql_changes(store) : 0;
    if (status != NL_OK || *changed > 0)
        return status;
    status = nl_sql_run(store, err, SKIP("deferred"), values);
    *changed = status == NL_OK ? nl_sql_changes(store) : 0;
    return status;
}

/* The people of parts that were never made are read, not skipped: they have no delivery. */
static enum nl_status skip_cancelled(struct nl_store *store, int64_t issue, int64_t *skipped,
                                     struct nl_error *err) {
    int64_t left = 0;
    enum nl_status status = nl_making_left(store, issue, &left, err);
    if (status == NL_OK)
        status = nl_in_parts(store, skip_part, &issue, skipped, err);
    if (status == NL_OK)
        status = nl_making_end(store, issue, err);
    *skipped += left;
    return status;
}

/* A run that was killed has left leases, which end with the issue. One that is still alive ends
 * them itself. */
static enum nl_status release_leases(struct nl_store *store, int64_t issue, struct nl_error *err) {
    int64_t holder = 0;
    int64_t unknown = 0;
    struct nl_error busy = {0};
    enum nl_status status = nl_store_lock(store, issue, &holder, &busy);
    if (status == NL_OK) {
        status = nl_delivery_recover(store, issue, &unknown, err);
        nl_store_unlock(store, issue);
    } else if (status == NL_BUSY) {
        status = NL_OK;
    } else {
        status = nl_error_take(err, status, &busy);
    }
    nl_error_free(&busy);
    return status;
}

/* By their totals: deliveries of all issues are in many places on a server. */
enum nl_status nl_issue_skip_cancelled(struct nl_store *store, struct nl_error *err) {
    struct nl_buf ids = {0};
    int64_t skipped = 0;
    enum nl_status status = nl_sql_each(
        store, err, nl_sql_add_id, &ids,
        "SELECT i.id FROM issue i WHERE i.state = 'cancelled' AND "
        "(EXISTS (SELECT 1 FROM making m WHERE m.issue = i.id) OR "
        "EXISTS (SELECT 1 FROM issue_total t WHERE t.issue = i.id GROUP BY t.issue HAVING "
        "sum(t.waiting) + sum(t.deferred) > 0))",
        NL_NO_VALUES);
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(&ids); i++) {
        status = release_leases(store, nl_ids_at(&ids, i), err);
        if (status == NL_OK)
            status = skip_cancelled(store, nl_ids_at(&ids, i), &skipped, err);
    }
    nl_buf_free(&ids);
    return status;
}

/* A part that is being made when the issue is cancelled is waited for: its deliveries are skipped
 * like the others. */
static enum nl_status cancel(struct nl_store *store, int64_t issue, struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err, "UPDATE issue SET ended_at = coalesce(ended_at, ?) WHERE id = ?",
                   NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(issue)));
    if (status == NL_OK)
        status = set_state(store, issue, NL_ISSUE_CANCELLED, NULL, err);
    return status == NL_OK ? nl_making_hold(store, issue, err) : status;
}

static enum nl_status resume(struct nl_store *store, int64_t issue, struct nl_error *err) {
    enum nl_status status = nl_canary_overrule(store, issue, err);
    return status == NL_OK ? set_state(store, issue, NL_ISSUE_SENDING, NULL, err) : status;
}

/* Somebody has seen what the canary has found so far, or will not wait for it. */
static enum nl_status overrule(struct nl_store *store, int64_t issue, struct nl_issue_change *out,
                               struct nl_error *err) {
    bool waited = false;
    int64_t list = 0;
    enum nl_status status = nl_canary_go_on(store, issue, &waited, err);
    if (status == NL_OK && !waited)
        out->result = NL_ACTION_REFUSED;
    if (status != NL_OK || !waited)
        return status;
    status = set_state(store, issue, NL_ISSUE_SENDING, NULL, err);
    if (status == NL_OK)
        status = nl_making_queue_waiting(store, issue, err);
    if (status == NL_OK)
        status = nl_sql_number(store, err, &list, NULL, "SELECT list FROM issue WHERE id = ?",
                               NL_VALUES(NL_INT(issue)));
    return status == NL_OK
               ? nl_event_add(store, "canary-passed", list, 0, issue, "overruled by hand", err)
               : status;
}

/* A scheduled issue has no deliveries yet. */
static enum nl_status withdraw(struct nl_store *store, int64_t issue, struct nl_error *err) {
    static const char *const steps[] = {
        "DELETE FROM recording WHERE issue = ?",    "DELETE FROM edition WHERE issue = ?",
        "DELETE FROM subject_test WHERE issue = ?", "DELETE FROM canary WHERE issue = ?",
        "DELETE FROM issue_text WHERE rowid = ?",   "DELETE FROM issue WHERE id = ?",
    };
    int64_t list = 0;
    enum nl_status status = nl_sql_number(
        store, err, &list, NULL, "SELECT list FROM issue WHERE id = ?", NL_VALUES(NL_INT(issue)));
    for (size_t i = 0; status == NL_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = nl_sql_run(store, err, steps[i], NL_VALUES(NL_INT(issue)));
    return status == NL_OK ? nl_ledger_issue(store, issue, list, err) : status;
}

struct call {
    int64_t issue;
    enum nl_issue_action action;
    const char *note;
    const struct nl_actor *by;
    struct nl_issue_change *out;
};

static enum nl_status change(struct nl_store *store, const struct call *call,
                             struct nl_error *err) {
    if (call->out->result == NL_ACTION_WITHDRAWN)
        return withdraw(store, call->issue, err);
    if (call->out->result != NL_ACTION_DONE)
        return NL_OK;
    switch (call->action) {
    case NL_ISSUE_PAUSE:
        return set_state(store, call->issue, NL_ISSUE_PAUSED, call->note, err);
    case NL_ISSUE_RESUME:
        return resume(store, call->issue, err);
    case NL_ISSUE_OVERRULE:
        return overrule(store, call->issue, call->out, err);
    default:
        return cancel(store, call->issue, err);
    }
}

static enum nl_status note_action(struct nl_store *store, const struct call *call,
                                  struct nl_error *err) {
    char action[24];
    char object[32];
    enum nl_action_result result = call->out->result;
    if (call->by == NULL || (result != NL_ACTION_DONE && result != NL_ACTION_WITHDRAWN))
        return NL_OK;
    snprintf(action, sizeof action, "issue %s", actions[call->action]);
    snprintf(object, sizeof object, "issue %lld", (long long)call->issue);
    return nl_audit_note(store, call->by, action, object, NULL, err);
}

static enum nl_status control(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct call *call = ctx;
    char state[16];
    bool found = false;
    enum nl_status status = nl_sql_first(
        store, err, &found, "SELECT state FROM issue WHERE id = ? /*+ FOR UPDATE */",
        NL_VALUES(NL_INT(call->issue)), NL_COLUMNS(NL_INTO_FIXED(state, sizeof state)));
    call->out->result = NL_ACTION_UNKNOWN;
    if (status != NL_OK || !found || !nl_issue_state_parse(state, &call->out->found))
        return status;
    call->out->result = nl_issue_allows(call->out->found, call->action);
    status = change(store, call, err);
    return status == NL_OK ? note_action(store, call, err) : status;
}

enum nl_status nl_issue_control(struct nl_store *store, int64_t issue, enum nl_issue_action action,
                                const char *note, const struct nl_actor *by,
                                struct nl_issue_change *out, struct nl_error *err) {
    struct call call = {issue, action, note, by, out};
    *out = (struct nl_issue_change){0};
    enum nl_status status = nl_sql_exclusive(store, control, &call, err);
    if (status == NL_OK && action == NL_ISSUE_CANCEL && out->result == NL_ACTION_DONE)
        status = skip_cancelled(store, issue, &out->skipped, err);
    return status;
}

static enum nl_status note_sending(const struct nl_sql_row *row, void *context,
                                   struct nl_error *err) {
    (void)row;
    (void)err;
    *(bool *)context = true;
    return NL_OK;
}

enum nl_status nl_issue_is_sending(struct nl_store *store, int64_t issue, bool *sending,
                                   struct nl_error *err) {
    *sending = false;
    return nl_sql_later(
        store, err, note_sending, sending,
        "SELECT 1 FROM issue WHERE id = ? AND (state = 'sending' OR state = 'sent')",
        NL_VALUES(NL_INT(issue)));
}

/* On a server each connection has kept figures of its own. */
static enum nl_status fold_figures(struct nl_store *store, int64_t issue, struct nl_error *err) {
    bool any = false;
    return nl_sql_exists(store, err, &any,
                         "SELECT 1 FROM issue WHERE id = ? /*+ AND fold_issue(id) = 0 */",
                         NL_VALUES(NL_INT(issue)));
}

enum nl_status nl_issue_finish(struct nl_store *store, int64_t issue, bool *finished,
                               struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE issue SET state = 'sent', pause_note = NULL, ended_at = ?1 "
                   "WHERE id = ?2 AND state = 'sending' AND "
                   "NOT EXISTS (SELECT 1 FROM making WHERE issue = ?2) AND "
                   "NOT EXISTS (SELECT 1 FROM canary WHERE issue = ?2 AND state = 'waiting') AND "
                   "NOT EXISTS (SELECT 1 FROM delivery" NL_OF_ISSUE
                   " WHERE issue = ?2 AND state = 'queued') AND "
                   "NOT EXISTS (SELECT 1 FROM delivery" NL_OF_ISSUE
                   " WHERE issue = ?2 AND state = 'leased') AND "
                   "NOT EXISTS (SELECT 1 FROM delivery" NL_OF_ISSUE
                   " WHERE issue = ?2 AND state = 'deferred')",
                   NL_VALUES(NL_OF(issue), NL_INT(nl_store_now(store)), NL_INT(issue)));
    *finished = status == NL_OK && nl_sql_changes(store) > 0;
    if (*finished)
        status = fold_figures(store, issue, err);
    if (*finished && status == NL_OK)
        status = nl_event_add_all(store,
                                  "INSERT INTO event (at, kind, list, issue) SELECT ?1, "
                                  "'issue-finished', list, id FROM issue WHERE id = ?2 RETURNING "
                                  "id",
                                  NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(issue)), err);
    int64_t skipped = 0;
    bool cancelled = false;
    if (status == NL_OK && !*finished)
        status = nl_sql_exists(store, err, &cancelled,
                               "SELECT 1 FROM issue WHERE id = ? AND state = 'cancelled'",
                               NL_VALUES(NL_INT(issue)));
    return cancelled ? skip_cancelled(store, issue, &skipped, err) : status;
}
