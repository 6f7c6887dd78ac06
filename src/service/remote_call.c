#include "service/remote_call.h"

#include "newsletter/base/memory.h"
#include "newsletter/base/network.h"
#include "newsletter/base/text.h"
#include "newsletter/http/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ANSWER_LIMIT = 32 << 20,
    TRIES = 8,
    UNREACHABLE_TRIES = 3,
    LONGEST_WAIT = 120, /* seconds that a server may make us wait at a time */
};
static const struct nl_http_patience patience = {.connect = 15, .total = 120};

struct nl_remote_call {
    CURL *curl;
    char *base;
    char detail[CURL_ERROR_SIZE];
};

struct answer {
    struct nl_buf body;
    bool too_large;
};

static size_t take(char *data, size_t size, size_t count, void *ctx) {
    struct answer *answer = ctx;
    answer->too_large = answer->body.len + size * count > ANSWER_LIMIT;
    if (answer->too_large)
        return 0;
    nl_buf_add(&answer->body, data, size * count);
    return size * count;
}

static enum nl_status check_url(const char *url, struct nl_error *err) {
    char *host = NULL;
    char *scheme = NULL;
    char *user = NULL;
    CURLU *parts = curl_url();
    if (parts == NULL)
        return nl_error_nomem(err);
    enum nl_status status = NL_OK;
    if (!nl_text_is_http_url(url) || curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        status = nl_error_set(err, NL_USAGE, "'%s' is not an http(s) URL", url);
    else if (curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_OK)
        status = nl_error_set(err, NL_USAGE,
                              "the URL holds a login, which other users of this machine could "
                              "see: give it with --password-file");
    else if (strcmp(scheme, "https") != 0 && !nl_host_is_loopback(host))
        status =
            nl_error_set(err, NL_USAGE, "%s: the login would go there unencrypted: use https", url);
    curl_free(host);
    curl_free(scheme);
    curl_free(user);
    curl_url_cleanup(parts);
    return status;
}

enum nl_status nl_remote_call_new(const char *url, const char *user, const char *password,
                                  struct nl_remote_call **out, struct nl_error *err) {
    struct nl_remote_call *call = NULL;
    *out = NULL;
    enum nl_status status = check_url(url, err);
    if (status != NL_OK)
        return status;
    call = nl_calloc(1, sizeof *call);
    call->base = nl_strdup(url);
    call->curl = curl_easy_init();
    if (call->curl == NULL) {
        nl_remote_call_free(call);
        return nl_error_nomem(err);
    }
    for (size_t len = strlen(call->base); len > 0 && call->base[len - 1] == '/'; len--)
        call->base[len - 1] = '\0';
    nl_http_prepare(call->curl, &patience);
    curl_easy_setopt(call->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(call->curl, CURLOPT_USERNAME, user);
    curl_easy_setopt(call->curl, CURLOPT_PASSWORD, password);
    curl_easy_setopt(call->curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(call->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(call->curl, CURLOPT_ERRORBUFFER, call->detail);
    *out = call;
    return NL_OK;
}

void nl_remote_call_free(struct nl_remote_call *call) {
    if (call == NULL)
        return;
    curl_easy_cleanup(call->curl);
    free(call->base);
    free(call);
}

/* The seconds to wait before the next try: what the server says (RFC 9110 section 10.2.3), else
 * twice as long each time. */
static long wait_of(CURL *curl, int tries) {
    curl_off_t asked = 0;
    if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &asked) == CURLE_OK && asked > 0)
        return asked < LONGEST_WAIT ? (long)asked : LONGEST_WAIT;
    return 1L << (tries < 5 ? tries : 5);
}

static enum nl_status read_json(const struct nl_remote_call *call, const struct nl_buf *body,
                                json_t **out, struct nl_error *err) {
    json_error_t problem = {0};
    *out = json_loadb(nl_buf_text(body), body->len, 0, &problem);
    if (json_is_object(*out))
        return NL_OK;
    json_decref(*out);
    *out = NULL;
    return nl_error_set(err, NL_DATA,
                        "%s: the answer is not a JSON object: is this the address of its API?",
                        call->base);
}

/* A refusal in words; NL_OK where another try may help. */
static enum nl_status judge(const struct nl_remote_call *call, const char *path, CURLcode result,
                            long code, const struct answer *answer, struct nl_error *err) {
    if (answer->too_large)
        return nl_error_set(err, NL_DATA, "%s%s: the answer has more than %d MiB", call->base, path,
                            ANSWER_LIMIT >> 20);
    if (result == CURLE_PEER_FAILED_VERIFICATION)
        return nl_error_set(err, NL_UNAVAILABLE, "%s: its certificate is not valid: %s", call->base,
                            call->detail);
    if (code == 401 || code == 403)
        return nl_error_set(err, NL_NOPERM, "%s refuses the login (%ld): see --password-file",
                            call->base, code);
    if (code == 404)
        return nl_error_set(err, NL_NOTFOUND, "%s%s is not there: is this the address of its API?",
                            call->base, path);
    if (result == CURLE_OK && code != 429 && code < 500)
        return nl_error_set(err, NL_DATA, "%s%s answers %ld", call->base, path, code);
    return NL_OK;
}

enum nl_status nl_remote_get(struct nl_remote_call *call, const char *path, json_t **out,
                             struct nl_error *err) {
    struct nl_buf url = {0};
    enum nl_status status = NL_OK;
    long code = 0;
    *out = NULL;
    nl_buf_addf(&url, "%s%s", call->base, path);
    curl_easy_setopt(call->curl, CURLOPT_URL, nl_buf_text(&url));
    for (int tries = 0;
         status == NL_OK && *out == NULL && tries < (code == 0 ? UNREACHABLE_TRIES : TRIES);
         tries++) {
        struct answer answer = {.too_large = false};
        const struct timespec pause = {.tv_sec = tries > 0 ? wait_of(call->curl, tries - 1) : 0};
        if (tries > 0)
            nanosleep(&pause, NULL);
        call->detail[0] = '\0';
        curl_easy_setopt(call->curl, CURLOPT_WRITEDATA, &answer);
        CURLcode result = curl_easy_perform(call->curl);
        code = 0;
        curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &code);
        status = result == CURLE_OK && code == 200 ? read_json(call, &answer.body, out, err)
                                                   : judge(call, path, result, code, &answer, err);
        nl_buf_free(&answer.body);
    }
    if (status == NL_OK && *out == NULL)
        status = nl_error_set(err, NL_TEMPFAIL, "%s does not answer: %s (%ld)", nl_buf_text(&url),
                              call->detail[0] != '\0' ? call->detail : "it has had enough", code);
    nl_buf_free(&url);
    return status;
}
