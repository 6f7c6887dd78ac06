#include "delivery/outcome.h"

#include <string.h>

static enum nl_reaction judge_lost(const struct nl_transport_event *event,
                                   struct nl_result *result) {
    result->text = event->text;
    result->blame = NL_BLAME_RELAY;
    if (event->dot_sent) {
        result->outcome = NL_UNKNOWN;
    } else if (event->misled || event->not_begun ||
               (event->reused && event->stage == NL_STAGE_MAIL)) {
        /* The next one goes out without the extension that failed; or the server had closed an idle
         * connection. Nothing was tried. */
        result->outcome = NL_REQUEUED;
    } else {
        result->outcome = NL_DEFERRED;
    }
    return event->misled || event->not_begun ? NL_REACT_NONE : NL_REACT_FAILURE;
}

static enum nl_judge_stage stage_of(enum nl_stage stage) {
    switch (stage) {
    case NL_STAGE_MAIL:
        return NL_JUDGE_MAIL;
    case NL_STAGE_RCPT:
        return NL_JUDGE_RCPT;
    case NL_STAGE_DATA:
        return NL_JUDGE_DATA;
    case NL_STAGE_BODY:
    case NL_STAGE_DOT:
        return NL_JUDGE_DOT;
    default:
        return NL_JUDGE_CONNECT;
    }
}

/* The relay cannot reach the recipient's server. This says nothing about the address. */
static bool is_out_of_reach(const char *reason) {
    return strcmp(reason, "network") == 0 || strcmp(reason, "system") == 0 ||
           strcmp(reason, "expired") == 0;
}

/* RFC 3463: x.1.x and x.2.x speak of the address and the mailbox, whatever the words. */
static bool is_about_address(const struct nl_result *result) {
    return result->code != 421 && result->status[0] != '\0' &&
           (strncmp(result->status + 1, ".1.", 3) == 0 ||
            strncmp(result->status + 1, ".2.", 3) == 0);
}

/* RFC 4954 section 6 and RFC 5321 section 4.2.3: we should have logged in, or sent other commands.
 */
static bool names_us(int code) {
    return code == 503 || code == 530 || code == 534 || code == 535 || code == 538;
}

static enum nl_fault judge_refusal(const struct nl_bounce_reader *reader,
                                   const struct nl_transport_event *event,
                                   struct nl_result *result) {
    const struct nl_failure failure = {.stage = stage_of(event->stage),
                                       .code = result->code,
                                       .status = result->status,
                                       .text = result->text};
    if (reader == NULL)
        return NL_FAULT_SENDER;
    const struct nl_judgement judgement = nl_judge(reader, &failure);
    result->reason = judgement.reason;
    bool exact = judgement.exact || names_us(result->code);
    result->vague = !exact || is_out_of_reach(judgement.reason);
    /* Words such as "rejected" may be meant for this recipient's mail alone. */
    if (judgement.fault == NL_FAULT_SENDER && !exact && failure.stage >= NL_JUDGE_RCPT) {
        result->blame = NL_BLAME_RELAY;
        return NL_FAULT_NONE;
    }
    if (judgement.fault == NL_FAULT_RELAY && is_about_address(result))
        return NL_FAULT_NETWORK;
    if (judgement.fault == NL_FAULT_RECIPIENT && is_out_of_reach(judgement.reason))
        return NL_FAULT_NETWORK;
    if (judgement.fault == NL_FAULT_RECIPIENT)
        result->effect = judgement.hard ? NL_EFFECT_HARD : NL_EFFECT_SOFT;
    return judgement.fault;
}

/* A refusal for now. After 421 on a kept connection, another connection is opened: the server wants
 * no more messages on this one. */
