/* An SMTP server for benchmarks that takes everything and keeps nothing, each reply after a delay,
 * as a server far away would give it. It tells on standard output what it has seen when it is
 * terminated.
 *
 *     sink PORT MILLISECONDS [starttls|tls CERTIFICATE.pem KEY.pem] [chunking] [hostile SEED]
 *
 * A hostile one counts the recipients of messages with WORLD_MARK in them, and goes wrong as
 * world.h says. The command STAT tells how many
 * it has taken and how many attempts there were, the end of its output who they were.
 */
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
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

enum {
    CLIENTS = 1024,
    LINE = 1000,
    REPLIES = 64,
    REPLY = 256,
    INPUT = 65536,
    RECIPIENTS = 2000,
    LATE = 2000000
};

struct reply {
    int64_t due; /* microseconds */
    char text[REPLY];
};

struct client {
    SSL *ssl;     /* NULL: in the clear */
    size_t chunk; /* bytes of it that are still to come */
    char line[LINE];
    size_t line_len;
    struct reply replies[REPLIES]; /* a ring */
    size_t first, count;
    size_t *recipients; /* people who were accepted for the message under way */
    size_t recipient_count;
    size_t mark;          /* how much of WORLD_MARK the message has had */
    int fd;               /* 0: not there */
    enum world_fate fate; /* of that message: the one of its first recipient */
    bool in_data, starts_tls, counted, closing, last_chunk;
};

static struct client clients[CLIENTS];
static int64_t delay;
static SSL_CTX *tls;
static bool implicit_tls, chunking, hostile;
static uint64_t seed;
static long messages, sessions, resumed;
static volatile sig_atomic_t ended;

