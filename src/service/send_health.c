#include "service/send_health.h"

#include "newsletter/base/kept_error.h"
#include "newsletter/doctor/doctor.h"
#include "newsletter/store/approval.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/statistics.h"

#include <string.h>

enum { HOUR = 3600 };

void nl_plan_hold(const struct nl_draft_plan *plan, const char *kind, json_t *facts) {
    json_array_append_new(plan->holds, json_pack("{s:o}", kind, facts));
}

/* ---- the relay and the installation ---- */

static enum nl_status add_reply(int64_t code, const char *text, int64_t count, void *ctx,
                                struct nl_error *err) {
    const struct nl_draft_plan *plan = ctx;
    json_t *facts = json_pack("{s:s, s:I}", "text", text, "messages", (json_int_t)count);
    (void)err;
    json_object_set_new(facts, "code", code > 0 ? json_integer((json_int_t)code) : json_null());
    nl_plan_hold(plan, "replies", facts);
    return NL_OK;
}

static enum nl_status add_replies(const struct nl_office *office, const struct nl_draft_plan *plan,
                                  struct nl_error *err) {
    return nl_statistics_deferrals(office->store, nl_store_now(office->store) - HOUR, add_reply,
                                   (void *)plan, err);
}

static enum nl_status add_findings(const struct nl_office *office, const struct nl_draft_plan *plan,
                                   struct nl_error *err) {
    struct nl_findings findings = {0};
    enum nl_status status = nl_doctor_before_sending(office->store, office->config,
                                                     &plan->composed.list, &findings, err);
    for (size_t i = 0; i < findings.count; i++) {
        const struct nl_finding *one = &findings.items[i];
        if (one->level == NL_LEVEL_ERROR || one->level == NL_LEVEL_WARNING)
            nl_plan_hold(plan, "doctor",
                         json_pack("{s:b, s:s, s:o?}", "error", one->level == NL_LEVEL_ERROR,
                                   "text", one->text, NL_FINDING_PARTS, nl_error_keep(&one->said)));
    }
    nl_findings_free(&findings);
    return status;
}

/* ---- the issue ---- */

static void add_embargo(const struct nl_office *office, const struct nl_draft_plan *plan) {
    int64_t until = plan->composed.whole ? plan->composed.bulletin.issue.public_from : 0;
    int64_t at = plan->at != 0 ? plan->at : nl_store_now(office->store);
    if (until > at)
        nl_plan_hold(plan, "embargo", json_pack("{s:I}", "until", (json_int_t)until));
}

static enum nl_status add_approval(const struct nl_office *office, int64_t draft,
                                   const struct nl_draft_plan *plan, struct nl_error *err) {
    int64_t needed = nl_config_approvals(office->config, plan->composed.list.name);
    struct nl_approval approval = {0};
    if (needed == 0)
        return NL_OK;
    enum nl_status status = nl_approval_read(office->store, draft, &approval, err);
    bool holds = approval.seal != NULL && strcmp(approval.seal, plan->seal.text) == 0;
    bool counts =
        holds && (approval.state == NL_APPROVAL_OPEN || approval.state == NL_APPROVAL_APPROVED);
    int64_t given = counts ? approval.given : 0;
    if (status == NL_OK && given < needed)
        nl_plan_hold(plan, "approval",
                     json_pack("{s:I, s:I, s:b}", "given", (json_int_t)given, "needed",
                               (json_int_t)needed, "asked", counts));
    nl_approval_free(&approval);
    return status;
}

static enum nl_status add_left_out(const struct nl_office *office, const struct nl_segment *segment,
                                   const struct nl_draft_plan *plan, struct nl_error *err) {
    int64_t suppressed = 0;
    int64_t unconfirmed = 0;
    enum nl_status status = nl_issue_left_out(office->store, plan->composed.list.id, segment,
                                              &suppressed, &unconfirmed, err);
    if (suppressed > 0)
        nl_plan_hold(plan, "suppressed", json_pack("{s:I}", "people", (json_int_t)suppressed));
    if (unconfirmed > 0)
        nl_plan_hold(plan, "unconfirmed", json_pack("{s:I}", "people", (json_int_t)unconfirmed));
    return status;
}

enum nl_status nl_send_health(const struct nl_office *office, int64_t draft,
                              const struct nl_segment *segment, const struct nl_draft_plan *plan,
                              struct nl_error *err) {
    enum nl_status status = add_approval(office, draft, plan, err);
    add_embargo(office, plan);
    if (status == NL_OK)
        status = add_replies(office, plan, err);
    if (status == NL_OK)
        status = add_findings(office, plan, err);
    return status == NL_OK ? add_left_out(office, segment, plan, err) : status;
}
