#include "web/desk.h"

#include "newsletter/base/language.h"
#include "newsletter/base/medium.h"
#include "newsletter/base/picture.h"
#include "newsletter/base/zone.h"
#include "newsletter/bulletin/front_fields.h"
#include "newsletter/service/draft_library.h"
#include "newsletter/service/lists.h"
#include "newsletter/template/data.h"
#include "web/component.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool nl_desk_is_picture(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot != NULL && (strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 ||
                           strcasecmp(dot, ".jpeg") == 0 || strcasecmp(dot, ".gif") == 0);
}

static bool is_attached(const struct nl_front_fields *fields, const char *name) {
    for (size_t i = 0; i < fields->attachment_count; i++)
        if (strcmp(fields->attachments[i], name) == 0)
            return true;
    return false;
}

static void add_file(json_t *out, const char *name, const char *size, bool attached) {
    json_t *item = json_object();
    const char *ending = NULL;
    char at[24];
    snprintf(at, sizeof at, "%zu", json_array_size(out));
    nl_data_set(item, "at", at);
    nl_data_set(item, "name", name);
    nl_data_set(item, "size", size);
    json_object_set_new(item, "attached", json_boolean(attached));
    json_object_set_new(item, "picture", json_boolean(nl_desk_is_picture(name)));
    json_object_set_new(item, "sound", json_boolean(nl_medium_type(name, &ending) != NULL));
    json_array_append_new(out, item);
}

/* The files of the draft, and attachments that the text names and nobody has uploaded. */
static void add_files(const struct nl_desk *desk, const struct nl_front_fields *fields,
                      json_t *data) {
    json_t *out = json_array();
    size_t at = 0;
    const json_t *file = NULL;
    json_array_foreach(json_object_get(desk->draft, "files"), at, file) {
        const char *name = json_string_value(json_object_get(file, "name"));
        char size[32];
        snprintf(size, sizeof size, "%lld kB",
                 (long long)(json_integer_value(json_object_get(file, "size")) + 1023) / 1024);
        add_file(out, name, size, is_attached(fields, name));
    }
    for (size_t i = 0; i < fields->attachment_count; i++) {
        bool there = false;
        json_array_foreach(json_object_get(desk->draft, "files"), at, file) there =
            there ||
            strcmp(json_string_value(json_object_get(file, "name")), fields->attachments[i]) == 0;
        if (!there)
            add_file(out, fields->attachments[i], "", true);
    }
    json_object_set_new(data, "files", out);
}

static enum nl_status add_check(const struct nl_desk *desk, json_t *data) {
    struct nl_draft_composed composed = {0};
    struct nl_buf plain = {0};
    enum nl_status status = nl_office_draft_compose(&desk->office, desk->id, &composed, desk->err);
    if (status == NL_OK)
        status = nl_desk_plain(desk, &composed, &plain);
    if (status == NL_OK)
        status = nl_desk_asked(desk, &composed, data);
    if (status == NL_OK) {
        nl_desk_findings(desk, composed.findings, data);
        nl_data_set(data, "plain", nl_buf_text(&plain));
    }
    nl_buf_free(&plain);
    nl_draft_composed_free(&composed);
    return status;
}

