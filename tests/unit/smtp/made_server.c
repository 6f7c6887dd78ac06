#include "smtp/made_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PATIENCE = 5000, /* steps, so that a test ends that fails */
    A_FEW = 5
};

static void start(struct made_server *server) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to connections that were closed meanwhile */
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->listener, MADE_CLIENTS), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
}

static void hang_up(struct made_client *client) {
    SSL_free(client->ssl);
    if (client->fd > 0)
        close(client->fd);
    nl_buf_free(&client->in);
    *client = (struct made_client){0};
}

void made_server_hang_up(struct made_server *server, size_t place) {
    hang_up(&server->clients[place]);
}

static void say(struct made_client *client, const char *text) {
    if (client->ssl == NULL)
        (void)!send(client->fd, text, strlen(text), MSG_NOSIGNAL);
    else if (text[0] != '\0')
        SSL_write(client->ssl, text, (int)strlen(text));
}

static const char *usual(const struct made_server *server, struct made_client *client,
                         const char *line) {
    if (strcmp(line, "banner") == 0)
        return "220 made ESMTP\r\n";
    if (strncmp(line, "EHLO", 4) == 0)
        return server->offers != NULL ? server->offers : "250 made\r\n";
    if (strncmp(line, "BDAT", 4) == 0) {
        client->chunk = strtoul(line + 5, NULL, 10);
        return "";
    }
    if (strcmp(line, "STARTTLS") == 0 && server->tls != NULL)
        return "220 go on\r\n";
    if (strncmp(line, "DATA", 4) == 0) {
        client->in_message = true;
        return "354 go on\r\n";
    }
    return strcmp(line, "QUIT") == 0 ? "221 bye\r\n" : "250 2.0.0 fine\r\n";
}

static void answer(struct made_server *server, struct made_client *client, const char *line) {
    const char *text = NULL;
    bool made = false;
    nl_buf_addf(&server->log, "%s\n", line);
    for (struct made_reply *reply = server->replies; !made && reply != NULL && reply->command;
         reply++) {
        if (reply->used || strncmp(line, reply->command, strlen(reply->command)) != 0)
            continue;
        reply->used = made = true;
        text = reply->text;
    }
    if (!made)
        text = usual(server, client, line);
    if (text != NULL)
        say(client, text);
    if (text == NULL || strcmp(line, "QUIT") == 0) {
        hang_up(client);
    } else if (strcmp(line, "STARTTLS") == 0 && server->tls != NULL) {
        client->ssl = SSL_new(server->tls);
        assert_int_equal(SSL_set_fd(client->ssl, client->fd), 1);
        SSL_set_accept_state(client->ssl);
    }
}

static void drop(struct nl_buf *buf, size_t len) {
    memmove(buf->data, buf->data + len, buf->len - len);
    buf->len -= len;
}

/* Leaves the final dot, or what may be a part of the line end before it. */
static void skip_message(struct made_client *client) {
    static const char last[] = "\r\n.\r\n";
    const char *end = client->in.len > 0 ? memmem(client->in.data, client->in.len, last, 5) : NULL;
    if (end != NULL)
        drop(&client->in, (size_t)(end + 2 - client->in.data));
    else if (client->in.len > 4)
        drop(&client->in, client->in.len - 4);
}

/* Takes a chunk or a line that is complete; false if there is none. */
static bool take(struct made_server *server, struct made_client *client) {
    char line[1024];
    if (client->chunk > 0) {
        if (client->in.len < client->chunk)
            return false;
        drop(&client->in, client->chunk);
        client->chunk = 0;
        answer(server, client, "(chunk)");
        return true;
    }
    if (client->in_message)
        skip_message(client);
    const char *end =
        client->in.len > 0 ? memmem(client->in.data, client->in.len, "\r\n", 2) : NULL;
    if (end == NULL)
        return false;
    snprintf(line, sizeof line, "%.*s", (int)(end - client->in.data), client->in.data);
    drop(&client->in, (size_t)(end + 2 - client->in.data));
    client->in_message = client->in_message && strcmp(line, ".") != 0;
    if (client->in_message)
        return true;
    answer(server, client, line);
    return true;
}

/* 0 at the end, -1 where there is nothing to read yet. A handshake happens on the way. */
static ssize_t receive(struct made_client *client, char *data, size_t size) {
    if (client->ssl == NULL)
        return recv(client->fd, data, size, 0);
    ERR_clear_error();
    int len = SSL_read(client->ssl, data, (int)size);
    int error = SSL_get_error(client->ssl, len);
    return len > 0 ? len : error == SSL_ERROR_WANT_READ ? -1 : 0;
}

static void serve(struct made_server *server) {
    for (struct made_client *client = server->clients; client < server->clients + MADE_CLIENTS;
         client++) {
        static char data[65536];
        if (client->fd == 0) {
            int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (fd < 0)
                continue;
            client->fd = fd;
            server->accepted++;
            answer(server, client, "banner");
        }
        ssize_t len = client->fd > 0 ? receive(client, data, sizeof data) : -1;
        if (len > 0)
            nl_buf_add(&client->in, data, (size_t)len);
        while (client->fd > 0 && take(server, client)) {
        }
        if (len == 0)
            hang_up(client);
    }
}

