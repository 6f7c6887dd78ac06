#include "delivery/made_transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 4 };

struct made made;

struct nl_transport {
    size_t count;
    struct {
        bool open, busy, pending;
        size_t message;
        char recipient[128];
        struct nl_reply reply;
        struct nl_transport_event event;
    } connections[CONNECTIONS];
    struct nl_extensions extensions;
};

enum nl_status nl_transport_new(const struct nl_relay *relay, size_t connections,
                                struct nl_transport **out, struct nl_error *err) {
    (void)relay;
    (void)err;
    *out = calloc(1, sizeof **out);
    (*out)->count = connections < CONNECTIONS ? connections : CONNECTIONS;
    (*out)->extensions.size_limit = made.size_limit;
    return NL_OK;
}

void nl_transport_free(struct nl_transport *transport) {
    for (size_t i = 0; transport != NULL && i < transport->count; i++)
        nl_buf_free(&transport->connections[i].reply.text);
    free(transport);
}

bool nl_transport_connect(struct nl_transport *transport) {
    for (size_t i = 0; i < transport->count; i++)
        if (!transport->connections[i].open)
            return transport->connections[i].open = true;
    return false;
}

size_t nl_transport_connecting(const struct nl_transport *transport) {
    (void)transport;
    return 0;
}

bool nl_transport_idle(const struct nl_transport *transport, size_t *connection) {
    for (size_t i = 0; i < transport->count; i++)
        if (transport->connections[i].open && !transport->connections[i].busy &&
            !transport->connections[i].pending) {
            *connection = i;
            return true;
        }
    return false;
}

/* Here no server offers PIPELINING. */
bool nl_transport_follow(const struct nl_transport *transport, size_t *connection) {
    (void)transport;
    (void)connection;
    return false;
}

/* Nothing is delivered directly here. */
bool nl_transport_idle_to(const struct nl_transport *transport, size_t first, size_t last,
                          size_t *connection) {
    (void)first;
    (void)last;
    return nl_transport_idle(transport, connection);
}

bool nl_transport_connect_to(struct nl_transport *transport, size_t server,
                             const struct nl_transport_from *from) {
    (void)from;
    (void)server;
    return nl_transport_connect(transport);
}

void nl_transport_retire_from(struct nl_transport *transport, size_t first, size_t last,
                              const struct nl_source *source) {
    (void)transport;
    (void)first;
    (void)last;
    (void)source;
}

void nl_transport_keep(struct nl_transport *transport, size_t first, size_t last, size_t most) {
    (void)transport;
    (void)first;
    (void)last;
    (void)most;
}

const struct nl_source *nl_transport_source(const struct nl_transport *transport,
                                            size_t connection) {
    (void)transport;
    (void)connection;
    return NULL;
}

size_t nl_transport_leading_to(const struct nl_transport *transport, size_t first, size_t last) {
    (void)first;
    (void)last;
    return nl_transport_open(transport);
}

enum nl_smtputf8 nl_transport_find_smtputf8(const struct nl_transport *transport, size_t *server) {
    (void)transport;
    *server = 0;
    return NL_SMTPUTF8_NOWHERE;
}

void nl_transport_note_no_smtputf8(struct nl_transport *transport, size_t connection) {
    (void)transport;
    (void)connection;
}

void nl_transport_lead_to(struct nl_transport *transport, size_t server) {
    (void)transport;
    (void)server;
}

size_t nl_transport_serving(const struct nl_transport *transport, size_t first, size_t last) {
    return nl_transport_leading_to(transport, first, last);
}

size_t nl_transport_close_idle(struct nl_transport *transport, int64_t milliseconds, size_t most) {
    (void)transport;
    (void)milliseconds;
    (void)most;
    return 0;
}

size_t nl_transport_server(const struct nl_transport *transport, size_t connection) {
    (void)transport;
    (void)connection;
    return 0;
}

const struct nl_extensions *nl_transport_extensions(const struct nl_transport *transport,
                                                    size_t connection) {
    (void)connection;
    return &transport->extensions;
}

