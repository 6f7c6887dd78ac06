#include "newsletter/service/draft_merge.h"
#include "service/draft_change.h"

#include <string.h>

/* Somebody may save again while we merge; not for ever. */
enum { TRIES = 5 };

/* The present text in a language, "" without one. It belongs to *draft. */
static enum nl_status read_present(const struct nl_office *office, int64_t id, const char *language,
                                   json_t **draft, const char **source, struct nl_error *err) {
    size_t at = 0;
    const json_t *text = NULL;
    *source = "";
    enum nl_status status = nl_office_draft_read(office, id, draft, err);
    json_array_foreach(json_object_get(*draft, "texts"), at, text) {
        if (strcmp(json_string_value(json_object_get(text, "language")), language) == 0)
            *source = json_string_value(json_object_get(text, "source"));
    }
    return status;
}

static enum nl_status merge_once(const struct nl_office *office, int64_t id,
                                 const struct nl_draft_text *text, const char *base,
                                 enum nl_merge_choice choice, struct nl_draft_saved *out,
                                 struct nl_error *err) {
    json_t *draft = NULL;
    const char *present = "";
    struct nl_buf merged = {0};
    struct nl_revision expected = {""};
    json_decref(out->conflicts);
    out->conflicts = NULL;
    enum nl_status status = read_present(office, id, text->language, &draft, &present, err);
    if (status == NL_OK)
        status = nl_draft_revision(present, &expected, err);
    if (status == NL_OK)
        nl_draft_merge(base, text->source, present, choice, &merged, &out->conflicts);
    if (status == NL_OK && json_array_size(out->conflicts) == 0) {
        const struct nl_draft_text whole = {text->language, nl_buf_text(&merged), &expected,
                                            text->keep};
        status = nl_office_draft_save(office, id, &whole, &out->stale, err);
        out->merged = status == NL_OK && !out->stale;
    }
    nl_buf_free(&merged);
    json_decref(draft);
    return status;
}

enum nl_status nl_office_draft_save_merged(const struct nl_office *office, int64_t id,
                                           const struct nl_draft_text *text, const char *base,
                                           enum nl_merge_choice choice, struct nl_draft_saved *out,
                                           struct nl_error *err) {
    struct nl_buf from = {0};
    struct nl_buf mine = {0};
    struct nl_revision revision = {""};
    *out = (struct nl_draft_saved){0};
    enum nl_status status = nl_office_draft_save(office, id, text, &out->stale, err);
    if (status != NL_OK || !out->stale || text->expected == NULL)
        return status;
    status = nl_draft_take_text(base, strlen(base), "the text", &from, err);
    if (status == NL_OK)
        status = nl_draft_take_text(text->source, strlen(text->source), "the text", &mine, err);
    if (status == NL_OK)
        status = nl_draft_revision(nl_buf_text(&from), &revision, err);
    bool known = status == NL_OK && strcmp(revision.text, text->expected->text) == 0;
    const struct nl_draft_text clean = {text->language, nl_buf_text(&mine), NULL, text->keep};
    for (int i = 0; i < TRIES && known && status == NL_OK && out->stale; i++) {
        status = merge_once(office, id, &clean, nl_buf_text(&from), choice, out, err);
        if (json_array_size(out->conflicts) > 0)
            break;
    }
    nl_buf_free(&from);
    nl_buf_free(&mine);
    return status;
}
