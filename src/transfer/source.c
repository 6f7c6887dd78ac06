#include "transfer/source.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/file_kind.h"
#include "newsletter/base/memory.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

enum { LINE_LIMIT = 1 << 20, PIECE = 1 << 16 };

static const char utf8_mark[] = "\xef\xbb\xbf";

static enum nl_status cannot_read(const char *name, struct nl_error *err) {
    char reason[128];
    const char *text = strerror_r(errno, reason, sizeof reason);
    return nl_error_set(err, NL_NOINPUT, "cannot read %s: %s",
                        strcmp(name, "-") == 0 ? "standard input" : name, text);
}

static enum nl_status read_all(FILE *in, const char *name, struct nl_buf *out,
                               struct nl_error *err) {
    size_t got = PIECE;
    while (got == PIECE) {
        nl_buf_reserve(out, PIECE);
        got = fread(out->data + out->len, 1, PIECE, in);
        out->len += got;
        out->data[out->len] = '\0';
    }
    if (ferror(in))
        return cannot_read(name, err);
    return NL_OK;
}

static bool is_open(iconv_t converter) {
    return (intptr_t)converter != -1;
}

/* Old encodings are converted as a whole: iconv keeps a state between the bytes. */
static enum nl_status convert(struct nl_source *source, const char *encoding,
                              struct nl_error *err) {
    struct nl_buf raw = {0};
    enum nl_status status = read_all(source->in, source->name, &raw, err);
    iconv_t converter = iconv_open("UTF-8", encoding);
    if (status == NL_OK && !is_open(converter))
        status = nl_error_set(
            err, NL_USAGE,
            NL_TEXT("the encoding '%s' is not known: 'iconv --list' lists the known ones"),
            encoding);
    char *in = raw.data;
    size_t left = raw.len;
    while (status == NL_OK && left > 0) {
        nl_buf_reserve(&source->converted, PIECE);
        char *out = source->converted.data + source->converted.len;
        size_t room = PIECE;
        if (iconv(converter, &in, &left, &out, &room) == (size_t)-1 && errno != E2BIG)
            status = nl_error_set(err, NL_DATA, NL_TEXT("%s: byte %zu is not %s"), source->name,
                                  raw.len - left + 1, encoding);
        source->converted.len += PIECE - room;
    }
    if (is_open(converter))
        iconv_close(converter);
    nl_buf_free(&raw);
    if (status == NL_OK)
        source->in = NULL;
    return status;
}

enum { HEAD = 4, FIRST_PIECE = 1 << 16 };

/* Looks at the first bytes without taking them. */
static size_t peek(FILE *in, unsigned char head[HEAD]) {
    size_t got = fread(head, 1, HEAD, in);
    for (size_t i = got; i > 0; i--)
        ungetc(head[i - 1], in);
    return got;
}

static bool is_utf16(const unsigned char *head, size_t len) {
    return len >= 2 &&
           ((head[0] == 0xff && head[1] == 0xfe) || (head[0] == 0xfe && head[1] == 0xff));
}

/* A spreadsheet's own format is not text: say so before anything else is tried. */
static enum nl_status check_kind(struct nl_source *source, const unsigned char *head, size_t len,
                                 struct nl_error *err) {
    char piece[FIRST_PIECE];
    const char *kind = nl_file_kind(head, len);
    if (kind == NULL)
        return NL_OK;
    kind = nl_file_kind(piece, fread(piece, 1, sizeof piece, source->in));
    return nl_error_set(
        err, NL_DATA,
        NL_TEXT("%s is %s: open it and save or export it as CSV (UTF-8), then import that"),
        source->name, kind != NULL ? kind : "not a text");
}

enum nl_status nl_source_open(struct nl_source *source, FILE *in, const char *name,
                              const char *encoding, struct nl_error *err) {
    unsigned char head[HEAD];
    source->in = in;
    source->name = name;
    size_t len = peek(in, head);
    enum nl_status status = check_kind(source, head, len, err);
    if (encoding == NULL && is_utf16(head, len))
        encoding = "UTF-16";
    return status == NL_OK && encoding != NULL ? convert(source, encoding, err) : status;
}

/* ---- lines ---- */

static void grow_line(struct nl_source *source, size_t room) {
    if (room <= source->room)
        return;
    source->line = nl_realloc(source->line, room);
    source->room = room;
}

static void take_from_memory(struct nl_source *source, bool *end) {
    const char *start = nl_buf_text(&source->converted) + source->at;
    size_t left = source->converted.len - source->at;
    size_t len = 0;
    while (len < left && start[len] != '\n' && !(source->cr && start[len] == '\r'))
        len++;
    size_t whole = len + (len < left);
    if (source->cr && whole < left && start[len] == '\r' && start[len + 1] == '\n')
        whole++;
    *end = left == 0;
    if (*end)
        return;
    grow_line(source, len + 2);
    memcpy(source->line, start, len);
    source->line[len] = '\n';
    source->len = len + 1;
    source->line[source->len] = '\0';
    source->at += whole;
}

