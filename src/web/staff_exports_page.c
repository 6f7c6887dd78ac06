#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/exports.h"
#include "newsletter/service/segments.h"
#include "newsletter/template/data.h"
#include "web/staff_choice.h"
#include "web/staff_tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Exports: those there are with their files, and a form for another one. */

static const char *field(const struct nl_staff_call *call, const char *name) {
    return nl_site_field(call->request, name);
}

/* ---- the page ---- */

static enum nl_status show(struct nl_staff_call *call, const struct nl_people_rights *rights,
                           struct nl_response *response, struct nl_error *err) {
    static const struct nl_choice formats[] = {
        {"csv", "CSV"}, {"json", "JSON"}, {"jsonl", "jsonl"}, {NULL, NULL}};
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *page = nl_request_query(call->request, "before");
    int64_t before = 0;
    json_t *exports = NULL;
    if (page == NULL || !nl_text_integer(page, &before) || before < 0)
        before = 0;
    nl_staff_say(call, "heading", NL_TEXT("Exports"));
    json_object_set_new(call->data, "everywhere", json_boolean(rights->everywhere));
    json_object_set_new(call->data, "list_choices",
                        nl_choices_of_lists(rights, field(call, "list")));
    json_object_set_new(call->data, "state_choices",
                        nl_choices_of_states(call, field(call, "state")));
    json_object_set_new(call->data, "formats",
                        nl_choices(call, formats, NULL, field(call, "format")));
    /* Segments ask about anything that is known of people, so they are for those who may see it. */
    enum nl_status status =
        nl_choose_segment(&office, rights->everywhere, field(call, "segment"), call->data, err);
    if (status == NL_OK)
        status = nl_office_exports(&office, before, NL_TASKS_SHOWN + 1, &exports, err);
    if (status == NL_OK)
        nl_tasks_show(call, rights, "/exports", false, exports);
    return nl_staff_finish(call, status, "staff-exports.html", response, err);
}

/* ---- beginning and ending ---- */

static enum nl_status after(struct nl_staff_call *call, const struct nl_people_rights *rights,
                            enum nl_status status, struct nl_response *response,
                            struct nl_error *err) {
    if (status != NL_OK && nl_staff_explains(call, status, response, err))
        return show(call, rights, response, err);
    json_decref(call->data);
    return status == NL_OK ? nl_staff_redirect(call->staff, "/exports", response, err) : status;
}

static enum nl_status start(struct nl_staff_call *call, const struct nl_people_rights *rights,
                            struct nl_response *response, struct nl_error *err) {
    static const char *const texts[] = {"list", "state", "segment", "format"};
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *list = field(call, "list");
    json_t *options = json_object();
    int64_t id = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (field(call, texts[i])[0] != '\0')
            json_object_set_new(options, texts[i], json_string(field(call, texts[i])));
    if (strcmp(field(call, "for_spreadsheet"), "yes") == 0)
        json_object_set_new(options, "for_spreadsheet", json_true());
    bool may = rights->everywhere
                   ? list[0] == '\0' || nl_people_rights_on(rights, list)
                   : nl_people_rights_on(rights, list) && field(call, "segment")[0] == '\0';
    enum nl_status status = may ? nl_office_export_start(&office, options, &id, err) : NL_OK;
    json_decref(options);
    if (!may)
        return nl_staff_no_page(call, response, err);
    if (status == NL_OK)
        nl_task_wake(call);
    return after(call, rights, status, response, err);
}

static enum nl_status end(struct nl_staff_call *call, const struct nl_people_rights *rights,
                          int64_t id, struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *action = field(call, "action");
    enum nl_status status = strcmp(action, "cancel") == 0
                                ? nl_office_export_cancel(&office, id, err)
                                : nl_error_set(err, NL_DATA, "'%s' is not an action", action);
    return after(call, rights, status, response, err);
}

/* ---- its file ---- */

static enum nl_status send_file(struct nl_staff_call *call, const json_t *facts,
                                struct nl_response *response, struct nl_error *err) {
    static const struct {
        const char *format, *type, *name;
    } kinds[] = {{"json", "application/json", "people.json"},
                 {"jsonl", "application/x-ndjson", "people.jsonl"},
                 {"csv", "text/csv; charset=utf-8", "people.csv"}};
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *format = nl_facts_word(json_object_get(facts, "options"), "format");
    size_t kind = 0;
    while (kind < 2 && strcmp(kinds[kind].format, format) != 0)
        kind++;
    enum nl_status status =
        nl_office_export_file(&office, nl_facts_number(facts, "id"), &response->stream, err);
    if (status == NL_NOTFOUND) {
        nl_error_free(err);
        return nl_staff_no_page(call, response, err);
    }
    response->type = kinds[kind].type;
    response->attachment = kinds[kind].name;
    json_decref(call->data);
    return status;
}

static enum nl_status one(struct nl_staff_call *call, const struct nl_people_rights *rights,
                          const json_t *facts, const char *rest, struct nl_response *response,
                          struct nl_error *err) {
    bool post = nl_request_is_post(call->request);
    if (strcmp(rest, post ? "" : "/file") != 0)
        return nl_staff_no_page(call, response, err);
    return post ? end(call, rights, nl_facts_number(facts, "id"), response, err)
                : send_file(call, facts, response, err);
}

enum nl_status nl_exports_call(struct nl_staff_call *call, const char *rest,
                               struct nl_response *response, struct nl_error *err) {
    static const struct nl_task_pages pages = {show, start, one, nl_office_export_read, false};
    return nl_task_call(call, &pages, rest, response, err);
}
