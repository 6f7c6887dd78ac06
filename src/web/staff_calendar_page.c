#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/base/zone.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/figures.h"
#include "newsletter/service/issues.h"
#include "newsletter/service/planner.h"
#include "newsletter/template/data.h"
#include "newsletter/template/dates.h"
#include "web/staff_common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WEEKS = 6, DAYS = 7, MONTH_TEXT = 8, YEAR_FIRST = 1970, YEAR_LAST = 9998 };
static const int64_t DAY = 86400;

/* A month as clocks in a zone count it. */
struct month {
    int year, month;
    const char *zone;           /* exists; "UTC" where none was asked for */
    int64_t grid;               /* the first day that is shown, as nl_datetime_seconds counts */
    char today[NL_DAY_LEN + 1]; /* in that zone */
};

/* Numbers come from outside or are counted, so compilers want to see that they fit. */
static void day_text(int64_t day, char out[NL_DAY_LEN + 1]) {
    struct nl_datetime at = {0};
    char text[48];
    nl_datetime_of(day, &at);
    snprintf(text, sizeof text, "%04d-%02d-%02d", at.year, at.month, at.day);
    memcpy(out, text, NL_DAY_LEN);
    out[NL_DAY_LEN] = '\0';
}

static void month_text(int year, int month, char out[MONTH_TEXT]) {
    char text[32];
    snprintf(text, sizeof text, "%04d-%02d", year, month);
    memcpy(out, text, MONTH_TEXT - 1);
    out[MONTH_TEXT - 1] = '\0';
}

static void clock_text(int64_t at, const char *zone, char day[NL_DAY_LEN + 1], char time[6]) {
    struct nl_datetime clock = {0};
    char text[32];
    nl_zone_clock(at, zone, &clock);
    day_text(nl_datetime_seconds(
                 &(struct nl_datetime){.year = clock.year, .month = clock.month, .day = clock.day}),
             day);
    snprintf(text, sizeof text, "%02d:%02d", clock.hour, clock.minute);
    memcpy(time, text, 5);
    time[5] = '\0';
}

static void read_month(const struct nl_staff_call *call, struct month *out) {
    struct nl_datetime day = {0};
    char text[16];
    char clock[6];
    const char *zone = nl_zone_find(nl_site_asked(call->request, "zone"));
    const char *wanted = nl_site_asked(call->request, "month");
    *out = (struct month){.zone = zone != NULL && zone[0] != '\0' ? zone : "UTC"};
    clock_text(nl_store_now(call->staff->site->store), out->zone, out->today, clock);
    snprintf(text, sizeof text, "%.7s-01", wanted);
    if (strlen(wanted) != MONTH_TEXT - 1 || !nl_datetime_is_day(text) ||
        !nl_datetime_read(text, &day) || day.year < YEAR_FIRST || day.year > YEAR_LAST)
        nl_datetime_read(out->today, &day);
    out->year = day.year;
    out->month = day.month;
    int64_t first =
        nl_datetime_seconds(&(struct nl_datetime){.year = day.year, .month = day.month, .day = 1});
    out->grid = first - (first / DAY + 3) % DAYS * DAY; /* 1970 began on a Thursday */
}

/* ---- what is planned ---- */

/* Takes out what the account may not see, and says which it may move. */
static enum nl_status keep_visible(struct nl_staff_call *call, json_t *issues,
                                   struct nl_error *err) {
    enum nl_status status = NL_OK;
    struct nl_buf last = {0};
    bool look = false;
    bool send = false;
    for (size_t i = json_array_size(issues); status == NL_OK && i > 0; i--) {
        json_t *issue = json_array_get(issues, i - 1);
        const char *list = nl_facts_word(issue, "list");
        if (strcmp(nl_buf_text(&last), list) != 0) {
            nl_buf_clear(&last);
            nl_buf_adds(&last, list);
            status = nl_staff_may(call->staff, call->session, list, NL_POWER_LOOK, &look, err);
            if (status == NL_OK)
                status = nl_staff_may(call->staff, call->session, list, NL_POWER_SEND, &send, err);
        }
        bool planned = strcmp(nl_facts_word(issue, "state"), "scheduled") == 0;
        json_object_set_new(issue, "can_move", json_boolean(send && planned));
        if (!look)
            json_array_remove(issues, i - 1);
    }
    nl_buf_free(&last);
    return status;
}

