#include "inbound/sns.h"

#include "inbound/hook_proof.h"
#include "newsletter/base/base64.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/timestamp.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many keys are kept, for how long, and how many are asked for: a stranger who knows the topic
 * can name any number of certificates. */
enum { KEYS = 8, KEY_SECONDS = 86400, FETCHES = 10, MINUTE = 60 };
enum { PEM_LIMIT = 64 * 1024, ANSWER_LIMIT = 64 * 1024 };

struct key {
    char *url;
    EVP_PKEY *key;
    int64_t until;
};

struct nl_sns {
    const char *topic, *ca_file;
    int64_t max_age;
    struct key keys[KEYS];
    int64_t minute; /* in which `fetches` happened */
    int fetches;
};

struct nl_sns *nl_sns_new(const char *topic, const char *ca_file, int64_t max_age) {
    struct nl_sns *sns = nl_calloc(1, sizeof *sns);
    *sns = (struct nl_sns){.topic = topic, .ca_file = ca_file, .max_age = max_age};
    return sns;
}

static void forget_key(struct key *key) {
    EVP_PKEY_free(key->key);
    free(key->url);
    *key = (struct key){0};
}

void nl_sns_free(struct nl_sns *sns) {
    for (size_t i = 0; sns != NULL && i < KEYS; i++)
        forget_key(&sns->keys[i]);
    free(sns);
}

/* ---- keys ---- */

static enum nl_status fetch_key(struct nl_sns *sns, const char *url, int64_t now, EVP_PKEY **out,
                                struct nl_error *err) {
    struct nl_buf pem = {0};
    if (now / MINUTE != sns->minute) {
        sns->minute = now / MINUTE;
        sns->fetches = 0;
    }
    if (sns->fetches++ >= FETCHES)
        return nl_error_set(err, NL_BUSY, "too many certificates were named within a minute");
    enum nl_status status = nl_sns_fetch(sns->ca_file, url, PEM_LIMIT, &pem, err);
    if (status == NL_OK)
        status =
            nl_sns_certificate(nl_buf_text(&pem), pem.len, sns->topic, sns->ca_file, now, out, err);
    nl_buf_free(&pem);
    return status;
}

/* The key of the certificate at a URL. Owned by the cache. */
static enum nl_status find_key(struct nl_sns *sns, const char *url, int64_t now, EVP_PKEY **out,
                               struct nl_error *err) {
    struct key *oldest = &sns->keys[0];
    for (size_t i = 0; i < KEYS; i++) {
        struct key *key = &sns->keys[i];
        if (key->url != NULL && strcmp(key->url, url) == 0 && now < key->until) {
            *out = key->key;
            return NL_OK;
        }
        if (key->until < oldest->until)
            oldest = key;
    }
    struct key fresh = {.url = nl_strdup(url), .until = now + KEY_SECONDS};
    enum nl_status status = fetch_key(sns, url, now, &fresh.key, err);
    if (status != NL_OK) {
        forget_key(&fresh);
        return status;
    }
    forget_key(oldest);
    *oldest = fresh;
    *out = fresh.key;
    return NL_OK;
}

/* ---- messages ---- */

static const char *text_of(const json_t *message, const char *name) {
    const char *text = json_string_value(json_object_get(message, name));
    return text != NULL ? text : "";
}

/* Writes the text that is signed: names and values on lines of their own, in this order. */
static void write_signed(const json_t *message, bool notification, struct nl_buf *out) {
    static const char *const notified[] = {"Message",  "MessageId", "Subject", "Timestamp",
                                           "TopicArn", "Type",      NULL};
    static const char *const subscribed[] = {"Message", "MessageId", "SubscribeURL", "Timestamp",
                                             "Token",   "TopicArn",  "Type",         NULL};
    for (const char *const *name = notification ? notified : subscribed; *name != NULL; name++) {
        const json_t *value = json_object_get(message, *name);
        if (json_is_string(value))
            nl_buf_addf(out, "%s\n%s\n", *name, json_string_value(value));
    }
}

