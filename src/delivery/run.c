#include "delivery/run.h"

#include "delivery/ahead.h"
#include "delivery/begin_messages.h"
#include "delivery/direct.h"
#include "delivery/outcome.h"
#include "delivery/record.h"
#include "delivery/refusal.h"
#include "delivery/tuning.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/open_files.h"
#include "newsletter/db/sync.h"
#include "newsletter/store/issue_control.h"

#include <stdlib.h>
#include <string.h>

enum {
    FAILURE_LIMIT = 10, /* broken connections in a row before the circuit breaker opens */
    WAIT_MILLISECONDS = 1000,
    PLACES = 8, /* in the backlog for each message on its way: destinations differ in speed */
};

static enum nl_status prepare(struct run *run) {
    enum nl_status opened = nl_direct_open(run);
    if (opened != NL_OK)
        return opened;
    size_t wanted = nl_direct_connections(run);
    size_t connections = nl_open_files_connections(wanted);
    if (run->plan->scope.issue != 0)
        nl_open_files_tell(connections, wanted);
    if (run->direct != NULL)
        run->direct->connections = connections;
    /* On each connection a message may begin before the outcome of the last one is committed, and
     * one may follow it. */
    run->size =
        connections * ((size_t)nl_relay_window(run->plan->relay) + (run->direct != NULL ? 1 : 2));
    run->messages = nl_calloc(run->size, sizeof run->messages[0]);
    run->records = nl_calloc(run->size + NL_HELD_LIMIT, sizeof run->records[0]);
    run->commit_points = nl_calloc(run->size, sizeof run->commit_points[0]);
    run->may_go = nl_calloc(run->size, sizeof run->may_go[0]);
    nl_token_new(nl_store_env(run->plan->store), &run->owner);
    run->breaker.issue = run->plan->scope.issue != 0;
    run->maker.issue = run->plan->scope.issue;
    enum nl_status status = NL_OK;
    nl_backlog_open(&run->backlog, run->plan, run->owner.text,
                    (run->direct != NULL ? PLACES : 2) * run->size + 16);
    if (run->direct != NULL)
        run->backlog.batch = run->size; /* nobody waits long for one transaction */
    if (run->breaker.issue)
        status = nl_delivery_any_sent(run->plan->store, run->plan->scope.issue,
                                      &run->breaker.proved, run->err);
    if (status == NL_OK)
        status = nl_composer_open(&run->composer, run->plan, run->err);
    if (status == NL_OK)
        status = nl_transport_new(run->plan->relay, connections, &run->transport, run->err);
    if (status == NL_OK)
        status = nl_tuning_open(run, connections);
    if (status == NL_OK)
        status = nl_sync_start(run->plan->store, &run->sync, run->err);
    if (status == NL_OK)
        nl_transport_watch(run->transport, nl_sync_fd(run->sync));
    if (status == NL_OK && run->direct != NULL)
        nl_transport_watch(run->transport, nl_direct_fd(run));
    return status;
}

/* Frees everything. *status becomes a failure if the last commits could not be made durable. */
static void clean_up(struct run *run, enum nl_status *status) {
    struct nl_error ignored = {0};
    enum nl_status synced = nl_sync_stop(run->sync, *status == NL_OK ? run->err : &ignored);
    if (*status == NL_OK)
        *status = synced;
    nl_error_free(&ignored);
    nl_ahead_close(run, *status == NL_OK);
    nl_transport_free(run->transport);
    for (size_t i = 0; run->messages != NULL && i < run->size; i++) {
        if (run->messages[i].pending.permit != 0)
            nl_store_return_permit(run->plan->store, run->messages[i].pending.domain,
                                   run->messages[i].pending.permit);
        nl_pending_free(&run->messages[i].pending);
        nl_buf_free(&run->messages[i].message);
        nl_buf_free(&run->messages[i].text);
    }
    nl_backlog_close(&run->backlog);
    free(run->messages);
    free(run->records);
    free(run->commit_points);
    free(run->may_go);
    nl_composer_close(&run->composer);
    nl_breaker_free(&run->breaker);
    nl_bounce_reader_free(run->reader);
    nl_direct_let_go(run);
    nl_direct_close(run);
}

/* ---- from the network ---- */

static void count_failure(struct run *run, const char *text) {
    struct nl_buf line = {0};
    int64_t now = nl_store_now(run->plan->store);
    /* Each failure of a server that does not answer takes as long as the timeout: waiting for ten
     * of them would be too long. */
    if (++run->consecutive_failures < FAILURE_LIMIT * (int)nl_relay_count(run->plan->relay) &&
        now - run->last_success_at < run->plan->config->smtp.timeout)
        return;
    nl_buf_addf(&line,
                "%s; %d connection(s) failed in a row, what is left stays queued: run "
                "'newsletter retry' when the server works again",
                text, run->consecutive_failures);
    nl_run_stop(run, NL_TEMPFAIL, false, nl_buf_text(&line));
    nl_buf_free(&line);
}

