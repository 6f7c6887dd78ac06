#include "web/desk.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/zone.h"
#include "newsletter/service/approvals.h"
#include "newsletter/template/data.h"

#include <stdio.h>
#include <string.h>

static const char *field(const struct nl_desk *desk, const char *name) {
    return nl_site_field(desk->call->request, name);
}

static void set_number(json_t *data, const char *name, const json_t *facts) {
    char text[24];
    snprintf(text, sizeof text, "%lld",
             (long long)json_integer_value(json_object_get(facts, name)));
    nl_data_set(data, name, text);
}

static void set_moment(json_t *data, const char *name, const json_t *facts, const char *member) {
    char when[NL_ZONE_TEXT_LEN];
    nl_zone_text(json_integer_value(json_object_get(facts, member)), NULL, when);
    nl_data_set(data, name, when);
}

static const char *label_of(const struct nl_desk *desk, const char *state) {
    static const struct {
        const char *state, *label;
    } labels[] = {
        {"none", NL_TEXT("Nobody was asked yet")},
        {"open", NL_TEXT("Waits for approval")},
        {"approved", NL_TEXT("Approved")},
        {"returned", NL_TEXT("Returned")},
        {"withdrawn", NL_TEXT("Changed since it was asked for: ask again")},
    };
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (strcmp(labels[i].state, state) == 0)
            return nl_staff_text(desk->call, labels[i].label);
    return "";
}

/* The language of the text that a passage stands in, by its first line, where that is another one
 * than the text on the page. */
static const char *other_text_with(const struct nl_desk *desk, const char *passage) {
    const char *other = "";
    struct nl_buf line = {0};
    size_t at = 0;
    const json_t *text = NULL;
    nl_buf_add(&line, passage, strcspn(passage, "\r\n"));
    json_array_foreach(json_object_get(desk->draft, "texts"), at, text) {
        const char *language = json_string_value(json_object_get(text, "language"));
        bool has = line.len > 0 && strstr(json_string_value(json_object_get(text, "source")),
                                          nl_buf_text(&line)) != NULL;
        if (has && strcmp(language, desk->text) == 0) {
            other = "";
            break;
        }
        if (has && other[0] == '\0')
            other = language;
    }
    nl_buf_free(&line);
    return other;
}

static json_t *words_of(const struct nl_desk *desk, const json_t *said) {
    static const char *const labels[] = {NL_TEXT("Approved"), NL_TEXT("Returned"),
                                         NL_TEXT("Comment")};
    json_t *out = json_array();
    size_t at = 0;
    const json_t *word = NULL;
    json_array_foreach(said, at, word) {
        json_t *item = json_object();
        const char *kind = json_string_value(json_object_get(word, "kind"));
        size_t which = 0;
        while (which < 2 && strcmp(nl_approval_kinds[which], kind) != 0)
            which++;
        const char *passage = json_string_value(json_object_get(word, "passage"));
        char place[24];
        snprintf(place, sizeof place, "%zu", at);
        set_moment(item, "when", word, "at");
        nl_data_set(item, "at", place);
        nl_data_set(item, "author", json_string_value(json_object_get(word, "author")));
        nl_data_set(item, "label", nl_staff_text(desk->call, labels[which]));
        nl_data_set(item, "passage", passage);
        nl_data_set(item, "other", other_text_with(desk, passage != NULL ? passage : ""));
        nl_data_set(item, "words", json_string_value(json_object_get(word, "words")));
        json_array_append_new(out, item);
    }
    return out;
}

static void mark_lines(json_t *lines) {
    size_t at = 0;
    json_t *line = NULL;
    json_array_foreach(lines, at, line) {
        const char *kind = json_string_value(json_object_get(line, "kind"));
        json_object_set_new(line, "gone", json_boolean(strcmp(kind, "gone") == 0));
        json_object_set_new(line, "new", json_boolean(strcmp(kind, "new") == 0));
        json_object_set_new(line, "gap", json_boolean(strcmp(kind, "gap") == 0));
    }
}

/* Each language with what has changed in it. */
static enum nl_status add_texts(const struct nl_desk *desk) {
    json_t *out = json_array();
    size_t at = 0;
    const json_t *text = NULL;
    enum nl_status status = NL_OK;
    json_array_foreach(json_object_get(desk->draft, "texts"), at, text) {
        json_t *lines = NULL;
        bool before = false;
        const char *language = json_string_value(json_object_get(text, "language"));
        if (status == NL_OK)
            status = nl_office_approval_difference(
                &desk->office, desk->id, language,
                json_string_value(json_object_get(text, "source")), &before, &lines, desk->err);
        mark_lines(lines);
        json_t *item = json_object();
        nl_data_set(item, "code", language);
        json_object_set_new(item, "before", json_boolean(before));
        json_object_set_new(item, "lines", lines != NULL ? lines : json_array());
        json_array_append_new(out, item);
    }
    json_object_set_new(desk->call->data, "texts", out);
    return status;
}

