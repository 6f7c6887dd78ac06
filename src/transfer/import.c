#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"
#include "newsletter/store/list.h"
#include "transfer/reader.h"

#include <stdlib.h>
#include <string.h>

enum { LISTS = 64, PROGRESS_ROWS = 1000, REASON_LIMIT = 1000 };

/* A file being brought in. */
struct importing {
    struct nl_store *store;
    const struct nl_import_options *options;
    struct nl_import_report *report;
    struct nl_reader *reader;
    struct nl_import_job *job;
    struct {
        char *name;
        int64_t id;
    } lists[LISTS]; /* those that rows have named so far */
    size_t list_count;
    size_t taken;      /* rows that are taken in */
    enum nl_sign as;   /* the state of everybody, NL_SIGN_NONE if none is given */
    enum nl_sign file; /* as the name of the file says */
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
                       : nl_error_set(err, NL_USAGE,
                                      NL_TEXT("which list? give --list: there are several"));
    }
    for (size_t i = 0; i < self->list_count; i++) {
        *id = self->lists[i].id;
        if (strcmp(self->lists[i].name, name) == 0)
            return NL_OK;
    }
    if (nl_list_find(self->store, name, &list, err) != NL_OK) {
        nl_error_free(err);
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("there is no list '%s': --list NAME puts everybody on one"),
                            name);
    }
    *id = list.id;
    if (self->list_count < LISTS) {
        self->lists[self->list_count].name = nl_strdup(name);
        self->lists[self->list_count++].id = *id;
    }
    nl_list_free(&list);
    return NL_OK;
}

/* The state of a row that was refused, where the options of this import had a part in it: --as,
 * --map and --state are not given again with the file of such rows. */
static const char *state_to_tell(const struct importing *self) {
    const struct nl_import_options *options = self->options;
    enum nl_sign sign = self->reader->row.sign;
    if (self->as <= NL_SIGN_ACTIVE && options->map_count == 0 && options->state_count == 0)
        return NULL;
    if (self->as > NL_SIGN_ACTIVE && self->as > sign)
        sign = self->as;
    return sign > NL_SIGN_ACTIVE ? nl_sign_names[sign] : "";
}

/* Its reason, in the language that was asked for. */
static char *reason_of(const struct importing *self, struct nl_error *err) {
    nl_error_context(err, NL_TEXT("line %zu"), self->reader->row.line);
    char *text = self->options->catalog != NULL ? nl_catalog_error(self->options->catalog, err)
                                                : nl_strdup(nl_error_text(err));
    size_t end = strnlen(text, REASON_LIMIT);
    if (end == REASON_LIMIT) {
        while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
            end--;
        text[end] = '\0';
    }
    return text;
}

/* On one line. */
static void tell_reject(const struct importing *self, const char *reason) {
    struct nl_buf *raw = &self->reader->raw;
    while (raw->len > 0 && raw->data[raw->len - 1] == '\n')
        raw->data[--raw->len] = '\0';
    for (size_t i = 0; i < raw->len; i++)
        if (raw->data[i] == '\n' || raw->data[i] == '\r')
            raw->data[i] = ' ';
    self->options->reject(self->reader->row.line, reason, nl_buf_text(raw), self->options->ctx);
}

static void reject(struct importing *self, struct nl_error *err) {
    char *plain = nl_strdup(nl_error_text(err));
    self->report->rejected++;
    if (self->options->rejects != NULL) {
        char *reason = reason_of(self, err);
        const struct nl_reject why = {reason, state_to_tell(self)};
        self->reader->write_reject(self->reader, self->options->rejects, &why,
                                   self->reader->rejects_written++ == 0);
        free(reason);
    }
    if (self->options->reject != NULL)
        tell_reject(self, plain);
    free(plain);
    nl_error_free(err);
}

/* Everybody who is to be mailed has agreed, somewhere. */
static enum nl_status check_consent(const struct importing *self, const struct nl_member *member,
                                    struct nl_error *err) {
    const struct nl_import_policy *policy = &self->options->policy;
    bool active = !member->blocked &&
                  (member->state == NL_SUBSCRIPTION_ANY || member->state == NL_SUBSCRIPTION_ACTIVE);
    return !active || policy->confirm || policy->consent != NULL || member->consent_source != NULL
               ? NL_OK
               : nl_error_set(
                     err, NL_DATA,
                     NL_TEXT("where did they agree? give --consent TEXT, or --confirm to ask "
                             "them by mail"));
}

