#include "newsletter/base/text.h"
#include "newsletter/report/facts.h"
#include "web/staff_common.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORDS = 3, WORD_LIMIT = 64, DEFAULT_LIMIT = 100, MOST = 1000, MINUTE = 60, DAY = 86400 };

/* One call, its path split at the slashes. */
struct call {
    struct nl_staff *staff;
    const struct nl_request *request;
    struct nl_response *response;
    char words[WORDS][WORD_LIMIT + 1];
    size_t count;
    int64_t issue; /* the number in the second word, where the path has one */
    struct nl_api_token token;
};

/* ---- answers ---- */

static enum nl_status answer(const struct call *call, int status, const char *type, json_t *body,
                             struct nl_error *err) {
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (text == NULL)
        return nl_error_nomem(err);
    nl_buf_addf(&call->response->body, "%s\n", text);
    free(text);
    call->response->status = status;
    call->response->type = type;
    return NL_OK;
}

/* RFC 9457. */
static enum nl_status problem(const struct call *call, int status, const char *title,
                              const char *detail, struct nl_error *err) {
    return answer(call, status, "application/problem+json",
                  json_pack("{s:s, s:i, s:s}", "title", title, "status", status, "detail", detail),
                  err);
}

static enum nl_status not_found(const struct call *call, struct nl_error *err) {
    return problem(call, 404, "Not found", "There is nothing at this address.", err);
}

/* {"name": [...]}. Takes `array`. */
static enum nl_status answer_array(const struct call *call, enum nl_status status, const char *name,
                                   json_t *array, struct nl_error *err) {
    if (status == NL_OK)
        return answer(call, 200, "application/json", json_pack("{s:o}", name, array), err);
    json_decref(array);
    return status;
}

/* Answers the only element, or 404 if there is none. Takes `array`. */
static enum nl_status answer_first(const struct call *call, enum nl_status status, json_t *array,
                                   struct nl_error *err) {
    json_t *first = json_incref(json_array_get(array, 0));
    json_decref(array);
    if (status != NL_OK) {
        json_decref(first);
        return status;
    }
    return first != NULL ? answer(call, 200, "application/json", first, err) : not_found(call, err);
}

/* A number of the query, or `fallback` without one; false if it is no number or out of range. */
static bool number_of(const struct call *call, const char *name, int64_t fallback, int64_t least,
                      int64_t most, int64_t *out) {
    const char *text = nl_request_query(call->request, name);
    *out = fallback;
    return text == NULL || (nl_text_integer(text, out) && *out >= least && *out <= most);
}

static enum nl_status bad_value(const struct call *call, const char *detail, struct nl_error *err) {
    return problem(call, 400, "Bad request", detail, err);
}

/* ---- lists ---- */

static enum nl_status get_lists(const struct call *call, struct nl_error *err) {
    json_t *array = json_array();
    bool one = call->count == 2;
    enum nl_status status =
        nl_facts_lists(call->staff->site->store, one ? call->words[1] : NULL, array, err);
    return one ? answer_first(call, status, array, err)
               : answer_array(call, status, "lists", array, err);
}

static enum nl_status get_growth(const struct call *call, struct nl_error *err) {
    struct nl_list list = {0};
    struct nl_store *store = call->staff->site->store;
    enum nl_status status = nl_list_find(store, call->words[1], &list, err);
    if (status != NL_OK) {
        nl_error_free(err);
        return status == NL_NOTFOUND || status == NL_USAGE ? not_found(call, err) : status;
    }
    json_t *array = json_array();
    status = nl_facts_growth(store, list.id, array, err);
    nl_list_free(&list);
    return answer_array(call, status, "days", array, err);
}

/* ---- issues ---- */

static enum nl_status get_issues(const struct call *call, struct nl_error *err) {
    struct nl_issue_filter filter = {.list = nl_request_query(call->request, "list")};
    const char *state = nl_request_query(call->request, "state");
    json_t *array = NULL;
    if (state != NULL && !nl_issue_state_parse(state, &filter.state))
        return bad_value(call, "There is no such state of an issue.", err);
    if (!number_of(call, "limit", DEFAULT_LIMIT, 1, MOST, &filter.limit) ||
        !number_of(call, "before", 0, 1, INT64_MAX, &filter.before))
        return bad_value(call, "limit is a number from 1 to 1000, before the id of an issue.", err);
    array = json_array();
    return answer_array(call, nl_facts_issues(call->staff->site->store, &filter, array, err),
                        "issues", array, err);
}

