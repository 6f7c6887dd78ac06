#include "newsletter/base/kept_error.h"
#include "newsletter/report/facts.h"
#include "newsletter/store/import_job.h"
#include "service/task_common.h"

#include <string.h>

static json_t *text_or_null(const char *text) {
    json_t *value = text != NULL ? json_string(text) : NULL;
    return value != NULL ? value : json_null();
}

json_t *nl_task_result(const struct nl_error *problem) {
    json_t *result = json_object();
    json_t *kept = problem != NULL ? nl_error_keep(problem) : NULL;
    if (kept != NULL)
        json_object_set_new(result, NL_TASK_PROBLEM_PARTS, kept);
    return result;
}

static json_t *object_of(const char *text) {
    json_t *object = text != NULL ? json_loads(text, 0, NULL) : NULL;
    if (json_is_object(object))
        return object;
    json_decref(object);
    return json_object();
}

static const char *const outcome_names[] = {
    [NL_IMPORT_ADDED] = "added",           [NL_IMPORT_UPDATED] = "updated",
    [NL_IMPORT_UNCHANGED] = "unchanged",   [NL_IMPORT_ENDED] = "ended_before",
    [NL_IMPORT_SUPPRESSED] = "suppressed", [NL_IMPORT_ERASED] = "erased_before",
    [NL_IMPORT_BLOCKED] = "blocked",
};

static json_t *counts_of(const struct nl_import_tally *tally) {
    json_t *counts = json_object();
    for (size_t i = 0; i < NL_IMPORT_OUTCOMES; i++)
        json_object_set_new(counts, outcome_names[i], json_integer((json_int_t)tally->outcomes[i]));
    json_object_set_new(counts, "ended_now", json_integer((json_int_t)tally->ended));
    return counts;
}

static json_t *states_of(const struct nl_import_tally *tally) {
    json_t *states = json_object();
    for (size_t i = NL_SUBSCRIPTION_PENDING; i < NL_SUBSCRIPTION_STATES; i++)
        json_object_set_new(states, nl_subscription_state_words[i],
                            json_integer((json_int_t)tally->added[i]));
    return states;
}

static json_t *undo_of(const struct nl_task *task) {
    struct nl_undo_tally tally = {0};
    if (task->state != NL_TASK_UNDOING && task->state != NL_TASK_UNDONE)
        return json_null();
    nl_undo_tally_read(task->undo != NULL ? task->undo : "", &tally);
    return json_pack("{s:I, s:I, s:I, s:I}", "removed", (json_int_t)tally.removed, "ended",
                     (json_int_t)tally.ended, "restored", (json_int_t)tally.restored, "kept",
                     (json_int_t)tally.kept);
}

static void add_import(json_t *facts, const struct nl_task *task) {
    struct nl_import_tally tally = {0};
    json_t *result = object_of(task->result);
    nl_import_tally_read(task->tally != NULL ? task->tally : "", &tally);
    json_object_set_new(facts, "file", text_or_null(task->name));
    json_object_set_new(facts, "rows", json_integer((json_int_t)task->rows));
    json_object_set_new(facts, "rejected", json_integer((json_int_t)task->rejected));
    json_object_set_new(facts, "taken", json_integer((json_int_t)task->taken));
    json_object_set_new(facts, "counts", counts_of(&tally));
    json_object_set_new(facts, "added_states", states_of(&tally));
    json_object_set_new(facts, "columns_not_used",
                        text_or_null(json_string_value(json_object_get(result, "ignored"))));
    json_object_set_new(facts, "notes",
                        text_or_null(json_string_value(json_object_get(result, "notes"))));
    if (json_object_get(result, NL_TASK_NOTE_PARTS) != NULL)
        json_object_set(facts, NL_TASK_NOTE_PARTS, json_object_get(result, NL_TASK_NOTE_PARTS));
    json_object_set_new(facts, "undo", undo_of(task));
    json_object_set_new(
        facts, "undo_until",
        nl_facts_time(task->state == NL_TASK_DONE ? task->ended_at + NL_TASK_KEPT : 0));
    json_decref(result);
}

static void add_export(json_t *facts, const struct nl_task *task) {
    json_object_set_new(facts, "rows", json_integer((json_int_t)task->rows));
    json_object_set_new(
        facts, "file_until",
        nl_facts_time(task->state == NL_TASK_DONE ? task->ended_at + NL_TASK_KEPT : 0));
}

/* Why it failed, for pages that word it in a language of their own. */
static void add_parts(json_t *facts, const struct nl_task *task) {
    json_t *result = object_of(task->result);
    json_t *parts = json_object_get(result, NL_TASK_PROBLEM_PARTS);
    if (task->problem != NULL && parts != NULL)
        json_object_set(facts, NL_TASK_PROBLEM_PARTS, parts);
    json_decref(result);
}

json_t *nl_task_facts(const struct nl_task *task) {
    json_t *facts = json_pack(
        "{s:I, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "id", (json_int_t)task->id,
        "state", nl_task_state_words[task->state], "started_by", text_or_null(task->started_by),
        "door", text_or_null(task->door), "list", text_or_null(task->list), "options",
        object_of(task->options), "size", (json_int_t)task->size, "created_at",
        nl_facts_time(task->created_at), "began_at", nl_facts_time(task->began_at), "ended_at",
        nl_facts_time(task->ended_at), "problem", text_or_null(task->problem));
    if (facts != NULL)
        (task->kind == NL_TASK_IMPORT ? add_import : add_export)(facts, task);
    if (facts != NULL)
        add_parts(facts, task);
    return facts;
}

enum nl_status nl_task_read_facts(const struct nl_office *office, enum nl_task_kind kind,
                                  int64_t id, json_t **out, struct nl_error *err) {
    struct nl_task task = {0};
    *out = NULL;
    enum nl_status status = nl_task_find(office->store, kind, id, &task, err);
    if (status == NL_OK && (*out = nl_task_facts(&task)) == NULL)
        status = nl_error_nomem(err);
    nl_task_free(&task);
    return status;
}

static enum nl_status add_task(const struct nl_task *task, void *ctx, struct nl_error *err) {
    json_t *facts = nl_task_facts(task);
    return facts != NULL && json_array_append_new(ctx, facts) == 0 ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_tasks_read_facts(const struct nl_office *office, enum nl_task_kind kind,
                                   int64_t before, int64_t limit, json_t **out,
                                   struct nl_error *err) {
    json_t *array = json_array();
    enum nl_status status = nl_tasks_each(office->store, kind, before, limit, add_task, array, err);
    *out = status == NL_OK ? array : NULL;
    if (status != NL_OK)
        json_decref(array);
    return status;
}
