#include "smtp/connection.h"

#include "newsletter/base/env.h"
#include "smtp/ehlo.h"
#include "smtp/relay_handle.h"
#include "smtp/tls_fault.h"
#include "smtp/trace.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>

enum {
    SIX_MILLISECONDS = 2000, /* that a connection by IPv6 may take, where there is IPv4 */
    REPLIES = 10,            /* before the first message: with those of a login */
};

/* Nobody logs in at recipients' mail hosts: they share one state, which decides nothing. */
static struct nl_login *login_of(struct nl_transport *transport, size_t server) {
    return &transport
                ->logins[nl_relay_is_host(transport->health.relay, server) ? NL_RELAYS : server];
}

static void note_offer(struct connection *connection, const char *line, size_t len) {
    nl_ehlo_note(&connection->offered, line, len);
    if (len > 5 && strncasecmp(line, "AUTH", 4) == 0 && (line[4] == ' ' || line[4] == '=')) {
        struct nl_login *login = login_of(connection->transport, connection->host);
        nl_login_note_offer(login, line + 5, len - 5);
        connection->offers_login = login->offered != 0 || login->unknown_offer;
    }
}

static void keep_words(struct connection *connection, const char *words, size_t len) {
    size_t kept = 0;
    for (; kept < len && kept + 1 < sizeof connection->said && words[kept] != '\r' &&
           words[kept] != '\n';
         kept++)
        connection->said[kept] = words[kept] >= ' ' && words[kept] < 0x7f ? words[kept] : '?';
    connection->said[kept] = '\0';
}

/* Watches libcurl's dialogue: which stage it has reached, the server's last reply code, and the
 * extensions it offers. No text is kept, since the dialogue contains the password. */
static int watch(CURL *handle, curl_infotype type, char *data, size_t len, void *userdata) {
    (void)handle;
    struct connection *connection = userdata;
    if (type == CURLINFO_HEADER_OUT || type == CURLINFO_HEADER_IN)
        connection->heard_at = nl_relay_clock();
    if (type == CURLINFO_HEADER_OUT) {
        connection->code = 0;
        if (len >= 4 && (strncmp(data, "EHLO", 4) == 0 || strncmp(data, "HELO", 4) == 0)) {
            connection->stage = NL_STAGE_EHLO;
            connection->offered = (struct nl_extensions){0};
            connection->offers_login = false;
        } else if (len >= 8 && strncmp(data, "STARTTLS", 8) == 0) {
            connection->stage = NL_STAGE_STARTTLS;
        } else if (len >= 4 && strncmp(data, "AUTH", 4) == 0) {
            connection->stage = NL_STAGE_AUTH;
            connection->mechanism = nl_login_mechanism(data, len);
        }
    } else if (type == CURLINFO_HEADER_IN) {
        if (connection->stage == NL_STAGE_CONNECT)
            connection->stage = NL_STAGE_BANNER;
        if (len >= 3 && data[0] >= '1' && data[0] <= '5')
            connection->code = (data[0] - '0') * 100 + (data[1] - '0') * 10 + (data[2] - '0');
        /* No host gets a password from us, so its words may be kept. */
        if (len > 4 && nl_relay_is_host(connection->transport->health.relay, connection->host))
            keep_words(connection, data + 4, len - 4);
        if (connection->stage == NL_STAGE_EHLO && len > 4)
            note_offer(connection, data + 4, len - 4);
    }
    nl_trace_dialogue(connection->transport, connection, type, data, len);
    return 0;
}

static size_t free_slot(const struct nl_transport *transport) {
    size_t at = 0;
    while (at < transport->count &&
           (transport->connections[at].state != CLOSED || transport->connections[at].pending ||
            transport->connections[at].carried_count > 0))
        at++;
    return at;
}

bool nl_transport_connect(struct nl_transport *transport) {
    return transport->open + transport->connecting < transport->allowed &&
           free_slot(transport) < transport->count &&
           nl_transport_connect_to(transport, nl_relay_health_pick(&transport->health), NULL);
}

