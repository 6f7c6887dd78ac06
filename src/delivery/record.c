#include "delivery/lanes.h"

#include <time.h>

enum {
    BEGIN_ATTEMPTS = 30, /* of ten seconds each */
    BEATS = 3,           /* renewals within a lease */
};

static enum nl_status record_results(struct nl_lanes *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->lane_count; i++)
        if (run->lanes[i].done)
            run->records[count++] =
                (struct nl_record){run->lanes[i].pending.job.delivery, &run->lanes[i].result};
    return nl_delivery_record(run->plan->store, run->records, count, run->owner.text, run->err);
}

/* Back to the queue, where the next lease finds the end of the subscription. */
static enum nl_status take_back(struct nl_lanes *run, size_t connection) {
    static const struct nl_result ended = {.outcome = NL_REQUEUED};
    struct nl_lane *lane = &run->lanes[connection];
    nl_transport_close(run->transport, connection);
    nl_lane_end(run, lane, &ended);
    run->backlog.drained = false;
    const struct nl_record record = {lane->pending.job.delivery, &lane->result};
    return nl_delivery_record(run->plan->store, &record, 1, run->owner.text, run->err);
}

/* Whoever unsubscribed in the meantime is not sent the dot, and so not the message. */
static enum nl_status record_dots(struct nl_lanes *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->lane_count; i++)
        if (run->lanes[i].wants_dot)
            run->dots[count++] = run->lanes[i].pending.job.delivery;
    if (count == 0)
        return NL_OK;
    enum nl_status status = nl_delivery_commit_dots(run->plan->store, run->dots, count,
                                                    run->owner.text, run->may_go, run->err);
    size_t at = 0;
    for (size_t i = 0; status == NL_OK && i < run->lane_count; i++)
        if (run->lanes[i].wants_dot && !run->may_go[at++])
            status = take_back(run, i);
    return status;
}

/* The heart-beat: what is under way stays ours, however long a server takes. */
static bool wants_renewal(const struct nl_lanes *run) {
    int64_t now = nl_env_now(nl_store_env(run->plan->store));
    return now >= run->renewed_at + run->plan->config->lease / BEATS;
}

static enum nl_status renew(struct nl_lanes *run) {
    int64_t now = nl_env_now(nl_store_env(run->plan->store));
    if (!wants_renewal(run))
        return NL_OK;
    run->renewed_at = now;
    return nl_delivery_renew(run->plan->store, run->owner.text, now + run->plan->config->lease,
                             run->err);
}

static bool wants_lease(const struct nl_lanes *run) {
    return !nl_lanes_stop(run) && nl_backlog_wants(&run->backlog);
}

bool nl_lanes_have_work(const struct nl_lanes *run) {
    for (size_t i = 0; i < run->lane_count; i++)
        if (run->lanes[i].done || run->lanes[i].wants_dot)
            return true;
    return wants_lease(run) || wants_renewal(run) || (nl_lanes_stop(run) && run->backlog.count > 0);
}

/* Another process may hold the database for long (a fan-out to a million); giving up would leave
 * what is in flight unknown. Each attempt waits by itself. */
static enum nl_status begin(struct nl_lanes *run) {
    enum nl_status status = NL_BUSY;
    for (int attempt = 0; status == NL_BUSY && attempt < BEGIN_ATTEMPTS; attempt++)
        status = nl_store_begin_beside(run->plan->store, run->err);
    if (status == NL_OK)
        nl_error_free(run->err);
    return status;
}

/* Somebody at another terminal may have paused or cancelled the issue: what is in flight ends, and
 * nothing new begins. */
static enum nl_status look_for_halt(struct nl_lanes *run) {
    bool sending = true;
    if (run->plan->scope.issue == 0)
        return NL_OK;
    enum nl_status status =
        nl_issue_is_sending(run->plan->store, run->plan->scope.issue, &sending, run->err);
    if (status == NL_OK && !sending) {
        run->summary->halted = true;
        run->summary->stopped = true;
    }
    return status;
}

