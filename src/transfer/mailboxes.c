#include "newsletter/base/address.h"
#include "newsletter/base/memory.h"
#include "transfer/reader.h"

#include <stdlib.h>
#include <string.h>

static const char white[] = " \t\r\n";

size_t nl_mailbox_length(const char *text) {
    bool quoted = false;
    bool address = false;
    int depth = 0;
    size_t at = 0;
    for (; text[at] != '\0'; at++) {
        if (text[at] == '\\' && quoted && text[at + 1] != '\0')
            at++;
        else if (text[at] == '"')
            quoted = !quoted;
        else if (!quoted && (text[at] == '<' || text[at] == '('))
            depth++;
        else if (!quoted && (text[at] == '>' || text[at] == ')'))
            depth -= depth > 0;
        else if (!quoted && text[at] == '@')
            address = true;
        else if (!quoted && depth == 0 && address && (text[at] == ',' || text[at] == ';'))
            break;
    }
    return at;
}

/* "ann@example.org Ann Lee" as Sympa has it, "ann@example.org (Ann Lee)" as old mail had it:
 * returns the length of the address, or 0 where no name follows one. */
static size_t address_before_name(const char *text) {
    size_t len = strcspn(text, white);
    const char *rest = text + len + strspn(text + len, white);
    const char *at = memchr(text, '@', len);
    return at != NULL && *rest != '\0' && strpbrk(rest, "@<>") == NULL && text[0] != '"' ? len : 0;
}

enum nl_status nl_mailbox_read(char *text, char **name, char **address, struct nl_error *err) {
    struct nl_address parsed = {0};
    struct nl_buf turned = {0};
    size_t len = address_before_name(text);
    enum nl_status status = NL_OK;
    if (len > 0) {
        char *rest = text + len + strspn(text + len, white);
        size_t end = strlen(rest);
        while (end > 0 && strchr(white, rest[end - 1]) != NULL)
            rest[--end] = '\0';
        bool bracketed = end >= 2 && rest[0] == '(' && rest[end - 1] == ')';
        nl_buf_addf(&turned, "%.*s <%.*s>", (int)(bracketed ? end - 2 : end), rest + bracketed,
                    (int)len, text);
    }
    if (status == NL_OK)
        status = nl_mailbox_parse(len > 0 ? turned.data : text, name, &parsed, err);
    if (status == NL_OK)
        *address = nl_strdup(parsed.text);
    nl_address_free(&parsed);
    nl_buf_free(&turned);
    return status;
}

bool nl_mailboxes_are(const char *line) {
    bool all = true;
    while (all && *line != '\0') {
        size_t len = nl_mailbox_length(line);
        char *text = nl_strndup(line, len);
        char *name = NULL;
        char *address = NULL;
        bool blank = text[strspn(text, white)] == '\0';
        char *end = text != NULL ? text + strlen(text) : NULL;
        while (end != NULL && end > text && strchr(white, end[-1]) != NULL)
            *--end = '\0';
        all = text != NULL && (blank || nl_mailbox_read(text + strspn(text, white), &name, &address,
                                                        NULL) == NL_OK);
        free(text);
        free(name);
        free(address);
        line += len + (line[len] != '\0');
    }
    return all;
}

/* The next piece of the line, or of the next one. */
static enum nl_status next_piece(struct nl_reader *reader, bool *end, struct nl_error *err) {
    struct nl_source *source = &reader->source;
    nl_buf_clear(&reader->raw);
    *end = false;
    for (;;) {
        if (source->line == NULL || source->line[reader->at] == '\0') {
            enum nl_status status = nl_source_next_filled(source, end, err);
            reader->at = 0;
            if (status != NL_OK || *end)
                return status;
        }
        const char *text = source->line + reader->at;
        size_t skip = strspn(text, " \t\r\n,;");
        text += skip;
        size_t len = nl_mailbox_length(text);
        reader->at += skip + len;
        while (len > 0 && strchr(white, text[len - 1]) != NULL)
            len--;
        nl_buf_add(&reader->raw, text, len);
        if (len > 0)
            return NL_OK;
    }
}

/* Addresses with nothing but blanks between them. */
static void split_at_blanks(struct nl_reader *reader) {
    char *text = reader->raw.data;
    size_t len = strcspn(text, white);
    const char *rest = text + len + strspn(text + len, white);
    if (memchr(text, '@', len) == NULL || *rest == '\0' || strpbrk(text, "<>\"(") != NULL ||
        memchr(rest, '@', strcspn(rest, white)) == NULL)
        return;
    reader->at -= strlen(text) - len;
    reader->raw.len = len;
    text[len] = '\0';
}

static enum nl_status next(struct nl_reader *reader, bool *end, bool *bad, struct nl_error *err) {
    *bad = false;
    nl_row_clear(&reader->row);
    enum nl_status status = next_piece(reader, end, err);
    if (status != NL_OK || *end)
        return status;
    reader->row.line = reader->source.number;
    split_at_blanks(reader);
    for (int i = 0; i < 2; i++) {
        free(reader->mailbox[i]);
        reader->mailbox[i] = NULL;
    }
    char *copy = nl_strdup(reader->raw.data);
    status = nl_mailbox_read(copy, &reader->mailbox[1], &reader->mailbox[0], err);
    free(copy);
    *bad = status == NL_DATA;
    for (size_t i = 0; status == NL_OK && i < 2; i++)
        if (reader->mailbox[i] != NULL)
            status = nl_row_put(&reader->row, &reader->columns, i, reader->mailbox[i], err);
    return status;
}

enum nl_status nl_mailboxes_open(struct nl_reader *reader, struct nl_error *err) {
    reader->next = next;
    reader->write_reject = nl_mailboxes_write_reject;
    reader->at = reader->source.len; /* what was looked at to guess the format is given once more */
    enum nl_status status = nl_columns_add(&reader->columns, "email", err);
    return status == NL_OK ? nl_columns_add(&reader->columns, "name", err) : status;
}
