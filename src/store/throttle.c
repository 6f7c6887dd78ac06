#include "newsletter/store/throttle.h"

#include "newsletter/db/sql.h"
#include "store/waiting.h"

enum { MICRO = 1000000 };

/* Until the transaction ends, no other process changes what is read here before it is written. */
static enum nl_status reserve_rate(struct nl_store *store, struct nl_error *err) {
    static const char sql[] = "SELECT 1 /*+ FROM (SELECT pg_advisory_xact_lock(hashtext("
                              "'newsletter ' || current_schema()), 2)) AS reserved */";
    return nl_sql_once(store, sql, err);
}

/* The time until which the rate is used up, but not earlier than a second ago: that much may be
 * made up for; and not later than `latest`, if the clock was put back. */
static enum nl_status read_time(struct nl_store *store, const char *name, int64_t latest,
                                int64_t *at, struct nl_error *err) {
    int64_t earliest = (nl_store_now(store) - 1) * MICRO;
    enum nl_status status = reserve_rate(store, err);
    if (status == NL_OK)
        status = nl_sql_number(store, err, at, NULL, "SELECT at FROM throttle WHERE name = ?",
                               NL_VALUES(NL_STRING(name)));
    if (*at < earliest || *at > latest)
        *at = earliest;
    return status;
}

/* A burst never runs ahead of the clock by more than one second. */
static int64_t soon(const struct nl_store *store) {
    return (nl_store_now(store) + 2) * MICRO;
}

static enum nl_status write_time(struct nl_store *store, const char *name, int64_t at,
                                 struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO throttle (name, at) VALUES (?1, ?2) "
                      "ON CONFLICT (name) DO UPDATE SET at = ?2",
                      NL_VALUES(NL_STRING(name), NL_INT(at)));
}

enum nl_status nl_throttle_room(struct nl_store *store, const char *name, int64_t per_second,
                                int64_t *room, struct nl_error *err) {
    int64_t at = 0;
    enum nl_status status = read_time(store, name, soon(store), &at, err);
    int64_t free = nl_store_now(store) * MICRO - at;
    *room = free > 0 ? free * per_second / MICRO : 0;
    return status;
}

enum nl_status nl_throttle_spend(struct nl_store *store, const char *name, int64_t per_second,
                                 int64_t count, struct nl_error *err) {
    int64_t at = 0;
    if (count == 0)
        return NL_OK;
    enum nl_status status = read_time(store, name, soon(store), &at, err);
    return status == NL_OK ? write_time(store, name, at + count * MICRO / per_second, err) : status;
}

/* The last time until which a rate can be used up by those who wait for it; later ones come from a
 * process whose clock was ahead. They are counted only where the time is far off. */
static enum nl_status latest_turn(struct nl_store *store, const char *name, int64_t per_second,
                                  int64_t *latest, struct nl_error *err) {
    enum { NEAR = 600 };
    int64_t at = 0;
    int64_t waiting = 0;
    *latest = INT64_MAX;
    enum nl_status status =
        nl_sql_number(store, err, &at, NULL, "SELECT at FROM throttle WHERE name = ?",
                      NL_VALUES(NL_STRING(name)));
    if (status != NL_OK || at <= (nl_store_now(store) + NEAR) * MICRO)
        return status;
    status = nl_sql_number(store, err, &waiting, NULL, NL_ISSUES_WAITING, NL_NO_VALUES);
    *latest = (nl_store_now(store) + NEAR) * MICRO + waiting * MICRO / per_second;
    return status;
}

enum nl_status nl_throttle_reserve(struct nl_store *store, const char *name, int64_t per_second,
                                   int64_t *at, struct nl_error *err) {
    int64_t until = 0;
    int64_t latest = 0;
    enum nl_status status = latest_turn(store, name, per_second, &latest, err);
    if (status == NL_OK)
        status = read_time(store, name, latest, &until, err);
    until += MICRO / per_second;
    *at = (until + MICRO - 1) / MICRO;
    return status == NL_OK ? write_time(store, name, until, err) : status;
}

enum nl_status nl_daily_tried(struct nl_store *store, const char *day, int64_t *tried,
                              struct nl_error *err) {
    enum nl_status status = reserve_rate(store, err);
    return status == NL_OK
               ? nl_sql_number(store, err, tried, NULL, "SELECT tried FROM daily WHERE day = ?",
                               NL_VALUES(NL_STRING(day)))
               : status;
}

enum nl_status nl_daily_add(struct nl_store *store, const char *day, int64_t count,
                            struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO daily (day, tried) VALUES (?1, ?2) "
                      "ON CONFLICT (day) DO UPDATE SET tried = daily.tried + ?2",
                      NL_VALUES(NL_STRING(day), NL_INT(count)));
}

enum nl_status nl_throttle_forget(struct nl_store *store, struct nl_error *err) {
    enum { A_DAY = 86400, DAYS_KEPT = 400 };
    int64_t now = nl_store_now(store);
    enum nl_status status = nl_sql_run(store, err, "DELETE FROM throttle WHERE at < ?",
                                       NL_VALUES(NL_INT((now - A_DAY) * MICRO)));
    return status == NL_OK ? nl_sql_run(store, err,
                                        "DELETE FROM daily WHERE day NOT IN (SELECT day FROM daily "
                                        "ORDER BY day DESC LIMIT ?)",
                                        NL_VALUES(NL_INT(DAYS_KEPT)))
                           : status;
}
