#include "delivery/outcome.h"

#include <string.h>

static enum nl_verdict judge_lost(const struct nl_transport_event *event,
                                  struct nl_result *result) {
    result->text = event->text;
    if (event->dot_sent) {
        result->outcome = NL_UNKNOWN;
    } else if (event->reused && event->stage == NL_STAGE_MAIL) {
        /* A kept connection that the server had given up: nothing was tried. */
        result->outcome = NL_REQUEUED;
    } else {
        result->outcome = NL_DEFERRED;
    }
    return NL_TROUBLE;
}

/* RCPT speaks of the recipient, except where it says that we may not send at all. */
static bool is_our_fault(enum nl_stage stage, int code) {
    return stage != NL_STAGE_RCPT || code == 530 || code == 503;
}

static enum nl_verdict judge_reply(const struct nl_transport_event *event,
                                   struct nl_result *result) {
    const struct nl_reply *reply = event->reply;
    result->code = reply->code;
    result->text = nl_buf_text(&reply->text);
    memcpy(result->status, reply->status, sizeof result->status);
    switch (reply->code / 100) {
    case 2:
        result->outcome = NL_SENT;
        return NL_GO_ON_RESET;
    case 4:
        /* 421 on a kept connection: enough messages on this one, take another. */
        result->outcome = reply->code == 421 && event->reused && event->stage == NL_STAGE_MAIL
                              ? NL_REQUEUED
                              : NL_DEFERRED;
        return NL_GO_ON;
    default:
        break;
    }
    if (!is_our_fault(event->stage, reply->code)) {
        result->outcome = NL_BOUNCED;
        return NL_GO_ON;
    }
    /* Refused before the recipient was so much as named: it was no attempt. */
    result->outcome =
        event->stage == NL_STAGE_MAIL || event->stage == NL_STAGE_RCPT ? NL_REQUEUED : NL_DEFERRED;
    return NL_PAUSE;
}

enum nl_verdict nl_outcome_judge(const struct nl_transport_event *event, struct nl_result *result) {
    *result = (struct nl_result){0};
    return event->kind == NL_TRANSPORT_LOST ? judge_lost(event, result)
                                            : judge_reply(event, result);
}

void nl_outcome_schedule(const struct nl_config *config, const struct nl_env *env, int64_t attempts,
                         int64_t first, struct nl_result *result) {
    int64_t now = nl_env_now(env);
    int64_t delay = config->retry.first;
    int64_t end = first + config->retry.give_up;
    if (now >= end) {
        result->outcome = NL_FAILED;
        return;
    }
    for (int64_t i = 0; i < attempts && delay < config->retry.max; i++)
        delay *= config->retry.factor;
    if (delay > config->retry.max)
        delay = config->retry.max;
    /* A fifth more or less, so that what failed together does not come back together. */
    delay += (int64_t)((double)delay * (nl_env_fraction(env) - 0.5) * 0.4);
    result->next_attempt_at = now + (delay > 0 ? delay : 1);
    /* One last attempt when the age is reached. */
    if (result->next_attempt_at > end)
        result->next_attempt_at = end;
}
