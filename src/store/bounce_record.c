#include "newsletter/store/bounce_record.h"

#include "newsletter/db/sql.h"
#include "newsletter/store/suppression.h"
#include "store/event.h"

#include <math.h>
#include <string.h>

struct record_call {
    const struct nl_returned *returned;
    const struct nl_bounce_policy *policy;
    struct nl_returned_outcome *outcome;
    int64_t id;
};

/* One subscription that a message bears on. */
struct target {
    int64_t subscription, list, subscriber;
    double score;
    int64_t score_at; /* 0 if it never bounced */
    bool open;        /* pending or active */
};

enum nl_status nl_returned_seen(struct nl_store *store, const unsigned char digest[NL_DIGEST_LEN],
                                bool *seen, struct nl_error *err) {
    struct nl_statement *statement = nl_sql(store, err, "SELECT 1 FROM returned WHERE digest = ?",
                                            "b", (const void *)digest, (size_t)NL_DIGEST_LEN);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, seen, err);
    nl_sql_done(statement);
    return status;
}

static enum nl_status put_message(struct nl_store *store, struct record_call *call,
                                  struct nl_error *err) {
    const struct nl_returned *returned = call->returned;
    bool known = false;
    struct nl_statement *statement =
        nl_sql(store, err, "SELECT 1 FROM delivery WHERE id = ?", "i", returned->delivery);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &known, err);
    nl_sql_done(statement);
    if (status == NL_OK)
        status = nl_sql_insert(store, err, &call->id,
                               "INSERT INTO returned (digest, at, kind, delivery, message) "
                               "VALUES (?, ?, ?, nullif(?, 0), ?)",
                               "bisib", (const void *)returned->digest, (size_t)NL_DIGEST_LEN,
                               nl_env_now(&store->env), returned->kind,
                               known ? returned->delivery : (int64_t)0, returned->message,
                               returned->len);
    return status;
}

static enum nl_status end_subscription(struct nl_store *store, const struct record_call *call,
                                       const struct target *target,
                                       const struct nl_verdict *verdict, const char *state,
                                       struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE subscription SET state = ?, ended_at = ?, noticed_at = NULL WHERE id = ?", "sii",
        state, nl_env_now(&store->env), target->subscription);
    call->outcome->ended++;
    return status == NL_OK ? nl_event_add(store, state, target->list, target->subscriber, 0,
                                          verdict->reason, err)
                           : status;
}

static enum nl_status add_points(struct nl_store *store, const struct record_call *call,
                                 const struct target *target, const struct nl_verdict *verdict,
                                 bool hard, struct nl_error *err) {
    const struct nl_bounce_policy *policy = call->policy;
    int64_t now = nl_env_now(&store->env);
    int64_t age = now > target->score_at ? now - target->score_at : 0;
    bool recent = target->score_at != 0 && age < policy->interval;
    if (!target->open || (!hard && recent))
        return NL_OK;
    double score = target->score * exp2(-(double)age / (double)policy->half_life) +
                   (double)(hard ? policy->hard : policy->soft);
    /* In thousandths, so that the store needs no floating-point parameters. */
    enum nl_status status = nl_sql_run(
        store, err, "UPDATE subscription SET bounce_score = ? / 1000.0, bounce_at = ? WHERE id = ?",
        "iii", (int64_t)llround(score * 1000), now, target->subscription);
    if (status == NL_OK && llround(score * 1000) >= policy->limit * 1000)
        status = end_subscription(store, call, target, verdict, "bounced", err);
    return status;
}

static enum nl_status suppress(struct nl_store *store, const struct target *target,
                               struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO suppression (address_key, reason, since) "
                      "SELECT address_key, 'complaint', ? FROM subscriber WHERE id = ? "
                      "ON CONFLICT DO NOTHING",
                      "ii", nl_env_now(&store->env), target->subscriber);
}

static enum nl_status apply(struct nl_store *store, const struct record_call *call,
                            const struct target *target, const struct nl_verdict *verdict,
                            struct nl_error *err) {
    bool proved = verdict->address == NULL;
    enum nl_status status =
        nl_sql_run(store, err,
                   "INSERT INTO bounce (returned, at, delivery, subscription, kind, reason, "
                   "status, diagnostic) VALUES (?, ?, nullif(?, 0), nullif(?, 0), ?, ?, ?, ?)",
                   "iiiissss", call->id, nl_env_now(&store->env),
                   proved ? call->returned->delivery : (int64_t)0, target->subscription,
                   verdict->kind, verdict->reason, verdict->status, verdict->diagnostic);
    if (status != NL_OK || target->subscription == 0 || verdict->effect == NL_EFFECT_NONE)
        return status;
    if (!proved || verdict->effect != NL_EFFECT_COMPLAINT)
        return add_points(store, call, target, verdict, proved && verdict->effect == NL_EFFECT_HARD,
                          err);
    status = suppress(store, target, err);
    return status == NL_OK ? end_subscription(store, call, target, verdict, "complained", err)
                           : status;
}

enum { TARGETS = 100 };

