#include "newsletter/bulletin/sample.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/draft_send.h"
#include "web/api.h"
#include "web/draft_copies.h"

#include <string.h>

enum { MINUTE = 60, SHARE_MOST = 100, MINUTES_MOST = 43200 };

/* ---- looking at it ---- */

/* The API tells the English text alone. */
static void drop_parts(json_t *array, const char *member) {
    size_t at = 0;
    json_t *one = NULL;
    json_array_foreach(array, at, one)
        json_object_del(member != NULL ? json_object_get(one, member) : one, NL_FINDING_PARTS);
}

static json_t *check_facts(const struct nl_draft_composed *composed) {
    drop_parts(composed->findings, NULL);
    return json_pack("{s:b, s:I, s:I, s:O}", "whole", composed->whole, "errors",
                     (json_int_t)composed->errors, "warnings", (json_int_t)composed->warnings,
                     "findings", composed->findings);
}

enum nl_status nl_api_check_draft(struct nl_api_call *call, struct nl_error *err) {
    struct nl_draft_composed composed = {0};
    enum nl_status status = nl_office_draft_compose(&call->office, call->id, &composed, err);
    status = status == NL_OK ? nl_api_answer(call, 200, check_facts(&composed), err)
                             : nl_api_failed(call, status, err);
    nl_draft_composed_free(&composed);
    return status;
}

/* The edition in a language; view_count without one. NULL: the first. */
static size_t find_edition(const struct nl_bulletin *bulletin, const char *language) {
    size_t at = 0;
    while (language != NULL && at < bulletin->view_count &&
           strcmp(nl_bulletin_edition(bulletin, at).language, language) != 0)
        at++;
    return at;
}

static enum nl_status show(const struct nl_api_call *call, const struct nl_bulletin *bulletin,
                           size_t edition, struct nl_error *err) {
    const struct nl_view *view = &bulletin->views[edition];
    struct nl_buf html = {0};
    struct nl_buf text = {0};
    struct nl_buf raw = {0};
    enum nl_status status =
        nl_sample_fill(nl_buf_text(&view->page), view->page.len, NULL, &html, err);
    if (status == NL_OK)
        status = nl_sample_fill(nl_buf_text(&view->text), view->text.len, NULL, &text, err);
    if (status == NL_OK)
        status = nl_draft_test_copy(bulletin, edition, "reader@example.org", &raw, err);
    status = status == NL_OK
                 ? nl_api_answer(call, 200,
                                 json_pack("{s:s, s:s, s:s, s:s}", "language",
                                           nl_bulletin_edition(bulletin, edition).language, "html",
                                           nl_buf_text(&html), "text", nl_buf_text(&text), "raw",
                                           nl_buf_text(&raw)),
                                 err)
                 : nl_api_failed(call, status, err);
    nl_buf_free(&html);
    nl_buf_free(&text);
    nl_buf_free(&raw);
    return status;
}

enum nl_status nl_api_preview_draft(struct nl_api_call *call, struct nl_error *err) {
    struct nl_draft_composed composed = {0};
    enum nl_status status = nl_office_draft_compose(&call->office, call->id, &composed, err);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    size_t edition = find_edition(&composed.bulletin, nl_request_query(call->request, "language"));
    if (!composed.whole)
        status = nl_api_problem(call, 409, "Conflict",
                                "There are errors: check says which. Correct them first.", err);
    else if (edition == composed.bulletin.view_count)
        status = nl_api_not_found(call, err);
    else
        status = show(call, &composed.bulletin, edition, err);
    nl_draft_composed_free(&composed);
    return status;
}

enum nl_status nl_api_test_draft(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"address", 'S'}, {0}};
    struct nl_draft_composed composed = {0};
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    if (call->staff->copies == NULL)
        return nl_api_problem(call, 409, "Conflict", "This server sends no mail.", err);
    status = nl_office_draft_compose(&call->office, call->id, &composed, err);
    if (status == NL_OK)
        status = nl_draft_copies_send(call->staff, &composed, call->actor.name,
                                      nl_api_text(call->body, "address"), err);
    status = status == NL_OK
                 ? nl_api_answer(
                       call, 202,
                       json_pack("{s:I}", "mails", (json_int_t)composed.bulletin.view_count), err)
                 : nl_api_failed(call, status, err);
    nl_draft_composed_free(&composed);
    return status;
}

