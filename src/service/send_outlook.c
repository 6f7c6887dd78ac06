#include "newsletter/service/send_outlook.h"

#include "newsletter/base/language.h"
#include "newsletter/base/zone.h"
#include "newsletter/store/issue_control.h"
#include "newsletter/store/last_run.h"
#include "newsletter/store/throttle.h"
#include "service/send_health.h"

#include <string.h>

enum { HOUR = 3600 };

static int64_t when_of(const struct nl_office *office, const struct nl_draft_plan *plan) {
    return plan->at != 0 ? plan->at : nl_store_now(office->store);
}

/* ---- languages ---- */

/* The edition that somebody gets: as when it is sent (delivery/composer.c), the first of those that
 * serve equally well. */
static void count_language(const char *language, json_int_t people, json_t *editions) {
    size_t best = 0;
    size_t at = 0;
    json_t *one = NULL;
    enum nl_language_match match = NL_LANGUAGE_OTHER;
    json_array_foreach(editions, at, one) {
        const char *have = json_string_value(json_object_get(one, "language"));
        enum nl_language_match this =
            nl_language_match(language[0] != '\0' ? language : NULL, have);
        if (this > match) {
            match = this;
            best = at;
        }
    }
    one = json_array_get(editions, best);
    json_int_t before = json_integer_value(json_object_get(one, "people"));
    json_object_set_new(one, "people", json_integer(before + people));
}

static void add_languages(const json_t *count, struct nl_draft_plan *plan) {
    const struct nl_bulletin *bulletin = &plan->composed.bulletin;
    plan->languages = json_array();
    for (size_t i = 0; i < bulletin->view_count; i++)
        json_array_append_new(plan->languages,
                              json_pack("{s:s, s:i}", "language",
                                        nl_bulletin_edition(bulletin, i).language, "people", 0));
    size_t at = 0;
    const json_t *told = NULL;
    json_array_foreach(count, at, told) {
        count_language(json_string_value(json_object_get(told, "language")),
                       json_integer_value(json_object_get(told, "people")), plan->languages);
    }
}

/* ---- clocks ---- */

static void add_zone(const char *zone, int64_t people, json_t *zones) {
    size_t at = 0;
    while (at < json_array_size(zones) &&
           json_integer_value(json_object_get(json_array_get(zones, at), "people")) >= people)
        at++;
    json_array_insert_new(zones, at,
                          json_pack("{s:s, s:I}", "zone", zone, "people", (json_int_t)people));
}

static enum nl_status count_zone(const char *zone, int64_t people, void *ctx,
                                 struct nl_error *err) {
    struct nl_draft_plan *plan = ctx;
    int64_t at = 0;
    (void)err;
    if (zone[0] == '\0' || !nl_zone_time("2026-01-01T00:00", zone, &at))
        plan->without_zone += people;
    else
        add_zone(zone, people, plan->zones);
    return NL_OK;
}

/* ---- limits of the configuration ---- */

static void add_hours(const struct nl_office *office, const struct nl_draft_plan *plan) {
    struct nl_hours hours = {0};
    int64_t end = 0;
    const char *text = office->config->quiet.hours;
    if (text != NULL && nl_hours_parse(text, &hours) &&
        nl_hours_hold(&hours, office->config->quiet.timezone, when_of(office, plan), &end))
        nl_plan_hold(plan, "quiet", json_pack("{s:I}", "until", (json_int_t)end));
}

static void add_limits(const struct nl_office *office, const struct nl_draft_plan *plan) {
    int domains = 0;
    while (domains < NL_DOMAINS && office->config->limits.domains[domains].domain != NULL)
        domains++;
    if (office->config->limits.per_second > 0)
        nl_plan_hold(
            plan, "rate",
            json_pack("{s:I}", "per_second", (json_int_t)office->config->limits.per_second));
    if (domains > 0)
        nl_plan_hold(plan, "domains", json_pack("{s:i}", "count", domains));
}

/* The share of the day on which it goes out, less what has gone out today. */
static enum nl_status add_warm_up(const struct nl_office *office, const struct nl_draft_plan *plan,
                                  struct nl_error *err) {
    const struct nl_config *config = office->config;
    char day[NL_DAY_LEN + 1];
    int64_t tried = 0;
    int64_t at = when_of(office, plan);
    if (config->warm_up.since == NULL)
        return NL_OK;
    int64_t number = nl_zone_days_since(config->warm_up.since, at);
    if (number >= NL_WARM_UP_DAYS || (number >= 0 && config->warm_up.days[number] == 0))
        return NL_OK; /* it is over */
    nl_zone_today(at, day);
    enum nl_status status = nl_daily_tried(office->store, day, &tried, err);
    int64_t share = number < 0 ? 0 : config->warm_up.days[number];
    int64_t left = share > tried ? share - tried : 0;
    if (status == NL_OK && left < plan->people)
        nl_plan_hold(plan, "warm_up", json_pack("{s:I}", "left", (json_int_t)left));
    return status;
}

