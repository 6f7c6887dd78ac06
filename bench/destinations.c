/* Many mail hosts in one process, for bench/direct: it listens on one port at every address, takes
 * all mail, and counts by the address that was connected to. It tells on standard output what it
 * has seen when it is terminated: a line for each address with its connections and messages, and
 * one for each message that no slow host took, with the microseconds of CLOCK_MONOTONIC.
 *
 *     destinations PORT EXPECTED [SLOW-ADDRESS MILLISECONDS]
 *
 * It says "all" when hosts that are not slow have taken as many messages as are expected. A slow
 * host takes so long for every reply.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 8192, HOSTS = 65536, LINE = 1000, REPLY = 200, INPUT = 65536, MESSAGES = 4000000 };

struct host {
    in_addr_t address;
    long connections, messages;
};

struct client {
    int fd; /* 0: not there */
    struct host *host;
    bool in_data, closing;
    char line[LINE];
    size_t len;
    char replies[REPLY * 8]; /* that wait */
    int64_t due;             /* when they go out; 0: none */
};

static struct client clients[CLIENTS];
static struct host hosts[HOSTS];
static int64_t *times;
static size_t message_count;
static size_t expected;
static in_addr_t slow_address;
static int64_t slow_delay;
static int waiting; /* clients with replies that wait */
static volatile sig_atomic_t ended;

static int64_t now(void) {
    struct timespec time = {0};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* They are of one network with 65536 addresses, and the slow one may be of another. */
static struct host *host_of(in_addr_t address) {
    size_t at = ntohl(address) % HOSTS;
    while (hosts[at].address != 0 && hosts[at].address != address)
        at = (at + 1) % HOSTS;
    hosts[at].address = address;
    return &hosts[at];
}

static void drop(struct client *client) {
    if (client->due != 0)
        waiting--;
    close(client->fd);
    *client = (struct client){0};
}

static void flush_replies(struct client *client) {
    size_t len = strlen(client->replies);
    if (client->due != 0)
        waiting--;
    client->due = 0;
    if (send(client->fd, client->replies, len, MSG_NOSIGNAL) != (ssize_t)len || client->closing) {
        drop(client);
        return;
    }
    client->replies[0] = '\0';
}

static void answer(struct client *client, const char *text) {
    if (strlen(client->replies) + strlen(text) < sizeof client->replies)
        strcat(client->replies, text);
}

static void end_message(struct client *client) {
    client->host->messages++;
    if (client->host->address != slow_address && message_count < MESSAGES) {
        times[message_count++] = now();
        if (message_count == expected)
            puts("all");
    }
    answer(client, "250 2.0.0 Ok\r\n");
}

static void take_line(struct client *client) {
    const char *line = client->line;
    if (client->in_data) {
        if (strcmp(line, ".") == 0) {
            client->in_data = false;
            end_message(client);
        }
    } else if (strncasecmp(line, "EHLO", 4) == 0) {
        answer(client,
               "250-destination\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n");
    } else if (strncasecmp(line, "DATA", 4) == 0) {
        client->in_data = true;
        answer(client, "354 Go\r\n");
    } else if (strncasecmp(line, "QUIT", 4) == 0) {
        client->closing = true;
        answer(client, "221 2.0.0 Bye\r\n");
    } else {
        answer(client, "250 2.0.0 Ok\r\n");
    }
}

static void take_bytes(struct client *client, const char *data, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\n') {
            if (client->len > 0 && client->line[client->len - 1] == '\r')
                client->len--;
            client->line[client->len] = '\0';
            client->len = 0;
            take_line(client);
        } else if (client->len < LINE - 1) {
            client->line[client->len++] = data[i];
        }
    }
}

/* Replies go out at once, or in one piece when the host's time has passed. */
static void settle(struct client *client) {
    if (client->replies[0] == '\0')
        return;
    if (client->host->address != slow_address || slow_delay == 0) {
        flush_replies(client);
    } else if (client->due == 0) {
        client->due = now() + slow_delay;
        waiting++;
    }
}

static void read_client(struct client *client) {
    static char data[INPUT];
    ssize_t len = recv(client->fd, data, sizeof data, 0);
    if (len <= 0) {
        if (len == 0 || errno != EAGAIN)
            drop(client);
        return;
    }
    take_bytes(client, data, (size_t)len);
    settle(client);
}

static void take_connection(int listener, int events) {
    struct sockaddr_in here = {0};
    socklen_t len = sizeof here;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (fd >= CLIENTS || getsockname(fd, (struct sockaddr *)&here, &len) != 0) {
        close(fd);
        return;
    }
    struct client *client = &clients[fd];
    *client = (struct client){.fd = fd, .host = host_of(here.sin_addr.s_addr)};
    client->host->connections++;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &event) != 0) {
        drop(client);
        return;
    }
    answer(client, "220 destination ESMTP\r\n");
    settle(client);
}

static void answer_the_slow(void) {
    int64_t at = now();
    for (size_t i = 0; waiting > 0 && i < CLIENTS; i++)
        if (clients[i].due != 0 && clients[i].due <= at)
            flush_replies(&clients[i]);
}

static void end(int signal) {
    (void)signal;
    ended = 1;
}

static int start(int port) {
    const int on = 1;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&here, sizeof here) != 0 || listen(fd, 1024) != 0) {
        perror("destinations");
        exit(EXIT_FAILURE);
    }
    return fd;
}

static void tell(void) {
    for (size_t i = 0; i < HOSTS; i++)
        if (hosts[i].address != 0)
            printf("host %s %ld %ld\n", inet_ntoa((struct in_addr){hosts[i].address}),
                   hosts[i].connections, hosts[i].messages);
    for (size_t i = 0; i < message_count; i++)
        printf("message %lld\n", (long long)times[i]);
}

int main(int argc, char **argv) {
    struct epoll_event found[256];
    if (argc != 3 && argc != 5) {
        fputs("usage: destinations PORT EXPECTED [SLOW-ADDRESS MILLISECONDS]\n", stderr);
        return 64;
    }
    expected = strtoul(argv[2], NULL, 10);
    if (argc == 5) {
        slow_address = inet_addr(argv[3]);
        slow_delay = strtol(argv[4], NULL, 10) * 1000;
    }
    setlinebuf(stdout);
    times = calloc(MESSAGES, sizeof *times);
    int listener = start((int)strtol(argv[1], NULL, 10));
    int events = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event listens = {.events = EPOLLIN, .data.fd = listener};
    if (times == NULL || events < 0 || epoll_ctl(events, EPOLL_CTL_ADD, listener, &listens) != 0)
        return EXIT_FAILURE;
    signal(SIGTERM, end);
    while (!ended) {
        int count = epoll_wait(events, found, 256, waiting > 0 ? 10 : 200);
        for (int i = 0; i < count; i++) {
            if (found[i].data.fd == listener)
                take_connection(listener, events);
            else if (clients[found[i].data.fd].fd != 0)
                read_client(&clients[found[i].data.fd]);
        }
        if (waiting > 0)
            answer_the_slow();
    }
    tell();
    return EXIT_SUCCESS;
}
