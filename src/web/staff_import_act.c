#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/imports.h"
#include "newsletter/service/tasks.h"
#include "newsletter/template/data.h"
#include "web/staff_tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The actions of the buttons on the page of an import. Its form has all options; only those that
 * are known are read. */

static const char *field(const struct nl_staff_call *call, const char *name) {
    return nl_site_field(call->request, name);
}

static bool is_checked(const struct nl_staff_call *call, const char *name) {
    return strcmp(field(call, name), "yes") == 0;
}

/* ---- options ---- */

static void take_text(const struct nl_staff_call *call, const char *name, json_t *options) {
    const char *value = field(call, name);
    if (value[0] != '\0')
        json_object_set_new(options, name, json_string(value));
}

static void take_flag(const struct nl_staff_call *call, const char *name, json_t *options) {
    if (is_checked(call, name))
        json_object_set_new(options, name, json_true());
}

static enum nl_status take_consent(const struct nl_staff_call *call, json_t *options,
                                   struct nl_error *err) {
    const char *way = field(call, "way");
    if (strcmp(way, "mail") == 0)
        json_object_set_new(options, "confirm", json_true());
    else if (strcmp(way, "consent") == 0 && field(call, "consent")[0] == '\0')
        return nl_error_set(err, NL_DATA, NL_TEXT("say where they agreed"));
    else if (strcmp(way, "consent") == 0)
        take_text(call, "consent", options);
    if (strcmp(way, "consent") == 0)
        take_text(call, "wording", options);
    return NL_OK;
}

/* A text without the blanks around it, which is changed. */
static const char *trimmed(char *text) {
    text += strspn(text, " \t");
    for (size_t len = strlen(text); len > 0 && strchr(" \t", text[len - 1]) != NULL; len--)
        text[len - 1] = '\0';
    return text;
}

/* "left = unsubscribed", a line each. */
static enum nl_status take_words(const struct nl_staff_call *call, json_t *options,
                                 struct nl_error *err) {
    json_t *states = json_object();
    enum nl_status status = NL_OK;
    char *lines = nl_strdup(field(call, "words"));
    char *rest = NULL;
    for (char *line = strtok_r(lines, "\r\n", &rest); status == NL_OK && line != NULL;
         line = strtok_r(NULL, "\r\n", &rest)) {
        char *equals = strrchr(line, '=');
        if (equals == NULL) {
            status = nl_error_set(err, NL_DATA, NL_TEXT("'%s': write it as WORD = STATE"), line);
            break;
        }
        *equals = '\0';
        json_object_set_new(states, trimmed(line), json_string(trimmed(equals + 1)));
    }
    if (json_object_size(states) > 0)
        json_object_set(options, "states", states);
    json_decref(states);
    free(lines);
    return status;
}

/* ---- columns ---- */

/* A choice that is what is recognised anyway needs no word. */
static enum nl_status take_column(const struct nl_staff_call *call, size_t index,
                                  const json_t *column, json_t *map, json_t *ignore,
                                  struct nl_error *err) {
    char input[NL_IMPORT_FIELD];
    nl_import_column_field(index, input);
    const char *use = nl_request_form(call->request, input);
    const char *name = nl_facts_word(column, "name");
    const char *known = nl_facts_word(column, "field");
    if (use == NULL || strcmp(use, known) == 0)
        return NL_OK;
    if (strcmp(use, "-") == 0 || use[0] == '\0') {
        json_array_append_new(ignore, json_string(name));
        return NL_OK;
    }
    if (json_object_get(map, use) != NULL)
        return nl_error_set(err, NL_DATA, NL_TEXT("'%s' and '%s' are both to be %s: choose one"),
                            json_string_value(json_object_get(map, use)), name, use);
    json_object_set_new(map, use, json_string(name));
    return NL_OK;
}

/* Takes the choices from the form that shows these columns. `bare` are the columns as they are
 * recognised without any choice. Where one of them fails, the others are taken. */
static enum nl_status take_columns(const struct nl_staff_call *call, const json_t *bare,
                                   json_t *options, struct nl_error *err) {
    json_t *map = json_object();
    json_t *ignore = json_array();
    enum nl_status status = NL_OK;
    for (size_t i = 0; i < json_array_size(bare) && i < NL_IMPORT_COLUMNS; i++) {
        enum nl_status one = take_column(call, i, json_array_get(bare, i), map, ignore, err);
        status = status == NL_OK ? one : status;
    }
    if (json_object_size(map) > 0)
        json_object_set(options, "map", map);
    if (json_array_size(ignore) > 0)
        json_object_set(options, "ignore", ignore);
    json_decref(map);
    json_decref(ignore);
    return status;
}

/* Whether the file is read as it was when the form was made, so that its columns are those. */
static bool reads_alike(const json_t *before, const json_t *now) {
    static const char *const names[] = {"format", "encoding", "delimiter"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(nl_facts_word(before, names[i]), nl_facts_word(now, names[i])) != 0)
            return false;
    return true;
}

