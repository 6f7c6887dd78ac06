#include "transfer/source.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

enum { LINE_LIMIT = 1 << 20, PIECE = 1 << 16 };

static const char utf8_mark[] = "\xef\xbb\xbf";

static enum nl_status read_all(FILE *in, const char *name, struct nl_buf *out,
                               struct nl_error *err) {
    size_t got = PIECE;
    while (got == PIECE && nl_buf_reserve(out, PIECE)) {
        got = fread(out->data + out->len, 1, PIECE, in);
        out->len += got;
        out->data[out->len] = '\0';
    }
    if (ferror(in))
        return nl_error_set(err, NL_NOINPUT, "cannot read %s", name);
    return out->failed ? nl_error_nomem(err) : NL_OK;
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
        status = nl_error_set(err, NL_USAGE,
                              "the encoding '%s' is not known: 'iconv --list' names those that are",
                              encoding);
    char *in = raw.data;
    size_t left = raw.len;
    while (status == NL_OK && left > 0 && nl_buf_reserve(&source->converted, PIECE)) {
        char *out = source->converted.data + source->converted.len;
        size_t room = PIECE;
        if (iconv(converter, &in, &left, &out, &room) == (size_t)-1 && errno != E2BIG)
            status = nl_error_set(err, NL_DATA, "%s: byte %zu is not %s", source->name,
                                  raw.len - left + 1, encoding);
        source->converted.len += PIECE - room;
    }
    if (status == NL_OK && source->converted.failed)
        status = nl_error_nomem(err);
    if (is_open(converter))
        iconv_close(converter);
    nl_buf_free(&raw);
    if (status == NL_OK)
        source->in = NULL;
    return status;
}

static bool is_utf16(FILE *in) {
    int first = getc(in);
    if (first != 0xff && first != 0xfe) {
        if (first != EOF)
            ungetc(first, in);
        return false;
    }
    int second = getc(in);
    ungetc(second, in);
    ungetc(first, in);
    return (first ^ second) == (0xff ^ 0xfe);
}

enum nl_status nl_source_open(struct nl_source *source, FILE *in, const char *name,
                              const char *encoding, struct nl_error *err) {
    source->in = in;
    source->name = name;
    if (encoding == NULL && is_utf16(in))
        encoding = "UTF-16";
    return encoding != NULL ? convert(source, encoding, err) : NL_OK;
}

/* From the memory or from the file; false at the end. */
static bool take_line(struct nl_source *source, struct nl_error *err) {
    if (source->in != NULL) {
        ssize_t got = getline(&source->line, &source->room, source->in);
        source->len = got > 0 ? (size_t)got : 0;
        return got > 0;
    }
    const char *start = source->converted.data + source->at;
    size_t left = source->converted.len - source->at;
    const char *end = left > 0 ? memchr(start, '\n', left) : NULL;
    source->len = end != NULL ? (size_t)(end - start) + 1 : left;
    if (source->len + 1 > source->room) {
        char *grown = realloc(source->line, source->len + 1);
        if (grown == NULL) {
            nl_error_nomem(err);
            return false;
        }
        source->line = grown;
        source->room = source->len + 1;
    }
    memcpy(source->line, start, source->len);
    source->line[source->len] = '\0';
    source->at += source->len;
    return source->len > 0;
}

static enum nl_status check(const struct nl_source *source, struct nl_error *err) {
    if (source->len > LINE_LIMIT)
        return nl_error_set(err, NL_DATA, "%s:%zu: the line is larger than a megabyte",
                            source->name, source->number);
    if (memchr(source->line, '\0', source->len) != NULL ||
        u8_check((const uint8_t *)source->line, source->len) != NULL)
        return nl_error_set(err, NL_DATA,
                            "%s:%zu: not UTF-8: name the encoding, such as --encoding windows-1251",
                            source->name, source->number);
    return NL_OK;
}

enum nl_status nl_source_next(struct nl_source *source, bool *end, struct nl_error *err) {
    *end = false;
    if (source->again) {
        source->again = false;
        return NL_OK;
    }
    *end = !take_line(source, err);
    if (*end)
        return source->in != NULL && ferror(source->in)
                   ? nl_error_set(err, NL_NOINPUT, "cannot read %s", source->name)
                   : NL_OK;
    source->number++;
    if (source->number == 1 && strncmp(source->line, utf8_mark, 3) == 0) {
        source->len -= 3;
        memmove(source->line, source->line + 3, source->len + 1);
    }
    return check(source, err);
}

void nl_source_back(struct nl_source *source) {
    source->again = true;
}

void nl_source_free(struct nl_source *source) {
    nl_buf_free(&source->converted);
    free(source->line);
    *source = (struct nl_source){0};
}