static void add_place(const struct nl_desk *desk, json_t *data) {
    char id[24];
    char when[NL_ZONE_TEXT_LEN];
    const json_t *text = nl_desk_text(desk);
    const json_t *issue = json_object_get(desk->draft, "issue");
    snprintf(id, sizeof id, "%lld", (long long)desk->id);
    nl_zone_text(json_integer_value(json_object_get(desk->draft, "updated_at")), NULL, when);
    nl_data_set(data, "draft", id);
    nl_data_set(data, "list_name", json_string_value(json_object_get(desk->draft, "list")));
    nl_data_set(data, "updated_by", json_string_value(json_object_get(desk->draft, "updated_by")));
    nl_data_set(data, "updated_at", when);
    nl_data_set(data, "text", desk->text);
    nl_data_set(data, "text_direction", nl_language_is_rtl(desk->text) ? "rtl" : "ltr");
    bool choices = json_is_true(json_object_get(data, "choices"));
    json_object_set_new(data, "choices", json_boolean(choices));
    nl_data_set(data, "revision",
                text != NULL ? json_string_value(json_object_get(text, "revision")) : "");
    nl_data_set(data, "source",
                text != NULL ? json_string_value(json_object_get(text, "source")) : "");
    if (choices) { /* what was typed was made from that text */
        json_object_set(data, "revision", json_object_get(data, "stale_revision"));
        json_object_set(data, "source", json_object_get(data, "stale_base"));
    }
    snprintf(id, sizeof id, "%lld", (long long)json_integer_value(issue));
    nl_data_set(data, "made", json_is_integer(issue) ? id : "");
}

/* Lists that the draft may be moved to: where the account may write, too. */
static enum nl_status add_lists(const struct nl_desk *desk, json_t *data) {
    json_t *lists = NULL;
    const char *own = json_string_value(json_object_get(desk->draft, "list"));
    enum nl_status status = nl_office_lists(&desk->office, &lists, desk->err);
    for (size_t i = json_array_size(lists); status == NL_OK && i > 0; i--) {
        const char *name = json_string_value(json_object_get(json_array_get(lists, i - 1), "name"));
        bool may = false;
        status = nl_staff_may(desk->call->staff, desk->call->session, name, NL_POWER_WRITE, &may,
                              desk->err);
        if (!may || strcmp(name, own) == 0)
            json_array_remove(lists, i - 1);
    }
    json_object_set_new(data, "movable", json_boolean(json_array_size(lists) > 0));
    json_object_set_new(data, "lists", lists != NULL ? lists : json_array());
    return status;
}

enum nl_status nl_desk_page(struct nl_desk *desk, bool form) {
    json_t *data = desk->call->data;
    struct nl_front_fields fields = {0};
    const json_t *text = nl_desk_text(desk);
    const char *source = text != NULL ? json_string_value(json_object_get(text, "source")) : "";
    enum nl_status status = nl_front_fields_read(source, &fields, desk->err);
    if (status == NL_OK)
        status = add_check(desk, data);
    if (status == NL_OK) {
        nl_data_set(data, "heading", json_string_value(json_object_get(desk->draft, "title")));
        nl_data_set(data, "desk", "desk");
        json_object_set_new(data, "component", json_boolean(nl_component_is_here()));
        if (json_object_get(data, "stale_author") == NULL) {
            nl_data_set(data, "stale_author", "");
            nl_data_set(data, "stale_source", "");
        }
        nl_desk_here(desk, data);
        status = nl_desk_snippets(desk, data);
    }
    if (status == NL_OK)
        status = nl_desk_approval_add(desk, data);
    if (status == NL_OK)
        status = add_lists(desk, data);
    if (status == NL_OK) {
        json_t *proposals = NULL;
        status = nl_office_draft_proposals(&desk->office,
                                           json_string_value(json_object_get(desk->draft, "list")),
                                           &proposals, desk->err);
        json_object_set_new(data, "proposals", proposals != NULL ? proposals : json_object());
    }
    if (status == NL_OK) {
        add_place(desk, data);
        nl_desk_languages(desk, data);
        nl_desk_languages_missing(desk, data);
        if (form)
            nl_desk_form_typed(desk, data);
        else
            nl_desk_form_show(&fields, data);
        add_files(desk, &fields, data);
        nl_desk_dropped_read(desk);
        desk->response->frames = true;
        status = nl_staff_render(desk->call->staff, desk->call->theme, "staff-draft.html",
                                 json_incref(data), desk->response, desk->err);
    }
    nl_front_fields_free(&fields);
    return status;
}
