#include "openid/openid_fetch.h"

#include "newsletter/base/endpoint.h"
#include "newsletter/base/network.h"
#include "newsletter/base/text.h"
#include "newsletter/http/client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ANSWER_MOST = 256 << 10 };
static const struct nl_http_patience patience = {.connect = 5, .total = 10};

/* ---- addresses ---- */

/* Its host, which the caller frees with curl_free; NULL for none, and for one with a login. */
static char *host_of(const char *url, bool *secure) {
    CURLU *parts = curl_url();
    char *host = NULL;
    char *scheme = NULL;
    char *user = NULL;
    if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_USER, &user, 0) != CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK)
        curl_url_get(parts, CURLUPART_HOST, &host, 0);
    *secure = scheme != NULL && strcmp(scheme, "https") == 0;
    if (!*secure && host != NULL && strcmp(scheme, "http") != 0) {
        curl_free(host);
        host = NULL;
    }
    curl_free(user);
    curl_free(scheme);
    curl_url_cleanup(parts);
    return host;
}

bool nl_openid_is_address(const struct nl_config *config, const char *url) {
    bool issuer_secure = false;
    bool secure = false;
    char *issuer = host_of(config->openid.issuer, &issuer_secure);
    char *host = nl_text_is_http_url(url) ? host_of(url, &secure) : NULL;
    bool good =
        host != NULL && (secure || (!issuer_secure && issuer != NULL &&
                                    strcasecmp(host, issuer) == 0 && nl_host_is_loopback(host)));
    curl_free(issuer);
    curl_free(host);
    return good;
}

static bool is_of_issuer(const struct nl_config *config, const char *url) {
    bool secure = false;
    char *issuer = host_of(config->openid.issuer, &secure);
    char *host = host_of(url, &secure);
    bool same = issuer != NULL && host != NULL && strcasecmp(issuer, host) == 0;
    curl_free(issuer);
    curl_free(host);
    return same;
}

/* ---- the request ---- */

struct answer {
    struct nl_buf body;
    struct nl_reach reach;
};

/* libcurl sets the type of a write function. NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t take(char *data, size_t size, size_t count, void *ctx) {
    struct answer *answer = ctx;
    if (size * count > ANSWER_MOST - answer->body.len)
        return 0;
    nl_buf_add(&answer->body, data, size * count);
    return size * count;
}

static void set_options(CURL *curl, const struct nl_config *config,
                        const struct nl_openid_request *request, struct answer *answer,
                        const struct curl_slist *fields) {
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    nl_http_prepare(curl, &patience);
    nl_http_confine(curl, &answer->reach);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (config->openid.ca_file != NULL)
        curl_easy_setopt(curl, CURLOPT_CAINFO, config->openid.ca_file);
    if (request->form != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(request->form));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->form);
    }
    if (request->bearer != NULL) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, request->bearer);
    }
    if (request->user != NULL) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password);
    }
}

static enum nl_status read_answer(CURL *curl, CURLcode result, const char *url,
                                  const struct answer *answer, json_t **out, struct nl_error *err) {
    long code = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    if (answer->reach.refused)
        return nl_error_set(err, NL_UNAVAILABLE,
                            "%s is in a private network: list that network in "
                            "openid.allow_networks if the provider has addresses there",
                            url);
    if (result != CURLE_OK)
        return nl_error_set(err, NL_UNAVAILABLE, "%s: %s", url, curl_easy_strerror(result));
    if (code != 200)
        return nl_error_set(err, NL_UNAVAILABLE, "%s: the answer is %ld", url, code);
    *out = json_loadb(nl_buf_text(&answer->body), answer->body.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(*out))
        return NL_OK;
    json_decref(*out);
    *out = NULL;
    return nl_error_set(err, NL_UNAVAILABLE, "%s: the answer is not a JSON object", url);
}

enum nl_status nl_openid_fetch(const struct nl_config *config,
                               const struct nl_openid_request *request, json_t **out,
                               struct nl_error *err) {
    struct answer answer = {0};
    *out = NULL;
    enum nl_status status = nl_reach_open(config->openid.allow_networks, &answer.reach, err);
    /* The operator has named the issuer's own host; others are named by the provider. */
    answer.reach.anywhere = is_of_issuer(config, request->url);
    CURL *curl = status == NL_OK ? curl_easy_init() : NULL;
    struct curl_slist *fields = curl_slist_append(NULL, "Accept: application/json");
    if (status == NL_OK && (curl == NULL || fields == NULL))
        status = nl_error_nomem(err);
    if (status == NL_OK) {
        set_options(curl, config, request, &answer, fields);
        CURLcode result = curl_easy_perform(curl);
        status = read_answer(curl, result, request->url, &answer, out, err);
    }
    curl_slist_free_all(fields);
    curl_easy_cleanup(curl);
    nl_reach_close(&answer.reach);
    if (answer.body.data != NULL)
        explicit_bzero(answer.body.data, answer.body.len);
    nl_buf_free(&answer.body);
    return status;
}
