#include "newsletter/web/server.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/env.h"
#include "newsletter/base/file.h"
#include "newsletter/base/log.h"
#include "web/door.h"
#include "web/event_stream.h"
#include "web/listen.h"
#include "web/peer.h"
#include "web/request.h"
#include "web/response.h"
#include "web/waiting.h"
#include "web/writer.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    MEMORY_LIMIT = 24 * 1024, /* of a connection's header */
    IDLE_SECONDS = 15,
    REQUEST_SECONDS = 30, /* for the whole request */
    FILE_SECONDS = 1800,  /* for one with a large file */
    DRAIN_SECONDS = 10,
    NETWORK_CONNECTIONS = 100, /* at once, from one network */
    BUSY_SECONDS = 10,         /* after which a client may try again */
    TICK_MILLISECONDS = 1000,
    PEM_LIMIT = 1 << 20,
    FILES_LIMIT = 1 << 30,   /* of all that are kept in files */
    BODIES_LIMIT = 64 << 20, /* of all requests that are kept as they come */
};

struct nl_server {
    struct MHD_Daemon *daemon;
    int fd;
    struct nl_buf address;
    struct nl_buf certificate, key;
    struct nl_networks trusted;
    struct nl_door *door; /* NULL: libmicrohttpd accepts connections itself */
    nl_handler handler;
    void *ctx;
    struct nl_peers peers;
    nl_body_limit body_limit, file_limit, form_limit;
    size_t body_room;
    size_t file_room; /* the same, of files */
    struct nl_spool spools[NL_SPOOLS];
    struct nl_waiting waiting;
    struct nl_event_streams events;
    struct nl_writer *writer; /* NULL: the handler answers all requests */
    nl_writes writes;
    bool all_methods;
    bool log;
};

static int64_t now(void) {
    return nl_env_now(&nl_env_system);
}

/* ---- answering ---- */

/* Has the handler fill the answer, here or in the thread for requests that write. *waits: there is
 * no answer yet. */
static enum nl_status handle(struct nl_server *server, struct nl_request *request,
                             struct nl_response *response, bool *waits, struct nl_error *err) {
    bool late = false;
    if (request->writing == NULL && server->writer != NULL && server->writes(server->ctx, request))
        late = !nl_writer_submit(server->writer, request);
    else if (request->writing == NULL) {
        enum nl_status status = server->handler(server->ctx, request, response, err);
        if (status != NL_OK || !response->wait)
            return status;
    }
    if (request->writing != NULL && nl_writing_is_done(request->writing))
        return nl_writing_take(request->writing, response, err);
    if (request->late_at == 0) /* the time until now was the visitor's, the rest is ours */
        nl_peer_set_deadline(request->connection, now() + REQUEST_SECONDS);
    *waits = !late && nl_waiting_add(&server->waiting, request, now());
    return *waits ? NL_OK
                  : nl_error_set(err, NL_BUSY,
                                 late ? "too many requests wait to write"
                                      : "the server is about to end");
}

static enum MHD_Result answer_request(struct nl_request *request) {
    struct nl_server *server = request->server;
    struct nl_response response = {.status = 200};
    struct nl_error err = {0};
    bool waits = false;
    if (request->method[0] == '\0') {
        nl_response_plain(&response, 405, "This method is not known here.\n");
        snprintf(response.allow, sizeof response.allow, "%s",
                 server->all_methods ? "GET, HEAD, POST, PUT, PATCH, DELETE" : "GET, HEAD, POST");
    } else if (request->bad_path) {
        nl_response_plain(&response, 400, "There is no such address.\n");
    } else if (request->ambiguous) {
        nl_response_plain(&response, 400, "The length of the request is ambiguous.\n");
        response.close = true;
    } else {
        enum nl_status status = handle(server, request, &response, &waits, &err);
        if (status != NL_OK) {
            nl_log(NL_LOG_ERROR, NULL, "%s %s: %s", request->method, request->path,
                   nl_error_text(&err));
            response.retry_after = status == NL_BUSY ? BUSY_SECONDS : 0;
            nl_response_plain(&response, status == NL_BUSY ? 503 : 500,
                              "Something is wrong on our side. Please try again later.\n");
        }
    }
    enum MHD_Result result = waits ? MHD_YES : nl_response_send(request, &response);
    nl_response_free(&response);
    nl_error_free(&err);
    return result;
}

/* ---- callbacks of libmicrohttpd ---- */

