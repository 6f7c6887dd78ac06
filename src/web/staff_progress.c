#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/zone.h"
#include "newsletter/report/figures.h"
#include "newsletter/template/data.h"
#include "web/progress_watch.h"
#include "web/staff_issue.h"

#include <stdlib.h>
#include <string.h>

/* How many may look on at once: one person with several windows, and all together. The rest reload
 * the page. The server has 100 connections (cli/cmd_serve.c). */
enum { LOOKS_OF_ONE = 6, LOOKS = 48, RETRY_SECONDS = 30, MINUTE = 60, SOON_SECONDS = 600 };

/* Somebody who looks on at an issue. */
struct nl_onlooker {
    struct nl_staff *staff;
    const struct nl_theme *theme;
    int64_t issue, draft;
    int64_t began; /* the page that it follows is as new as this */
    char *list;
    char name[NL_STAFF_NAME + 1];
    unsigned char session[NL_DIGEST_LEN];
    char csrf[NL_MAC_TEXT_LEN + 1];
    char last[NL_HEX_LEN]; /* the id of the event that the browser has */
    struct nl_onlooker *next;
};

/* ---- what is shown ---- */

static void set_number(json_t *data, const char *name, int64_t number) {
    json_object_set_new(data, name, json_integer((json_int_t)number));
}

static const char *text_of(const struct nl_theme *theme, const char *text) {
    return nl_catalog_text(theme->catalog, NULL, text);
}

static void add_labels(const struct nl_theme *theme, json_t *data) {
    static const char *const states[] = {"sent", "deferred", "bounced", "failed", "queued"};
    json_t *labels = json_object();
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        nl_data_set(labels, states[i], nl_figures_state_label(theme->catalog, states[i]));
    json_object_set_new(data, "label", labels);
}

static void add_counts(const struct nl_issue_progress *progress, json_t *data) {
    const struct nl_counts *counts = &progress->counts;
    json_t *now = json_object();
    set_number(now, "sent", counts->sent);
    set_number(now, "deferred", counts->deferred);
    set_number(now, "bounced", counts->bounced);
    set_number(now, "failed", counts->failed + counts->unknown);
    set_number(now, "queued", progress->total - progress->done - counts->deferred);
    json_object_set_new(data, "now", now);
    set_number(data, "processed", progress->done);
    set_number(data, "in_all", progress->total);
    json_object_set_new(data, "preparing",
                        progress->unfinished
                            ? json_pack("{s:I, s:I}", "made", (json_int_t)progress->made, "about",
                                        (json_int_t)progress->about)
                            : json_false());
}

static void add_providers(const struct nl_theme *theme, const struct nl_issue_progress *progress,
                          json_t *data) {
    json_t *rows = json_array();
    for (size_t i = 0; i < progress->provider_count; i++) {
        const struct nl_progress_provider *one = &progress->providers[i];
        json_t *row = json_object();
        bool others = i == NL_PROGRESS_PROVIDERS;
        nl_data_set(row, "domain", others ? text_of(theme, NL_TEXT("All others")) : one->domain);
        json_object_set_new(row, "others", json_boolean(others));
        set_number(row, "sent", one->sent);
        set_number(row, "queued", one->waiting);
        set_number(row, "deferred", one->deferred);
        set_number(row, "bounced", one->bounced);
        set_number(row, "failed", one->other);
        json_array_append_new(rows, row);
    }
    json_object_set_new(data, "any_providers", json_boolean(progress->provider_count > 0));
    json_object_set_new(data, "providers", rows);
}

