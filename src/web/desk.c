#include "web/desk.h"

#include "newsletter/base/memory.h"
#include "newsletter/template/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const json_t *nl_desk_text(const struct nl_desk *desk) {
    size_t at = 0;
    const json_t *text = NULL;
    json_array_foreach(json_object_get(desk->draft, "texts"), at,
                       text) if (strcmp(json_string_value(json_object_get(text, "language")),
                                        desk->text) == 0) return text;
    return NULL;
}

bool nl_desk_wants_json(const struct nl_desk *desk) {
    const char *accept = nl_request_header(desk->call->request, "Accept");
    return accept != NULL && strcmp(accept, "application/json") == 0;
}

enum nl_status nl_desk_json(const struct nl_desk *desk, int status, json_t *value) {
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    if (text == NULL)
        return nl_error_nomem(desk->err);
    desk->response->status = status;
    desk->response->type = "application/json";
    nl_buf_adds(&desk->response->body, text);
    free(text);
    return NL_OK;
}

enum nl_status nl_desk_go(const struct nl_desk *desk, const char *page) {
    struct nl_buf path = {0};
    nl_buf_addf(&path, "/draft/%lld%s?text=%s", (long long)desk->id, page, desk->text);
    enum nl_status status =
        nl_staff_redirect(desk->call->staff, nl_buf_text(&path), desk->response, desk->err);
    nl_buf_free(&path);
    return status;
}

void nl_desk_refuse(const struct nl_desk *desk, int status, const char *why) {
    desk->response->status = status;
    nl_data_set(desk->call->data, "problem", why);
}

/* ---- the draft ---- */

enum nl_status nl_desk_reload(struct nl_desk *desk) {
    json_t *fresh = NULL;
    char *text = nl_strdup(desk->text);
    enum nl_status status = nl_office_draft_read(&desk->office, desk->id, &fresh, desk->err);
    if (status == NL_OK) {
        const json_t *one = NULL;
        size_t at = 0;
        json_decref(desk->draft);
        desk->draft = fresh;
        desk->text = "";
        json_array_foreach(json_object_get(fresh, "texts"), at, one) {
            const char *language = json_string_value(json_object_get(one, "language"));
            if (strcmp(language, text) == 0)
                desk->text = language;
        }
    }
    free(text);
    return status;
}
