#include "newsletter/store/bounce_record.h"

#include "newsletter/base/catalog.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/link.h"
#include "newsletter/store/suppression.h"
#include "store/event.h"
#include "store/ledger.h"

#include <math.h>
#include <string.h>

struct record_call {
    const struct nl_bounce_record *record;
    const struct nl_bounce_policy *policy;
    struct nl_bounce_record_outcome *outcome;
    int64_t id;
};

/* One subscription that a message bears on. */
struct target {
    int64_t subscription, list, subscriber;
    double score;
    int64_t score_at; /* 0 if it never bounced */
    bool open;        /* pending or active */
};

enum nl_status nl_bounce_record_exists(struct nl_store *store,
                                       const unsigned char digest[NL_DIGEST_LEN], bool *seen,
                                       struct nl_error *err) {
    return nl_sql_exists(store, err, seen, "SELECT 1 FROM returned WHERE digest = ?",
                         NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN)));
}

enum nl_status nl_bounce_record_find(struct nl_store *store,
                                     const unsigned char digest[NL_DIGEST_LEN], const char *kind,
                                     bool *seen, bool *is, struct nl_error *err) {
    *is = false;
    return nl_sql_first(store, err, seen, "SELECT kind = ? FROM returned WHERE digest = ?",
                        NL_VALUES(NL_STRING(kind), NL_BYTES(digest, NL_DIGEST_LEN)),
                        NL_COLUMNS(NL_INTO(is)));
}

enum nl_status nl_bounce_record_is_to(struct nl_store *store, int64_t delivery,
                                      const char *address_key, bool *is, struct nl_error *err) {
    *is = false;
    return nl_sql_exists(
        store, err, is,
        "SELECT 1 FROM delivery" NL_OF_ISSUE " d JOIN subscription s ON s.id = d.subscription "
        "JOIN subscriber r ON r.id = s.subscriber "
        "WHERE d.id = ?1 AND r.address_key = ?2 UNION ALL SELECT 1 FROM "
        "transactional WHERE delivery = ?1 AND address_key = ?2",
        NL_VALUES(NL_OF_DELIVERY(delivery), NL_INT(delivery), NL_STRING(address_key)));
}

static enum nl_status put_message(struct nl_store *store, struct record_call *call,
                                  struct nl_error *err) {
    const struct nl_bounce_record *record = call->record;
    bool known = false;
    enum nl_status status =
        nl_sql_exists(store, err, &known, "SELECT 1 FROM delivery" NL_OF_ISSUE " WHERE id = ?",
                      NL_VALUES(NL_OF_DELIVERY(record->delivery), NL_INT(record->delivery)));
    if (status == NL_OK)
        status = nl_sql_insert(
            store, err, &call->id,
            "INSERT INTO returned (digest, at, kind, delivery, message, "
            "reporter) VALUES (?, ?, ?, nullif(?, 0), ?, ?)",
            NL_VALUES(NL_BYTES(record->digest, NL_DIGEST_LEN), NL_INT(nl_store_now(store)),
                      NL_STRING(record->kind), NL_INT(known ? record->delivery : (int64_t)0),
                      NL_BYTES(record->message, record->len), NL_STRING(record->reporter)));
    return status;
}

static enum nl_status end_subscription(struct nl_store *store, const struct record_call *call,
                                       const struct target *target, const char *state,
                                       int64_t issue, const char *detail, struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE subscription SET state = ?, ended_at = ?, noticed_at = NULL WHERE id = ?",
        NL_VALUES(NL_STRING(state), NL_INT(nl_store_now(store)), NL_INT(target->subscription)));
    call->outcome->ended++;
    return status == NL_OK
               ? nl_event_add(store, state, target->list, target->subscriber, issue, detail, err)
               : status;
}

static enum nl_status add_points(struct nl_store *store, const struct record_call *call,
                                 const struct target *target,
                                 const struct nl_bounce_verdict *verdict, bool hard,
                                 struct nl_error *err) {
    const struct nl_bounce_policy *policy = call->policy;
    int64_t now = nl_store_now(store);
    int64_t age = now > target->score_at ? now - target->score_at : 0;
    bool recent = target->score_at != 0 && age < policy->interval;
    if (!target->open || (!hard && recent))
        return NL_OK;
    double faded = target->score * exp2(-(double)age / (double)policy->half_life);
    double score = faded + (double)(hard ? policy->hard : policy->soft);
    /* Anybody can write a message without proof: it is a hint, and never ends a subscription. */
    double most = (double)policy->limit / 2;
    if (verdict->address != NULL && score > most)
        score = faded > most ? faded : most;
    /* In thousandths, so that the store needs no floating-point parameters. */
    enum nl_status status = nl_sql_run(
        store, err, "UPDATE subscription SET bounce_score = ? / 1000.0, bounce_at = ? WHERE id = ?",
        NL_VALUES(NL_INT(llround(score * 1000)), NL_INT(now), NL_INT(target->subscription)));
    if (status == NL_OK && verdict->address == NULL &&
        llround(score * 1000) >= policy->limit * 1000)
        status = end_subscription(store, call, target, "bounced", 0, verdict->reason, err);
    return status;
}