/* A suppression holds for all lists. */
static enum nl_status check_reach(const struct importing *self, const struct nl_member *member,
                                  struct nl_error *err) {
    return self->options->confined && member->blocked
               ? nl_error_set(err, NL_DATA,
                              NL_TEXT("suppressing an address affects all lists: ask somebody who "
                                      "manages all of them"))
               : NL_OK;
}

/* Several addresses in one field are several people, or one with two addresses: nobody knows. */
static enum nl_status explain_address(const char *text, struct nl_error *err) {
    const char *first = strchr(text, '@');
    if (first == NULL || strchr(first + 1, '@') == NULL || text[0] == '"')
        return NL_DATA;
    nl_error_free(err);
    return nl_error_set(err, NL_DATA,
                        NL_TEXT("'%s' is more than one address: give each a row of its own"), text);
}

/* A file by the name of unsubscribed.csv holds people who have left, even if its rows do not say
 * so; or it is only called that. Nobody can know. */
static enum nl_status check_name(struct importing *self, struct nl_error *err) {
    enum nl_sign sign = self->reader->row.sign;
    const char *state = nl_sign_names[self->file];
    if (self->as != NL_SIGN_NONE || sign >= self->file || sign >= NL_SIGN_UNSUBSCRIBED)
        return NL_OK;
    self->reader->row.fatal = true;
    return nl_error_set(
        err, NL_DATA,
        NL_TEXT("the name of the file suggests that these people are %s, but this row does not say "
                "so: give --as %s if they are, or --as active if they are not"),
        state, state);
}

static enum nl_status take_row(struct importing *self, struct nl_error *err) {
    struct nl_member member = {0};
    struct nl_address address = {0};
    int64_t list = 0;
    if (self->as > NL_SIGN_ACTIVE && self->as > self->reader->row.sign)
        self->reader->row.sign = self->as;
    enum nl_status status = nl_row_member(&self->reader->row, &self->reader->columns, &member, err);
    if (status == NL_OK)
        status = check_name(self, err);
    if (status == NL_OK) {
        status = nl_address_parse(member.address, &address, err);
        if (status == NL_DATA)
            status = explain_address(member.address, err);
    }
    if (status == NL_OK)
        status = list_of(self, member.list, &list, err);
    if (status == NL_OK)
        status = check_consent(self, &member, err);
    if (status == NL_OK)
        status = check_reach(self, &member, err);
    if (status == NL_OK)
        status = nl_import_job_add(self->job, list, &address, &member, err);
    nl_address_free(&address);
    return status;
}

/* The next row. *bad: it is one that is not good. */
static enum nl_status next_row(struct importing *self, bool *end, bool *bad, struct nl_error *err) {
    struct nl_reader *reader = self->reader;
    enum nl_status status = reader->next(reader, end, bad, err);
    if (*end || (status != NL_OK && !*bad))
        return status;
    if (*bad && reader->row.fatal) {
        *bad = false;
        return nl_error_context(err, "%s:%zu", reader->source.name, reader->row.line);
    }
    self->report->rows++;
    if (status == NL_OK) {
        status = take_row(self, err);
        *bad = status == NL_DATA && !reader->row.fatal;
    }
    return status == NL_DATA && reader->row.fatal
               ? nl_error_context(err, "%s:%zu", reader->source.name, reader->row.line)
               : status;
}

static enum nl_status take_all(struct importing *self, struct nl_error *err) {
    const struct nl_import_options *options = self->options;
    for (;;) {
        bool end = false;
        bool bad = false;
        if (options->stop != NULL && *options->stop != 0)
            return nl_error_set(err, NL_BUSY, "it was told to stop");
        enum nl_status status = next_row(self, &end, &bad, err);
        if (end || (status != NL_OK && !bad))
            return status;
        if (bad)
            reject(self, err);
        if (options->progress != NULL && self->report->rows % PROGRESS_ROWS == 0)
            options->progress(self->report->rows, options->ctx);
    }
}

