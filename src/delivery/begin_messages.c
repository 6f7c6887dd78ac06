#include "delivery/begin_messages.h"

#include "delivery/direct.h"
#include "delivery/refusal.h"
#include "delivery/tuning.h"
#include "newsletter/base/address.h"

#include <stdio.h>
#include <string.h>

static void refuse_locally(struct run *run, struct nl_in_flight *message, const char *status,
                           const char *text) {
    struct nl_result result = {.outcome = NL_FAILED, .text = text};
    memcpy(result.status, status, strlen(status) + 1);
    nl_in_flight_end(run, message, &result);
}

/* RFC 1870: a server that announces a size limit is not sent more. It is a refusal like any other:
 * when smaller messages are accepted, this one has failed. */
static bool fits(struct run *run, struct nl_in_flight *message,
                 const struct nl_extensions *extensions) {
    struct nl_buf text = {0};
    if (extensions->size_limit == 0 || message->message.len <= extensions->size_limit)
        return true;
    nl_buf_addf(&text,
                "the message has %zu bytes and the server takes %zu: make its pictures smaller, or "
                "links (images: links)",
                message->message.len, extensions->size_limit);
    const struct nl_transport_event event = {
        .connection = message->connection,
        .message = (size_t)(message - run->messages),
        .server = nl_transport_server(run->transport, message->connection),
        .stage = NL_STAGE_MAIL};
    bool backup = nl_direct_is_backup(run, event.server);
    struct nl_result result = {.outcome = backup ? NL_DEFERRED : NL_FAILED,
                               .code = backup ? 452 : 552,
                               .text = nl_buf_text(&text),
                               .reason = "too-large"};
    snprintf(result.status, sizeof result.status, "%s", backup ? "4.3.4" : "5.3.4");
    /* A mail host speaks for itself; what a relay says may be meant for all. */
    if (nl_direct_is_host(run, event.server))
        nl_in_flight_end(run, message, &result);
    else
        nl_run_hold(run, &event, false, &result);
    nl_buf_free(&text);
    return false;
}

static void begin_message(struct run *run, struct nl_in_flight *message,
                          const struct nl_address *address) {
    struct nl_buf sender = {0};
    nl_composer_sender(&run->composer, message->pending.job.delivery, &sender);
    message->wants_commit_point = nl_transport_start(
        run->transport, message->connection, (size_t)(message - run->messages),
        nl_buf_text(&sender), address->envelope, &message->message, address->smtputf8);
    if (!message->wants_commit_point && !message->follows)
        nl_tuning_wait(run, message);
    nl_buf_free(&sender);
}

/* Whose server a connection leads to. */
static int64_t provider_of(const struct run *run, size_t connection) {
    size_t server = nl_transport_server(run->transport, connection);
    return nl_relay_server(run->plan->relay, server)->provider;
}

/* The first place that is free; `size` for none. */
static size_t free_place(const struct run *run) {
    size_t at = 0;
    while (at < run->size && run->messages[at].busy)
        at++;
    return at;
}

static void occupy(struct run *run, struct nl_in_flight *message,
                   const struct nl_pending *pending) {
    message->pending = *pending;
    message->busy = true;
    message->follows = message->came_early = false;
    message->waits_since = message->answer = 0;
    if ((size_t)(message - run->messages) >= run->used)
        run->used = (size_t)(message - run->messages) + 1;
}

/* RFC 6531: only a server that offers SMTPUTF8 may be sent such an address. Another one of the
 * relay or of the domain may offer it. */
static void lacks_smtputf8(struct run *run, struct nl_in_flight *message) {
    static const char lacking[] = "the server does not offer SMTPUTF8, which this address needs";
    static const char away[] = "the server that may offer SMTPUTF8, which this address needs, "
                               "cannot be reached";
    size_t server = nl_transport_server(run->transport, message->connection);
    nl_transport_note_no_smtputf8(run->transport, message->connection);
    enum nl_smtputf8 found = run->direct == NULL
                                 ? nl_transport_find_smtputf8(run->transport, &server)
                                 : nl_direct_find_smtputf8(run, server);
    if (found == NL_SMTPUTF8_NOWHERE) {
        refuse_locally(run, message, "5.6.7", lacking);
    } else if (found == NL_SMTPUTF8_AWAY) {
        const struct nl_result later = {.outcome = NL_DEFERRED, .status = "4.6.7", .text = away};
        nl_in_flight_end(run, message, &later);
    } else {
        nl_backlog_set_aside(&run->backlog, &message->pending);
        message->busy = message->follows = false;
    }
}

static enum nl_status start_message(struct run *run, size_t connection, bool follows,
                                    struct nl_in_flight *message,
                                    const struct nl_pending *pending) {
    const struct nl_extensions *extensions = nl_transport_extensions(run->transport, connection);
    struct nl_address address = {0};
    struct nl_error bad_address = {0};
    enum nl_status status = NL_OK;
    occupy(run, message, pending);
    message->connection = connection;
    message->follows = follows;
    if (nl_address_parse(pending->job.address, &address, &bad_address) != NL_OK) {
        refuse_locally(run, message, "5.1.3", nl_error_text(&bad_address));
    } else if (address.smtputf8 && !extensions->smtputf8) {
        lacks_smtputf8(run, message);
    } else {
        status = nl_composer_fill(&run->composer, pending, &address, provider_of(run, connection),
                                  &message->message, run->err);
        if (status == NL_NOTFOUND) {
            nl_error_free(run->err);
            refuse_locally(run, message, "", "it was erased before its turn");
            status = NL_OK;
        } else if (status == NL_OK && fits(run, message, extensions))
            begin_message(run, message, &address);
    }
    nl_error_free(&bad_address);
    nl_address_free(&address);
    return status;
}

