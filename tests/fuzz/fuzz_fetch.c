/* Any answers of an IMAP or POP3 server. The first byte of the input chooses the protocol; the
 * rest are the answers, one for each command, with a zero byte between them. After the last the
 * server closes. */
#include "newsletter/inbound/bounce.h"
#include "newsletter/inbound/mailbox.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* How often a client may come back: what it asks for is the same each time. */
enum { SESSIONS = 3 };

struct server {
    int listener;
    const char *at, *end;
    size_t messages;
};

static struct nl_bounce_reader *reader;

static void demand(bool holds) {
    if (!holds)
        abort();
}

/* Sends the next answer; false when there is none, or nobody listens. */
static bool answer(struct server *server, int peer) {
    if (server->at >= server->end)
        return false;
    const char *zero = memchr(server->at, '\0', (size_t)(server->end - server->at));
    size_t len = (size_t)((zero != NULL ? zero : server->end) - server->at);
    bool sent = len == 0 || send(peer, server->at, len, MSG_NOSIGNAL) == (ssize_t)len;
    server->at += len + 1;
    return sent;
}

static void *serve(void *argument) {
    struct server *server = argument;
    for (int i = 0; i < SESSIONS; i++) {
        char command[4096];
        int peer = accept(server->listener, NULL, NULL);
        /* A client that waits for more is let go. */
        const struct timeval patience = {.tv_usec = 20000};
        if (peer < 0)
            break;
        setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        while (answer(server, peer) && recv(peer, command, sizeof command, 0) > 0) {
        }
        close(peer);
    }
    shutdown(server->listener, SHUT_RDWR); /* any later connection is refused at once */
    return NULL;
}

static enum nl_status take(const char *data, size_t len, bool *understood, void *ctx,
                           struct nl_error *err) {
    struct server *server = ctx;
    struct nl_bounce bounce = {0};
    enum nl_status status = nl_bounce_read(reader, data, len, &bounce, err);
    *understood = bounce.kind != NL_BOUNCE_UNKNOWN;
    server->messages++;
    nl_bounce_free(&bounce);
    return status;
}

static int64_t open_listener(int *listener) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    demand(*listener >= 0 && bind(*listener, (struct sockaddr *)&address, size) == 0 &&
           listen(*listener, SESSIONS) == 0 &&
           getsockname(*listener, (struct sockaddr *)&address, &size) == 0);
    return ntohs(address.sin_port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static char host[] = "127.0.0.1", folder[] = "INBOX", user[] = "u";
    struct nl_error err = {0};
    struct nl_config config = {0};
    struct server server = {.at = (const char *)data + 1, .end = (const char *)data + len};
    const struct nl_visitor visitor = {.message = take, .ctx = &server};
    pthread_t thread;
    if (len == 0)
        return 0;
    if (reader == NULL)
        demand(nl_bounce_reader_new(&reader, &err) == NL_OK);
    config.fetch.host = host;
    config.fetch.username = user;
    config.fetch.folder = config.fetch.processed = config.fetch.unknown = folder;
    config.fetch.security = NL_SMTP_PLAIN;
    config.fetch.protocol = data[0] % 2 == 0 ? NL_FETCH_IMAP : NL_FETCH_POP3;
    config.fetch.port = open_listener(&server.listener);
    demand(pthread_create(&thread, NULL, serve, &server) == 0);
    (void)!nl_mailbox_fetch(&config, "secret", &visitor, &err);
    demand(server.messages <= len);
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(server.listener);
    nl_error_free(&err);
    return 0;
}
