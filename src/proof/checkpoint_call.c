#include "proof/checkpoint_call.h"

#include "newsletter/http/client.h"

enum { ANSWER_MOST = 64 << 10 };
static const struct nl_http_patience patience = {.connect = 5, .total = 10};

/* libcurl sets the type of a write function. NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t take(char *data, size_t size, size_t count, void *ctx) {
    struct nl_buf *answer = ctx;
    if (size * count > ANSWER_MOST - answer->len)
        return 0;
    nl_buf_add(answer, data, size * count);
    return size * count;
}

static CURLcode perform(CURL *curl, struct nl_checkpoint_call *call,
                        const struct curl_slist *fields, char *detail) {
    nl_http_prepare(curl, &patience);
    curl_easy_setopt(curl, CURLOPT_URL, call->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)call->len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &call->answer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &call->code);
    return code;
}

enum nl_status nl_checkpoint_post(struct nl_checkpoint_call *call, struct nl_error *err) {
    char detail[CURL_ERROR_SIZE] = "";
    struct nl_buf type = {0};
    nl_buf_addf(&type, "Content-Type: %s", call->type);
    struct curl_slist *fields = curl_slist_append(NULL, nl_buf_text(&type));
    CURL *curl = curl_easy_init();
    enum nl_status status = NL_OK;
    if (curl == NULL || fields == NULL) {
        status = nl_error_nomem(err);
    } else {
        CURLcode code = perform(curl, call, fields, detail);
        if (code != CURLE_OK)
            status = nl_error_set(err, NL_TEMPFAIL, "%s: %s", call->url,
                                  detail[0] != '\0' ? detail : curl_easy_strerror(code));
    }
    curl_slist_free_all(fields);
    curl_easy_cleanup(curl);
    nl_buf_free(&type);
    return status;
}