/* ---- other issues ---- */

struct others {
    const struct nl_office *office;
    struct nl_draft_plan *plan;
    int64_t ahead;
};

static json_t *name(const struct nl_issue_summary *issue) {
    return json_pack("{s:s, s:I, s:I}", "title", issue->title, "id", (json_int_t)issue->id, "at",
                     (json_int_t)issue->scheduled_at);
}

static enum nl_status add_sending(const struct nl_issue_summary *issue, void *ctx,
                                  struct nl_error *err) {
    struct others *others = ctx;
    struct nl_counts counts = {0};
    enum nl_status status = nl_issue_count(others->office->store, issue->id, &counts, err);
    others->ahead += counts.queued + counts.leased;
    return status;
}

static enum nl_status add_paused(const struct nl_issue_summary *issue, void *ctx,
                                 struct nl_error *err) {
    const struct others *others = ctx;
    const char *why = issue->pause_note != NULL ? issue->pause_note : NL_PAUSED_BY_HAND;
    json_t *facts = name(issue);
    (void)err;
    if (strcmp(why, NL_PAUSED_BY_HAND) != 0) {
        json_object_set_new(facts, "why", json_string(why));
        nl_plan_hold(others->plan, "stopped", facts);
    } else if (issue->list == others->plan->composed.list.id) {
        nl_plan_hold(others->plan, "paused", facts);
    } else {
        json_decref(facts);
    }
    return NL_OK;
}

static enum nl_status add_scheduled(const struct nl_issue_summary *issue, void *ctx,
                                    struct nl_error *err) {
    const struct others *others = ctx;
    bool earlier = issue->scheduled_at < when_of(others->office, others->plan);
    (void)err;
    if (issue->list == others->plan->composed.list.id)
        nl_plan_hold(others->plan, earlier ? "earlier" : "later", name(issue));
    return NL_OK;
}

static enum nl_status add_others(const struct nl_office *office, struct nl_draft_plan *plan,
                                 struct nl_error *err) {
    struct others others = {office, plan, 0};
    const struct nl_issue_filter sending = {.state = NL_ISSUE_SENDING};
    const struct nl_issue_filter paused = {.state = NL_ISSUE_PAUSED, .limit = 20};
    const struct nl_issue_filter scheduled = {.state = NL_ISSUE_SCHEDULED, .limit = 20};
    enum nl_status status = nl_issue_summaries(office->store, &sending, add_sending, &others, err);
    if (status == NL_OK && others.ahead > 0)
        nl_plan_hold(plan, "ahead", json_pack("{s:I}", "messages", (json_int_t)others.ahead));
    if (status == NL_OK)
        status = nl_issue_summaries(office->store, &paused, add_paused, &others, err);
    return status == NL_OK
               ? nl_issue_summaries(office->store, &scheduled, add_scheduled, &others, err)
               : status;
}

/* `serve` starts what was sent from its pages; all that is deferred waits for cron. */
static enum nl_status add_retry(const struct nl_office *office, const struct nl_draft_plan *plan,
                                struct nl_error *err) {
    int64_t last = 0;
    int64_t first = 0;
    enum nl_status status = nl_last_run_find(office->store, NL_RAN_RETRY, &last, err);
    if (status == NL_OK)
        status = nl_first_mail_find(office->store, &first, err);
    int64_t hours = (nl_store_now(office->store) - (last != 0 ? last : first)) / HOUR;
    if (status == NL_OK && (last != 0 || first != 0) && hours >= 1)
        nl_plan_hold(plan, "retry",
                     json_pack("{s:I}", "hours", (json_int_t)(last != 0 ? hours : -1)));
    return status;
}

enum nl_status nl_send_outlook(const struct nl_office *office, int64_t draft,
                               const struct nl_segment *segment, const json_t *count,
                               struct nl_draft_plan *plan, struct nl_error *err) {
    plan->holds = json_array();
    plan->zones = json_array();
    add_languages(count, plan);
    enum nl_status status = nl_issue_audience_zones(office->store, plan->composed.list.id, segment,
                                                    count_zone, plan, err);
    add_hours(office, plan);
    add_limits(office, plan);
    if (status == NL_OK)
        status = add_warm_up(office, plan, err);
    if (status == NL_OK)
        status = add_others(office, plan, err);
    if (status == NL_OK)
        status = add_retry(office, plan, err);
    return status == NL_OK ? nl_send_health(office, draft, segment, plan, err) : status;
}
