#include "web/desk.h"

#include "newsletter/base/zone.h"
#include "newsletter/template/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_versions(const struct nl_desk *desk, const json_t *versions, int64_t chosen) {
    json_t *out = json_array();
    size_t at = 0;
    const json_t *version = NULL;
    json_array_foreach(versions, at, version) {
        char when[NL_ZONE_TEXT_LEN];
        char id[24];
        int64_t number = json_integer_value(json_object_get(version, "id"));
        json_t *item = json_object();
        nl_zone_text(json_integer_value(json_object_get(version, "at")), NULL, when);
        snprintf(id, sizeof id, "%lld", (long long)number);
        nl_data_set(item, "id", id);
        nl_data_set(item, "when", when);
        nl_data_set(item, "author", json_string_value(json_object_get(version, "author")));
        json_object_set_new(item, "present", json_boolean(at == 0));
        json_object_set_new(item, "chosen", json_boolean(number == chosen));
        json_array_append_new(out, item);
    }
    json_object_set_new(desk->call->data, "versions", out);
}

/* How the chosen version became the present text. */
static enum nl_status add_difference(const struct nl_desk *desk, int64_t chosen) {
    struct nl_buf before = {0};
    json_t *lines = NULL;
    json_t *line = NULL;
    size_t at = 0;
    const json_t *text = nl_desk_text(desk);
    enum nl_status status =
        nl_office_draft_version(&desk->office, desk->id, chosen, &before, desk->err);
    if (status == NL_OK && text != NULL)
        status = nl_draft_difference(nl_buf_text(&before),
                                     json_string_value(json_object_get(text, "source")), &lines,
                                     desk->err);
    json_array_foreach(lines, at, line) {
        const char *kind = json_string_value(json_object_get(line, "kind"));
        json_object_set_new(line, "gone", json_boolean(strcmp(kind, "gone") == 0));
        json_object_set_new(line, "new", json_boolean(strcmp(kind, "new") == 0));
        json_object_set_new(line, "gap", json_boolean(strcmp(kind, "gap") == 0));
    }
    json_object_set_new(desk->call->data, "lines", lines != NULL ? lines : json_array());
    nl_buf_free(&before);
    return status;
}

enum nl_status nl_desk_history(struct nl_desk *desk) {
    json_t *data = desk->call->data;
    json_t *versions = NULL;
    char id[24];
    const char *wanted = nl_request_query(desk->call->request, "version");
    int64_t chosen = wanted != NULL ? strtoll(wanted, NULL, 10) : 0;
    enum nl_status status =
        nl_office_draft_history(&desk->office, desk->id, desk->text, &versions, desk->err);
    if (status == NL_OK && chosen != 0)
        status = add_difference(desk, chosen);
    if (status == NL_NOTFOUND) {
        nl_error_free(desk->err);
        chosen = 0;
        status = NL_OK;
    }
    if (status == NL_OK) {
        snprintf(id, sizeof id, "%lld", (long long)desk->id);
        nl_data_set(data, "heading", nl_staff_text(desk->call, NL_TEXT("Versions")));
        nl_data_set(data, "title", json_string_value(json_object_get(desk->draft, "title")));
        nl_data_set(data, "desk", "desk");
        nl_data_set(data, "draft", id);
        nl_data_set(data, "text", desk->text);
        snprintf(id, sizeof id, "%lld", (long long)chosen);
        nl_data_set(data, "version", chosen != 0 ? id : "");
        add_versions(desk, versions, chosen);
        status = nl_staff_render(desk->call->staff, desk->call->theme, "staff-versions.html",
                                 json_incref(data), desk->response, desk->err);
    }
    json_decref(versions);
    return status;
}
