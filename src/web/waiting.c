#include "web/waiting.h"

#include "web/writer.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Proxies wait for a minute at most, many for less. */
enum { PATIENCE_SECONDS = 20 };

enum nl_status nl_waiting_open(struct nl_waiting *waiting, struct nl_error *err) {
    *waiting = (struct nl_waiting){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    return waiting->fd >= 0 ? NL_OK
                            : nl_error_set(err, NL_OS, "eventfd failed: %s", strerror(errno));
}

bool nl_waiting_add(struct nl_waiting *waiting, struct nl_request *request, int64_t now) {
    if (waiting->closed || waiting->fd < 0)
        return false;
    if (request->late_at == 0)
        request->late_at = now + PATIENCE_SECONDS;
    request->next_waiting = waiting->first;
    waiting->first = request;
    MHD_suspend_connection(request->connection);
    return true;
}

/* A request that writes is awaited to its end: nobody could say whether it was done. */
static bool becomes_late(struct nl_request *request, int64_t now) {
    bool late = !request->late && request->writing == NULL && now >= request->late_at;
    request->late = request->late || late;
    return late;
}

static bool is_ready(const struct nl_request *request) {
    return request->writing == NULL || nl_writing_is_done(request->writing);
}

/* `woken`: somebody's answer may be there. `all`: also those whose answer another thread has yet to
 * write. */
static void resume(struct nl_waiting *waiting, bool woken, bool all, int64_t now) {
    struct nl_request **link = &waiting->first;
    while (*link != NULL) {
        struct nl_request *request = *link;
        if (all || becomes_late(request, now) || (woken && is_ready(request))) {
            *link = request->next_waiting;
            request->next_waiting = NULL;
            MHD_resume_connection(request->connection);
        } else
            link = &request->next_waiting;
    }
}

void nl_waiting_resume(struct nl_waiting *waiting, int64_t now) {
    eventfd_t count = 0;
    resume(waiting, eventfd_read(waiting->fd, &count) == 0, false, now);
}

void nl_waiting_wake(const struct nl_waiting *waiting) {
    (void)eventfd_write(waiting->fd, 1); /* fails only where it is readable anyway */
}

void nl_waiting_close(struct nl_waiting *waiting) {
    waiting->closed = true;
    resume(waiting, true, true, 0);
    if (waiting->fd >= 0)
        close(waiting->fd);
    waiting->fd = -1;
}
