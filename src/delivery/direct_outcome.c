/* Judges what the answers of a mail host mean for its destination and the recipient. Where a relay
 * refuses us, the run is over; where a destination does, it alone is left alone. */
#include "delivery/direct.h"
#include "delivery/mailbox_provider.h"

#include <stdio.h>

static struct nl_destination *destination_of(const struct nl_direct *direct, size_t server) {
    return direct->servers[server - nl_relay_count(direct->relay)];
}

/* Describes an attempt, in words and in fields. */
static void describe(struct nl_direct *direct, const struct nl_destination *destination,
                     const char *host, const struct nl_transport_event *event,
                     struct nl_result *result) {
    const struct nl_transport_leg *leg = event->leg;
    struct nl_hop *hop = &direct->hop;
    nl_buf_clear(&direct->text);
    nl_buf_adds(&direct->text, host);
    if (event->source != NULL)
        nl_buf_addf(&direct->text, " from %s", event->source->address);
    nl_buf_adds(&direct->text, " (");
    nl_transport_add_leg(leg, &direct->text);
    nl_buf_addf(&direct->text, "): %s", result->text != NULL ? result->text : "");
    *hop = (struct nl_hop){.throttled = false};
    snprintf(hop->provider, sizeof hop->provider, "%s", destination->limits->provider.name);
    snprintf(hop->source, sizeof hop->source, "%s",
             event->source != NULL ? event->source->address : "");
    snprintf(hop->server, sizeof hop->server, "%s", host);
    snprintf(hop->address, sizeof hop->address, "%s", leg->address);
    snprintf(hop->tls, sizeof hop->tls, "%s", leg->tls);
    snprintf(hop->cipher, sizeof hop->cipher, "%s", leg->cipher);
    snprintf(hop->policy, sizeof hop->policy, "%s", leg->policy);
    result->text = nl_buf_text(&direct->text);
    result->hop = hop;
}

/* The longer it is down, the longer it is left alone, by the schedule for messages. */
static void go_down(struct run *run, struct nl_destination *destination, const char *why) {
    const struct nl_env *env = nl_store_env(run->plan->store);
    struct nl_result result = {.outcome = NL_DEFERRED};
    nl_outcome_schedule(run->plan->config, env, destination->times_down, nl_env_now(env), &result);
    nl_destination_down(destination, result.next_attempt_at, why);
}

/* A host that takes no message for now may not be the only one: the next one gets it. 5xx is an
 * answer, which another host of the domain would give as well. */
static bool leave_host(struct run *run, struct nl_destination *destination,
                       const struct nl_transport_event *event) {
    bool replied = event->kind == NL_TRANSPORT_REPLIED;
    bool for_now = !replied || event->reply->code / 100 == 4;
    bool takes_nothing = !event->reused || (replied && event->stage == NL_STAGE_MAIL);
    if (!for_now || !takes_nothing ||
        !nl_destination_leave(destination, event->server, run->direct->now))
        return false;
    nl_transport_keep(run->transport, event->server, event->server, 0);
    return true;
}

/* The destination refuses us. Where the relay stands in, it gets the message. */
static void refused_us(struct run *run, struct nl_destination *destination, bool at_once,
                       struct nl_result *result) {
    bool goes_on = nl_destination_trouble(destination, run->direct->now);
    result->outcome = NL_DEFERRED;
    if (!at_once && goes_on)
        return;
    go_down(run, destination, result->text);
    if (run->plan->config->fallback == NL_FALLBACK_RELAY)
        result->outcome = NL_REQUEUED;
    else
        result->next_attempt_at = destination->retry_at;
}

/* The destination refuses the address that we come from. Another one takes over, or the relay. */
static void refused_source(struct run *run, struct nl_destination *destination,
                           const struct nl_source *source, struct nl_result *result) {
    nl_direct_pause_source(run->direct, destination, source, result);
    if (!nl_direct_source_is_paused(run->direct, destination, source)) {
        refused_us(run, destination, true, result); /* the database did not take it */
        return;
    }
    if (nl_direct_has_source(run->direct, destination) ||
        run->plan->config->fallback == NL_FALLBACK_RELAY) {
        result->outcome = NL_REQUEUED;
        run->direct->hop.goes_on = true;
        return;
    }
    result->outcome = NL_DEFERRED;
    result->next_attempt_at = destination->sources_until;
}

/* Large providers say by words of their own that we are too fast, or that they do not want us, and
 * some with a code that would end the subscription. */
