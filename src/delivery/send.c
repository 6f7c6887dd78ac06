#include "delivery/relay.h"
#include "delivery/run.h"
#include "delivery/signer.h"
#include "delivery/transport.h"
#include "newsletter/bulletin.h"

#include <string.h>

static enum nl_status send_scope(struct nl_run_plan *plan, const char *packed, size_t len,
                                 struct nl_run_summary *summary, struct nl_error *err) {
    struct nl_message *message = NULL;
    enum nl_status status = nl_message_parse(packed, len, &message, err);
    plan->message = message;
    if (status == NL_OK)
        status = nl_run(plan, summary, err);
    nl_message_free(message);
    return status;
}

/* Writes what the run means for the issue as a whole. */
static enum nl_status settle(struct nl_store *store, const struct nl_issue *issue,
                             const struct nl_run_summary *summary, struct nl_error *err) {
    bool done = false;
    enum nl_status status = NL_OK;
    if (summary->paused)
        status = nl_issue_set_state(store, issue->id, "paused", nl_error_text(&summary->problem),
                                    &done, err);
    return status != NL_OK ? status : nl_issue_finish(store, issue->id, &done, err);
}

enum nl_status nl_send_issue(struct nl_store *store, const struct nl_config *config,
                             const struct nl_relay *relay, const struct nl_issue *issue,
                             const struct nl_run_options *options, struct nl_run_summary *summary,
                             struct nl_error *err) {
    struct nl_list list = {0};
    int64_t holder = 0;
    bool changed = false;
    enum nl_status status = nl_store_lock(store, issue->id, &holder, err);
    if (status != NL_OK)
        return nl_error_context(err, "issue %s", issue->slug);
    struct nl_run_plan plan = {.store = store,
                               .config = config,
                               .relay = relay,
                               .scope = {.issue = issue->id},
                               .options = options};
    status = nl_delivery_recover(store, issue->id, &summary->recovered_unknown, err);
    if (status == NL_OK)
        status = nl_list_get(store, issue->list, &list, err);
    plan.from = list.sender;
    if (status == NL_OK && strcmp(issue->state, "paused") == 0)
        status = nl_issue_set_state(store, issue->id, "sending", NULL, &changed, err);
    if (status == NL_OK)
        status = send_scope(&plan, issue->message, issue->message_len, summary, err);
    if (status == NL_OK)
        status = settle(store, issue, summary, err);
    nl_list_free(&list);
    nl_store_unlock(store, issue->id);
    return status;
}

struct notices {
    struct nl_run_plan plan;
    struct nl_run_summary *summary;
};

static enum nl_status send_kind(struct notices *notices, const struct nl_list *list,
                                const char *kind, struct nl_error *err) {
    struct nl_buf packed = {0};
    notices->plan.scope.list = list->id;
    notices->plan.scope.kind = kind;
    notices->plan.from = list->sender;
    enum nl_status status = nl_notice_compose(kind, list, notices->plan.config, &packed, err);
    if (status == NL_OK)
        status =
            send_scope(&notices->plan, nl_buf_text(&packed), packed.len, notices->summary, err);
    nl_buf_free(&packed);
    return status;
}

static enum nl_status send_list(const struct nl_list *list, void *ctx, struct nl_error *err) {
    static const char *const kinds[] = {"confirmation", "already-subscribed"};
    struct notices *notices = ctx;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < 2 && !notices->summary->stopped; i++)
        status = send_kind(notices, list, kinds[i], err);
    return status;
}

enum nl_status nl_send_notices(struct nl_store *store, const struct nl_config *config,
                               const struct nl_relay *relay, int64_t delivery,
                               const struct nl_run_options *options, struct nl_run_summary *summary,
                               struct nl_error *err) {
    struct notices notices = {.plan = {.store = store,
                                       .config = config,
                                       .relay = relay,
                                       .scope = {.delivery = delivery},
                                       .options = options},
                              .summary = summary};
    struct nl_list list = {0};
    const char *kind = NULL;
    int64_t list_id = 0;
    if (delivery == 0) {
        enum nl_status status = nl_delivery_recover(store, 0, &summary->recovered_unknown, err);
        return status == NL_OK ? nl_list_each(store, send_list, &notices, err) : status;
    }
    enum nl_status status = nl_delivery_notice(store, delivery, &list_id, &kind, err);
    if (status == NL_OK)
        status = nl_list_get(store, list_id, &list, err);
    if (status == NL_OK)
        status = send_kind(&notices, &list, kind, err);
    nl_list_free(&list);
    return status;
}

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
            nl_transport_start(transport, connection, sender, recipient->envelope, message,
                               recipient->smtputf8);
            started = true;
        }
        if (!nl_transport_next(transport, &event))
            continue;
        if (event.kind != NL_TRANSPORT_WANTS_DOT)
            return test_reply(&event, err);
        nl_transport_release_dot(transport, connection);
    }
}

enum nl_status nl_send_test(const struct nl_config *config, const struct nl_relay *relay,
                            const char *sender, const struct nl_address *recipient,
                            struct nl_buf *message, struct nl_error *err) {
    struct nl_transport *transport = NULL;
    struct nl_signer signer = {0};
    enum nl_status status = nl_signer_open(config, strrchr(sender, '@') + 1, &signer, err);
    if (status == NL_OK)
        status = nl_signer_sign(&signer, message, nl_env_now(&nl_env_system), err);
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