static enum nl_status options_of(const struct nl_staff_call *call,
                                 const struct nl_people_rights *rights, json_t *options,
                                 struct nl_error *err) {
    static const char *const texts[] = {"as", "format", "encoding", "delimiter", "dates"};
    const char *list = field(call, "list");
    if (list[0] == '\0' ? !rights->everywhere : !nl_people_rights_on(rights, list))
        return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no list '%s'"), list);
    take_text(call, "list", options);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        take_text(call, texts[i], options);
    take_flag(call, "partial", options);
    json_object_set_new(options, NL_TASK_REASONS,
                        json_string(nl_catalog_language(call->theme->catalog)));
    if (rights->everywhere)
        take_flag(call, "update", options);
    else
        json_object_set_new(options, "confined", json_true());
    enum nl_status status = take_consent(call, options, err);
    return status == NL_OK ? take_words(call, options, err) : status;
}

static enum nl_status keep_columns(const struct nl_staff_call *call, int64_t id, const json_t *bare,
                                   json_t *options, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    struct nl_error later = {0};
    enum nl_status status = take_columns(call, bare, options, err);
    if (status == NL_OK)
        return nl_office_import_configure(&office, id, options, err);
    nl_error_ignore(nl_office_import_configure(&office, id, options, &later));
    nl_error_free(&later);
    return status;
}

/* Stores the options first without the choices of columns, and looks: what is recognised then needs
 * no choice. */
static enum nl_status configure(const struct nl_staff_call *call,
                                const struct nl_people_rights *rights, const json_t *facts,
                                bool *alike, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    int64_t id = nl_facts_number(facts, "id");
    json_t *options = json_object();
    json_t *look = NULL;
    enum nl_status status = options_of(call, rights, options, err);
    *alike = reads_alike(json_object_get(facts, "options"), options);
    if (status == NL_OK)
        status = nl_office_import_configure(&office, id, options, err);
    if (status == NL_OK && *alike) {
        status = nl_office_import_look(&office, id, &look, NULL, err);
        if (status == NL_OK)
            status = keep_columns(call, id, json_object_get(look, "columns"), options, err);
    }
    json_decref(look);
    json_decref(options);
    return status;
}

/* ---- the buttons ---- */

static enum nl_status begin(const struct nl_staff_call *call, const struct nl_people_rights *rights,
                            const json_t *facts, const char *action, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    bool alike = false;
    enum nl_status status = configure(call, rights, facts, &alike, err);
    /* It begins only with columns that somebody has seen. */
    if (status != NL_OK || strcmp(action, "save") == 0 || !alike)
        return status;
    status = nl_office_import_start(&office, nl_facts_number(facts, "id"),
                                    strcmp(action, "try") == 0, err);
    if (status == NL_OK)
        nl_task_wake(call);
    return status;
}

static enum nl_status undo(const struct nl_staff_call *call, int64_t id, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    if (!is_checked(call, "sure"))
        return nl_error_set(
            err, NL_DATA, "%s",
            nl_staff_text(call, NL_TEXT("Nothing was taken back. Tick the box first to confirm.")));
    enum nl_status status = nl_office_import_undo(&office, id, err);
    if (status == NL_OK)
        nl_task_wake(call);
    return status;
}

static enum nl_status carry_out(const struct nl_staff_call *call,
                                const struct nl_people_rights *rights, const json_t *facts,
                                struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *action = field(call, "action");
    int64_t id = nl_facts_number(facts, "id");
    if (strcmp(action, "save") == 0 || strcmp(action, "try") == 0 || strcmp(action, "start") == 0)
        return begin(call, rights, facts, action, err);
    if (strcmp(action, "cancel") == 0)
        return nl_office_import_cancel(&office, id, err);
    if (strcmp(action, "undo") == 0)
        return undo(call, id, err);
    return nl_error_set(err, NL_DATA, "'%s' is not an action", action);
}

enum nl_status nl_import_act(struct nl_staff_call *call, const struct nl_people_rights *rights,
                             const json_t *facts, struct nl_response *response,
                             struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    int64_t id = nl_facts_number(facts, "id");
    char path[40];
    json_t *now = NULL;
    enum nl_status status = carry_out(call, rights, facts, err);
    if (status == NL_OK) {
        json_decref(call->data);
        snprintf(path, sizeof path, "/imports/%lld", (long long)id);
        return nl_staff_redirect(call->staff, path, response, err);
    }
    if (nl_staff_explains(call, status, response, err)) {
        status = nl_office_import_read(&office, id, &now, err);
        if (status == NL_OK)
            status = nl_import_page(call, rights, now, response, err);
        else
            json_decref(call->data);
        json_decref(now);
        return status;
    }
    json_decref(call->data);
    return status;
}