static void describe(const struct nl_staff_call *call, const struct month *month, json_t *issue) {
    char day[NL_DAY_LEN + 1];
    char time[6];
    char value[NL_DAY_LEN + 8];
    const char *local = json_string_value(json_object_get(issue, "local_time"));
    bool own = local != NULL && strlen(local) >= 16 &&
               strcmp(nl_facts_word(issue, "state"), "scheduled") == 0;
    clock_text(nl_facts_number(issue, "at"), month->zone, day, time);
    if (own) {
        snprintf(day, sizeof day, "%.10s", local);
        snprintf(time, sizeof time, "%.5s", local + NL_DAY_LEN + 1);
    }
    snprintf(value, sizeof value, "%sT%s", day, time);
    nl_data_set(issue, "day", day);
    nl_data_set(issue, "time", time);
    nl_data_set(issue, "value", value);
    json_object_set_new(issue, "own_clock", json_boolean(own));
    nl_data_set(issue, "state_label",
                nl_figures_issue_label(call->theme->catalog, nl_facts_word(issue, "state")));
}

/* ---- the grid ---- */

static json_t *day_of(const struct month *month, int64_t at, const json_t *issues) {
    struct nl_datetime date = {0};
    char text[NL_DAY_LEN + 1];
    json_t *items = json_array();
    json_t *issue = NULL;
    size_t i = 0;
    nl_datetime_of(at, &date);
    day_text(at, text);
    json_array_foreach(issues, i, issue) if (strcmp(nl_facts_word(issue, "day"), text) == 0)
        json_array_append(items, issue);
    json_t *day = json_pack("{s:s, s:i, s:b, s:b, s:b}", "date", text, "number", date.day,
                            "outside", date.month != month->month, "today",
                            strcmp(text, month->today) == 0, "any", json_array_size(items) > 0);
    json_object_set_new(day, "items", items);
    return day;
}

static void add_grid(const struct nl_staff_call *call, const struct month *month,
                     const json_t *issues) {
    json_t *weeks = json_array();
    json_t *weekdays = json_array();
    for (int i = 0; i < DAYS; i++)
        json_array_append_new(weekdays, json_string(nl_date_weekday(call->theme, i)));
    for (int week = 0; week < WEEKS; week++) {
        json_t *days = json_array();
        for (int i = 0; i < DAYS; i++)
            json_array_append_new(days,
                                  day_of(month, month->grid + (week * DAYS + i) * DAY, issues));
        json_array_append_new(weeks, json_pack("{s:o}", "days", days));
    }
    json_object_set_new(call->data, "weekdays", weekdays);
    json_object_set_new(call->data, "weeks", weeks);
}

static void add_frame(const struct nl_staff_call *call, const struct month *month) {
    char text[MONTH_TEXT];
    struct nl_buf name = {0};
    json_t *data = call->data;
    nl_date_month(call->theme, month->year, month->month, &name);
    nl_data_set(data, "heading", nl_staff_text(call, NL_TEXT("Calendar")));
    nl_data_set(data, "desk", "desk");
    nl_data_set(data, "month_name", nl_buf_text(&name));
    nl_data_set(data, "zone", month->zone);
    month_text(month->year, month->month, text);
    nl_data_set(data, "month", text);
    month_text(month->month > 1 ? month->year : month->year - 1,
               month->month > 1 ? month->month - 1 : 12, text);
    nl_data_set(data, "earlier", text);
    month_text(month->month < 12 ? month->year : month->year + 1,
               month->month < 12 ? month->month + 1 : 1, text);
    nl_data_set(data, "later", text);
    nl_buf_free(&name);
}