static enum nl_status suppress(struct nl_store *store, const struct target *target,
                               struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO suppression (address_key, reason, since) "
                      "SELECT address_key, 'complaint', ? FROM subscriber WHERE id = ? "
                      "ON CONFLICT DO NOTHING",
                      NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(target->subscriber)));
}

/* A provider's own link was used in a message of ours: the issue that it was is the cause. */
static enum nl_status unsubscribe(struct nl_store *store, const struct record_call *call,
                                  const struct target *target, struct nl_error *err) {
    int64_t issue = 0;
    enum nl_status status = nl_sql_first(
        store, err, NULL, "SELECT coalesce(issue, 0) FROM delivery" NL_OF_ISSUE " WHERE id = ?",
        NL_VALUES(NL_OF_DELIVERY(call->record->delivery), NL_INT(call->record->delivery)),
        NL_COLUMNS(NL_INTO(&issue)));
    if (status == NL_OK)
        status = end_subscription(store, call, target, "unsubscribed", issue, "provider", err);
    /* An older mail that asked to confirm brings nobody back. */
    return status == NL_OK ? nl_link_close(store, target->subscription, NL_LINK_SUBSCRIBE, err)
                           : status;
}

static enum nl_status apply(struct nl_store *store, const struct record_call *call,
                            const struct target *target, const struct nl_bounce_verdict *verdict,
                            struct nl_error *err) {
    bool proved = verdict->address == NULL;
    enum nl_status status =
        nl_sql_run(store, err,
                   "INSERT INTO bounce (returned, at, delivery, subscription, kind, reason, "
                   "status, diagnostic) VALUES (?, ?, nullif(?, 0), nullif(?, 0), ?, ?, ?, ?)",
                   NL_VALUES(NL_INT(call->id), NL_INT(nl_store_now(store)),
                             NL_INT(proved ? call->record->delivery : (int64_t)0),
                             NL_INT(target->subscription), NL_STRING(verdict->kind),
                             NL_STRING(verdict->reason), NL_STRING(verdict->status),
                             NL_STRING(verdict->diagnostic)));
    if (status != NL_OK || target->subscription == 0 || verdict->effect == NL_EFFECT_NONE)
        return status;
    if (verdict->effect == NL_EFFECT_UNSUBSCRIBE)
        return proved && target->open ? unsubscribe(store, call, target, err) : NL_OK;
    if (!proved || verdict->effect != NL_EFFECT_COMPLAINT)
        return add_points(store, call, target, verdict, proved && verdict->effect == NL_EFFECT_HARD,
                          err);
    status = suppress(store, target, err);
    return status == NL_OK
               ? end_subscription(store, call, target, "complained", 0, verdict->reason, err)
               : status;
}

enum { TARGETS = 100 };

struct targets {
    struct target items[TARGETS];
    size_t count;
};

/* A transactional message that came back for good, from an address that has no subscription which
 * could end: nothing else would keep the next message from it. */
static enum nl_status suppress_recipient(struct nl_store *store,
                                         const struct nl_bounce_record *record,
                                         const struct nl_bounce_verdict *verdict,
                                         const struct targets *targets, struct nl_error *err) {
    bool complaint = verdict->effect == NL_EFFECT_COMPLAINT;
    if (verdict->address != NULL || (!complaint && verdict->effect != NL_EFFECT_HARD))
        return NL_OK;
    for (size_t i = 0; !complaint && i < targets->count; i++)
        if (targets->items[i].open)
            return NL_OK;
    return nl_sql_run(store, err,
                      "INSERT INTO suppression (address_key, reason, since) SELECT address_key, "
                      "?1, ?2 FROM transactional WHERE delivery = ?3 ON CONFLICT DO NOTHING",
                      NL_VALUES(NL_STRING(complaint ? "complaint" : "bounce"),
                                NL_INT(nl_store_now(store)), NL_INT(record->delivery)));
}

static enum nl_status add_target(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    struct targets *targets = context;
    if (targets->count == TARGETS)
        return NL_OK;
    struct target *target = &targets->items[targets->count++];
    return nl_sql_read(row,
                       NL_COLUMNS(NL_INTO(&target->subscription), NL_INTO(&target->list),
                                  NL_INTO(&target->subscriber), NL_INTO(&target->score),
                                  NL_INTO(&target->score_at), NL_INTO(&target->open)),
                       err);
}

