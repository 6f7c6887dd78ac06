#include "newsletter/report/figures.h"
#include "newsletter/base/memory.h"

#include "newsletter/report/facts.h"
#include "newsletter/store/statistics.h"
#include "newsletter/template/data.h"
#include "report/chart.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_SHOWN = 15, ADDRESSES_SHOWN = 100, PERIODS = 200, DAY = 86400 };

/* The order is that in which charts draw the states; the index is the number of the colour. */
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

const char *nl_figures_state_label(const struct nl_catalog *catalog, const char *state) {
    for (size_t i = 0; i < STATES; i++)
        if (strcmp(states[i].state, state) == 0)
            return nl_catalog_text(catalog, "delivery", states[i].label);
    return state;
}

const char *nl_figures_issue_label(const struct nl_catalog *catalog, const char *state) {
    for (size_t i = 0; i < sizeof issue_states / sizeof issue_states[0]; i++)
        if (strcmp(issue_states[i].state, state) == 0)
            return nl_catalog_text(catalog, "issue", issue_states[i].label);
    return state;
}

static const char *translated(const struct nl_figures *self, const char *text) {
    return nl_catalog_text(self->theme->catalog, NULL, text);
}

static void set_count(json_t *object, const char *name, int64_t value) {
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

void nl_figures_set_time(json_t *object, const char *name, const json_t *from, const char *member) {
    char text[17] = "";
    const char *value = nl_facts_word(from, member);
    if (strlen(value) >= 16) {
        memcpy(text, value, 16);
        text[10] = ' ';
    }
    nl_data_set(object, name, text);
}

static void set_chart(const struct nl_figures *self, const char *name, struct nl_buf *chart) {
    nl_data_set(self->data, name, nl_buf_text(chart));
    nl_buf_free(chart);
}

/* ---- growth ---- */

struct growth {
    struct nl_chart_point *points;
    size_t count, room;
    int64_t now;
};

static void add_point(struct growth *growth, int64_t at, int64_t value) {
    if (growth->count == growth->room) {
        size_t room = growth->room > 0 ? 2 * growth->room : 256;
        growth->points = nl_realloc(growth->points, room * sizeof *growth->points);
        growth->room = room;
    }
    growth->points[growth->count++] = (struct nl_chart_point){at, value};
}

static enum nl_status add_growth_point(int64_t day, int64_t joined, int64_t left, int64_t active,
                                       void *ctx, struct nl_error *err) {
    struct growth *growth = ctx;
    (void)joined;
    (void)left;
    (void)err;
    /* Steps, since a day's number is known only as a whole; the first one rises from zero. */
    int64_t before = growth->count > 0 ? growth->points[growth->count - 1].value : 0;
    if (growth->count == 0)
        add_point(growth, day - DAY, 0);
    add_point(growth, day, before);
    add_point(growth, day, active);
    return NL_OK;
}

/* Draws the number of subscribers until the end of today: a day's number is that at its end. */
enum nl_status nl_figures_growth(const struct nl_figures *self, int64_t list) {
    int64_t today = nl_store_now(self->store) / DAY;
    struct growth growth = {.now = (today + 1) * DAY};
    struct nl_buf chart = {0};
    enum nl_status status =
        nl_statistics_growth(self->store, list, add_growth_point, &growth, self->err);
    if (status == NL_OK && growth.count > 0 && growth.points[growth.count - 1].at < growth.now)
        add_point(&growth, growth.now, growth.points[growth.count - 1].value);
    if (status == NL_OK)
        nl_chart_line(translated(self, NL_TEXT("Subscribers over time")), growth.points,
                      growth.count, &chart);
    set_chart(self, "growth", &chart);
    free(growth.points);
    return status;
}

/* ---- one issue ---- */

void nl_figures_row(const struct nl_figures *self, json_t *issue) {
    const json_t *counts = json_object_get(issue, "deliveries");
    const json_t *making = json_object_get(issue, "being_made");
    const char *state = nl_facts_word(issue, "state");
    int64_t total = 0;
    for (size_t i = 0; i < STATES; i++)
        total += nl_facts_number(counts, states[i].state);
    int64_t left = nl_facts_number(counts, "queued") + nl_facts_number(counts, "leased") +
                   nl_facts_number(counts, "deferred");
    bool going = strcmp(state, "sending") == 0 || strcmp(state, "paused") == 0;
    set_count(issue, "done", total - left);
    total += nl_facts_number(making, "about") - nl_facts_number(making, "made");
    set_count(issue, "total", total);
    json_object_set_new(issue, "going", json_boolean(going));
    nl_figures_set_time(issue, "since", issue, "created_at");
    nl_data_set(issue, "state_label", nl_figures_issue_label(self->theme->catalog, state));
}

/* Deliveries by state, with the number that charts draw each in. */
static void add_states(const struct nl_figures *self, const json_t *issue) {
    json_t *rows = json_array();
    for (size_t i = 0; i < STATES; i++) {
        json_t *row = json_object();
        nl_data_set(row, "label",
                    nl_catalog_text(self->theme->catalog, "delivery", states[i].label));
        set_count(row, "part", (int64_t)i);
        set_count(row, "count",
                  nl_facts_number(json_object_get(issue, "deliveries"), states[i].state));
        json_array_append_new(rows, row);
    }
    json_object_set_new(self->data, "states", rows);
}

static enum nl_status add_domains(const struct nl_figures *self, int64_t issue) {
    struct nl_chart_bar bars[ROWS_SHOWN] = {0};
    struct nl_buf chart = {0};
    json_t *domains = json_array();
    enum nl_status status = nl_facts_domains(self->store, issue, ROWS_SHOWN, domains, self->err);
    size_t count = json_array_size(domains);
    for (size_t i = 0; i < count && i < ROWS_SHOWN; i++) {
        json_t *domain = json_array_get(domains, i);
        json_t *cells = json_array();
        bars[i].label = nl_facts_word(domain, "domain");
        for (size_t part = 0; part < STATES; part++) {
            bars[i].parts[part] =
                nl_facts_number(json_object_get(domain, "deliveries"), states[part].state);
            json_array_append_new(cells, json_integer((json_int_t)bars[i].parts[part]));
        }
        json_object_set_new(domain, "cells", cells);
    }
    nl_chart_bars(translated(self, NL_TEXT("Deliveries by domain")), bars, count, &chart);
    set_chart(self, "domain_chart", &chart);
    json_object_set_new(self->data, "domains", domains);
    return status;
}

/* The reasons of src/inbound/patterns.txt in words. */
static const struct {
    const char *name, *label;
} reason_labels[] =
    {
        {"undetermined", NL_TEXT_IN("reason", "Unknown reason")},
        {"no-such-user", NL_TEXT_IN("reason", "No such user")},
        {"no-such-domain", NL_TEXT_IN("reason", "No such domain")},
        {"moved", NL_TEXT_IN("reason", "Address has changed")},
        {"disabled", NL_TEXT_IN("reason", "Mailbox is closed")},
        {"mailbox-full", NL_TEXT_IN("reason", "Mailbox is full")},
        {"too-large", NL_TEXT_IN("reason", "Message is too large")},
        {"content", NL_TEXT_IN("reason", "Content was refused")},
        {"blocked", NL_TEXT_IN("reason", "Sender is blocked")},
        {"policy", NL_TEXT_IN("reason", "Refused by policy")},
        {"rate", NL_TEXT_IN("reason", "Too many messages at once")},
        {"network", NL_TEXT_IN("reason", "Network problem")},
        {"system", NL_TEXT_IN("reason", "Server problem")},
        {"expired", NL_TEXT_IN("reason", "Not delivered in time")},
        {"complaint", NL_TEXT_IN("reason", "Complaint")},
        /* Refusals have the status of RFC 3463. */
        {"5.1.1", NL_TEXT_IN("reason", "No such user")},
        {"5.1.2", NL_TEXT_IN("reason", "No such domain")},
        {"5.1.6", NL_TEXT_IN("reason", "Address has changed")},
        {"5.2.1", NL_TEXT_IN("reason", "Mailbox is closed")},
        {"5.2.2", NL_TEXT_IN("reason", "Mailbox is full")},
        {"5.2.3", NL_TEXT_IN("reason", "Message is too large")},
        {"5.3.4", NL_TEXT_IN("reason", "Message is too large")},
        {"5.7.1", NL_TEXT_IN("reason", "Refused by policy")},
},
  kind_labels[] = {
      {"hard", NL_TEXT_IN("reason", "Permanent")},
      {"soft", NL_TEXT_IN("reason", "Temporary")},
      {"refused", NL_TEXT_IN("reason", "Refused at once")},
      {"complaint", NL_TEXT_IN("reason", "Complaint")},
};

static void add_reason_label(const struct nl_catalog *catalog, const char *name,
                             struct nl_buf *out) {
    for (size_t i = 0; i < sizeof reason_labels / sizeof reason_labels[0]; i++)
        if (strcmp(reason_labels[i].name, name) == 0)
            nl_buf_adds(out, nl_catalog_text(catalog, "reason", reason_labels[i].label));
    if (out->len == 0)
        nl_buf_adds(out, name);
    else if (strspn(name, "0123456789.") == strlen(name))
        nl_buf_addf(out, " (%s)", name);
}

void nl_figures_label_reason(const struct nl_catalog *catalog, json_t *reason) {
    const char *kind = nl_facts_word(reason, "kind");
    struct nl_buf label = {0};
    add_reason_label(catalog, nl_facts_word(reason, "reason"), &label);
    nl_data_set(reason, "label", nl_buf_text(&label));
    nl_data_set(reason, "kind_label", kind);
    for (size_t i = 0; i < sizeof kind_labels / sizeof kind_labels[0]; i++)
        if (strcmp(kind_labels[i].name, kind) == 0)
            nl_data_set(reason, "kind_label",
                        nl_catalog_text(catalog, "reason", kind_labels[i].label));
    nl_buf_free(&label);
}

static enum nl_status add_reasons(const struct nl_figures *self, int64_t issue) {
    struct nl_chart_bar bars[ROWS_SHOWN] = {0};
    struct nl_buf chart = {0};
    json_t *reasons = json_array();
    enum nl_status status = nl_facts_reasons(self->store, issue, reasons, self->err);
    size_t count = json_array_size(reasons);
    size_t shown = count < ROWS_SHOWN ? count : ROWS_SHOWN;
    for (size_t i = 0; i < count; i++) {
        json_t *reason = json_array_get(reasons, i);
        nl_figures_label_reason(self->theme->catalog, reason);
        if (i >= shown)
            continue;
        bars[i].label = nl_facts_word(reason, "label");
        bars[i].parts[4] = nl_facts_number(reason, "count"); /* drawn as bounced */
    }
    nl_chart_bars(translated(self, NL_TEXT("Bounced and refused, by reason")), bars, shown, &chart);
    set_chart(self, "reason_chart", &chart);
    json_object_set_new(self->data, "reasons", reasons);
    return status;
}

struct course {
    struct growth points;
    int64_t seconds; /* of a period */
    int64_t sent;
};

static enum nl_status add_course_point(int64_t from, const char *state, int64_t count, void *ctx,
                                       struct nl_error *err) {
    struct course *course = ctx;
    (void)err;
    if (strcmp(state, "sent") != 0)
        return NL_OK;
    if (course->points.count == 0)
        add_point(&course->points, from, 0);
    course->sent += count;
    add_point(&course->points, from + course->seconds, course->sent);
    return NL_OK;
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

/* Draws the number of sent messages over the time of sending. */
static enum nl_status add_course(const struct nl_figures *self, int64_t issue) {
    const struct nl_issue_filter filter = {.id = issue};
    struct span span = {.to = nl_store_now(self->store)};
    struct course course = {0};
    struct nl_buf chart = {0};
    enum nl_status status = nl_issue_summaries(self->store, &filter, take_span, &span, self->err);
    int64_t seconds = (span.to - span.from) / PERIODS + 1;
    course.seconds = seconds;
    if (status == NL_OK)
        status = nl_statistics_timeline(self->store, issue, seconds, add_course_point, &course,
                                        self->err);
    if (status == NL_OK)
        nl_chart_line(translated(self, NL_TEXT("Sending progress")), course.points.points,
                      course.points.count, &chart);
    set_chart(self, "course", &chart);
    free(course.points.points);
    return status;
}

/* Lists the first recipients who did not get the issue. */
static enum nl_status add_addresses(const struct nl_figures *self, int64_t issue) {
    static const enum nl_delivery_state shown[] = {NL_DELIVERY_BOUNCED, NL_DELIVERY_FAILED,
                                                   NL_DELIVERY_UNKNOWN, NL_DELIVERY_DEFERRED};
    json_t *rows = json_array();
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof shown / sizeof shown[0]; i++) {
        size_t left = ADDRESSES_SHOWN - json_array_size(rows);
        if (left > 0)
            status = nl_facts_deliveries(self->store, issue, shown[i], 0, (int64_t)left, rows,
                                         self->err);
    }
    size_t at = 0;
    json_t *row = NULL;
    json_array_foreach(rows, at, row) {
        for (size_t i = 0; i < STATES; i++)
            if (strcmp(states[i].state, nl_facts_word(row, "state")) == 0)
                nl_data_set(row, "label",
                            nl_catalog_text(self->theme->catalog, "delivery", states[i].label));
        nl_data_set(row, "reply", nl_facts_word(row, "reply_text"));
    }
    json_object_set_new(self->data, "has_addresses", json_boolean(json_array_size(rows) > 0));
    json_object_set_new(self->data, "addresses", rows);
    return status;
}

enum nl_status nl_figures_issue(const struct nl_figures *self, const json_t *issue) {
    int64_t id = nl_facts_number(issue, "id");
    int64_t unsubscribed = 0;
    add_states(self, issue);
    enum nl_status status = nl_statistics_unsubscribed(self->store, id, &unsubscribed, self->err);
    set_count(self->data, "unsubscribed", unsubscribed);
    if (status == NL_OK)
        status = add_course(self, id);
    if (status == NL_OK)
        status = add_domains(self, id);
    if (status == NL_OK)
        status = add_reasons(self, id);
    return status == NL_OK ? add_addresses(self, id) : status;
}
