#include "web/staff_issue.h"

#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/figures.h"
#include "newsletter/service/archive_shown.h"
#include "newsletter/service/issues.h"
#include "newsletter/template/data.h"

#include <stdio.h>
#include <string.h>

/* The page is kept up to date while an issue is being sent, or begins soon. */
enum { SOON_SECONDS = 600 };
static const char refresh[] = "5";

/* ---- showing ---- */

static void set_address(const struct nl_issue_page *page, json_t *data, const char *member,
                        const char *rest) {
    struct nl_buf address = {0};
    nl_buf_addf(&address, "%s/issue/%lld%s", page->call->staff->site->prefix, (long long)page->id,
                rest);
    nl_data_set(data, member, nl_buf_text(&address));
    nl_buf_free(&address);
}

static void keep_up_to_date(const struct nl_issue_page *page,
                            const struct nl_issue_progress *progress) {
    json_t *data = page->call->data;
    bool soon = progress->state == NL_ISSUE_SCHEDULED &&
                progress->scheduled_at - progress->at < SOON_SECONDS;
    bool moves = progress->state == NL_ISSUE_SENDING || soon;
    if (progress->state != NL_ISSUE_SENT && progress->state != NL_ISSUE_CANCELLED) {
        nl_data_set(data, "live", moves ? refresh : "60");
        set_address(page, data, "stream", "/events");
    }
    if (moves)
        nl_data_set(data, "refresh", refresh);
}

/* Whether the public may read it, for those who may change that. */
static enum nl_status add_archive(const struct nl_issue_page *page, bool begun) {
    json_t *data = page->call->data;
    bool may = begun && page->may_send;
    bool shown = false;
    enum nl_status status =
        may ? nl_office_archive_shows(&page->office, page->id, &shown, page->err) : NL_OK;
    json_object_set_new(data, "may_archive", json_boolean(may));
    json_object_set_new(data, "archived", json_boolean(shown));
    return status;
}

static enum nl_status show(struct nl_issue_page *page) {
    json_t *data = page->call->data;
    const struct nl_figures figures = {page->office.store, page->call->theme, data, page->err};
    struct nl_issue_progress progress = {0};
    enum nl_status status =
        nl_office_issue_progress(&page->office, page->id, true, &progress, page->err);
    nl_data_set(data, "heading", nl_facts_word(page->issue, "title"));
    nl_data_set(data, "desk", "desk");
    set_address(page, data, "address", "");
    nl_figures_row(&figures, page->issue);
    json_object_set_new(data, "issues", json_pack("[O]", page->issue));
    if (status == NL_OK) {
        bool begun = progress.state != NL_ISSUE_SCHEDULED && progress.state != NL_ISSUE_DRAFT;
        json_object_set_new(data, "begun", json_boolean(begun));
        json_object_set_new(
            data, "may_rest",
            json_boolean(begun && page->may_send && progress.state != NL_ISSUE_CANCELLED));
        nl_progress_add(page->call->theme, &progress, page->may_send, page->draft, data);
        keep_up_to_date(page, &progress);
        status = nl_canary_add_facts(page->call->theme, &page->office, &progress, page->may_send,
                                     data, page->err);
        if (status == NL_OK)
            status = add_archive(page, begun);
        if (begun && status == NL_OK)
            status = nl_figures_issue(&figures, page->issue);
    }
    if (status == NL_OK)
        status = nl_subjects_add(page);
    return status == NL_OK
               ? nl_staff_render(page->call->staff, page->call->theme, "staff-issue.html",
                                 json_incref(data), page->response, page->err)
               : status;
}

/* ---- its buttons ---- */

static void refuse(const struct nl_issue_page *page, int status, const char *why) {
    nl_staff_say(page->call, "problem", why);
    page->response->status = status;
}

/* The page to go to after an action: an issue that is withdrawn is a draft again, or gone. */
static enum nl_status go_on(const struct nl_issue_page *page, enum nl_action_result result) {
    char path[40] = "/";
    if (result == NL_ACTION_DONE)
        snprintf(path, sizeof path, "/issue/%lld", (long long)page->id);
    else if (page->draft != 0)
        snprintf(path, sizeof path, "/draft/%lld/send", (long long)page->draft);
    return nl_staff_redirect(page->call->staff, path, page->response, page->err);
}

static enum nl_status set_archive(struct nl_issue_page *page, bool publish) {
    enum nl_status status = (publish ? nl_office_archive_publish : nl_office_archive_withdraw)(
        &page->office, page->id, 0, page->err);
    if (status == NL_OK)
        return go_on(page, NL_ACTION_DONE);
    return nl_staff_explains(page->call, status, page->response, page->err) ? show(page) : status;
}

