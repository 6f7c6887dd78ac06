#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/figures.h"
#include "newsletter/report/provider_report.h"
#include "newsletter/report/reputation.h"
#include "newsletter/template/data.h"
#include "web/staff_common.h"

#include <stdlib.h>
#include <string.h>

enum { ISSUES_SHOWN = 20 };

/* A page reloads itself while an issue is being sent, after this number of seconds. */
static const char refresh[] = "5";

/* A page that is being built. */
struct page {
    struct nl_staff *staff;
    const struct nl_session *session;
    struct nl_store *store;
    const struct nl_theme *theme;
    json_t *data;
    struct nl_error *err;
};

static const char *translated(const struct page *page, const char *text) {
    return nl_catalog_text(page->theme->catalog, NULL, text);
}

static struct nl_figures figures_of(const struct page *page) {
    return (struct nl_figures){page->store, page->theme, page->data, page->err};
}

static void set_link(const struct page *page, json_t *object, const char *kind, const char *name) {
    struct nl_buf link = {0};
    nl_buf_addf(&link, "%s/%s/%s", page->staff->site->prefix, kind, name);
    nl_data_set(object, "href", nl_buf_text(&link));
    nl_buf_free(&link);
}

/* ---- lists ---- */

/* Takes out what the account may not see; `member` of each object names its list. */
static enum nl_status keep_visible(const struct page *page, json_t *array, const char *member) {
    enum nl_status status = NL_OK;
    for (size_t i = json_array_size(array); status == NL_OK && i > 0; i--) {
        bool ok = false;
        status = nl_staff_may(page->staff, page->session,
                              nl_facts_word(json_array_get(array, i - 1), member), NL_POWER_LOOK,
                              &ok, page->err);
        if (!ok)
            json_array_remove(array, i - 1);
    }
    return status;
}

static enum nl_status add_lists(const struct page *page, const char *name) {
    json_t *lists = json_array();
    size_t at = 0;
    json_t *list = NULL;
    enum nl_status status = nl_facts_lists(page->store, name, lists, page->err);
    if (status == NL_OK)
        status = keep_visible(page, lists, "name");
    json_array_foreach(lists, at, list) set_link(page, list, "list", nl_facts_word(list, "name"));
    json_object_set_new(page->data, "lists", lists);
    return status;
}

/* ---- issues in a list ---- */

static enum nl_issue_state state_of(const json_t *issue) {
    enum nl_issue_state state = NL_ISSUE_ANY;
    nl_issue_state_parse(nl_facts_word(issue, "state"), &state);
    return state;
}

static void decorate_issue(const struct page *page, json_t *issue) {
    const struct nl_figures figures = figures_of(page);
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)nl_facts_number(issue, "id"));
    set_link(page, issue, "issue", id);
    nl_figures_row(&figures, issue);
    if (state_of(issue) == NL_ISSUE_SENDING)
        nl_data_set(page->data, "live", refresh);
}

static enum nl_status add_issues(const struct page *page, const struct nl_issue_filter *filter) {
    json_t *issues = json_array();
    size_t at = 0;
    json_t *issue = NULL;
    enum nl_status status = nl_facts_issues(page->store, filter, issues, page->err);
    if (status == NL_OK)
        status = keep_visible(page, issues, "list");
    json_array_foreach(issues, at, issue) decorate_issue(page, issue);
    json_object_set_new(page->data, "issues", issues);
    return status;
}

/* ---- the pages ---- */

static enum nl_status finish(const struct page *page, enum nl_status status, const char *file,
                             struct nl_response *response) {
    if (status == NL_OK)
        return nl_staff_render(page->staff, page->theme, file, page->data, response, page->err);
    json_decref(page->data);
    return status;
}

static enum nl_status no_such_page(const struct page *page, const struct nl_request *request,
                                   struct nl_response *response) {
    json_decref(page->data);
    return nl_site_not_found(page->staff->site, request, response, page->err);
}

static enum nl_status show_overview(const struct page *page, struct nl_response *response) {
    const struct nl_issue_filter filter = {.limit = ISSUES_SHOWN};
    const struct nl_figures figures = figures_of(page);
    nl_data_set(page->data, "heading", translated(page, NL_TEXT("Overview")));
    nl_data_set(page->data, "growth", "");
    enum nl_status status = add_lists(page, NULL);
    if (status == NL_OK && nl_role_may(page->session->role, NL_POWER_LOOK))
        status = nl_figures_growth(&figures, 0);
    if (status == NL_OK)
        status = add_issues(page, &filter);
    return finish(page, status, "staff.html", response);
}

