#include "delivery/refusal.h"

#include <string.h>

/* Says what the server has refused, and stops the run; or leaves the server to the others. */
void nl_run_open_breaker(struct run *run, size_t server, const struct nl_held *refusal) {
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

static const char *domain_of(const struct nl_in_flight *message) {
    const char *at = strrchr(message->pending.job.address, '@');
    return at != NULL ? at + 1 : "";
}

void nl_run_hold(struct run *run, const struct nl_transport_event *event, bool ours,
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
    /* The connection owns the words, until it reads on: a server that is left alone is read from.
     */
    if (held) {
        nl_in_flight_hold(message);
    } else {
        result->outcome = NL_REQUEUED;
        nl_in_flight_end(run, message, result);
    }
    if (opens)
        nl_run_open_breaker(run, event->server, &refusal);
}
