#include "web/desk.h"

#include "newsletter/base/catalog.h"
#include "newsletter/bulletin/message.h"
#include "newsletter/bulletin/preview.h"
#include "newsletter/bulletin/sample.h"
#include "newsletter/template/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Attributes that the page offers to look at. */
enum { ASKED_MOST = 20 };

/* The edition in the language that is looked at; the first where it has none. */
static size_t find_edition(const struct nl_desk *desk, const struct nl_bulletin *bulletin) {
    for (size_t i = 0; i < bulletin->view_count; i++)
        if (strcmp(nl_bulletin_edition(bulletin, i).language, desk->text) == 0)
            return i;
    return 0;
}

enum nl_status nl_desk_plain(const struct nl_desk *desk, const struct nl_draft_composed *composed,
                             struct nl_buf *out) {
    if (!composed->whole)
        return NL_OK;
    const struct nl_view *view = &composed->bulletin.views[find_edition(desk, &composed->bulletin)];
    return nl_sample_fill(nl_buf_text(&view->text), view->text.len, NULL, out, desk->err);
}

static void say_error(const struct nl_desk *desk, struct nl_buf *out) {
    json_t *data = nl_site_data(desk->call->staff->site, desk->call->theme, NULL);
    nl_buf_addf(
        out,
        "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"%s\">\n<meta charset=\"utf-8\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>%s</title>\n"
        "<p style=\"font:16px/1.5 sans-serif\">%s</p>\n</html>\n",
        json_string_value(json_object_get(data, "language")),
        json_string_value(json_object_get(data, "direction")),
        nl_staff_text(desk->call, NL_TEXT("Preview")),
        nl_staff_text(desk->call, NL_TEXT("There is an error in the text: correct it, and the "
                                          "preview comes back.")));
    json_decref(data);
}

/* ---- for whom ---- */

static enum nl_status add_asked(const char *name, void *ctx, struct nl_error *err) {
    json_t *names = ctx;
    size_t at = 0;
    const json_t *item = NULL;
    (void)err;
    json_array_foreach(names, at, item) {
        if (strcmp(json_string_value(json_object_get(item, "name")), name) == 0)
            return NL_OK;
    }
    if (json_array_size(names) < ASKED_MOST) {
        char number[16];
        snprintf(number, sizeof number, "%zu", json_array_size(names));
        json_array_append_new(names, json_pack("{s:s, s:s}", "name", name, "number", number));
    }
    return NL_OK;
}

enum nl_status nl_desk_asked(const struct nl_desk *desk, const struct nl_draft_composed *composed,
                             json_t *data) {
    struct nl_message *message = NULL;
    json_t *names = json_array();
    enum nl_status status = NL_OK;
    json_object_set_new(data, "asked", names);
    if (!composed->whole)
        return NL_OK;
    const struct nl_view *view = &composed->bulletin.views[find_edition(desk, &composed->bulletin)];
    status = nl_message_parse(nl_buf_text(&view->text), view->text.len, &message, desk->err);
    if (status == NL_OK)
        status = nl_message_attributes(message, add_asked, names, desk->err);
    nl_message_free(message);
    return status;
}

/* The attributes of the reader that the page asks for, as with-0=press. */
static char *read_attributes(const struct nl_desk *desk) {
    json_t *attributes = json_object();
    for (int i = 0; i < ASKED_MOST; i++) {
        char name[16];
        snprintf(name, sizeof name, "with-%d", i);
        const char *value = nl_request_query(desk->call->request, name);
        if (value != NULL && value[0] != '\0')
            nl_data_set(attributes, value, "yes");
    }
    char *text = json_dumps(attributes, JSON_COMPACT);
    json_decref(attributes);
    return text;
}

static enum nl_status show_mail(const struct nl_desk *desk, const struct nl_view *view,
                                struct nl_buf *out) {
    const char *scheme = nl_request_query(desk->call->request, "scheme");
    char *attributes = read_attributes(desk);
    struct nl_buf page = {0};
    enum nl_status status =
        nl_sample_fill_with(nl_buf_text(&view->page), view->page.len, attributes, &page, desk->err);
    if (status == NL_OK && scheme != NULL && scheme[0] != '\0')
        nl_preview_scheme(nl_buf_text(&page), strcmp(scheme, "dark") == 0, out);
    else if (status == NL_OK)
        nl_buf_add(out, nl_buf_text(&page), page.len);
    nl_buf_free(&page);
    free(attributes);
    return status;
}

enum nl_status nl_desk_preview(struct nl_desk *desk) {
    struct nl_draft_composed composed = {0};
    struct nl_response *response = desk->response;
    enum nl_status status = nl_office_draft_compose(&desk->office, desk->id, &composed, desk->err);
    if (status == NL_OK && composed.whole) {
        status = show_mail(desk, &composed.bulletin.views[find_edition(desk, &composed.bulletin)],
                           &response->body);
    } else if (status == NL_OK) {
        say_error(desk, &response->body);
    }
    response->framed = true;
    response->type = "text/html; charset=utf-8";
    nl_draft_composed_free(&composed);
    return status;
}
