#include "newsletter/service/draft_merge.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/language.h"
#include "newsletter/base/text.h"
#include "newsletter/bulletin/front_fields.h"
#include "newsletter/store/draft.h"
#include "service/draft_change.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

enum nl_status nl_draft_revision(const char *source, struct nl_revision *out,
                                 struct nl_error *err) {
    out->text[0] = '\0';
    if (source[0] == '\0')
        return NL_OK;
    json_t *value = json_string(source);
    enum nl_status status =
        value != NULL ? nl_revision_of(value, out, err)
                      : nl_error_set(err, NL_DATA, NL_TEXT("the text is not valid UTF-8"));
    json_decref(value);
    return status;
}

static json_t *facts_of(const struct nl_draft *draft) {
    bool made = draft->issue != 0;
    return json_pack("{s:I, s:s, s:s, s:o, s:o, s:I, s:s, s:I, s:s}", "id", (json_int_t)draft->id,
                     "list", draft->list_name, "title", draft->title, "issue",
                     made ? json_integer(draft->issue) : json_null(), "state",
                     made ? json_string(nl_issue_state_text(draft->issue_state)) : json_null(),
                     "created_at", (json_int_t)draft->created_at, "created_by", draft->created_by,
                     "updated_at", (json_int_t)draft->updated_at, "updated_by", draft->updated_by);
}

static enum nl_status append(json_t *array, json_t *item, struct nl_error *err) {
    return json_array_append_new(array, item) == 0 ? NL_OK : nl_error_nomem(err);
}

static enum nl_status note_draft(const struct nl_draft *draft, void *ctx, struct nl_error *err) {
    return append(ctx, facts_of(draft), err);
}

/* Hands an object over after success, and frees it otherwise. */
static enum nl_status hand_over(json_t *value, enum nl_status status, json_t **out) {
    *out = status == NL_OK ? value : NULL;
    if (status != NL_OK)
        json_decref(value);
    return status;
}

enum nl_status nl_office_drafts(const struct nl_office *office, json_t **out,
                                struct nl_error *err) {
    json_t *array = json_array();
    return hand_over(array, nl_draft_each(office->store, note_draft, array, err), out);
}

static enum nl_status note_text(const struct nl_draft_version *version, void *ctx,
                                struct nl_error *err) {
    struct nl_revision revision;
    enum nl_status status = nl_draft_revision(version->source, &revision, err);
    return status == NL_OK
               ? append(ctx,
                        json_pack("{s:s, s:s, s:s, s:I, s:s}", "language", version->language,
                                  "source", version->source, "revision", revision.text, "at",
                                  (json_int_t)version->at, "author", version->author),
                        err)
               : status;
}

static enum nl_status note_file(const struct nl_draft_file *file, void *ctx, struct nl_error *err) {
    return append(ctx, json_pack("{s:s, s:I}", "name", file->name, "size", (json_int_t)file->size),
                  err);
}

enum nl_status nl_office_draft_read(const struct nl_office *office, int64_t id, json_t **out,
                                    struct nl_error *err) {
    struct nl_draft draft = {0};
    json_t *texts = json_array();
    json_t *files = json_array();
    enum nl_status status = nl_draft_get(office->store, id, &draft, err);
    json_t *facts = status == NL_OK ? facts_of(&draft) : json_object();
    json_object_set_new(facts, "texts", texts);
    json_object_set_new(facts, "files", files);
    if (status == NL_OK)
        status = nl_draft_texts(office->store, id, note_text, texts, err);
    if (status == NL_OK)
        status = nl_draft_files(office->store, id, false, note_file, files, err);
    nl_draft_free(&draft);
    return hand_over(facts, status, out);
}

static enum nl_status note_version(const struct nl_draft_version *version, void *ctx,
                                   struct nl_error *err) {
    return append(ctx,
                  json_pack("{s:I, s:I, s:I, s:s}", "id", (json_int_t)version->id, "began_at",
                            (json_int_t)version->began_at, "at", (json_int_t)version->at, "author",
                            version->author),
                  err);
}

enum nl_status nl_office_draft_history(const struct nl_office *office, int64_t id,
                                       const char *language, json_t **out, struct nl_error *err) {
    json_t *array = json_array();
    return hand_over(array,
                     nl_draft_versions(office->store, id, language, note_version, array, err), out);
}

enum nl_status nl_office_draft_version(const struct nl_office *office, int64_t id, int64_t version,
                                       struct nl_buf *source, struct nl_error *err) {
    return nl_draft_version_read(office->store, id, version, source, err);
}

/* ---- writing ---- */

bool nl_draft_is_language(const char *text) {
    return nl_language_is_tag(text) && strcspn(text, "-") == 2;
}

