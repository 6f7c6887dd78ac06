#include "delivery/record.h"

#include "delivery/ahead.h"
#include "delivery/direct.h"
#include "delivery/tuning.h"
#include "newsletter/base/clock.h"
#include "newsletter/store/issue_control.h"

#include <stdio.h>
#include <time.h>

enum {
    BEGIN_ATTEMPTS = 30, /* of ten seconds each */
    RENEWALS_PER_LEASE = 3,
};

/* The outcome of a refusal that the breaker has decided. */
static void settle(struct run *run, struct nl_held *held) {
    if (held->state == NL_HELD_REQUEUED)
        held->result.outcome = NL_REQUEUED;
    else if (held->state == NL_HELD_DEFERRED)
        held->result.outcome = NL_DEFERRED;
    if (held->result.outcome == NL_DEFERRED && held->result.next_attempt_at == 0)
        nl_run_schedule(run, held->attempts, held->first_attempt_at, &held->result);
}

static enum nl_status record_results(struct run *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->used; i++)
        if (run->messages[i].done && !run->messages[i].held)
            run->records[count++] =
                (struct nl_record){run->messages[i].pending.job.delivery, &run->messages[i].result};
    for (size_t i = 0; i < run->breaker.count; i++) {
        struct nl_held *held = &run->breaker.items[i];
        if (held->state == NL_HELD_WAITING)
            continue;
        settle(run, held);
        run->records[count++] = (struct nl_record){held->delivery, &held->result};
    }
    return nl_backlog_record(run->plan, run->records, count, run->owner.text, run->err);
}

/* A message that was refused has not been sent: should we die now, it is queued, not unknown. */
static enum nl_status withdraw_commit_points(struct run *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->used; i++)
        if (run->messages[i].done && run->messages[i].held)
            run->commit_points[count++] = run->messages[i].pending.job.delivery;
    return nl_delivery_withdraw_commit_points(run->plan->store, run->plan->scope.issue,
                                              run->commit_points, count, run->owner.text, run->err);
}

/* Somebody who has unsubscribed meanwhile is not sent the final dot, and so not the message. The
 * next turn queues the delivery, and a lease finds that its subscription has ended. */
static void take_back(struct run *run, size_t place) {
    static const struct nl_result ended = {.outcome = NL_REQUEUED};
    struct nl_in_flight *message = &run->messages[place];
    nl_transport_withdraw(run->transport, message->connection, place);
    nl_in_flight_end(run, message, &ended);
}

/* When a run stops, those whose envelopes came early are not under way for anybody. */
static void take_back_early(struct run *run) {
    for (size_t i = 0; i < run->used && nl_run_must_stop(run); i++)
        if (run->messages[i].wants_commit_point && run->messages[i].came_early)
            take_back(run, i);
}

static enum nl_status record_commit_points(struct run *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->used; i++)
        if (run->messages[i].wants_commit_point)
            run->commit_points[count++] = run->messages[i].pending.job.delivery;
    return nl_backlog_commit_points(&run->backlog, run->commit_points, count, false, run->may_go,
                                    run->err);
}

/* Leases are renewed so that messages in flight stay ours, however long a server takes. */
static bool wants_renewal(const struct run *run) {
    int64_t now = nl_store_now(run->plan->store);
    return now >= run->renewed_at + run->plan->config->lease / RENEWALS_PER_LEASE;
}

static enum nl_status renew(struct run *run) {
    int64_t now = nl_store_now(run->plan->store);
    if (!wants_renewal(run))
        return NL_OK;
    run->overslept = run->overslept || now >= run->renewed_at + run->plan->config->lease;
    run->renewed_at = now;
    return nl_delivery_renew(run->plan->store, run->plan->scope.issue, run->owner.text,
                             now + run->plan->config->lease, run->err);
}

static bool wants_lease(const struct run *run) {
    return !nl_run_must_stop(run) && (nl_backlog_wants(&run->backlog) || nl_ahead_wants_lease(run));
}

static bool is_held(const struct run *run, int64_t delivery, size_t before) {
    const struct nl_backlog *backlog = &run->backlog;
    for (size_t i = 0; i < before; i++)
        if (backlog->items[backlog->first + i].job.delivery == delivery)
            return true;
    for (size_t i = 0; i < run->used; i++)
        if (run->messages[i].busy && !run->messages[i].done &&
            run->messages[i].pending.job.delivery == delivery)
            return true;
    for (size_t i = 0; i < run->breaker.count; i++)
        if (run->breaker.items[i].delivery == delivery)
            return true;
    return false;
}

/* Where leases have ended before they were renewed, another process may have queued what we still
 * hold, and we may lease it once more. Held twice, it would be sent twice: both belong to us. */
static void drop_twins(struct run *run, size_t before) {
    struct nl_backlog *backlog = &run->backlog;
    size_t kept = before;
    for (size_t i = before; i < backlog->count; i++) {
        struct nl_pending *pending = &backlog->items[backlog->first + i];
        if (is_held(run, pending->job.delivery, before))
            nl_pending_free(pending);
        else
            backlog->items[backlog->first + kept++] = *pending;
    }
    backlog->count = kept;
}

