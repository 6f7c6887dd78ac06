/* Hooks: where mail providers whose own return path replaces ours report bounces and complaints. A
 * report counts only once it is proved to come from the provider. */
#ifndef NEWSLETTER_INBOUND_HOOK_H
#define NEWSLETTER_INBOUND_HOOK_H

#include "newsletter/config/config.h"
#include "newsletter/inbound/intake.h"

/* A configured hook with its secret. Belongs to one thread at a time, except nl_hook_limit and
 * nl_hook_knows. */
struct nl_hook;

/* A report as it came in by HTTP. The fields of the header are NULL where they are missing. */
struct nl_hook_report {
    const char *body; /* NUL-terminated */
    size_t len;
    const char *authorization;
    const char *signature, *timestamp; /* X-Twilio-Email-Event-Webhook-Signature, ...-Timestamp */
};

/* The answers to a report; the numbers are HTTP's. */
enum nl_hook_answer {
    NL_HOOK_TAKEN = 200,
    NL_HOOK_MALFORMED = 400,
    NL_HOOK_STRANGER = 401,  /* the secret is wrong or missing */
    NL_HOOK_FORBIDDEN = 403, /* the signature is */
    NL_HOOK_TRY_LATER = 503  /* a fault on our side: the provider sends the report again */
};

/* Reads the secret or the key. `config` must outlive the hook. NL_CONFIG where it has none. Free
 * with nl_hook_free. */
NL_CHECKED enum nl_status nl_hook_new(const struct nl_hook_config *config, struct nl_hook **out,
                                      struct nl_error *err) NL_ALL_NONNULL;
void nl_hook_free(struct nl_hook *hook);

const char *nl_hook_name(const struct nl_hook *hook) NL_ALL_NONNULL;

/* How many bytes a report may have. */
size_t nl_hook_limit(const struct nl_hook *hook) NL_ALL_NONNULL;

/* Whether the Authorization field (NULL for none) is the right one, for a provider that proves
 * itself so; true for one that signs. */
bool nl_hook_knows(const struct nl_hook *hook, const char *authorization) NL_NONNULL(1);

/* Verifies a report and takes in its events: all of them are recorded when this answers
 * NL_HOOK_TAKEN, and none when it answers with a refusal. The error is for the log; it is also set
 * for a refusal. `intake` commits many events at a time (nl_intake_group). May wait some seconds
 * for Amazon's servers. */
enum nl_hook_answer nl_hook_take(struct nl_hook *hook, struct nl_store *store,
                                 struct nl_intake *intake, const struct nl_hook_report *report,
                                 struct nl_error *err) NL_ALL_NONNULL;

#endif
