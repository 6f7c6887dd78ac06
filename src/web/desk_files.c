#include "web/desk.h"

#include "newsletter/base/catalog.h"
#include "newsletter/template/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *field(const struct nl_desk *desk, const char *name) {
    return nl_site_field(desk->call->request, name);
}

/* ---- adding to the text, for people without scripts ---- */

static enum nl_status append(struct nl_desk *desk, const char *markdown) {
    const json_t *text = nl_desk_text(desk);
    struct nl_buf source = {0};
    bool stale = false;
    if (text == NULL)
        return NL_OK;
    struct nl_revision seen = {""};
    snprintf(seen.text, sizeof seen.text, "%s",
             json_string_value(json_object_get(text, "revision")));
    nl_buf_addf(&source, "%s\n%s", json_string_value(json_object_get(text, "source")), markdown);
    const struct nl_draft_text added = {desk->text, nl_buf_text(&source), &seen, false};
    enum nl_status status =
        nl_office_draft_save(&desk->office, desk->id, &added, &stale, desk->err);
    nl_buf_free(&source);
    if (status == NL_OK && stale)
        return nl_error_set(
            desk->err, NL_EXISTS, "%s",
            nl_staff_text(desk->call, NL_TEXT("Somebody else has changed this text")));
    return status;
}

static enum nl_status show_picture(struct nl_desk *desk, const char *name) {
    struct nl_buf markdown = {0};
    nl_buf_adds(&markdown, "![");
    for (const char *p = field(desk, "alt"); *p != '\0'; p++)
        if ((unsigned char)*p >= 0x20)
            nl_buf_addf(&markdown, strchr("[]\\", *p) != NULL ? "\\%c" : "%c", *p);
    nl_buf_addf(&markdown, strchr(name, ' ') != NULL ? "](<%s>)\n" : "](%s)\n", name);
    enum nl_status status = append(desk, nl_buf_text(&markdown));
    nl_buf_free(&markdown);
    return status;
}

/* ---- what the forms do ---- */

enum nl_status nl_desk_upload(struct nl_desk *desk) {
    struct nl_buf name = {0};
    const char *file = NULL;
    size_t len = 0;
    const char *data = nl_request_file(desk->call->request, "file", &file, &len);
    bool picture = strcmp(field(desk, "action"), "picture") == 0;
    if (data == NULL || file[0] == '\0') {
        (void)nl_error_set(desk->err, NL_DATA, NL_TEXT("choose a file first"));
        return nl_desk_failure(desk, NL_DATA, false);
    }
    const struct nl_draft_upload one = {file, data, len, picture};
    enum nl_status status =
        nl_office_draft_file_add(&desk->office, desk->id, &one, &name, desk->err);
    if (status == NL_OK && picture && !nl_desk_wants_json(desk))
        status = show_picture(desk, nl_buf_text(&name));
    if (status != NL_OK)
        status = nl_desk_failure(desk, status, false);
    else if (nl_desk_wants_json(desk))
        status = nl_desk_json(desk, 200, json_pack("{s:s}", "name", nl_buf_text(&name)));
    else
        status = nl_desk_go(desk, "");
    nl_buf_free(&name);
    return status;
}

/* The document stands in a file, or, where a script took it from the clipboard, in a field. */
static struct nl_buf document_of(const struct nl_desk *desk) {
    const char *file = NULL;
    size_t len = 0;
    const char *data = nl_request_file(desk->call->request, "file", &file, &len);
    if (data == NULL || len == 0) {
        data = field(desk, "html");
        len = strlen(data);
    }
    return (struct nl_buf){.data = (char *)data, .len = len};
}

static enum nl_status answer_document(struct nl_desk *desk, const struct nl_buf *text,
                                      const struct nl_draft_dropped *dropped) {
    struct nl_buf path = {0};
    enum nl_status status = NL_OK;
    if (nl_desk_wants_json(desk)) {
        nl_desk_dropped(desk->call, dropped, &path);
        status = nl_desk_json(
            desk, 200,
            json_pack("{s:s, s:s}", "text", nl_buf_text(text), "dropped", nl_buf_text(&path)));
    } else if ((status = append(desk, nl_buf_text(text))) == NL_OK) {
        nl_buf_addf(&path, "/draft/%lld?text=%s", (long long)desk->id, desk->text);
        nl_desk_dropped_query(dropped, &path);
        status =
            nl_staff_redirect(desk->call->staff, nl_buf_text(&path), desk->response, desk->err);
    }
    nl_buf_free(&path);
    return status;
}

enum nl_status nl_desk_document(struct nl_desk *desk) {
    const struct nl_buf data = document_of(desk);
    struct nl_draft_dropped dropped = {0};
    struct nl_buf text = {0};
    enum nl_status status =
        data.len == 0
            ? nl_error_set(desk->err, NL_DATA, NL_TEXT("choose a file first"))
            : nl_office_draft_document(&desk->office, desk->id, &data, &text, &dropped, desk->err);
    if (status == NL_OK)
        status = answer_document(desk, &text, &dropped);
    if (status != NL_OK)
        status = nl_desk_failure(desk, status, false);
    nl_buf_free(&text);
    return status;
}
