#include "service/webhook_call.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/http/client.h"

#include <curl/curl.h>
#include <netdb.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_LIMIT = 64 << 10, KEY_LIMIT = 128 };
static const struct nl_http_patience patience = {.connect = 5, .total = 10};

/* ---- where a target may be ---- */

static enum nl_status check_host(const struct nl_reach *gate, const char *host,
                                 struct nl_error *err) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    struct nl_buf bare = {0};
    size_t len = strlen(host);
    size_t bracket = len > 2 && host[0] == '[' && host[len - 1] == ']' ? 1 : 0;
    nl_buf_add(&bare, host + bracket, len - 2 * bracket);
    int failed = getaddrinfo(nl_buf_text(&bare), NULL, &hints, &found);
    nl_buf_free(&bare);
    if (failed != 0)
        return nl_error_set(err, NL_DATA, NL_TEXT("the host %s is not found: %s"), host,
                            gai_strerror(failed));
    enum nl_status status = NL_OK;
    for (const struct addrinfo *at = found; status == NL_OK && at != NULL; at = at->ai_next)
        if (!nl_reach_may(gate, at->ai_addr))
            status =
                nl_error_set(err, NL_DATA,
                             NL_TEXT("the host %s is in a private network: list that network in "
                                     "webhooks.allow_networks if targets may be there"),
                             host);
    freeaddrinfo(found);
    return status;
}

enum nl_status nl_webhook_check_url(const struct nl_office *office, const char *url,
                                    struct nl_error *err) {
    char *host = NULL;
    char *user = NULL;
    struct nl_reach gate;
    CURLU *parts = curl_url();
    if (parts == NULL)
        return nl_error_nomem(err);
    enum nl_status status = NL_OK;
    if (!nl_text_is_http_url(url) || curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        status = nl_error_set(err, NL_DATA, NL_TEXT("'%s' is not an http(s) URL"), url);
    else if (curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_OK)
        status = nl_error_set(err, NL_DATA,
                              NL_TEXT("a webhook's URL holds no login: requests are signed"));
    if (status == NL_OK)
        status = nl_reach_open(office->config->webhooks.allow_networks, &gate, err);
    if (status == NL_OK) {
        status = check_host(&gate, host, err);
        nl_reach_close(&gate);
    }
    curl_free(host);
    curl_free(user);
    curl_url_cleanup(parts);
    return status;
}

/* ---- the signature ---- */

/* "v1," and the HMAC-SHA256 of "id.time.body" in base64, by the key after "whsec_". */
static bool sign(const struct nl_webhook *webhook, const char *id, int64_t now, const char *body,
                 struct nl_buf *out) {
    static const char prefix[] = "whsec_";
    const char *text = webhook->secret + sizeof prefix - 1;
    unsigned char key[KEY_LIMIT];
    unsigned char mac[EVP_MAX_MD_SIZE];
    char encoded[4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1];
    unsigned len = 0;
    struct nl_buf signedtext = {0};
    if (strncmp(webhook->secret, prefix, sizeof prefix - 1) != 0 || strlen(text) > KEY_LIMIT)
        return false;
    int key_len = EVP_DecodeBlock(key, (const unsigned char *)text, (int)strlen(text));
    for (size_t i = strlen(text); key_len > 0 && i > 0 && text[i - 1] == '='; i--)
        key_len--;
    nl_buf_addf(&signedtext, "%s.%lld.%s", id, (long long)now, body);
    bool made = key_len > 0 &&
                HMAC(EVP_sha256(), key, key_len, (const unsigned char *)nl_buf_text(&signedtext),
                     signedtext.len, mac, &len) != NULL;
    if (made) {
        EVP_EncodeBlock((unsigned char *)encoded, mac, (int)len);
        nl_buf_addf(out, "webhook-signature: v1,%s", encoded);
    }
    OPENSSL_cleanse(key, sizeof key);
    nl_buf_free(&signedtext);
    return made;
}

/* ---- the request ---- */

/* libcurl sets the type of a write function. NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t pass_over(char *data, size_t size, size_t count, void *ctx) {
    size_t *room = ctx;
    (void)data;
    if (size * count > *room)
        return 0;
    *room -= size * count;
    return size * count;
}

static struct curl_slist *add_field(struct curl_slist *fields, bool *failed, const char *text) {
    struct curl_slist *longer = *failed ? NULL : curl_slist_append(fields, text);
    *failed = *failed || longer == NULL;
    return longer != NULL ? longer : fields;
}

static struct curl_slist *fields_of(const struct nl_office *office,
                                    const struct nl_webhook *webhook, const char *id,
                                    const char *body, bool *failed) {
    int64_t now = nl_store_now(office->store);
    struct curl_slist *fields = NULL;
    struct nl_buf text = {0};
    *failed = !sign(webhook, id, now, body, &text);
    fields = add_field(fields, failed, nl_buf_text(&text));
    nl_buf_clear(&text);
    nl_buf_addf(&text, "webhook-id: %s", id);
    fields = add_field(fields, failed, nl_buf_text(&text));
    nl_buf_clear(&text);
    nl_buf_addf(&text, "webhook-timestamp: %lld", (long long)now);
    fields = add_field(fields, failed, nl_buf_text(&text));
    fields = add_field(fields, failed, "Content-Type: application/json");
    fields = add_field(fields, failed, "Expect:");
    nl_buf_free(&text);
    return fields;
}

static void set_options(CURL *curl, const struct nl_webhook *webhook, struct nl_reach *gate,
                        const struct curl_slist *fields, const char *body, size_t *room,
                        char *detail) {
    curl_easy_setopt(curl, CURLOPT_URL, webhook->url);
    nl_http_prepare(curl, &patience);
    nl_http_confine(curl, gate);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, pass_over);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, room);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
}

static void read_answer(CURL *curl, CURLcode result, const struct nl_reach *gate,
                        const char *detail, struct nl_webhook_answer *out) {
    long code = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    out->status = code;
    if (gate->refused && code == 0)
        snprintf(out->detail, sizeof out->detail,
                 "the host is in a private network: see webhooks.allow_networks");
    else if (result != CURLE_OK && code == 0)
        snprintf(out->detail, sizeof out->detail, "%.*s", (int)sizeof out->detail - 1,
                 detail[0] != '\0' ? detail : curl_easy_strerror(result));
    else if (code < 200 || code > 299)
        snprintf(out->detail, sizeof out->detail, "the answer is %ld", code);
}

enum nl_status nl_webhook_send(const struct nl_office *office, const struct nl_webhook *webhook,
                               const char *id, const char *body, struct nl_webhook_answer *out,
                               struct nl_error *err) {
    char detail[CURL_ERROR_SIZE] = "";
    size_t room = ANSWER_LIMIT;
    struct nl_reach gate;
    bool failed = false;
    *out = (struct nl_webhook_answer){0};
    enum nl_status status = nl_reach_open(office->config->webhooks.allow_networks, &gate, err);
    CURL *curl = status == NL_OK ? curl_easy_init() : NULL;
    struct curl_slist *fields = curl != NULL ? fields_of(office, webhook, id, body, &failed) : NULL;
    if (status == NL_OK && (curl == NULL || failed))
        status = nl_error_set(err, NL_OS, "cannot make the request for webhook %s", webhook->name);
    if (status == NL_OK) {
        set_options(curl, webhook, &gate, fields, body, &room, detail);
        CURLcode result = curl_easy_perform(curl);
        read_answer(curl, result, &gate, detail, out);
    }
    curl_slist_free_all(fields);
    curl_easy_cleanup(curl);
    nl_reach_close(&gate);
    return status;
}
