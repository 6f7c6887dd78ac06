#include "delivery/in_flight.h"

#include "delivery/outcome.h"

void nl_run_stop(struct run *run, enum nl_status status, bool pause, const char *text) {
    struct nl_run_summary *summary = run->summary;
    if (summary->problem.status != NL_OK)
        return;
    summary->stopped = true;
    summary->paused = pause;
    nl_error_set(&summary->problem, status, "%s", text);
}

/* A refusal of us keeps everybody from being reached; so does a relay that takes nothing. */
static bool is_never_given_up(const struct run *run, const struct nl_result *result) {
    bool works = run->breaker.proved || nl_breaker_any_accepted(&run->breaker);
    return result->blame == NL_BLAME_US || (result->blame == NL_BLAME_RELAY && !works);
}

void nl_run_schedule(struct run *run, int64_t attempts, int64_t first, struct nl_result *result) {
    struct nl_buf text = {0};
    nl_outcome_schedule(run->plan->config, nl_store_env(run->plan->store), attempts, first, result);
    if (result->outcome != NL_FAILED || !is_never_given_up(run, result))
        return;
    result->outcome = NL_REQUEUED;
    nl_buf_addf(
        &text,
        "the server has taken nothing from us for longer than retry.give_up (%s): what is left "
        "stays queued; correct the cause, then send again",
        result->text != NULL ? result->text : "");
    nl_run_stop(run, NL_UNAVAILABLE, true, nl_buf_text(&text));
    nl_buf_free(&text);
}

void nl_in_flight_hold(struct nl_in_flight *message) {
    message->wants_commit_point = false;
    message->commit_point = 0;
    message->held = true;
    message->follows = false;
    message->done = true;
}

void nl_in_flight_end(struct run *run, struct nl_in_flight *message,
                      const struct nl_result *result) {
    message->result = *result;
    nl_buf_clear(&message->text);
    if (result->text != NULL)
        nl_buf_adds(&message->text, result->text);
    message->result.text = nl_buf_text(&message->text);
    if (result->hop != NULL)
        message->hop = *result->hop;
    message->result.hop = result->hop != NULL ? &message->hop : NULL;
    if (message->result.outcome == NL_DEFERRED)
        nl_run_schedule(run, message->pending.job.attempts, message->pending.job.first_attempt_at,
                        &message->result);
    if (message->result.outcome == NL_DEFERRED &&
        message->result.next_attempt_at < result->next_attempt_at)
        message->result.next_attempt_at = result->next_attempt_at;
    message->wants_commit_point = false;
    message->commit_point = 0;
    message->held = false;
    message->follows = false;
    message->done = true;
}

size_t nl_in_flight_count(const struct run *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->used; i++)
        count += run->messages[i].busy;
    return count;
}

size_t nl_in_flight_under_way(const struct run *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->used; i++)
        count += run->messages[i].busy && !run->messages[i].done && !run->messages[i].follows;
    return count;
}

size_t nl_in_flight_following(const struct run *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->used; i++)
        count += run->messages[i].busy && run->messages[i].follows;
    return count;
}

bool nl_run_must_stop(const struct run *run) {
    const struct nl_run_options *options = run->plan->options;
    bool over = options->until != 0 && nl_store_now(run->plan->store) >= options->until;
    return run->summary->stopped || over || (options->stop != NULL && *options->stop != 0);
}
