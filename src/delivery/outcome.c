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

/* RFC 3463: x.1.x and x.2.x speak of the address and the mailbox, but for those of the sender. */
static bool is_about_recipient(const char *status) {
    return status[0] != '\0' &&
           (strncmp(status + 1, ".1.", 3) == 0 || strncmp(status + 1, ".2.", 3) == 0) &&
           strcmp(status, "5.1.7") != 0 && strcmp(status, "5.1.8") != 0;
}

/* Of the protocol, or that we must log in, or that SPF, DKIM or DMARC failed (RFC 7372, RFC 7489).
 */
static bool is_about_us(const char *status) {
    static const char *const statuses[] = {"5.7.8",  "5.7.9",  "5.7.20", "5.7.21", "5.7.22",
                                           "5.7.23", "5.7.24", "5.7.25", "5.7.26", "5.7.27"};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (strcmp(status, statuses[i]) == 0)
            return true;
    return strncmp(status, "5.5.", 4) == 0;
}

/* What is refused at RCPT is the recipient, and later the message, unless the status says else. */
static bool is_our_fault(enum nl_stage stage, const struct nl_reply *reply) {
    if (stage == NL_STAGE_RCPT)
        return reply->code == 530 || reply->code == 503 || is_about_us(reply->status);
    return stage == NL_STAGE_MAIL || !is_about_recipient(reply->status);
}

/* The server as a whole: it closes, or its system is full or down (RFC 3463 section 3.4). */
static bool is_server_trouble(const struct nl_reply *reply) {
    return reply->code == 421 || strncmp(reply->status, "4.3.", 4) == 0;
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
        return result->outcome == NL_DEFERRED && is_server_trouble(reply) ? NL_TROUBLE : NL_GO_ON;
    default:
        break;
    }
    if (!is_our_fault(event->stage, reply)) {
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

/* The schedule's, whose last one repeats; else growing from the first to the largest. */
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

void nl_outcome_schedule(const struct nl_config *config, const struct nl_env *env, int64_t attempts,
                         int64_t first, struct nl_result *result) {
    int64_t now = nl_env_now(env);
    int64_t delay = delay_before(config, attempts);
    int64_t end = first + config->retry.give_up;
    if (now >= end) {
        result->outcome = NL_FAILED;
        return;
    }
    /* A fifth more or less, so that what failed together does not come back together. */
    delay += (int64_t)((double)delay * (nl_env_fraction(env) - 0.5) * 0.4);
    result->next_attempt_at = now + (delay > 0 ? delay : 1);
    /* One last attempt when the age is reached. */
    if (result->next_attempt_at > end)
        result->next_attempt_at = end;
}