static enum nl_status fill(struct run *run) {
    size_t before = run->backlog.count;
    enum nl_status status = nl_backlog_fill(&run->backlog, &run->summary->pause_reason, run->err);
    if (status == NL_OK && run->overslept)
        drop_twins(run, before);
    return status;
}

bool nl_record_has_work(const struct run *run) {
    for (size_t i = 0; i < run->used; i++)
        if (run->messages[i].done || run->messages[i].wants_commit_point)
            return true;
    return nl_breaker_decided(&run->breaker) || run->backlog.parking > 0 || wants_lease(run) ||
           wants_renewal(run) || nl_ahead_wants(run) ||
           (nl_run_must_stop(run) && run->backlog.count > 0);
}

/* Another process may keep the database locked for long. Giving up would leave the messages in
 * flight unknown. Each attempt waits by itself. */
static enum nl_status begin_recording(struct run *run) {
    enum nl_status status = NL_BUSY;
    for (int attempt = 0; status == NL_BUSY && attempt < BEGIN_ATTEMPTS; attempt++)
        status = nl_store_begin_together(run->plan->store, run->err);
    if (status == NL_OK)
        nl_error_free(run->err);
    return status;
}

/* Somebody may have paused or cancelled the issue: then no new message begins. */
static enum nl_status check_for_halt(struct run *run) {
    run->sending = true;
    return run->plan->scope.issue == 0
               ? NL_OK
               : nl_issue_is_sending(run->plan->store, run->plan->scope.issue, &run->sending,
                                     run->err);
}

/* Except for the questions of a lease, the database answers with the commit: so a turn takes one
 * round trip to a server, and two with a lease. */
static enum nl_status record_once(struct run *run) {
    bool releases = nl_run_must_stop(run);
    enum nl_status status = begin_recording(run);
    if (status == NL_OK)
        status = record_results(run);
    if (status == NL_OK)
        status = withdraw_commit_points(run);
    if (status == NL_OK)
        status = check_for_halt(run);
    if (status == NL_OK)
        status = record_commit_points(run);
    if (status == NL_OK)
        status = renew(run);
    if (status == NL_OK && !releases && run->backlog.parking > 0)
        status = nl_backlog_park(&run->backlog, run->err);
    if (status == NL_OK && !releases)
        status = nl_direct_recall(run);
    if (status == NL_OK && releases)
        status = nl_backlog_release(&run->backlog, run->err);
    else if (status == NL_OK && wants_lease(run))
        status = fill(run);
    if (status == NL_OK)
        status = nl_ahead_record(run);
    if (status == NL_OK)
        status = nl_store_commit(run->plan->store, run->err);
    if (status != NL_OK)
        nl_store_rollback(run->plan->store);
    else if (releases)
        nl_backlog_forget(&run->backlog, 0);
    return status;
}

/* A database that is away for less than a lease costs nothing. A commit that was under way may have
 * succeeded: everything in it can be recorded twice. */
static enum nl_status record_all(struct run *run) {
    const struct timespec pause = {.tv_sec = 1};
    const struct nl_env *env = nl_store_env(run->plan->store);
    size_t before = run->backlog.count;
    int64_t give_up_at = nl_env_now(env) + run->plan->config->lease;
    enum nl_status status = record_once(run);
    while ((status == NL_TEMPFAIL || status == NL_BUSY) && nl_env_now(env) < give_up_at) {
        nl_backlog_forget(&run->backlog, before);
        run->renewed_at = 0;
        nl_error_free(run->err);
        nanosleep(&pause, NULL);
        status = record_once(run);
    }
    return status;
}

static void count_result(struct nl_run_counts *counts, enum nl_outcome outcome) {
    int64_t *counters[] = {&counts->sent,   &counts->deferred, &counts->bounced,
                           &counts->failed, &counts->unknown,  NULL};
    if (counters[outcome] != NULL)
        ++*counters[outcome];
}

static void release_final_dots(struct run *run) {
    for (size_t i = 0; i < run->used; i++) {
        struct nl_in_flight *message = &run->messages[i];
        if (message->commit_point == 0 || message->commit_point > run->synced)
            continue;
        message->commit_point = 0;
        message->waits_since = run->clock;
        nl_ahead_begin(run, message);
        nl_transport_release(run->transport, message->connection, i);
    }
}

/* Outcomes are in no hurry: the next commit point's sync includes them, or one a second later. */
static bool wants_sync(const struct run *run) {
    if (run->syncing != 0 || run->committed == run->synced)
        return false;
    for (size_t i = 0; i < run->used; i++)
        if (run->messages[i].commit_point > run->synced)
            return true;
    return nl_ahead_wants_sync(run) || nl_store_now(run->plan->store) > run->sync_at;
}