enum nl_status nl_draft_may_change(const struct nl_office *office, int64_t id,
                                   struct nl_error *err) {
    struct nl_draft draft = {0};
    enum nl_status status = nl_draft_get(office->store, id, &draft, err);
    if (status == NL_OK && draft.issue != 0)
        status =
            nl_error_set(err, NL_EXISTS,
                         draft.issue_state == NL_ISSUE_SCHEDULED
                             ? NL_TEXT("this issue is scheduled: cancel it first, then change it")
                             : NL_TEXT("this issue has gone out: begin a new one"));
    nl_draft_free(&draft);
    return status;
}

enum nl_status nl_draft_take_text(const char *data, size_t len, const char *name,
                                  struct nl_buf *out, struct nl_error *err) {
    size_t at = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (len > NL_DRAFT_TEXT_MOST)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s: a text has at most %d bytes"), name,
                            NL_DRAFT_TEXT_MOST);
    for (; at < len; at++)
        if (data[at] != '\r' || at + 1 == len || data[at + 1] != '\n')
            nl_buf_addc(out, data[at]);
    return nl_text_check_body(nl_buf_text(out), out->len, name, err);
}

/* The language of the main text, in which the draft has its title. */
static enum nl_status keep_first(const struct nl_draft_version *version, void *ctx,
                                 struct nl_error *err) {
    struct nl_buf *first = ctx;
    (void)err;
    if (first->len == 0)
        nl_buf_adds(first, version->language);
    return NL_OK;
}

static enum nl_status title_of(const struct nl_office *office, int64_t id,
                               const struct nl_draft_text *text, struct nl_buf *title,
                               struct nl_error *err) {
    struct nl_buf first = {0};
    struct nl_front_fields fields = {0};
    enum nl_status status = nl_draft_texts(office->store, id, keep_first, &first, err);
    if (status == NL_OK && (first.len == 0 || strcmp(nl_buf_text(&first), text->language) == 0)) {
        status = nl_front_fields_read(text->source, &fields, err);
        if (status == NL_OK && fields.values[NL_FRONT_TITLE] != NULL)
            nl_buf_add(title, fields.values[NL_FRONT_TITLE],
                       nl_text_fit(fields.values[NL_FRONT_TITLE], 200));
    }
    nl_front_fields_free(&fields);
    nl_buf_free(&first);
    return status;
}

static bool allows(const char *present, void *ctx) {
    const struct nl_revision *expected = ctx;
    struct nl_error ignored = {0};
    struct nl_revision revision;
    bool ok = expected == NULL || (nl_draft_revision(present, &revision, &ignored) == NL_OK &&
                                   strcmp(revision.text, expected->text) == 0);
    nl_error_free(&ignored);
    return ok;
}

enum nl_status nl_office_draft_save(const struct nl_office *office, int64_t id,
                                    const struct nl_draft_text *text, bool *stale,
                                    struct nl_error *err) {
    struct nl_buf source = {0};
    struct nl_buf title = {0};
    struct nl_draft_text clean = *text;
    *stale = false;
    if (!nl_draft_is_language(text->language))
        return nl_error_set(err, NL_DATA, NL_TEXT("'%s' is not a language tag such as en or kk"),
                            text->language);
    enum nl_status status = nl_draft_may_change(office, id, err);
    if (status == NL_OK)
        status = nl_draft_take_text(text->source, strlen(text->source), "the text", &source, err);
    clean.source = nl_buf_text(&source);
    if (status == NL_OK)
        status = title_of(office, id, &clean, &title, err);
    const struct nl_draft_save save = {.draft = id,
                                       .language = text->language,
                                       .source = clean.source,
                                       .title = title.len > 0 ? nl_buf_text(&title) : NULL,
                                       .allows = allows,
                                       .ctx = (void *)text->expected,
                                       .keep = text->keep,
                                       .by = office->by};
    if (status == NL_OK)
        status = nl_draft_save(office->store, &save, stale, err);
    nl_buf_free(&source);
    nl_buf_free(&title);
    return status;
}

enum nl_status nl_office_draft_language_remove(const struct nl_office *office, int64_t id,
                                               const char *language, struct nl_error *err) {
    enum nl_status status = nl_draft_may_change(office, id, err);
    return status == NL_OK ? nl_draft_text_remove(office->store, id, language, office->by, err)
                           : status;
}

enum nl_status nl_office_draft_move(const struct nl_office *office, int64_t id, const char *list,
                                    struct nl_error *err) {
    struct nl_list found = {0};
    enum nl_status status = nl_draft_may_change(office, id, err);
    if (status == NL_OK)
        status = nl_list_find(office->store, list, &found, err);
    if (status == NL_OK)
        status = nl_draft_set_list(office->store, id, found.id, office->by, err);
    nl_list_free(&found);
    return status;
}

enum nl_status nl_office_draft_remove(const struct nl_office *office, int64_t id,
                                      struct nl_error *err) {
    return nl_draft_remove(office->store, id, office->by, err);
}
