#include "delivery/run.h"

#include "delivery/backlog.h"
#include "delivery/composer.h"
#include "delivery/outcome.h"
#include "delivery/transport.h"
#include "newsletter/address.h"
#include "newsletter/sync.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TROUBLE_LIMIT = 10,   /* broken connections in a row before the circuit breaker opens */
    REJECTION_LIMIT = 20, /* recipients refused before the first one is accepted */
    BEGIN_ATTEMPTS = 30,  /* of ten seconds each */
    BEATS = 3,            /* renewals within a lease */
    WAIT_MILLISECONDS = 1000,
};

/* One connection's message, from lease to record. Indexed like the transport's connections. */
struct lane {
    struct nl_pending pending;
    struct nl_buf message;
    struct nl_buf text; /* what result.text points to */
    struct nl_result result;
    bool busy;
    bool wants_dot;
    uint64_t dot_commit; /* which commit said that the dot goes out; 0: none */
    bool done;           /* `result` is to be recorded */
};

struct run {
    const struct nl_run_plan *plan;
    struct nl_run_summary *summary;
    struct nl_transport *transport;
    struct nl_token owner;
    struct nl_composer composer;
    struct lane *lanes;
    size_t lane_count;
    struct nl_record *records; /* room for each lane */
    int64_t *dots;
    bool *may_go;
    struct nl_backlog backlog;
    struct nl_sync *sync;
    int64_t renewed_at; /* the leases */
    uint64_t committed; /* commits so far */
    uint64_t synced;    /* of these, durable */
    uint64_t syncing;   /* until which they are being made so; 0: nothing is */
    int64_t sync_at;    /* when that was last begun */
    int trouble;        /* broken connections since the last accepted message */
    int64_t calm_since; /* when that was, or the start */
    int64_t rejected;
    struct nl_error *err;
};

static enum nl_status prepare(struct run *run) {
    run->lane_count = (size_t)run->plan->config->smtp.connections;
    run->lanes = calloc(run->lane_count, sizeof run->lanes[0]);
    run->records = calloc(run->lane_count, sizeof run->records[0]);
    run->dots = calloc(run->lane_count, sizeof run->dots[0]);
    run->may_go = calloc(run->lane_count, sizeof run->may_go[0]);
    nl_token_new(nl_store_env(run->plan->store), &run->owner);
    if (run->lanes == NULL || run->records == NULL || run->dots == NULL || run->may_go == NULL)
        return nl_error_nomem(run->err);
    enum nl_status status = nl_backlog_open(&run->backlog, run->plan, run->owner.text,
                                            2 * run->lane_count + 16, run->err);
    if (status == NL_OK)
        status = nl_composer_open(&run->composer, run->plan, run->err);
    if (status == NL_OK)
        status = nl_transport_new(run->plan->relay, run->lane_count, &run->transport, run->err);
    if (status == NL_OK)
        status = nl_sync_start(run->plan->store, &run->sync, run->err);
    if (status == NL_OK)
        nl_transport_watch(run->transport, nl_sync_fd(run->sync));
    return status;
}

/* Frees everything; *status becomes a failure if the last commits could not be made durable. */
static void clean_up(struct run *run, enum nl_status *status) {
    struct nl_error ignored = {0};
    enum nl_status synced = nl_sync_stop(run->sync, *status == NL_OK ? run->err : &ignored);
    if (*status == NL_OK)
        *status = synced;
    nl_error_free(&ignored);
    nl_transport_free(run->transport);
    for (size_t i = 0; run->lanes != NULL && i < run->lane_count; i++) {
        if (run->lanes[i].pending.slot != 0)
            nl_store_leave_slot(run->plan->store, run->lanes[i].pending.domain,
                                run->lanes[i].pending.slot);
        nl_pending_free(&run->lanes[i].pending);
        nl_buf_free(&run->lanes[i].message);
        nl_buf_free(&run->lanes[i].text);
    }
    nl_backlog_close(&run->backlog);
    free(run->lanes);
    free(run->records);
    free(run->dots);
    free(run->may_go);
    nl_composer_close(&run->composer);
}

static bool is_stopping(const struct run *run) {
    const struct nl_run_options *options = run->plan->options;
    bool over = options->until != 0 && nl_env_now(nl_store_env(run->plan->store)) >= options->until;
    return run->summary->stopped || over || (options->stop != NULL && *options->stop != 0);
}

