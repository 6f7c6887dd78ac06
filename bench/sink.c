/* An SMTP server for benchmarks that takes everything and keeps nothing, each reply after a delay, as a
 * server far away would give it.
 *
 *     sink PORT MILLISECONDS
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
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

enum { CLIENTS = 1024, LINE = 1000, REPLIES = 64, REPLY = 256, INPUT = 65536 };

struct reply {
    int64_t due; /* microseconds */
    char text[REPLY];
};

struct client {
    int fd; /* 0: not there */
    bool in_data;
    char line[LINE];
    size_t line_len;
    struct reply replies[REPLIES]; /* a ring */
    size_t first, count;
    bool closing;
};

static struct client clients[CLIENTS];
static int64_t delay;

static int64_t now(void) {
    struct timespec time = {0};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void answer(struct client *client, const char *text) {
    if (client->count == REPLIES)
        return;
    struct reply *reply = &client->replies[(client->first + client->count++) % REPLIES];
    reply->due = now() + delay;
    snprintf(reply->text, sizeof reply->text, "%s", text);
}

static void take_line(struct client *client) {
    const char *line = client->line;
    if (client->in_data) {
        if (strcmp(line, ".") == 0) {
            client->in_data = false;
            answer(client, "250 2.0.0 Ok\r\n");
        }
    } else if (strncasecmp(line, "EHLO", 4) == 0) {
        answer(client, "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n");
    } else if (strncasecmp(line, "DATA", 4) == 0) {
        client->in_data = true;
        answer(client, "354 Go\r\n");
    } else if (strncasecmp(line, "QUIT", 4) == 0) {
        answer(client, "221 2.0.0 Bye\r\n");
        client->closing = true;
    } else {
        answer(client, "250 2.0.0 Ok\r\n");
    }
}

/* Lines of a message are long and of no interest but for a lonely dot. */
static void take(struct client *client, const char *data, size_t len) {
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t part = end != NULL ? (size_t)(end - data) : len;
        size_t room = LINE - 1 - client->line_len;
        size_t kept = part < room ? part : room;
        memcpy(client->line + client->line_len, data, kept);
        client->line_len += kept;
        if (end == NULL)
            return;
        if (client->line_len > 0 && client->line[client->line_len - 1] == '\r')
            client->line_len--;
        client->line[client->line_len] = '\0';
        take_line(client);
        client->line_len = 0;
        data += part + 1;
        len -= part + 1;
    }
}

static void drop(struct client *client) {
    close(client->fd);
    *client = (struct client){0};
}

static void read_from(struct client *client) {
    static char data[INPUT];
    ssize_t len = recv(client->fd, data, sizeof data, MSG_DONTWAIT);
    if (len > 0)
        take(client, data, (size_t)len);
    else if (len == 0 || errno != EAGAIN)
        drop(client);
}

/* Sends what is due; returns when the next reply is, 0 for never. */
static int64_t send_due(struct client *client) {
    char text[REPLIES * REPLY];
    size_t len = 0;
    int64_t at = now();
    while (client->count > 0 && client->replies[client->first].due <= at) {
        const char *reply = client->replies[client->first].text;
        size_t part = strlen(reply);
        memcpy(text + len, reply, part);
        len += part;
        client->first = (client->first + 1) % REPLIES;
        client->count--;
    }
    if (len > 0 && send(client->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
        drop(client);
    else if (client->closing && client->count == 0)
        drop(client);
    return client->count > 0 ? client->replies[client->first].due : 0;
}

static void welcome(int listener, int poll) {
    int fd = accept(listener, NULL, NULL);
    int one = 1;
    if (fd < 0)
        return;
    for (size_t i = 0; i < CLIENTS; i++) {
        if (clients[i].fd != 0)
            continue;
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        clients[i].fd = fd;
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
        answer(&clients[i], "220 sink ESMTP\r\n");
        return;
    }
    close(fd);
}

static int open_listener(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 1000) != 0) {
        perror("sink");
        exit(EXIT_FAILURE);
    }
    return fd;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return EXIT_FAILURE;
    int listener = open_listener((int)strtol(argv[1], NULL, 10));
    delay = strtol(argv[2], NULL, 10) * 1000;
    int poll = epoll_create1(0);
    struct epoll_event first = {.events = EPOLLIN, .data.u32 = CLIENTS};
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &first);
    for (int wait = -1;;) {
        struct epoll_event events[CLIENTS];
        int count = epoll_wait(poll, events, CLIENTS, wait);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u32 == CLIENTS)
                welcome(listener, poll);
            else if (clients[events[i].data.u32].fd != 0)
                read_from(&clients[events[i].data.u32]);
        }
        int64_t next = 0;
        for (size_t i = 0; i < CLIENTS; i++) {
            int64_t due = clients[i].fd != 0 ? send_due(&clients[i]) : 0;
            if (due != 0 && (next == 0 || due < next))
                next = due;
        }
        int64_t left = next != 0 ? next - now() : 0;
        wait = next == 0 ? -1 : left <= 0 ? 0 : (int)((left + 999) / 1000);
    }
}
