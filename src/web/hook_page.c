/* POST /hooks/NAME: what mail providers report. */
#include "web/handlers.h"
#include "web/hook_worker.h"

enum { RETRY_SECONDS = 30 };

static enum nl_status say(struct nl_response *response, int status, const char *text) {
    response->status = status;
    response->retry_after = status == 503 ? RETRY_SECONDS : 0;
    response->authenticate = status == 401 ? "Basic realm=\"newsletter\", charset=\"UTF-8\"" : NULL;
    nl_buf_adds(&response->body, text);
    return NL_OK;
}

size_t nl_hook_page_limit(const struct nl_site *site, const struct nl_request *request,
                          const char *name) {
    const struct nl_hook *hook = nl_hooks_find(site->hooks, name);
    if (hook == NULL)
        return 0;
    /* Nothing is kept for a stranger. */
    return nl_hook_knows(hook, nl_request_header(request, "Authorization")) ? nl_hook_limit(hook)
                                                                            : 1;
}

static enum nl_status answer_with(struct nl_response *response, enum nl_hook_answer answer) {
    switch (answer) {
    case NL_HOOK_TAKEN:
        return say(response, answer, "Taken.\n");
    case NL_HOOK_MALFORMED:
        return say(response, answer, "This is not JSON.\n");
    case NL_HOOK_STRANGER:
        return say(response, answer, "The secret is wrong.\n");
    case NL_HOOK_FORBIDDEN:
        return say(response, answer, "The signature is wrong.\n");
    case NL_HOOK_TRY_LATER:
        break;
    }
    return say(response, NL_HOOK_TRY_LATER, "Please send it again later.\n");
}

/* The first call hands the report over; the others ask what came of it. */
static enum nl_status take_hook_request(struct nl_site *site, struct nl_hook *hook,
                                        const struct nl_request *request,
                                        struct nl_response *response) {
    struct nl_request_own *own = nl_request_own(request);
    enum nl_hook_answer answer = NL_HOOK_TRY_LATER;
    if (own->item == NULL) {
        const struct nl_hook_report fields = {
            .authorization = nl_request_header(request, "Authorization"),
            .signature = nl_request_header(request, "X-Twilio-Email-Event-Webhook-Signature"),
            .timestamp = nl_request_header(request, "X-Twilio-Email-Event-Webhook-Timestamp")};
        own->item = nl_hooks_submit(site->hooks, hook, &own->body, &fields);
        own->drop = own->item != NULL ? nl_hook_job_drop : NULL;
        response->wait = own->item != NULL;
        return response->wait ? NL_OK : answer_with(response, NL_HOOK_TRY_LATER);
    }
    response->wait = !nl_hook_job_done(own->item, &answer);
    return response->wait ? NL_OK : answer_with(response, answer);
}

enum nl_status nl_hook_page(struct nl_site *site, const struct nl_request *request,
                            const char *name, struct nl_response *response, struct nl_error *err) {
    struct nl_hook *hook = nl_hooks_find(site->hooks, name);
    if (hook == NULL)
        return nl_site_not_found(site, request, response, err);
    if (!nl_request_is_post(request)) {
        nl_response_allow(response, "POST");
        return say(response, 405, "Reports come by POST.\n");
    }
    if (!nl_hook_knows(hook, nl_request_header(request, "Authorization")))
        return answer_with(response, NL_HOOK_STRANGER);
    if (nl_request_body(request) == NL_BODY_TOO_LARGE)
        return say(response, 413, "The report is too large.\n");
    if (nl_request_body(request) == NL_BODY_CROWDED)
        return answer_with(response, NL_HOOK_TRY_LATER);
    return take_hook_request(site, hook, request, response);
}
