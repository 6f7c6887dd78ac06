#include "bulletin/data.h"
#include "newsletter/statistics.h"
#include "newsletter/text.h"
#include "report/chart.h"
#include "report/facts.h"
#include "web/staff.h"

#include <stdlib.h>
#include <string.h>

enum { ISSUES_SHOWN = 20, DOMAINS_SHOWN = 15, ADDRESSES_SHOWN = 100, PERIODS = 200, DAY = 86400 };

/* How often a page looks again while something is being sent, in seconds. */
static const char refresh[] = "5";

/* A page being made. */
struct page {
    struct nl_staff *staff;
    struct nl_store *store;
    const struct nl_theme *theme;
    json_t *data;
    struct nl_error *err;
};

/* In the order, and by the number, in which charts draw them. */
static const struct {
    const char *state;
    const char *label;
} states[] = {
    {"sent", NL_TEXT_IN("delivery", "Sent")},
    {"queued", NL_TEXT_IN("delivery", "Queued")},
    {"leased", NL_TEXT_IN("delivery", "Being sent")},
    {"deferred", NL_TEXT_IN("delivery", "Deferred")},
    {"bounced", NL_TEXT_IN("delivery", "Bounced")},
    {"failed", NL_TEXT_IN("delivery", "Failed")},
    {"unknown", NL_TEXT_IN("delivery", "Unknown")},
    {"skipped", NL_TEXT_IN("delivery", "Skipped")},
};

enum { STATES = sizeof states / sizeof states[0] };
_Static_assert((int)STATES == (int)NL_CHART_PARTS, "each state is a part of a bar");

static const struct {
    const char *state;
    const char *label;
} issue_states[] = {
    {"draft", NL_TEXT_IN("issue", "Draft")},     {"scheduled", NL_TEXT_IN("issue", "Scheduled")},
    {"sending", NL_TEXT_IN("issue", "Sending")}, {"paused", NL_TEXT_IN("issue", "Paused")},
    {"sent", NL_TEXT_IN("issue", "Sent")},       {"cancelled", NL_TEXT_IN("issue", "Cancelled")},
};

static const char *translated(const struct page *page, const char *text) {
    return nl_catalog_text(page->theme->catalog, NULL, text);
}

