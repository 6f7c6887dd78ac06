#include "delivery/in_flight.h"

#include "delivery/outcome.h"

void nl_in_flight_end(struct run *run, struct nl_in_flight *message,
                      const struct nl_result *result) {
    message->result = *result;
    nl_buf_clear(&message->text);
    if (result->text != NULL)
        nl_buf_adds(&message->text, result->text);
    message->result.text = nl_buf_text(&message->text);
    if (message->result.outcome == NL_DEFERRED)
        nl_outcome_schedule(run->plan->config, nl_store_env(run->plan->store),
                            message->pending.job.attempts, message->pending.job.first_attempt_at,
                            &message->result);
    message->wants_commit_point = false;
    message->commit_point = 0;
    message->done = true;
}

size_t nl_in_flight_count(const struct run *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->size; i++)
        count += run->messages[i].busy;
    return count;
}

bool nl_run_must_stop(const struct run *run) {
    const struct nl_run_options *options = run->plan->options;
    bool over = options->until != 0 && nl_env_now(nl_store_env(run->plan->store)) >= options->until;
    return run->summary->stopped || over || (options->stop != NULL && *options->stop != 0);
}
