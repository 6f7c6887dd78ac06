/* Sends mail while the server runs: a thread with its own connection to the database calls the
 * sending service. */
#ifndef NEWSLETTER_WEB_MAILER_H
#define NEWSLETTER_WEB_MAILER_H

#include "newsletter/config/config.h"
#include "newsletter/delivery/service.h"

struct nl_mailer;

/* Starts the thread. One for notices begins with those that an earlier run left; one for issues
 * waits until it is woken. `config` and `relay` must outlive it. Free with nl_mailer_free. A
 * process may have only one for issues, since their locks belong to the process. */
NL_CHECKED enum nl_status nl_mailer_new(const struct nl_config *config,
                                        const struct nl_relay *relay, enum nl_service_work work,
                                        struct nl_mailer **out,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Tells it that there is something to send, and does not wait: a notice by the number that the
 * function which queued it returned (0 wakes it for nothing), or the issues. */
void nl_mailer_wake(struct nl_mailer *mailer, int64_t notice) NL_ALL_NONNULL;

/* Tells it to look for all that there is to send, such as mail to staff. */
void nl_mailer_wake_fully(struct nl_mailer *mailer) NL_ALL_NONNULL;

/* Wakes it at a time (Unix seconds) too, for an issue that is scheduled for then. */
void nl_mailer_wake_at(struct nl_mailer *mailer, int64_t at) NL_ALL_NONNULL;

/* Finishes the messages in flight, then ends the thread. */
void nl_mailer_free(struct nl_mailer *mailer);

#endif