/* Whether a file whose text up to its first LF is this one has lines that end with CR, as old
 * Macintosh programs write them: one stands neither before that LF nor within quotation marks. */
static bool ends_with_cr(const char *text, size_t len) {
    bool quoted = false;
    size_t end = len;
    while (end > 0 && (text[end - 1] == '\r' || text[end - 1] == '\n'))
        end--;
    for (size_t i = 0; i < end; i++) {
        quoted = quoted != (text[i] == '"');
        if (text[i] == '\r' && !quoted)
            return true;
    }
    return len > end && text[len - 1] == '\r';
}

/* The first line of what is in memory says how lines end. */
static void find_line_end(struct nl_source *source) {
    const char *text = nl_buf_text(&source->converted);
    const char *lf = memchr(text, '\n', source->converted.len);
    source->cr = ends_with_cr(text, lf != NULL ? (size_t)(lf - text) + 1 : source->converted.len);
}

/* Reads the rest of a file with such lines, which are taken out of memory from now on. */
static enum nl_status turn_to_cr(struct nl_source *source, bool *end, struct nl_error *err) {
    source->cr = true;
    nl_buf_add(&source->converted, source->line, source->len);
    enum nl_status status = read_all(source->in, source->name, &source->converted, err);
    source->in = NULL;
    if (status == NL_OK)
        take_from_memory(source, end);
    return status;
}

static enum nl_status take_line(struct nl_source *source, bool *end, struct nl_error *err) {
    if (source->in == NULL) {
        if (source->number == 0)
            find_line_end(source);
        take_from_memory(source, end);
        return NL_OK;
    }
    ssize_t got = getline(&source->line, &source->room, source->in);
    source->len = got > 0 ? (size_t)got : 0;
    *end = got <= 0;
    if (*end)
        return ferror(source->in) ? cannot_read(source->name, err) : NL_OK;
    return source->number == 0 && ends_with_cr(source->line, source->len)
               ? turn_to_cr(source, end, err)
               : NL_OK;
}

static bool is_last(struct nl_source *source) {
    if (source->in == NULL)
        return source->at == source->converted.len;
    int next = getc(source->in);
    if (next != EOF)
        ungetc(next, source->in);
    return next == EOF;
}

/* Leaves out what is not part of the line's text. *end if nothing is left of the last line. */
static void tidy(struct nl_source *source, bool *end) {
    size_t len = source->len;
    len -= len > 0 && source->line[len - 1] == '\n';
    while (len > 0 && source->line[len - 1] == '\r')
        len--;
    if (len > 0 && source->line[len - 1] == 0x1a && is_last(source)) {
        while (len > 0 && source->line[len - 1] == 0x1a)
            len--;
        *end = len == 0;
    }
    while (len >= 3 && memcmp(source->line, utf8_mark, 3) == 0) {
        len -= 3;
        memmove(source->line, source->line + 3, len);
    }
    grow_line(source, len + 2);
    source->line[len++] = '\n';
    source->line[len] = '\0';
    source->len = len;
}

static enum nl_status check(struct nl_source *source, struct nl_error *err) {
    /* A program writes a JSON array on one line; its reader has a limit of its own. */
    if (source->number == 1)
        source->array = source->line[strspn(source->line, " \t")] == '[';
    if (source->len > LINE_LIMIT && !source->array)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s:%zu: the line is larger than a megabyte"),
                            source->name, source->number);
    if (memchr(source->line, '\0', source->len) != NULL)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s:%zu: it holds a NUL byte and is not UTF-8: name the encoding, such "
                    "as --encoding UTF-16LE"),
            source->name, source->number);
    if (u8_check((const uint8_t *)source->line, source->len) != NULL)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s:%zu: not UTF-8: name the encoding, such as --encoding windows-1251"),
            source->name, source->number);
    return NL_OK;
}

enum nl_status nl_source_next(struct nl_source *source, bool *end, struct nl_error *err) {
    *end = false;
    if (source->again) {
        source->again = false;
        return NL_OK;
    }
    enum nl_status status = take_line(source, end, err);
    if (status == NL_OK && !*end)
        tidy(source, end);
    if (status != NL_OK || *end)
        return status;
    source->number++;
    return check(source, err);
}

bool nl_source_is_blank(const struct nl_source *source) {
    return strspn(source->line, " \t\n") == source->len;
}

enum nl_status nl_source_next_filled(struct nl_source *source, bool *end, struct nl_error *err) {
    enum nl_status status = NL_OK;
    do
        status = nl_source_next(source, end, err);
    while (status == NL_OK && !*end && nl_source_is_blank(source));
    return status;
}

void nl_source_back(struct nl_source *source) {
    source->again = true;
}

void nl_source_free(struct nl_source *source) {
    nl_buf_free(&source->converted);
    free(source->line);
    *source = (struct nl_source){0};
}
