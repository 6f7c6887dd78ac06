#include "delivery/pace.h"

#include "newsletter/store/throttle.h"

#include <string.h>

static const char ALL[] = "all";

/* *left is what is left of today's share; -1 for any number. */
static enum nl_status left_today(struct nl_pace *pace, struct nl_store *store, int64_t *left,
                                 struct nl_error *err) {
    const struct nl_config *config = pace->config;
    int64_t now = nl_store_now(store);
    int64_t tried = 0;
    int64_t day = 0;
    *left = -1;
    if (config->warm_up.since == NULL)
        return NL_OK;
    nl_zone_today(now, pace->day);
    day = nl_zone_days_since(config->warm_up.since, now);
    if (day >= NL_WARM_UP_DAYS || (day >= 0 && config->warm_up.days[day] == 0))
        return NL_OK; /* the warm-up is over */
    enum nl_status status = nl_daily_tried(store, pace->day, &tried, err);
    int64_t share = day < 0 ? 0 : config->warm_up.days[day];
    *left = share > tried ? share - tried : 0;
    return status;
}

static int64_t next_midnight(int64_t now) {
    char day[NL_DAY_LEN + 1];
    char today[NL_DAY_LEN + 1];
    int64_t at = now - now % 900 + 900; /* zones differ by quarters of an hour */
    nl_zone_today(now, today);
    for (nl_zone_today(at, day); strcmp(day, today) == 0; nl_zone_today(at, day))
        at += 900;
    return at;
}

static bool is_quiet(const struct nl_config *config, int64_t now, int64_t *end) {
    struct nl_hours hours = {0};
    return config->quiet.hours != NULL && nl_hours_parse(config->quiet.hours, &hours) &&
           nl_hours_hold(&hours, config->quiet.timezone, now, end);
}

enum nl_status nl_pace_room(struct nl_pace *pace, struct nl_store *store, size_t most, size_t *room,
                            int64_t *not_before, struct nl_pause_reason *reason,
                            struct nl_error *err) {
    int64_t now = nl_store_now(store);
    int64_t per_second = pace->config->limits.per_second;
    int64_t free = (int64_t)most;
    int64_t left = -1;
    *room = 0;
    *not_before = 0;
    if (pace->issue && is_quiet(pace->config, now, &reason->until)) {
        reason->text = "quiet hours";
        return NL_OK;
    }
    enum nl_status status = left_today(pace, store, &left, err);
    if (status != NL_OK)
        return status;
    if (pace->issue && left == 0) {
        *reason = (struct nl_pause_reason){"the messages of this day (warm_up) have gone out",
                                           next_midnight(now)};
        return NL_OK;
    }
    if (pace->issue && left > 0 && left < free)
        free = left;
    if (per_second > 0) {
        int64_t allowed = 0;
        status = nl_throttle_room(store, ALL, per_second, &allowed, err);
        if (allowed < free)
            free = allowed;
        if (free == 0)
            *not_before = now + 1;
    }
    *room = (size_t)free;
    return status;
}

enum nl_status nl_pace_spend(const struct nl_pace *pace, struct nl_store *store, int64_t count,
                             struct nl_error *err) {
    int64_t per_second = pace->config->limits.per_second;
    enum nl_status status = NL_OK;
    if (count != 0 && per_second > 0)
        status = nl_throttle_spend(store, ALL, per_second, count, err);
    if (status == NL_OK && count != 0 && pace->day[0] != '\0')
        status = nl_daily_add(store, pace->day, count, err);
    return status;
}

const struct nl_domain_limit *nl_pace_limit(const struct nl_pace *pace, const char *domain) {
    const struct nl_domain_limit *others = NULL;
    for (size_t i = 0; i < NL_DOMAINS && pace->config->limits.domains[i].domain != NULL; i++) {
        const struct nl_domain_limit *limit = &pace->config->limits.domains[i];
        if (strcmp(limit->domain, domain) == 0)
            return limit;
        if (strcmp(limit->domain, "*") == 0)
            others = limit;
    }
    return others;
}

enum nl_status nl_pace_domain(struct nl_store *store, const struct nl_domain_limit *limit,
                              const char *domain, int64_t *at, struct nl_error *err) {
    struct nl_buf name = {0};
    *at = 0;
    if (limit->per_second == 0)
        return NL_OK;
    nl_buf_addf(&name, "domain %s", domain);
    enum nl_status status =
        nl_throttle_reserve(store, nl_buf_text(&name), limit->per_second, at, err);
    nl_buf_free(&name);
    return status;
}
