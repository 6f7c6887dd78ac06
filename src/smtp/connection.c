#include "smtp/connection.h"

void nl_connection_close(struct nl_transport *transport, struct connection *connection) {
    if (connection->state == CONNECTING)
        transport->connecting--;
    transport->open -= connection->state == OPEN;
    if (connection->state != CLOSED)
        transport->health.servers[connection->host].connections--;
    if (connection->state == OPEN && connection->session.following != NULL &&
        connection->session.stage == NL_STAGE_BODY)
        nl_relay_health_follow_unsent(&transport->health, connection->host);
    if (connection->handle != NULL) {
        curl_multi_remove_handle(transport->multi, connection->handle);
        curl_easy_cleanup(connection->handle);
    }
    connection->handle = NULL;
    connection->state = CLOSED;
}

void nl_connection_report(struct nl_transport *transport, struct connection *connection,
                          enum nl_transport_kind kind, enum nl_stage stage, size_t message) {
    bool has_next =
        kind == NL_TRANSPORT_REPLIED && !connection->flies && connection->carried_count > 0;
    connection->event = (struct nl_transport_event){
        .kind = kind,
        .connection = (size_t)(connection - transport->connections),
        .message = message,
        .server = connection->host,
        .stage = stage,
        .reply = &connection->session.reply,
        .text = nl_buf_text(&connection->text),
        .dot_sent = nl_session_dot_sent(&connection->session),
        .reused = connection->answered > 0,
        .has_next = has_next,
        .next = has_next ? connection->carried[0].message : 0,
        .leg = &connection->leg,
        .said = "",
        .tls_failure = "",
        .source = connection->source,
    };
    connection->pending = true;
}