static void add_time(const struct nl_issue_progress *progress, json_t *data) {
    char when[NL_ZONE_TEXT_LEN] = "";
    int64_t seconds = progress->scheduled_at - progress->at;
    bool waits = progress->state == NL_ISSUE_SCHEDULED;
    bool soon = waits && seconds < SOON_SECONDS;
    if (waits && !soon)
        nl_zone_text(progress->scheduled_at, "UTC", when);
    json_object_set_new(data, "soon", json_boolean(soon));
    json_object_set_new(data, "under_way", json_boolean(!waits));
    set_number(data, "seconds", seconds > 0 ? seconds : 0);
    nl_data_set(data, "when", when);
    bool going = progress->state == NL_ISSUE_SENDING;
    json_object_set_new(data, "rate_known", json_boolean(going));
    set_number(data, "per_minute", progress->per_minute);
    bool known = going && progress->seconds_left >= 0;
    json_object_set_new(data, "left_known", json_boolean(known && progress->seconds_left > MINUTE));
    json_object_set_new(data, "left_little",
                        json_boolean(known && progress->seconds_left <= MINUTE));
    set_number(data, "minutes_left", (progress->seconds_left + MINUTE - 1) / MINUTE);
}

/* Whether the page offers a button. */
static bool offers(const struct nl_issue_progress *progress, enum nl_issue_action action) {
    enum nl_action_result result = nl_issue_allows(progress->state, action);
    return result == NL_ACTION_DONE || result == NL_ACTION_WITHDRAWN;
}

void nl_progress_add(const struct nl_theme *theme, const struct nl_issue_progress *progress,
                     bool may_send, int64_t draft, json_t *data) {
    bool back = may_send && draft != 0 && offers(progress, NL_ISSUE_WITHDRAW);
    add_labels(theme, data);
    add_counts(progress, data);
    add_providers(theme, progress, data);
    add_time(progress, data);
    nl_data_set(data, "state_now",
                nl_figures_issue_label(theme->catalog, nl_issue_state_text(progress->state)));
    nl_data_set(data, "pause_reason", progress->note);
    json_object_set_new(
        data, "moving",
        json_boolean(progress->state == NL_ISSUE_SENDING || progress->state == NL_ISSUE_PAUSED));
    json_object_set_new(data, "can_pause",
                        json_boolean(may_send && offers(progress, NL_ISSUE_PAUSE)));
    json_object_set_new(data, "can_resume",
                        json_boolean(may_send && offers(progress, NL_ISSUE_RESUME)));
    json_object_set_new(data, "can_withdraw", json_boolean(back));
    json_object_set_new(data, "can_cancel",
                        json_boolean(may_send && !back && offers(progress, NL_ISSUE_CANCEL)));
}

/* ---- the stream ---- */

/* Whether the session lasts and the account may still see the list. A database that is busy at the
 * moment ends no stream: *known is false. */
static bool may_look_on(const struct nl_onlooker *self, enum nl_role *role, bool *known) {
    struct nl_store *store = self->staff->site->store;
    struct nl_error err = {0};
    bool lasts = false;
    enum nl_status status = nl_staff_session_lasts(store, self->session, self->name, &lasts, &err);
    if (status == NL_OK && lasts)
        status = nl_staff_role(store, self->name, self->list, role, &err);
    nl_error_free(&err);
    *known = status == NL_OK;
    return lasts && nl_role_may(*role, NL_POWER_LOOK);
}

static enum nl_status render(const struct nl_onlooker *self,
                             const struct nl_issue_progress *progress, enum nl_role role,
                             struct nl_buf *out, struct nl_error *err) {
    json_t *data = nl_site_data(self->staff->site, self->theme, NULL);
    struct nl_buf href = {0};
    nl_buf_addf(&href, "%s/issue/%lld", self->staff->site->prefix, (long long)self->issue);
    nl_data_set(data, "address", nl_buf_text(&href));
    nl_data_set(data, "csrf", self->csrf);
    bool may_send = nl_role_may(role, NL_POWER_SEND);
    const struct nl_office office = {self->staff->site->store, self->staff->site->config, NULL};
    nl_progress_add(self->theme, progress, may_send, self->draft, data);
    enum nl_status status =
        nl_canary_add_facts(self->theme, &office, progress, may_send, data, err);
    if (status == NL_OK)
        status = nl_theme_render(self->theme, "staff-progress.html", data, out, err);
    if (status == NL_OK)
        status = nl_theme_render(self->theme, "staff-canary.html", data, out, err);
    if (status == NL_OK)
        status = nl_theme_render(self->theme, "staff-issue-buttons.html", data, out, err);
    nl_buf_free(&href);
    json_decref(data);
    return status;
}