void nl_transport_distrust(struct nl_transport *transport, size_t server,
                           enum nl_transport_trick trick) {
    (void)transport;
    (void)server;
    (void)trick;
}

bool nl_transport_is_broken(const struct nl_transport *transport, size_t server,
                            enum nl_transport_trick trick) {
    (void)transport;
    (void)server;
    (void)trick;
    return false;
}

void nl_transport_limit(struct nl_transport *transport, size_t connections, size_t keep,
                        size_t window) {
    (void)transport;
    (void)connections;
    (void)keep;
    (void)window;
}

size_t nl_transport_open(const struct nl_transport *transport) {
    size_t open = 0;
    for (size_t i = 0; i < transport->count; i++)
        open += transport->connections[i].open;
    return open;
}

bool nl_transport_flies(const struct nl_transport *transport) {
    (void)transport;
    return false;
}

int64_t nl_transport_round_trip(const struct nl_transport *transport) {
    (void)transport;
    return 0;
}

bool nl_transport_avoid(struct nl_transport *transport, size_t server) {
    (void)transport;
    (void)server;
    return false;
}

void nl_transport_watch(struct nl_transport *transport, int fd) {
    (void)transport;
    (void)fd;
}

void nl_transport_withdraw(struct nl_transport *transport, size_t connection, size_t message) {
    (void)message;
    transport->connections[connection].open = false;
    transport->connections[connection].busy = false;
}

static void report(struct nl_transport *transport, size_t at, enum nl_transport_kind kind,
                   const struct made_answer *answer) {
    struct nl_reply *reply = &transport->connections[at].reply;
    bool wants_dot = kind == NL_TRANSPORT_WANTS_DOT;
    reply->code = answer->code;
    snprintf(reply->status, sizeof reply->status, "%s", answer->status ? answer->status : "");
    nl_buf_clear(&reply->text);
    nl_buf_adds(&reply->text, answer->text != NULL ? answer->text : "Ok");
    transport->connections[at].event =
        (struct nl_transport_event){.kind = kind,
                                    .connection = at,
                                    .message = transport->connections[at].message,
                                    .stage = answer->stage,
                                    .reply = reply,
                                    .text = "broken"};
    transport->connections[at].pending = true;
    transport->connections[at].busy = wants_dot;
    if (kind == NL_TRANSPORT_LOST)
        transport->connections[at].open = false;
}

bool nl_transport_start(struct nl_transport *transport, size_t connection, size_t message,
                        const char *sender, const char *recipient, const struct nl_buf *text,
                        bool smtputf8) {
    struct made_answer answer = made.answer(recipient);
    (void)sender;
    (void)smtputf8;
    made.started++;
    made.length = text->len;
    transport->connections[connection].message = message;
    snprintf(transport->connections[connection].recipient, 128, "%s", recipient);
    if (answer.stage == NL_STAGE_RCPT)
        report(transport, connection, NL_TRANSPORT_REPLIED, &answer);
    else if (answer.stage == NL_STAGE_CONNECT && answer.code != 0)
        report(transport, connection, NL_TRANSPORT_LOST, &answer);
    else
        report(transport, connection, NL_TRANSPORT_WANTS_DOT, &answer);
    return false;
}

void nl_transport_release(struct nl_transport *transport, size_t connection, size_t message) {
    (void)message;
    struct made_answer answer = made.answer(transport->connections[connection].recipient);
    made.dots++;
    if (made.before_dot != NULL)
        made.before_dot(transport->connections[connection].recipient);
    if (answer.code == 0)
        answer = (struct made_answer){NL_STAGE_DOT, 250, "2.0.0", "Queued"};
    report(transport, connection, NL_TRANSPORT_REPLIED, &answer);
}

bool nl_transport_next(struct nl_transport *transport, struct nl_transport_event *event) {
    for (size_t i = 0; i < transport->count; i++) {
        if (!transport->connections[i].pending)
            continue;
        transport->connections[i].pending = false;
        *event = transport->connections[i].event;
        return true;
    }
    return false;
}

void nl_transport_wait(struct nl_transport *transport, int milliseconds) {
    (void)transport;
    (void)milliseconds;
    if (made.wait != NULL)
        made.wait();
}
