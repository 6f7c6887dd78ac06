#include "delivery/run.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/language.h"
#include "newsletter/bulletin/bulletin.h"
#include "newsletter/dkim/signer.h"
#include "newsletter/smtp/relay.h"
#include "newsletter/smtp/transport.h"
#include "newsletter/store/subject_test.h"

#include <stdlib.h>
#include <string.h>

/* The messages of a run, in one or more languages. */
struct messages {
    struct nl_run_message *items;
    size_t count;
};

static enum nl_status add_message(struct messages *messages, const char *language,
                                  const char *packed, size_t len, struct nl_error *err) {
    struct nl_run_message *grown =
        realloc(messages->items, (messages->count + 1) * sizeof *messages->items);
    if (grown == NULL)
        return nl_error_nomem(err);
    messages->items = grown;
    struct nl_run_message *item = &grown[messages->count];
    *item = (struct nl_run_message){.language = language != NULL ? strdup(language) : NULL,
                                    .body = nl_dkim_body_new()};
    messages->count++;
    if (language != NULL && item->language == NULL)
        return nl_error_nomem(err);
    return nl_message_parse(packed, len, &item->message, err);
}

static void free_messages(struct messages *messages) {
    for (size_t i = 0; i < messages->count; i++) {
        free(messages->items[i].language);
        nl_message_free(messages->items[i].message);
        nl_message_free(messages->items[i].alternative);
        nl_dkim_body_free(messages->items[i].body);
    }
    free(messages->items);
}

static enum nl_status add_edition(struct messages *messages, const struct nl_edition *edition,
                                  struct nl_error *err) {
    enum nl_status status =
        add_message(messages, edition->language, edition->message, edition->message_len, err);
    if (status == NL_OK && edition->alternative_len > 0)
        status = nl_message_parse(edition->alternative, edition->alternative_len,
                                  &messages->items[messages->count - 1].alternative, err);
    return status;
}

/* Sends the issue's own message, and its editions to subscribers of their languages. */
static enum nl_status send_editions(struct nl_run_plan *plan, const struct nl_issue *issue,
                                    struct nl_run_summary *summary, struct nl_error *err) {
    struct messages messages = {0};
    struct nl_edition *editions = NULL;
    size_t count = 0;
    enum nl_status status = nl_editions_read(plan->store, issue->id, &editions, &count, err);
    const struct nl_edition own = {.language = issue->language,
                                   .message = issue->message,
                                   .message_len = issue->message_len,
                                   .alternative = issue->alternative,
                                   .alternative_len = issue->alternative_len};
    if (status == NL_OK)
        status = add_edition(&messages, &own, err);
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status = add_edition(&messages, &editions[i], err);
    plan->messages = messages.items;
    plan->message_count = messages.count;
    if (status == NL_OK)
        status = nl_run(plan, summary, err);
    free_messages(&messages);
    nl_editions_free(editions, count);
    return status;
}

int64_t nl_run_tried(const struct nl_run_counts *counts) {
    return counts->sent + counts->deferred + counts->bounced + counts->failed + counts->unknown;
}

/* Sets the state of the issue after a run. */
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
        status = nl_subject_test_decide(store, issue->id, 0, &changed, err);
    if (status == NL_OK)
        status = nl_list_get(store, issue->list, &list, err);
    plan.from = list.sender;
    if (status == NL_OK && strcmp(issue->state, "paused") == 0)
        status = nl_issue_set_state(store, issue->id, "sending", NULL, &changed, err);
    if (status == NL_OK)
        status = send_editions(&plan, issue, summary, err);
    if (status == NL_OK)
        status = settle(store, issue, summary, err);
    nl_list_free(&list);
    nl_store_unlock(store, issue->id);
    return status;
}

struct notices {
    struct nl_run_plan plan;
    struct nl_run_summary *summary;
    const struct nl_list *list;
    struct messages messages;
};

static enum nl_status compose_notice(const char *language, void *ctx, struct nl_error *err) {
    struct notices *notices = ctx;
    const struct nl_run_plan *plan = &notices->plan;
    struct nl_buf packed = {0};
    for (size_t i = 0; i < notices->messages.count; i++)
        if (nl_language_match(language, notices->messages.items[i].language) == 3)
            return NL_OK;
    enum nl_status status =
        nl_notice_compose(plan->scope.kind, language, notices->list, plan->config, &packed, err);
    if (status == NL_OK)
        status = add_message(&notices->messages, language, nl_buf_text(&packed), packed.len, err);
    nl_buf_free(&packed);
    return status;
}

/* The list's language comes first: it is for subscribers whose language is not known. */
static enum nl_status send_kind(struct notices *notices, const struct nl_list *list,
                                const char *kind, struct nl_error *err) {
    struct nl_run_plan *plan = &notices->plan;
    bool waits = false;
    plan->scope.list = list->id;
    plan->scope.kind = kind;
    plan->from = list->sender;
    notices->list = list;
    notices->messages = (struct messages){0};
    enum nl_status status = nl_delivery_waits(plan->store, &plan->scope, &waits, err);
    if (status != NL_OK || !waits || nl_config_link_url(plan->config, kind) == NULL)
        return status; /* without the page that it links to, a notice waits */
    status = compose_notice(list->language, notices, err);
    if (status == NL_OK)
        status = nl_catalog_each(plan->config->templates, compose_notice, notices, err);
    plan->messages = notices->messages.items;
    plan->message_count = notices->messages.count;
    if (status == NL_OK)
        status = nl_run(plan, notices->summary, err);
    free_messages(&notices->messages);
    return status;
}

static enum nl_status send_list(const struct nl_list *list, void *ctx, struct nl_error *err) {
    struct notices *notices = ctx;
    enum nl_status status = NL_OK;
    for (const char *const *kind = nl_notice_kinds;
         status == NL_OK && *kind != NULL && !notices->summary->stopped; kind++)
        status = send_kind(notices, list, *kind, err);
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
