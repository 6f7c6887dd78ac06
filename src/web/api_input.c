#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "web/api.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CURSOR_LIMIT = 1024 };

/* ---- the body ---- */

static bool is_json(const char *type) {
    static const char json[] = "application/json";
    size_t len = sizeof json - 1;
    return type != NULL && strncasecmp(type, json, len) == 0 &&
           (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

static enum nl_status refuse_text(const struct nl_api_call *call, const json_error_t *problem,
                                  struct nl_error *err) {
    struct nl_buf detail = {0};
    nl_buf_addf(&detail, "The body is not a JSON object: %s at line %d, column %d.", problem->text,
                problem->line, problem->column);
    enum nl_status status = nl_api_bad_value(call, nl_buf_text(&detail), err);
    nl_buf_free(&detail);
    return status;
}

static enum nl_status refuse_size(const struct nl_api_call *call, enum nl_body body,
                                  struct nl_error *err) {
    if (body == NL_BODY_TOO_LARGE)
        return nl_api_problem(call, 413, "Content too large",
                              "The body is larger than this address takes: send it in parts.", err);
    call->response->retry_after = 5;
    return nl_api_problem(call, 503, "Service unavailable",
                          "Too many large requests arrive just now.", err);
}

bool nl_api_read_body(struct nl_api_call *call, enum nl_status *status, struct nl_error *err) {
    enum nl_body kind = nl_request_body(call->request);
    const struct nl_request_own *own = nl_request_own(call->request);
    json_error_t problem = {0};
    *status = NL_OK;
    if (kind == NL_BODY_TOO_LARGE || kind == NL_BODY_CROWDED) {
        *status = refuse_size(call, kind, err);
        return false;
    }
    if (own == NULL || own->body.len == 0)
        return true;
    if (!is_json(nl_request_header(call->request, "Content-Type"))) {
        *status = nl_api_problem(call, 415, "Unsupported media type",
                                 "Send the body as application/json.", err);
        return false;
    }
    call->body = json_loadb(own->body.data, own->body.len, JSON_REJECT_DUPLICATES, &problem);
    if (json_is_object(call->body))
        return true;
    if (call->body != NULL)
        snprintf(problem.text, sizeof problem.text, "something else is there");
    *status = refuse_text(call, &problem, err);
    return false;
}

static bool has_type(const json_t *value, char type) {
    switch (type) {
    case 's':
    case 'S':
        return json_is_string(value);
    case 'z':
        return json_is_string(value) || json_is_null(value);
    case 'i':
    case 'I':
        return json_is_integer(value);
    case 'b':
        return json_is_boolean(value);
    case 'o':
        return json_is_object(value);
    default:
        return json_is_array(value);
    }
}

static const char *type_word(char type) {
    switch (type) {
    case 's':
    case 'S':
        return "a text";
    case 'z':
        return "a text or null";
    case 'i':
    case 'I':
        return "a whole number";
    case 'b':
        return "true or false";
    case 'o':
        return "an object";
    default:
        return "an array";
    }
}

/* The first fault of an object; nothing if it has none. */
static void find_fault(const json_t *object, const char *where, const struct nl_api_member *members,
                       struct nl_buf *fault) {
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)object, name, value) {
        const struct nl_api_member *member = members;
        while (member->name != NULL && strcmp(member->name, name) != 0)
            member++;
        if (member->name == NULL)
            nl_buf_addf(fault, "%s/%.64s: there is no such member here.", where, name);
        else if (!has_type(value, member->type))
            nl_buf_addf(fault, "%s/%s: it must be %s.", where, name, type_word(member->type));
        if (fault->len > 0)
            return;
    }
    for (const struct nl_api_member *member = members; member->name != NULL; member++)
        if (member->type >= 'A' && member->type <= 'Z' &&
            json_object_get(object, member->name) == NULL) {
            nl_buf_addf(fault, "%s/%s: it is missing.", where, member->name);
            return;
        }
}

bool nl_api_takes(const struct nl_api_call *call, const json_t *object, const char *where,
                  const struct nl_api_member *members, enum nl_status *status,
                  struct nl_error *err) {
    struct nl_buf fault = {0};
    json_t *empty = json_object();
    find_fault(object != NULL ? object : empty, where, members, &fault);
    json_decref(empty);
    bool fine = fault.len == 0;
    *status = fine ? NL_OK
                   : nl_api_problem(call, 422, "Not acceptable content", nl_buf_text(&fault), err);
    nl_buf_free(&fault);
    return fine;
}

