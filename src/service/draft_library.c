#include "newsletter/service/draft_library.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/store/archived_issue.h"
#include "newsletter/store/draft.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/list.h"
#include "service/draft_begin.h"
#include "service/draft_change.h"

#include <stdlib.h>
#include <string.h>

enum { ISSUES_READ = 100, WORDS_MOST = 30 };

/* ---- proposals ---- */

static void add_word(json_t *out, const char *member, const char *word) {
    json_t *words = json_object_get(out, member);
    size_t at = 0;
    const json_t *known = NULL;
    if (word == NULL || word[0] == '\0' || json_array_size(words) >= WORDS_MOST)
        return;
    json_array_foreach(words, at, known) {
        if (strcmp(json_string_value(known), word) == 0)
            return;
    }
    json_array_append_new(words, json_string(word));
}

struct proposing {
    json_t *out;
    int64_t last; /* the newest issue that was not cancelled; 0: none */
};

static enum nl_status take_issue(const struct nl_issue_summary *issue, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    struct proposing *proposing = ctx;
    json_t *out = proposing->out;
    struct nl_buf number = {0};
    if (proposing->last == 0 && issue->state != NL_ISSUE_CANCELLED) {
        proposing->last = issue->id;
        add_word(out, "languages", issue->language);
    }
    add_word(out, "categories", issue->category);
    add_word(out, "series", issue->series);
    add_word(out, "authors", issue->posted_by);
    if (issue->number != NULL && issue->state != NL_ISSUE_CANCELLED &&
        json_object_get(out, "number") == NULL) {
        nl_draft_next_number(issue->number, &number);
        json_object_set_new(out, "number", json_string(nl_buf_text(&number)));
    }
    nl_buf_free(&number);
    return NL_OK;
}

static enum nl_status take_language(const char *language, void *ctx, struct nl_error *err) {
    const struct proposing *proposing = ctx;
    (void)err;
    add_word(proposing->out, "languages", language);
    return NL_OK;
}

/* A list is written in its own language and in those of its last issue. */
static enum nl_status propose(const struct nl_office *office, const char *name,
                              struct proposing *proposing, struct nl_error *err) {
    const struct nl_issue_filter filter = {.list = name, .limit = ISSUES_READ};
    struct nl_list list = {0};
    enum nl_status status = nl_list_find(office->store, name, &list, err);
    if (status == NL_OK) {
        add_word(proposing->out, "languages", list.language);
        status = nl_issue_summaries(office->store, &filter, take_issue, proposing, err);
    }
    if (status == NL_OK && proposing->last != 0)
        status =
            nl_archive_languages(office->store, proposing->last, take_language, proposing, err);
    nl_list_free(&list);
    return status;
}

enum nl_status nl_office_draft_proposals(const struct nl_office *office, const char *list,
                                         json_t **out, struct nl_error *err) {
    struct proposing proposing = {
        json_pack("{s:[], s:[], s:[], s:[]}", "categories", "series", "authors", "languages"), 0};
    *out = NULL;
    enum nl_status status = propose(office, list, &proposing, err);
    if (status != NL_OK) {
        json_decref(proposing.out);
        return status;
    }
    if (json_object_get(proposing.out, "number") == NULL)
        json_object_set_new(proposing.out, "number", json_string(""));
    *out = proposing.out;
    return NL_OK;
}

/* ---- files of all drafts ---- */

struct looking {
    const struct nl_office *office;
    const char *search; /* folded */
    json_t *out;
    const struct nl_draft *draft;
    json_t *texts; /* of the draft: language and source */
};

static bool contains(const char *text, const char *search) {
    char *folded = nl_text_fold(text);
    bool found = folded != NULL && strstr(folded, search) != NULL;
    free(folded);
    return found;
}

static enum nl_status keep_text(const struct nl_draft_version *version, void *ctx,
                                struct nl_error *err) {
    struct looking *looking = ctx;
    (void)err;
    json_array_append_new(looking->texts, json_pack("{s:s, s:s}", "language", version->language,
                                                    "source", version->source));
    return NL_OK;
}

