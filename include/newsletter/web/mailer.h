/* Sends mail beside the server: a thread with a connection to the database of its own. */
#ifndef NEWSLETTER_WEB_MAILER_H
#define NEWSLETTER_WEB_MAILER_H

#include "newsletter/config/config.h"
#include "newsletter/delivery/send.h"

struct nl_mailer;

enum nl_mailer_work {
    NL_MAILER_NOTICES, /* the mails that visitors cause: first what an earlier run left */
    NL_MAILER_ISSUES,  /* issues that are to be sent, once it is woken */
};

/* Starts the thread. `config` and `relay` must outlive it. Free with nl_mailer_free. Only one that
 * sends issues may be in a process, since their locks are the process's. */
enum nl_status nl_mailer_new(const struct nl_config *config, const struct nl_relay *relay,
                             enum nl_mailer_work work, struct nl_mailer **out,
                             struct nl_error *err);

/* Tells it that there is something to send; does not wait. */
void nl_mailer_wake(struct nl_mailer *mailer);

/* Ends what is in flight, then the thread. */
void nl_mailer_free(struct nl_mailer *mailer);

#endif