static enum nl_status get_issue(const struct call *call, struct nl_error *err) {
    const struct nl_issue_filter filter = {.id = call->issue};
    json_t *array = json_array();
    return answer_first(call, nl_facts_issues(call->staff->site->store, &filter, array, err), array,
                        err);
}

static enum nl_status get_domains(const struct call *call, struct nl_error *err) {
    int64_t limit = 0;
    if (!number_of(call, "limit", DEFAULT_LIMIT, 1, MOST, &limit))
        return bad_value(call, "limit is a number from 1 to 1000.", err);
    json_t *array = json_array();
    return answer_array(call,
                        nl_facts_domains(call->staff->site->store, call->issue, limit, array, err),
                        "domains", array, err);
}

static enum nl_status get_reasons(const struct call *call, struct nl_error *err) {
    json_t *array = json_array();
    return answer_array(call, nl_facts_reasons(call->staff->site->store, call->issue, array, err),
                        "reasons", array, err);
}

static enum nl_status get_timeline(const struct call *call, struct nl_error *err) {
    int64_t seconds = 0;
    if (!number_of(call, "seconds", MINUTE, 1, DAY, &seconds))
        return bad_value(call, "seconds is a number from 1 to 86400.", err);
    json_t *array = json_array();
    return answer_array(
        call, nl_facts_timeline(call->staff->site->store, call->issue, seconds, array, err),
        "periods", array, err);
}

static enum nl_status get_deliveries(const struct call *call, struct nl_error *err) {
    enum nl_delivery_state state = NL_DELIVERY_ANY;
    const char *word = nl_request_query(call->request, "state");
    int64_t after = 0;
    int64_t limit = 0;
    if (word != NULL && !nl_delivery_state_parse(word, &state))
        return bad_value(call, "There is no such state of a delivery.", err);
    if (!number_of(call, "limit", DEFAULT_LIMIT, 1, MOST, &limit) ||
        !number_of(call, "after", 0, 0, INT64_MAX, &after))
        return bad_value(call, "limit is a number from 1 to 1000, after a subscription's.", err);
    json_t *array = json_array();
    return answer_array(
        call,
        nl_facts_deliveries(call->staff->site->store, call->issue, state, after, limit, array, err),
        "deliveries", array, err);
}

static enum nl_status control_issue(const struct call *call, struct nl_error *err) {
    enum nl_action_result result = NL_ACTION_UNKNOWN;
    char client[NL_IP_TEXT];
    nl_ip_text(nl_request_client(call->request), client);
    const struct nl_actor by = {call->token.name, "api", client};
    enum nl_status status =
        nl_staff_control_issue(call->staff, call->issue, call->words[2], &by, &result, err);
    if (status != NL_OK)
        return status;
    if (result == NL_ACTION_WITHDRAWN) {
        call->response->status = 204;
        return NL_OK;
    }
    return result == NL_ACTION_DONE ? get_issue(call, err)
           : result == NL_ACTION_UNKNOWN
               ? not_found(call, err)
               : problem(call, 409, "Conflict", "The state of the issue does not allow it.", err);
}

/* ---- the rest ---- */

static enum nl_status get_notices(const struct call *call, struct nl_error *err) {
    json_t *counts = NULL;
    enum nl_status status = nl_facts_counts(call->staff->site->store, 0, &counts, err);
    return status == NL_OK ? answer(call, 200, "application/json",
                                    json_pack("{s:o}", "deliveries", counts), err)
                           : status;
}

/* "*" matches any one word. */
static const struct route {
    const char *words[WORDS];
    bool post;
    enum nl_status (*run)(const struct call *call, struct nl_error *err);
} routes[] = {
    {{"lists"}, false, get_lists},
    {{"lists", "*"}, false, get_lists},
    {{"lists", "*", "growth"}, false, get_growth},
    {{"issues"}, false, get_issues},
    {{"issues", "*"}, false, get_issue},
    {{"issues", "*", "domains"}, false, get_domains},
    {{"issues", "*", "reasons"}, false, get_reasons},
    {{"issues", "*", "timeline"}, false, get_timeline},
    {{"issues", "*", "deliveries"}, false, get_deliveries},
    {{"issues", "*", "pause"}, true, control_issue},
    {{"issues", "*", "resume"}, true, control_issue},
    {{"issues", "*", "cancel"}, true, control_issue},
    {{"notices"}, false, get_notices},
};