static int64_t now(void) {
    struct timespec time = {0};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void answer_late(struct client *client, const char *text, int64_t late) {
    if (client->count == REPLIES)
        return;
    struct reply *reply = &client->replies[(client->first + client->count++) % REPLIES];
    reply->due = now() + delay + late;
    snprintf(reply->text, sizeof reply->text, "%s", text);
}

static void answer(struct client *client, const char *text) {
    answer_late(client, text, 0);
}

static void greet(struct client *client) {
    char text[REPLY];
    snprintf(text, sizeof text,
             "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n%s%s250 ENHANCEDSTATUSCODES\r\n",
             tls != NULL && client->ssl == NULL ? "250-STARTTLS\r\n" : "",
             chunking ? "250-CHUNKING\r\n" : "");
    answer(client, text);
}

static void end_message(struct client *client) {
    messages++;
    answer(client, "250 2.0.0 Ok\r\n");
}

/* Each part of a message. The first letter of the mark stands in it once. */
static void look_for_mark(struct client *client, const char *data, size_t len) {
    const char *mark = WORLD_MARK;
    size_t at = client->mark;
    for (size_t i = 0; i < len && mark[at] != '\0'; i++)
        at = data[i] == mark[at] ? at + 1 : data[i] == mark[0];
    client->mark = at;
}

/* The final dot, or the last octet of BDAT LAST, of a message to a hostile server. */
static void end_hostile_message(struct client *client) {
    size_t count = client->recipient_count;
    enum world_fate fate = client->fate;
    client->recipient_count = 0;
    if (count == 0) {
        answer(client, "554 5.5.1 No valid recipients\r\n");
        return;
    }
    if (fate == WORLD_LATER_DATA) {
        answer(client, "451 4.3.0 Not now\r\n");
        return;
    }
    if (fate == WORLD_LATER_DOT) {
        answer(client, "452 4.3.1 No room\r\n");
        return;
    }
    if (fate != WORLD_CLOSE_UNTAKEN) {
        messages++;
        for (size_t i = 0; i < count; i++)
            world_take(client->recipients[i], WORLD_MARK[client->mark] == '\0');
    }
    client->closing = fate == WORLD_CLOSE_UNTAKEN || fate == WORLD_CLOSE_TAKEN;
    if (!client->closing)
        answer_late(client, "250 2.0.0 Ok\r\n", fate == WORLD_STALL_DOT ? LATE : 0);
}

static void take_recipient(struct client *client, const char *line) {
    const char *begin = strchr(line, '<');
    const char *end = begin != NULL ? strchr(begin, '>') : NULL;
    if (end == NULL) {
        answer(client, "501 5.5.4 RCPT TO:<address>\r\n");
        return;
    }
    if (client->recipient_count == RECIPIENTS) {
        answer(client, "452 4.5.3 Too many recipients\r\n");
        return;
    }
    if (client->recipients == NULL)
        client->recipients = calloc(RECIPIENTS, sizeof *client->recipients);
    if (client->recipients == NULL)
        abort();
    size_t person = world_person(begin + 1, (size_t)(end - begin) - 1);
    enum world_fate fate = world_attempt(seed, person);
    if (fate == WORLD_REFUSED) {
        answer(client, "550 5.1.1 No such user\r\n");
    } else if (fate == WORLD_LATER_RCPT) {
        answer(client, "450 4.2.1 Busy\r\n");
    } else if (fate == WORLD_DROP_RCPT) {
        client->closing = true;
    } else {
        if (client->recipient_count == 0) {
            client->fate = fate;
            client->mark = 0;
        }
        client->recipients[client->recipient_count++] = person;
        answer_late(client, "250 2.1.5 Ok\r\n", fate == WORLD_STALL_RCPT ? LATE : 0);
    }
}

static void begin_data(struct client *client) {
    if (client->recipient_count == 0) {
        answer(client, "554 5.5.1 No valid recipients\r\n");
    } else if (client->fate == WORLD_LATER_DATA) {
        client->recipient_count = 0;
        answer(client, "451 4.3.0 Not now\r\n");
    } else {
        client->in_data = true;
        answer(client, "354 Go\r\n");
    }
}

/* RFC 3030 section 2. */
static void begin_chunk(struct client *client, const char *line) {
    char *after = NULL;
    client->chunk = strtoul(line + 5, &after, 10);
    client->last_chunk = strcasecmp(after, " LAST") == 0;
    client->closing = client->recipient_count > 0 && client->fate == WORLD_DROP_DATA;
}

static void end_chunk(struct client *client) {
    if (!hostile)
        end_message(client);
    else if (client->last_chunk)
        end_hostile_message(client);
    else
        answer(client, "250 2.0.0 Ok\r\n");
}

/* Returns whether the command was one that a hostile server answers in a way of its own. */
static bool take_hostile_command(struct client *client, const char *line) {
    if (strncasecmp(line, "RCPT", 4) == 0) {
        take_recipient(client, line);
    } else if (strncasecmp(line, "DATA", 4) == 0) {
        begin_data(client);
    } else if (strncasecmp(line, "BDAT ", 5) == 0) {
        begin_chunk(client, line);
        if (client->chunk == 0 && !client->closing)
            end_chunk(client);
    } else if (strncasecmp(line, "STAT", 4) == 0) {
        char text[REPLY];
        size_t taken = 0;
        size_t attempts = 0;
        world_totals(&taken, &attempts);
        snprintf(text, sizeof text, "250 %zu %zu\r\n", taken, attempts);
        answer(client, text);
    } else {
        if (strncasecmp(line, "MAIL", 4) == 0 || strncasecmp(line, "RSET", 4) == 0)
            client->recipient_count = 0;
        return false;
    }
    return true;
}

static void take_line(struct client *client) {
    const char *line = client->line;
    if (client->in_data) {
        look_for_mark(client, line, client->line_len);
        if (hostile && client->fate == WORLD_DROP_DATA) {
            client->closing = true;
        } else if (strcmp(line, ".") == 0) {
            client->in_data = false;
            if (hostile)
                end_hostile_message(client);
            else
                end_message(client);
        }
    } else if (hostile && take_hostile_command(client, line)) {
        return;
    } else if (strncasecmp(line, "EHLO", 4) == 0) {
        greet(client);
    } else if (strncasecmp(line, "DATA", 4) == 0) {
        client->in_data = true;
        answer(client, "354 Go\r\n");
    } else if (strncasecmp(line, "BDAT ", 5) == 0) {
        client->chunk = strtoul(line + 5, NULL, 10);
        if (client->chunk == 0)
            end_message(client);
    } else if (strncasecmp(line, "STARTTLS", 8) == 0) {
        answer(client, "220 2.0.0 Go\r\n");
        client->starts_tls = true;
    } else if (strncasecmp(line, "QUIT", 4) == 0) {
        answer(client, "221 2.0.0 Bye\r\n");
        client->closing = true;
    } else {
        answer(client, "250 2.0.0 Ok\r\n");
    }
}

/* Lines of a message are long and of no interest but for a lonely dot. */
static void take(struct client *client, const char *data, size_t len) {
    while (len > 0 && !client->closing) {
        if (client->chunk > 0) {
            size_t part = client->chunk < len ? client->chunk : len;
            look_for_mark(client, data, part);
            client->chunk -= part;
            data += part;
            len -= part;
            if (client->chunk == 0)
                end_chunk(client);
            continue;
        }
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
    if (client->ssl != NULL)
        SSL_free(client->ssl);
    close(client->fd);
    free(client->recipients);
    *client = (struct client){0};
}

static bool start_tls(struct client *client) {
    client->starts_tls = false;
    client->ssl = SSL_new(tls);
    if (client->ssl == NULL || SSL_set_fd(client->ssl, client->fd) != 1) {
        drop(client);
        return false;
    }
    SSL_set_accept_state(client->ssl);
    return true;
}

/* Returns 0 when there is nothing to read now, -1 at the end. */
static ssize_t read_some(struct client *client, char *data, size_t size) {
    if (client->ssl == NULL) {
        ssize_t len = recv(client->fd, data, size, MSG_DONTWAIT);
        return len > 0 ? len : len < 0 && errno == EAGAIN ? 0 : -1;
    }
    ERR_clear_error();
    int len = SSL_read(client->ssl, data, (int)size);
    if (!client->counted && SSL_is_init_finished(client->ssl)) {
        client->counted = true;
        sessions++;
        resumed += SSL_session_reused(client->ssl);
    }
    if (len > 0)
        return len;
    return SSL_get_error(client->ssl, len) == SSL_ERROR_WANT_READ ? 0 : -1;
}

static void read_from(struct client *client) {
    static char data[INPUT];
    for (;;) {
        ssize_t len = read_some(client, data, sizeof data);
        if (len < 0)
            drop(client);
        if (len <= 0)
            return;
        take(client, data, (size_t)len);
        /* A sender with Nagle's algorithm must not wait for our acknowledgements. */
        if (hostile)
            setsockopt(client->fd, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
        if (client->ssl == NULL)
            return;
    }
}

static bool write_all(struct client *client, const char *text, size_t len) {
    return client->ssl != NULL ? SSL_write(client->ssl, text, (int)len) == (int)len
                               : send(client->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Sends what is due; returns when the next reply is, 0 for never. */
static int64_t send_due(struct client *client) {
    char text[REPLIES * REPLY];
    size_t len = 0;
    int64_t at = now();
    if (client->ssl != NULL && !SSL_is_init_finished(client->ssl))
        return 0;
    while (client->count > 0 && client->replies[client->first].due <= at) {
        const char *reply = client->replies[client->first].text;
        size_t part = strlen(reply);
        memcpy(text + len, reply, part);
        len += part;
        client->first = (client->first + 1) % REPLIES;
        client->count--;
    }
    if (len > 0 && !write_all(client, text, len)) {
        drop(client);
        return 0;
    }
    if (client->count > 0)
        return client->replies[client->first].due;
    if (client->closing)
        drop(client);
    else if (client->starts_tls)
        start_tls(client);
    return 0;
}

static void welcome(int listener, int poll) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
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
        if (!implicit_tls || start_tls(&clients[i]))
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

static bool read_arguments(int argc, char **argv) {
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "chunking") == 0) {
            chunking = true;
            continue;
        }
        if (strcmp(argv[i], "hostile") == 0 && i + 1 < argc) {
            hostile = true;
            seed = strtoull(argv[++i], NULL, 10);
            continue;
        }
        implicit_tls = strcmp(argv[i], "tls") == 0;
        if ((!implicit_tls && strcmp(argv[i], "starttls") != 0) || i + 2 >= argc)
            return false;
        tls = SSL_CTX_new(TLS_server_method());
        if (tls == NULL || SSL_CTX_use_certificate_chain_file(tls, argv[i + 1]) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls, argv[i + 2], SSL_FILETYPE_PEM) != 1)
            return false;
        i += 2;
    }
    return argc >= 3;
}

static void end(int signal) {
    (void)signal;
    ended = 1;
}

/* Answers until the next reply that is not yet due; returns how long that is, in microseconds; -1
 * for no reply. */
static int64_t send_all_due(void) {
    int64_t next = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        int64_t due = clients[i].fd != 0 ? send_due(&clients[i]) : 0;
        if (due != 0 && (next == 0 || due < next))
            next = due;
    }
    int64_t left = next != 0 ? next - now() : 0;
    return next == 0 ? -1 : left <= 0 ? 0 : left;
}