static enum MHD_Result access_handler(void *ctx, struct MHD_Connection *connection,
                                      const char *path, const char *method, const char *version,
                                      const char *data, size_t *size, void **state) {
    struct nl_request *request = *state;
    (void)version;
    if (request == NULL) {
        struct nl_server *server = ctx;
        request = nl_request_new(connection, path, method, &server->trusted);
        *state = request;
        if (server->all_methods)
            nl_request_take_method(request, method);
        request->server = server;
        request->events = &server->events;
        size_t limit = server->file_limit != NULL && request->method[0] == 'P'
                           ? server->file_limit(server->ctx, request)
                           : 0;
        bool spooled = limit > 0;
        if (!spooled && server->body_limit != NULL && request->method[0] == 'P')
            limit = server->body_limit(server->ctx, request);
        if (spooled) {
            (strcmp(request->method, "POST") == 0 ? nl_request_spool_form : nl_request_spool_body)(
                request, limit, &server->file_room, server->spools);
            nl_peer_set_deadline(connection, now() + FILE_SECONDS);
        } else if (limit > 0)
            nl_request_keep_body(request, limit, &server->body_room);
        else if (server->form_limit != NULL && strcmp(request->method, "POST") == 0 &&
                 (limit = server->form_limit(server->ctx, request)) > 0)
            nl_request_allow_form(request, limit, &server->body_room);
        /* Answered before the body is read: nobody knows how long it is. */
        return request->ambiguous ? answer_request(request) : MHD_YES;
    }
    if (*size > 0) {
        nl_request_take(request, data, *size);
        *size = 0;
        return MHD_YES;
    }
    nl_request_end(request);
    return answer_request(request);
}

static void request_completed(void *ctx, struct MHD_Connection *connection, void **state,
                              enum MHD_RequestTerminationCode code) {
    const struct nl_server *server = ctx;
    struct nl_request *request = *state;
    char client[NL_IP_TEXT];
    nl_peer_set_deadline(connection, now() + REQUEST_SECONDS);
    if (request == NULL)
        return;
    if (server->log && request->status != 0) {
        /* Without the query, where the tokens are. */
        nl_ip_text(&request->client, client);
        const char *path = request->bad_path ? "(unprintable)" : request->path;
        char status[16];
        snprintf(status, sizeof status, "%d", request->status);
        const struct nl_log_field fields[] = {{"METHOD", request->method},
                                              {"PATH", path},
                                              {"STATUS", status},
                                              {"CLIENT", client},
                                              {0}};
        nl_log(NL_LOG_INFO, fields, "%s %s %s %s%s", request->method, path, status, client,
               code == MHD_REQUEST_TERMINATED_COMPLETED_OK ? "" : " (cut off)");
    }
    nl_request_free(request);
    *state = NULL;
}

/* One network does not get all places. Proxies do: those that are named, and those on this machine,
 * which alone can be seen from here. */
static enum MHD_Result may_connect(void *ctx, const struct sockaddr *address, socklen_t len) {
    const struct nl_server *server = ctx;
    struct nl_ip peer;
    char text[NL_IP_TEXT];
    (void)len;
    nl_ip_of(address, &peer);
    nl_ip_text(&peer, text);
    if (nl_networks_contain(&server->trusted, &peer) || nl_host_is_loopback(text))
        return MHD_YES;
    return nl_peers_of_network(&server->peers, &peer) < NETWORK_CONNECTIONS ? MHD_YES : MHD_NO;
}

static void connection_changed(void *ctx, struct MHD_Connection *connection, void **state,
                               enum MHD_ConnectionNotificationCode code) {
    struct nl_server *server = ctx;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *state = nl_peer_add(&server->peers, connection, now() + REQUEST_SECONDS);
    else if (*state != NULL) {
        nl_peer_remove(&server->peers, *state);
        *state = NULL;
    }
}

/* ---- the life of a server ---- */

static enum nl_status read_pem(const char *path, struct nl_buf *out, struct nl_error *err) {
    return path != NULL ? nl_file_read(path, PEM_LIMIT, out, err) : NL_OK;
}

static struct MHD_Daemon *start_daemon(struct nl_server *server,
                                       const struct nl_server_options *options) {
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)nl_buf_text(&server->certificate)},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)nl_buf_text(&server->key)},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem listening[] = {{MHD_OPTION_LISTEN_SOCKET, server->fd, NULL},
                                               {MHD_OPTION_END, 0, NULL}};
    bool secure = options->certificate != NULL;
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (secure ? MHD_USE_TLS : 0) |
            (server->door != NULL ? MHD_USE_NO_LISTEN_SOCKET : 0),
        0, may_connect, server, access_handler, server, MHD_OPTION_ARRAY,
        server->door != NULL ? none : listening, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)options->connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_LIMIT, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_COMPLETED, request_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
        connection_changed, server, MHD_OPTION_ARRAY, secure ? tls : none, MHD_OPTION_END);
}