void made_route_open(struct made_route *route, size_t servers, size_t connections) {
    struct nl_error err = {0};
    start(&route->server);
    route->config.smtp.timeout = 60;
    for (size_t i = 0; i < servers; i++) {
        struct nl_smtp_server *server = &route->config.relays[i];
        *server = route->settings;
        server->host = (char *)"127.0.0.1";
        server->port = route->server.port;
        if (server->security != NL_SMTP_TLS)
            server->security = route->encrypted ? NL_SMTP_STARTTLS : NL_SMTP_PLAIN;
        server->weight = 1;
    }
    route->config.smtp.helo = (char *)"us.example";
    route->config.direct.port = route->server.port;
    nl_buf_adds(&route->message, "Subject: x\r\n\r\nx\r\n");
    assert_ok(nl_relay_new(&route->config, NULL, &route->relay, &err));
    assert_ok(nl_transport_new(route->relay, connections, &route->transport, &err));
}

void made_route_close(struct made_route *route) {
    for (size_t i = 0; i < MADE_CLIENTS; i++)
        hang_up(&route->server.clients[i]);
    close(route->server.listener);
    nl_transport_free(route->transport);
    nl_relay_free(route->relay);
    nl_buf_free(&route->server.log);
    nl_buf_free(&route->message);
}

void made_route_renew(struct made_route *route, const char *offers, struct made_reply *replies) {
    if (route->transport != NULL)
        made_route_close(route);
    route->server =
        (struct made_server){.offers = offers, .replies = replies, .tls = route->server.tls};
    route->message = (struct nl_buf){0};
    made_route_open(route, 1, 2);
}

static size_t add_host(struct made_route *route, struct nl_mail_host *host, const char *addresses) {
    struct nl_error err = {0};
    size_t which = 0;
    char text[100];
    snprintf(host->name, sizeof host->name, "mx.example");
    snprintf(text, sizeof text, "%s", addresses);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
        assert_true(nl_ip_parse(word, &host->addresses[host->address_count++]));
    assert_ok(nl_relay_add_host(route->relay, host, &which, &err));
    return which;
}

size_t made_route_add_host(struct made_route *route, enum nl_host_tls tls, const char *addresses) {
    struct nl_mail_host host = {.tls = tls, .tlsa = (char *)""};
    return add_host(route, &host, addresses);
}

size_t made_route_add_dane_host(struct made_route *route, const char *tlsa) {
    struct nl_mail_host host = {
        .tls = NL_HOST_TLS_DANE, .tlsa = (char *)tlsa, .base = "mx.example"};
    return add_host(route, &host, "127.0.0.1");
}

void made_route_step(struct made_route *route) {
    nl_transport_wait(route->transport, 1);
    serve(&route->server);
}

void made_route_steps(struct made_route *route) {
    for (int i = 0; i < A_FEW; i++)
        made_route_step(route);
}

void made_route_settle(struct made_route *route) {
    for (int i = 0; i < PATIENCE && nl_transport_connecting(route->transport) > 0; i++)
        made_route_step(route);
    assert_int_equal(nl_transport_connecting(route->transport), 0);
}

void made_route_until_open(struct made_route *route, size_t open) {
    for (int i = 0; i < PATIENCE && nl_transport_open(route->transport) != open; i++)
        made_route_step(route);
    assert_int_equal(nl_transport_open(route->transport), open);
}

void made_route_expect(struct made_route *route, enum nl_transport_kind kind) {
    bool found = nl_transport_next(route->transport, &route->event);
    for (int i = 0; i < PATIENCE && !found; i++) {
        made_route_step(route);
        found = nl_transport_next(route->transport, &route->event);
    }
    assert_true(found);
    assert_int_equal(route->event.kind, kind);
}

void made_route_connect(struct made_route *route, size_t server,
                        const struct nl_transport_from *from) {
    size_t before = nl_transport_open(route->transport);
    assert_true(nl_transport_connect_to(route->transport, server, from));
    made_route_settle(route);
    assert_int_equal(nl_transport_open(route->transport), before + 1);
}

bool made_route_start(struct made_route *route, size_t connection, size_t message) {
    return nl_transport_start(route->transport, connection, message, "s@us.example",
                              "r@them.example", &route->message, false);
}

void made_route_begin(struct made_route *route, size_t connection, size_t message) {
    if (!made_route_start(route, connection, message))
        made_route_expect(route, NL_TRANSPORT_WANTS_DOT);
}

void made_route_end(struct made_route *route, size_t connection, size_t message) {
    nl_transport_release(route->transport, connection, message);
    made_route_expect(route, NL_TRANSPORT_REPLIED);
    assert_int_equal(route->event.message, message);
}
