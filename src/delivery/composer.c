#include "delivery/composer.h"

#include "newsletter/base/memory.h"
#include "newsletter/inbound/provider.h"
#include "newsletter/store/transactional.h"

#include <stdlib.h>
#include <string.h>

enum nl_status nl_composer_open(struct nl_composer *composer, const struct nl_run_plan *plan,
                                struct nl_error *err) {
    const struct nl_config *config = plan->config;
    struct nl_address bounce = {0};
    char *name = NULL;
    composer->plan = plan;
    composer->variable_sender = config->bounce_address != NULL;
    enum nl_status status = nl_mailbox_parse(plan->from, &name, &composer->from, err);
    free(name);
    if (status == NL_OK)
        status = nl_signer_open(config, composer->from.domain, &composer->signer, err);
    if (status == NL_OK)
        status = nl_smime_open(config, composer->from.envelope, nl_store_now(plan->store),
                               &composer->smime, err);
    if (status == NL_OK)
        status = nl_verp_open(nl_store_secret(plan->store), &composer->verp, err);
    if (status == NL_OK && composer->variable_sender)
        status = nl_address_parse(config->bounce_address, &bounce, err);
    if (status == NL_OK) {
        composer->sender =
            nl_strdup(composer->variable_sender ? bounce.envelope : composer->from.envelope);
    }
    nl_address_free(&bounce);
    return status;
}

void nl_composer_close(struct nl_composer *composer) {
    nl_address_free(&composer->from);
    free(composer->sender);
    nl_signer_close(&composer->signer);
    nl_smime_close(composer->smime);
    nl_verp_close(&composer->verp);
}

/* Puts the field that comes back with a provider's report above the others, where no signature of
 * ours covers it: most providers take it out again. */
static void add_provider_field(const struct nl_composer *composer, int64_t provider,
                               int64_t delivery, struct nl_buf *message) {
    struct nl_buf token = {0};
    struct nl_buf complete = {0};
    if (provider == NL_PROVIDER_NONE)
        return;
    nl_verp_message_id(&composer->verp, NL_PROVIDER_TOKEN_DOMAIN, delivery, &token);
    nl_provider_add_field(provider, nl_buf_text(&token), &complete);
    nl_buf_add(&complete, nl_buf_text(message), message->len);
    nl_buf_free(&token);
    nl_buf_free(message);
    *message = complete;
}

/* Fills one message and signs it: S/MIME first, since DKIM signs the mail as it goes out. `known`
 * has what its copies have in common; NULL where there is one copy. */
static enum nl_status fill(const struct nl_composer *composer, const struct nl_message *packed,
                           const struct nl_run_message *known, const struct nl_recipient *recipient,
                           struct nl_buf *message, struct nl_error *err) {
    enum nl_status status = nl_message_fill(packed, recipient, message, err);
    if (status == NL_OK && composer->smime != NULL)
        status = nl_smime_sign(composer->smime, known != NULL ? known->content : NULL, message,
                               recipient->date, err);
    if (status == NL_OK)
        status = nl_signer_sign(&composer->signer, known != NULL ? known->body : NULL, message,
                                recipient->date, err);
    return status;
}

/* A transactional message is read when its turn comes: with its attachments it may be large. */
static enum nl_status fill_own(const struct nl_composer *composer,
                               const struct nl_recipient *recipient, int64_t delivery,
                               struct nl_buf *message, struct nl_error *err) {
    struct nl_buf content = {0};
    struct nl_message *packed = NULL;
    enum nl_status status =
        nl_transactional_content(composer->plan->store, delivery, &content, err);
    if (status == NL_OK)
        status = nl_message_parse(nl_buf_text(&content), content.len, &packed, err);
    nl_buf_free(&content);
    if (status == NL_OK)
        status = fill(composer, packed, NULL, recipient, message, err);
    nl_message_free(packed);
    return status;
}

enum nl_status nl_composer_fill(const struct nl_composer *composer,
                                const struct nl_pending *pending, const struct nl_address *address,
                                int64_t provider, struct nl_buf *message, struct nl_error *err) {
    const struct nl_run_plan *plan = composer->plan;
    const struct nl_job *job = &pending->job;
    struct nl_token leave = job->unsubscribe;
    char unsubscribe[NL_LINK_TOKEN_LEN + 1];
    struct nl_buf id = {0};
    leave.issue = plan->scope.issue;
    nl_token_link(&leave, unsubscribe);
    nl_verp_message_id(&composer->verp, composer->from.domain, job->delivery, &id);
    const struct nl_recipient recipient = {
        .address = address->envelope,
        .name = plan->scope.issue == 0 ? NULL : job->name,
        .attributes = job->attributes,
        .unsubscribe = unsubscribe,
        .confirmation = pending->token.text,
        .message_id = nl_buf_text(&id),
        .date = nl_store_now(plan->store),
        .fields = plan->fields,
    };
    enum nl_status status = NL_OK;
    if (plan->message_count == 0) {
        status = fill_own(composer, &recipient, job->delivery, message, err);
    } else {
        const struct nl_run_message *found = nl_run_message_in(plan, job->language);
        bool other = job->subject == 2 && found->alternative != NULL;
        status = fill(composer, other ? found->alternative : found->message, found, &recipient,
                      message, err);
    }
    if (status == NL_OK)
        add_provider_field(composer, provider, job->delivery, message);
    nl_buf_free(&id);
    return status;
}

void nl_composer_sender(const struct nl_composer *composer, int64_t delivery, struct nl_buf *out) {
    if (composer->variable_sender)
        nl_verp_sender(&composer->verp, composer->sender, delivery, out);
    else
        nl_buf_adds(out, composer->sender);
}
