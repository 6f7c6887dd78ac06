#include "web/desk.h"

#include "newsletter/bulletin/front_fields.h"
#include "newsletter/template/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *field(const struct nl_desk *desk, const char *name) {
    return nl_site_field(desk->call->request, name);
}

/* Why something was not done, in words for the page or the script; a failure of ours stays one. */
static enum nl_status answer_failure(struct nl_desk *desk, enum nl_status status, bool form) {
    if (status != NL_DATA && status != NL_EXISTS && status != NL_NOTFOUND && status != NL_USAGE)
        return status;
    int code = status == NL_EXISTS ? 409 : status == NL_NOTFOUND ? 404 : 422;
    struct nl_buf why = {0};
    nl_buf_adds(&why, nl_error_text(desk->err));
    nl_error_free(desk->err);
    if (nl_desk_wants_json(desk)) {
        status = nl_desk_json(desk, code, json_pack("{s:s}", "problem", nl_buf_text(&why)));
    } else {
        nl_desk_refuse(desk, code, nl_buf_text(&why));
        status = nl_desk_page(desk, form);
    }
    nl_buf_free(&why);
    return status;
}

/* ---- saving ---- */

struct attaching {
    struct nl_front_fields *fields;
    enum nl_status status;
    struct nl_error *err;
};

static void take_attachment(const char *name, const char *value, void *ctx) {
    struct attaching *attaching = ctx;
    if (strncmp(name, "attach-", 7) == 0 && value[0] != '\0' && attaching->status == NL_OK)
        attaching->status = nl_front_fields_attach(attaching->fields, value, attaching->err);
}

/* The text that the form stands for. */
static enum nl_status read_form(const struct nl_desk *desk, struct nl_buf *source) {
    struct nl_front_fields fields = {0};
    struct attaching attaching = {&fields, NL_OK, desk->err};
    enum nl_status status = NL_OK;
    for (int i = 0; status == NL_OK && i < NL_FRONT_FIELDS; i++)
        status = nl_front_fields_set(&fields, (enum nl_front_field)i,
                                     field(desk, nl_front_field_names[i]), desk->err);
    nl_request_each_field(desk->call->request, take_attachment, &attaching);
    if (status == NL_OK)
        status = attaching.status;
    nl_buf_adds(&fields.other, field(desk, "other"));
    nl_buf_adds(&fields.body, field(desk, "body"));
    if (status == NL_OK)
        nl_front_fields_write(&fields, source);
    bool failed = fields.other.failed || fields.body.failed || source->failed;
    nl_front_fields_free(&fields);
    return status == NL_OK && failed ? nl_error_nomem(desk->err) : status;
}

static enum nl_status reload(struct nl_desk *desk) {
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
        json_array_foreach(
            json_object_get(fresh, "texts"), at,
            one) if (strcmp(json_string_value(json_object_get(one, "language")), text) == 0)
            desk->text = json_string_value(json_object_get(one, "language"));
    }
    free(text);
    return status;
}

static enum nl_status answer_saved(struct nl_desk *desk) {
    struct nl_draft_composed composed = {0};
    struct nl_buf plain = {0};
    enum nl_status status = reload(desk);
    if (status == NL_OK)
        status = nl_office_draft_compose(&desk->office, desk->id, &composed, desk->err);
    if (status == NL_OK)
        status = nl_desk_plain(desk, &composed, &plain);
    if (status == NL_OK) {
        const json_t *text = nl_desk_text(desk);
        json_t *value = json_object();
        nl_desk_findings(desk, composed.findings, value);
        json_object_set(value, "revision", json_object_get(text, "revision"));
        json_object_set(value, "title", json_object_get(desk->draft, "title"));
        nl_data_set(value, "plain", nl_buf_text(&plain));
        status = nl_desk_json(desk, 200, value);
    }
    nl_buf_free(&plain);
    nl_draft_composed_free(&composed);
    return status;
}

/* Somebody else was quicker: both texts are there, and the choice is made knowingly. */
static enum nl_status answer_stale(struct nl_desk *desk) {
    enum nl_status status = reload(desk);
    if (status != NL_OK)
        return status;
    const json_t *text = nl_desk_text(desk);
    const char *author = json_string_value(json_object_get(text, "author"));
    if (nl_desk_wants_json(desk))
        return nl_desk_json(desk, 409,
                            json_pack("{s:O, s:s}", "revision", json_object_get(text, "revision"),
                                      "author", author != NULL ? author : ""));
    nl_desk_refuse(desk, 409, "");
    nl_data_set(desk->call->data, "stale_author", author);
    nl_data_set(desk->call->data, "stale_source",
                json_string_value(json_object_get(text, "source")));
    return nl_desk_page(desk, true);
}

static enum nl_status save(struct nl_desk *desk, bool keep) {
    struct nl_buf source = {0};
    struct nl_revision seen = {""};
    const char *revision = field(desk, "revision");
    bool stale = false;
    if (strlen(revision) <= NL_REVISION_LEN)
        snprintf(seen.text, sizeof seen.text, "%s", revision);
    enum nl_status status = read_form(desk, &source);
    const struct nl_draft_text text = {desk->text, nl_buf_text(&source), &seen, keep};
    if (status == NL_OK)
        status = nl_office_draft_save(&desk->office, desk->id, &text, &stale, desk->err);
    nl_buf_free(&source);
    if (status != NL_OK)
        return answer_failure(desk, status, true);
    if (stale)
        return answer_stale(desk);
    return nl_desk_wants_json(desk) ? answer_saved(desk) : nl_desk_go(desk, "");
}

