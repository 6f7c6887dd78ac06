#include "newsletter/service/webhooks.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/env.h"
#include "newsletter/base/text.h"
#include "newsletter/report/facts.h"
#include "service/webhook_call.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LIMIT = 64, SECRET_BYTES = 32 };

const char *const nl_webhook_kinds[] = {
    "subscribed",      "confirmed",      "changed",         "unsubscribed",    "bounced",
    "complained",      "erased",         "checkpoint",      "issue-sending",   "canary-passed",
    "canary-paused",   "issue-finished", "import-finished", "message-sent",    "message-deferred",
    "message-bounced", "message-failed", "message-skipped", "message-unknown", NULL};

/* ---- adding ---- */

static enum nl_status refuse_kind(const char *kind, size_t len, struct nl_error *err) {
    struct nl_buf all = {0};
    for (size_t i = 0; nl_webhook_kinds[i] != NULL; i++)
        nl_buf_addf(&all, "%s%s", i > 0 ? ", " : "", nl_webhook_kinds[i]);
    enum nl_status status =
        nl_error_set(err, NL_DATA, NL_TEXT("'%.*s' is not an event: use one of %s"),
                     (int)(len < NAME_LIMIT ? len : NAME_LIMIT), kind, nl_buf_text(&all));
    nl_buf_free(&all);
    return status;
}

static enum nl_status check_kinds(const char *kinds, struct nl_error *err) {
    for (const char *at = kinds; *at != '\0';) {
        size_t len = strcspn(at, " ");
        bool known = false;
        for (size_t i = 0; nl_webhook_kinds[i] != NULL; i++)
            known = known || (strlen(nl_webhook_kinds[i]) == len &&
                              strncmp(nl_webhook_kinds[i], at, len) == 0);
        if (!known)
            return refuse_kind(at, len, err);
        at += len + (at[len] == ' ');
    }
    return NL_OK;
}

static char *new_secret(void) {
    unsigned char key[SECRET_BYTES];
    struct nl_buf text = {0};
    char encoded[4 * ((SECRET_BYTES + 2) / 3) + 1];
    if (RAND_bytes(key, sizeof key) != 1)
        return NULL;
    EVP_EncodeBlock((unsigned char *)encoded, key, sizeof key);
    nl_buf_addf(&text, "whsec_%s", encoded);
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(encoded, sizeof encoded);
    return nl_buf_take(&text);
}

enum nl_status nl_office_webhook_add(const struct nl_office *office, const char *name,
                                     const char *url, const char *kinds, struct nl_webhook *out,
                                     struct nl_error *err) {
    bool open = false;
    *out = (struct nl_webhook){0};
    if (!nl_text_is_name(name, "_-", NAME_LIMIT))
        return nl_error_set(
            err, NL_DATA, NL_TEXT("'%s' is not a name: use up to %d letters, digits, '_' and '-'"),
            name, NAME_LIMIT);
    enum nl_status status = check_kinds(kinds, err);
    if (status == NL_OK)
        status = nl_webhook_check_url(office, url, err);
    if (status != NL_OK)
        return status;
    *out = (struct nl_webhook){.name = nl_strdup(name),
                               .url = nl_strdup(url),
                               .kinds = nl_strdup(kinds),
                               .secret = new_secret(),
                               .enabled = true};
    if (out->secret == NULL)
        status = nl_error_nomem(err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_webhook_add(office->store, out, err);
    if (status == NL_OK)
        status = nl_office_note(office, "webhook add", "webhook", name, 0, err);
    status = nl_office_end(office, open, status, err);
    if (status != NL_OK)
        nl_webhook_free(out);
    return status;
}

enum nl_status nl_office_webhook_remove(const struct nl_office *office, const char *name,
                                        struct nl_error *err) {
    bool open = false;
    enum nl_status status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_webhook_remove(office->store, name, err);
    if (status == NL_OK)
        status = nl_office_note(office, "webhook remove", "webhook", name, 0, err);
    return nl_office_end(office, open, status, err);
}

enum nl_status nl_office_webhook_switch(const struct nl_office *office, const char *name, bool on,
                                        struct nl_error *err) {
    bool open = false;
    enum nl_status status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_webhook_switch(office->store, name, on, err);
    if (status == NL_OK)
        status = nl_office_note(office, on ? "webhook on" : "webhook off", "webhook", name, 0, err);
    return nl_office_end(office, open, status, err);
}

/* ---- listing ---- */

static enum nl_status add_webhook(const struct nl_webhook *webhook, void *ctx,
                                  struct nl_error *err) {
    json_t *facts = json_pack(
        "{s:s, s:s, s:s, s:b, s:o, s:I, s:o, s:s?}", "name", webhook->name, "url", webhook->url,
        "events", webhook->kinds, "enabled", (int)webhook->enabled, "created_at",
        nl_facts_time(webhook->created_at), "position", (json_int_t)webhook->position,
        "failing_since", nl_facts_time(webhook->failing_since), "trouble", webhook->trouble);
    return json_array_append_new(ctx, facts) == 0 ? NL_OK : nl_error_nomem(err);
}

static enum nl_status finish(enum nl_status status, json_t *array, json_t **out) {
    *out = status == NL_OK ? array : NULL;
    if (status != NL_OK)
        json_decref(array);
    return status;
}

enum nl_status nl_office_webhooks(const struct nl_office *office, json_t **out,
                                  struct nl_error *err) {
    json_t *array = json_array();
    return finish(nl_webhooks_each(office->store, add_webhook, array, err), array, out);
}

static enum nl_status add_call(const struct nl_webhook_call *call, void *ctx,
                               struct nl_error *err) {
    json_t *facts = json_pack(
        "{s:o, s:o, s:s, s:o, s:s?}", "at", nl_facts_time(call->at), "event",
        call->event != 0 ? json_integer((json_int_t)call->event) : json_null(), "kind", call->kind,
        "status", call->status != 0 ? json_integer((json_int_t)call->status) : json_null(),
        "problem", call->detail);
    return json_array_append_new(ctx, facts) == 0 ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_office_webhook_log(const struct nl_office *office, const char *name, json_t **out,
                                     struct nl_error *err) {
    struct nl_webhook webhook = {0};
    json_t *array = json_array();
    enum nl_status status = nl_webhook_find(office->store, name, &webhook, err);
    if (status == NL_OK)
        status = nl_webhook_log(office->store, webhook.id, add_call, array, err);
    nl_webhook_free(&webhook);
    return finish(status, array, out);
}

/* ---- trying one ---- */

enum nl_status nl_office_webhook_test(const struct nl_office *office, const char *name,
                                      struct nl_webhook_answer *out, struct nl_error *err) {
    struct nl_webhook webhook = {0};
    char id[48];
    int64_t now = nl_store_now(office->store);
    snprintf(id, sizeof id, "test-%lld", (long long)now);
    json_t *body = json_pack("{s:s, s:o, s:{s:s}}", "type", "test", "timestamp", nl_facts_time(now),
                             "data", "text", "This is a test of newsletter.");
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    *out = (struct nl_webhook_answer){0};
    enum nl_status status = nl_webhook_find(office->store, name, &webhook, err);
    if (status == NL_OK)
        status = nl_webhook_send(office, &webhook, id, text, out, err);
    const struct nl_webhook_call call = {
        .at = now,
        .kind = "test",
        .status = out->status,
        .detail = out->detail[0] != '\0' ? out->detail : NULL,
    };
    if (status == NL_OK)
        status = nl_webhook_note(office->store, webhook.id, &call, err);
    nl_webhook_free(&webhook);
    free(text);
    return status;
}