static enum nl_status take_file(const struct nl_draft_file *file, void *ctx, struct nl_error *err) {
    struct looking *looking = ctx;
    const struct nl_draft *draft = looking->draft;
    size_t at = 0;
    const json_t *text = NULL;
    if (json_array_size(looking->out) >= NL_LIBRARY_MOST ||
        !(contains(file->name, looking->search) || contains(draft->title, looking->search)))
        return NL_OK;
    json_t *used = json_array();
    json_array_foreach(looking->texts, at, text) {
        if (strstr(json_string_value(json_object_get(text, "source")), file->name) != NULL)
            json_array_append(used, json_object_get(text, "language"));
    }
    json_t *item = json_pack("{s:I, s:s, s:s, s:s, s:I, s:o}", "draft", (json_int_t)draft->id,
                             "title", draft->title, "list", draft->list_name, "name", file->name,
                             "size", (json_int_t)file->size, "used", used);
    return json_array_append_new(looking->out, item) == 0 ? NL_OK : nl_error_nomem(err);
}

static enum nl_status take_draft(const struct nl_draft *draft, void *ctx, struct nl_error *err) {
    struct looking *looking = ctx;
    if (json_array_size(looking->out) >= NL_LIBRARY_MOST)
        return NL_OK;
    looking->draft = draft;
    looking->texts = json_array();
    enum nl_status status =
        nl_draft_texts(looking->office->store, draft->id, keep_text, looking, err);
    if (status == NL_OK)
        status = nl_draft_files(looking->office->store, draft->id, false, take_file, looking, err);
    json_decref(looking->texts);
    return status;
}

enum nl_status nl_office_draft_library(const struct nl_office *office, const char *search,
                                       json_t **out, struct nl_error *err) {
    char *folded = nl_text_fold(search);
    struct looking looking = {.office = office, .search = folded, .out = json_array()};
    enum nl_status status = folded != NULL ? nl_draft_each(office->store, take_draft, &looking, err)
                                           : nl_error_nomem(err);
    free(folded);
    *out = status == NL_OK ? looking.out : NULL;
    if (status != NL_OK)
        json_decref(looking.out);
    return status;
}

/* ---- one file ---- */

struct finding_file {
    const char *name;
    struct nl_buf *out;
    bool found;
};

static enum nl_status keep_file(const struct nl_draft_file *file, void *ctx, struct nl_error *err) {
    (void)err;
    struct finding_file *finding = ctx;
    if (strcmp(file->name, finding->name) != 0)
        return NL_OK;
    finding->found = true;
    nl_buf_add(finding->out, file->data, file->size);
    return NL_OK;
}

enum nl_status nl_office_draft_file_read(const struct nl_office *office, int64_t id,
                                         const char *name, struct nl_buf *out,
                                         struct nl_error *err) {
    struct finding_file finding = {name, out, false};
    enum nl_status status = nl_draft_files(office->store, id, true, keep_file, &finding, err);
    return status == NL_OK && !finding.found
               ? nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such file"))
               : status;
}

enum nl_status nl_office_draft_file_take(const struct nl_office *office, int64_t id, int64_t from,
                                         const char *name, struct nl_error *err) {
    struct nl_buf data = {0};
    enum nl_status status = nl_draft_may_change(office, id, err);
    if (status == NL_OK)
        status = nl_office_draft_file_read(office, from, name, &data, err);
    const struct nl_draft_file file = {name, data.len, data.data};
    if (status == NL_OK)
        status = nl_draft_file_put(office->store, id, &file, office->by, err);
    nl_buf_free(&data);
    return status;
}

enum nl_status nl_office_draft_file_clean(const struct nl_office *office, int64_t id,
                                          const char *name, struct nl_error *err) {
    struct nl_buf data = {0};
    enum nl_status status = nl_draft_may_change(office, id, err);
    if (status == NL_OK)
        status = nl_office_draft_file_read(office, id, name, &data, err);
    const struct nl_draft_file file = {name, data.len, data.data};
    if (status == NL_OK)
        status = nl_draft_keep_file(office, id, &file, err);
    nl_buf_free(&data);
    return status;
}