static enum nl_status show_reputation(const struct page *page, struct nl_response *response) {
    const struct nl_figures figures = figures_of(page);
    nl_data_set(page->data, "heading", translated(page, NL_TEXT("Reputation")));
    return finish(page, nl_reputation_page(&figures), "staff-reputation.html", response);
}

/* Direct delivery by mailbox provider. */
static enum nl_status show_delivery(const struct page *page, struct nl_response *response) {
    json_t *facts = NULL;
    size_t at = 0;
    json_t *row = NULL;
    enum nl_status status = nl_provider_facts(page->store, &facts, page->err);
    json_array_foreach(json_object_get(facts, "providers"), at, row) {
        bool other = strcmp(nl_facts_word(row, "provider"), "other") == 0;
        json_object_set_new(row, "known", json_boolean(!other));
    }
    nl_data_set(page->data, "heading", translated(page, NL_TEXT("Direct delivery")));
    json_object_set_new(page->data, "any", json_boolean(at > 0));
    json_object_set(page->data, "providers", json_object_get(facts, "providers"));
    json_decref(facts);
    return finish(page, status, "staff-delivery.html", response);
}

static enum nl_status show_list(const struct page *page, const struct nl_request *request,
                                const char *name, struct nl_response *response) {
    const struct nl_issue_filter filter = {.list = name, .limit = ISSUES_SHOWN};
    const struct nl_figures figures = figures_of(page);
    struct nl_list list = {0};
    enum nl_status status = nl_list_find(page->store, name, &list, page->err);
    if (status == NL_NOTFOUND || status == NL_USAGE) {
        nl_error_free(page->err);
        return no_such_page(page, request, response);
    }
    bool visible = false;
    if (status == NL_OK)
        status =
            nl_staff_may(page->staff, page->session, list.name, NL_POWER_LOOK, &visible, page->err);
    if (status == NL_OK && !visible) {
        nl_list_free(&list);
        return no_such_page(page, request, response);
    }
    if (status == NL_OK) {
        nl_data_set(page->data, "heading", list.title);
        status = add_lists(page, name);
    }
    if (status == NL_OK)
        status = nl_figures_growth(&figures, list.id);
    if (status == NL_OK)
        status = add_issues(page, &filter);
    nl_list_free(&list);
    return finish(page, status, "staff.html", response);
}

static enum nl_status forbidden(const struct page *page, const struct nl_request *request,
                                struct nl_response *response) {
    json_decref(page->data);
    return nl_site_say(page->staff->site, request, 403,
                       NL_TEXT("Your account may not do this. Ask an administrator."), response,
                       page->err);
}

/* ---- dispatch ---- */

static enum nl_status overview(struct nl_staff_call *call, struct nl_response *response,
                               struct nl_error *err) {
    const struct page page = {call->staff, call->session, call->staff->site->store,
                              call->theme, call->data,    err};
    return show_overview(&page, response);
}

static enum nl_status reputation(struct nl_staff_call *call, struct nl_response *response,
                                 struct nl_error *err) {
    const struct page page = {call->staff, call->session, call->staff->site->store,
                              call->theme, call->data,    err};
    return show_reputation(&page, response);
}

static enum nl_status delivery(struct nl_staff_call *call, struct nl_response *response,
                               struct nl_error *err) {
    const struct page page = {call->staff, call->session, call->staff->site->store,
                              call->theme, call->data,    err};
    return show_delivery(&page, response);
}

/* Each page that has a path of its own, and the power that it needs. Pages that depend on the lists
 * of an account look for themselves. */
