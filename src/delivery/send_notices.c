#include "delivery/messages.h"
#include "delivery/outcome.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/language.h"
#include "newsletter/bulletin/bulletin.h"
#include "newsletter/store/delivery.h"
#include "newsletter/store/link.h"
#include "newsletter/store/transactional.h"

#include <stdlib.h>
#include <string.h>

struct notices {
    struct nl_run_plan plan;
    struct nl_run_summary *summary;
    const struct nl_list *list;
    struct nl_messages messages;
};

/* People who answer a mail that asks have agreed to its wording: it is kept with their link. */
static enum nl_status keep_wording(struct notices *notices, struct nl_run_message *message,
                                   struct nl_error *err) {
    const struct nl_run_plan *plan = &notices->plan;
    enum nl_purpose purpose = NL_LINK_ADDRESS;
    struct nl_buf text = {0};
    if (!nl_notice_purpose(plan->scope.kind, &purpose) || purpose != NL_LINK_SUBSCRIBE)
        return NL_OK;
    enum nl_status status = nl_notice_wording(plan->scope.kind, message->language, notices->list,
                                              plan->config, &text, err);
    if (status == NL_OK)
        message->wording = nl_buf_take(&text);
    nl_buf_free(&text);
    return status;
}

static enum nl_status compose_notice(const char *language, void *ctx, struct nl_error *err) {
    struct notices *notices = ctx;
    const struct nl_run_plan *plan = &notices->plan;
    struct nl_buf packed = {0};
    for (size_t i = 0; i < notices->messages.count; i++)
        if (nl_language_match(language, notices->messages.items[i].language) == NL_LANGUAGE_SAME)
            return NL_OK;
    enum nl_status status =
        nl_notice_compose(plan->scope.kind, language, notices->list, plan->config, &packed, err);
    if (status == NL_OK)
        status =
            nl_messages_add(&notices->messages, language, nl_buf_text(&packed), packed.len, err);
    if (status == NL_OK)
        status = keep_wording(notices, &notices->messages.items[notices->messages.count - 1], err);
    nl_buf_free(&packed);
    return status;
}

/* The list's language comes first: it is for subscribers whose language is not known. */
static enum nl_status compose_all(struct notices *notices, struct nl_error *err) {
    enum nl_status status = compose_notice(notices->list->language, notices, err);
    return status == NL_OK
               ? nl_catalog_each(notices->plan.config->templates, compose_notice, notices, err)
               : status;
}

/* The language for one subscriber, of all that there are catalogs for. */
struct choice {
    const char *wanted;
    char best[NL_LANGUAGE_TAG];
    enum nl_language_match match;
};

static enum nl_status consider(const char *language, void *ctx, struct nl_error *err) {
    struct choice *choice = ctx;
    enum nl_language_match match = nl_language_match(choice->wanted, language);
    (void)err;
    if (match > choice->match && strlen(language) < sizeof choice->best) {
        memcpy(choice->best, language, strlen(language) + 1);
        choice->match = match;
    }
    return NL_OK;
}

static enum nl_status compose_one(struct notices *notices, const char *wanted,
                                  struct nl_error *err) {
    const char *own = notices->list->language;
    struct choice choice = {.wanted = wanted, .match = nl_language_match(wanted, own)};
    enum nl_status status =
        nl_catalog_each(notices->plan.config->templates, consider, &choice, err);
    return status == NL_OK
               ? compose_notice(choice.best[0] != '\0' ? choice.best : own, notices, err)
               : status;
}

/* Sends the notices of one kind of a list, or one notice, in the language `wanted`. */
static enum nl_status send_kind(struct notices *notices, const struct nl_list *list,
                                const char *kind, const char *wanted, struct nl_error *err) {
    struct nl_run_plan *plan = &notices->plan;
    bool waits = false;
    plan->scope.list = list->id;
    plan->scope.kind = kind;
    plan->from = list->sender;
    notices->list = list;
    notices->messages = (struct nl_messages){0};
    enum nl_status status = nl_delivery_waits(plan->store, &plan->scope, &waits, err);
    if (status != NL_OK || !waits || nl_config_link_url(plan->config, kind) == NULL)
        return status; /* without the page that it links to, a notice waits */
    status =
        plan->scope.delivery != 0 ? compose_one(notices, wanted, err) : compose_all(notices, err);
    plan->messages = notices->messages.items;
    plan->message_count = notices->messages.count;
    if (status == NL_OK)
        status = nl_run(plan, notices->summary, err);
    nl_messages_free(&notices->messages);
    return status;
}

/* Sends the transactional messages of a list, or one of them. */
static enum nl_status send_messages(struct notices *notices, const struct nl_list *list,
                                    struct nl_error *err) {
    struct nl_run_plan *plan = &notices->plan;
    bool waits = false;
    plan->scope.list = list->id;
    plan->scope.kind = NL_KIND_MESSAGE;
    plan->from = list->sender;
    plan->messages = NULL;
    plan->message_count = 0;
    enum nl_status status = nl_delivery_waits(plan->store, &plan->scope, &waits, err);
    return status == NL_OK && waits ? nl_run(plan, notices->summary, err) : status;
}

static enum nl_status send_list(const struct nl_list *list, void *ctx, struct nl_error *err) {
    struct notices *notices = ctx;
    enum nl_status status = NL_OK;
    for (const char *const *kind = nl_notice_kinds;
         status == NL_OK && *kind != NULL && !notices->summary->stopped; kind++)
        status = send_kind(notices, list, *kind, NULL, err);
    return status == NL_OK && !notices->summary->stopped ? send_messages(notices, list, err)
                                                         : status;
}

enum nl_status nl_send_notices(struct nl_store *store, const struct nl_config *config,
                               const struct nl_relay *relay, const struct nl_run_options *options,
                               struct nl_run_summary *summary, struct nl_error *err) {
    struct notices notices = {
        .plan = {.store = store, .config = config, .relay = relay, .options = options},
        .summary = summary};
    enum nl_status status = nl_delivery_recover(store, 0, &summary->recovered_unknown, err);
    if (status == NL_OK)
        status = nl_delivery_bound_waits(store, 0, nl_outcome_longest_delay(config), err);
    return status == NL_OK ? nl_list_each(store, send_list, &notices, err) : status;
}

enum nl_status nl_send_notice(struct nl_store *store, const struct nl_config *config,
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
    char *language = NULL;
    int64_t list_id = 0;
    enum nl_status status = nl_delivery_notice(store, delivery, &list_id, &kind, &language, err);
    bool message = status == NL_NOTFOUND;
    if (message) {
        nl_error_free(err);
        status = nl_transactional_list(store, delivery, &list_id, err);
    }
    if (status == NL_OK)
        status = nl_list_get(store, list_id, &list, err);
    if (status == NL_OK)
        status = message ? send_messages(&notices, &list, err)
                         : send_kind(&notices, &list, kind, language, err);
    nl_list_free(&list);
    free(language);
    return status;
}
