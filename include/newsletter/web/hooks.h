/* Takes in what mail providers report to `newsletter serve`: a thread with its own connection to
 * the database verifies and records it, while the server goes on with its visitors. */
#ifndef NEWSLETTER_WEB_HOOKS_H
#define NEWSLETTER_WEB_HOOKS_H

#include "newsletter/base/error.h"
#include "newsletter/config/config.h"

struct nl_hooks;

/* Reads the secrets of all hooks. `config` must outlive it. Free with nl_hooks_free. */
NL_CHECKED enum nl_status nl_hooks_new(const struct nl_config *config, struct nl_hooks **out,
                                       struct nl_error *err) NL_ALL_NONNULL;

/* Starts the thread, which calls `wake` after each report, so that the server asks for the answer.
 */
NL_CHECKED enum nl_status nl_hooks_start(struct nl_hooks *hooks, void (*wake)(void *ctx), void *ctx,
                                         struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Finishes the report in hand, then ends the thread; what waits is put off. Before the server is
 * freed; nl_hooks_free is for after that. NULL is harmless for both. */
void nl_hooks_stop(struct nl_hooks *hooks);
void nl_hooks_free(struct nl_hooks *hooks);

#endif