enum nl_status nl_record_follow_sync(struct run *run) {
    bool done = false;
    enum nl_status status = NL_OK;
    if (run->syncing != 0)
        status = nl_sync_poll(run->sync, &done, run->err);
    if (status == NL_OK && done) {
        run->synced = run->syncing;
        run->syncing = 0;
    }
    if (status == NL_OK)
        release_final_dots(run);
    if (status == NL_OK && wants_sync(run)) {
        run->syncing = run->committed;
        run->sync_at = nl_store_now(run->plan->store);
        nl_sync_request(run->sync);
    }
    return status;
}

static void end_message(struct run *run, struct nl_in_flight *message) {
    if (!message->held)
        count_result(&run->summary->counts, message->result.outcome);
    if (!message->held && message->result.outcome == NL_REQUEUED)
        run->backlog.drained = false;
    if (message->pending.permit != 0)
        nl_store_return_permit(run->plan->store, message->pending.domain, message->pending.permit);
    nl_pending_free(&message->pending);
    message->done = false;
    message->held = false;
    message->busy = false;
}

/* Connections go on only after the commit. */
static void after_commit(struct run *run) {
    size_t at = 0;
    run->committed++;
    nl_ahead_committed(run);
    nl_backlog_drop_parked(&run->backlog);
    nl_direct_recalled(run);
    if (!run->sending)
        run->summary->halted = run->summary->stopped = true;
    for (size_t i = 0; i < run->used; i++) {
        struct nl_in_flight *message = &run->messages[i];
        if (message->done) {
            end_message(run, message);
        } else if (message->wants_commit_point && !run->may_go[at++]) {
            take_back(run, i);
        } else if (message->wants_commit_point) {
            message->wants_commit_point = false;
            message->commit_point =
                message->pending.commit_point != 0 ? message->pending.commit_point : run->committed;
        }
    }
    for (size_t i = 0; i < run->breaker.count; i++) {
        const struct nl_held *held = &run->breaker.items[i];
        if (held->state == NL_HELD_WAITING)
            continue;
        count_result(&run->summary->counts, held->result.outcome);
        if (held->result.outcome == NL_REQUEUED)
            run->backlog.drained = false;
    }
    if (run->plan->options->progress != NULL)
        nl_tuning_show(run);
}

/* ---- what a refusal does to the subscription: as much as the same words in a bounce ---- */

static enum nl_status apply_refusal(struct run *run, int64_t delivery, int64_t attempts,
                                    const struct nl_result *result) {
    const struct nl_config *config = run->plan->config;
    const struct nl_bounce_policy policy = {config->bounce.hard, config->bounce.soft,
                                            config->bounce.limit, config->bounce.half_life,
                                            config->bounce.interval};
    const struct nl_bounce_verdict verdict = {.effect = result->effect,
                                              .kind = result->effect == NL_EFFECT_HARD ? "hard"
                                                                                       : "soft",
                                              .reason = result->reason,
                                              .status = result->status,
                                              .diagnostic = result->text};
    struct nl_bounce_record refusal = {
        .kind = "reply", .delivery = delivery, .verdicts = &verdict, .count = 1};
    struct nl_bounce_record_outcome outcome = {0};
    char name[64];
    int len =
        snprintf(name, sizeof name, "reply %lld %lld", (long long)delivery, (long long)attempts);
    nl_digest(name, (size_t)len, refusal.digest);
    enum nl_status status = NL_BUSY;
    for (int attempt = 0; status == NL_BUSY && attempt < BEGIN_ATTEMPTS; attempt++) {
        nl_error_free(run->err);
        status = nl_bounce_record_add(run->plan->store, &refusal, &policy, &outcome, run->err);
    }
    return status;
}

static bool has_effect(const struct nl_result *result) {
    return result->effect != NL_EFFECT_NONE && result->reason != NULL &&
           (result->outcome == NL_BOUNCED || result->outcome == NL_FAILED);
}

/* In transactions of their own, since they change subscriptions: see DESIGN.md, Transactions. */
static enum nl_status apply_refusals(struct run *run) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < run->used; i++) {
        const struct nl_in_flight *message = &run->messages[i];
        if (message->done && !message->held && has_effect(&message->result))
            status = apply_refusal(run, message->pending.job.delivery,
                                   message->pending.job.attempts, &message->result);
    }
    for (size_t i = 0; status == NL_OK && i < run->breaker.count; i++) {
        const struct nl_held *held = &run->breaker.items[i];
        if (held->state != NL_HELD_WAITING && has_effect(&held->result))
            status = apply_refusal(run, held->delivery, held->attempts, &held->result);
    }
    return status;
}

enum nl_status nl_record_commit(struct run *run) {
    if (!nl_record_has_work(run) || nl_record_gathers(run))
        return NL_OK;
    int64_t began = nl_clock_nanoseconds();
    take_back_early(run);
    enum nl_status status = record_all(run);
    run->turn_time = (nl_clock_nanoseconds() - began) / 1000;
    run->gathering_since = 0;
    if (status == NL_OK)
        status = apply_refusals(run);
    if (status == NL_OK) {
        after_commit(run);
        nl_breaker_drop_decided(&run->breaker);
    }
    return status;
}