static enum nl_status decide(struct nl_issue_page *page) {
    enum nl_status status = nl_subjects_decide(page);
    if (status == NL_OK)
        return nl_issue_go_on(page);
    if (!nl_staff_explains(page->call, status, page->response, page->err))
        return status;
    page->response->status = status == NL_EXISTS ? 409 : 422;
    return show(page);
}

/* After success it redirects, so that reloading the page repeats nothing; otherwise it shows the
 * page again with the reason. */
static enum nl_status act(struct nl_issue_page *page) {
    const char *action = nl_site_field(page->call->request, "action");
    enum nl_action_result result = NL_ACTION_UNKNOWN;
    if (strcmp(action, "publish") == 0 || strcmp(action, "unpublish") == 0)
        return set_archive(page, strcmp(action, "publish") == 0);
    if (strcmp(action, "cancel") == 0 &&
        strcmp(nl_site_field(page->call->request, "sure"), "yes") != 0) {
        refuse(page, 400, NL_TEXT("Nothing was cancelled. Tick the box first to confirm."));
        return show(page);
    }
    enum nl_status status = nl_staff_control_issue(page->call->staff, page->id, action,
                                                   &page->call->session->actor, &result, page->err);
    if (status != NL_OK)
        return status;
    if (result == NL_ACTION_DONE || result == NL_ACTION_WITHDRAWN)
        return go_on(page, result);
    if (result != NL_ACTION_UNKNOWN)
        refuse(page, 409, NL_TEXT("This is not possible in the present state of the issue."));
    return show(page);
}

/* ---- dispatch ---- */

static const struct route {
    const char *rest;
    bool post, send; /* needs the right to send */
    enum nl_status (*run)(struct nl_issue_page *page);
} routes[] = {
    {"", false, false, show},
    {"", true, true, act},
    {"/events", false, false, nl_progress_stream},
    {"/rest", false, true, nl_rest_page},
    {"/rest", true, true, nl_rest_act},
    {"/again", false, true, nl_resend_page},
    {"/again", true, true, nl_resend_act},
    {"/subject", true, true, decide},
    {"/report", false, false, nl_report_page},
    {"/report.csv", false, false, nl_report_csv},
    {"/report.pdf", false, false, nl_report_pdf},
};

static const struct route *find_route(const char *rest, bool post) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (routes[i].post == post && strcmp(routes[i].rest, rest) == 0)
            return &routes[i];
    return NULL;
}

/* Finds the issue; one that the account may not even see counts as none. */
static enum nl_status open_page(struct nl_issue_page *page, bool *visible) {
    struct nl_staff_call *call = page->call;
    const struct nl_issue_query query = {.id = page->id};
    json_t *issues = NULL;
    enum nl_status status = nl_office_issues(&page->office, &query, &issues, page->err);
    page->issue = json_incref(json_array_get(issues, 0));
    json_decref(issues);
    *visible = false;
    if (status != NL_OK || page->issue == NULL)
        return status;
    page->list = nl_facts_word(page->issue, "list");
    status =
        nl_staff_may(call->staff, call->session, page->list, NL_POWER_LOOK, visible, page->err);
    if (status == NL_OK)
        status = nl_staff_may(call->staff, call->session, page->list, NL_POWER_SEND,
                              &page->may_send, page->err);
    return status == NL_OK ? nl_office_issue_draft(&page->office, page->id, &page->draft, page->err)
                           : status;
}

enum nl_status nl_issue_call(struct nl_staff_call *call, const char *rest,
                             struct nl_response *response, struct nl_error *err) {
    struct nl_issue_page page = {.call = call,
                                 .office = nl_staff_office(call->staff, call->session),
                                 .response = response,
                                 .err = err};
    bool visible = false;
    const char *below = "";
    const struct route *route = nl_staff_path_number(rest, &page.id, &below)
                                    ? find_route(below, nl_request_is_post(call->request))
                                    : NULL;
    enum nl_status status = route != NULL ? open_page(&page, &visible) : NL_OK;
    if (status == NL_OK && !visible)
        status = nl_staff_no_page(call, response, err);
    else if (status == NL_OK && route->send && !page.may_send)
        status = nl_staff_forbidden(call, response, err);
    else {
        if (status == NL_OK)
            status = route->run(&page);
        json_decref(call->data);
    }
    json_decref(page.issue);
    return status;
}
