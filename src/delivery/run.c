#include "delivery/run.h"

#include "delivery/ahead.h"
#include "delivery/outcome.h"
#include "delivery/record.h"
#include "delivery/tuning.h"
#include "newsletter/base/address.h"
#include "newsletter/db/sync.h"

#include <stdlib.h>
#include <string.h>

enum {
    FAILURE_LIMIT = 10, /* broken connections in a row before the circuit breaker opens */
    WAIT_MILLISECONDS = 1000,
};

static enum nl_status prepare(struct run *run) {
    size_t connections = (size_t)run->plan->config->smtp.connections;
    /* On each connection a message may begin before the outcome of the last one is committed. */
    run->size = connections * ((size_t)nl_relay_window(run->plan->relay) + 1);
    run->messages = calloc(run->size, sizeof run->messages[0]);
    run->records = calloc(run->size + NL_HELD_LIMIT, sizeof run->records[0]);
    run->commit_points = calloc(run->size, sizeof run->commit_points[0]);
    run->may_go = calloc(run->size, sizeof run->may_go[0]);
    nl_token_new(nl_store_env(run->plan->store), &run->owner);
    if (run->messages == NULL || run->records == NULL || run->commit_points == NULL ||
        run->may_go == NULL)
        return nl_error_nomem(run->err);
    run->breaker.issue = run->plan->scope.issue != 0;
    run->maker.issue = run->plan->scope.issue;
    enum nl_status status =
        nl_backlog_open(&run->backlog, run->plan, run->owner.text, 2 * run->size + 16, run->err);
    if (status == NL_OK && run->breaker.issue)
        status = nl_delivery_any_sent(run->plan->store, run->plan->scope.issue,
                                      &run->breaker.proved, run->err);
    if (status == NL_OK)
        status = nl_composer_open(&run->composer, run->plan, run->err);
    if (status == NL_OK)
        status = nl_transport_new(run->plan->relay, connections, &run->transport, run->err);
    if (status == NL_OK)
        status = nl_tuning_open(run);
    if (status == NL_OK)
        status = nl_sync_start(run->plan->store, &run->sync, run->err);
    if (status == NL_OK)
        nl_transport_watch(run->transport, nl_sync_fd(run->sync));
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
}

/* ---- from the network ---- */

