#include "web/listen.h"

#include "newsletter/base/endpoint.h"
#include "newsletter/base/file.h"
#include "newsletter/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SYSTEMD_FIRST = 3, BACKLOG = 1024 };

/* sd_listen_fds(3): the socket exists already, so that ports below 1024 need no privileges. */
static bool take_systemd_socket(int *out) {
    int64_t pid = 0;
    int64_t count = 0;
    const char *listen_pid = getenv("LISTEN_PID");
    const char *listen_fds = getenv("LISTEN_FDS");
    if (listen_pid == NULL || listen_fds == NULL || !nl_text_integer(listen_pid, &pid) ||
        !nl_text_integer(listen_fds, &count) || pid != (int64_t)getpid() || count < 1)
        return false;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    *out = SYSTEMD_FIRST;
    return fcntl(SYSTEMD_FIRST, F_SETFD, FD_CLOEXEC) == 0;
}

static enum nl_status bind_to(const struct addrinfo *address, const char *listen_at, int *out,
                              struct nl_error *err) {
    int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return nl_error_system(err, errno, "open a socket for", listen_at);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        enum nl_status status =
            nl_error_set(err, errno == EACCES ? NL_NOPERM : NL_CONFIG,
                         "cannot listen at %s: %s: see serve.listen", listen_at, strerror(errno));
        close(fd);
        return status;
    }
    *out = fd;
    return NL_OK;
}

static void describe(int fd, struct nl_buf *where) {
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    char host[256];
    char port[16];
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    nl_buf_addf(where, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
}

enum nl_status nl_listen(const char *listen, int *out, struct nl_buf *where, struct nl_error *err) {
    struct nl_endpoint at;
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    if (take_systemd_socket(out)) {
        describe(*out, where);
        return NL_OK;
    }
    if (!nl_endpoint_read(listen, &at) || at.port == NULL ||
        getaddrinfo(at.host, at.port, &hints, &found) != 0)
        return nl_error_set(err, NL_CONFIG,
                            "serve.listen '%s' is not like 127.0.0.1:8025 or [::1]:8025", listen);
    enum nl_status status = bind_to(found, listen, out, err);
    freeaddrinfo(found);
    if (status == NL_OK)
        describe(*out, where);
    return status;
}
