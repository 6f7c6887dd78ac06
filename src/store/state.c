#include "newsletter/store/state.h"

#include <stddef.h>
#include <string.h>

static const char *const issue_states[NL_ISSUE_STATES] = {
    [NL_ISSUE_DRAFT] = "draft",     [NL_ISSUE_SCHEDULED] = "scheduled",
    [NL_ISSUE_SENDING] = "sending", [NL_ISSUE_PAUSED] = "paused",
    [NL_ISSUE_SENT] = "sent",       [NL_ISSUE_CANCELLED] = "cancelled",
};

static const char *const delivery_states[NL_DELIVERY_STATES] = {
    [NL_DELIVERY_QUEUED] = "queued",   [NL_DELIVERY_LEASED] = "leased",
    [NL_DELIVERY_SENT] = "sent",       [NL_DELIVERY_DEFERRED] = "deferred",
    [NL_DELIVERY_BOUNCED] = "bounced", [NL_DELIVERY_FAILED] = "failed",
    [NL_DELIVERY_UNKNOWN] = "unknown", [NL_DELIVERY_SKIPPED] = "skipped",
};

const char *const nl_subscription_state_words[NL_SUBSCRIPTION_STATES + 1] = {
    [NL_SUBSCRIPTION_PENDING] = "pending",           [NL_SUBSCRIPTION_ACTIVE] = "active",
    [NL_SUBSCRIPTION_UNSUBSCRIBED] = "unsubscribed", [NL_SUBSCRIPTION_BOUNCED] = "bounced",
    [NL_SUBSCRIPTION_COMPLAINED] = "complained",
};

/* Returns 0, the number of ANY, for an unknown word. */
static size_t find_state(const char *const *words, size_t count, const char *text) {
    for (size_t i = 1; i < count; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    return 0;
}

const char *nl_issue_state_text(enum nl_issue_state state) {
    return issue_states[state];
}

const char *nl_delivery_state_text(enum nl_delivery_state state) {
    return delivery_states[state];
}

const char *nl_subscription_state_text(enum nl_subscription_state state) {
    return nl_subscription_state_words[state];
}

bool nl_issue_state_parse(const char *text, enum nl_issue_state *out) {
    *out = (enum nl_issue_state)find_state(issue_states, NL_ISSUE_STATES, text);
    return *out != NL_ISSUE_ANY;
}

bool nl_delivery_state_parse(const char *text, enum nl_delivery_state *out) {
    *out = (enum nl_delivery_state)find_state(delivery_states, NL_DELIVERY_STATES, text);
    return *out != NL_DELIVERY_ANY;
}

bool nl_subscription_state_parse(const char *text, enum nl_subscription_state *out) {
    *out = (enum nl_subscription_state)find_state(nl_subscription_state_words,
                                                  NL_SUBSCRIPTION_STATES, text);
    return *out != NL_SUBSCRIPTION_ANY;
}