static enum nl_status find_targets(struct nl_store *store, const struct record_call *call,
                                   const struct nl_bounce_verdict *verdict, struct targets *targets,
                                   struct nl_error *err) {
    targets->count = 0;
    if (verdict->address == NULL) /* proved: the token names the delivery */
        return nl_sql_each(
            store, err, add_target, targets,
            "SELECT s.id, s.list, s.subscriber, s.bounce_score, s.bounce_at, "
            "s.state IN ('pending', 'active') FROM delivery" NL_OF_ISSUE " d "
            "JOIN subscription s ON s.id = d.subscription WHERE d.id = ?1 UNION ALL "
            "SELECT s.id, s.list, s.subscriber, s.bounce_score, s.bounce_at, "
            "s.state IN ('pending', 'active') FROM transactional m JOIN subscriber "
            "r ON r.address_key = m.address_key JOIN subscription s ON "
            "s.subscriber = r.id WHERE m.delivery = ?1",
            NL_VALUES(NL_OF_DELIVERY(call->record->delivery), NL_INT(call->record->delivery)));
    return nl_sql_each(store, err, add_target, targets,
                       "SELECT s.id, s.list, s.subscriber, s.bounce_score, s.bounce_at, "
                       "s.state IN ('pending', 'active') FROM subscriber r "
                       "JOIN subscription s ON s.subscriber = r.id WHERE r.address_key = ?",
                       NL_VALUES(NL_STRING(verdict->address->key)));
}

/* A message that the relay accepted and that came back was not delivered. */
static enum nl_status mark_delivery(struct nl_store *store, const struct nl_bounce_record *record,
                                    const struct nl_bounce_verdict *verdict, struct nl_error *err) {
    if (verdict->address != NULL || verdict->effect != NL_EFFECT_HARD)
        return NL_OK;
    enum nl_status status = nl_sql_run(
        store, err,
        "INSERT INTO event (at, kind, list, subscriber, message, detail) SELECT ?1, "
        "'message-bounced', m.list, (SELECT r.id FROM subscriber r WHERE r.address_key = "
        "m.address_key), m.delivery, ?2 FROM transactional m JOIN delivery" NL_OF_ISSUE
        " d ON d.id = m.delivery "
        "WHERE m.delivery = ?3 AND d.state IN ('sent', 'unknown')",
        NL_VALUES(NL_OF_DELIVERY(record->delivery), NL_INT(nl_store_now(store)),
                  NL_STRING(verdict->reason), NL_INT(record->delivery)));
    if (status != NL_OK)
        return status;
    status = nl_sql_run(
        store, err,
        "UPDATE delivery" NL_OF_ISSUE
        " SET state = 'bounced', reply_code = NULL, reply_status = ?, "
        "reply_text = ?, updated_at = ? WHERE id = ? AND state IN ('sent', 'unknown')",
        NL_VALUES(NL_OF_DELIVERY(record->delivery), NL_STRING(verdict->status),
                  NL_STRING(verdict->diagnostic != NULL ? verdict->diagnostic : verdict->reason),
                  NL_INT(nl_store_now(store)), NL_INT(record->delivery)));
    struct nl_buf ids = {0};
    if (status == NL_OK && nl_sql_changes(store) > 0) {
        nl_buf_add(&ids, &record->delivery, sizeof record->delivery);
        status = nl_ledger_set(store, "bounced", &ids, err);
    }
    nl_buf_free(&ids);
    return status;
}

static enum nl_status add(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct record_call *call = ctx;
    const struct nl_bounce_record *record = call->record;
    enum nl_status status =
        nl_bounce_record_exists(store, record->digest, &call->outcome->seen, err);
    if (status != NL_OK || call->outcome->seen)
        return status;
    status = put_message(store, call, err);
    for (size_t i = 0; status == NL_OK && i < record->count; i++) {
        const struct nl_bounce_verdict *verdict = &record->verdicts[i];
        struct targets targets;
        status = find_targets(store, call, verdict, &targets, err);
        for (size_t j = 0; status == NL_OK && j < targets.count; j++)
            status = apply(store, call, &targets.items[j], verdict, err);
        if (status == NL_OK && targets.count == 0)
            status =
                nl_sql_run(store, err,
                           "INSERT INTO bounce (returned, at, delivery, kind, reason, status, "
                           "diagnostic) VALUES (?, ?, (SELECT delivery FROM transactional WHERE "
                           "delivery = ? AND ? > 0), ?, ?, ?, ?)",
                           NL_VALUES(NL_INT(call->id), NL_INT(nl_store_now(store)),
                                     NL_INT(record->delivery), NL_INT(verdict->address == NULL),
                                     NL_STRING(verdict->kind), NL_STRING(verdict->reason),
                                     NL_STRING(verdict->status), NL_STRING(verdict->diagnostic)));
        if (status == NL_OK)
            status = suppress_recipient(store, record, verdict, &targets, err);
        if (status == NL_OK)
            status = mark_delivery(store, record, verdict, err);
    }
    return status;
}

