#include "newsletter/service/exports.h"
#include "newsletter/service/tasks.h"
#include "web/api.h"

#include <stdio.h>
#include <string.h>

void nl_api_plain_task(json_t *facts) {
    size_t at = 0;
    json_t *one = NULL;
    static const char *const parts[] = {NL_TASK_PROBLEM_PARTS, NL_TASK_NOTE_PARTS};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        json_object_del(facts, parts[i]);
        json_array_foreach(facts, at, one) json_object_del(one, parts[i]);
    }
}

static enum nl_status answer_export(const struct nl_api_call *call, int status, int64_t id,
                                    struct nl_error *err) {
    json_t *facts = NULL;
    enum nl_status found = nl_office_export_read(&call->office, id, &facts, err);
    nl_api_plain_task(facts);
    return found == NL_OK ? nl_api_answer(call, status, facts, err)
                          : nl_api_failed(call, found, err);
}

enum nl_status nl_api_get_exports(struct nl_api_call *call, struct nl_error *err) {
    int64_t limit = 0;
    int64_t before = 0;
    json_t *exports = NULL;
    enum nl_status status = NL_OK;
    if (!nl_api_page_before(call, "an export", &limit, &before, &status, err))
        return status;
    status = nl_office_exports(&call->office, before, limit, &exports, err);
    nl_api_plain_task(exports);
    return nl_api_answer_named(call, status, "exports", exports, err);
}

enum nl_status nl_api_start_export(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"list", 's'},
                                                   {"state", 's'},
                                                   {"where", 's'},
                                                   {"segment", 's'},
                                                   {"format", 's'},
                                                   {"for_spreadsheet", 'b'},
                                                   {0}};
    int64_t id = 0;
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    json_t *options = call->body != NULL ? json_incref(call->body) : json_object();
    status = nl_office_export_start(&call->office, options, &id, err);
    json_decref(options);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    if (call->staff->tasks != NULL)
        nl_task_worker_wake(call->staff->tasks);
    nl_api_locate_number(call, "exports", id);
    return answer_export(call, 202, id, err);
}

enum nl_status nl_api_get_export(struct nl_api_call *call, struct nl_error *err) {
    return answer_export(call, 200, call->id, err);
}

/* The kinds of files, by the option "format". */
struct kind {
    const char *format, *type, *name;
};

static const struct kind *kind_of(const char *format) {
    static const struct kind kinds[] = {{"csv", "text/csv; charset=utf-8", "people.csv"},
                                        {"jsonl", "application/x-ndjson", "people.jsonl"},
                                        {"json", "application/json", "people.json"}};
    for (size_t i = 0; format != NULL && i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].format, format) == 0)
            return &kinds[i];
    return &kinds[0];
}

enum nl_status nl_api_get_export_file(struct nl_api_call *call, struct nl_error *err) {
    json_t *facts = NULL;
    enum nl_status status = nl_office_export_read(&call->office, call->id, &facts, err);
    const char *format =
        json_string_value(json_object_get(json_object_get(facts, "options"), "format"));
    const struct kind *kind = kind_of(format);
    json_decref(facts);
    if (status == NL_OK)
        status = nl_office_export_file(&call->office, call->id, &call->response->stream, err);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    call->response->type = kind->type;
    call->response->attachment = kind->name;
    return NL_OK;
}

enum nl_status nl_api_cancel_export(struct nl_api_call *call, struct nl_error *err) {
    enum nl_status status = nl_office_export_cancel(&call->office, call->id, err);
    return status == NL_OK ? nl_api_answer_nothing(call) : nl_api_failed(call, status, err);
}
