#include "newsletter/inbound/hook.h"
#include "newsletter/base/memory.h"

#include "inbound/hook_proof.h"
#include "inbound/sns.h"
#include "newsletter/base/file.h"
#include "newsletter/base/log.h"
#include "newsletter/base/secret.h"
#include "newsletter/store/signup_limit.h"

#include <stdlib.h>
#include <string.h>

/* A report of a provider that signs is parsed before anybody knows who sent it, so it must be
 * small: SNS sends 256 KiB at most. Others send many events at a time. */
enum { SINGLE_LIMIT = 512 * 1024, BATCH_LIMIT = 4 << 20, KEY_LIMIT = 64 * 1024 };

struct nl_hook {
    const struct nl_hook_config *config;
    char *secret;
    EVP_PKEY *key;      /* SendGrid */
    struct nl_sns *sns; /* Amazon SES */
};

static enum nl_status open_sendgrid(struct nl_hook *hook, struct nl_error *err) {
    const struct nl_hook_config *config = hook->config;
    struct nl_buf text = {0};
    enum nl_status status = NL_OK;
    if (config->key != NULL)
        nl_buf_adds(&text, config->key);
    else if (config->key_file != NULL)
        status = nl_file_read(config->key_file, KEY_LIMIT, &text, err);
    else
        status = nl_error_set(err, NL_CONFIG, "set its key, SendGrid's verification key");
    if (status == NL_OK)
        status = nl_sendgrid_key(nl_buf_text(&text), &hook->key, err);
    nl_buf_free(&text);
    return status;
}

static enum nl_status open_secret(struct nl_hook *hook, struct nl_error *err) {
    const struct nl_secret_source source = {.file = hook->config->secret_file,
                                            .command = hook->config->secret_command,
                                            .env = hook->config->secret_env};
    enum nl_status status = nl_secret_read("hook's", &source, &hook->secret, err);
    if (status == NL_OK && hook->secret == NULL)
        status = nl_error_set(err, NL_CONFIG, "set its secret_file, secret_command or secret_env");
    return status;
}

enum nl_status nl_hook_new(const struct nl_hook_config *config, struct nl_hook **out,
                           struct nl_error *err) {
    struct nl_hook *hook = nl_calloc(1, sizeof *hook);
    *out = NULL;
    hook->config = config;
    enum nl_status status = NL_OK;
    if (config->provider == NL_PROVIDER_SENDGRID)
        status = open_sendgrid(hook, err);
    else if (config->provider == NL_PROVIDER_SES)
        hook->sns = nl_sns_new(config->topic, config->ca_file, config->max_age);
    else
        status = open_secret(hook, err);
    if (status != NL_OK) {
        nl_hook_free(hook);
        return nl_error_context(err, "hooks.%s", config->name);
    }
    *out = hook;
    return NL_OK;
}

void nl_hook_free(struct nl_hook *hook) {
    if (hook == NULL)
        return;
    nl_secret_free(hook->secret);
    EVP_PKEY_free(hook->key);
    nl_sns_free(hook->sns);
    free(hook);
}

const char *nl_hook_name(const struct nl_hook *hook) {
    return hook->config->name;
}

size_t nl_hook_limit(const struct nl_hook *hook) {
    int64_t provider = hook->config->provider;
    return provider == NL_PROVIDER_SES || provider == NL_PROVIDER_MAILGUN ? SINGLE_LIMIT
                                                                          : BATCH_LIMIT;
}

bool nl_hook_knows(const struct nl_hook *hook, const char *authorization) {
    const struct nl_hook_config *config = hook->config;
    return hook->secret == NULL || config->provider == NL_PROVIDER_MAILGUN ||
           nl_hook_login_is(authorization,
                            config->username != NULL ? config->username : "newsletter",
                            hook->secret);
}

/* ---- Mailgun's tokens ---- */

/* A token is good for one body, however often that comes: Mailgun sends again what it believes to
 * have failed, and a thief may put any body to a token and its signature. */
