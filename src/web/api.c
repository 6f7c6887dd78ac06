#include "web/api.h"
#include "newsletter/base/log.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/db/reading.h"
#include "newsletter/service/drafts.h"
#include "newsletter/service/exports.h"
#include "newsletter/service/imports.h"
#include "newsletter/service/issues.h"
#include "newsletter/service/messages.h"
#include "web/api_rate.h"
#include "web/api_repeats.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BODY_LIMIT = 64 << 10, BATCH_LIMIT = 8 << 20 };

/* ---- the path ---- */

static bool is_utf8(const char *text) {
    json_t *value = json_string(text);
    json_decref(value);
    return value != NULL;
}

static void check_argument(const char *name, const char *value, void *ctx) {
    bool *fine = ctx;
    *fine = *fine && is_utf8(name) && is_utf8(value);
}

static bool split(const char *path, struct nl_api_call *call) {
    while (*path != '\0') {
        size_t len = strcspn(path, "/");
        if (len == 0 || len > NL_API_WORD || call->count == NL_API_WORDS)
            return false;
        memcpy(call->words[call->count++], path, len);
        path += len + (path[len] == '/');
    }
    return call->count > 0;
}

static bool matches(const char *path, const struct nl_api_call *call) {
    for (size_t i = 0; i < call->count; i++) {
        size_t len = strcspn(path, "/");
        bool any = len == 1 && path[0] == '*';
        if (len == 0 ||
            (!any && (strlen(call->words[i]) != len || strncmp(path, call->words[i], len) != 0)))
            return false;
        path += len + (path[len] == '/');
    }
    return *path == '\0';
}

