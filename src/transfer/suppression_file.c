#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/store/suppression.h"
#include "transfer/reader.h"

#include <stdlib.h>
#include <string.h>

enum { REASON_LIMIT = 200 };

/* A file of addresses that are being suppressed. */
struct suppressing {
    struct nl_store *store;
    struct nl_reader *reader;
    const char *reason;
    int64_t count;
};

enum nl_status nl_suppression_check_reason(const char *reason, struct nl_error *err) {
    enum nl_status status = nl_text_check_line(reason, "the reason", err);
    if (status == NL_OK && strlen(reason) > REASON_LIMIT)
        status = nl_error_set(err, NL_DATA, "the reason is longer than %d bytes", REASON_LIMIT);
    return status;
}

static enum nl_status add_suppression(struct suppressing *self, const char *text,
                                      const char *reason, int64_t since, struct nl_error *err) {
    struct nl_address address = {0};
    bool added = false;
    enum nl_status status = nl_address_parse(text, &address, err);
    if (status == NL_OK)
        status = nl_suppression_add(self->store, &address, reason, since, &added, err);
    self->count += added;
    nl_address_free(&address);
    return status;
}

/* "address TAB since TAB reason", as 'suppress export' writes it. */
static enum nl_status take_exported(struct suppressing *self, char *line, struct nl_error *err) {
    char *since_text = strchr(line, '\t');
    char *reason = strchr(since_text + 1, '\t');
    int64_t since = 0;
    *since_text++ = '\0';
    if (reason != NULL)
        *reason++ = '\0';
    if (!nl_timestamp_parse(since_text, &since))
        return nl_error_set(err, NL_DATA, "'%s' is not a time such as 2026-12-01T09:00:00Z",
                            since_text);
    enum nl_status status = reason != NULL ? nl_suppression_check_reason(reason, err) : NL_OK;
    return status == NL_OK
               ? add_suppression(self, line, reason != NULL ? reason : self->reason, since, err)
               : status;
}

/* Addresses, with names or without. */
static enum nl_status take_mailboxes(struct suppressing *self, const char *line,
                                     struct nl_error *err) {
    enum nl_status status = NL_OK;
    while (status == NL_OK && *(line += strspn(line, " \t\r\n,;")) != '\0') {
        size_t len = nl_mailbox_length(line);
        char *piece = nl_strndup(line, len);
        char *name = NULL;
        char *address = NULL;
        status = nl_mailbox_read(piece, &name, &address, err);
        if (status == NL_OK)
            status = add_suppression(self, address, self->reason, 0, err);
        free(piece);
        free(name);
        free(address);
        line += len;
    }
    return status;
}

/* Lines, each an address or what 'suppress export' writes; those that begin with # say nothing. */
static enum nl_status take_lines(struct suppressing *self, struct nl_error *err) {
    struct nl_source *source = &self->reader->source;
    for (;;) {
        bool end = false;
        enum nl_status status = nl_source_next_filled(source, &end, err);
        if (status != NL_OK || end)
            return status;
        source->line[strcspn(source->line, "\n")] = '\0';
        if (source->line[0] == '#')
            continue;
        status = strchr(source->line, '\t') != NULL ? take_exported(self, source->line, err)
                                                    : take_mailboxes(self, source->line, err);
        if (status == NL_DATA)
            nl_error_context(err, "%s:%zu", source->name, source->number);
        if (status != NL_OK)
            return status;
    }
}

/* CSV with a header, JSON lines or a dump: the addresses in it. */
static enum nl_status take_rows(struct suppressing *self, struct nl_error *err) {
    struct nl_reader *reader = self->reader;
    for (;;) {
        struct nl_member member = {0};
        bool end = false;
        bool bad = false;
        enum nl_status status = reader->next(reader, &end, &bad, err);
        if (end || (status != NL_OK && !bad))
            return status;
        if (status == NL_OK)
            status = nl_row_member(&reader->row, &reader->columns, &member, err);
        if (status == NL_OK)
            status = add_suppression(self, member.address, self->reason, 0, err);
        if (status == NL_DATA)
            nl_error_context(err, "%s:%zu", reader->source.name, reader->row.line);
        if (status != NL_OK)
            return status;
    }
}

/* By the first line that says something. */
static enum nl_status take_file(struct suppressing *self, struct nl_error *err) {
    struct nl_source *source = &self->reader->source;
    bool end = false;
    enum nl_status status = nl_source_next_filled(source, &end, err);
    while (status == NL_OK && !end && source->line[0] == '#')
        status = nl_source_next_filled(source, &end, err);
    if (status != NL_OK || end)
        return status;
    bool lines = strchr(source->line, '@') != NULL && source->line[0] != '{' &&
                 !nl_dump_begins(source->line);
    bool rows = !lines && (strpbrk(source->line, "{[") != NULL || nl_dump_begins(source->line) ||
                           nl_reader_has_header(self->reader));
    nl_source_back(source);
    if (!rows)
        return take_lines(self, err);
    status = nl_reader_choose(self->reader, NL_FORMAT_GUESS, err);
    return status == NL_OK ? take_rows(self, err) : status;
}

enum nl_status nl_suppression_file(struct nl_store *store, FILE *in, const char *name,
                                   const char *reason, int64_t *count, struct nl_error *err) {
    const struct nl_import_options options = {.addresses_only = true};
    struct suppressing self = {.store = store, .reason = reason};
    self.reader = nl_calloc(1, sizeof *self.reader);
    enum nl_status status = nl_reader_begin(self.reader, in, name, &options, err);
    if (status == NL_OK)
        status = nl_store_begin_exclusive(store, err);
    if (status == NL_OK)
        status = take_file(&self, err);
    if (status == NL_OK)
        status = nl_store_commit(store, err);
    nl_store_rollback(store);
    nl_reader_free(self.reader);
    free(self.reader);
    *count = status == NL_OK ? self.count : 0;
    return status;
}
