/* Asking subscribers whether they still want our mails. People who do not answer in time are
 * unsubscribed. */
#ifndef NEWSLETTER_SERVICE_RECONFIRMING_H
#define NEWSLETTER_SERVICE_RECONFIRMING_H

#include "newsletter/service/office.h"

/* The people to ask: those with an active subscription who are not being asked already. */
struct nl_reconfirming {
    const char *list;            /* its name; NULL: the only list there is */
    const char *where, *segment; /* as nl_office_segment takes them; NULL: all */
    int64_t limit;   /* asks at most this many, those subscribed longest first; 0: all */
    bool count_only; /* counts all of them, and asks nobody */
};
enum { NL_RECONFIRM_MOST = 10000 }; /* a limit for callers whom others wait for */

struct nl_reconfirmed {
    int64_t people; /* who are asked */
    int64_t left;   /* whom the limit has left out */
    int64_t by;     /* until when they may answer */
};

/* Queues a mail to each of them, in short transactions that give way to others. After an error some
 * may have been asked; the next call asks the others. NL_NOTFOUND for a list or a segment, NL_DATA
 * for an expression. */
NL_CHECKED enum nl_status nl_office_reconfirm(const struct nl_office *office,
                                              const struct nl_reconfirming *wanted,
                                              struct nl_reconfirmed *out,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Ends the subscriptions of those who have not answered in time: *ended of them. Once a day it asks
 * those who have been subscribed for as long as the configuration says under `sunset`. */
NL_CHECKED enum nl_status nl_office_sunset(const struct nl_office *office, int64_t *ended,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
