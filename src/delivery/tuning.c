#include "delivery/tuning.h"

#include "newsletter/base/clock.h"

enum {
    SECOND = 1000000,
    ROUND_TRIP_INTERVAL = SECOND / 5,
    NOTE_INTERVAL = 5 * SECOND, /* for `status` while a long issue is sent */
};

static const struct {
    enum nl_relay_fault fault;
    enum nl_transport_trick trick;
} faults[] = {{NL_RELAY_NO_CHUNKING, NL_TRICK_FLIGHT},
              {NL_RELAY_NO_PIPELINING, NL_TRICK_PIPELINING}};
enum { FAULTS = sizeof faults / sizeof faults[0] };

void nl_tuning_tick(struct run *run) {
    run->clock = nl_clock_nanoseconds() / 1000;
}

/* A relay that did not keep what it offers is not asked to do it again. */
static enum nl_status recall_faults(struct run *run, size_t server) {
    enum nl_status status = NL_OK;
    const char *name = nl_relay_name(run->plan->relay, server);
    for (size_t i = 0; status == NL_OK && i < FAULTS; i++) {
        bool broken = false;
        status = nl_relay_note_read(run->plan->store, name, faults[i].fault, &broken, run->err);
        if (broken)
            nl_transport_distrust(run->transport, server, faults[i].trick);
    }
    return status;
}

enum nl_status nl_tuning_open(struct run *run, size_t most) {
    size_t connections = (size_t)run->plan->config->smtp.connections;
    const struct nl_relay *relay = run->plan->relay;
    struct nl_relay_pace earlier = {0};
    nl_tuning_tick(run);
    enum nl_status status =
        nl_relay_pace_read(run->plan->store, nl_relay_name(relay, 0), &earlier, run->err);
    for (size_t i = 0; status == NL_OK && i < nl_relay_count(relay); i++)
        status = recall_faults(run, i);
    if (status != NL_OK)
        return status;
    nl_tuner_open(&run->tuner, connections < most ? connections : most,
                  (size_t)nl_relay_window(relay), &earlier, run->clock);
    run->noted_at = run->clock;
    nl_tuning_step(run);
    return NL_OK;
}

/* All servers of a relay are sent to as one. */
static void note_pace(struct run *run) {
    struct nl_relay_pace found = {0};
    struct nl_error ignored = {0};
    run->noted_at = run->clock;
    nl_tuner_found(&run->tuner, &found);
    nl_error_ignore(nl_relay_pace_write(run->plan->store, nl_relay_name(run->plan->relay, 0),
                                        &found, &ignored));
    nl_error_free(&ignored);
}

void nl_tuning_close(struct run *run) {
    if (run->transport == NULL)
        return;
    for (size_t i = 0; i < nl_relay_count(run->plan->relay); i++)
        for (size_t kind = 0; kind < FAULTS; kind++) {
            struct nl_error ignored = {0};
            if (nl_transport_is_broken(run->transport, i, faults[kind].trick))
                nl_error_ignore(nl_relay_note_broken(run->plan->store,
                                                     nl_relay_name(run->plan->relay, i),
                                                     faults[kind].fault, &ignored));
            nl_error_free(&ignored);
        }
    if (nl_tuner_has_found(&run->tuner))
        note_pace(run);
}

void nl_tuning_wait(const struct run *run, struct nl_in_flight *message) {
    message->waits_since = run->clock;
}

void nl_tuning_waited(const struct run *run, struct nl_in_flight *message) {
    if (message->waits_since != 0)
        message->answer += run->clock - message->waits_since;
    message->waits_since = 0;
}

void nl_tuning_take(struct run *run, const struct nl_transport_event *event,
                    const struct nl_result *result) {
    struct nl_in_flight *message = &run->messages[event->message];
    nl_tuning_waited(run, message);
    if (event->kind != NL_TRANSPORT_REPLIED || run->direct != NULL)
        return;
    bool for_now = event->reply->code / 100 == 4;
    if (!for_now)
        nl_tuner_answered(&run->tuner, message->answer);
    else if (event->reply->code == 421 || result->blame != NL_BLAME_NONE)
        nl_tuner_pushed_back(&run->tuner, run->clock);
}

/* A server that answers a connection by a refusal has had enough of them; one that does not answer
 * at all has not said so. */
void nl_tuning_refused(struct run *run, const struct nl_transport_event *event) {
    if (event->stage != NL_STAGE_CONNECT && !event->permanent)
        nl_tuner_refused(&run->tuner,
                         nl_transport_open(run->transport) +
                             nl_transport_connecting(run->transport),
                         run->clock);
}

/* Whether places are empty for lack of messages, and not because the next ones are about to be
 * leased. */
static bool is_starved(const struct run *run, size_t under_way, bool *limit) {
    const struct nl_backlog *backlog = &run->backlog;
    *limit = backlog->not_before != 0 || backlog->blocked;
    return under_way < nl_tuner_under_way(&run->tuner) &&
           (*limit || nl_run_must_stop(run) || (backlog->drained && backlog->count == 0));
}

static int64_t round_trip(struct run *run) {
    if (run->clock >= run->round_trip_at + ROUND_TRIP_INTERVAL) {
        run->round_trip = nl_transport_round_trip(run->transport);
        run->round_trip_at = run->clock;
    }
    return run->round_trip;
}

void nl_tuning_step(struct run *run) {
    size_t under_way = nl_in_flight_under_way(run);
    bool limit = false;
    /* Destinations find their own number: see destination.h. */
    if (run->direct != NULL)
        return;
    if (is_starved(run, under_way, &limit))
        nl_tuner_starved(&run->tuner, limit, run->clock);
    else if (nl_tuner_step(&run->tuner, under_way, nl_transport_flies(run->transport),
                           round_trip(run), run->clock) &&
             run->clock >= run->noted_at + NOTE_INTERVAL)
        note_pace(run);
    run->backlog.batch = nl_tuner_rows(&run->tuner);
    nl_transport_limit(run->transport, nl_tuner_connections(&run->tuner),
                       nl_tuner_keep(&run->tuner), nl_tuner_window(&run->tuner));
}

void nl_tuning_show(struct run *run) {
    struct nl_relay_pace found = {0};
    nl_tuner_found(&run->tuner, &found);
    run->plan->options->progress(&run->summary->counts, &found, run->plan->options->ctx);
}
