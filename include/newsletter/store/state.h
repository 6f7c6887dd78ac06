/* The states that issues, deliveries and subscriptions can be in, and the words for them in the
 * database, in JSON and on the command line. */
#ifndef NEWSLETTER_STORE_STATE_H
#define NEWSLETTER_STORE_STATE_H

#include "newsletter/base/error.h"

#include <stdbool.h>

enum nl_issue_state {
    NL_ISSUE_ANY, /* in a filter: all of them */
    NL_ISSUE_DRAFT,
    NL_ISSUE_SCHEDULED, /* waits for its time */
    NL_ISSUE_SENDING,
    NL_ISSUE_PAUSED,
    NL_ISSUE_SENT,
    NL_ISSUE_CANCELLED,
    NL_ISSUE_STATES /* how many there are */
};

enum nl_delivery_state {
    NL_DELIVERY_ANY, /* in a filter: all of them */
    NL_DELIVERY_QUEUED,
    NL_DELIVERY_LEASED, /* with a run that is sending it */
    NL_DELIVERY_SENT,
    NL_DELIVERY_DEFERRED, /* is tried again later */
    NL_DELIVERY_BOUNCED,  /* the recipient's server refused it for good, or it came back */
    NL_DELIVERY_FAILED,   /* given up for another reason */
    NL_DELIVERY_UNKNOWN,  /* the run ended between the final dot and the reply */
    NL_DELIVERY_SKIPPED,  /* the subscription ended, or the issue was cancelled, before its turn */
    NL_DELIVERY_STATES
};

enum nl_subscription_state {
    NL_SUBSCRIPTION_ANY, /* in a filter: all of them */
    NL_SUBSCRIPTION_PENDING,
    NL_SUBSCRIPTION_ACTIVE,
    NL_SUBSCRIPTION_UNSUBSCRIBED,
    NL_SUBSCRIPTION_BOUNCED,
    NL_SUBSCRIPTION_COMPLAINED,
    NL_SUBSCRIPTION_STATES
};

/* The words of subscription states by their number: NULL for ANY, and NULL at the end. */
extern const char *const nl_subscription_state_words[NL_SUBSCRIPTION_STATES + 1];

/* The word for a state; NULL for ANY. */
const char *nl_issue_state_text(enum nl_issue_state state);
const char *nl_delivery_state_text(enum nl_delivery_state state);
const char *nl_subscription_state_text(enum nl_subscription_state state);

/* The state for a word; false when there is none. */
bool nl_issue_state_parse(const char *text, enum nl_issue_state *out) NL_ALL_NONNULL;
bool nl_delivery_state_parse(const char *text, enum nl_delivery_state *out) NL_ALL_NONNULL;
bool nl_subscription_state_parse(const char *text, enum nl_subscription_state *out) NL_ALL_NONNULL;

#endif