enum nl_status nl_server_new(const struct nl_server_options *options, nl_handler handler, void *ctx,
                             struct nl_server **out, struct nl_error *err) {
    *out = NULL;
    struct nl_server *server = nl_calloc(1, sizeof *server);
    server->fd = -1;
    server->waiting.fd = -1;
    server->handler = handler;
    server->ctx = ctx;
    server->log = options->log;
    server->body_limit = options->body_limit;
    server->form_limit = options->form_limit;
    server->file_limit = options->file_limit;
    server->body_room = BODIES_LIMIT;
    server->file_room = FILES_LIMIT;
    if (options->file_limit != NULL)
        nl_spools_open(server->spools);
    server->writes = options->writes;
    server->all_methods = options->all_methods;
    nl_buf_adds(&server->address, options->certificate != NULL ? "https://" : "http://");
    enum nl_status status = nl_networks_parse(options->trusted, &server->trusted, err);
    if (status != NL_OK)
        nl_error_context(err, "serve.trusted_proxies");
    if (status == NL_OK)
        status = nl_waiting_open(&server->waiting, err);
    if (status == NL_OK)
        status = read_pem(options->certificate, &server->certificate, err);
    if (status == NL_OK)
        status = read_pem(options->key, &server->key, err);
    if (status == NL_OK)
        status = nl_listen(options->listen, &server->fd, &server->address, err);
    if (status == NL_OK && options->proxy_protocol)
        status = nl_door_open(server->fd, &server->trusted, &server->door, err);
    if (status == NL_OK && (server->daemon = start_daemon(server, options)) == NULL)
        status =
            nl_error_set(err, NL_CONFIG,
                         "the HTTP server does not start: check serve.certificate and serve.key");
    if (status != NL_OK) {
        nl_server_free(server);
        return status;
    }
    *out = server;
    return NL_OK;
}

enum nl_status nl_server_start(struct nl_server *server, const struct nl_server_writer *writer,
                               struct nl_error *err) {
    return nl_writer_new(writer, nl_server_wake, server, &server->writer, err);
}

const char *nl_server_address(const struct nl_server *server) {
    return nl_buf_text(&server->address);
}

/* Waits for work, one tick at most, and does it. */
static enum nl_status serve_once(struct nl_server *server, struct nl_error *err) {
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    MHD_UNSIGNED_LONG_LONG timeout = TICK_MILLISECONDS;
    if (MHD_get_timeout(server->daemon, &timeout) != MHD_YES || timeout > TICK_MILLISECONDS)
        timeout = TICK_MILLISECONDS;
    struct pollfd ready[3] = {
        {.fd = info != NULL ? info->epoll_fd : -1, .events = POLLIN},
        {.fd = server->waiting.fd, .events = POLLIN},
        {.fd = server->door != NULL ? nl_door_fd(server->door) : -1, .events = POLLIN}};
    if (poll(ready, 3, (int)timeout) < 0 && errno != EINTR)
        return nl_error_set(err, NL_OS, "poll failed: %s", strerror(errno));
    nl_waiting_resume(&server->waiting, now());
    nl_event_streams_look(&server->events, now());
    if (server->door != NULL)
        nl_door_pass(server->door, server->daemon, now());
    MHD_run(server->daemon);
    nl_peers_cut_off_late(&server->peers, now());
    return NL_OK;
}

/* Proxies that have just connected are served, if their headers are there. The socket is ours. */
static void close_door(struct nl_server *server) {
    if (server->door == NULL)
        return;
    if (server->daemon != NULL)
        nl_door_pass(server->door, server->daemon, now());
    nl_door_free(server->door);
    server->door = NULL;
    close(server->fd);
    server->fd = -1;
}

/* Accepts no further connections, and waits for the open ones. */
static enum nl_status drain(struct nl_server *server, struct nl_error *err) {
    int64_t end = now() + DRAIN_SECONDS;
    enum nl_status status = NL_OK;
    MHD_run(server->daemon); /* connections that the kernel has accepted are served */
    MHD_run(server->daemon);
    close_door(server);
    MHD_socket fd = MHD_quiesce_daemon(server->daemon);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
    server->fd = -1;
    nl_peers_stop_reading(&server->peers);
    nl_event_streams_close(&server->events);
    while (status == NL_OK && server->peers.first != NULL && now() < end)
        status = serve_once(server, err);
    return status;
}

enum nl_status nl_server_run(struct nl_server *server, const volatile sig_atomic_t *stop,
                             struct nl_error *err) {
    enum nl_status status = NL_OK;
    while (status == NL_OK && *stop == 0)
        status = serve_once(server, err);
    return status == NL_OK ? drain(server, err) : status;
}

void nl_server_wake(void *server) {
    nl_waiting_wake(&((struct nl_server *)server)->waiting);
}

void nl_server_free(struct nl_server *server) {
    if (server == NULL)
        return;
    nl_writer_stop(server->writer); /* the answers to all that wait are ready */
    nl_waiting_close(&server->waiting);
    nl_event_streams_close(&server->events);
    close_door(server);
    if (server->daemon != NULL) {
        MHD_run(server->daemon); /* answers those who waited */
        MHD_stop_daemon(server->daemon);
    } else if (server->fd >= 0)
        close(server->fd);
    nl_spools_close(server->spools);
    nl_writer_free(server->writer);
    nl_networks_free(&server->trusted);
    nl_buf_free(&server->address);
    nl_buf_free(&server->certificate);
    if (server->key.data != NULL)
        explicit_bzero(server->key.data, server->key.len);
    nl_buf_free(&server->key);
    free(server);
}