bool nl_transport_connect_to(struct nl_transport *transport, size_t server,
                             const struct nl_transport_from *from) {
    const struct nl_source *source =
        from != NULL ? nl_relay_source(transport->health.relay, server, from) : NULL;
    size_t at = free_slot(transport);
    if (at == transport->count || (from != NULL && source == NULL))
        return false;
    nl_relay_health_grow(&transport->health, server);
    struct connection *connection = &transport->connections[at];
    connection->host = server;
    connection->from = from != NULL ? *from : (struct nl_transport_from){0};
    connection->source = source;
    connection->begun_at = nl_relay_clock();
    connection->reached = false;
    connection->handle = nl_relay_handle(transport->health.relay, server,
                                         login_of(transport, server), source, &connection->link);
    if (connection->handle == NULL)
        return false;
    connection->said[0] = '\0';
    connection->stage = NL_STAGE_CONNECT;
    connection->code = 0;
    connection->mechanism = 0;
    connection->offers_login = false;
    connection->error[0] = '\0';
    curl_easy_setopt(connection->handle, CURLOPT_PRIVATE, connection);
    curl_easy_setopt(connection->handle, CURLOPT_ERRORBUFFER, connection->error);
    curl_easy_setopt(connection->handle, CURLOPT_DEBUGFUNCTION, watch);
    curl_easy_setopt(connection->handle, CURLOPT_DEBUGDATA, connection);
    curl_easy_setopt(connection->handle, CURLOPT_VERBOSE, 1L);
    if (curl_multi_add_handle(transport->multi, connection->handle) != CURLM_OK) {
        nl_connection_close(transport, connection);
        return false;
    }
    connection->state = CONNECTING;
    transport->health.servers[server].connections++;
    if (at >= transport->used)
        transport->used = at + 1;
    transport->connecting++;
    return true;
}

size_t nl_transport_connecting(const struct nl_transport *transport) {
    return transport->connecting;
}

/* libcurl goes on without a login where none is offered; a message must not. */
static bool lacks_login(const struct connection *connection) {
    const struct nl_relay *relay = connection->transport->health.relay;
    return nl_relay_server(relay, connection->host)->username != NULL && !connection->offers_login;
}

/* The same connection, since what is needed for it has changed. */
static bool connect_again(struct nl_transport *transport, const struct connection *connection) {
    const struct nl_transport_from from = connection->from;
    return nl_transport_connect_to(transport, connection->host,
                                   connection->source != NULL ? &from : NULL);
}

static const char *demand_of(enum nl_host_tls demand) {
    switch (demand) {
    case NL_HOST_TLS_DANE:
        return ": its TLSA records (DANE, RFC 7672) demand TLS with the certificate that they name";
    case NL_HOST_TLS_NAMED:
        return ": the domain's MTA-STS policy (RFC 8461) demands TLS with a certificate of an "
               "authority that is trusted here, for this name";
    case NL_HOST_TLS_ALWAYS:
        return ": its TLSA records (DANE, RFC 7672) demand TLS";
    default:
        return "";
    }
}

static void explain(struct nl_transport *transport, struct connection *connection, CURLcode code) {
    const struct nl_relay *relay = transport->health.relay;
    const struct nl_smtp_server *server = nl_relay_server(relay, connection->host);
    struct nl_buf *text = &connection->text;
    nl_buf_clear(text);
    nl_buf_addf(text, "%s at %s: %s", nl_relay_name(relay, connection->host),
                nl_stage_name(connection->stage),
                connection->error[0] != '\0' ? connection->error : curl_easy_strerror(code));
    if (connection->code >= 400)
        nl_buf_addf(text, " (reply %d%s%s)", connection->code,
                    connection->said[0] != '\0' ? " " : "", connection->said);
    if (nl_relay_is_host(relay, connection->host) &&
        (nl_tls_is_fault(code) || code == CURLE_USE_SSL_FAILED ||
         connection->stage == NL_STAGE_STARTTLS))
        nl_buf_adds(text, demand_of(nl_relay_demand(relay, connection->host)));
    else if (nl_tls_is_fault(code) && nl_relay_tls(relay, connection->host) != NULL)
        nl_tls_explain(nl_relay_tls(relay, connection->host), code, connection->error, server->host,
                       nl_env_now(&nl_env_system), text);
    else if (nl_relay_is_host(relay, connection->host))
        return; /* all other advice is about the settings of the relay */
    else if (code == CURLE_LOGIN_DENIED && lacks_login(connection))
        nl_buf_addf(text,
                    ": a username is set, and it offers no login (AUTH)%s: take username out, "
                    "or use the port and the security for which it has a login (587 with starttls, "
                    "465 with tls)",
                    server->security == NL_SMTP_PLAIN ? " without TLS" : "");
    else if (code == CURLE_LOGIN_DENIED && connection->code / 100 != 4)
        nl_login_explain(login_of(transport, connection->host), connection->mechanism, text);
    else
        nl_buf_adds(text, nl_ehlo_advice(code));
}

/* A login that failed by one mechanism is tried again by the next. A connection that breaks within
 * AUTH may be the server's way to refuse the mechanism. */