static enum nl_status find_targets(struct nl_store *store, const struct record_call *call,
                                   const struct nl_verdict *verdict, struct target *targets,
                                   size_t *count, struct nl_error *err) {
    bool row = true;
    bool proved = verdict->address == NULL;
    struct nl_statement *statement =
        proved ? nl_sql(store, err,
                        "SELECT s.id, s.list, s.subscriber, s.bounce_score, s.bounce_at, "
                        "s.state IN ('pending', 'active') FROM delivery d "
                        "JOIN subscription s ON s.id = d.subscription WHERE d.id = ?",
                        "i", call->returned->delivery)
               : nl_sql(store, err,
                        "SELECT s.id, s.list, s.subscriber, s.bounce_score, s.bounce_at, "
                        "s.state IN ('pending', 'active') FROM subscriber r "
                        "JOIN subscription s ON s.subscriber = r.id WHERE r.address_key = ?",
                        "s", verdict->address->key);
    if (statement == NULL)
        return err->status;
    enum nl_status status = NL_OK;
    *count = 0;
    while ((status = nl_sql_step(store, statement, &row, err)) == NL_OK && row && *count < TARGETS)
        targets[(*count)++] = (struct target){
            .subscription = nl_sql_int64(statement, 0),
            .list = nl_sql_int64(statement, 1),
            .subscriber = nl_sql_int64(statement, 2),
            .score = nl_sql_double(statement, 3),
            .score_at = nl_sql_int64(statement, 4),
            .open = nl_sql_bool(statement, 5),
        };
    nl_sql_done(statement);
    return status;
}

/* What the relay took and the world gave back was not delivered. */
static enum nl_status mark_delivery(struct nl_store *store, const struct nl_returned *returned,
                                    const struct nl_verdict *verdict, struct nl_error *err) {
    if (verdict->address != NULL || verdict->effect != NL_EFFECT_HARD)
        return NL_OK;
    return nl_sql_run(
        store, err,
        "UPDATE delivery SET state = 'bounced', reply_code = NULL, reply_status = ?, "
        "reply_text = ?, updated_at = ? WHERE id = ? AND state IN ('sent', 'unknown')",
        "ssii", verdict->status,
        verdict->diagnostic != NULL ? verdict->diagnostic : verdict->reason,
        nl_env_now(&store->env), returned->delivery);
}

static enum nl_status record(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct record_call *call = ctx;
    const struct nl_returned *returned = call->returned;
    enum nl_status status = nl_returned_seen(store, returned->digest, &call->outcome->seen, err);
    if (status != NL_OK || call->outcome->seen)
        return status;
    status = put_message(store, call, err);
    for (size_t i = 0; status == NL_OK && i < returned->count; i++) {
        const struct nl_verdict *verdict = &returned->verdicts[i];
        struct target targets[TARGETS];
        size_t count = 0;
        status = find_targets(store, call, verdict, targets, &count, err);
        for (size_t j = 0; status == NL_OK && j < count; j++)
            status = apply(store, call, &targets[j], verdict, err);
        if (status == NL_OK && count == 0)
            status = nl_sql_run(store, err,
                                "INSERT INTO bounce (returned, at, kind, reason, status, "
                                "diagnostic) VALUES (?, ?, ?, ?, ?, ?)",
                                "iissss", call->id, nl_env_now(&store->env), verdict->kind,
                                verdict->reason, verdict->status, verdict->diagnostic);
        if (status == NL_OK)
            status = mark_delivery(store, returned, verdict, err);
    }
    return status;
}

enum nl_status nl_returned_record(struct nl_store *store, const struct nl_returned *returned,
                                  const struct nl_bounce_policy *policy,
                                  struct nl_returned_outcome *outcome, struct nl_error *err) {
    struct record_call call = {.returned = returned, .policy = policy, .outcome = outcome};
    *outcome = (struct nl_returned_outcome){0};
    return nl_sql_transaction(store, record, &call, err);
}

enum nl_status nl_returned_each_kept(struct nl_store *store,
                                     enum nl_status (*each)(int64_t id, int64_t at, size_t len,
                                                            void *ctx, struct nl_error *err),
                                     void *ctx, struct nl_error *err) {
    bool row = true;
    struct nl_statement *statement =
        nl_sql(store, err,
               "SELECT id, at, length(message) FROM returned "
               "WHERE kind = 'unknown' AND message IS NOT NULL ORDER BY id",
               "");
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    while (status == NL_OK && row) {
        status = each(nl_sql_int64(statement, 0), nl_sql_int64(statement, 1),
                      (size_t)nl_sql_int64(statement, 2), ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}

static void add_bytes(const struct nl_statement *statement, struct nl_buf *out) {
    size_t len = 0;
    const void *data = nl_sql_bytes(statement, 0, &len);
    nl_buf_add(out, data, len);
}

enum nl_status nl_returned_message(struct nl_store *store, int64_t id, struct nl_buf *out,
                                   struct nl_error *err) {
    bool row = false;
    struct nl_statement *statement = nl_sql(
        store, err, "SELECT message FROM returned WHERE id = ? AND message IS NOT NULL", "i", id);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    if (status == NL_OK && row)
        add_bytes(statement, out);
    nl_sql_done(statement);
    if (status == NL_OK && !row)
        return nl_error_set(err, NL_NOTFOUND,
                            "no message %lld is kept: see newsletter bounce "
                            "--kept",
                            (long long)id);
    return status == NL_OK && out->failed ? nl_error_nomem(err) : status;
}

enum nl_status nl_returned_dismiss(struct nl_store *store, int64_t id, struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err, "UPDATE returned SET message = NULL WHERE id = ? AND message IS NOT NULL", "i",
        id);
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return nl_error_set(err, NL_NOTFOUND,
                            "no message %lld is kept: see newsletter bounce "
                            "--kept",
                            (long long)id);
    return status;
}

enum nl_status nl_returned_forget(struct nl_store *store, int64_t before, struct nl_error *err) {
    return nl_sql_run(store, err,
                      "UPDATE returned SET message = NULL "
                      "WHERE at < ? AND message IS NOT NULL AND kind <> 'unknown'",
                      "i", before);
}