static bool matches(const struct route *route, const struct call *call) {
    for (size_t i = 0; i < WORDS; i++) {
        const char *wanted = route->words[i];
        if ((wanted != NULL) != (i < call->count))
            return false;
        if (wanted != NULL && strcmp(wanted, "*") != 0 && strcmp(wanted, call->words[i]) != 0)
            return false;
    }
    return true;
}

static bool split(const char *path, struct call *call) {
    while (*path != '\0') {
        size_t len = strcspn(path, "/");
        if (len == 0 || len > WORD_LIMIT || call->count == WORDS)
            return false;
        memcpy(call->words[call->count++], path, len);
        path += len + (path[len] == '/');
    }
    return true;
}

static enum nl_status note_issue(const struct nl_issue_summary *issue, void *ctx,
                                 struct nl_error *err) {
    (void)issue;
    (void)err;
    *(bool *)ctx = true;
    return NL_OK;
}

/* Whether the issue in the path exists; true if the path names none. */
static enum nl_status find_issue(struct call *call, bool *found, struct nl_error *err) {
    struct nl_issue_filter filter = {0};
    *found = strcmp(call->words[0], "issues") != 0 || call->count < 2;
    if (*found || !nl_text_integer(call->words[1], &filter.id) || filter.id <= 0)
        return NL_OK;
    call->issue = filter.id;
    return nl_issue_summaries(call->staff->site->store, &filter, note_issue, found, err);
}

static enum nl_status dispatch(struct call *call, const char *path, struct nl_error *err) {
    bool post = nl_request_is_post(call->request);
    bool known = false;
    bool found = false;
    if (!split(path, call))
        return not_found(call, err);
    enum nl_status status = find_issue(call, &found, err);
    if (status != NL_OK || !found)
        return status != NL_OK ? status : not_found(call, err);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!matches(&routes[i], call))
            continue;
        if (routes[i].post == post && post && call->token.scope != NL_API_CONTROL)
            return problem(call, 403, "Forbidden",
                           "This token may only read: make one with --scope control.", err);
        if (routes[i].post == post)
            return routes[i].run(call, err);
        known = true;
        call->response->allow = routes[i].post ? "POST" : "GET, HEAD";
    }
    return known ? problem(call, 405, "Method not allowed", "Use the method that Allow names.", err)
                 : not_found(call, err);
}

static enum nl_status send_description(struct call *call, struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    json_t *data = json_object();
    enum nl_status status = nl_site_theme(call->staff->site, call->request, NULL, &theme, err);
    json_object_set_new(data, "base", json_string(call->staff->site->prefix));
    json_object_set_new(data, "version", json_string(NL_VERSION));
    if (status == NL_OK)
        status = nl_theme_render(theme, "openapi.json", data, &call->response->body, err);
    call->response->type = "application/json";
    json_decref(data);
    return status;
}

/* RFC 6750 section 2.1. Only wrong tokens count against the limit. */
static enum nl_status authenticate(struct call *call, bool *ok, struct nl_error *err) {
    static const char scheme[] = "Bearer ";
    const char *header = nl_request_header(call->request, "Authorization");
    const char *token = header != NULL && strncasecmp(header, scheme, sizeof scheme - 1) == 0
                            ? header + sizeof scheme - 1
                            : NULL;
    enum nl_status status =
        nl_api_token_check(call->staff->site->store, token, ok, &call->token, err);
    if (status != NL_OK || *ok)
        return status;
    if (token != NULL && !nl_staff_may_guess(call->staff, call->request, call->response))
        return problem(call, 429, "Too many requests",
                       "Too many wrong tokens came from your network.", err);
    call->response->authenticate = "Bearer realm=\"newsletter\"";
    return problem(call, 401, "Unauthorized", "Send 'Authorization: Bearer TOKEN'.", err);
}

enum nl_status nl_staff_api(struct nl_staff *staff, const struct nl_request *request,
                            const char *path, struct nl_response *response, struct nl_error *err) {
    struct call call = {.staff = staff, .request = request, .response = response};
    bool ok = false;
    if (strcmp(path, "openapi.json") == 0 && !nl_request_is_post(request))
        return send_description(&call, err);
    enum nl_status status = authenticate(&call, &ok, err);
    return status == NL_OK && ok ? dispatch(&call, path, err) : status;
}
