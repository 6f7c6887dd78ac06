#include "newsletter/store/prune.h"

#include "newsletter/base/buf.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/allowance.h"
#include "newsletter/store/delivery.h"
#include "newsletter/store/import_job.h"
#include "newsletter/store/person.h"
#include "newsletter/store/provider_day.h"
#include "newsletter/store/relay_note.h"
#include "newsletter/store/removal.h"
#include "newsletter/store/reputation.h"
#include "newsletter/store/source_pause.h"
#include "newsletter/store/sts_note.h"
#include "newsletter/store/task.h"
#include "newsletter/store/throttle.h"
#include "newsletter/store/transactional.h"
#include "store/ledger.h"
#include "store/person_row.h"
#include "store/unconfirmed.h"

struct call {
    const struct nl_retention *retention;
    bool dry_run;
    struct nl_pruned *out;
    int64_t unconfirmed; /* in the present transaction */
};

/* Before when; 0 for nothing at all. */
static int64_t limit(const struct nl_store *store, int64_t seconds) {
    return seconds > 0 ? nl_store_now(store) - seconds : 0;
}

/* How many rows one short transaction takes. */
enum { AT_ONCE = 1000 };

#define OLD_EVENTS "FROM event WHERE at < ?1"
#define OLD_LINKS "FROM confirmation WHERE coalesce(used_at, expires_at) < ?1"
#define OLD_IPS                                                                                    \
    "FROM subscription WHERE consent_ip IS NOT NULL AND state NOT IN ('active', 'pending') AND "   \
    "ended_at < ?1"
#define OLD_TASKS                                                                                  \
    "FROM task WHERE ended_at < ?1 AND NOT EXISTS (SELECT 1 FROM task_part p WHERE p.task = "      \
    "task.id)"
#define OLD_IMPORTS "FROM import WHERE done_at < ?1"

static enum nl_status prune_kind(struct nl_store *store, const struct call *call,
                                 const char *counting, const char *removing, int64_t seconds,
                                 int64_t *out, struct nl_error *err) {
    int64_t before = limit(store, seconds);
    if (call->dry_run)
        return nl_sql_number(store, err, out, NULL, counting, NL_VALUES(NL_INT(before)));
    enum nl_status status = NL_OK;
    int64_t removed = AT_ONCE;
    while (status == NL_OK && removed == AT_ONCE) {
        status = nl_sql_run(store, err, removing, NL_VALUES(NL_INT(before), NL_INT(AT_ONCE)));
        removed = status == NL_OK ? nl_sql_changes(store) : 0;
        *out += removed;
        nl_store_give_way(store);
    }
    return status;
}

static enum nl_status note_pruned(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct call *call = ctx;
    return nl_ledger_pruned(store, limit(store, call->retention->events), err);
}

/* The kinds of which there may be very many, in one short transaction after the other. */
static enum nl_status prune_many(struct nl_store *store, const struct call *call,
                                 struct nl_error *err) {
    const struct nl_retention *retention = call->retention;
    int64_t imports = 0;
    const struct {
        const char *counting, *removing;
        int64_t seconds, *out;
    } kinds[] = {
        {"SELECT count(*) " OLD_EVENTS,
         "DELETE FROM event WHERE id IN (SELECT id " OLD_EVENTS " LIMIT ?2)", retention->events,
         &call->out->events},
        {"SELECT count(*) " OLD_LINKS,
         "DELETE FROM confirmation WHERE digest IN (SELECT digest " OLD_LINKS " LIMIT ?2)",
         retention->links, &call->out->links},
        {"SELECT count(*) " OLD_IPS,
         "UPDATE subscription SET consent_ip = NULL WHERE id IN (SELECT id " OLD_IPS " LIMIT ?2)",
         retention->ips, &call->out->ips},
        {"SELECT count(*) " OLD_TASKS,
         "DELETE FROM task WHERE id IN (SELECT id " OLD_TASKS " LIMIT ?2)", retention->events,
         &imports},
        {"SELECT count(*) " OLD_IMPORTS,
         "DELETE FROM import WHERE id IN (SELECT id " OLD_IMPORTS " LIMIT ?2)", retention->events,
         &imports},
    };
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof kinds / sizeof kinds[0]; i++)
        status = prune_kind(store, call, kinds[i].counting, kinds[i].removing, kinds[i].seconds,
                            kinds[i].out, err);
    return status == NL_OK && !call->dry_run && call->out->events > 0
               ? nl_sql_exclusive(store, note_pruned, (void *)call, err)
               : status;
}

