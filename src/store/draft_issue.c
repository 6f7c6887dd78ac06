#include "newsletter/store/draft_issue.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/zone.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/approval.h"
#include "store/issue_insert.h"
#include "store/ledger.h"

#include <stdio.h>
#include <string.h>

/* The draft's row is written first: nobody saves to it before this transaction ends. */
static enum nl_status take_draft(struct nl_store *store, const struct nl_draft_issue *request,
                                 struct nl_error *err) {
    struct nl_draft_seal present;
    enum nl_status status =
        nl_sql_run(store, err, "UPDATE draft SET issue = issue WHERE id = ? AND issue IS NULL",
                   NL_VALUES(NL_INT(request->draft)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return nl_error_set(err, NL_EXISTS,
                            NL_TEXT("somebody else has sent or removed this draft"));
    if (status == NL_OK)
        status = nl_draft_seal(store, request->draft, &present, err);
    return status == NL_OK && strcmp(present.text, request->seal->text) != 0
               ? nl_error_set(err, NL_EXISTS,
                              NL_TEXT("the issue has changed since you looked at it: look again"))
               : status;
}

static enum nl_status note(struct nl_store *store, const struct nl_draft_issue *request,
                           struct nl_error *err) {
    char object[32];
    char when[NL_ZONE_TEXT_LEN];
    struct nl_buf detail = {0};
    snprintf(object, sizeof object, "draft %lld", (long long)request->draft);
    nl_zone_text(request->issue->scheduled_at, "UTC", when);
    nl_buf_addf(&detail, "issue %lld, %s", (long long)request->issue->id, when);
    enum nl_status status =
        nl_audit_note(store, request->by, "draft send", object, nl_buf_text(&detail), err);
    nl_buf_free(&detail);
    return status;
}

/* Compared with the same seal, in the same transaction: the version that was approved is the one
 * that goes out. */
static enum nl_status check_approval(struct nl_store *store, const struct nl_draft_issue *request,
                                     struct nl_error *err) {
    bool holds = request->approvals == 0;
    enum nl_status status = holds ? NL_OK
                                  : nl_approval_holds(store, request->draft, request->seal,
                                                      request->approvals, &holds, err);
    return status == NL_OK && !holds
               ? nl_error_set(err, NL_DATA,
                              NL_TEXT("this version is not approved yet: ask for it first"))
               : status;
}

/* This account is told when it is done, or stuck. */
static enum nl_status keep_sender(struct nl_store *store, const struct nl_draft_issue *request,
                                  struct nl_error *err) {
    return nl_sql_run(store, err, "INSERT INTO issue_sender (issue, account) VALUES (?, ?)",
                      NL_VALUES(NL_INT(request->issue->id), NL_STRING(request->by->name)));
}

/* The ledger joins the issue to the approval of what it was made of. */
static enum nl_status tell_approved(struct nl_store *store, const struct nl_draft_issue *request,
                                    struct nl_error *err) {
    struct nl_approval last = {0};
    enum nl_status status = nl_approval_read(store, request->draft, &last, err);
    const struct nl_ledger_step step = {
        .name = "issue", .question = last.id, .issue = request->issue->id, .by = request->by->name};
    if (status == NL_OK && last.state == NL_APPROVAL_APPROVED &&
        strcmp(last.seal, request->seal->text) == 0)
        status = nl_ledger_approval(store, &step, err);
    nl_approval_free(&last);
    return status;
}

static enum nl_status make(struct nl_store *store, void *context, struct nl_error *err) {
    const struct nl_draft_issue *request = context;
    enum nl_status status = take_draft(store, request, err);
    if (status == NL_OK)
        status = check_approval(store, request, err);
    if (status == NL_OK)
        status = nl_issue_insert_scheduled(store, request->issue, err);
    if (status == NL_OK)
        status = nl_draft_set_issue(store, request->draft, request->issue->id, err);
    if (status == NL_OK)
        status = tell_approved(store, request, err);
    if (status == NL_OK)
        status = keep_sender(store, request, err);
    return status == NL_OK ? note(store, request, err) : status;
}

enum nl_status nl_draft_make_issue(struct nl_store *store, const struct nl_draft_issue *request,
                                   struct nl_error *err) {
    struct nl_draft_issue copy = *request;
    return nl_sql_exclusive(store, make, &copy, err);
}
