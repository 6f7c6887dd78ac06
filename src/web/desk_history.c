#include "web/desk.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/zone.h"
#include "newsletter/template/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_versions(const struct nl_desk *desk, const json_t *versions, int64_t chosen,
                         int64_t with) {
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
        json_object_set_new(item, "with", json_boolean(number == with));
        json_array_append_new(out, item);
    }
    json_object_set_new(desk->call->data, "versions", out);
}

/* A version, or with 0 the present text. */
static enum nl_status read_text(const struct nl_desk *desk, int64_t version, struct nl_buf *out) {
    const json_t *text = nl_desk_text(desk);
    if (version != 0)
        return nl_office_draft_version(&desk->office, desk->id, version, out, desk->err);
    nl_buf_adds(out, text != NULL ? json_string_value(json_object_get(text, "source")) : "");
    return NL_OK;
}

/* How the chosen version became another one, side by side. */
static enum nl_status add_difference(const struct nl_desk *desk, int64_t chosen, int64_t with) {
    struct nl_buf before = {0};
    struct nl_buf after = {0};
    json_t *rows = NULL;
    json_t *row = NULL;
    size_t at = 0;
    enum nl_status status = read_text(desk, chosen, &before);
    if (status == NL_OK)
        status = read_text(desk, with, &after);
    if (status == NL_OK)
        rows = nl_draft_compare(nl_buf_text(&before), nl_buf_text(&after));
    json_array_foreach(rows, at, row) {
        const char *kind = json_string_value(json_object_get(row, "kind"));
        json_object_set_new(row, "gap", json_boolean(strcmp(kind, "gap") == 0));
        json_object_set_new(row, "changed", json_boolean(strcmp(kind, "changed") == 0));
    }
    bool any = json_array_size(rows) > 0 && strcmp(nl_buf_text(&before), nl_buf_text(&after)) != 0;
    json_object_set_new(desk->call->data, "differs", json_boolean(any));
    json_object_set_new(desk->call->data, "rows", rows != NULL ? rows : json_array());
    nl_buf_free(&before);
    nl_buf_free(&after);
    return status;
}

static int64_t version_of(const struct nl_desk *desk, const char *name) {
    const char *wanted = nl_request_query(desk->call->request, name);
    return wanted != NULL ? strtoll(wanted, NULL, 10) : 0;
}

enum nl_status nl_desk_history(struct nl_desk *desk) {
    json_t *data = desk->call->data;
    json_t *versions = NULL;
    char id[24];
    int64_t chosen = version_of(desk, "version");
    int64_t with = version_of(desk, "with");
    enum nl_status status =
        nl_office_draft_history(&desk->office, desk->id, desk->text, &versions, desk->err);
    if (status == NL_OK && chosen != 0)
        status = add_difference(desk, chosen, with);
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
        add_versions(desk, versions, chosen, with);
        status = nl_staff_render(desk->call->staff, desk->call->theme, "staff-versions.html",
                                 json_incref(data), desk->response, desk->err);
    }
    json_decref(versions);
    return status;
}