/* These are found by a number. */
static bool is_numbered(const struct nl_api_route *route) {
    static const char *const paths[] = {"issues/*",       "subscribers/*", "bounces/*",
                                        "imports/*",      "exports/*",     "drafts/*",
                                        "boilerplates/*", "messages/*"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (strncmp(route->path, paths[i], strlen(paths[i])) == 0)
            return true;
    return false;
}

static bool has_method(const struct nl_api_route *route, const struct nl_api_call *call) {
    const char *method = nl_request_method(call->request);
    return strcmp(route->method, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0;
}

/* Finds the route of a call; NULL without one. Then `allow` has the methods there are. */
static const struct nl_api_route *find_route(struct nl_api_call *call, struct nl_buf *allow) {
    for (const struct nl_api_route *route = nl_api_routes; route->method != NULL; route++) {
        if (!matches(route->path, call))
            continue;
        if (is_numbered(route) && (!nl_text_integer(call->words[1], &call->id) || call->id <= 0))
            continue;
        if (has_method(route, call))
            return route;
        nl_buf_addf(allow, "%s%s%s", allow->len > 0 ? ", " : "", route->method,
                    strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
    }
    return NULL;
}

static enum nl_status no_route(struct nl_api_call *call, struct nl_buf *allow,
                               struct nl_error *err) {
    if (allow->len == 0)
        return nl_api_not_found(call, err);
    nl_response_allow(call->response, nl_buf_text(allow));
    return nl_api_problem(call, 405, "Method not allowed",
                          "Use one of the methods that the Allow field lists.", err);
}

/* ---- what a token may do ---- */

static enum nl_status refuse_scope(const struct nl_api_call *call, struct nl_error *err) {
    struct nl_buf detail = {0};
    nl_buf_adds(&detail, "This call needs a token with the scope ");
    struct nl_buf word = {0};
    nl_api_scope_words(call->route->scope, &word);
    nl_buf_addf(&detail, "%s: make one with 'newsletter staff token NAME --scope %s'.",
                nl_buf_text(&word), nl_buf_text(&word));
    enum nl_status status = nl_api_problem(call, 403, "Forbidden", nl_buf_text(&detail), err);
    nl_buf_free(&word);
    nl_buf_free(&detail);
    return status;
}

/* The list of a draft or a message, which `read` reads. */
static enum nl_status list_of_facts(const struct nl_api_call *call,
                                    enum nl_status (*read)(const struct nl_office *office,
                                                           int64_t id, json_t **out,
                                                           struct nl_error *err),
                                    char **out, struct nl_error *err) {
    json_t *facts = NULL;
    enum nl_status status = read(&call->office, call->id, &facts, err);
    const char *list = nl_api_text(facts, "list");
    if (status == NL_OK && list != NULL)
        *out = nl_strdup(list);
    json_decref(facts);
    if (status != NL_NOTFOUND)
        return status;
    nl_error_free(err);
    return NL_OK;
}

/* The list that a call is about, as its route says where to look; NULL where it says none. The
 * caller frees it. */
static enum nl_status list_of(const struct nl_api_call *call, char **out, struct nl_error *err) {
    const char *name = NULL;
    *out = NULL;
    switch (call->route->list) {
    case NL_LIST_PATH:
        name = call->words[1];
        break;
    case NL_LIST_ISSUE:
        return nl_office_issue_list(&call->office, call->id, out, err);
    case NL_LIST_EXPORT:
        return nl_office_export_list(&call->office, call->id, out, err);
    case NL_LIST_DRAFT:
        return list_of_facts(call, nl_office_draft_read, out, err);
    case NL_LIST_MESSAGE:
        return list_of_facts(call, nl_office_message_read, out, err);
    case NL_LIST_QUERY:
        name = nl_request_query(call->request, "list");
        break;
    case NL_LIST_BODY:
        name = nl_api_text(call->body, "list");
        break;
    default:
        break;
    }
    if (name != NULL)
        *out = nl_strdup(name);
    return NL_OK;
}

/* An issue that is not there has no list, and no figures: then `found` is false. */
static enum nl_status check_list(const struct nl_api_call *call, bool *found, bool *may,
                                 struct nl_error *err) {
    char *list = NULL;
    enum nl_status status = list_of(call, &list, err);
    *found = call->route->list != NL_LIST_ISSUE || list != NULL;
    *may = call->route->list == NL_LIST_OWN || nl_api_may_list(call, list);
    free(list);
    return status;
}

/* ---- running it ---- */

static void note_call(const struct nl_api_call *call) {
    const struct nl_log_field fields[] = {{"TOKEN", call->token.name}, {0}};
    if (call->route->scope != NL_API_READ && strcmp(call->route->method, "GET") != 0)
        nl_log(NL_LOG_NOTICE, fields, "%s: %s %s: %d", call->token.name, call->route->method,
               call->route->path, call->response->status);
}

static enum nl_status run_route(struct nl_api_call *call, struct nl_error *err) {
    bool found = false;
    bool may = false;
    enum nl_status status = NL_OK;
    if ((call->token.scopes & (unsigned)call->route->scope) == 0)
        return refuse_scope(call, err);
    if (!nl_api_read_body(call, &status, err))
        return status;
    status = check_list(call, &found, &may, err);
    if (status != NL_OK)
        return status;
    if (!found)
        return nl_api_not_found(call, err);
    if (!may)
        return nl_api_problem(
            call, 403, "Forbidden",
            "This token is valid for other lists, and the call names none of them.", err);
    status = nl_api_token_note(call->office.store, &call->token, err);
    if (status == NL_OK)
        status = nl_api_run_once(call, err);
    note_call(call);
    return status;
}

static enum nl_status dispatch(struct nl_api_call *call, const char *path, struct nl_error *err) {
    struct nl_buf allow = {0};
    bool fine = true;
    nl_request_each_argument(call->request, check_argument, &fine);
    if (!fine)
        return nl_api_bad_value(call, "The query is not valid UTF-8.", err);
    if (!is_utf8(path) || !split(path, call))
        return nl_api_not_found(call, err);
    call->route = find_route(call, &allow);
    enum nl_status status =
        call->route != NULL ? run_route(call, err) : no_route(call, &allow, err);
    nl_buf_free(&allow);
    json_decref(call->body);
    return status;
}

static enum nl_status send_description(struct nl_api_call *call, struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    json_t *data = json_object();
    enum nl_status status = nl_site_theme(call->staff->site, call->request, NULL, &theme, err);
    json_object_set_new(data, "base", json_string(call->staff->site->prefix));
    json_object_set_new(data, "version", json_string(NL_VERSION));
    if (status == NL_OK)
        status = nl_theme_render(theme, "openapi.json", data, &call->response->body, err);
    call->response->type = "application/json";
    call->response->for_programs = true;
    json_decref(data);
    return status;
}

/* ---- who calls ---- */

/* RFC 6750 section 2.1; NULL without a token. */
static const char *token_of(const struct nl_request *request) {
    static const char scheme[] = "Bearer ";
    const char *header = nl_request_header(request, "Authorization");
    return header != NULL && strncasecmp(header, scheme, sizeof scheme - 1) == 0
               ? header + sizeof scheme - 1
               : NULL;
}

/* The token of a request, which is looked for once, also where it is asked for before the body has
 * come. */
static enum nl_status find_token(const struct nl_staff *staff, const struct nl_request *request,
                                 bool *ok, struct nl_api_token *out, struct nl_error *err) {
    struct nl_request_own *own = nl_request_own(request);
    *ok = own != NULL && own->known != NULL; /* a made request has none */
    if (*ok) {
        *out = *(const struct nl_api_token *)own->known;
        return NL_OK;
    }
    enum nl_status status = nl_api_token_check(staff->site->store, token_of(request), ok, out, err);
    if (status != NL_OK || !*ok || own == NULL)
        return status;
    own->known = nl_malloc(sizeof *out);
    memcpy(own->known, out, sizeof *out);
    return NL_OK;
}

/* Only wrong tokens count against the limit of guesses. */
static enum nl_status authenticate(struct nl_api_call *call, bool *ok, struct nl_error *err) {
    const char *token = token_of(call->request);
    enum nl_status status = find_token(call->staff, call->request, ok, &call->token, err);
    if (status != NL_OK || *ok)
        return status;
    if (token != NULL && !nl_staff_may_guess(call->staff, call->request, call->response))
        return nl_api_problem(call, 429, "Too many requests",
                              "Too many wrong tokens came from your network.", err);
    call->response->authenticate = "Bearer realm=\"newsletter\"";
    return nl_api_problem(call, 401, "Unauthorized", "Send 'Authorization: Bearer TOKEN'.", err);
}

/* Counts the call, and tells in the header how many are left. */
static bool may_call(struct nl_api_call *call) {
    const struct nl_staff *staff = call->staff;
    struct nl_response *response = call->response;
    int64_t most = staff->site->config->staff.calls_per_minute;
    struct nl_api_rate rate = {0};
    if (most == 0)
        return true;
    bool may =
        nl_api_rate_take(staff->rates, call->token.name, most, nl_site_now(staff->site), &rate);
    response->rate_limit = most;
    response->rate_left = rate.left;
    response->rate_seconds = rate.seconds;
    return may;
}

/* The part of the path below /api/v1/, where the token of the request is good for something; NULL
 * where it is not: nothing is kept for a stranger. */
static const char *path_of(struct nl_staff *staff, const struct nl_request *request, bool *api) {
    static const char prefix[] = "/api/v1/";
    const char *path = nl_site_path(staff->site, request);
    struct nl_api_token token;
    struct nl_error err = {0};
    bool ok = false;
    *api = strncmp(path, prefix, sizeof prefix - 1) == 0;
    if (!*api)
        return NULL;
    enum nl_status status = find_token(staff, request, &ok, &token, &err);
    nl_error_free(&err);
    return status == NL_OK && ok ? path + sizeof prefix - 1 : NULL;
}

size_t nl_staff_body_limit(void *ctx, const struct nl_request *request) {
    bool api = false;
    const char *path = path_of(ctx, request, &api);
    if (path == NULL)
        return api;
    bool large = strcmp(path, "subscribers/batch") == 0 || strncmp(path, "drafts", 6) == 0 ||
                 strncmp(path, "boilerplates", 12) == 0 || strcmp(path, "messages") == 0;
    return large ? BATCH_LIMIT : BODY_LIMIT;
}

/* imports/NUMBER/file of the API, and the form of the page for imports. */
size_t nl_staff_file_limit(void *ctx, const struct nl_request *request) {
    static const char imports[] = "imports/";
    struct nl_staff *staff = ctx;
    bool api = false;
    if (nl_request_is_post(request) && strcmp(nl_site_path(staff->site, request), "/imports") == 0)
        return nl_staff_is_inside(staff, request) ? NL_IMPORT_FILE_MOST : 0;
    const char *path =
        strcmp(nl_request_method(request), "PUT") == 0 ? path_of(ctx, request, &api) : NULL;
    if (path == NULL || strncmp(path, imports, sizeof imports - 1) != 0)
        return 0;
    const char *rest = path + sizeof imports - 1;
    size_t digits = strspn(rest, "0123456789");
    return digits > 0 && strcmp(rest + digits, "/file") == 0 ? NL_IMPORT_FILE_MOST : 0;
}

/* A token acts for its owner; one that is nobody's in its own name. */
static void set_actor(struct nl_api_call *call) {
    bool owned = call->token.owner[0] != '\0';
    call->actor = (struct nl_actor){.name = owned ? call->token.owner : call->token.name,
                                    .door = "api",
                                    .client = call->client,
                                    .token = owned ? call->token.name : NULL};
    call->office.by = &call->actor;
}

static enum nl_status answer(struct nl_staff *staff, const struct nl_request *request,
                             const char *path, struct nl_response *response, struct nl_error *err) {
    struct nl_api_call call = {
        .staff = staff,
        .request = request,
        .response = response,
        .office = {.store = staff->site->store, .config = staff->site->config}};
    bool ok = false;
    nl_ip_text(nl_request_client(request), call.client);
    if (strcmp(path, "openapi.json") == 0 && nl_request_is_read(request))
        return send_description(&call, err);
    enum nl_status status = authenticate(&call, &ok, err);
    if (status != NL_OK || !ok)
        return status;
    set_actor(&call);
    if (!may_call(&call)) {
        response->retry_after = response->rate_seconds;
        return nl_api_problem(&call, 429, "Too many requests",
                              "This token has used up its calls for this minute.", err);
    }
    return dispatch(&call, path, err);
}

/* One person is read so often that the locks of a file count, which each statement takes by itself
 * otherwise. Nothing is written for it but the use of the token, which ends the reading. */
static bool is_plain_read(const struct nl_request *request, const char *path) {
    static const char people[] = "subscribers/";
    const char *number = path + sizeof people - 1;
    return nl_request_is_read(request) && strncmp(path, people, sizeof people - 1) == 0 &&
           number[strspn(number, "0123456789")] == '\0';
}

enum nl_status nl_staff_api(struct nl_staff *staff, const struct nl_request *request,
                            const char *path, struct nl_response *response, struct nl_error *err) {
    if (is_plain_read(request, path))
        nl_store_read_together(staff->site->store);
    enum nl_status status = answer(staff, request, path, response, err);
    nl_store_read_apart(staff->site->store);
    return status;
}
