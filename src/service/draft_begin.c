#include "service/draft_begin.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/base/zone.h"
#include "newsletter/bulletin/front_fields.h"
#include "newsletter/store/draft.h"
#include "newsletter/store/issue.h"

#include <stdlib.h>
#include <string.h>

/* ---- from scratch ---- */

static enum nl_status write_blank(const struct nl_draft_beginning *self, struct nl_error *err) {
    struct nl_front_fields fields = {0};
    struct nl_buf source = {0};
    char date[NL_DAY_LEN + 1];
    nl_zone_today(nl_store_now(self->office->store), date);
    nl_front_fields_set(&fields, NL_FRONT_TITLE, self->start->title);
    nl_front_fields_set(&fields, NL_FRONT_DATE, date);
    nl_front_fields_write(&fields, "", &source);
    enum nl_status status =
        nl_draft_begin_text(self, self->list.language, nl_buf_text(&source), err);
    nl_buf_free(&source);
    nl_front_fields_free(&fields);
    return status;
}

/* ---- from the last issue ---- */

/* Takes out lines that belong to the old issue only. */
static void drop_lines(struct nl_buf *other, const char *const *keys) {
    struct nl_buf kept = {0};
    for (const char *line = nl_buf_text(other); *line != '\0';) {
        size_t len = strcspn(line, "\n");
        bool drop = false;
        for (size_t i = 0; keys[i] != NULL; i++)
            drop = drop ||
                   (strncmp(line, keys[i], strlen(keys[i])) == 0 && line[strlen(keys[i])] == ':');
        if (!drop) {
            nl_buf_add(&kept, line, len);
            nl_buf_addc(&kept, '\n');
        }
        line += len + (line[len] == '\n');
    }
    nl_buf_free(other);
    *other = kept;
}

static enum nl_status move_on(const struct nl_draft_beginning *self, const char *source,
                              struct nl_buf *out, struct nl_error *err) {
    static const char *const of_the_old[] = {"slug", "alternative_subject", "embargo", NULL};
    static const enum nl_front_field old[] = {NL_FRONT_SUBJECT, NL_FRONT_ALTERNATIVE_SUBJECT,
                                              NL_FRONT_PREHEADER, NL_FRONT_EMBARGO};
    struct nl_front_fields fields = {0};
    struct nl_buf number = {0};
    char date[NL_DAY_LEN + 1];
    nl_zone_today(nl_store_now(self->office->store), date);
    enum nl_status status = nl_front_fields_read(source, &fields, err);
    if (status == NL_OK && fields.values[NL_FRONT_NUMBER] != NULL) {
        nl_draft_next_number(fields.values[NL_FRONT_NUMBER], &number);
        nl_front_fields_set(&fields, NL_FRONT_NUMBER, nl_buf_text(&number));
    }
    if (status == NL_OK) {
        nl_front_fields_set(&fields, NL_FRONT_DATE, date);
        for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
            nl_front_fields_set(&fields, old[i], "");
        drop_lines(&fields.other, of_the_old);
        nl_front_fields_write(&fields, source, out);
    }
    nl_buf_free(&number);
    nl_front_fields_free(&fields);
    return status;
}

static enum nl_status add_moved(const struct nl_draft_beginning *self, const char *language,
                                const char *source, struct nl_error *err) {
    struct nl_buf moved = {0};
    enum nl_status status = move_on(self, source, &moved, err);
    if (status == NL_OK)
        status = nl_draft_begin_text(self, language != NULL ? language : self->list.language,
                                     nl_buf_text(&moved), err);
    nl_buf_free(&moved);
    return status;
}

/* The newest issue of the list that was not cancelled. */
struct last {
    char *slug;
    int64_t id;
};

static enum nl_status keep_last(const struct nl_issue_summary *issue, void *ctx,
                                struct nl_error *err) {
    (void)err;
    struct last *last = ctx;
    if (last->slug != NULL || issue->state == NL_ISSUE_CANCELLED)
        return NL_OK;
    last->id = issue->id;
    last->slug = nl_strdup(issue->slug);
    return NL_OK;
}