/* ---- sending it ---- */

static json_t *text_or_null(const char *text) {
    json_t *value = text != NULL ? json_string(text) : NULL;
    return value != NULL ? value : json_null();
}

static json_t *plan_facts(const struct nl_draft_plan *plan) {
    const struct nl_bulletin *bulletin = &plan->composed.bulletin;
    bool whole = plan->composed.whole;
    json_t *languages = json_array();
    drop_parts(plan->holds, "doctor");
    for (size_t i = 0; i < bulletin->view_count; i++)
        json_array_append_new(languages, json_string(nl_bulletin_edition(bulletin, i).language));
    return json_pack("{s:o, s:I, s:I, s:o, s:o, s:s, s:o, s:o, s:I, s:o, s:O, s:O, s:O, s:I}", "at",
                     nl_facts_time(plan->at), "people", (json_int_t)plan->people, "size",
                     (json_int_t)plan->size, "subject",
                     text_or_null(whole ? bulletin->issue.subject : NULL), "digest",
                     text_or_null(whole ? plan->seal.text : NULL), "list", plan->composed.list.name,
                     "languages", languages, "obstacle", text_or_null(plan->obstacle.text),
                     "warnings", (json_int_t)plan->composed.warnings, "segment",
                     text_or_null(plan->segment), "readers", plan->readers, "editions",
                     plan->languages, "holds", plan->holds, "seconds", (json_int_t)plan->seconds);
}

enum nl_status nl_api_plan_draft(struct nl_api_call *call, struct nl_error *err) {
    const struct nl_draft_schedule schedule = {
        .at = nl_request_query(call->request, "at"),
        .zone = nl_request_query(call->request, "zone"),
        .local = nl_request_query(call->request, "local") != NULL,
        .audience = nl_api_asked_audience(call),
    };
    struct nl_draft_plan plan = {0};
    enum nl_status status = nl_office_draft_plan(&call->office, call->id, &schedule, &plan, err);
    status = status == NL_OK ? nl_api_answer(call, 200, plan_facts(&plan), err)
                             : nl_api_failed(call, status, err);
    nl_draft_plan_free(&plan);
    return status;
}

/* Whether a number of the body, if it is there, is from 1 to `most`. */
static bool is_within(const struct nl_api_call *call, const char *name, json_int_t most) {
    const json_t *number = json_object_get(call->body, name);
    return number == NULL || (json_integer_value(number) > 0 && json_integer_value(number) <= most);
}

enum nl_status nl_api_send_draft(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"digest", 'S'},
                                                   {"at", 's'},
                                                   {"zone", 's'},
                                                   {"local", 'b'},
                                                   {"segment", 's'},
                                                   {"language", 's'},
                                                   {"archive", 's'},
                                                   {"public_from", 's'},
                                                   {"share", 'i'},
                                                   {"wait", 'i'},
                                                   {"rule", 's'},
                                                   {"canary", 's'},
                                                   {0}};
    int64_t issue = 0;
    int64_t at = 0;
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    const struct nl_draft_schedule schedule = {
        .at = nl_api_text(call->body, "at"),
        .zone = nl_api_text(call->body, "zone"),
        .local = json_is_true(json_object_get(call->body, "local")),
        .audience = nl_api_told_audience(call),
        .share = json_integer_value(json_object_get(call->body, "share")),
        .wait = json_integer_value(json_object_get(call->body, "wait")) * MINUTE,
        .rule = nl_api_text(call->body, "rule"),
        .canary = nl_api_text(call->body, "canary"),
        .archive = nl_api_text(call->body, "archive"),
        .public_from = nl_api_text(call->body, "public_from")};
    if (!is_within(call, "share", SHARE_MOST) || !is_within(call, "wait", MINUTES_MOST))
        return nl_api_problem(
            call, 422, "Unprocessable Content",
            "share is a number from 1 to 100; wait is a number of minutes up to 43200.", err);
    status = nl_office_draft_send(&call->office, call->id, &schedule,
                                  nl_api_text(call->body, "digest"), &issue, &at, err);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    if (call->staff->sender != NULL)
        nl_mailer_wake_at(call->staff->sender, at);
    return nl_api_answer(
        call, 202, json_pack("{s:I, s:o}", "issue", (json_int_t)issue, "at", nl_facts_time(at)),
        err);
}
