#include "web/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum nl_status answer_as(const struct nl_api_call *call, int status, const char *type,
                                json_t *body, struct nl_error *err) {
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (text == NULL)
        return nl_error_nomem(err);
    nl_buf_addf(&call->response->body, "%s\n", text);
    free(text);
    call->response->status = status;
    call->response->type = type;
    call->response->for_programs = true;
    return NL_OK;
}

enum nl_status nl_api_answer(const struct nl_api_call *call, int status, json_t *body,
                             struct nl_error *err) {
    return answer_as(call, status, "application/json", body, err);
}

enum nl_status nl_api_answer_named(const struct nl_api_call *call, enum nl_status status,
                                   const char *name, json_t *value, struct nl_error *err) {
    if (status == NL_OK)
        return nl_api_answer(call, 200, json_pack("{s:o}", name, value), err);
    json_decref(value);
    return nl_api_failed(call, status, err);
}

enum nl_status nl_api_answer_nothing(const struct nl_api_call *call) {
    call->response->status = 204;
    return NL_OK;
}

/* RFC 9110 section 13.1.2, for tags that are never weak here. */
static bool has_revision(const struct nl_api_call *call, const struct nl_revision *revision) {
    const char *tags = nl_request_header(call->request, "If-None-Match");
    return tags != NULL && (strcmp(tags, "*") == 0 || strstr(tags, revision->text) != NULL) &&
           strcmp(call->route->method, "GET") == 0;
}

enum nl_status nl_api_answer_revised(const struct nl_api_call *call, int status, json_t *body,
                                     const struct nl_revision *revision, struct nl_error *err) {
    snprintf(call->response->revision, sizeof call->response->revision, "\"%s\"", revision->text);
    if (!has_revision(call, revision))
        return nl_api_answer(call, status, body, err);
    json_decref(body);
    call->response->status = 304;
    call->response->for_programs = true;
    call->response->packed = /* its tag is that of the form which the caller has */
        strstr(nl_request_header(call->request, "If-None-Match"), "-gzip\"") != NULL;
    return NL_OK;
}

enum nl_status nl_api_answer_read(const struct nl_api_call *call, enum nl_status status, int code,
                                  json_t *value, struct nl_error *err) {
    struct nl_revision revision = {""};
    if (status == NL_OK)
        status = nl_revision_of(value, &revision, err);
    if (status == NL_OK)
        return nl_api_answer_revised(call, code, value, &revision, err);
    json_decref(value);
    return nl_api_failed(call, status, err);
}

/* ---- problems ---- */

enum nl_status nl_api_problem(const struct nl_api_call *call, int status, const char *title,
                              const char *detail, struct nl_error *err) {
    return answer_as(
        call, status, "application/problem+json",
        json_pack("{s:s, s:i, s:s}", "title", title, "status", status, "detail", detail), err);
}

enum nl_status nl_api_not_found(const struct nl_api_call *call, struct nl_error *err) {
    return nl_api_problem(call, 404, "Not found", "There is nothing at this address.", err);
}

enum nl_status nl_api_bad_value(const struct nl_api_call *call, const char *detail,
                                struct nl_error *err) {
    return nl_api_problem(call, 400, "Bad request", detail, err);
}

enum nl_status nl_api_bad_query(const struct nl_api_call *call, struct nl_error *err) {
    struct nl_error told = *err;
    *err = (struct nl_error){0};
    enum nl_status status = nl_api_bad_value(call, nl_error_text(&told), err);
    nl_error_free(&told);
    return status;
}

enum nl_status nl_api_failed(const struct nl_api_call *call, enum nl_status status,
                             struct nl_error *err) {
    static const struct {
        enum nl_status status;
        int code;
        const char *title;
    } known[] = {
        {NL_NOTFOUND, 404, "Not found"},
        {NL_EXISTS, 409, "Conflict"},
        {NL_DATA, 422, "Not acceptable content"},
        {NL_USAGE, 422, "Not acceptable content"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (status != known[i].status)
            continue;
        struct nl_error told = *err;
        *err = (struct nl_error){0};
        enum nl_status answered =
            nl_api_problem(call, known[i].code, known[i].title, nl_error_text(&told), err);
        nl_error_free(&told);
        return answered;
    }
    return status;
}

enum nl_status nl_api_stale(const struct nl_api_call *call, struct nl_error *err) {
    return nl_api_problem(call, 412, "Precondition failed",
                          "It was changed meanwhile: read it again, then send your change with the "
                          "new ETag in If-Match.",
                          err);
}

void nl_api_locate(const struct nl_api_call *call, const char *collection, const char *member) {
    struct nl_buf location = {0};
    nl_buf_addf(&location, "%s/api/v1/%s/%s", call->staff->site->prefix, collection, member);
    call->response->location = nl_buf_take(&location);
}

void nl_api_locate_number(const struct nl_api_call *call, const char *collection, int64_t id) {
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)id);
    nl_api_locate(call, collection, number);
}