static void report_taken(int64_t rows, void *ctx) {
    struct importing *self = ctx;
    self->taken += (size_t)rows;
    if (self->options->taken != NULL)
        self->options->taken(self->taken, self->report->rows, self->options->ctx);
}

static enum nl_status finish(struct importing *self, const char *name, struct nl_error *err) {
    struct nl_import_report *report = self->report;
    struct nl_buf detail = {0};
    bool keep = !self->options->dry_run && (report->rejected == 0 || self->options->partial);
    nl_buf_addf(&detail, "%s: %zu rows%s%s", name, report->rows,
                self->options->policy.consent != NULL ? "; consent: " : "",
                self->options->policy.consent != NULL ? self->options->policy.consent : "");
    enum nl_status status =
        self->options->read != NULL ? self->options->read(report, self->options->ctx, err) : NL_OK;
    if (status == NL_OK)
        status = keep ? nl_import_job_finish(self->job, nl_buf_text(&detail), report_taken, self,
                                             &report->kept, &report->tally, err)
                      : nl_import_job_try(self->job, &report->tally, err);
    if (status != NL_OK && report->kept)
        nl_error_context(err, "the import counts, and the next command goes on with it");
    nl_buf_free(&detail);
    return status;
}

void nl_import_report_free(struct nl_import_report *report) {
    nl_buf_free(&report->ignored);
    nl_buf_free(&report->notes);
    json_decref(report->note_parts);
    report->note_parts = NULL;
}

static enum nl_sign state_of(const char *text) {
    for (int i = NL_SIGN_ACTIVE; text != NULL && i < NL_SIGNS; i++)
        if (strcmp(nl_sign_names[i], text) == 0)
            return (enum nl_sign)i;
    return NL_SIGN_NONE;
}

enum nl_status nl_import_check_as(const char *text, struct nl_error *err) {
    return state_of(text) != NL_SIGN_NONE
               ? NL_OK
               : nl_error_set(err, NL_USAGE,
                              "--as '%s': give one of active, pending, unsubscribed, bounced, "
                              "complained and blocked",
                              text);
}

enum nl_status nl_import_check_state(const char *text, struct nl_error *err) {
    const char *equals = strrchr(text, '=');
    if (equals != NULL && equals > text && state_of(equals + 1) != NL_SIGN_NONE)
        return NL_OK;
    return nl_error_set(err, NL_USAGE,
                        "--state '%s': write it as WORD=STATE, with one of active, pending, "
                        "unsubscribed, bounced, complained and blocked",
                        text);
}

enum nl_status nl_import_file(struct nl_store *store, FILE *in, const char *name,
                              const struct nl_import_options *options,
                              struct nl_import_report *report, struct nl_error *err) {
    struct importing self = {.store = store, .options = options, .report = report};
    *report = (struct nl_import_report){0};
    self.reader = nl_calloc(1, sizeof *self.reader);
    enum nl_status status = nl_list_each(store, count_list, &self.only_list, err);
    if (status == NL_OK)
        status = nl_reader_begin(self.reader, in, name, options, err);
    self.as = state_of(options->as);
    if (status == NL_OK)
        self.file = nl_lexicon_file(self.reader->lexicon, name);
    if (status == NL_OK)
        status = nl_reader_choose(self.reader, options->format, err);
    if (status == NL_OK) {
        self.job = nl_import_job_new(store, &options->policy, options->dry_run);
        if (options->task != 0)
            nl_import_job_set_task(self.job, options->task);
        status = take_all(&self, err);
    }
    if (status == NL_OK)
        status = finish(&self, name, err);
    nl_import_job_free(self.job);
    report->ignored = self.reader->columns.unused;
    report->notes = self.reader->columns.notes;
    report->note_parts = self.reader->columns.note_parts;
    self.reader->columns.note_parts = NULL;
    self.reader->columns.unused = self.reader->columns.notes = (struct nl_buf){0};
    nl_reader_free(self.reader);
    free(self.reader);
    for (size_t i = 0; i < self.list_count; i++)
        free(self.lists[i].name);
    return status;
}