static void stop(struct run *run, enum nl_status status, bool pause, const char *text) {
    struct nl_run_summary *summary = run->summary;
    if (summary->problem.status != NL_OK)
        return;
    summary->stopped = true;
    summary->paused = pause;
    nl_error_set(&summary->problem, status, "%s", text);
}

/* ---- from the network to the lanes ---- */

static void set_result(struct run *run, struct lane *lane, const struct nl_result *result) {
    lane->result = *result;
    nl_buf_clear(&lane->text);
    if (result->text != NULL)
        nl_buf_adds(&lane->text, result->text);
    lane->result.text = nl_buf_text(&lane->text);
    if (lane->result.outcome == NL_DEFERRED)
        nl_outcome_schedule(run->plan->config, nl_store_env(run->plan->store),
                            lane->pending.job.attempts, lane->pending.job.first_attempt_at,
                            &lane->result);
    lane->wants_dot = false;
    lane->dot_commit = 0;
    lane->done = true;
}

static void pause_for_reply(struct run *run, const struct nl_transport_event *event) {
    struct nl_buf text = {0};
    nl_buf_addf(&text, "the server refused %s with %d %s %s: mend the cause, then send again",
                nl_stage_name(event->stage), event->reply->code, event->reply->status,
                nl_buf_text(&event->reply->text));
    stop(run, NL_UNAVAILABLE, true, nl_buf_text(&text));
    nl_buf_free(&text);
}

static void count_trouble(struct run *run, const char *text) {
    struct nl_buf line = {0};
    int64_t now = nl_env_now(nl_store_env(run->plan->store));
    /* A server that answers nothing takes its time to fail; ten times that is too long. */
    if (++run->trouble < TROUBLE_LIMIT * (int)nl_relay_count(run->plan->relay) &&
        now - run->calm_since < run->plan->config->smtp.timeout)
        return;
    nl_buf_addf(&line,
                "%s; %d connection(s) failed in a row, what is left stays queued: run "
                "'newsletter retry' when the server is well",
                text, run->trouble);
    stop(run, NL_TEMPFAIL, false, nl_buf_text(&line));
    nl_buf_free(&line);
}

/* A server that refuses everybody from the start objects to us, whatever its replies say. */
static void count_rejection(struct run *run, const struct nl_transport_event *event) {
    if (run->summary->counts.sent > 0 || ++run->rejected < REJECTION_LIMIT)
        return;
    pause_for_reply(run, event);
}

static void take_outcome(struct run *run, const struct nl_transport_event *event) {
    struct nl_result result = {0};
    switch (nl_outcome_judge(event, &result)) {
    case NL_GO_ON_RESET:
        run->trouble = 0;
        run->calm_since = nl_env_now(nl_store_env(run->plan->store));
        run->rejected = INT64_MIN / 2;
        break;
    case NL_TROUBLE:
        count_trouble(run, event->kind == NL_TRANSPORT_LOST ? event->text : result.text);
        break;
    case NL_PAUSE:
        pause_for_reply(run, event);
        break;
    default:
        if (result.outcome == NL_BOUNCED)
            count_rejection(run, event);
        break;
    }
    set_result(run, &run->lanes[event->connection], &result);
}

static void take_events(struct run *run) {
    struct nl_transport_event event = {0};
    while (nl_transport_next(run->transport, &event)) {
        switch (event.kind) {
        case NL_TRANSPORT_WANTS_DOT:
            run->lanes[event.connection].wants_dot = true;
            break;
        case NL_TRANSPORT_REFUSED:
            if (event.permanent)
                stop(run, NL_UNAVAILABLE, true, event.text);
            else
                count_trouble(run, event.text);
            break;
        default:
            take_outcome(run, &event);
            break;
        }
    }
}

/* ---- one commit for what happened on all lanes ---- */

static enum nl_status record_results(struct run *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->lane_count; i++)
        if (run->lanes[i].done)
            run->records[count++] =
                (struct nl_record){run->lanes[i].pending.job.delivery, &run->lanes[i].result};
    return nl_delivery_record(run->plan->store, run->records, count, run->owner.text, run->err);
}

/* Back to the queue, where the next lease finds the end of the subscription. */
static enum nl_status take_back(struct run *run, size_t connection) {
    static const struct nl_result ended = {.outcome = NL_REQUEUED};
    struct lane *lane = &run->lanes[connection];
    nl_transport_close(run->transport, connection);
    set_result(run, lane, &ended);
    run->backlog.drained = false;
    const struct nl_record record = {lane->pending.job.delivery, &lane->result};
    return nl_delivery_record(run->plan->store, &record, 1, run->owner.text, run->err);
}

