#include "newsletter/service/exports.h"

#include "newsletter/base/catalog.h"
#include "newsletter/service/segments.h"
#include "newsletter/store/list.h"
#include "service/task_common.h"

#include <stdlib.h>
#include <string.h>

static const struct nl_task_member members[] = {{"list", 's'},
                                                {"state", 's'},
                                                {"segment", 's'},
                                                {"where", 's'},
                                                {"format", 's'},
                                                {"for_spreadsheet", 'b'},
                                                {0}};

static const char *text_of(const json_t *json, const char *name) {
    return json_string_value(json_object_get(json, name));
}

/* ---- what it writes ---- */

static enum nl_status read_words(const json_t *json, struct nl_export_wish *out,
                                 struct nl_error *err) {
    const char *format = text_of(json, "format");
    const char *state = text_of(json, "state");
    bool table = format == NULL || strcmp(format, "csv") == 0;
    bool lines = format != NULL && strcmp(format, "jsonl") == 0;
    if (!table && !lines && strcmp(format, "json") != 0)
        return nl_error_set(err, NL_DATA, "format: it is csv, json or jsonl");
    if (state != NULL && !nl_subscription_state_parse(state, &out->filter.state))
        return nl_error_set(err, NL_DATA, NL_TEXT("'%.64s' is not a state of a subscription"),
                            state);
    out->options.format = table ? NL_FORMAT_CSV : lines ? NL_FORMAT_JSONL : NL_FORMAT_JSON;
    out->options.for_spreadsheet = json_is_true(json_object_get(json, "for_spreadsheet"));
    return !table && out->options.for_spreadsheet
               ? nl_error_set(err, NL_DATA, "for_spreadsheet works only with csv")
               : NL_OK;
}

enum nl_status nl_export_wish_read(const struct nl_office *office, const json_t *json,
                                   struct nl_export_wish *out, struct nl_error *err) {
    struct nl_list list = {0};
    *out = (struct nl_export_wish){0};
    enum nl_status status = nl_task_check_members(json, members, err);
    if (status == NL_OK)
        status = read_words(json, out, err);
    if (status == NL_OK && text_of(json, "list") != NULL)
        status = nl_list_find(office->store, text_of(json, "list"), &list, err);
    if (status == NL_OK)
        status = nl_office_segment(office, text_of(json, "where"), text_of(json, "segment"),
                                   &out->segment, NULL, err);
    out->filter.list = list.id;
    out->filter.segment = out->segment;
    nl_list_free(&list);
    return status;
}

void nl_export_wish_free(struct nl_export_wish *wish) {
    nl_segment_free(wish->segment);
    *wish = (struct nl_export_wish){0};
}

/* ---- its life ---- */

static const char *name_of(enum nl_transfer_format format) {
    return format == NL_FORMAT_CSV     ? "people.csv"
           : format == NL_FORMAT_JSONL ? "people.jsonl"
                                       : "people.json";
}

enum nl_status nl_office_export_start(const struct nl_office *office, const json_t *options,
                                      int64_t *id, struct nl_error *err) {
    bool open = false;
    struct nl_export_wish wish = {0};
    char *text = json_dumps(options, JSON_COMPACT | JSON_SORT_KEYS);
    *id = 0;
    enum nl_status status =
        text != NULL ? nl_export_wish_read(office, options, &wish, err) : nl_error_nomem(err);
    const struct nl_task task = {
        .kind = NL_TASK_EXPORT,
        .state = NL_TASK_WAITING,
        .started_by = (char *)(office->by != NULL ? office->by->name : ""),
        .door = (char *)(office->by != NULL ? office->by->door : ""),
        .list = (char *)text_of(options, "list"),
        .name = (char *)name_of(wish.options.format),
        .options = text,
    };
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_task_add(office->store, &task, id, err);
    nl_export_wish_free(&wish);
    free(text);
    if (status == NL_OK)
        status = nl_office_note(office, "export start", "export", NULL, *id, err);
    return nl_office_end(office, open, status, err);
}

enum nl_status nl_office_export_cancel(const struct nl_office *office, int64_t id,
                                       struct nl_error *err) {
    const unsigned idle =
        NL_TASK_BIT(NL_TASK_WAITING) | NL_TASK_BIT(NL_TASK_DONE) | NL_TASK_BIT(NL_TASK_FAILED);
    struct nl_task task = {0};
    bool open = false;
    bool moved = false;
    bool asked = false;
    enum nl_status status = nl_task_find(office->store, NL_TASK_EXPORT, id, &task, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_task_cancel(office->store, id, idle, &moved, &asked, err);
    if (status == NL_OK && !moved && !asked)
        status =
            nl_error_set(err, NL_EXISTS, NL_TEXT("export %lld has ended: it cannot be cancelled"),
                         (long long)id);
    if (status == NL_OK)
        status = nl_office_note(office, "export cancel", "export", NULL, id, err);
    status = nl_office_end(office, open, status, err);
    nl_task_free(&task);
    return status == NL_OK && moved ? nl_task_clear(office->store, id, NL_TASK_EXPORTED, err)
                                    : status;
}

enum nl_status nl_office_export_read(const struct nl_office *office, int64_t id, json_t **out,
                                     struct nl_error *err) {
    return nl_task_read_facts(office, NL_TASK_EXPORT, id, out, err);
}

enum nl_status nl_office_exports(const struct nl_office *office, int64_t before, int64_t limit,
                                 json_t **out, struct nl_error *err) {
    return nl_tasks_read_facts(office, NL_TASK_EXPORT, before, limit, out, err);
}

enum nl_status nl_office_export_list(const struct nl_office *office, int64_t id, char **list,
                                     struct nl_error *err) {
    struct nl_task task = {0};
    enum nl_status status = nl_task_find(office->store, NL_TASK_EXPORT, id, &task, err);
    *list = status == NL_OK ? task.list : NULL;
    if (status == NL_OK)
        task.list = NULL;
    nl_task_free(&task);
    if (status != NL_NOTFOUND)
        return status;
    nl_error_free(err);
    return NL_OK;
}

enum nl_status nl_office_export_file(const struct nl_office *office, int64_t id, FILE **out,
                                     struct nl_error *err) {
    struct nl_task task = {0};
    *out = NULL;
    enum nl_status status = nl_task_find(office->store, NL_TASK_EXPORT, id, &task, err);
    bool done = task.state == NL_TASK_DONE;
    nl_task_free(&task);
    if (status == NL_OK)
        status = done ? nl_task_open(office->store, id, NL_TASK_EXPORTED, out, err)
                      : nl_error_set(err, NL_NOTFOUND, NL_TEXT("export %lld is not done"),
                                     (long long)id);
    return status == NL_OK ? nl_office_note(office, "export read", "export", NULL, id, err)
                           : status;
}
