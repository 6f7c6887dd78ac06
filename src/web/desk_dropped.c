#include "web/desk.h"

#include "newsletter/base/catalog.h"
#include "newsletter/template/data.h"

#include <stdlib.h>

static const char *const words[NL_DROPPED_KINDS] = {
    [NL_DROPPED_ACTIVE] = NL_TEXT("scripts and embedded pages"),
    [NL_DROPPED_FORM] = NL_TEXT("fields of forms"),
    [NL_DROPPED_PICTURE] = NL_TEXT("pictures that are not in the document"),
    [NL_DROPPED_OBJECT] = NL_TEXT("drawings, charts and other objects"),
    [NL_DROPPED_COMMENT] = NL_TEXT("comments"),
    [NL_DROPPED_DELETED] = NL_TEXT("deleted text"),
    [NL_DROPPED_LINK] = NL_TEXT("links that readers cannot open"),
    [NL_DROPPED_EMPHASIS] = NL_TEXT("bold or italic parts of words"),
    [NL_DROPPED_CELL] = NL_TEXT("joined cells of tables"),
    [NL_DROPPED_HIDDEN] = NL_TEXT("hidden text"),
};

void nl_desk_dropped(const struct nl_staff_call *call, const struct nl_draft_dropped *dropped,
                     struct nl_buf *out) {
    const json_t *given = json_object_get(call->data, "comma");
    const char *comma = given != NULL ? json_string_value(given) : ", ";
    for (size_t i = 0; i < NL_DROPPED_KINDS; i++)
        if (dropped->counts[i] > 0)
            nl_buf_addf(out, "%s%s (%zu)", out->len > 0 ? comma : "", nl_staff_text(call, words[i]),
                        dropped->counts[i]);
}

void nl_desk_dropped_query(const struct nl_draft_dropped *dropped, struct nl_buf *path) {
    for (size_t i = 0; i < NL_DROPPED_KINDS; i++)
        if (dropped->counts[i] > 0)
            nl_buf_addf(path, "&%s=%zu", nl_dropped_names[i], dropped->counts[i]);
}

void nl_desk_dropped_read(const struct nl_desk *desk) {
    struct nl_draft_dropped dropped = {0};
    struct nl_buf text = {0};
    for (size_t i = 0; i < NL_DROPPED_KINDS; i++) {
        const char *count = nl_request_query(desk->call->request, nl_dropped_names[i]);
        dropped.counts[i] = count != NULL ? strtoul(count, NULL, 10) % 100000 : 0;
    }
    nl_desk_dropped(desk->call, &dropped, &text);
    nl_data_set(desk->call->data, "dropped", nl_buf_text(&text));
    nl_buf_free(&text);
}
