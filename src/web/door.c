#include "web/door.h"

#include "newsletter/base/log.h"
#include "newsletter/base/memory.h"
#include "web/proxy_header.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    GUESTS = 256,       /* connections whose header has not arrived, at most */
    HEADER_SECONDS = 5, /* for the header */
    TELL_SECONDS = 60,  /* between two complaints */
    AT_ONCE = 64,
};

/* A connection whose header has not arrived as a whole. */
struct guest {
    int fd;
    int64_t until;
    struct sockaddr_storage peer;
    socklen_t peer_len;
    size_t len;
    unsigned char header[NL_PROXY_HEADER_LIMIT];
    struct guest *previous, *next;
};

struct nl_door {
    int listening, epoll;
    const struct nl_networks *trusted;
    struct guest *first;
    size_t count;
    int64_t told_at, checked_at;
};

enum nl_status nl_door_open(int fd, const struct nl_networks *trusted, struct nl_door **out,
                            struct nl_error *err) {
    struct nl_door *door = nl_calloc(1, sizeof *door);
    struct epoll_event event = {.events = EPOLLIN}; /* data.ptr is NULL: the listening socket */
    *out = door;
    door->listening = fd;
    door->trusted = trusted;
    int flags = fcntl(fd, F_GETFL); /* systemd's is one that blocks */
    door->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (door->epoll < 0 || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        epoll_ctl(door->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        return nl_error_set(err, NL_OS, "the socket cannot be watched: %s", strerror(errno));
    return NL_OK;
}

int nl_door_fd(const struct nl_door *door) {
    return door->epoll;
}

/* Removes it from the list; the connection stays open. */
static void forget(struct nl_door *door, struct guest *guest) {
    epoll_ctl(door->epoll, EPOLL_CTL_DEL, guest->fd, NULL);
    if (guest->previous != NULL)
        guest->previous->next = guest->next;
    else
        door->first = guest->next;
    if (guest->next != NULL)
        guest->next->previous = guest->previous;
    door->count--;
    free(guest);
}

/* A proxy that is set up otherwise would look like a server that is down. */
static void complain(struct nl_door *door, const struct guest *guest, const char *what,
                     int64_t now) {
    struct nl_ip ip;
    char text[NL_IP_TEXT];
    if (door->told_at != 0 && now - door->told_at < TELL_SECONDS)
        return;
    door->told_at = now;
    nl_ip_of((const struct sockaddr *)&guest->peer, &ip);
    nl_ip_text(&ip, text);
    nl_log(
        NL_LOG_ERROR, NULL,
        "a connection from %s %s a header of the PROXY protocol: turn it on there (send-proxy-v2 "
        "in HAProxy), name the proxy in serve.trusted_proxies, or turn proxy_protocol off",
        text, what);
}

static void turn_away(struct nl_door *door, struct guest *guest, const char *what, int64_t now) {
    int fd = guest->fd;
    complain(door, guest, what, now);
    forget(door, guest);
    close(fd);
}

static void let_in(struct nl_door *door, struct guest *guest, struct MHD_Daemon *daemon,
                   int64_t now) {
    struct sockaddr_storage visitor;
    socklen_t len = 0;
    bool known = false;
    if (!nl_proxy_header_read(guest->header, guest->len, &known, &visitor, &len)) {
        turn_away(door, guest, "begins with a wrong form of", now);
        return;
    }
    if (!known) {
        visitor = guest->peer;
        len = guest->peer_len;
    }
    int fd = guest->fd;
    forget(door, guest);
    MHD_add_connection(daemon, fd, (const struct sockaddr *)&visitor, len); /* closes it, too */
}

/* Reads exactly the header. */
static void read_header(struct nl_door *door, struct guest *guest, struct MHD_Daemon *daemon,
                        int64_t now) {
    for (;;) {
        int wanted = nl_proxy_header_wants(guest->header, guest->len);
        if (wanted < 0) {
            turn_away(door, guest, "comes without", now);
            return;
        }
        if (wanted == 0) {
            let_in(door, guest, daemon, now);
            return;
        }
        ssize_t got = recv(guest->fd, guest->header + guest->len, (size_t)wanted, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) { /* a proxy that looks whether somebody listens says nothing */
            int fd = guest->fd;
            forget(door, guest);
            close(fd);
            return;
        }
        guest->len += (size_t)got;
    }
}

/* False once there is nobody left to accept. */
static bool accept_one(struct nl_door *door, int64_t now) {
    struct guest *guest = nl_calloc(1, sizeof *guest);
    guest->peer_len = sizeof guest->peer;
    guest->fd = accept4(door->listening, (struct sockaddr *)&guest->peer, &guest->peer_len,
                        SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (guest->fd < 0) {
        bool again = errno == EINTR || errno == ECONNABORTED;
        free(guest);
        return again;
    }
    struct nl_ip ip;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = guest};
    nl_ip_of((const struct sockaddr *)&guest->peer, &ip);
    bool welcome = nl_networks_contain(door->trusted, &ip);
    if (!welcome)
        complain(door, guest, "is not one of a trusted proxy, and so may not begin with", now);
    if (!welcome || door->count == GUESTS ||
        epoll_ctl(door->epoll, EPOLL_CTL_ADD, guest->fd, &event) != 0) {
        close(guest->fd);
        free(guest);
        return true;
    }
    guest->until = now + HEADER_SECONDS;
    guest->next = door->first;
    if (guest->next != NULL)
        guest->next->previous = guest;
    door->first = guest;
    door->count++;
    return true;
}

static void turn_away_late(struct nl_door *door, int64_t now) {
    struct guest *next = NULL;
    if (now == door->checked_at)
        return;
    door->checked_at = now;
    for (struct guest *guest = door->first; guest != NULL; guest = next) {
        next = guest->next;
        if (guest->until < now)
            turn_away(door, guest, "took too long over", now);
    }
}

void nl_door_pass(struct nl_door *door, struct MHD_Daemon *daemon, int64_t now) {
    struct epoll_event ready[AT_ONCE];
    int count = epoll_wait(door->epoll, ready, AT_ONCE, 0);
    for (int i = 0; i < count; i++) {
        if (ready[i].data.ptr != NULL)
            read_header(door, ready[i].data.ptr, daemon, now);
        else
            for (int accepted = 0; accepted < AT_ONCE && accept_one(door, now); accepted++)
                ;
    }
    turn_away_late(door, now);
}

void nl_door_free(struct nl_door *door) {
    if (door == NULL)
        return;
    while (door->first != NULL) {
        int fd = door->first->fd;
        forget(door, door->first);
        close(fd);
    }
    if (door->epoll >= 0)
        close(door->epoll);
    free(door);
}
