/* One request to a target. */
#ifndef NL_SERVICE_WEBHOOK_CALL_H
#define NL_SERVICE_WEBHOOK_CALL_H

#include "newsletter/service/webhooks.h"

/* Sends `body` as the message `id`, signed, to a target; out->detail says why it was not taken.
 * Only networks that the configuration allows, and public ones, are connected to. */
NL_CHECKED enum nl_status nl_webhook_send(const struct nl_office *office,
                                          const struct nl_webhook *webhook, const char *id,
                                          const char *body, struct nl_webhook_answer *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* NL_DATA unless `url` is one that a target may have: http or https, without a login, and not into
 * a private network by any of its present addresses. */
NL_CHECKED enum nl_status nl_webhook_check_url(const struct nl_office *office, const char *url,
                                               struct nl_error *err) NL_ALL_NONNULL;

#endif
