#include "newsletter/base/attributes.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/kept_error.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/figures.h"
#include "newsletter/service/imports.h"
#include "newsletter/service/tasks.h"
#include "newsletter/template/data.h"
#include "web/staff_choice.h"
#include "web/staff_person.h"
#include "web/staff_tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The page of one import: before it begins, its options and the columns of its file with the first
 * rows in sight; while it runs, how far it is; then what has come of it. */

enum { SAMPLES = 3 };

void nl_import_column_field(size_t index, char out[NL_IMPORT_FIELD]) {
    snprintf(out, NL_IMPORT_FIELD, "c%zu", index);
}

/* ---- columns ---- */

/* The fields under the names that the command gives them; the rare ones are shown so. */
static const struct nl_choice fields[] = {
    {"email", NL_TEXT("Email address")},
    {"name", NL_TEXT("Name")},
    {"first_name", NL_TEXT("First name")},
    {"middle_name", NL_TEXT("Middle name")},
    {"last_name", NL_TEXT("Last name")},
    {"language", NL_TEXT("Language")},
    {"timezone", NL_TEXT("Time zone")},
    {"tags", NL_TEXT("Tags")},
    {"list", NL_TEXT("List")},
    {"consent_at", NL_TEXT("Day on which they agreed")},
    {"consent_source", NL_TEXT("Where they agreed")},
    {"consent_ip", "consent_ip"},
    {"consent_version", "consent_version"},
    {"confirmed_at", NL_TEXT("Day of the confirmation")},
    {"created_at", NL_TEXT("Day of joining")},
    {"state", NL_TEXT("State")},
    {"type", "type"},
    {"subscribed", "subscribed"},
    {"confirmed", "confirmed"},
    {"double_opt_in", "double_opt_in"},
    {"ended_at", NL_TEXT("Day of leaving")},
    {"unsubscribed", "unsubscribed"},
    {"do_not_email", "do_not_email"},
    {"bounced", "bounced"},
    {"complained", "complained"},
    {"blocked", "blocked"},
    {"leaving_reason", "leaving_reason"},
    {"bounce_reason", "bounce_reason"},
    {"attributes", "attributes"},
    {NULL, NULL},
};

/* An attribute keeps the name that it has, or gets one made of the column's. */
static void add_attribute(const struct nl_staff_call *call, json_t *choices, const char *column,
                          const char *chosen) {
    static const char prefix[] = "attribute.";
    bool named = strncmp(chosen, prefix, sizeof prefix - 1) == 0;
    char *made = named ? NULL : nl_attribute_name(column);
    struct nl_buf word = {0};
    struct nl_buf label = {0};
    if (named)
        nl_buf_adds(&word, chosen);
    else if (made != NULL)
        nl_buf_addf(&word, "%s%s", prefix, made);
    if (word.len > 0) {
        nl_buf_addf(&label, "%s: %s", nl_staff_text(call, NL_TEXT("Attribute")),
                    nl_buf_text(&word) + sizeof prefix - 1);
        nl_choice_add(choices, nl_buf_text(&word), nl_buf_text(&label), chosen);
    }
    nl_buf_free(&word);
    nl_buf_free(&label);
    free(made);
}

static json_t *uses_of(const struct nl_staff_call *call, const char *column, const char *chosen) {
    json_t *choices = json_array();
    nl_choice_add(choices, "", nl_staff_text(call, NL_TEXT("Not used")), chosen);
    nl_choice_add(choices, "-", nl_staff_text(call, NL_TEXT("Not used, whatever its name says")),
                  chosen);
    json_t *known = nl_choices(call, fields, NULL, chosen);
    json_array_extend(choices, known);
    json_decref(known);
    add_attribute(call, choices, column, chosen);
    return choices;
}

static bool is_ignored(const json_t *options, const char *name) {
    size_t at = 0;
    json_t *ignored = NULL;
    json_array_foreach(json_object_get(options, "ignore"), at,
                       ignored) if (strcmp(json_string_value(ignored), name) == 0) return true;
    return false;
}

