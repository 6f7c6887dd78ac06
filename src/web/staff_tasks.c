#include "web/staff_tasks.h"

#include "newsletter/base/kept_error.h"
#include "newsletter/base/text.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/figures.h"
#include "newsletter/service/tasks.h"
#include "newsletter/template/data.h"
#include "web/staff_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *nl_task_label(const struct nl_staff_call *call, const char *state) {
    static const struct nl_choice labels[] = {
        {"open", NL_TEXT_IN("task", "Waits for its file")},
        {"ready", NL_TEXT_IN("task", "Not begun")},
        {"waiting", NL_TEXT_IN("task", "Begins soon")},
        {"running", NL_TEXT_IN("task", "At work")},
        {"tried", NL_TEXT_IN("task", "Tried")},
        {"done", NL_TEXT_IN("task", "Done")},
        {"failed", NL_TEXT_IN("task", "Failed")},
        {"cancelled", NL_TEXT_IN("task", "Cancelled")},
        {"undoing", NL_TEXT_IN("task", "Is being taken back")},
        {"undone", NL_TEXT_IN("task", "Taken back")},
    };
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (strcmp(labels[i].word, state) == 0)
            return nl_catalog_text(call->theme->catalog, "task", labels[i].label);
    return state;
}

bool nl_task_is_busy(const json_t *facts) {
    static const char *const busy[] = {"waiting", "running", "undoing"};
    for (size_t i = 0; i < sizeof busy / sizeof busy[0]; i++)
        if (strcmp(nl_facts_word(facts, "state"), busy[i]) == 0)
            return true;
    return false;
}

void nl_task_watch(const struct nl_staff_call *call, const json_t *facts) {
    static const char seconds[] = "2";
    if (!nl_task_is_busy(facts))
        return;
    nl_data_set(call->data, "live", seconds);
    nl_data_set(call->data, "refresh", seconds);
}

void nl_task_wake(const struct nl_staff_call *call) {
    if (call->staff->tasks != NULL)
        nl_task_worker_wake(call->staff->tasks);
}

bool nl_task_is_theirs(const struct nl_people_rights *rights, const json_t *facts, bool import) {
    const json_t *options = json_object_get(facts, "options");
    if (rights->everywhere)
        return true;
    return nl_people_rights_on(rights, nl_facts_word(facts, "list")) &&
           (!import || json_is_true(json_object_get(options, "confined")));
}

void nl_task_trouble(const struct nl_staff_call *call, const json_t *facts, json_t *data) {
    char *text =
        nl_catalog_kept(call->theme->catalog, json_object_get(facts, NL_TASK_PROBLEM_PARTS),
                        nl_facts_word(facts, "problem"));
    nl_data_set(data, "trouble", text != NULL ? text : "");
    free(text);
}

/* ---- rows ---- */

static json_t *row_of(const struct nl_staff_call *call, const json_t *facts) {
    json_t *row = json_object();
    const char *state = nl_facts_word(facts, "state");
    json_object_set(row, "id", json_object_get(facts, "id"));
    nl_data_set(row, "file", nl_facts_word(facts, "file"));
    nl_data_set(row, "list_name", nl_facts_word(facts, "list"));
    nl_data_set(row, "state_label", nl_task_label(call, state));
    nl_data_set(row, "by", nl_facts_word(facts, "started_by"));
    nl_figures_set_time(row, "at", facts, "created_at");
    json_object_set(row, "row_count", json_object_get(facts, "rows"));
    json_object_set_new(row, "is_done", json_boolean(strcmp(state, "done") == 0));
    json_object_set_new(
        row, "can_end",
        json_boolean(strcmp(state, "cancelled") != 0 && strcmp(state, "undone") != 0));
    nl_task_trouble(call, facts, row);
    nl_figures_set_time(row, "until", facts, "file_until");
    return row;
}

void nl_tasks_show(const struct nl_staff_call *call, const struct nl_people_rights *rights,
                   const char *path, bool import, json_t *tasks) {
    json_t *rows = json_array();
    struct nl_buf older = {0};
    size_t at = 0;
    json_t *facts = NULL;
    if (json_array_size(tasks) > NL_TASKS_SHOWN) {
        json_array_remove(tasks, NL_TASKS_SHOWN);
        facts = json_array_get(tasks, NL_TASKS_SHOWN - 1);
        nl_buf_addf(&older, "%s?before=%lld", path, (long long)nl_facts_number(facts, "id"));
    }
    json_array_foreach(tasks, at, facts) {
        if (!nl_task_is_theirs(rights, facts, import))
            continue;
        json_array_append_new(rows, row_of(call, facts));
        nl_task_watch(call, facts);
    }
    nl_data_set(call->data, "older", nl_buf_text(&older));
    nl_staff_show_rows(call, "rows", rows);
    nl_buf_free(&older);
    json_decref(tasks);
}

/* ---- dispatch ---- */

static enum nl_status call_one(struct nl_staff_call *call, const struct nl_task_pages *pages,
                               const struct nl_people_rights *rights, const char *path,
                               struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *rest = "";
    json_t *facts = NULL;
    int64_t id = 0;
    if (!nl_staff_path_number(path, &id, &rest))
        return nl_staff_no_page(call, response, err);
    enum nl_status status = pages->read(&office, id, &facts, err);
    if (status == NL_NOTFOUND)
        nl_error_free(err);
    if (status == NL_NOTFOUND ||
        (status == NL_OK && !nl_task_is_theirs(rights, facts, pages->import)))
        status = nl_staff_no_page(call, response, err);
    else if (status != NL_OK)
        json_decref(call->data);
    else
        status = pages->one(call, rights, facts, rest, response, err);
    json_decref(facts);
    return status;
}

enum nl_status nl_task_call(struct nl_staff_call *call, const struct nl_task_pages *pages,
                            const char *rest, struct nl_response *response, struct nl_error *err) {
    struct nl_people_rights rights = {0};
    enum nl_status status = nl_people_rights(call->staff, call->session, &rights, err);
    if (status != NL_OK)
        json_decref(call->data);
    else if (!nl_people_rights_any(&rights))
        status = nl_staff_forbidden(call, response, err);
    else if (rest[0] != '\0')
        status = call_one(call, pages, &rights, rest, response, err);
    else
        status = (nl_request_is_post(call->request) ? pages->begin : pages->list)(call, &rights,
                                                                                  response, err);
    nl_people_rights_free(&rights);
    return status;
}
