/* Requests whose answer another thread prepares: the server goes on with others meanwhile. */
#ifndef NL_WEB_WAITING_H
#define NL_WEB_WAITING_H

#include "newsletter/base/error.h"
#include "web/request.h"

struct nl_waiting {
    struct nl_request *first;
    int fd;      /* readable once somebody was woken */
    bool closed; /* nobody waits any more */
};

/* Close with nl_waiting_close; `fd` is -1 before and after. */
NL_CHECKED enum nl_status nl_waiting_open(struct nl_waiting *waiting, struct nl_error *err);

/* Suspends a request until nl_waiting_resume; `now` is in seconds. False once the server is about
 * to end. */
bool nl_waiting_add(struct nl_waiting *waiting, struct nl_request *request, int64_t now);

/* Lets all of them be handled again, if they were woken; and those whose visitors should wait no
 * longer (nl_request_is_late), in any case. */
void nl_waiting_resume(struct nl_waiting *waiting, int64_t now);

/* For any thread. */
void nl_waiting_wake(const struct nl_waiting *waiting);

/* Lets all of them be handled a last time. */
void nl_waiting_close(struct nl_waiting *waiting);

#endif