static json_t *samples_of(const json_t *rows, size_t column) {
    json_t *samples = json_array();
    size_t at = 0;
    json_t *row = NULL;
    json_array_foreach(rows, at, row) if (at < SAMPLES && json_array_get(row, column) != NULL)
        json_array_append(samples, json_array_get(row, column));
    return samples;
}

static void add_columns(const struct nl_staff_call *call, const json_t *options,
                        const json_t *look) {
    const json_t *columns = json_object_get(look, "columns");
    const json_t *rows = json_object_get(look, "rows");
    json_t *shown = json_array();
    for (size_t i = 0; i < json_array_size(columns) && i < NL_IMPORT_COLUMNS; i++) {
        const json_t *column = json_array_get(columns, i);
        const char *name = nl_facts_word(column, "name");
        const char *use = is_ignored(options, name) ? "-" : nl_facts_word(column, "field");
        char field[NL_IMPORT_FIELD];
        json_t *one = json_object();
        nl_import_column_field(i, field);
        nl_data_set(one, "field_id", field);
        nl_data_set(one, "column", name);
        json_object_set_new(one, "samples", samples_of(rows, i));
        json_object_set_new(one, "uses", uses_of(call, name, use));
        json_array_append_new(shown, one);
    }
    json_object_set_new(call->data, "any_columns", json_boolean(json_array_size(shown) > 0));
    json_object_set_new(call->data, "more_columns",
                        json_boolean(json_array_size(columns) > NL_IMPORT_COLUMNS));
    json_object_set_new(call->data, "columns", shown);
    json_object_set_new(call->data, "lines",
                        json_array_size(shown) > 0 ? json_array() : samples_of(rows, 0));
}

static enum nl_status look(const struct nl_staff_call *call, const json_t *facts,
                           struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    json_t *found = NULL;
    struct nl_error why = {0};
    enum nl_status status =
        nl_office_import_look(&office, nl_facts_number(facts, "id"), &found, &why, err);
    if (status != NL_OK)
        return status;
    add_columns(call, json_object_get(facts, "options"), found);
    nl_data_set(call->data, "unreadable", "");
    if (why.text != NULL)
        nl_staff_explain(call, "unreadable", &why);
    nl_error_free(&why);
    json_decref(found);
    return NL_OK;
}

/* ---- options ---- */

/* The words of the file and their states, a line each, as the field takes them. */
static void add_words(json_t *data, const json_t *options) {
    struct nl_buf lines = {0};
    const char *word = NULL;
    json_t *state = NULL;
    json_object_foreach(json_object_get(options, "states"), word, state)
        nl_buf_addf(&lines, "%s = %s\n", word, json_string_value(state));
    nl_data_set(data, "words", nl_buf_text(&lines));
    nl_buf_free(&lines);
}

static void add_reading(const struct nl_staff_call *call, const json_t *options) {
    static const struct nl_choice formats[] = {{"", NL_TEXT("(detected from the file)")},
                                               {"csv", "CSV"},
                                               {"jsonl", "JSON"},
                                               {"mailboxes", NL_TEXT("Lines of addresses")},
                                               {NULL, NULL}};
    static const struct nl_choice delimiters[] = {{"", NL_TEXT("(detected from the file)")},
                                                  {",", ","},
                                                  {";", ";"},
                                                  {"tab", NL_TEXT("Tabulator")},
                                                  {"|", "|"},
                                                  {NULL, NULL}};
    static const struct nl_choice dates[] = {{"", NL_TEXT("(detected from the file)")},
                                             {"day-first", NL_TEXT("Day, then month")},
                                             {"month-first", NL_TEXT("Month, then day")},
                                             {NULL, NULL}};
    json_object_set_new(call->data, "formats",
                        nl_choices(call, formats, NULL, nl_facts_word(options, "format")));
    json_object_set_new(call->data, "delimiters",
                        nl_choices(call, delimiters, NULL, nl_facts_word(options, "delimiter")));
    json_object_set_new(call->data, "dates",
                        nl_choices(call, dates, NULL, nl_facts_word(options, "dates")));
    nl_data_set(call->data, "encoding", nl_facts_word(options, "encoding"));
}

