#include "newsletter/store/prune.h"

#include "newsletter/base/buf.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/delivery.h"
#include "newsletter/store/person.h"
#include "newsletter/store/reputation.h"
#include "newsletter/store/throttle.h"
#include "store/person_row.h"
#include "store/unconfirmed.h"

struct call {
    const struct nl_retention *retention;
    bool dry_run;
    struct nl_pruned *out;
};

/* Before when; 0 for nothing at all. */
static int64_t limit(const struct nl_store *store, int64_t seconds) {
    return seconds > 0 ? nl_store_now(store) - seconds : 0;
}

#define OLD_EVENTS "FROM event WHERE at < ?"
#define OLD_LINKS "FROM confirmation WHERE coalesce(used_at, expires_at) < ?"
#define OLD_IPS                                                                                    \
    "subscription WHERE consent_ip IS NOT NULL AND state NOT IN ('active', 'pending') AND "        \
    "ended_at < ?"

static enum nl_status prune_kind(struct nl_store *store, const struct call *call,
                                 const char *counting, const char *removing, int64_t seconds,
                                 int64_t *out, struct nl_error *err) {
    int64_t before = limit(store, seconds);
    if (call->dry_run)
        return nl_sql_number(store, err, out, NULL, counting, NL_VALUES(NL_INT(before)));
    enum nl_status status = nl_sql_run(store, err, removing, NL_VALUES(NL_INT(before)));
    *out = nl_sql_changes(store);
    return status;
}

static enum nl_status prune_rows(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct call *call = ctx;
    const struct nl_retention *retention = call->retention;
    enum nl_status status =
        prune_kind(store, call, "SELECT count(*) " OLD_EVENTS, "DELETE " OLD_EVENTS,
                   retention->events, &call->out->events, err);
    if (status == NL_OK)
        status = prune_kind(store, call, "SELECT count(*) " OLD_LINKS, "DELETE " OLD_LINKS,
                            retention->links, &call->out->links, err);
    if (status == NL_OK)
        status = prune_kind(
            store, call, "SELECT count(*) FROM " OLD_IPS,
            "UPDATE subscription SET consent_ip = NULL WHERE id IN (SELECT id FROM " OLD_IPS ")",
            retention->ips, &call->out->ips, err);
    if (status == NL_OK && retention->unconfirmed > 0)
        status = nl_unconfirmed_delete(store, limit(store, retention->unconfirmed), call->dry_run,
                                       &call->out->unconfirmed, err);
    if (status == NL_OK)
        status = nl_reputation_forget(store, limit(store, retention->reports), call->dry_run,
                                      &call->out->reports, err);
    if (status == NL_OK && !call->dry_run)
        status = nl_sql_run(store, err, "DELETE FROM staff_session WHERE expires_at <= ?",
                            NL_VALUES(NL_INT(nl_store_now(store))));
    if (status == NL_OK && !call->dry_run)
        status = nl_throttle_forget(store, err);
    return status;
}

/* People whose subscriptions all ended before `before`. A pending one counts from its latest
 * sign-up: it may belong to somebody who left long ago and has come back. People who have
 * complained stay, so that nobody mails them again. ?2: only this one, 0 for all. */
static enum nl_status find_ended(struct nl_store *store, int64_t before, int64_t only,
                                 struct nl_buf *ids, struct nl_error *err) {
    return nl_sql_each(
        store, err, nl_sql_add_id, ids,
        "SELECT r.id FROM subscriber r WHERE ?2 IN (0, r.id) AND r.address_key LIKE '%@%' AND "
        "EXISTS (SELECT 1 FROM subscription s WHERE s.subscriber = r.id) AND NOT EXISTS "
        "(SELECT 1 FROM subscription s WHERE s.subscriber = r.id AND "
        "(s.state IN ('active', 'complained') OR CASE s.state WHEN 'pending' THEN s.consent_at "
        "ELSE coalesce(s.ended_at, s.created_at) END >= ?1))",
        NL_VALUES(NL_INT(before), NL_INT(only)));
}

struct erasure {
    int64_t before, subscriber;
};

/* Checks once more: the person may have come back since the search. */
static enum nl_status erase_if_ended(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct erasure *erasure = ctx;
    struct nl_buf ids = {0};
    enum nl_status status = find_ended(store, erasure->before, erasure->subscriber, &ids, err);
    if (status == NL_OK && nl_ids_count(&ids) == 1)
        status = nl_person_erase_rows(store, erasure->subscriber, err);
    nl_buf_free(&ids);
    return status;
}

static enum nl_status prune_people(struct nl_store *store, const struct call *call,
                                   struct nl_error *err) {
    struct nl_buf ids = {0};
    struct erasure erasure = {.before = limit(store, call->retention->ended)};
    if (call->retention->ended == 0)
        return NL_OK;
    enum nl_status status = find_ended(store, erasure.before, 0, &ids, err);
    call->out->people = (int64_t)nl_ids_count(&ids);
    if (!call->dry_run)
        nl_store_secure_delete(store, true);
    for (size_t i = 0; status == NL_OK && !call->dry_run && i < nl_ids_count(&ids); i++) {
        erasure.subscriber = nl_ids_at(&ids, i);
        status = nl_sql_exclusive(store, erase_if_ended, &erasure, err);
    }
    if (!call->dry_run)
        nl_store_secure_delete(store, false);
    nl_buf_free(&ids);
    return status;
}

enum nl_status nl_store_prune(struct nl_store *store, const struct nl_retention *retention,
                              bool dry_run, struct nl_pruned *out, struct nl_error *err) {
    struct call call = {retention, dry_run, out};
    *out = (struct nl_pruned){0};
    enum nl_status status = prune_people(store, &call, err);
    return status == NL_OK ? nl_sql_exclusive(store, prune_rows, &call, err) : status;
}

enum nl_status nl_store_daily(struct nl_store *store, const char *what, bool *due,
                              struct nl_error *err) {
    /* One statement, so that of two processes one finds it due. */
    enum nl_status status = nl_sql_run(
        store, err,
        "INSERT INTO setting (key, value) VALUES (?1, CAST(?2 AS TEXT)) ON CONFLICT (key) DO "
        "UPDATE SET value = CAST(?2 AS TEXT) WHERE CAST(setting.value AS BIGINT) <= ?2 - 86400",
        NL_VALUES(NL_STRING(what), NL_INT(nl_store_now(store))));
    *due = status == NL_OK && nl_sql_changes(store) > 0;
    return status;
}

enum nl_status nl_store_prune_daily(struct nl_store *store, const struct nl_retention *retention,
                                    struct nl_error *err) {
    struct nl_pruned pruned = {0};
    bool due = false;
    enum nl_status status = nl_store_daily(store, "pruned_at", &due, err);
    return status == NL_OK && due ? nl_store_prune(store, retention, false, &pruned, err) : status;
}

enum nl_status nl_store_repair(struct nl_store *store, struct nl_error *err) {
    int64_t unknown = 0;
    enum nl_status status = nl_store_reindex(store, err);
    return status == NL_OK ? nl_delivery_recover(store, 0, &unknown, err) : status;
}