static bool has_permit(const struct run *run, const char *domain, int64_t permit) {
    for (size_t i = 0; i < run->used; i++)
        if (run->messages[i].busy && run->messages[i].pending.permit == permit &&
            strcmp(run->messages[i].pending.domain, domain) == 0)
            return true;
    return false;
}

/* Takes one of the connections that all processes together may have to a domain. None is taken
 * while the database does not answer. */
static bool take_permit(const struct run *run, struct nl_pending *pending) {
    bool taken = pending->limit == NULL || pending->limit->connections == 0;
    for (int64_t permit = 1; !taken && permit <= pending->limit->connections; permit++) {
        struct nl_error ignored = {0};
        if (has_permit(run, pending->domain, permit))
            continue;
        nl_error_ignore(
            nl_store_take_permit(run->plan->store, pending->domain, permit, &taken, &ignored));
        nl_error_free(&ignored);
        pending->permit = taken ? permit : 0;
    }
    return taken;
}

static bool admit(void *ctx, struct nl_pending *pending) {
    struct run *run = ctx;
    return nl_direct_admit(run, pending) && take_permit(run, pending);
}

/* Each message goes to the server of its destination, as soon as there is a connection. */
static enum nl_status begin_directly(struct run *run) {
    struct nl_pending pending = {0};
    enum nl_status status = NL_OK;
    size_t place = free_place(run);
    run->backlog.by_route = true;
    nl_direct_begin_pass(run);
    while (status == NL_OK && place < run->size &&
           nl_backlog_take(&run->backlog, admit, run, &pending)) {
        struct nl_in_flight *message = &run->messages[place];
        struct nl_result verdict = {0};
        size_t connection = 0;
        if (nl_direct_connection(run, &connection, &verdict)) {
            status = start_message(run, connection, false, message, &pending);
        } else {
            occupy(run, message, &pending);
            nl_in_flight_end(run, message, &verdict);
        }
        place = free_place(run);
    }
    return status;
}

/* The connections of a domain are for messages that are under way. */
static bool admit_following(void *ctx, struct nl_pending *pending) {
    (void)ctx;
    return pending->limit == NULL || pending->limit->connections == 0;
}

/* While as many are under way as the relay is given, the next ones are made ready: their envelopes
 * go out with the final dots before them. */
static enum nl_status begin_following(struct run *run) {
    struct nl_pending pending = {0};
    enum nl_status status = NL_OK;
    size_t connection = 0;
    size_t place = free_place(run);
    while (status == NL_OK && place < run->size &&
           nl_transport_follow(run->transport, &connection) &&
           nl_backlog_take(&run->backlog, admit_following, run, &pending)) {
        status = start_message(run, connection, true, &run->messages[place], &pending);
        place = free_place(run);
    }
    return status;
}

/* Begins messages that were set aside for a server that offers SMTPUTF8. Where there is none to
 * wait for, any connection will do to say so. */
static enum nl_status begin_elsewhere(struct run *run, size_t most) {
    enum nl_status status = NL_OK;
    struct nl_pending pending = {0};
    size_t server = 0;
    size_t connection = 0;
    size_t place = free_place(run);
    size_t under_way = nl_in_flight_under_way(run);
    while (status == NL_OK && run->backlog.elsewhere > 0 && place < run->size && under_way < most) {
        if (nl_transport_find_smtputf8(run->transport, &server) != NL_SMTPUTF8_MAYBE) {
            if (!nl_transport_idle(run->transport, &connection))
                return NL_OK;
        } else if (!nl_transport_idle_to(run->transport, server, server, &connection)) {
            nl_transport_lead_to(run->transport, server);
            return NL_OK;
        }
        nl_backlog_take_elsewhere(&run->backlog, &pending);
        status = start_message(run, connection, false, &run->messages[place], &pending);
        place = free_place(run);
        under_way++;
    }
    return status;
}

enum nl_status nl_begin_messages(struct run *run) {
    struct nl_pending pending = {0};
    enum nl_status status = NL_OK;
    size_t connection = 0;
    size_t most = nl_tuner_under_way(&run->tuner);
    run->backlog.cursor = 0;
    if (nl_run_must_stop(run))
        return NL_OK;
    if (run->direct != NULL)
        return begin_directly(run);
    if (run->backlog.elsewhere > 0)
        status = begin_elsewhere(run, most);
    size_t place = free_place(run);
    size_t under_way = nl_in_flight_under_way(run);
    while (status == NL_OK && place < run->size && under_way < most &&
           nl_transport_idle(run->transport, &connection) &&
           nl_backlog_take(&run->backlog, admit, run, &pending)) {
        status = start_message(run, connection, false, &run->messages[place], &pending);
        place = free_place(run);
        under_way++;
    }
    /* Where more are under way, after a higher level, nothing follows until they have ended. */
    if (status == NL_OK && under_way == most)
        status = begin_following(run);
    while (run->backlog.count - run->backlog.elsewhere > nl_transport_connecting(run->transport) &&
           nl_transport_connect(run->transport))
        ;
    return status;
}
