#include "web/desk.h"

#include "newsletter/base/memory.h"
#include "newsletter/service/boilerplates.h"
#include "newsletter/service/draft_fix.h"
#include "newsletter/service/draft_library.h"
#include "newsletter/service/draft_merge.h"
#include "newsletter/template/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *field(const struct nl_desk *desk, const char *name) {
    return nl_site_field(desk->call->request, name);
}

/* ---- answers ---- */

/* Tells the browser what it has to know. Its own text and the revision of that are the base of its
 * next save, where more has been typed since; else the merged text is. */
static enum nl_status answer_saved(struct nl_desk *desk, const char *sent, bool merged) {
    struct nl_draft_composed composed = {0};
    struct nl_buf plain = {0};
    struct nl_revision own = {""};
    json_t *value = json_object();
    enum nl_status status = nl_desk_reload(desk);
    if (status == NL_OK)
        status = nl_office_draft_compose(&desk->office, desk->id, &composed, desk->err);
    if (status == NL_OK)
        status = nl_desk_plain(desk, &composed, &plain);
    if (status == NL_OK)
        status = nl_desk_asked(desk, &composed, value);
    if (status == NL_OK)
        status = nl_desk_add_form(desk, value);
    if (status == NL_OK)
        status = nl_draft_revision(sent, &own, desk->err);
    if (status == NL_OK) {
        nl_desk_findings(desk, composed.findings, value);
        nl_desk_languages(desk, value);
        json_object_set(value, "title", json_object_get(desk->draft, "title"));
        json_object_set_new(value, "merged", json_boolean(merged));
        nl_data_set(value, "sent", sent);
        nl_data_set(value, "sent_revision", own.text);
        nl_data_set(value, "plain", nl_buf_text(&plain));
        nl_desk_here(desk, value);
        status = nl_desk_json(desk, 200, value);
    } else {
        json_decref(value);
    }
    nl_buf_free(&plain);
    nl_draft_composed_free(&composed);
    return status;
}

/* Both have changed the same paragraph: the writer chooses knowingly. */
static enum nl_status answer_stale(struct nl_desk *desk, json_t *conflicts) {
    char *base = nl_strdup(field(desk, "base"));
    json_t *data = desk->call->data;
    enum nl_status status = nl_desk_reload(desk);
    const json_t *text = nl_desk_text(desk);
    const char *author = text != NULL ? json_string_value(json_object_get(text, "author")) : "";
    if (status == NL_OK && nl_desk_wants_json(desk)) {
        status = nl_desk_json(desk, 409,
                              json_pack("{s:O, s:s}", "revision", json_object_get(text, "revision"),
                                        "author", author != NULL ? author : ""));
    } else if (status == NL_OK) {
        nl_desk_refuse(desk, 409, "");
        nl_data_set(data, "stale_author", author);
        nl_data_set(data, "stale_source",
                    text != NULL ? json_string_value(json_object_get(text, "source")) : "");
        nl_data_set(data, "stale_revision", field(desk, "revision"));
        nl_data_set(data, "stale_base", base);
        json_object_set(data, "conflicts", conflicts != NULL ? conflicts : json_null());
        json_object_set_new(data, "choices", json_boolean(json_array_size(conflicts) > 0));
        status = nl_desk_page(desk, true);
    }
    free(base);
    return status;
}

/* The button that puts a snippet into the text saves the form with it. */
static enum nl_status add_snippet(const struct nl_desk *desk, struct nl_buf *source) {
    int64_t id = strtoll(field(desk, "snippet"), NULL, 10);
    struct nl_buf whole = {0};
    if (strcmp(field(desk, "action"), "snippet") != 0 || id <= 0)
        return NL_OK;
    enum nl_status status = nl_desk_snippet_check(desk, id);
    if (status == NL_OK)
        status =
            nl_office_boilerplate_insert(&desk->office, id, nl_buf_text(source), &whole, desk->err);
    if (status == NL_OK) {
        nl_buf_free(source);
        *source = whole;
        return NL_OK;
    }
    nl_buf_free(&whole);
    return status;
}

/* The button next to a finding saves the form with that one fixed. */
static enum nl_status add_fix(const struct nl_desk *desk, struct nl_buf *source) {
    char rule[40];
    char name[40];
    char *rest = NULL;
    struct nl_buf fixed = {0};
    const char *asked = field(desk, "fix");
    if (asked[0] == '\0')
        return NL_OK;
    snprintf(rule, sizeof rule, "%.*s", (int)strcspn(asked, " "), asked);
    unsigned long line = strtoul(asked + strcspn(asked, " "), &rest, 10);
    snprintf(name, sizeof name, "words-%lu", strtoul(rest, &rest, 10));
    const struct nl_draft_fix fix = {rule, line, rest + strspn(rest, " "), field(desk, name)};
    if (nl_draft_fix_is_file(&fix))
        return nl_office_draft_file_clean(&desk->office, desk->id, fix.about, desk->err);
    enum nl_status status = nl_draft_fix(nl_buf_text(source), &fix, &fixed, desk->err);
    if (status != NL_OK) {
        nl_buf_free(&fixed);
        return status;
    }
    nl_buf_free(source);
    *source = fixed;
    return NL_OK;
}

enum nl_status nl_desk_save(struct nl_desk *desk, enum nl_merge_choice choice, bool keep) {
    struct nl_buf source = {0};
    struct nl_revision seen = {""};
    struct nl_draft_saved saved = {0};
    const char *revision = field(desk, "revision");
    if (strlen(revision) <= NL_REVISION_LEN)
        snprintf(seen.text, sizeof seen.text, "%s", revision);
    enum nl_status status = nl_desk_form_read(desk, &source);
    if (status == NL_OK)
        status = add_snippet(desk, &source);
    if (status == NL_OK)
        status = add_fix(desk, &source);
    const struct nl_draft_text text = {desk->text, nl_buf_text(&source), &seen, keep};
    if (status == NL_OK)
        status = nl_office_draft_save_merged(&desk->office, desk->id, &text, field(desk, "base"),
                                             choice, &saved, desk->err);
    if (status != NL_OK)
        status = nl_desk_failure(desk, status, true);
    else if (saved.stale)
        status = answer_stale(desk, saved.conflicts);
    else
        status = nl_desk_wants_json(desk) ? answer_saved(desk, nl_buf_text(&source), saved.merged)
                                          : nl_desk_go(desk, "");
    json_decref(saved.conflicts);
    nl_buf_free(&source);
    return status;
}