static const struct nl_bounce_reader *reader(struct run *run) {
    struct nl_error ignored = {0};
    if (run->reader == NULL && nl_bounce_reader_new(&run->reader, &ignored) != NL_OK)
        run->reader = NULL;
    nl_error_free(&ignored);
    return run->reader;
}

static void take_outcome(struct run *run, const struct nl_transport_event *event) {
    struct nl_result result = {0};
    if (event->has_next) {
        run->messages[event->next].follows = false;
        run->messages[event->next].came_early = true;
        nl_tuning_wait(run, &run->messages[event->next]);
    }
    bool refused = event->kind == NL_TRANSPORT_REPLIED && event->reply->code / 100 != 2;
    enum nl_reaction reaction =
        nl_outcome_judge(refused ? reader(run) : run->reader, event, &result);
    if (nl_direct_is_host(run, event->server)) {
        nl_direct_take_outcome(run, event, reaction, &result);
        return;
    }
    nl_tuning_take(run, event, &result);
    if (reaction == NL_REACT_OURS || reaction == NL_REACT_HOLD) {
        nl_run_hold(run, event, reaction == NL_REACT_OURS, &result);
        return;
    }
    if (reaction == NL_REACT_ACCEPTED) {
        run->consecutive_failures = 0;
        run->last_success_at = nl_store_now(run->plan->store);
        nl_breaker_accept(&run->breaker, event->server);
    } else if (reaction == NL_REACT_FAILURE) {
        count_failure(run, event->kind == NL_TRANSPORT_LOST ? event->text : result.text);
    }
    nl_in_flight_end(run, &run->messages[event->message], &result);
}

static void take_events(struct run *run) {
    struct nl_transport_event event = {0};
    while (nl_transport_next(run->transport, &event)) {
        switch (event.kind) {
        case NL_TRANSPORT_WANTS_DOT:
            run->messages[event.message].wants_commit_point = true;
            nl_tuning_waited(run, &run->messages[event.message]);
            break;
        case NL_TRANSPORT_REFUSED:
            if (nl_direct_is_host(run, event.server)) {
                nl_direct_take_refused(run, &event);
                break;
            }
            nl_tuning_refused(run, &event);
            if (event.permanent)
                nl_run_stop(run, NL_UNAVAILABLE, true, event.text);
            else
                count_failure(run, event.text);
            break;
        default:
            take_outcome(run, &event);
            break;
        }
    }
}

static bool is_over(const struct run *run) {
    bool waits = (nl_backlog_waits(&run->backlog) || nl_maker_has_work(&run->maker)) &&
                 !nl_run_must_stop(run);
    return run->backlog.count == 0 && nl_in_flight_count(run) == 0 && !nl_record_has_work(run) &&
           !waits;
}

/* At the end, what is still held is decided. An open breaker lets the others go on. */
static void finish(struct run *run) {
    for (size_t i = 0; i < nl_relay_count(run->plan->relay); i++)
        if (nl_breaker_finish(&run->breaker, i)) {
            const struct nl_held last = *nl_breaker_last(&run->breaker, i);
            nl_run_open_breaker(run, i, &last);
        }
}

static enum nl_status loop(struct run *run) {
    for (;;) {
        nl_tuning_tick(run);
        nl_direct_step(run);
        take_events(run);
        /* So the next commit points ride in the commit of the last outcomes. */
        enum nl_status status = nl_begin_messages(run);
        if (status == NL_OK)
            status = nl_record_commit(run);
        if (status == NL_OK)
            status = nl_record_follow_sync(run);
        if (status == NL_OK)
            status = nl_begin_messages(run);
        nl_tuning_step(run);
        nl_direct_park(run);
        nl_direct_look_for_parked(run);
        if (status == NL_OK)
            status = nl_maker_step(run);
        if (status == NL_OK && is_over(run))
            status = nl_maker_look_again(run);
        if (status == NL_OK && is_over(run))
            finish(run);
        if (status != NL_OK || is_over(run))
            return status;
        if (nl_record_gathers(run))
            nl_transport_wait(run->transport, 1);
        else if (!nl_record_has_work(run))
            nl_transport_wait(run->transport,
                              nl_direct_wait(run, nl_maker_wait(&run->maker, WAIT_MILLISECONDS)));
    }
}

enum nl_status nl_run(const struct nl_run_plan *plan, struct nl_run_summary *summary,
                      struct nl_error *err) {
    struct run run = {.plan = plan,
                      .summary = summary,
                      .last_success_at = nl_store_now(plan->store),
                      .renewed_at = nl_store_now(plan->store),
                      .err = err};
    enum nl_status status = prepare(&run);
    if (status == NL_OK)
        status = loop(&run);
    if (status == NL_OK && summary->halted)
        status = nl_issue_free_reservations(plan->store, err);
    if (plan->options->stop != NULL && *plan->options->stop != 0)
        summary->stopped = true;
    nl_tuning_close(&run);
    clean_up(&run, &status);
    return status;
}