static enum nl_reaction judge_passing(const struct nl_transport_event *event, enum nl_fault fault,
                                      struct nl_result *result) {
    result->outcome = NL_DEFERRED;
    if (fault == NL_FAULT_SENDER || fault == NL_FAULT_RELAY)
        result->blame = fault == NL_FAULT_SENDER ? NL_BLAME_US : NL_BLAME_RELAY;
    if (result->code == 421 && event->reused && event->stage == NL_STAGE_MAIL) {
        result->outcome = NL_REQUEUED;
        return NL_REACT_NONE;
    }
    return fault == NL_FAULT_RELAY    ? NL_REACT_FAILURE
           : fault == NL_FAULT_SENDER ? NL_REACT_OURS
                                      : NL_REACT_NONE;
}

static enum nl_reaction judge_reply(const struct nl_bounce_reader *reader,
                                    const struct nl_transport_event *event,
                                    struct nl_result *result) {
    const struct nl_reply *reply = event->reply;
    result->code = reply->code;
    result->text = nl_buf_text(&reply->text);
    memcpy(result->status, reply->status, sizeof result->status);
    if (reply->code / 100 == 2) {
        result->outcome = NL_SENT;
        return NL_REACT_ACCEPTED;
    }
    if (event->misled) { /* the refusal may be meant for the envelope that came with it */
        result->outcome = NL_REQUEUED;
        return NL_REACT_NONE;
    }
    enum nl_fault fault = judge_refusal(reader, event, result);
    if (reply->code / 100 == 4)
        return judge_passing(event, fault, result);
    if (fault == NL_FAULT_SENDER || fault == NL_FAULT_RELAY) {
        result->outcome = NL_REQUEUED;
        result->blame = NL_BLAME_US;
        return NL_REACT_OURS;
    }
    /* A recipient that the relay cannot reach, or a message that it does not take, says nothing of
     * the address. */
    result->outcome = fault == NL_FAULT_RECIPIENT ? NL_BOUNCED : NL_FAILED;
    return NL_REACT_HOLD;
}

enum nl_reaction nl_outcome_judge(const struct nl_bounce_reader *reader,
                                  const struct nl_transport_event *event,
                                  struct nl_result *result) {
    *result = (struct nl_result){0};
    return event->kind == NL_TRANSPORT_LOST ? judge_lost(event, result)
                                            : judge_reply(reader, event, result);
}

/* The delay from the schedule, whose last entry repeats; without a schedule, a delay that grows
 * from the first to the largest. */
static int64_t delay_before(const struct nl_config *config, int64_t attempts) {
    int64_t delay = config->retry.first;
    if (config->retry.schedule[0] != 0) {
        int64_t at = 0;
        while (at < attempts && at + 1 < NL_DELAYS && config->retry.schedule[at + 1] != 0)
            at++;
        return config->retry.schedule[at];
    }
    for (int64_t i = 0; i < attempts && delay < config->retry.max; i++)
        delay *= config->retry.factor;
    return delay < config->retry.max ? delay : config->retry.max;
}

int64_t nl_outcome_longest_delay(const struct nl_config *config) {
    int64_t longest = config->retry.schedule[0] != 0 ? 0 : config->retry.max;
    for (size_t i = 0; i < NL_DELAYS && config->retry.schedule[i] != 0; i++)
        if (config->retry.schedule[i] > longest)
            longest = config->retry.schedule[i];
    return longest + longest / 5 + 1;
}

void nl_outcome_schedule(const struct nl_config *config, const struct nl_env *env, int64_t attempts,
                         int64_t first, struct nl_result *result) {
    int64_t now = nl_env_now(env);
    int64_t delay = delay_before(config, attempts);
    int64_t end = first + config->retry.give_up;
    if (now >= end) {
        result->outcome = NL_FAILED;
        return;
    }
    /* Varies the delay by a fifth, so that messages that failed together are not retried together.
     */
    delay += (int64_t)((double)delay * (nl_env_fraction(env) - 0.5) * 0.4);
    result->next_attempt_at = now + (delay > 0 ? delay : 1);
    /* One last attempt when the age is reached. */
    if (result->next_attempt_at > end)
        result->next_attempt_at = end;
}