/* Whoever unsubscribed in the meantime is not sent the dot, and so not the message. */
static enum nl_status record_dots(struct run *run) {
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
static bool wants_renewal(const struct run *run) {
    int64_t now = nl_env_now(nl_store_env(run->plan->store));
    return now >= run->renewed_at + run->plan->config->lease / BEATS;
}

static enum nl_status renew(struct run *run) {
    int64_t now = nl_env_now(nl_store_env(run->plan->store));
    if (!wants_renewal(run))
        return NL_OK;
    run->renewed_at = now;
    return nl_delivery_renew(run->plan->store, run->owner.text, now + run->plan->config->lease,
                             run->err);
}

static bool wants_lease(const struct run *run) {
    return !is_stopping(run) && nl_backlog_wants(&run->backlog);
}

static bool has_work(const struct run *run) {
    for (size_t i = 0; i < run->lane_count; i++)
        if (run->lanes[i].done || run->lanes[i].wants_dot)
            return true;
    return wants_lease(run) || wants_renewal(run) || (is_stopping(run) && run->backlog.count > 0);
}

/* Another process may hold the database for long (a fan-out to a million); giving up would leave
 * what is in flight unknown. Each attempt waits by itself. */
static enum nl_status begin(struct run *run) {
    enum nl_status status = NL_BUSY;
    for (int attempt = 0; status == NL_BUSY && attempt < BEGIN_ATTEMPTS; attempt++)
        status = nl_store_begin_beside(run->plan->store, run->err);
    if (status == NL_OK)
        nl_error_free(run->err);
    return status;
}

/* Somebody at another terminal may have paused or cancelled the issue: what is in flight ends, and
 * nothing new begins. */
static enum nl_status look_for_halt(struct run *run) {
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

static enum nl_status record_once(struct run *run) {
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
    if (status == NL_OK && is_stopping(run))
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
static enum nl_status record(struct run *run) {
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

static void release_dots(struct run *run) {
    for (size_t i = 0; i < run->lane_count; i++) {
        struct lane *lane = &run->lanes[i];
        if (lane->dot_commit == 0 || lane->dot_commit > run->synced)
            continue;
        lane->dot_commit = 0;
        nl_transport_release_dot(run->transport, i);
    }
}

/* Outcomes are in no hurry: the next dot's sync takes them along, or the next second's. */
static bool wants_sync(const struct run *run) {
    if (run->syncing != 0 || run->committed == run->synced)
        return false;
    for (size_t i = 0; i < run->lane_count; i++)
        if (run->lanes[i].dot_commit > run->synced)
            return true;
    return nl_env_now(nl_store_env(run->plan->store)) > run->sync_at;
}

/* A dot goes out once its commit is durable; nothing else waits for the disk. */
static enum nl_status follow_sync(struct run *run) {
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
static void after_commit(struct run *run) {
    run->committed++;
    for (size_t i = 0; i < run->lane_count; i++) {
        struct lane *lane = &run->lanes[i];
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

/* ---- from the queue to the network ---- */

static void refuse_locally(struct run *run, struct lane *lane, enum nl_outcome outcome,
                           const char *status, const char *text) {
    struct nl_result result = {.outcome = outcome, .text = text};
    memcpy(result.status, status, strlen(status) + 1);
    set_result(run, lane, &result);
}

/* RFC 1870: a server that says how much it takes is not given more. */
static bool fits(struct run *run, struct lane *lane, const struct nl_extensions *extensions) {
    struct nl_buf text = {0};
    if (extensions->size_limit == 0 || lane->message.len <= extensions->size_limit)
        return true;
    nl_buf_addf(&text,
                "the message has %zu bytes and the server takes %zu: make its pictures smaller, or "
                "links (images: links)",
                lane->message.len, extensions->size_limit);
    stop(run, NL_UNAVAILABLE, true, nl_buf_text(&text));
    refuse_locally(run, lane, NL_REQUEUED, "5.3.4", nl_buf_text(&text));
    nl_buf_free(&text);
    return false;
}

static void begin_message(struct run *run, size_t connection, const struct nl_address *address) {
    struct lane *lane = &run->lanes[connection];
    struct nl_buf sender = {0};
    nl_composer_sender(&run->composer, lane->pending.job.delivery, &sender);
    nl_transport_start(run->transport, connection, nl_buf_text(&sender), address->envelope,
                       &lane->message, address->smtputf8);
    nl_buf_free(&sender);
}

static enum nl_status start(struct run *run, size_t connection, const struct nl_pending *pending) {
    struct lane *lane = &run->lanes[connection];
    const struct nl_extensions *extensions = nl_transport_extensions(run->transport, connection);
    struct nl_address address = {0};
    struct nl_error bad_address = {0};
    enum nl_status status = NL_OK;
    lane->pending = *pending;
    lane->busy = true;
    if (nl_address_parse(pending->job.address, &address, &bad_address) != NL_OK) {
        refuse_locally(run, lane, NL_FAILED, "5.1.3", nl_error_text(&bad_address));
    } else if (address.smtputf8 && !extensions->smtputf8) {
        refuse_locally(run, lane, NL_BOUNCED, "5.6.7",
                       "the server does not offer SMTPUTF8, which this address needs");
    } else {
        status = nl_composer_fill(&run->composer, pending, &address, &lane->message, run->err);
        if (status == NL_OK && fits(run, lane, extensions))
            begin_message(run, connection, &address);
    }
    nl_error_free(&bad_address);
    nl_address_free(&address);
    return status;
}

static bool holds_slot(const struct run *run, const char *domain, int64_t slot) {
    for (size_t i = 0; i < run->lane_count; i++)
        if (run->lanes[i].busy && run->lanes[i].pending.slot == slot &&
            strcmp(run->lanes[i].pending.domain, domain) == 0)
            return true;
    return false;
}

/* One of the connections that all processes may have to a domain. Where the database does not
 * answer there is none, for now. */
static bool admit(void *ctx, struct nl_pending *pending) {
    const struct run *run = ctx;
    bool taken = false;
    for (int64_t slot = 1; !taken && slot <= pending->limit->connections; slot++) {
        struct nl_error ignored = {0};
        if (holds_slot(run, pending->domain, slot))
            continue;
        nl_store_take_slot(run->plan->store, pending->domain, slot, &taken, &ignored);
        nl_error_free(&ignored);
        pending->slot = taken ? slot : 0;
    }
    return taken;
}

static enum nl_status hand_out(struct run *run) {
    struct nl_pending pending = {0};
    enum nl_status status = NL_OK;
    size_t connection = 0;
    if (is_stopping(run))
        return NL_OK;
    while (status == NL_OK && nl_transport_idle(run->transport, &connection) &&
           !run->lanes[connection].busy && nl_backlog_take(&run->backlog, admit, run, &pending))
        status = start(run, connection, &pending);
    while (run->backlog.count > nl_transport_connecting(run->transport) &&
           nl_transport_connect(run->transport))
        ;
    return status;
}

static size_t busy_lanes(const struct run *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->lane_count; i++)
        count += run->lanes[i].busy;
    return count;
}

static enum nl_status commit(struct run *run) {
    if (!has_work(run))
        return NL_OK;
    enum nl_status status = record(run);
    if (status == NL_OK)
        after_commit(run);
    return status;
}

static bool is_over(const struct run *run) {
    bool waits = nl_backlog_waits(&run->backlog) && !is_stopping(run);
    return run->backlog.count == 0 && busy_lanes(run) == 0 && !has_work(run) && !waits;
}

static enum nl_status loop(struct run *run) {
    for (;;) {
        take_events(run);
        enum nl_status status = commit(run);
        if (status == NL_OK)
            status = follow_sync(run);
        if (status == NL_OK)
            status = hand_out(run);
        if (status != NL_OK || is_over(run))
            return status;
        if (!has_work(run))
            nl_transport_wait(run->transport, WAIT_MILLISECONDS);
    }
}

enum nl_status nl_run(const struct nl_run_plan *plan, struct nl_run_summary *summary,
                      struct nl_error *err) {
    struct run run = {.plan = plan,
                      .summary = summary,
                      .calm_since = nl_env_now(nl_store_env(plan->store)),
                      .renewed_at = nl_env_now(nl_store_env(plan->store)),
                      .err = err};
    enum nl_status status = prepare(&run);
    if (status == NL_OK)
        status = loop(&run);
    if (plan->options->stop != NULL && *plan->options->stop != 0)
        summary->stopped = true;
    clean_up(&run, &status);
    return status;
}
