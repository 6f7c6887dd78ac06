#include "newsletter/base/base64.h"
#include "newsletter/service/messages.h"
#include "web/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The attachments of a request, decoded. */
struct files {
    struct nl_message_file items[NL_MESSAGE_FILES];
    unsigned char *owned[NL_MESSAGE_FILES];
    size_t count;
};

static void free_files(struct files *files) {
    for (size_t i = 0; i < files->count; i++)
        free(files->owned[i]);
    files->count = 0;
}

static bool refuse(const struct nl_api_call *call, const char *detail, enum nl_status *status,
                   struct nl_error *err) {
    *status = nl_api_problem(call, 422, "Not acceptable content", detail, err);
    return false;
}

/* False: a problem is answered, or *status is a failure. */
static bool read_files(const struct nl_api_call *call, struct files *files, enum nl_status *status,
                       struct nl_error *err) {
    static const struct nl_api_member members[] = {{"name", 'S'}, {"content", 'S'}, {0}};
    const json_t *array = json_object_get(call->body, "attachments");
    const json_t *item = NULL;
    size_t at = 0;
    char where[40];
    if (json_array_size(array) > NL_MESSAGE_FILES)
        return refuse(call, "/attachments: there are too many.", status, err);
    json_array_foreach(array, at, item) {
        const json_t *content = json_object_get(item, "content");
        size_t len = 0;
        snprintf(where, sizeof where, "/attachments/%zu", at);
        if (!json_is_object(item))
            return refuse(call, "/attachments: each is an object.", status, err);
        if (!nl_api_takes(call, item, where, members, status, err))
            return false;
        if (!nl_base64_decode(json_string_value(content), json_string_length(content),
                              (size_t)NL_MESSAGE_BYTES * 2, &files->owned[at], &len))
            return refuse(call, "/attachments: content is base64 (RFC 4648, section 4).", status,
                          err);
        files->items[at] =
            (struct nl_message_file){nl_api_text(item, "name"), files->owned[at], len};
        files->count++;
    }
    return true;
}

enum nl_status nl_api_send_message(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {
        {"list", 'S'},        {"to", 'S'}, {"template", 'S'}, {"data", 'o'}, {"language", 's'},
        {"attachments", 'a'}, {0}};
    struct files files = {.count = 0};
    enum nl_status status = NL_OK;
    int64_t id = 0;
    bool repeated = false;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    if (!read_files(call, &files, &status, err)) {
        free_files(&files);
        return status;
    }
    const struct nl_message_request request = {
        .list = nl_api_text(call->body, "list"),
        .address = nl_api_text(call->body, "to"),
        .key = nl_request_header(call->request, "Idempotency-Key"),
        .order = {.template = nl_api_text(call->body, "template"),
                  .language = nl_api_text(call->body, "language"),
                  .data = json_object_get(call->body, "data"),
                  .files = files.items,
                  .file_count = files.count}};
    status = nl_office_message_send(&call->office, &request, &id, &repeated, err);
    free_files(&files);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    if (call->staff->notices != NULL)
        nl_mailer_wake(call->staff->notices, id);
    json_t *facts = NULL;
    nl_api_locate_number(call, "messages", id);
    status = nl_office_message_read(&call->office, id, &facts, err);
    return status == NL_OK ? nl_api_answer(call, 202, facts, err)
                           : nl_api_failed(call, status, err);
}

enum nl_status nl_api_get_message(struct nl_api_call *call, struct nl_error *err) {
    json_t *facts = NULL;
    enum nl_status status = nl_office_message_read(&call->office, call->id, &facts, err);
    return nl_api_answer_read(call, status, 200, facts, err);
}

enum nl_status nl_api_get_messages(struct nl_api_call *call, struct nl_error *err) {
    struct nl_message_query query = {.list = nl_request_query(call->request, "list"),
                                     .address = nl_request_query(call->request, "to")};
    json_t *messages = NULL;
    enum nl_status status = NL_OK;
    if (!nl_api_page_before(call, "a message", &query.limit, &query.before, &status, err))
        return status;
    status = nl_office_messages(&call->office, &query, &messages, err);
    return nl_api_answer_named(call, status, "messages", messages, err);
}