static const char *word(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static int64_t count_of(const json_t *object, const char *name) {
    return (int64_t)json_integer_value(json_object_get(object, name));
}

static void set_count(json_t *object, const char *name, int64_t value) {
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* "2026-08-25 09:30" of "2026-08-25T09:30:00Z". */
static void set_time(json_t *object, const char *name, const char *from) {
    char text[17] = "";
    const char *value = word(object, from);
    if (strlen(value) >= 16) {
        memcpy(text, value, 16);
        text[10] = ' ';
    }
    nl_data_set(object, name, text);
}

static void set_link(const struct page *page, json_t *object, const char *kind, const char *name) {
    struct nl_buf link = {0};
    nl_buf_addf(&link, "%s/%s/%s", page->staff->site->prefix, kind, name);
    nl_data_set(object, "href", nl_buf_text(&link));
    nl_buf_free(&link);
}

static void set_chart(const struct page *page, const char *name, struct nl_buf *chart) {
    nl_data_set(page->data, name, nl_buf_text(chart));
    nl_buf_free(chart);
}

/* ---- lists ---- */

static enum nl_status add_lists(const struct page *page, const char *name) {
    json_t *lists = json_array();
    size_t at = 0;
    json_t *list = NULL;
    enum nl_status status = nl_facts_lists(page->store, name, lists, page->err);
    json_array_foreach(lists, at, list) set_link(page, list, "list", word(list, "name"));
    json_object_set_new(page->data, "lists", lists);
    return status;
}

struct growth {
    struct nl_chart_point *points;
    size_t count, room;
    int64_t now;
};

static enum nl_status add_point(struct growth *growth, int64_t at, int64_t value,
                                struct nl_error *err) {
    if (growth->count == growth->room) {
        size_t room = growth->room > 0 ? 2 * growth->room : 256;
        struct nl_chart_point *grown = realloc(growth->points, room * sizeof *grown);
        if (grown == NULL)
            return nl_error_nomem(err);
        growth->points = grown;
        growth->room = room;
    }
    growth->points[growth->count++] = (struct nl_chart_point){at, value};
    return NL_OK;
}

static enum nl_status add_day(int64_t day, int64_t joined, int64_t left, int64_t active, void *ctx,
                              struct nl_error *err) {
    struct growth *growth = ctx;
    (void)joined;
    (void)left;
    /* It begins with nobody, the day before. */
    enum nl_status status = growth->count == 0 ? add_point(growth, day - DAY, 0, err) : NL_OK;
    return status == NL_OK ? add_point(growth, day, active, err) : status;
}

/* How many were subscribed, until today. */
static enum nl_status add_growth(const struct page *page, int64_t list) {
    struct growth growth = {.now = nl_env_now(nl_store_env(page->store))};
    struct nl_buf chart = {0};
    enum nl_status status = nl_statistics_growth(page->store, list, add_day, &growth, page->err);
    if (status == NL_OK && growth.count > 0 && growth.points[growth.count - 1].at < growth.now)
        status = add_point(&growth, growth.now, growth.points[growth.count - 1].value, page->err);
    if (status == NL_OK)
        nl_chart_line(translated(page, NL_TEXT("Subscribers over time")), growth.points,
                      growth.count, &chart);
    set_chart(page, "growth", &chart);
    free(growth.points);
    return status;
}

/* ---- issues in a list ---- */

static void add_progress(const struct page *page, json_t *issue) {
    const json_t *counts = json_object_get(issue, "deliveries");
    const char *state = word(issue, "state");
    int64_t total = 0;
    for (size_t i = 0; i < STATES; i++)
        total += count_of(counts, states[i].state);
    int64_t left =
        count_of(counts, "queued") + count_of(counts, "leased") + count_of(counts, "deferred");
    bool going = strcmp(state, "sending") == 0 || strcmp(state, "paused") == 0;
    set_count(issue, "total", total);
    set_count(issue, "done", total - left);
    json_object_set_new(issue, "going", json_boolean(going));
    if (strcmp(state, "sending") == 0)
        nl_data_set(page->data, "refresh", refresh);
}

static void decorate_issue(const struct page *page, json_t *issue) {
    char id[24];
    const char *state = word(issue, "state");
    snprintf(id, sizeof id, "%lld", (long long)count_of(issue, "id"));
    set_link(page, issue, "issue", id);
    set_time(issue, "since", "created_at");
    nl_data_set(issue, "state_label", state);
    for (size_t i = 0; i < sizeof issue_states / sizeof issue_states[0]; i++)
        if (strcmp(issue_states[i].state, state) == 0)
            nl_data_set(issue, "state_label",
                        nl_catalog_text(page->theme->catalog, "issue", issue_states[i].label));
    add_progress(page, issue);
}

static enum nl_status add_issues(const struct page *page, const struct nl_issue_filter *filter) {
    json_t *issues = json_array();
    size_t at = 0;
    json_t *issue = NULL;
    enum nl_status status = nl_facts_issues(page->store, filter, issues, page->err);
    json_array_foreach(issues, at, issue) decorate_issue(page, issue);
    json_object_set_new(page->data, "issues", issues);
    return status;
}

/* ---- one issue ---- */

/* Deliveries by state, with the number that charts draw each in. */
static void add_states(const struct page *page, const json_t *issue) {
    json_t *rows = json_array();
    for (size_t i = 0; i < STATES; i++) {
        json_t *row = json_object();
        nl_data_set(row, "label",
                    nl_catalog_text(page->theme->catalog, "delivery", states[i].label));
        set_count(row, "part", (int64_t)i);
        set_count(row, "count", count_of(json_object_get(issue, "deliveries"), states[i].state));
        json_array_append_new(rows, row);
    }
    json_object_set_new(page->data, "states", rows);
}

static enum nl_status add_domains(const struct page *page, int64_t issue) {
    struct nl_chart_bar bars[DOMAINS_SHOWN] = {0};
    struct nl_buf chart = {0};
    json_t *domains = json_array();
    enum nl_status status = nl_facts_domains(page->store, issue, DOMAINS_SHOWN, domains, page->err);
    size_t count = json_array_size(domains);
    for (size_t i = 0; i < count && i < DOMAINS_SHOWN; i++) {
        json_t *domain = json_array_get(domains, i);
        json_t *cells = json_array();
        bars[i].label = word(domain, "domain");
        for (size_t part = 0; part < STATES; part++) {
            bars[i].parts[part] =
                count_of(json_object_get(domain, "deliveries"), states[part].state);
            json_array_append_new(cells, json_integer((json_int_t)bars[i].parts[part]));
        }
        json_object_set_new(domain, "cells", cells);
    }
    nl_chart_bars(translated(page, NL_TEXT("Deliveries by domain")), bars, count, &chart);
    set_chart(page, "domain_chart", &chart);
    json_object_set_new(page->data, "domains", domains);
    return status;
}

static enum nl_status add_reasons(const struct page *page, int64_t issue) {
    struct nl_chart_bar bars[DOMAINS_SHOWN] = {0};
    struct nl_buf chart = {0};
    json_t *reasons = json_array();
    enum nl_status status = nl_facts_reasons(page->store, issue, reasons, page->err);
    size_t count = json_array_size(reasons);
    size_t shown = count < DOMAINS_SHOWN ? count : DOMAINS_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        json_t *reason = json_array_get(reasons, i);
        bars[i].label = word(reason, "reason");
        bars[i].parts[4] = count_of(reason, "count"); /* drawn as bounced */
    }
    nl_chart_bars(translated(page, NL_TEXT("Returned and refused, by reason")), bars, shown,
                  &chart);
    set_chart(page, "reason_chart", &chart);
    json_object_set_new(page->data, "reasons", reasons);
    return status;
}

struct course {
    struct growth points;
    int64_t sent;
};

static enum nl_status add_period(int64_t from, const char *state, int64_t count, void *ctx,
                                 struct nl_error *err) {
    struct course *course = ctx;
    if (strcmp(state, "sent") != 0)
        return NL_OK;
    enum nl_status status =
        course->points.count == 0 ? add_point(&course->points, from, 0, err) : NL_OK;
    course->sent += count;
    return status == NL_OK
               ? add_point(&course->points, from + course->points.now, course->sent, err)
               : status;
}

struct span {
    int64_t from, to;
};

static enum nl_status take_span(const struct nl_issue_summary *issue, void *ctx,
                                struct nl_error *err) {
    struct span *span = ctx;
    (void)err;
    span->from = issue->created_at;
    if (issue->ended_at != 0)
        span->to = issue->ended_at;
    return NL_OK;
}

/* How many had been sent, over the time that the issue went out. */
static enum nl_status add_course(const struct page *page, int64_t issue) {
    const struct nl_issue_filter filter = {.id = issue};
    struct span span = {.to = nl_env_now(nl_store_env(page->store))};
    struct course course = {0};
    struct nl_buf chart = {0};
    enum nl_status status = nl_issue_summaries(page->store, &filter, take_span, &span, page->err);
    int64_t seconds = (span.to - span.from) / PERIODS + 1;
    course.points.now = seconds;
    if (status == NL_OK)
        status =
            nl_statistics_timeline(page->store, issue, seconds, add_period, &course, page->err);
    if (status == NL_OK)
        nl_chart_line(translated(page, NL_TEXT("Sent over time")), course.points.points,
                      course.points.count, &chart);
    set_chart(page, "course", &chart);
    free(course.points.points);
    return status;
}

/* The first of those that did not get it. */
static enum nl_status add_addresses(const struct page *page, int64_t issue) {
    static const char *const shown[] = {"bounced", "failed", "unknown", "deferred"};
    json_t *rows = json_array();
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof shown / sizeof shown[0]; i++) {
        size_t left = ADDRESSES_SHOWN - json_array_size(rows);
        if (left > 0)
            status = nl_facts_deliveries(page->store, issue, shown[i], 0, (int64_t)left, rows,
                                         page->err);
    }
    size_t at = 0;
    json_t *row = NULL;
    json_array_foreach(rows, at, row) {
        for (size_t i = 0; i < STATES; i++)
            if (strcmp(states[i].state, word(row, "state")) == 0)
                nl_data_set(row, "label",
                            nl_catalog_text(page->theme->catalog, "delivery", states[i].label));
        nl_data_set(row, "reply", word(row, "reply_text"));
    }
    json_object_set_new(page->data, "has_addresses", json_boolean(json_array_size(rows) > 0));
    json_object_set_new(page->data, "addresses", rows);
    return status;
}