static enum nl_status prune_unconfirmed(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct call *call = ctx;
    return nl_unconfirmed_delete(store, limit(store, call->retention->unconfirmed), call->dry_run,
                                 &call->unconfirmed, err);
}

static enum nl_status prune_all_unconfirmed(struct nl_store *store, struct call *call,
                                            struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (call->retention->unconfirmed == 0)
        return NL_OK;
    if (!call->dry_run)
        nl_store_bulk_load(store, true);
    do {
        status = nl_sql_exclusive(store, prune_unconfirmed, call, err);
        call->out->unconfirmed += call->unconfirmed;
        nl_store_give_way(store);
    } while (status == NL_OK && !call->dry_run && call->unconfirmed == NL_UNCONFIRMED_AT_ONCE);
    if (!call->dry_run)
        nl_store_bulk_load(store, false);
    return status;
}

static enum nl_status prune_rows(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct call *call = ctx;
    const struct nl_retention *retention = call->retention;
    enum nl_status status = nl_reputation_forget(store, limit(store, retention->reports),
                                                 call->dry_run, &call->out->reports, err);
    if (status == NL_OK && !call->dry_run)
        status = nl_sql_run(store, err, "DELETE FROM staff_session WHERE expires_at <= ?",
                            NL_VALUES(NL_INT(nl_store_now(store))));
    if (status == NL_OK && !call->dry_run)
        status = nl_throttle_forget(store, err);
    if (status == NL_OK && !call->dry_run)
        status = nl_source_pause_forget(store, err);
    if (status == NL_OK && !call->dry_run)
        status = nl_allowance_forget(store, err);
    if (status == NL_OK && !call->dry_run)
        status = nl_provider_days_forget(store, err);
    if (status == NL_OK && !call->dry_run)
        status = nl_sts_notes_forget(store, err);
    if (status == NL_OK && !call->dry_run)
        status = nl_relay_notes_forget(store, err);
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
    for (size_t i = 0; status == NL_OK && !call->dry_run && i < nl_ids_count(&ids); i++) {
        erasure.subscriber = nl_ids_at(&ids, i);
        status = nl_sql_exclusive(store, erase_if_ended, &erasure, err);
        nl_store_give_way(store);
    }
    nl_buf_free(&ids);
    return status;
}

enum nl_status nl_store_prune(struct nl_store *store, const struct nl_retention *retention,
                              bool dry_run, struct nl_pruned *out, struct nl_error *err) {
    struct call call = {.retention = retention, .dry_run = dry_run, .out = out};
    *out = (struct nl_pruned){0};
    enum nl_status status = prune_people(store, &call, err);
    if (status == NL_OK)
        status = prune_many(store, &call, err);
    if (status == NL_OK)
        status = nl_transactional_forget(store, limit(store, retention->messages), dry_run,
                                         &out->messages, err);
    if (status == NL_OK)
        status = nl_removal_run(store, limit(store, retention->deliveries), dry_run,
                                &out->deliveries, err);
    if (status == NL_OK && !dry_run)
        status = nl_tasks_expire(store, err);
    if (status == NL_OK)
        status = prune_all_unconfirmed(store, &call, err);
    if (status == NL_OK && !dry_run)
        status = nl_import_clear(store, err);
    if (status == NL_OK)
        status = nl_sql_exclusive(store, prune_rows, &call, err);
    if (status == NL_OK && !dry_run)
        status = nl_sql_drop_parts(store, err);
    if (status == NL_OK && !dry_run)
        status = nl_sql_analyze_parts(store, err);
    if (!dry_run)
        nl_store_empty_log(store);
    return status;
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