static bool judge_by_words(struct run *run, struct nl_destination *destination, const char *host,
                           const struct nl_transport_event *event, enum nl_reaction reaction,
                           struct nl_result *result) {
    /* The connection had carried enough messages: that is not a refusal. */
    bool another = result->outcome == NL_REQUEUED && reaction != NL_REACT_OURS;
    if (event->kind != NL_TRANSPORT_REPLIED || result->code / 100 == 2 || another)
        return false;
    enum nl_provider_meaning meaning = nl_mailbox_provider_meaning(
        host, result->code, result->status, nl_buf_text(&event->reply->text));
    if (meaning == NL_PROVIDER_AS_CODED)
        return false;
    result->effect = NL_EFFECT_NONE;
    run->direct->hop.throttled = true;
    if (meaning == NL_PROVIDER_ADDRESS && event->source != NULL)
        refused_source(run, destination, event->source, result);
    else
        refused_us(run, destination, meaning != NL_PROVIDER_SLOWER, result);
    return true;
}

static void judge(struct run *run, struct nl_destination *destination,
                  const struct nl_transport_event *event, enum nl_reaction reaction,
                  struct nl_result *result) {
    bool lost = event->kind == NL_TRANSPORT_LOST;
    run->direct->hop.throttled = result->code == 421;
    if (reaction == NL_REACT_ACCEPTED) {
        nl_destination_accepted(destination, run->direct->now);
        if (event->source != NULL)
            nl_direct_source_works(run->direct, destination, event->source);
    } else if (lost && result->outcome == NL_UNKNOWN) {
        if (!leave_host(run, destination, event) &&
            !nl_destination_trouble(destination, run->direct->now))
            go_down(run, destination, result->text);
    } else if (result->outcome == NL_REQUEUED && reaction != NL_REACT_OURS) {
        nl_destination_pushed_back(
            destination, run->direct->now); /* 421, or an idle connection that was closed */
    } else if (reaction == NL_REACT_OURS || reaction == NL_REACT_FAILURE || result->code == 421) {
        bool at_once = event->stage == NL_STAGE_MAIL && result->code / 100 == 5;
        if (!at_once && leave_host(run, destination, event)) {
            result->outcome = NL_REQUEUED;
            run->direct->hop.goes_on = true;
        } else {
            refused_us(run, destination, at_once, result);
        }
    } else if (reaction == NL_REACT_HOLD && !nl_destination_believe(destination)) {
        result->outcome = NL_DEFERRED;
        result->effect = NL_EFFECT_NONE;
    }
}

void nl_direct_take_outcome(struct run *run, const struct nl_transport_event *event,
                            enum nl_reaction reaction, struct nl_result *result) {
    struct nl_direct *direct = run->direct;
    struct nl_destination *destination = destination_of(direct, event->server);
    const char *host = nl_relay_server(direct->relay, event->server)->host;
    describe(direct, destination, host, event, result);
    result->blame = NL_BLAME_NONE;
    if (!event->reused)
        nl_direct_count_session(direct, run->messages[event->message].pending.route, event);
    if (!judge_by_words(run, destination, host, event, reaction, result))
        judge(run, destination, event, reaction, result);
    nl_in_flight_end(run, &run->messages[event->message], result);
}

void nl_direct_take_refused(struct run *run, const struct nl_transport_event *event) {
    struct nl_direct *direct = run->direct;
    struct nl_destination *destination = destination_of(direct, event->server);
    const char *host = nl_relay_server(direct->relay, event->server)->host;
    if (event->source != NULL && event->code >= 400 &&
        nl_mailbox_provider_meaning(host, event->code, "", event->said) == NL_PROVIDER_ADDRESS) {
        const struct nl_result said = {.code = event->code, .text = event->said};
        nl_direct_pause_source(direct, destination, event->source, &said);
        if (nl_direct_source_is_paused(direct, destination, event->source))
            return;
    }
    if (event->tls_failure[0] != '\0')
        nl_direct_count_failure(direct, destination, event);
    size_t there = nl_transport_leading_to(run->transport, event->server, event->server);
    /* Connections on their way count: a host that takes one connection may turn the second away
     * before it has greeted the first. If they come to nothing, the last one decides. */
    if (!destination->down && !nl_destination_refused(destination, event->server,
                                                      nl_direct_of_all(direct, there), direct->now))
        go_down(run, destination, event->text);
}

bool nl_direct_is_backup(const struct run *run, size_t server) {
    if (!nl_direct_is_host(run, server))
        return false;
    const struct nl_destination *destination = destination_of(run->direct, server);
    return destination->preferences[server - destination->first] > destination->preferences[0];
}

enum nl_smtputf8 nl_direct_find_smtputf8(const struct run *run, size_t server) {
    size_t other = 0;
    /* No message waits here for one server of a relay: a later attempt may meet it. */
    bool another = nl_direct_is_host(run, server)
                       ? nl_direct_is_backup(run, server)
                       : nl_transport_find_smtputf8(run->transport, &other) != NL_SMTPUTF8_NOWHERE;
    return another ? NL_SMTPUTF8_AWAY : NL_SMTPUTF8_NOWHERE;
}