static enum nl_status fill_issue(const struct page *page, json_t *issue) {
    int64_t id = count_of(issue, "id");
    int64_t unsubscribed = 0;
    const char *state = word(issue, "state");
    bool sending = strcmp(state, "sending") == 0;
    bool paused = strcmp(state, "paused") == 0;
    nl_data_set(page->data, "heading", word(issue, "title"));
    json_object_set_new(page->data, "can_pause", json_boolean(sending));
    json_object_set_new(page->data, "can_resume", json_boolean(paused));
    json_object_set_new(page->data, "can_cancel", json_boolean(sending || paused));
    add_states(page, issue);
    enum nl_status status = nl_statistics_unsubscribed(page->store, id, &unsubscribed, page->err);
    set_count(page->data, "unsubscribed", unsubscribed);
    if (status == NL_OK)
        status = add_course(page, id);
    if (status == NL_OK)
        status = add_domains(page, id);
    if (status == NL_OK)
        status = add_reasons(page, id);
    return status == NL_OK ? add_addresses(page, id) : status;
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
    return nl_site_say(page->staff->site, request, 404, NL_TEXT("There is no such page."), response,
                       page->err);
}

static enum nl_status show_overview(const struct page *page, struct nl_response *response) {
    const struct nl_issue_filter filter = {.limit = ISSUES_SHOWN};
    nl_data_set(page->data, "heading", translated(page, NL_TEXT("Overview")));
    enum nl_status status = add_lists(page, NULL);
    if (status == NL_OK)
        status = add_growth(page, 0);
    if (status == NL_OK)
        status = add_issues(page, &filter);
    return finish(page, status, "staff.html", response);
}