enum nl_status nl_bounce_record_add(struct nl_store *store, const struct nl_bounce_record *record,
                                    const struct nl_bounce_policy *policy,
                                    struct nl_bounce_record_outcome *outcome,
                                    struct nl_error *err) {
    struct record_call call = {.record = record, .policy = policy, .outcome = outcome};
    *outcome = (struct nl_bounce_record_outcome){0};
    return nl_sql_exclusive(store, add, &call, err);
}

enum nl_status nl_bounce_record_add_within(struct nl_store *store,
                                           const struct nl_bounce_record *record,
                                           const struct nl_bounce_policy *policy,
                                           struct nl_bounce_record_outcome *outcome,
                                           struct nl_error *err) {
    struct record_call call = {.record = record, .policy = policy, .outcome = outcome};
    *outcome = (struct nl_bounce_record_outcome){0};
    return add(store, &call, err);
}

struct visit {
    enum nl_status (*each)(int64_t id, int64_t at, size_t len, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_kept(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    const struct visit *visit = context;
    return visit->each(nl_sql_int(row, 0), nl_sql_int(row, 1), (size_t)nl_sql_int(row, 2),
                       visit->ctx, err);
}

enum nl_status nl_bounce_record_each_kept(struct nl_store *store,
                                          enum nl_status (*each)(int64_t id, int64_t at, size_t len,
                                                                 void *ctx, struct nl_error *err),
                                          void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return nl_sql_each(store, err, visit_kept, &visit,
                       "SELECT id, at, length(message) FROM returned "
                       "WHERE kind = 'unknown' AND message IS NOT NULL ORDER BY id",
                       NL_NO_VALUES);
}

struct kept {
    struct nl_buf *out;
    bool found;
};

static enum nl_status add_message(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    (void)err;
    struct kept *kept = context;
    size_t len = 0;
    const void *data = nl_sql_bytes(row, 0, &len);
    nl_buf_add(kept->out, data, len);
    kept->found = true;
    return NL_OK;
}

enum nl_status nl_bounce_record_message(struct nl_store *store, int64_t id, struct nl_buf *out,
                                        struct nl_error *err) {
    struct kept kept = {.out = out};
    enum nl_status status = nl_sql_each(
        store, err, add_message, &kept,
        "SELECT message FROM returned WHERE id = ? AND message IS NOT NULL", NL_VALUES(NL_INT(id)));
    if (status == NL_OK && !kept.found)
        return nl_error_set(err, NL_NOTFOUND,
                            NL_TEXT("no message %lld is kept: see newsletter bounce "
                                    "--kept"),
                            (long long)id);
    return status;
}

enum nl_status nl_bounce_record_dismiss(struct nl_store *store, int64_t id, struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err, "UPDATE returned SET message = NULL WHERE id = ? AND message IS NOT NULL",
        NL_VALUES(NL_INT(id)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return nl_error_set(err, NL_NOTFOUND,
                            NL_TEXT("no message %lld is kept: see newsletter bounce "
                                    "--kept"),
                            (long long)id);
    return status;
}

enum nl_status nl_bounce_record_forget(struct nl_store *store,
                                       const struct nl_bounce_record_limits *limits,
                                       struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE returned SET message = NULL WHERE message IS NOT NULL AND "
                   "at < CASE WHEN kind = 'unknown' THEN ? ELSE ? END",
                   NL_VALUES(NL_INT(limits->unknown), NL_INT(limits->understood)));
    if (status == NL_OK)
        status = nl_sql_run(
            store, err,
            "UPDATE returned SET message = NULL WHERE message IS NOT NULL AND id <= "
            "(SELECT max(id) FROM (SELECT id, sum(length(message)) OVER (ORDER BY id DESC) AS "
            "total FROM returned WHERE message IS NOT NULL) AS sums WHERE total > ?)",
            NL_VALUES(NL_INT(limits->bytes)));
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "UPDATE bounce SET diagnostic = NULL "
                            "WHERE diagnostic IS NOT NULL AND subscription IS NULL AND at < ?",
                            NL_VALUES(NL_INT(limits->understood)));
    return status;
}