static void add_options(const struct nl_staff_call *call, const struct nl_people_rights *rights,
                        const json_t *options) {
    static const struct nl_choice states[] = {
        {"", NL_TEXT_IN("subscription", "As the file says")},
        {"active", NL_TEXT_IN("subscription", "Active")},
        {"pending", NL_TEXT_IN("subscription", "Not confirmed")},
        {"unsubscribed", NL_TEXT_IN("subscription", "Unsubscribed")},
        {"bounced", NL_TEXT_IN("subscription", "Bounced")},
        {"complained", NL_TEXT_IN("subscription", "Complained")},
        {"blocked", NL_TEXT_IN("subscription", "Never mailed")},
        {NULL, NULL}};
    const char *consent = nl_facts_word(options, "consent");
    bool confirm = json_is_true(json_object_get(options, "confirm"));
    json_object_set_new(call->data, "list_choices",
                        nl_choices_of_lists(rights, nl_facts_word(options, "list")));
    json_object_set_new(call->data, "everywhere", json_boolean(rights->everywhere));
    json_object_set_new(call->data, "states",
                        nl_choices(call, states, "subscription", nl_facts_word(options, "as")));
    nl_data_set(call->data, "consent", consent);
    nl_data_set(call->data, "wording", nl_facts_word(options, "wording"));
    json_object_set_new(call->data, "by_file", json_boolean(consent[0] == '\0' && !confirm));
    json_object_set_new(call->data, "by_consent", json_boolean(consent[0] != '\0'));
    json_object_set_new(call->data, "by_mail", json_boolean(confirm));
    json_object_set_new(call->data, "update",
                        json_boolean(json_is_true(json_object_get(options, "update"))));
    json_object_set_new(call->data, "partial",
                        json_boolean(json_is_true(json_object_get(options, "partial"))));
    add_words(call->data, options);
    add_reading(call, options);
}

/* ---- what came of it ---- */

static void add_count(json_t *rows, const char *label, int64_t count) {
    json_array_append_new(rows,
                          json_pack("{s:s, s:I}", "outcome", label, "count", (json_int_t)count));
}

static json_t *outcomes_of(const struct nl_staff_call *call, const json_t *facts) {
    static const struct nl_choice labels[] = {
        {"added", NL_TEXT("Added")},
        {"updated", NL_TEXT("Changed")},
        {"unchanged", NL_TEXT("On the list already")},
        {"ended_before", NL_TEXT("Left alone: they have left before")},
        {"suppressed", NL_TEXT("Left alone: never mailed")},
        {"erased_before", NL_TEXT("Left alone: deleted at their request")},
        {"blocked", NL_TEXT("Never mailed from now on")},
    };
    const json_t *counts = json_object_get(facts, "counts");
    json_t *rows = json_array();
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        add_count(rows, nl_staff_text(call, labels[i].label),
                  nl_facts_number(counts, labels[i].word));
    add_count(rows, nl_staff_text(call, NL_TEXT("Rows that cannot be used")),
              nl_facts_number(facts, "rejected"));
    return rows;
}

static json_t *states_of(const struct nl_staff_call *call, const json_t *facts) {
    static const char *const states[] = {"active", "pending", "unsubscribed", "bounced",
                                         "complained"};
    const json_t *added = json_object_get(facts, "added_states");
    json_t *rows = json_array();
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (nl_facts_number(added, states[i]) > 0)
            add_count(rows, nl_person_state_label(call, states[i]),
                      nl_facts_number(added, states[i]));
    return rows;
}

static json_t *undone_of(const struct nl_staff_call *call, const json_t *facts) {
    static const struct nl_choice labels[] = {
        {"removed", NL_TEXT("Removed again")},
        {"ended", NL_TEXT("Unsubscribed, since they had received an issue")},
        {"restored", NL_TEXT("As they were before")},
        {"kept", NL_TEXT("Left alone: they have acted since")},
    };
    const json_t *undo = json_object_get(facts, "undo");
    json_t *rows = json_array();
    for (size_t i = 0; json_is_object(undo) && i < sizeof labels / sizeof labels[0]; i++)
        add_count(rows, nl_staff_text(call, labels[i].label),
                  nl_facts_number(undo, labels[i].word));
    return rows;
}

static void set_rows(json_t *data, const char *name, const char *any, json_t *rows) {
    json_object_set_new(data, any, json_boolean(json_array_size(rows) > 0));
    json_object_set_new(data, name, rows);
}