static enum nl_status show_list(const struct page *page, const struct nl_request *request,
                                const char *name, struct nl_response *response) {
    const struct nl_issue_filter filter = {.list = name, .limit = ISSUES_SHOWN};
    struct nl_list list = {0};
    enum nl_status status = nl_list_find(page->store, name, &list, page->err);
    if (status == NL_NOTFOUND || status == NL_USAGE) {
        nl_error_free(page->err);
        return no_such_page(page, request, response);
    }
    if (status == NL_OK) {
        nl_data_set(page->data, "heading", list.title);
        status = add_lists(page, name);
    }
    if (status == NL_OK)
        status = add_growth(page, list.id);
    if (status == NL_OK)
        status = add_issues(page, &filter);
    nl_list_free(&list);
    return finish(page, status, "staff.html", response);
}

static enum nl_status show_issue(const struct page *page, const struct nl_request *request,
                                 int64_t id, struct nl_response *response) {
    const struct nl_issue_filter filter = {.id = id};
    enum nl_status status = add_issues(page, &filter);
    json_t *issue = json_array_get(json_object_get(page->data, "issues"), 0);
    if (status == NL_OK && issue == NULL)
        return no_such_page(page, request, response);
    if (status == NL_OK)
        status = fill_issue(page, issue);
    return finish(page, status, "staff-issue.html", response);
}

/* What a button of an issue's page does; then the page again, with a word where it could not. Where
 * it could, by a redirect: loading it once more does nothing twice. */
static enum nl_status act(const struct page *page, const struct nl_request *request,
                          const char *path, int64_t id, const char *who,
                          struct nl_response *response) {
    const char *action = nl_request_form(request, "action");
    const char *sure = nl_request_form(request, "sure");
    enum nl_staff_deed deed = NL_DEED_UNKNOWN;
    enum nl_status status = NL_OK;
    if (action != NULL && strcmp(action, "cancel") == 0 &&
        (sure == NULL || strcmp(sure, "yes") != 0)) {
        nl_data_set(page->data, "problem",
                    translated(page, NL_TEXT("Nothing is cancelled: please tick the box first.")));
        response->status = 400;
    } else {
        status =
            nl_staff_steer(page->staff, id, action != NULL ? action : "", who, &deed, page->err);
        if (status == NL_OK && deed == NL_DEED_TOO_LATE) {
            nl_data_set(page->data, "problem",
                        translated(page, NL_TEXT("The state of the issue does not allow it now.")));
            response->status = 409;
        }
    }
    if (status == NL_OK && deed != NL_DEED_DONE)
        return show_issue(page, request, id, response);
    json_decref(page->data);
    return status == NL_OK ? nl_staff_redirect(page->staff, path, response, page->err) : status;
}

enum nl_status nl_staff_page(struct nl_staff *staff, const struct nl_request *request,
                             const struct nl_session *session, const char *path,
                             struct nl_response *response, struct nl_error *err) {
    static const char list[] = "/list/";
    static const char issue[] = "/issue/";
    struct page page = {.staff = staff, .store = staff->site->store, .err = err};
    bool post = strcmp(nl_request_method(request), "POST") == 0;
    int64_t id = 0;
    enum nl_status status = nl_site_theme(staff->site, request, NULL, &page.theme, err);
    if (status != NL_OK)
        return status;
    page.data = json_object();
    nl_data_set(page.data, "who", session->name);
    nl_data_set(page.data, "csrf", session->csrf);
    nl_data_set(page.data, "refresh", "");
    nl_data_set(page.data, "problem", "");
    if (strncmp(path, issue, sizeof issue - 1) == 0 &&
        nl_text_integer(path + sizeof issue - 1, &id) && id > 0)
        return post ? act(&page, request, path, id, session->name, response)
                    : show_issue(&page, request, id, response);
    if (!post && strcmp(path, "/") == 0)
        return show_overview(&page, response);
    if (!post && strncmp(path, list, sizeof list - 1) == 0)
        return show_list(&page, request, path + sizeof list - 1, response);
    return no_such_page(&page, request, response);
}
