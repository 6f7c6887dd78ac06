#include "delivery/single_way.h"
#include "newsletter/base/catalog.h"
#include "newsletter/delivery/send.h"
#include "newsletter/dkim/signer.h"
#include "newsletter/smime/smime.h"
#include "newsletter/smtp/transport.h"

#include <string.h>

static enum nl_status test_reply(const struct nl_transport_event *event, struct nl_error *err) {
    if (event->kind != NL_TRANSPORT_REPLIED)
        return nl_error_set(err, NL_UNAVAILABLE, "%s", event->text);
    if (event->reply->code / 100 == 2)
        return NL_OK;
    return nl_error_set(err, event->reply->code / 100 == 4 ? NL_TEMPFAIL : NL_UNAVAILABLE,
                        NL_TEXT("the server answered %s with %d %s"), nl_stage_name(event->stage),
                        event->reply->code, nl_buf_text(&event->reply->text));
}

static enum nl_status converse(struct nl_transport *transport, const char *sender,
                               const struct nl_address *recipient, const struct nl_buf *message,
                               bool *refused, struct nl_error *err) {
    struct nl_transport_event event = {0};
    size_t connection = 0;
    bool started = false;
    for (;;) {
        nl_transport_wait(transport, 1000);
        if (!started && nl_transport_idle(transport, &connection)) {
            if (recipient->smtputf8 && !nl_transport_extensions(transport, connection)->smtputf8)
                return nl_error_set(err, NL_UNAVAILABLE,
                                    NL_TEXT("the server does not offer SMTPUTF8"));
            if (nl_transport_start(transport, connection, 0, sender, recipient->envelope, message,
                                   recipient->smtputf8))
                nl_transport_release(transport, connection, 0); /* nothing is recorded of a copy */
            started = true;
        }
        if (!nl_transport_next(transport, &event))
            continue;
        *refused = event.kind == NL_TRANSPORT_REFUSED;
        if (event.kind != NL_TRANSPORT_WANTS_DOT)
            return test_reply(&event, err);
        nl_transport_release(transport, connection, event.message);
    }
}

static enum nl_status send_through_relay(const struct nl_relay *relay, const char *sender,
                                         const struct nl_address *recipient,
                                         const struct nl_buf *message, struct nl_error *err) {
    struct nl_transport *transport = NULL;
    bool refused = false;
    enum nl_status status = nl_transport_new(relay, 1, &transport, err);
    if (status == NL_OK) {
        nl_transport_connect(transport);
        status = converse(transport, sender, recipient, message, &refused, err);
    }
    nl_transport_free(transport);
    return status;
}

static enum nl_status connect_to(const struct nl_relay *relay, struct nl_transport *transport,
                                 size_t server, const struct nl_transport_from *from,
                                 struct nl_error *err) {
    if (from != NULL && nl_relay_source(relay, server, from) == NULL)
        return nl_error_set(err, NL_UNAVAILABLE,
                            "%s has no address of the family of our own (direct.sources)",
                            nl_relay_name(relay, server));
    return nl_transport_connect_to(transport, server, from) ? NL_OK : nl_error_nomem(err);
}

/* Through the hosts one after the other, until one takes a connection. */
static enum nl_status send_through(const struct nl_single_way *way, const char *sender,
                                   const struct nl_address *recipient, const struct nl_buf *message,
                                   const struct nl_transport_from *from, struct nl_error *err) {
    struct nl_transport *transport = NULL;
    bool refused = true;
    enum nl_status status = nl_transport_new(way->relay, 1, &transport, err);
    for (size_t server = way->first; transport != NULL && refused && server <= way->last;
         server++) {
        refused = false;
        nl_error_free(err);
        status = connect_to(way->relay, transport, server, from, err);
        refused = status == NL_UNAVAILABLE;
        if (status == NL_OK)
            status = converse(transport, sender, recipient, message, &refused, err);
    }
    nl_transport_free(transport);
    return status;
}

static void say_reached(const char *host, const struct nl_transport_leg *leg, struct nl_buf *out) {
    nl_buf_addf(out, "%s (", host);
    nl_transport_add_leg(leg, out);
    nl_buf_addc(out, ')');
}