static bool try_next_login(struct nl_transport *transport, struct connection *connection,
                           CURLcode code) {
    const struct nl_smtp_server *server =
        nl_relay_server(transport->health.relay, connection->host);
    struct nl_login *login = login_of(transport, connection->host);
    bool refused = code == CURLE_LOGIN_DENIED && connection->code / 100 != 4;
    bool broken = code != CURLE_LOGIN_DENIED && code != CURLE_OPERATION_TIMEDOUT &&
                  connection->stage == NL_STAGE_AUTH && connection->code / 100 != 4;
    if (server->username == NULL || lacks_login(connection) || (!refused && !broken) ||
        !nl_login_failed(login, server, connection->mechanism, refused))
        return false;
    nl_trace(transport, connection, "%s -> closed: trying the next login mechanism",
             nl_stage_name(connection->stage));
    nl_connection_close(transport, connection);
    return connect_again(transport, connection);
}

/* The type of a failure for reports; "" for one that has nothing to do with TLS. */
static const char *tls_failure_of(const struct connection *connection, CURLcode code) {
    bool refused = code != CURLE_OPERATION_TIMEDOUT && connection->stage == NL_STAGE_STARTTLS;
    if (!nl_relay_is_host(connection->transport->health.relay, connection->host))
        return "";
    if (nl_tls_is_fault(code) || code == CURLE_USE_SSL_FAILED)
        return nl_tls_result_type(code, connection->error, connection->link.ssl);
    if (refused && connection->code == 220)
        return "validation-failure"; /* it was to begin */
    return refused ? "starttls-not-supported" : "";
}

static void note_addresses(struct connection *connection) {
    struct nl_transport_leg *leg = &connection->leg;
    const char *address = NULL;
    const char *own = NULL;
    curl_easy_getinfo(connection->handle, CURLINFO_PRIMARY_IP, &address);
    curl_easy_getinfo(connection->handle, CURLINFO_LOCAL_IP, &own);
    snprintf(leg->address, sizeof leg->address, "%s", address != NULL ? address : "");
    snprintf(leg->own, sizeof leg->own, "%s", own != NULL ? own : "");
}

/* A mail host that offers TLS and cannot do it gets its mail in the clear: so would one that does
 * not offer it (RFC 7435 section 3). */
static bool try_in_the_clear(struct nl_transport *transport, struct connection *connection,
                             CURLcode code) {
    const struct nl_relay *relay = transport->health.relay;
    bool in_tls = nl_tls_is_fault(code) ||
                  (connection->stage == NL_STAGE_STARTTLS && code != CURLE_OPERATION_TIMEDOUT);
    if (!nl_relay_is_host(relay, connection->host) || !in_tls ||
        nl_relay_demand(relay, connection->host) != NL_HOST_TLS_IF_OFFERED)
        return false;
    nl_trace(transport, connection, "%s -> closed: TLS fails, trying in the clear",
             nl_stage_name(connection->stage));
    nl_relay_give_up_tls(relay, connection->host, tls_failure_of(connection, code));
    nl_connection_close(transport, connection);
    return connect_again(transport, connection);
}

/* An address of ours that was given is of one family, so libcurl cannot try the other one. */
static bool try_the_other_family(struct nl_transport *transport, struct connection *connection) {
    const struct nl_relay *relay = transport->health.relay;
    if (connection->stage != NL_STAGE_CONNECT || connection->source == NULL ||
        connection->source != connection->from.six)
        return false;
    nl_relay_give_up_six(relay, connection->host);
    if (nl_relay_source(relay, connection->host, &connection->from) == connection->source)
        return false;
    nl_trace(transport, connection, "connect -> closed: no way by IPv6, trying IPv4");
    nl_connection_close(transport, connection);
    return connect_again(transport, connection);
}

static void refuse(struct nl_transport *transport, struct connection *connection, CURLcode code) {
    bool permanent = nl_ehlo_is_permanent(code, connection->code);
    enum nl_stage stage = connection->stage;
    if (try_the_other_family(transport, connection) ||
        try_in_the_clear(transport, connection, code) ||
        try_next_login(transport, connection, code))
        return;
    const char *tls_failure = tls_failure_of(connection, code);
    connection->leg = (struct nl_transport_leg){.policy = ""};
    if (connection->handle != NULL) {
        explain(transport, connection, code);
        note_addresses(connection);
    }
    nl_trace(transport, connection, "%s -> closed: %s", nl_stage_name(stage),
             nl_buf_text(&connection->text));
    nl_connection_close(transport, connection);
    nl_connection_report(transport, connection, NL_TRANSPORT_REFUSED, stage, 0);
    nl_relay_health_failed(&transport->health, connection->host, permanent);
    connection->event.code = connection->code;
    connection->event.said = connection->said;
    connection->event.tls_failure = tls_failure;
    connection->event.permanent = permanent && nl_relay_health_all_out(&transport->health);
}

