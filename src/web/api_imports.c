#include "newsletter/service/imports.h"
#include "web/api.h"

#include <stdio.h>
#include <stdlib.h>

/* With the options of an import (service/imports.h). */
static const struct nl_api_member members[] = {{"file", 's'},
                                               {"list", 's'},
                                               {"consent", 's'},
                                               {"confirm", 'b'},
                                               {"update", 'b'},
                                               {"format", 's'},
                                               {"as", 's'},
                                               {"encoding", 's'},
                                               {"dates", 's'},
                                               {"map", 'o'},
                                               {"delimiter", 's'},
                                               {"ignore", 'a'},
                                               {"states", 'o'},
                                               {"partial", 'b'},
                                               {"keep_columns", 'b'},
                                               {"wording", 's'},
                                               {0}};

static enum nl_status answer_import(const struct nl_api_call *call, int status, int64_t id,
                                    struct nl_error *err) {
    json_t *facts = NULL;
    enum nl_status found = nl_office_import_read(&call->office, id, &facts, err);
    nl_api_plain_task(facts);
    return found == NL_OK ? nl_api_answer(call, status, facts, err)
                          : nl_api_failed(call, found, err);
}

/* An import as it is after what was done with it, unless that failed. */
static enum nl_status answer_done(const struct nl_api_call *call, int code, enum nl_status status,
                                  struct nl_error *err) {
    return status == NL_OK ? answer_import(call, code, call->id, err)
                           : nl_api_failed(call, status, err);
}

static void wake(const struct nl_api_call *call) {
    if (call->staff->tasks != NULL)
        nl_task_worker_wake(call->staff->tasks);
}

enum nl_status nl_api_get_imports(struct nl_api_call *call, struct nl_error *err) {
    int64_t limit = 0;
    int64_t before = 0;
    json_t *imports = NULL;
    enum nl_status status = NL_OK;
    if (!nl_api_page_before(call, "an import", &limit, &before, &status, err))
        return status;
    status = nl_office_imports(&call->office, before, limit, &imports, err);
    nl_api_plain_task(imports);
    return nl_api_answer_named(call, status, "imports", imports, err);
}

enum nl_status nl_api_open_import(struct nl_api_call *call, struct nl_error *err) {
    int64_t id = 0;
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    const char *file = nl_api_text(call->body, "file");
    json_t *options = call->body != NULL ? json_copy(call->body) : json_object();
    json_object_del(options, "file");
    status =
        nl_office_import_open(&call->office, file != NULL ? file : "import", options, &id, err);
    json_decref(options);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    nl_api_locate_number(call, "imports", id);
    return answer_import(call, 201, id, err);
}

enum nl_status nl_api_get_import(struct nl_api_call *call, struct nl_error *err) {
    return answer_import(call, 200, call->id, err);
}

enum nl_status nl_api_change_import(struct nl_api_call *call, struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members + 1, &status, err))
        return status;
    json_t *options = call->body != NULL ? json_incref(call->body) : json_object();
    status = nl_office_import_configure(&call->office, call->id, options, err);
    json_decref(options);
    return answer_done(call, 200, status, err);
}

enum nl_status nl_api_put_import_file(struct nl_api_call *call, struct nl_error *err) {
    const struct nl_request_own *own = nl_request_own(call->request);
    FILE *file = own != NULL ? own->file : NULL;
    if (file == NULL)
        return nl_api_bad_value(call, "Send the file as the body.", err);
    return answer_done(call, 200, nl_office_import_upload(&call->office, call->id, file, err), err);
}

enum nl_status nl_api_get_columns(struct nl_api_call *call, struct nl_error *err) {
    json_t *look = NULL;
    enum nl_status status = nl_office_import_look(&call->office, call->id, &look, NULL, err);
    return status == NL_OK ? nl_api_answer(call, 200, look, err) : nl_api_failed(call, status, err);
}

enum nl_status nl_api_start_import(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member start[] = {{"dry_run", 'b'}, {0}};
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", start, &status, err))
        return status;
    status = nl_office_import_start(&call->office, call->id,
                                    json_is_true(json_object_get(call->body, "dry_run")), err);
    if (status == NL_OK)
        wake(call);
    return answer_done(call, 202, status, err);
}

static const struct nl_api_member none[] = {{0}};

enum nl_status nl_api_cancel_import(struct nl_api_call *call, struct nl_error *err) {
    enum nl_status status = NL_OK;
    return nl_api_takes(call, call->body, "", none, &status, err)
               ? answer_done(call, 200, nl_office_import_cancel(&call->office, call->id, err), err)
               : status;
}

enum nl_status nl_api_undo_import(struct nl_api_call *call, struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", none, &status, err))
        return status;
    status = nl_office_import_undo(&call->office, call->id, err);
    if (status == NL_OK)
        wake(call);
    return answer_done(call, 202, status, err);
}

/* The rows are in the form of the file that came. */
enum nl_status nl_api_get_rejects(struct nl_api_call *call, struct nl_error *err) {
    enum nl_status status =
        nl_office_import_rejects(&call->office, call->id, &call->response->stream, err);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    call->response->type = "application/octet-stream";
    call->response->attachment = "rejected-rows";
    return NL_OK;
}