/* ---- languages ---- */

/* A new language begins with the fields of the main text, which mostly stay: number, date, files.
 */
static enum nl_status add_language(struct nl_desk *desk) {
    const json_t *main_text = json_array_get(json_object_get(desk->draft, "texts"), 0);
    const char *source = json_string_value(json_object_get(main_text, "source"));
    const struct nl_revision none = {""};
    const char *language = field(desk, "language");
    bool stale = false;
    const struct nl_draft_text text = {language, source != NULL ? source : "---\n---\n", &none,
                                       true};
    enum nl_status status = nl_office_draft_save(&desk->office, desk->id, &text, &stale, desk->err);
    if (status != NL_OK)
        return answer_failure(desk, status, false);
    desk->text = language; /* also where it is there already */
    return nl_desk_go(desk, "");
}

/* ---- files ---- */

/* Appends a picture to the text, for people without scripts. */
static enum nl_status show_picture(struct nl_desk *desk, const char *name) {
    const json_t *text = nl_desk_text(desk);
    struct nl_buf source = {0};
    bool stale = false;
    if (text == NULL)
        return NL_OK;
    struct nl_revision seen = {""};
    snprintf(seen.text, sizeof seen.text, "%s",
             json_string_value(json_object_get(text, "revision")));
    nl_buf_adds(&source, json_string_value(json_object_get(text, "source")));
    nl_buf_adds(&source, "\n![");
    for (const char *p = field(desk, "alt"); *p != '\0'; p++)
        if ((unsigned char)*p >= 0x20)
            nl_buf_addf(&source, strchr("[]\\", *p) != NULL ? "\\%c" : "%c", *p);
    nl_buf_addf(&source, strchr(name, ' ') != NULL ? "](<%s>)\n" : "](%s)\n", name);
    const struct nl_draft_text added = {desk->text, nl_buf_text(&source), &seen, false};
    enum nl_status status =
        source.failed ? nl_error_nomem(desk->err)
                      : nl_office_draft_save(&desk->office, desk->id, &added, &stale, desk->err);
    nl_buf_free(&source);
    return status;
}

static enum nl_status upload(struct nl_desk *desk) {
    struct nl_buf name = {0};
    const char *file = NULL;
    size_t len = 0;
    const char *data = nl_request_file(desk->call->request, "file", &file, &len);
    bool picture = strcmp(field(desk, "action"), "picture") == 0;
    if (data == NULL || file[0] == '\0') {
        (void)nl_error_set(desk->err, NL_DATA, "choose a file first");
        return answer_failure(desk, NL_DATA, false);
    }
    const struct nl_draft_upload one = {file, data, len, picture};
    enum nl_status status =
        nl_office_draft_file_add(&desk->office, desk->id, &one, &name, desk->err);
    if (status == NL_OK && picture && !nl_desk_wants_json(desk))
        status = show_picture(desk, nl_buf_text(&name));
    if (status != NL_OK)
        status = answer_failure(desk, status, false);
    else if (nl_desk_wants_json(desk))
        status = nl_desk_json(desk, 200, json_pack("{s:s}", "name", nl_buf_text(&name)));
    else
        status = nl_desk_go(desk, "");
    nl_buf_free(&name);
    return status;
}

/* ---- dispatch ---- */

static enum nl_status bring_back(struct nl_desk *desk) {
    struct nl_buf source = {0};
    bool stale = false;
    enum nl_status status = nl_office_draft_version(
        &desk->office, desk->id, strtoll(field(desk, "version"), NULL, 10), &source, desk->err);
    const struct nl_draft_text text = {desk->text, nl_buf_text(&source), NULL, true};
    if (status == NL_OK)
        status = nl_office_draft_save(&desk->office, desk->id, &text, &stale, desk->err);
    nl_buf_free(&source);
    return status == NL_OK ? nl_desk_go(desk, "") : answer_failure(desk, status, false);
}

static enum nl_status remove_draft(struct nl_desk *desk) {
    if (strcmp(field(desk, "sure"), "yes") != 0)
        return nl_desk_go(desk, "");
    enum nl_status status = nl_office_draft_remove(&desk->office, desk->id, desk->err);
    return status == NL_OK
               ? nl_staff_redirect(desk->call->staff, "/drafts", desk->response, desk->err)
               : answer_failure(desk, status, false);
}

enum nl_status nl_desk_act(struct nl_desk *desk) {
    const char *action = field(desk, "action");
    enum nl_status status = NL_OK;
    if (strcmp(action, "picture") == 0 || strcmp(action, "attachment") == 0)
        return upload(desk);
    if (strcmp(action, "language") == 0)
        return add_language(desk);
    if (strcmp(action, "bring-back") == 0)
        return bring_back(desk);
    if (strcmp(action, "remove") == 0)
        return remove_draft(desk);
    if (strcmp(action, "remove-language") == 0 && strcmp(field(desk, "sure"), "yes") == 0)
        status = nl_office_draft_language_remove(&desk->office, desk->id, desk->text, desk->err);
    else if (strcmp(action, "remove-file") == 0)
        status =
            nl_office_draft_file_remove(&desk->office, desk->id, field(desk, "name"), desk->err);
    else
        return save(desk, strcmp(action, "keep") == 0);
    return status == NL_OK ? nl_desk_go(desk, "") : answer_failure(desk, status, false);
}
