/* Tells webhooks of events while the server runs: a thread with its own connection to the database,
 * so that a slow target keeps nobody waiting. */
#ifndef NEWSLETTER_WEB_TELLER_H
#define NEWSLETTER_WEB_TELLER_H

#include "newsletter/config/config.h"

struct nl_teller;

/* Starts the thread. `config` must outlive it. Free with nl_teller_free. */
NL_CHECKED enum nl_status nl_teller_new(const struct nl_config *config, struct nl_teller **out,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Finishes the request in hand, then ends the thread. NULL is harmless. */
void nl_teller_free(struct nl_teller *teller);

#endif