static bool signature_fits(const json_t *message, bool notification, EVP_PKEY *key) {
    const char *text = text_of(message, "Signature");
    const EVP_MD *digest =
        strcmp(text_of(message, "SignatureVersion"), "1") == 0 ? EVP_sha1() : EVP_sha256();
    struct nl_buf content = {0};
    unsigned char *signature = NULL;
    size_t len = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    write_signed(message, notification, &content);
    bool fits = context != NULL &&
                nl_base64_decode(text, strlen(text), NL_BASE64_PROOF, &signature, &len) &&
                EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1 &&
                EVP_DigestVerify(context, signature, len,
                                 (const unsigned char *)nl_buf_text(&content), content.len) == 1;
    EVP_MD_CTX_free(context);
    free(signature);
    nl_buf_free(&content);
    return fits;
}

static enum nl_status verify(struct nl_sns *sns, const json_t *message, bool notification,
                             int64_t now, struct nl_error *err) {
    const char *version = text_of(message, "SignatureVersion");
    const char *url = text_of(message, "SigningCertURL");
    int64_t at = 0;
    EVP_PKEY *key = NULL;
    if (strcmp(text_of(message, "TopicArn"), sns->topic) != 0)
        return nl_error_set(err, NL_NOPERM, "it is not from the topic %s", sns->topic);
    if (strcmp(version, "1") != 0 && strcmp(version, "2") != 0)
        return nl_error_set(err, NL_NOPERM, "its SignatureVersion is neither 1 nor 2");
    if (!nl_sns_is_certificate(sns->topic, url))
        return nl_error_set(err, NL_NOPERM,
                            "its SigningCertURL is not on the server of the topic's region");
    if (!nl_timestamp_parse(text_of(message, "Timestamp"), &at) ||
        !nl_hook_is_timely(at, now, sns->max_age))
        return nl_error_set(err, NL_NOPERM, "it is too old, or our clock is wrong");
    enum nl_status status = find_key(sns, url, now, &key, err);
    if (status == NL_OK && !signature_fits(message, notification, key))
        status = nl_error_set(err, NL_NOPERM, "its signature is not that of Amazon SNS");
    return status;
}

/* Visits the URL that confirms the subscription, which is part of what is signed. */
static enum nl_status confirm(struct nl_sns *sns, const json_t *message, struct nl_error *err) {
    const char *url = text_of(message, "SubscribeURL");
    struct nl_buf answer = {0};
    if (!nl_sns_is_amazons(sns->topic, url) || strstr(url, "Action=ConfirmSubscription") == NULL)
        return nl_error_set(err, NL_NOPERM,
                            "its SubscribeURL is not on the server of the topic's region");
    enum nl_status status = nl_sns_fetch(sns->ca_file, url, ANSWER_LIMIT, &answer, err);
    nl_buf_free(&answer);
    return status;
}

enum nl_status nl_sns_take(struct nl_sns *sns, const char *body, size_t len, int64_t now,
                           enum nl_sns_kind *kind, struct nl_error *err) {
    json_error_t problem;
    json_t *message = json_loadb(body, len, 0, &problem);
    if (message == NULL)
        return nl_error_set(err, NL_DATA, "no JSON: %s", problem.text);
    const char *type = text_of(message, "Type");
    enum nl_status status = NL_OK;
    *kind = NL_SNS_NOTIFICATION;
    if (strcmp(type, "SubscriptionConfirmation") == 0)
        *kind = NL_SNS_SUBSCRIBED;
    else if (strcmp(type, "UnsubscribeConfirmation") == 0)
        *kind = NL_SNS_UNSUBSCRIBED;
    else if (strcmp(type, "Notification") != 0)
        status = nl_error_set(err, NL_NOPERM,
                              "it is not signed by Amazon SNS: switch raw message delivery off");
    if (status == NL_OK)
        status = verify(sns, message, *kind == NL_SNS_NOTIFICATION, now, err);
    if (status == NL_OK && *kind == NL_SNS_SUBSCRIBED)
        status = confirm(sns, message, err);
    json_decref(message);
    return status;
}
