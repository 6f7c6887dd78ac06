#include "web/desk.h"

#include "newsletter/service/draft_fix.h"
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
    char *text = strdup(desk->text);
    enum nl_status status = text != NULL
                                ? nl_office_draft_read(&desk->office, desk->id, &fresh, desk->err)
                                : nl_error_nomem(desk->err);
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

/* ---- findings ---- */

static int64_t lines_before_text(const struct nl_desk *desk) {
    const json_t *text = nl_desk_text(desk);
    const char *at = text != NULL ? json_string_value(json_object_get(text, "source")) : "";
    int64_t line = 0;
    int markers = 0;
    while (*at != '\0' && markers < 2) {
        size_t len = strcspn(at, "\n");
        markers += len == 3 && strncmp(at, "---", 3) == 0;
        at += len + (at[len] == '\n');
        line++;
    }
    return markers == 2 ? line : 0;
}

/* The field of the form that a finding is about. */
static const char *field_of(const json_t *finding) {
    static const char *const fields[][2] = {{"preheader", "f-preheader"},
                                            {"subject-length", "f-subject"},
                                            {"subject-capitals", "f-subject"},
                                            {"subject-marks", "f-subject"},
                                            {"subject-reply", "f-subject"}};
    static const char *const words[][2] = {
        {"no date '", "f-date"}, {"no title:", "f-title"}, {": embargo '", "f-embargo"}};
    const char *rule = json_string_value(json_object_get(finding, "rule"));
    const char *text = json_string_value(json_object_get(finding, "text"));
    for (size_t i = 0; strcmp(rule, "text") == 0 && i < sizeof words / sizeof words[0]; i++)
        if (strstr(text, words[i][0]) != NULL)
            return words[i][1];
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i][0], rule) == 0)
            return fields[i][1];
    return "";
}

/* The button that fixes a finding: "heading-order 12", "language-mark 3 kk". */
static void add_fix(const json_t *finding, const char *line, const char *body, json_t *item) {
    const char *rule = json_string_value(json_object_get(finding, "rule"));
    const char *text = json_string_value(json_object_get(finding, "text"));
    enum nl_fix_kind kind = nl_draft_fix_kind(rule, text, body);
    struct nl_buf value = {0};
    char language[4] = "";
    if (strcmp(rule, "language-mark") == 0)
        nl_draft_fix_language(text, language);
    if (kind != NL_FIX_NONE)
        nl_buf_addf(&value, "%s %s %s", rule, line[0] != '\0' ? line : "0", language);
    nl_data_set(item, "fix", nl_buf_text(&value));
    json_object_set_new(item, "fix_words", json_boolean(kind == NL_FIX_WORDS));
    nl_buf_free(&value);
}

/* The Markdown of the text that is looked at. */
static const char *body_of(const struct nl_desk *desk, int64_t lines) {
    const json_t *text = nl_desk_text(desk);
    const char *at = text != NULL ? json_string_value(json_object_get(text, "source")) : "";
    for (; lines > 0; lines--)
        at += strcspn(at, "\n") + (at[strcspn(at, "\n")] == '\n');
    return at;
}

void nl_desk_findings(const struct nl_desk *desk, const json_t *findings, json_t *data) {
    json_t *out = json_array();
    int64_t before = lines_before_text(desk);
    size_t at = 0;
    const json_t *finding = NULL;
    json_array_foreach(findings, at, finding) {
        json_t *item = json_deep_copy(finding);
        const char *language = json_string_value(json_object_get(finding, "language"));
        int64_t line = json_integer_value(json_object_get(finding, "line"));
        bool own = language[0] == '\0' || strcmp(language, desk->text) == 0;
        bool error = strcmp(json_string_value(json_object_get(finding, "level")), "error") == 0;
        char number[24] = "";
        if (own && line > before)
            snprintf(number, sizeof number, "%lld", (long long)(line - before));
        nl_data_set(item, "field", number[0] == '\0' && own ? field_of(finding) : "");
        nl_data_set(item, "line", number);
        add_fix(finding, own ? number : "", own ? body_of(desk, before) : "", item);
        if (!own)
            nl_data_set(item, "fix", "");
        nl_data_set(item, "other", own ? "" : language);
        nl_data_set(item, "label",
                    nl_staff_text(desk->call, error ? NL_TEXT("Error") : NL_TEXT("Warning")));
        json_array_append_new(out, item);
    }
    json_object_set_new(data, "findings", out);
}
