#include "web/desk.h"

#include "newsletter/bulletin/sample.h"
#include "newsletter/template/data.h"

#include <string.h>

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

enum nl_status nl_desk_preview(struct nl_desk *desk) {
    struct nl_draft_composed composed = {0};
    struct nl_response *response = desk->response;
    enum nl_status status = nl_office_draft_compose(&desk->office, desk->id, &composed, desk->err);
    if (status == NL_OK && composed.whole) {
        const struct nl_view *view =
            &composed.bulletin.views[find_edition(desk, &composed.bulletin)];
        status = nl_sample_fill(nl_buf_text(&view->page), view->page.len, NULL, &response->body,
                                desk->err);
    } else if (status == NL_OK) {
        say_error(desk, &response->body);
    }
    response->framed = true;
    response->type = "text/html; charset=utf-8";
    nl_draft_composed_free(&composed);
    return status;
}