static void count_failure(struct run *run, const char *text) {
    struct nl_buf line = {0};
    int64_t now = nl_env_now(nl_store_env(run->plan->store));
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

/* Says what the server has refused, and stops the run; or leaves the server to the others. */
static void open_breaker(struct run *run, size_t server, const struct nl_held *refusal) {
    struct nl_buf text = {0};
    size_t domains = 0;
    size_t waiting = nl_breaker_waiting(&run->breaker, server, &domains);
    bool for_now = refusal->result.code / 100 == 4;
    nl_buf_addf(&text, "the server %s refused %s with %d %s%s%s",
                nl_relay_name(run->plan->relay, server), nl_stage_name(refusal->stage),
                refusal->result.code, refusal->result.status,
                refusal->result.status[0] != '\0' ? " " : "", refusal->result.text);
    if (!refusal->ours && waiting > 1)
        nl_buf_addf(&text, ", as it did for the last %zu recipients", waiting);
    nl_buf_adds(&text, for_now ? ": what is left stays queued, and 'newsletter retry' tries again"
                               : ": everybody whom it refused is queued again; correct the cause, "
                                 "then send again");
    nl_breaker_requeue(&run->breaker, server);
    if (!nl_transport_avoid(run->transport, server))
        nl_run_stop(run, for_now ? NL_TEMPFAIL : NL_UNAVAILABLE, !for_now, nl_buf_text(&text));
    nl_buf_free(&text);
}

static const struct nl_bounce_reader *reader(struct run *run) {
    struct nl_error ignored = {0};
    if (run->reader == NULL && nl_bounce_reader_new(&run->reader, &ignored) != NL_OK)
        run->reader = NULL;
    nl_error_free(&ignored);
    return run->reader;
}

static const char *domain_of(const struct nl_in_flight *message) {
    const char *at = strrchr(message->pending.job.address, '@');
    return at != NULL ? at + 1 : "";
}

/* Holds a refusal, or opens the breaker. What is refused after that is queued again. */
static void hold(struct run *run, const struct nl_transport_event *event, bool ours,
                 struct nl_result *result) {
    struct nl_in_flight *message = &run->messages[event->message];
    const struct nl_held refusal = {.delivery = message->pending.job.delivery,
                                    .attempts = message->pending.job.attempts,
                                    .first_attempt_at = message->pending.job.first_attempt_at,
                                    .server = event->server,
                                    .stage = event->stage,
                                    .ours = ours,
                                    .result = *result,
                                    .domain = (char *)domain_of(message)};
    bool held = false;
    /* Before the recipient is named, one refusal is enough. */
    bool opens = (event->stage == NL_STAGE_MAIL && ours && result->code / 100 == 5) ||
                 run->summary->paused || nl_breaker_hold(&run->breaker, &refusal, &held);
    if (opens)
        open_breaker(run, event->server, &refusal);
    if (held) {
        nl_in_flight_hold(message);
        return;
    }
    result->outcome = NL_REQUEUED;
    nl_in_flight_end(run, message, result);
}

static void take_outcome(struct run *run, const struct nl_transport_event *event) {
    struct nl_result result = {0};
    bool refused = event->kind == NL_TRANSPORT_REPLIED && event->reply->code / 100 != 2;
    enum nl_reaction reaction =
        nl_outcome_judge(refused ? reader(run) : run->reader, event, &result);
    nl_tuning_take(run, event, &result);
    if (reaction == NL_REACT_OURS || reaction == NL_REACT_HOLD) {
        hold(run, event, reaction == NL_REACT_OURS, &result);
        return;
    }
    if (reaction == NL_REACT_ACCEPTED) {
        run->consecutive_failures = 0;
        run->last_success_at = nl_env_now(nl_store_env(run->plan->store));
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

/* ---- to the network ---- */

static void refuse_locally(struct run *run, struct nl_in_flight *message, const char *status,
                           const char *text) {
    struct nl_result result = {.outcome = NL_FAILED, .text = text};
    memcpy(result.status, status, strlen(status) + 1);
    nl_in_flight_end(run, message, &result);
}

/* RFC 1870: a server that announces a size limit is not sent more. It is a refusal like any other:
 * when smaller messages are accepted, this one has failed. */
static bool fits(struct run *run, struct nl_in_flight *message,
                 const struct nl_extensions *extensions) {
    struct nl_buf text = {0};
    if (extensions->size_limit == 0 || message->message.len <= extensions->size_limit)
        return true;
    nl_buf_addf(&text,
                "the message has %zu bytes and the server takes %zu: make its pictures smaller, or "
                "links (images: links)",
                message->message.len, extensions->size_limit);
    struct nl_result result = {.outcome = NL_FAILED,
                               .code = 552,
                               .status = "5.3.4",
                               .text = nl_buf_text(&text),
                               .reason = "too-large"};
    const struct nl_transport_event event = {
        .connection = message->connection,
        .message = (size_t)(message - run->messages),
        .server = nl_transport_server(run->transport, message->connection),
        .stage = NL_STAGE_MAIL};
    hold(run, &event, false, &result);
    nl_buf_free(&text);
    return false;
}

static void begin_message(struct run *run, struct nl_in_flight *message,
                          const struct nl_address *address) {
    struct nl_buf sender = {0};
    nl_composer_sender(&run->composer, message->pending.job.delivery, &sender);
    message->wants_commit_point = nl_transport_start(
        run->transport, message->connection, (size_t)(message - run->messages),
        nl_buf_text(&sender), address->envelope, &message->message, address->smtputf8);
    if (!message->wants_commit_point)
        nl_tuning_wait(run, message);
    nl_buf_free(&sender);
}

/* Whose server a connection leads to. */
static int64_t provider_of(const struct run *run, size_t connection) {
    size_t server = nl_transport_server(run->transport, connection);
    return nl_relay_server(run->plan->relay, server)->provider;
}

/* The first place that is free; `size` for none. */
static size_t free_place(const struct run *run) {
    size_t at = 0;
    while (at < run->size && run->messages[at].busy)
        at++;
    return at;
}

static enum nl_status start_message(struct run *run, size_t connection,
                                    struct nl_in_flight *message,
                                    const struct nl_pending *pending) {
    const struct nl_extensions *extensions = nl_transport_extensions(run->transport, connection);
    struct nl_address address = {0};
    struct nl_error bad_address = {0};
    enum nl_status status = NL_OK;
    message->pending = *pending;
    message->connection = connection;
    message->busy = true;
    message->waits_since = message->answer = 0;
    if ((size_t)(message - run->messages) >= run->used)
        run->used = (size_t)(message - run->messages) + 1;
    if (nl_address_parse(pending->job.address, &address, &bad_address) != NL_OK) {
        refuse_locally(run, message, "5.1.3", nl_error_text(&bad_address));
    } else if (address.smtputf8 && !extensions->smtputf8) {
        refuse_locally(run, message, "5.6.7",
                       "the server does not offer SMTPUTF8, which this address needs");
    } else {
        status = nl_composer_fill(&run->composer, pending, &address, provider_of(run, connection),
                                  &message->message, run->err);
        if (status == NL_NOTFOUND) {
            nl_error_free(run->err);
            refuse_locally(run, message, "", "it was erased before its turn");
            status = NL_OK;
        } else if (status == NL_OK && fits(run, message, extensions))
            begin_message(run, message, &address);
    }
    nl_error_free(&bad_address);
    nl_address_free(&address);
    return status;
}

static bool has_permit(const struct run *run, const char *domain, int64_t permit) {
    for (size_t i = 0; i < run->used; i++)
        if (run->messages[i].busy && run->messages[i].pending.permit == permit &&
            strcmp(run->messages[i].pending.domain, domain) == 0)
            return true;
    return false;
}

/* Takes one of the connections that all processes together may have to a domain. None is taken
 * while the database does not answer. */
static bool admit(void *ctx, struct nl_pending *pending) {
    const struct run *run = ctx;
    bool taken = false;
    for (int64_t permit = 1; !taken && permit <= pending->limit->connections; permit++) {
        struct nl_error ignored = {0};
        if (has_permit(run, pending->domain, permit))
            continue;
        nl_error_ignore(
            nl_store_take_permit(run->plan->store, pending->domain, permit, &taken, &ignored));
        nl_error_free(&ignored);
        pending->permit = taken ? permit : 0;
    }
    return taken;
}

static enum nl_status start_messages(struct run *run) {
    struct nl_pending pending = {0};
    enum nl_status status = NL_OK;
    size_t connection = 0;
    size_t place = free_place(run);
    size_t under_way = nl_in_flight_under_way(run);
    if (nl_run_must_stop(run))
        return NL_OK;
    while (status == NL_OK && place < run->size && under_way++ < nl_tuner_under_way(&run->tuner) &&
           nl_transport_idle(run->transport, &connection) &&
           nl_backlog_take(&run->backlog, admit, run, &pending)) {
        status = start_message(run, connection, &run->messages[place], &pending);
        place = free_place(run);
    }
    while (run->backlog.count > nl_transport_connecting(run->transport) &&
           nl_transport_connect(run->transport))
        ;
    return status;
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
            open_breaker(run, i, &last);
        }
}

static enum nl_status loop(struct run *run) {
    for (;;) {
        nl_tuning_tick(run);
        take_events(run);
        /* So the next commit points ride in the commit of the last outcomes. */
        enum nl_status status = start_messages(run);
        if (status == NL_OK)
            status = nl_record_commit(run);
        if (status == NL_OK)
            status = nl_record_follow_sync(run);
        if (status == NL_OK)
            status = start_messages(run);
        nl_tuning_step(run);
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
            nl_transport_wait(run->transport, nl_maker_wait(&run->maker, WAIT_MILLISECONDS));
    }
}

enum nl_status nl_run(const struct nl_run_plan *plan, struct nl_run_summary *summary,
                      struct nl_error *err) {
    struct run run = {.plan = plan,
                      .summary = summary,
                      .last_success_at = nl_env_now(nl_store_env(plan->store)),
                      .renewed_at = nl_env_now(nl_store_env(plan->store)),
                      .err = err};
    enum nl_status status = prepare(&run);
    if (status == NL_OK)
        status = loop(&run);
    if (plan->options->stop != NULL && *plan->options->stop != 0)
        summary->stopped = true;
    nl_tuning_close(&run);
    clean_up(&run, &status);
    return status;
}