static enum nl_status show(struct nl_staff_call *call, struct nl_response *response,
                           struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    struct month month;
    json_t *issues = NULL;
    json_t *issue = NULL;
    size_t at = 0;
    read_month(call, &month);
    /* Zones differ by more than half a day from UTC: a day more on both sides. */
    enum nl_status status = nl_office_calendar(&office, month.grid - 2 * DAY,
                                               month.grid + (WEEKS * DAYS + 2) * DAY, &issues, err);
    if (status == NL_OK)
        status = keep_visible(call, issues, err);
    if (status == NL_OK) {
        json_array_foreach(issues, at, issue) describe(call, &month, issue);
        add_frame(call, &month);
        add_grid(call, &month, issues);
        if (strcmp(nl_site_asked(call->request, "moved"), "1") == 0)
            nl_staff_say(call, "done", NL_TEXT("The issue has another time now."));
        nl_staff_show_rows(call, "issues", json_incref(issues));
    }
    json_decref(issues);
    return nl_staff_finish(call, status, "staff-calendar.html", response, err);
}

enum nl_status nl_calendar_page(struct nl_staff_call *call, struct nl_response *response,
                                struct nl_error *err) {
    return show(call, response, err);
}

/* ---- moving ---- */

static enum nl_status may_move(struct nl_staff_call *call, int64_t issue, bool *visible, bool *send,
                               struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    char *list = NULL;
    enum nl_status status = nl_office_issue_list(&office, issue, &list, err);
    *visible = *send = false;
    if (status == NL_OK && list != NULL)
        status = nl_staff_may(call->staff, call->session, list, NL_POWER_LOOK, visible, err);
    if (status == NL_OK && *visible)
        status = nl_staff_may(call->staff, call->session, list, NL_POWER_SEND, send, err);
    free(list);
    return status;
}

static enum nl_status move(struct nl_staff_call *call, int64_t issue, struct nl_response *response,
                           struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    struct nl_calendar_move change = {.issue = issue,
                                      .at = nl_site_asked(call->request, "at"),
                                      .zone = nl_site_asked(call->request, "zone")};
    int64_t at = 0;
    enum nl_status status =
        nl_text_integer(nl_site_asked(call->request, "from"), &change.from)
            ? nl_office_calendar_move(&office, &change, &at, err)
            : nl_error_set(err, NL_DATA, "the form lacks the time that the issue has");
    if (status == NL_OK && call->staff->sender != NULL)
        nl_mailer_wake_at(call->staff->sender, at);
    if (status != NL_OK) {
        int wrong = status == NL_EXISTS ? 409 : 422;
        if (!nl_staff_explains(call, status, response, err)) {
            json_decref(call->data);
            return status;
        }
        response->status = wrong;
        return show(call, response, err);
    }
    struct nl_datetime clock = {0};
    char path[120];
    const char *zone = nl_zone_find(change.zone);
    nl_zone_clock(at, zone, &clock);
    snprintf(path, sizeof path, "/calendar?month=%04d-%02d&zone=%.60s&moved=1", clock.year,
             clock.month, zone != NULL ? zone : "UTC");
    json_decref(call->data);
    return nl_staff_redirect(call->staff, path, response, err);
}

enum nl_status nl_calendar_act(struct nl_staff_call *call, struct nl_response *response,
                               struct nl_error *err) {
    int64_t issue = 0;
    bool visible = false;
    bool send = false;
    bool known = nl_text_integer(nl_site_asked(call->request, "issue"), &issue) && issue > 0;
    enum nl_status status = known ? may_move(call, issue, &visible, &send, err) : NL_OK;
    if (status != NL_OK) {
        json_decref(call->data);
        return status;
    }
    if (!visible)
        return nl_staff_no_page(call, response, err);
    return send ? move(call, issue, response, err) : nl_staff_forbidden(call, response, err);
}
