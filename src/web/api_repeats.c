#include "web/api_repeats.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_LEAST = 8, KEY_MOST = 128, KEEP_LIMIT = 4 << 20 };

/* Letters, digits and signs: what UUIDs and the like are made of. */
static bool is_key(const char *key) {
    size_t len = strlen(key);
    if (len < KEY_LEAST || len > KEY_MOST)
        return false;
    for (; *key != '\0'; key++)
        if ((unsigned char)*key <= ' ' || (unsigned char)*key >= 0x7f)
            return false;
    return true;
}

/* Method, path and body: with another of these, the key belongs to another call. */
static void digest_of(const struct nl_api_call *call, unsigned char out[NL_DIGEST_LEN]) {
    const struct nl_request_own *own = nl_request_own(call->request);
    struct nl_buf all = {0};
    nl_buf_addf(&all, "%s %s\n", nl_request_method(call->request), nl_request_path(call->request));
    if (own != NULL)
        nl_buf_add(&all, nl_buf_text(&own->body), own->body.len);
    nl_digest(nl_buf_text(&all), all.len, out);
    nl_buf_free(&all);
}

static enum nl_status answer_again(const struct nl_api_call *call,
                                   struct nl_repeat_answer *answer) {
    struct nl_response *response = call->response;
    response->status = (int)answer->status;
    response->type = answer->status >= 400 ? "application/problem+json" : "application/json";
    response->location = answer->location;
    answer->location = NULL;
    response->replayed = true;
    if (answer->body != NULL)
        nl_buf_adds(&response->body, answer->body);
    return NL_OK;
}

/* Keeps what was answered, unless the failure was ours. */
static enum nl_status keep(const struct nl_api_call *call, const struct nl_repeat_call *repeat,
                           enum nl_status status, struct nl_error *err) {
    const struct nl_response *response = call->response;
    const struct nl_repeat_answer answer = {
        .status = response->status,
        .location = response->location,
        .body = response->body.len > 0 ? response->body.data : NULL,
    };
    struct nl_error later = {0};
    bool kept = status == NL_OK && response->status < 500 && response->body.len <= KEEP_LIMIT;
    enum nl_status stored = kept ? nl_repeat_keep(call->office.store, repeat, &answer, &later)
                                 : nl_repeat_forget(call->office.store, repeat, &later);
    if (status == NL_OK && stored != NL_OK) {
        *err = later;
        return stored;
    }
    nl_error_free(&later);
    return status;
}

enum nl_status nl_api_run_once(struct nl_api_call *call, struct nl_error *err) {
    const char *key = nl_request_header(call->request, "Idempotency-Key");
    struct nl_repeat_call repeat = {.token = call->token.name, .key = key};
    struct nl_repeat_answer answer = {0};
    enum nl_repeat what = NL_REPEAT_NEW;
    if (key == NULL || !call->route->repeats)
        return call->route->run(call, err);
    if (!is_key(key))
        return nl_api_bad_value(
            call, "Idempotency-Key has 8 to 128 ASCII characters, such as a UUID.", err);
    digest_of(call, repeat.digest);
    enum nl_status status = nl_repeat_begin(call->office.store, &repeat, &what, &answer, err);
    if (status != NL_OK)
        return status;
    switch (what) {
    case NL_REPEAT_SAME:
        status = answer_again(call, &answer);
        break;
    case NL_REPEAT_OTHER:
        status = nl_api_problem(call, 422, "Not acceptable content",
                                "This Idempotency-Key was used for another request before.", err);
        break;
    case NL_REPEAT_RUNNING:
        status =
            nl_api_problem(call, 409, "Conflict",
                           "The first request with this Idempotency-Key is not answered yet.", err);
        break;
    default:
        status = keep(call, &repeat, call->route->run(call, err), err);
    }
    nl_repeat_answer_free(&answer);
    return status;
}