/* Until the server has answered EHLO, or cannot be reached. */
static enum nl_status reach(const struct nl_relay *relay, size_t server,
                            const struct nl_transport_from *from, struct nl_buf *host,
                            struct nl_error *err) {
    struct nl_transport *transport = NULL;
    struct nl_transport_event event = {0};
    size_t connection = 0;
    bool over = false;
    enum nl_status status = nl_transport_new(relay, 1, &transport, err);
    if (status == NL_OK)
        status = connect_to(relay, transport, server, from, err);
    while (status == NL_OK && !over) {
        nl_transport_wait(transport, 1000);
        over = nl_transport_idle(transport, &connection);
        if (over)
            say_reached(nl_relay_server(relay, server)->host,
                        nl_transport_leg(transport, connection), host);
        else if (nl_transport_next(transport, &event))
            status = nl_error_set(err, NL_UNAVAILABLE, "%s", event.text);
    }
    nl_transport_free(transport);
    return status;
}

enum nl_status nl_send_reach(const struct nl_relay *relay, const char *domain,
                             const struct nl_source *source, struct nl_buf *host,
                             struct nl_error *err) {
    struct nl_transport_from from = {0};
    struct nl_single_way way = {0};
    enum nl_status status = nl_single_way_find(relay, domain, NULL, NULL, &way, err);
    if (status == NL_UNAVAILABLE)
        err->status = status = NL_NOTFOUND;
    bool found = status == NL_OK;
    if (source != NULL)
        *(strchr(source->address, ':') != NULL ? &from.six : &from.four) = source;
    for (size_t server = way.first; found && server <= way.last; server++) {
        nl_error_free(err);
        status = reach(way.relay, server, source != NULL ? &from : NULL, host, err);
        if (status != NL_UNAVAILABLE)
            break;
    }
    nl_relay_free(way.relay);
    return status;
}

/* The first of our addresses of each family; false for none. */
static bool first_sources(const struct nl_config *config, struct nl_transport_from *out) {
    size_t count = nl_config_sources(config);
    for (size_t i = count; i > 0; i--) {
        const struct nl_source *source = &config->direct.sources[i - 1];
        *(strchr(source->address, ':') != NULL ? &out->six : &out->four) = source;
    }
    return count > 0;
}

static enum nl_status send_directly(struct nl_store *store, const struct nl_config *config,
                                    const struct nl_relay *relay, const char *sender,
                                    const struct nl_address *recipient,
                                    const struct nl_buf *message, struct nl_error *err) {
    struct nl_single_way way = {0};
    struct nl_transport_from from = {0};
    bool given = first_sources(config, &from);
    enum nl_status status = nl_single_way_find(relay, recipient->domain, config, store, &way, err);
    if (status == NL_OK)
        status = send_through(&way, sender, recipient, message, given ? &from : NULL, err);
    nl_relay_free(way.relay);
    return status;
}

static enum nl_status sign(const struct nl_config *config, const char *from, struct nl_buf *message,
                           struct nl_error *err) {
    struct nl_signer signer = {0};
    struct nl_smime *smime = NULL;
    int64_t now = nl_env_now(&nl_env_system);
    enum nl_status status = nl_smime_open(config, from, now, &smime, err);
    if (smime != NULL)
        status = nl_smime_sign(smime, NULL, message, now, err);
    if (status == NL_OK)
        status = nl_signer_open(config, strrchr(from, '@') + 1, &signer, err);
    if (status == NL_OK)
        status = nl_signer_sign(&signer, NULL, message, now, err);
    nl_signer_close(&signer);
    nl_smime_close(smime);
    return status;
}

enum nl_status nl_send_single(struct nl_store *store, const struct nl_config *config,
                              const struct nl_relay *relay, const char *from, const char *sender,
                              const struct nl_address *recipient, struct nl_buf *message,
                              struct nl_error *err) {
    enum nl_status status = sign(config, from, message, err);
    if (status == NL_OK && nl_config_way(config, recipient->domain) == NL_DIRECTLY)
        status = send_directly(store, config, relay, sender, recipient, message, err);
    else if (status == NL_OK)
        status = send_through_relay(relay, sender, recipient, message, err);
    return status;
}

enum nl_status nl_send_test(struct nl_store *store, const struct nl_config *config,
                            const struct nl_relay *relay, const char *sender,
                            const struct nl_address *recipient, struct nl_buf *message,
                            struct nl_error *err) {
    return nl_send_single(store, config, relay, sender, sender, recipient, message, err);
}