/* Each line of the text is a line of the event. */
static void add_event(struct nl_onlooker *self, const struct nl_buf *text, struct nl_buf *out) {
    char id[NL_HEX_LEN];
    const char *line = nl_buf_text(text);
    nl_digest_hex(line, text->len, id);
    if (strcmp(id, self->last) == 0)
        return;
    memcpy(self->last, id, sizeof id);
    nl_buf_addf(out, "id: %s\n", id);
    while (*line != '\0') {
        size_t len = strcspn(line, "\n");
        nl_buf_addf(out, "data: %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
    nl_buf_addc(out, '\n');
}

static bool end(struct nl_buf *out) {
    nl_buf_adds(out, "event: over\ndata: -\n\n"); /* an event without data does not count */
    return false;
}

static bool tell(void *ctx, struct nl_buf *out) {
    struct nl_onlooker *self = ctx;
    struct nl_issue_progress progress = {0};
    enum nl_role role = NL_ROLE_NONE;
    bool known = false;
    struct nl_buf text = {0};
    struct nl_error err = {0};
    if (!may_look_on(self, &role, &known))
        return known ? end(out) : true;
    if (!nl_progress_watch_read(self->staff->watch, self->issue, &progress) ||
        progress.at <= self->began)
        return true;
    if (!progress.found)
        return end(out);
    if (render(self, &progress, role, &text, &err) == NL_OK)
        add_event(self, &text, out);
    nl_buf_free(&text);
    nl_error_free(&err);
    return progress.state == NL_ISSUE_SENT || progress.state == NL_ISSUE_CANCELLED ? end(out)
                                                                                   : true;
}

static void leave(void *ctx) {
    struct nl_onlooker *self = ctx;
    struct nl_onlooker **link = &self->staff->onlookers;
    while (*link != NULL && *link != self)
        link = &(*link)->next;
    if (*link != NULL)
        *link = self->next;
    free(self->list);
    free(self);
}

static bool is_crowded(const struct nl_staff *staff, const char *name) {
    size_t all = 0;
    size_t own = 0;
    for (const struct nl_onlooker *one = staff->onlookers; one != NULL; one = one->next) {
        all++;
        own += strcmp(one->name, name) == 0;
    }
    return all >= LOOKS || own >= LOOKS_OF_ONE;
}

static struct nl_onlooker *new_onlooker(const struct nl_issue_page *page) {
    const struct nl_session *session = page->call->session;
    const char *last = nl_request_header(page->call->request, "Last-Event-ID");
    struct nl_onlooker *self = nl_calloc(1, sizeof *self);
    *self = (struct nl_onlooker){.staff = page->call->staff,
                                 .theme = page->call->theme,
                                 .issue = page->id,
                                 .began = nl_store_now(page->office.store),
                                 .draft = page->draft,
                                 .list = nl_strdup(page->list)};
    memcpy(self->name, session->name, sizeof self->name);
    memcpy(self->csrf, session->csrf, sizeof self->csrf);
    if (last != NULL && strlen(last) < sizeof self->last)
        memcpy(self->last, last, strlen(last) + 1);
    if (!nl_token_digest(nl_login_token(page->call->request), self->session)) {
        free(self->list);
        free(self);
        return NULL;
    }
    return self;
}

enum nl_status nl_progress_stream(struct nl_issue_page *page) {
    struct nl_staff *staff = page->call->staff;
    struct nl_response *response = page->response;
    if (staff->watch == NULL || is_crowded(staff, page->call->session->name)) {
        response->status = staff->watch == NULL ? 503 : 429;
        response->retry_after = RETRY_SECONDS;
        nl_buf_adds(&response->body, "Too many people are watching at once: reload the page.\n");
        return NL_OK;
    }
    struct nl_onlooker *self = new_onlooker(page);
    if (self == NULL)
        return nl_error_nomem(page->err);
    self->next = staff->onlookers;
    staff->onlookers = self;
    response->type = "text/event-stream; charset=utf-8";
    response->events = (struct nl_events){tell, leave, self};
    return NL_OK;
}