/* The state of its approval, for both pages. */
static void add_facts(const struct nl_desk *desk, const json_t *facts, json_t *data) {
    bool made = json_is_integer(json_object_get(desk->draft, "issue"));
    const char *state = json_string_value(json_object_get(facts, "state"));
    const json_t *said = json_object_get(facts, "said");
    bool asked = strcmp(state, "open") == 0 || strcmp(state, "approved") == 0;
    nl_data_set(data, "state_label", label_of(desk, state));
    json_object_set_new(data, "may_ask", json_boolean(!made && !asked));
    json_object_set_new(data, "any_said", json_boolean(json_array_size(said) > 0));
    json_object_set_new(data, "said", words_of(desk, said));
}

enum nl_status nl_desk_approval_add(const struct nl_desk *desk, json_t *data) {
    json_t *facts = NULL;
    const char *list = json_string_value(json_object_get(desk->draft, "list"));
    bool needed = nl_config_approvals(desk->office.config, list) > 0;
    json_object_set_new(data, "approval", json_boolean(needed));
    enum nl_status status =
        needed ? nl_office_approval_read(&desk->office, desk->id, &facts, desk->err) : NL_OK;
    if (status == NL_OK && needed)
        add_facts(desk, facts, data);
    json_decref(facts);
    return status;
}

enum nl_status nl_desk_approval_page(struct nl_desk *desk, bool may_approve) {
    json_t *data = desk->call->data;
    json_t *facts = NULL;
    enum nl_status status = nl_office_approval_read(&desk->office, desk->id, &facts, desk->err);
    const char *state = json_string_value(json_object_get(facts, "state"));
    if (status == NL_OK)
        status = add_texts(desk);
    if (status == NL_OK) {
        bool made = json_is_integer(json_object_get(desk->draft, "issue"));
        bool open = strcmp(state, "open") == 0;
        char id[24];
        snprintf(id, sizeof id, "%lld", (long long)desk->id);
        nl_data_set(data, "heading", nl_staff_text(desk->call, NL_TEXT("Approval")));
        nl_data_set(data, "title", json_string_value(json_object_get(desk->draft, "title")));
        nl_data_set(data, "desk", "desk");
        nl_data_set(data, "draft", id);
        nl_data_set(data, "text", desk->text);
        desk->response->frames = true;
        add_facts(desk, facts, data);
        nl_data_set(data, "seal", json_string_value(json_object_get(facts, "digest")));
        nl_data_set(data, "asked_by", json_string_value(json_object_get(facts, "asked_by")));
        nl_data_set(data, "asked_words", json_string_value(json_object_get(facts, "words")));
        set_moment(data, "asked_at", facts, "asked_at");
        set_number(data, "needed", facts);
        set_number(data, "given", facts);
        json_object_set_new(data, "may_answer", json_boolean(!made && open && may_approve));
        status = nl_staff_render(desk->call->staff, desk->call->theme, "staff-approval.html",
                                 json_incref(data), desk->response, desk->err);
    }
    json_decref(facts);
    return status;
}

static enum nl_status carry_out(struct nl_desk *desk, bool may_approve) {
    const char *action = field(desk, "action");
    struct nl_office_answer answer = {.draft = desk->id,
                                      .kind = NL_APPROVAL_COMMENT,
                                      .seal = field(desk, "seal"),
                                      .passage = field(desk, "passage"),
                                      .words = field(desk, "words")};
    if (strcmp(action, "ask") == 0)
        return nl_office_approval_ask(&desk->office, desk->id, field(desk, "words"), desk->err);
    if (!may_approve)
        return nl_error_set(
            desk->err, NL_DATA, "%s",
            nl_staff_text(desk->call,
                          NL_TEXT("Your account may not do this. Ask an administrator.")));
    for (int kind = 0; nl_approval_kinds[kind] != NULL; kind++)
        if (strcmp(nl_approval_kinds[kind], action) == 0)
            answer.kind = (enum nl_approval_kind)kind;
    return nl_office_approval_answer(&desk->office, &answer, desk->err);
}

enum nl_status nl_desk_approval(struct nl_desk *desk, bool may_approve) {
    enum nl_status status = carry_out(desk, may_approve);
    if (status == NL_OK) {
        if (desk->call->staff->notices != NULL)
            nl_mailer_wake_fully(desk->call->staff->notices);
        return nl_desk_go(desk, "/approval");
    }
    if (status != NL_DATA && status != NL_EXISTS)
        return status;
    desk->response->status = status == NL_EXISTS ? 409 : 422;
    nl_staff_explain(desk->call, "problem", desk->err);
    nl_error_free(desk->err);
    return nl_desk_approval_page(desk, may_approve);
}