/* In the language of the page. An import of an earlier version has them as lines in English. */
static void set_notes(const struct nl_staff_call *call, const json_t *facts) {
    json_t *rows = json_array();
    const json_t *parts = json_object_get(facts, NL_TASK_NOTE_PARTS);
    const json_t *part = NULL;
    size_t at = 0;
    json_array_foreach(parts, at, part) {
        const char *plain = json_string_value(part);
        char *text = nl_catalog_kept(call->theme->catalog, json_is_array(part) ? part : NULL,
                                     plain != NULL ? plain : "");
        json_t *row = json_object();
        nl_data_set(row, "note", text != NULL ? text : "");
        json_array_append_new(rows, row);
        free(text);
    }
    if (parts == NULL && nl_facts_word(facts, "notes")[0] != '\0')
        json_array_append_new(rows, json_pack("{s:s}", "note", nl_facts_word(facts, "notes")));
    json_object_set_new(call->data, "notes", rows);
}

static void add_result(const struct nl_staff_call *call, const json_t *facts) {
    const char *state = nl_facts_word(facts, "state");
    bool counted = strcmp(state, "tried") == 0 || strcmp(state, "done") == 0 ||
                   strcmp(state, "failed") == 0 || strcmp(state, "undone") == 0 ||
                   strcmp(state, "undoing") == 0;
    json_object_set_new(call->data, "counted", json_boolean(counted));
    json_object_set_new(call->data, "was_tried", json_boolean(strcmp(state, "tried") == 0));
    set_rows(call->data, "outcomes", "any_outcomes", outcomes_of(call, facts));
    set_rows(call->data, "added_states", "any_states", states_of(call, facts));
    set_rows(call->data, "undone", "any_undone", undone_of(call, facts));
    json_object_set_new(call->data, "any_rejected",
                        json_boolean(counted && nl_facts_number(facts, "rejected") > 0));
    nl_task_trouble(call, facts, call->data);
    set_notes(call, facts);
    nl_data_set(call->data, "not_used", nl_facts_word(facts, "columns_not_used"));
    nl_figures_set_time(call->data, "undo_until", facts, "undo_until");
}

static bool is_one_of(const char *state, const char *const *states) {
    while (*states != NULL && strcmp(*states, state) != 0)
        states++;
    return *states != NULL;
}

enum nl_status nl_import_page(struct nl_staff_call *call, const struct nl_people_rights *rights,
                              const json_t *facts, struct nl_response *response,
                              struct nl_error *err) {
    static const char *const changeable[] = {"ready", "tried", "failed", NULL};
    static const char *const endable[] = {"open",    "ready",   "tried", "failed",
                                          "waiting", "running", NULL};
    const char *state = nl_facts_word(facts, "state");
    bool changes = is_one_of(state, changeable) && nl_facts_number(facts, "size") > 0;
    const char *file = nl_facts_word(facts, "file");
    nl_data_set(call->data, "heading",
                file[0] != '\0' ? file : nl_staff_text(call, NL_TEXT("Imports")));
    json_object_set(call->data, "id", json_object_get(facts, "id"));
    nl_data_set(call->data, "state_label", nl_task_label(call, state));
    nl_data_set(call->data, "by", nl_facts_word(facts, "started_by"));
    nl_figures_set_time(call->data, "at", facts, "created_at");
    json_object_set(call->data, "row_count", json_object_get(facts, "rows"));
    json_object_set(call->data, "taken", json_object_get(facts, "taken"));
    json_object_set_new(call->data, "busy", json_boolean(nl_task_is_busy(facts)));
    json_object_set_new(call->data, "can_change", json_boolean(changes));
    json_object_set_new(call->data, "can_end", json_boolean(is_one_of(state, endable)));
    nl_data_set(call->data, "unreadable", "");
    nl_task_watch(call, facts);
    add_result(call, facts);
    enum nl_status status = NL_OK;
    if (changes) {
        add_options(call, rights, json_object_get(facts, "options"));
        status = look(call, facts, err);
    }
    return nl_staff_finish(call, status, "staff-import.html", response, err);
}