/* The draft that an issue was made of keeps its files. */
struct origin {
    int64_t issue, draft;
};

static enum nl_status keep_origin(const struct nl_draft *draft, void *ctx, struct nl_error *err) {
    struct origin *origin = ctx;
    (void)err;
    if (draft->issue == origin->issue)
        origin->draft = draft->id;
    return NL_OK;
}

static enum nl_status copy_files(const struct nl_draft_beginning *self, int64_t issue,
                                 struct nl_error *err) {
    struct origin origin = {.issue = issue};
    enum nl_status status = nl_draft_each(self->office->store, keep_origin, &origin, err);
    return status == NL_OK && origin.draft != 0
               ? nl_draft_files_copy(self->office->store, origin.draft, self->draft, err)
               : status;
}

static enum nl_status copy_issue(const struct nl_draft_beginning *self, const struct last *last,
                                 struct nl_error *err) {
    struct nl_issue issue = {0};
    struct nl_edition *editions = NULL;
    size_t count = 0;
    bool found = false;
    enum nl_status status =
        nl_issue_find(self->office->store, self->list.id, last->slug, &found, &issue, err);
    if (status == NL_OK && found)
        status = add_moved(self, issue.language, issue.source, err);
    if (status == NL_OK)
        status = nl_editions_read(self->office->store, last->id, &editions, &count, err);
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status = add_moved(self, editions[i].language, editions[i].source, err);
    if (status == NL_OK)
        status = copy_files(self, last->id, err);
    nl_editions_free(editions, count);
    nl_issue_free(&issue);
    return status;
}

static enum nl_status write_from_last(const struct nl_draft_beginning *self, struct nl_error *err) {
    const struct nl_issue_filter filter = {.list = self->list.name, .limit = 20};
    struct last last = {0};
    enum nl_status status = nl_issue_summaries(self->office->store, &filter, keep_last, &last, err);
    if (status == NL_OK && last.slug == NULL)
        status =
            nl_error_set(err, NL_NOTFOUND, NL_TEXT("list %s has no issue yet: begin from scratch"),
                         self->list.name);
    if (status == NL_OK)
        status = copy_issue(self, &last, err);
    free(last.slug);
    return status;
}

/* ---- any of them ---- */

static enum nl_status check_start(const struct nl_draft_start *start, struct nl_error *err) {
    if (start->data != NULL || start->from_last || start->template != NULL)
        return NL_OK;
    if (start->title == NULL || start->title[0] == '\0')
        return nl_error_set(err, NL_DATA, NL_TEXT("give the issue a title"));
    return nl_text_check_label(start->title, NL_TEXT_IN("error", "the title"), err);
}

/* The first failure is the one that is reported. */
static void undo(const struct nl_draft_beginning *self) {
    struct nl_error ignored = {0};
    if (nl_draft_remove(self->office->store, self->draft, self->office->by, &ignored) != NL_OK)
        nl_error_free(&ignored);
}

enum nl_status nl_office_draft_begin(const struct nl_office *office,
                                     const struct nl_draft_start *start, int64_t *id,
                                     struct nl_error *err) {
    struct nl_draft_beginning self = {.office = office, .start = start};
    *id = 0;
    enum nl_status status = check_start(start, err);
    if (status == NL_OK)
        status = nl_list_find(office->store, start->list, &self.list, err);
    if (status == NL_OK)
        status = nl_draft_add(office->store, self.list.id,
                              start->title != NULL && start->title[0] != '\0' ? start->title : "-",
                              office->by, &self.draft, err);
    if (status == NL_OK)
        status = start->data != NULL       ? nl_draft_begin_upload(&self, err)
                 : start->from_last        ? write_from_last(&self, err)
                 : start->template != NULL ? nl_draft_begin_template(&self, err)
                                           : write_blank(&self, err);
    if (status == NL_OK)
        *id = self.draft;
    else if (self.draft != 0)
        undo(&self);
    nl_list_free(&self.list);
    return status;
}