static enum nl_status use_token(struct nl_store *store, const struct nl_hook_report *report,
                                const char *token, int64_t until, struct nl_error *err) {
    char digest[2 * NL_DIGEST_LEN + 1];
    struct nl_buf with_body = {0};
    struct nl_buf alone = {0};
    bool new_token = false;
    bool new_body = false;
    nl_digest_hex(report->body, report->len, digest);
    nl_buf_addf(&alone, "mailgun %s", token);
    nl_buf_addf(&with_body, "mailgun %s %s", token, digest);
    enum nl_status status = nl_store_begin_exclusive(store, err);
    if (status != NL_OK)
        goto out;
    status = nl_stamp_use(store, nl_buf_text(&alone), until, &new_token, err);
    if (status == NL_OK)
        status = nl_stamp_use(store, nl_buf_text(&with_body), until, &new_body, err);
    if (status == NL_OK && new_body && !new_token)
        status = nl_error_set(err, NL_NOPERM, "its token was used for another report");
    if (status == NL_OK)
        status = nl_store_commit(store, err);
    if (status != NL_OK)
        nl_store_rollback(store);
out:
    nl_buf_free(&alone);
    nl_buf_free(&with_body);
    return status;
}

static enum nl_status verify_mailgun(struct nl_hook *hook, struct nl_store *store,
                                     const struct nl_hook_report *report, struct nl_error *err) {
    char *token = NULL;
    int64_t now = nl_store_now(store);
    int64_t max_age = hook->config->max_age;
    enum nl_status status = nl_mailgun_verify(hook->secret, report, now, max_age, &token, err);
    if (status == NL_OK)
        status = use_token(store, report, token, now + max_age + NL_HOOK_AHEAD + 1, err);
    free(token);
    return status;
}

/* ---- reports ---- */

/* NL_NOPERM for what is not the provider's. *events is false where there are none in it. */
static enum nl_status verify(struct nl_hook *hook, struct nl_store *store,
                             const struct nl_hook_report *report, bool *events,
                             struct nl_error *err) {
    const struct nl_hook_config *config = hook->config;
    int64_t now = nl_store_now(store);
    enum nl_sns_kind kind = NL_SNS_NOTIFICATION;
    *events = true;
    if (config->provider == NL_PROVIDER_MAILGUN)
        return verify_mailgun(hook, store, report, err);
    if (config->provider == NL_PROVIDER_SENDGRID)
        return nl_sendgrid_verify(hook->key, report, now, config->max_age, err);
    if (config->provider != NL_PROVIDER_SES)
        return NL_OK; /* by its login */
    enum nl_status status = nl_sns_take(hook->sns, report->body, report->len, now, &kind, err);
    *events = kind == NL_SNS_NOTIFICATION;
    if (status == NL_OK && kind == NL_SNS_SUBSCRIBED)
        nl_log(NL_LOG_NOTICE, NULL, "hooks.%s: the subscription of %s is confirmed", config->name,
               config->topic);
    if (status == NL_OK && kind == NL_SNS_UNSUBSCRIBED)
        nl_log(
            NL_LOG_ERROR, NULL,
            "hooks.%s: somebody has ended the subscription of %s: no more bounces and complaints "
            "come from there",
            config->name, config->topic);
    return status;
}

struct taking {
    struct nl_intake *intake;
    bool began;
};

static enum nl_status take_event(const struct nl_event *event, void *ctx, struct nl_error *err) {
    struct taking *taking = ctx;
    struct nl_intake_result result = {0};
    taking->began = true;
    enum nl_status status = nl_intake_event(taking->intake, event, &result, err);
    nl_intake_result_free(&result);
    return status;
}

enum nl_hook_answer nl_hook_take(struct nl_hook *hook, struct nl_store *store,
                                 struct nl_intake *intake, const struct nl_hook_report *report,
                                 struct nl_error *err) {
    struct taking taking = {.intake = intake};
    bool events = true;
    if (!nl_hook_knows(hook, report->authorization)) {
        nl_error_set(err, NL_NOPERM, "hooks.%s: the login is wrong", hook->config->name);
        return NL_HOOK_STRANGER;
    }
    enum nl_status status = verify(hook, store, report, &events, err);
    bool verified = status == NL_OK;
    if (verified && events)
        status = nl_event_each(report->body, report->len, take_event, &taking, err);
    if (status == NL_OK)
        status = nl_intake_flush(intake, err);
    else
        nl_intake_abandon(intake);
    if (status == NL_OK)
        return NL_HOOK_TAKEN;
    nl_error_context(err, "hooks.%s", hook->config->name);
    if (status == NL_DATA && !taking.began)
        return NL_HOOK_MALFORMED;
    return status == NL_NOPERM && !verified ? NL_HOOK_FORBIDDEN : NL_HOOK_TRY_LATER;
}
