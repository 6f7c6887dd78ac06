#include "newsletter/store/list.h"
#include "transfer/reader.h"

#include <stdlib.h>
#include <string.h>

enum { LISTS = 64, SHOWN = 200, PROGRESS_ROWS = 1000 };

/* A file being brought in. */
struct importing {
    struct nl_store *store;
    const struct nl_import_options *options;
    struct nl_import_report *report;
    struct nl_reader reader;
    struct nl_import *import;
    struct {
        char *name;
        int64_t id;
    } lists[LISTS]; /* those that rows have named so far */
    size_t list_count;
    int64_t only_list; /* where rows go that name none; 0 where that is not clear */
};

static enum nl_status count_list(const struct nl_list *list, void *ctx, struct nl_error *err) {
    int64_t *only = ctx;
    (void)err;
    *only = *only == 0 ? list->id : -1;
    return NL_OK;
}

/* The list that a row names. */
static enum nl_status list_of(struct importing *self, const char *name, int64_t *id,
                              struct nl_error *err) {
    struct nl_list list = {0};
    if (self->options->list != 0 || name == NULL) {
        *id = self->options->list != 0 ? self->options->list : self->only_list;
        return *id > 0 ? NL_OK
                       : nl_error_set(err, NL_USAGE, "which list? give --list: there are several");
    }
    for (size_t i = 0; i < self->list_count; i++) {
        *id = self->lists[i].id;
        if (strcmp(self->lists[i].name, name) == 0)
            return NL_OK;
    }
    if (nl_list_find(self->store, name, &list, err) != NL_OK) {
        nl_error_free(err);
        return nl_error_set(err, NL_DATA, "there is no list '%s'", name);
    }
    *id = list.id;
    if (self->list_count < LISTS) {
        self->lists[self->list_count].name = strdup(name);
        if (self->lists[self->list_count].name != NULL)
            self->lists[self->list_count++].id = *id;
    }
    nl_list_free(&list);
    return NL_OK;
}

static void reject(struct importing *self, struct nl_error *err) {
    const struct nl_source *source = &self->reader.source;
    char row[SHOWN + 1];
    size_t len = source->len < SHOWN ? source->len : SHOWN;
    self->report->rejected++;
    memcpy(row, source->line, len);
    row[len] = '\0';
    row[strcspn(row, "\r\n")] = '\0';
    if (self->options->reject != NULL)
        self->options->reject(self->reader.row.line, nl_error_text(err), row, self->options->ctx);
    nl_error_free(err);
}

/* Whoever is to be mailed has agreed, somewhere. */
static enum nl_status check_consent(const struct importing *self, const struct nl_member *member,
                                    struct nl_error *err) {
    const struct nl_import_policy *policy = &self->options->policy;
    bool active = member->state == NULL || strcmp(member->state, "active") == 0;
    return !active || policy->confirm || policy->consent != NULL || member->consent_source != NULL
               ? NL_OK
               : nl_error_set(err, NL_DATA,
                              "where did they agree? give --consent TEXT, or --confirm to ask "
                              "them by mail");
}

static enum nl_status take_row(struct importing *self, struct nl_error *err) {
    struct nl_member member = {0};
    struct nl_address address = {0};
    int64_t list = 0;
    enum nl_import_outcome outcome = NL_IMPORT_ADDED;
    enum nl_status status = nl_row_member(&self->reader.row, &member, err);
    if (status == NL_OK)
        status = nl_address_parse(member.address, &address, err);
    if (status == NL_OK)
        status = list_of(self, member.list, &list, err);
    if (status == NL_OK)
        status = check_consent(self, &member, err);
    if (status == NL_OK)
        status = nl_import_row(self->import, list, &address, &member, &outcome, err);
    if (status == NL_OK)
        self->report->outcomes[outcome]++;
    nl_address_free(&address);
    return status;
}

static enum nl_status take_all(struct importing *self, struct nl_error *err) {
    const struct nl_import_options *options = self->options;
    for (;;) {
        bool end = false;
        bool bad = false;
        enum nl_status status = self->reader.next(&self->reader, &end, &bad, err);
        if (end || (status != NL_OK && !bad))
            return status;
        self->report->rows++;
        if (status == NL_OK) {
            status = take_row(self, err);
            bad = status == NL_DATA;
        }
        if (bad)
            reject(self, err);
        else if (status != NL_OK)
            return status;
        if (options->progress != NULL && self->report->rows % PROGRESS_ROWS == 0)
            options->progress(self->report->rows, options->ctx);
    }
}

static enum nl_status finish(struct importing *self, const char *name, struct nl_error *err) {
    struct nl_import_report *report = self->report;
    struct nl_buf detail = {0};
    report->kept = !self->options->dry_run && (report->rejected == 0 || self->options->partial);
    nl_buf_addf(&detail, "%s: %zu rows, %zu added%s%s", name, report->rows,
                report->outcomes[NL_IMPORT_ADDED],
                self->options->policy.consent != NULL ? "; consent: " : "",
                self->options->policy.consent != NULL ? self->options->policy.consent : "");
    enum nl_status status = nl_import_end(self->import, report->kept, nl_buf_text(&detail), err);
    self->import = NULL;
    nl_buf_free(&detail);
    return status;
}

enum nl_status nl_import_file(struct nl_store *store, FILE *in, const char *name,
                              const struct nl_import_options *options,
                              struct nl_import_report *report, struct nl_error *err) {
    struct importing self = {.store = store, .options = options, .report = report};
    *report = (struct nl_import_report){0};
    enum nl_status status = nl_list_each(store, count_list, &self.only_list, err);
    if (status == NL_OK)
        status = nl_reader_open(&self.reader, in, name, options, err);
    if (status == NL_OK)
        status = nl_import_begin(store, &options->policy, &self.import, err);
    if (status == NL_OK)
        status = take_all(&self, err);
    if (status == NL_OK)
        status = finish(&self, name, err);
    nl_import_drop(self.import);
    report->ignored = self.reader.ignored;
    self.reader.ignored = (struct nl_buf){0};
    nl_reader_free(&self.reader);
    for (size_t i = 0; i < self.list_count; i++)
        free(self.lists[i].name);
    return status;
}