static const struct route {
    const char *path;
    bool post;
    enum nl_power power;
    enum nl_status (*run)(struct nl_staff_call *call, struct nl_response *response,
                          struct nl_error *err);
} routes[] = {
    {"/", false, NL_POWER_NONE, overview},
    {"/reputation", false, NL_POWER_LOOK, reputation},
    {"/delivery", false, NL_POWER_LOOK, delivery},
    {"/account", false, NL_POWER_NONE, nl_account_page},
    {"/account", true, NL_POWER_NONE, nl_account_act},
    {"/people", false, NL_POWER_NONE, nl_people_page},
    {"/people", true, NL_POWER_NONE, nl_people_act},
    {"/suppressions", false, NL_POWER_NONE, nl_suppressions_page},
    {"/suppressions", true, NL_POWER_NONE, nl_suppressions_act},
    {"/accounts", false, NL_POWER_ADMINISTER, nl_accounts_page},
    {"/accounts", true, NL_POWER_ADMINISTER, nl_accounts_act},
    {"/tokens", false, NL_POWER_ADMINISTER, nl_tokens_page},
    {"/tokens", true, NL_POWER_ADMINISTER, nl_tokens_act},
    {"/audit", false, NL_POWER_ADMINISTER, nl_audit_page},
    {"/audit.csv", false, NL_POWER_ADMINISTER, nl_audit_file},
    {"/drafts", false, NL_POWER_NONE, nl_desk_list}, /* each shows what the account may write to */
    {"/drafts", true, NL_POWER_NONE, nl_desk_begin},
    {"/calendar", false, NL_POWER_NONE, nl_calendar_page},
    {"/calendar", true, NL_POWER_NONE, nl_calendar_act},
    {"/library", false, NL_POWER_NONE, nl_desk_library},
};

static const struct route *find_route(const char *path, bool post) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (routes[i].post == post && strcmp(routes[i].path, path) == 0)
            return &routes[i];
    return NULL;
}

static json_t *common_data(const struct nl_session *session, const char *path,
                           const struct nl_people_rights *rights) {
    bool people = nl_people_rights_any(rights);
    json_t *data = json_object();
    nl_data_set(data, "who", session->name);
    nl_data_set(data, "csrf", session->csrf);
    nl_data_set(data, "live", ""); /* a script keeps the page up to date */
    nl_data_set(data, "refresh",
                ""); /* without one, the page is loaded again after so many seconds */
    nl_data_set(data, "stream", ""); /* the address of what is new */
    json_object_set_new(data, "print", json_false());
    nl_data_set(data, "desk", "");
    nl_data_set(data, "component", ""); /* which some pages load */
    nl_data_set(data, "problem", "");
    nl_data_set(data, "problem_detail", ""); /* the words of a program, in English */
    nl_data_set(data, "done", "");
    nl_data_set(data, "path", path);
    json_object_set_new(data, "may_look", json_boolean(nl_role_may(session->role, NL_POWER_LOOK)));
    json_object_set_new(data, "may_people", json_boolean(people));
    json_object_set_new(data, "may_all_people", json_boolean(rights->everywhere));
    json_object_set_new(data, "may_more",
                        json_boolean(people || nl_role_may(session->role, NL_POWER_ADMINISTER)));
    json_object_set_new(data, "may_send", json_boolean(nl_role_may(session->role, NL_POWER_SEND)));
    json_object_set_new(data, "may_write",
                        json_boolean(nl_role_may(session->role, NL_POWER_WRITE)));
    json_object_set_new(data, "may_administer",
                        json_boolean(nl_role_may(session->role, NL_POWER_ADMINISTER)));
    return data;
}

enum nl_status nl_staff_page(struct nl_staff *staff, const struct nl_request *request,
                             const struct nl_session *session, const char *path,
                             struct nl_response *response, struct nl_error *err) {
    static const char list[] = "/list/";
    static const char draft[] = "/draft/";
    struct nl_staff_call call = {.staff = staff, .request = request, .session = session};
    bool post = nl_request_is_post(request);
    const struct route *route = find_route(path, post);
    bool found = false;
    enum nl_status status = nl_site_staff_theme(staff->site, request, &call.theme, err);
    struct nl_people_rights rights = {0};
    if (status == NL_OK)
        status = nl_people_rights(staff, session, &rights, err);
    if (status == NL_OK)
        call.data = common_data(session, path, &rights);
    nl_people_rights_free(&rights);
    if (status != NL_OK)
        return status;
    const struct page page = {staff, session, staff->site->store, call.theme, call.data, err};
    if (route != NULL)
        return nl_role_may(session->role, route->power) ? route->run(&call, response, err)
                                                        : forbidden(&page, request, response);
    status = nl_staff_area(&call, path, &found, response, err);
    if (found)
        return status;
    if (strncmp(path, draft, sizeof draft - 1) == 0)
        return nl_desk_call(&call, path, response, err);
    if (!post && strncmp(path, list, sizeof list - 1) == 0)
        return show_list(&page, request, path + sizeof list - 1, response);
    return no_such_page(&page, request, response);
}
