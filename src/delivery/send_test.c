#include "newsletter/delivery/send.h"
#include "newsletter/dkim/signer.h"
#include "newsletter/smtp/transport.h"

#include <string.h>

static enum nl_status test_reply(const struct nl_transport_event *event, struct nl_error *err) {
    if (event->kind != NL_TRANSPORT_REPLIED)
        return nl_error_set(err, NL_UNAVAILABLE, "%s", event->text);
    if (event->reply->code / 100 == 2)
        return NL_OK;
    return nl_error_set(err, event->reply->code / 100 == 4 ? NL_TEMPFAIL : NL_UNAVAILABLE,
                        "the server answered %s with %d %s", nl_stage_name(event->stage),
                        event->reply->code, nl_buf_text(&event->reply->text));
}

static enum nl_status converse(struct nl_transport *transport, const char *sender,
                               const struct nl_address *recipient, const struct nl_buf *message,
                               struct nl_error *err) {
    struct nl_transport_event event = {0};
    size_t connection = 0;
    bool started = false;
    for (;;) {
        nl_transport_wait(transport, 1000);
        if (!started && nl_transport_idle(transport, &connection)) {
            if (recipient->smtputf8 && !nl_transport_extensions(transport, connection)->smtputf8)
                return nl_error_set(err, NL_UNAVAILABLE, "the server does not offer SMTPUTF8");
            if (nl_transport_start(transport, connection, 0, sender, recipient->envelope, message,
                                   recipient->smtputf8))
                nl_transport_release(transport, connection, 0); /* nothing is recorded of a copy */
            started = true;
        }
        if (!nl_transport_next(transport, &event))
            continue;
        if (event.kind != NL_TRANSPORT_WANTS_DOT)
            return test_reply(&event, err);
        nl_transport_release(transport, connection, event.message);
    }
}

enum nl_status nl_send_test(const struct nl_config *config, const struct nl_relay *relay,
                            const char *sender, const struct nl_address *recipient,
                            struct nl_buf *message, struct nl_error *err) {
    struct nl_transport *transport = NULL;
    struct nl_signer signer = {0};
    enum nl_status status = nl_signer_open(config, strrchr(sender, '@') + 1, &signer, err);
    if (status == NL_OK)
        status = nl_signer_sign(&signer, NULL, message, nl_env_now(&nl_env_system), err);
    if (status == NL_OK)
        status = nl_transport_new(relay, 1, &transport, err);
    if (status == NL_OK) {
        nl_transport_connect(transport);
        status = converse(transport, sender, recipient, message, err);
    }
    nl_transport_free(transport);
    nl_signer_close(&signer);
    return status;
}
