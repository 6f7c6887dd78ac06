/* Sends mail while the server serves: a thread with its own connection to the database. */
#ifndef NEWSLETTER_WEB_MAILER_H
#define NEWSLETTER_WEB_MAILER_H

#include "newsletter/config/config.h"
#include "newsletter/delivery/send.h"

struct nl_mailer;

enum nl_mailer_work {
    NL_MAILER_NOTICES, /* the mails that visitors cause, and those that an earlier run left */
    NL_MAILER_ISSUES,  /* issues in the state "sending", each time it is woken */
};

/* Starts the thread. `config` and `relay` must outlive it. Free with nl_mailer_free. A process may
 * have only one mailer that sends issues, since the locks on issues belong to the process. */
enum nl_status nl_mailer_new(const struct nl_config *config, const struct nl_relay *relay,
                             enum nl_mailer_work work, struct nl_mailer **out,
                             struct nl_error *err);

/* Tells it that there is something to send; does not wait. */
void nl_mailer_wake(struct nl_mailer *mailer);

/* Finishes the messages in flight, then ends the thread. */
void nl_mailer_free(struct nl_mailer *mailer);

#endif
