#include "delivery/made_way.h"

#include <stdlib.h>

struct made_way made;

struct nl_transport {
    const struct nl_relay *relay;
    size_t server;
    enum { CLOSED, OPENING, IDLE, STARTED, ENDED } state;
    struct nl_extensions extensions;
    struct nl_transport_leg leg;
    struct nl_reply reply;
};

/* ---- the transport ---- */

enum nl_status nl_transport_new(const struct nl_relay *relay, size_t connections,
                                struct nl_transport **out, struct nl_error *err) {
    (void)connections, (void)err;
    *out = calloc(1, sizeof **out);
    (*out)->relay = relay;
    (*out)->leg.policy = "";
    (*out)->extensions.smtputf8 = made.smtputf8;
    return NL_OK;
}

void nl_transport_free(struct nl_transport *transport) {
    if (transport != NULL)
        nl_buf_free(&transport->reply.text);
    free(transport);
}

bool nl_transport_connect_to(struct nl_transport *transport, size_t server,
                             const struct nl_transport_from *from) {
    nl_buf_addf(&made.log, "connect %s%s%s; ", nl_relay_server(transport->relay, server)->host,
                from != NULL && from->six != NULL ? " six" : "",
                from != NULL && from->four != NULL ? " four" : "");
    transport->server = server;
    transport->state = OPENING;
    return true;
}

bool nl_transport_connect(struct nl_transport *transport) {
    return nl_transport_connect_to(transport, RELAY, NULL);
}

void nl_transport_wait(struct nl_transport *transport, int milliseconds) {
    (void)milliseconds;
    if (transport->state == OPENING && made.answers[transport->server].kind != NL_TRANSPORT_REFUSED)
        transport->state = IDLE;
}

bool nl_transport_idle(const struct nl_transport *transport, size_t *connection) {
    *connection = 0;
    return transport->state == IDLE;
}

const struct nl_extensions *nl_transport_extensions(const struct nl_transport *transport,
                                                    size_t connection) {
    (void)connection;
    return &transport->extensions;
}

const struct nl_transport_leg *nl_transport_leg(const struct nl_transport *transport,
                                                size_t connection) {
    (void)connection;
    return &transport->leg;
}

bool nl_transport_start(struct nl_transport *transport, size_t connection, size_t message,
                        const char *sender, const char *recipient, const struct nl_buf *text,
                        bool smtputf8) {
    (void)connection, (void)message;
    nl_buf_addf(&made.log, "%s to %s%s, %s; ", sender, recipient, smtputf8 ? " in UTF-8" : "",
                nl_buf_text(text));
    transport->state = STARTED;
    return false;
}

void nl_transport_release(struct nl_transport *transport, size_t connection, size_t message) {
    (void)connection, (void)message;
    nl_buf_adds(&made.log, "dot; ");
    transport->state = ENDED;
}

bool nl_transport_next(struct nl_transport *transport, struct nl_transport_event *event) {
    const struct answer *answer = &made.answers[transport->server];
    enum nl_transport_kind kind = answer->kind;
    if (transport->state != (kind == NL_TRANSPORT_REFUSED ? OPENING : STARTED) &&
        transport->state != ENDED)
        return false;
    if (transport->state == ENDED)
        kind = NL_TRANSPORT_REPLIED;
    nl_buf_clear(&transport->reply.text);
    nl_buf_adds(&transport->reply.text, "so it is");
    transport->reply.code = answer->code;
    *event = (struct nl_transport_event){
        .kind = kind,
        .stage = NL_STAGE_DOT,
        .reply = &transport->reply,
        .text = kind == NL_TRANSPORT_REFUSED ? "no connection" : "the connection broke"};
    return true;
}

/* ---- the DNS, and policies ---- */

enum nl_status nl_resolver_new(const struct nl_resolver_options *options, struct nl_resolver **out,
                               struct nl_error *err) {
    (void)options, (void)err;
    *out = (struct nl_resolver *)(void *)&made;
    return NL_OK;
}

void nl_resolver_free(struct nl_resolver *resolver) {
    (void)resolver;
}

enum nl_status nl_resolver_ask(struct nl_resolver *resolver, const char *domain,
                               nl_resolver_answer *answer, void *ctx, struct nl_error *err) {
    (void)resolver, (void)err;
    assert_string_equal(domain, "x.example");
    made.route = answer;
    made.ctx = ctx;
    return NL_OK;
}

size_t nl_resolver_open(const struct nl_resolver *resolver) {
    (void)resolver;
    return made.route != NULL;
}

int nl_resolver_fd(const struct nl_resolver *resolver) {
    (void)resolver;
    return made.fd;
}

static void add_host(struct nl_mail_host *host, const char *name, const char *address) {
    *host = (struct nl_mail_host){.address_count = address[0] != '\0'};
    memcpy(host->name, name, strlen(name) + 1);
    assert_true(host->address_count == 0 || nl_ip_parse(address, &host->addresses[0]));
}

void nl_resolver_step(struct nl_resolver *resolver) {
    struct nl_mail_host hosts[2];
    struct nl_mail_host sts;
    struct nl_mail_route route = {.state = made.state,
                                  .hosts = hosts,
                                  .secure = made.secure,
                                  .sts_host = &sts,
                                  .text = "so says the DNS"};
    nl_resolver_answer *answer = made.route;
    (void)resolver;
    for (size_t i = 0; i < 2 && made.addresses[i] != NULL; i++)
        add_host(&hosts[route.host_count++], i == 0 ? "a.example" : "b.example", made.addresses[i]);
    add_host(&sts, "mta-sts.x.example", made.known ? "192.0.2.9" : "");
    memcpy(route.sts_id, made.sts_id, strlen(made.sts_id) + 1);
    made.route = NULL;
    answer(&route, made.ctx);
}

enum nl_status nl_sts_fetcher_new(const char *ca_file, const char *allow_networks,
                                  struct nl_sts_fetcher **out, struct nl_error *err) {
    (void)ca_file, (void)allow_networks, (void)err;
    *out = (struct nl_sts_fetcher *)(void *)&made;
    return NL_OK;
}

void nl_sts_fetcher_free(struct nl_sts_fetcher *fetcher) {
    (void)fetcher;
}

enum nl_status nl_sts_fetch(struct nl_sts_fetcher *fetcher, const struct nl_mail_host *host,
                            nl_sts_fetched *fetched, void *ctx, struct nl_error *err) {
    (void)fetcher, (void)err;
    nl_buf_addf(&made.log, "fetch %s; ", host->name);
    made.fetched = fetched;
    made.ctx = ctx;
    return NL_OK;
}

int nl_sts_fetcher_fd(const struct nl_sts_fetcher *fetcher) {
    (void)fetcher;
    return made.fd;
}

void nl_sts_fetcher_step(struct nl_sts_fetcher *fetcher) {
    struct nl_error err = {0};
    struct nl_sts_policy policy = {0};
    (void)fetcher;
    if (made.policy == NULL) {
        made.fetched(NULL, "no such page", made.ctx);
        return;
    }
    assert_ok(nl_sts_policy_read(made.policy, &policy, &err));
    made.fetched(&policy, "", made.ctx);
    nl_sts_policy_free(&policy);
}
