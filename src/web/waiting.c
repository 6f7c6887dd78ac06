#include "web/waiting.h"

#include "web/writer.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum nl_status nl_waiting_open(struct nl_waiting *waiting, struct nl_error *err) {
    *waiting = (struct nl_waiting){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    return waiting->fd >= 0 ? NL_OK
                            : nl_error_set(err, NL_OS, "eventfd failed: %s", strerror(errno));
}

bool nl_waiting_add(struct nl_waiting *waiting, struct nl_request *request) {
    if (waiting->closed || waiting->fd < 0)
        return false;
    request->next_waiting = waiting->first;
    waiting->first = request;
    MHD_suspend_connection(request->connection);
    return true;
}

/* `all`: also those whose answer another thread has yet to write. */
static void resume(struct nl_waiting *waiting, bool all) {
    struct nl_request **link = &waiting->first;
    while (*link != NULL) {
        struct nl_request *request = *link;
        if (all || request->writing == NULL || nl_writing_is_done(request->writing)) {
            *link = request->next_waiting;
            request->next_waiting = NULL;
            MHD_resume_connection(request->connection);
        } else
            link = &request->next_waiting;
    }
}

void nl_waiting_resume(struct nl_waiting *waiting) {
    eventfd_t count = 0;
    if (eventfd_read(waiting->fd, &count) == 0)
        resume(waiting, false);
}

void nl_waiting_wake(const struct nl_waiting *waiting) {
    (void)eventfd_write(waiting->fd, 1); /* fails only where it is readable anyway */
}

void nl_waiting_close(struct nl_waiting *waiting) {
    waiting->closed = true;
    resume(waiting, true);
    if (waiting->fd >= 0)
        close(waiting->fd);
    waiting->fd = -1;
}