static enum nl_status record_once(struct nl_lanes *run) {
    enum nl_status status = begin(run);
    if (status != NL_OK)
        return status;
    status = record_results(run);
    if (status == NL_OK)
        status = look_for_halt(run);
    if (status == NL_OK)
        status = record_dots(run);
    if (status == NL_OK)
        status = renew(run);
    if (status == NL_OK && nl_lanes_stop(run))
        status = nl_backlog_release(&run->backlog, run->err);
    else if (status == NL_OK && wants_lease(run))
        status = nl_backlog_fill(&run->backlog, &run->summary->hold, run->err);
    if (status == NL_OK)
        status = nl_store_commit(run->plan->store, run->err);
    if (status != NL_OK)
        nl_store_rollback(run->plan->store);
    return status;
}

/* A database that is away for less than a lease costs nothing: what happened meanwhile is recorded
 * when it is back. Whether a commit that was under way has come through does not matter: all that
 * it holds can be said twice. */
static enum nl_status record(struct nl_lanes *run) {
    const struct timespec pause = {.tv_sec = 1};
    const struct nl_env *env = nl_store_env(run->plan->store);
    size_t before = run->backlog.count;
    int64_t patience = nl_env_now(env) + run->plan->config->lease;
    enum nl_status status = record_once(run);
    while ((status == NL_TEMPFAIL || status == NL_BUSY) && nl_env_now(env) < patience) {
        nl_backlog_forget(&run->backlog, before);
        run->renewed_at = 0;
        nl_error_free(run->err);
        nanosleep(&pause, NULL);
        status = record_once(run);
    }
    return status;
}

static void count_result(struct nl_run_counts *counts, enum nl_outcome outcome) {
    int64_t *slots[] = {&counts->sent,   &counts->deferred, &counts->bounced,
                        &counts->failed, &counts->unknown,  NULL};
    if (slots[outcome] != NULL)
        ++*slots[outcome];
}

static void release_dots(struct nl_lanes *run) {
    for (size_t i = 0; i < run->lane_count; i++) {
        struct nl_lane *lane = &run->lanes[i];
        if (lane->dot_commit == 0 || lane->dot_commit > run->synced)
            continue;
        lane->dot_commit = 0;
        nl_transport_release_dot(run->transport, i);
    }
}

/* Outcomes are in no hurry: the next dot's sync takes them along, or the next second's. */
static bool wants_sync(const struct nl_lanes *run) {
    if (run->syncing != 0 || run->committed == run->synced)
        return false;
    for (size_t i = 0; i < run->lane_count; i++)
        if (run->lanes[i].dot_commit > run->synced)
            return true;
    return nl_env_now(nl_store_env(run->plan->store)) > run->sync_at;
}

/* A dot goes out once its commit is durable; nothing else waits for the disk. */
enum nl_status nl_lanes_follow_sync(struct nl_lanes *run) {
    bool done = false;
    enum nl_status status = NL_OK;
    if (run->syncing != 0)
        status = nl_sync_poll(run->sync, &done, run->err);
    if (status == NL_OK && done) {
        run->synced = run->syncing;
        run->syncing = 0;
        release_dots(run);
    }
    if (status == NL_OK && wants_sync(run)) {
        run->syncing = run->committed;
        run->sync_at = nl_env_now(nl_store_env(run->plan->store));
        nl_sync_request(run->sync);
    }
    return status;
}

/* Only behind the commit does anything move on. */
static void after_commit(struct nl_lanes *run) {
    run->committed++;
    for (size_t i = 0; i < run->lane_count; i++) {
        struct nl_lane *lane = &run->lanes[i];
        if (lane->done) {
            count_result(&run->summary->counts, lane->result.outcome);
            if (lane->result.outcome == NL_REQUEUED)
                run->backlog.drained = false;
            if (lane->pending.slot != 0)
                nl_store_leave_slot(run->plan->store, lane->pending.domain, lane->pending.slot);
            nl_pending_free(&lane->pending);
            lane->done = false;
            lane->busy = false;
        } else if (lane->wants_dot) {
            lane->wants_dot = false;
            lane->dot_commit = run->committed;
        }
    }
    if (run->plan->options->progress != NULL)
        run->plan->options->progress(&run->summary->counts, run->plan->options->ctx);
}

enum nl_status nl_lanes_commit(struct nl_lanes *run) {
    if (!nl_lanes_have_work(run))
        return NL_OK;
    enum nl_status status = record(run);
    if (status == NL_OK)
        after_commit(run);
    return status;
}