/* The policy that a mail host has satisfied. */
static const char *policy_of(const struct nl_relay *relay, size_t server) {
    if (!nl_relay_is_host(relay, server))
        return "";
    switch (nl_relay_demand(relay, server)) {
    case NL_HOST_TLS_DANE:
        return "DANE";
    case NL_HOST_TLS_NAMED:
        return "MTA-STS";
    default:
        return "";
    }
}

static void note_leg(const struct nl_relay *relay, struct connection *connection) {
    struct nl_transport_leg *leg = &connection->leg;
    const SSL *ssl = connection->link.ssl;
    *leg = (struct nl_transport_leg){.policy = policy_of(relay, connection->host)};
    note_addresses(connection);
    if (ssl == NULL)
        return;
    snprintf(leg->tls, sizeof leg->tls, "%s", SSL_get_version(ssl));
    snprintf(leg->cipher, sizeof leg->cipher, "%s", SSL_get_cipher_name(ssl));
}

static void established(struct nl_transport *transport, struct connection *connection) {
    const struct nl_relay *relay = transport->health.relay;
    curl_easy_setopt(connection->handle, CURLOPT_VERBOSE, 0L);
    connection->socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(connection->handle, CURLINFO_ACTIVESOCKET, &connection->socket);
    if (connection->socket == CURL_SOCKET_BAD) {
        refuse(transport, connection, CURLE_COULDNT_CONNECT);
        return;
    }
    if (lacks_login(connection)) {
        refuse(transport, connection, CURLE_LOGIN_DENIED);
        return;
    }
    transport->connecting--;
    nl_tls_established(&connection->link);
    nl_login_succeeded(login_of(transport, connection->host));
    note_leg(relay, connection);
    connection->idle_since = nl_relay_clock();
    connection->state = OPEN;
    transport->open++;
    connection->answered = 0;
    connection->flies = false;
    connection->misled = false;
    connection->ended = NULL;
    connection->write_blocked = connection->write_watched = false;
    connection->message_limit_reached = false;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(transport->poll, EPOLL_CTL_ADD, connection->socket, &event);
    nl_session_open(&connection->session, &connection->offered);
    nl_trace_session(connection);
    nl_trace(transport, connection, "%s -> idle", nl_stage_name(connection->stage));
}

/* All of this is connecting for libcurl. Each reply has its own time, from the greeting on (RFC
 * 5321 section 4.5.3.2), and so has the TLS handshake. */
static void allow_replies(struct nl_transport *transport, struct connection *connection,
                          int64_t now) {
    int64_t timeout = nl_relay_timeout(transport->health.relay);
    if (!connection->reached) {
        curl_easy_setopt(connection->handle, CURLOPT_CONNECTTIMEOUT, (long)(REPLIES * timeout));
        connection->reached = true;
        connection->heard_at = now;
    } else if (now > connection->heard_at + timeout * 1000) {
        refuse(transport, connection, CURLE_OPERATION_TIMEDOUT);
    }
}

/* RFC 8305: IPv4 does not wait until IPv6 has timed out. */
static void look_after(struct nl_transport *transport) {
    int64_t now = nl_relay_clock();
    for (size_t i = 0; i < transport->used; i++) {
        struct connection *connection = &transport->connections[i];
        curl_off_t reached = 0;
        if (connection->state != CONNECTING)
            continue;
        curl_easy_getinfo(connection->handle, CURLINFO_CONNECT_TIME_T, &reached);
        if (reached != 0)
            allow_replies(transport, connection, now);
        else if (connection->source != NULL && now >= connection->begun_at + SIX_MILLISECONDS)
            try_the_other_family(transport, connection);
    }
}

void nl_connect_drive(struct nl_transport *transport) {
    int running = 0;
    int left = 0;
    CURLMsg *message = NULL;
    if (transport->connecting == 0)
        return;
    curl_multi_perform(transport->multi, &running);
    while ((message = curl_multi_info_read(transport->multi, &left)) != NULL) {
        char *private = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct connection *connection = (struct connection *)(void *)private;
        if (code == CURLE_OK)
            established(transport, connection);
        else
            refuse(transport, connection, code);
    }
    look_after(transport);
}