/* epoll_wait counts in milliseconds: each delay would be up to one longer. */
static int wait_for(int poll, struct epoll_event *events, int64_t wait) {
    const struct timespec time = {.tv_sec = wait / 1000000, .tv_nsec = wait % 1000000 * 1000};
    return epoll_pwait2(poll, events, CLIENTS, wait < 0 ? NULL : &time, NULL);
}

int main(int argc, char **argv) {
    if (!read_arguments(argc, argv)) {
        fputs("usage: sink PORT MILLISECONDS [starttls|tls CERTIFICATE.pem KEY.pem] [chunking] "
              "[hostile SEED]\n",
              stderr);
        return EXIT_FAILURE;
    }
    int listener = open_listener((int)strtol(argv[1], NULL, 10));
    delay = strtol(argv[2], NULL, 10) * 1000;
    signal(SIGTERM, end);
    signal(SIGPIPE, SIG_IGN);
    int poll = epoll_create1(0);
    struct epoll_event first = {.events = EPOLLIN, .data.u32 = CLIENTS};
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &first);
    for (int64_t wait = -1; !ended;) {
        struct epoll_event events[CLIENTS];
        int count = wait_for(poll, events, wait);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u32 == CLIENTS)
                welcome(listener, poll);
            else if (clients[events[i].data.u32].fd != 0)
                read_from(&clients[events[i].data.u32]);
        }
        wait = send_all_due();
    }
    if (hostile)
        world_report();
    printf("messages %ld, TLS sessions %ld, of these resumed %ld\n", messages, sessions, resumed);
    return EXIT_SUCCESS;
}