const char *nl_api_text(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? "" : json_string_value(value);
}

/* ---- the query ---- */

bool nl_api_number(const struct nl_api_call *call, const char *name, int64_t fallback,
                   int64_t least, int64_t most, int64_t *out) {
    const char *text = nl_request_query(call->request, name);
    *out = fallback;
    return text == NULL || (nl_text_integer(text, out) && *out >= least && *out <= most);
}

/* base64url (RFC 4648 section 5): a cursor is nobody's business. */
json_t *nl_api_cursor(const char *text) {
    size_t len = text != NULL ? strlen(text) : 0;
    unsigned char *out = text != NULL ? nl_malloc(len / 3 * 4 + 5) : NULL;
    if (out == NULL)
        return json_null();
    EVP_EncodeBlock(out, (const unsigned char *)text, (int)len);
    for (char *p = (char *)out; *p != '\0'; p++)
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p == '=' ? '.' : *p;
    json_t *cursor = json_string((const char *)out);
    free(out);
    return cursor;
}

static char *read_cursor(const char *cursor) {
    size_t len = strlen(cursor);
    char *copy = len <= CURSOR_LIMIT && len % 4 == 0 ? nl_strdup(cursor) : NULL;
    char *out = copy != NULL ? nl_calloc(1, len + 1) : NULL;
    size_t padding = 0;
    for (char *p = copy; out != NULL && *p != '\0'; p++) {
        padding += *p == '.';
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p == '.' ? '=' : *p;
    }
    int got =
        out != NULL ? EVP_DecodeBlock((unsigned char *)out, (unsigned char *)copy, (int)len) : -1;
    free(copy);
    json_t *text = got > 0 && padding <= 2 && strlen(out) == (size_t)got - padding
                       ? json_string(out) /* NULL unless it is UTF-8 */
                       : NULL;
    if (text == NULL) {
        free(out);
        return NULL;
    }
    json_decref(text);
    return out;
}

bool nl_api_page(const struct nl_api_call *call, int64_t *limit, char **after,
                 enum nl_status *status, struct nl_error *err) {
    const char *cursor = nl_request_query(call->request, "after");
    *status = NL_OK;
    *after = cursor != NULL && cursor[0] != '\0' ? read_cursor(cursor) : NULL;
    if (cursor != NULL && cursor[0] != '\0' && *after == NULL)
        *status = nl_api_bad_value(call, "after is what \"next\" of another page says.", err);
    else if (!nl_api_number(call, "limit", NL_API_PAGE, 1, NL_API_PAGE_MOST, limit))
        *status = nl_api_bad_value(call, "limit is a number from 1 to 1000.", err);
    else
        return true;
    free(*after);
    *after = NULL;
    return false;
}

void nl_api_expected(const struct nl_api_call *call, struct nl_revision *out) {
    const char *tag = nl_request_header(call->request, "If-Match");
    static const char packed[] = "-gzip\"";
    size_t len = tag != NULL ? strlen(tag) : 0;
    *out = (struct nl_revision){0};
    if (tag == NULL || strcmp(tag, "*") == 0)
        return;
    /* A tag that is not ours matches nothing. */
    snprintf(out->text, sizeof out->text, "%s", "?");
    bool plain = len == NL_REVISION_LEN + 2 && tag[len - 1] == '"';
    bool gzip =
        len == NL_REVISION_LEN + sizeof packed && strcmp(tag + 1 + NL_REVISION_LEN, packed) == 0;
    if ((plain || gzip) && tag[0] == '"') {
        memcpy(out->text, tag + 1, NL_REVISION_LEN);
        out->text[NL_REVISION_LEN] = '\0';
    }
}

bool nl_api_may_list(const struct nl_api_call *call, const char *list) {
    const char *lists = call->token.lists;
    return lists[0] == '\0' || (list != NULL && nl_text_has_word(lists, list));
}

bool nl_api_page_before(const struct nl_api_call *call, const char *one, int64_t *limit,
                        int64_t *before, enum nl_status *status, struct nl_error *err) {
    char detail[80];
    if (nl_api_number(call, "limit", NL_API_PAGE, 1, NL_API_PAGE_MOST, limit) &&
        nl_api_number(call, "before", 0, 1, INT64_MAX, before))
        return true;
    snprintf(detail, sizeof detail, "limit is a number from 1 to 1000, before the id of %s.", one);
    *status = nl_api_bad_value(call, detail, err);
    return false;
}
