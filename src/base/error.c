#include "newsletter/base/error.h"

#include "base/error_part.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *format_line(const char *format, va_list args) {
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        return NULL;
    nl_error_one_line(text, strlen(text));
    return text;
}

enum nl_status nl_error_set_args(struct nl_error *err, enum nl_status status, const char *format,
                                 va_list args) {
    va_list again;
    if (err == NULL)
        return status;
    va_copy(again, args);
    char *text = format_line(format, args);
    struct nl_error_part *parts = nl_error_part_make(format, again);
    va_end(again);
    nl_error_free(err);
    *err = (struct nl_error){status, text, parts};
    return status;
}

enum nl_status nl_error_set(struct nl_error *err, enum nl_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    nl_error_set_args(err, status, format, args);
    va_end(args);
    return status;
}

/* Without its own part, an error that has a context is shown as it is. */
static void put_before(struct nl_error *err, struct nl_error_part *part) {
    if (part != NULL && err->parts != NULL) {
        part->within = err->parts;
        err->parts = part;
        return;
    }
    nl_error_part_free(part);
    nl_error_part_free(err->parts);
    err->parts = NULL;
}

enum nl_status nl_error_context(struct nl_error *err, const char *format, ...) {
    if (err == NULL)
        return NL_INTERNAL;
    va_list args;
    va_start(args, format);
    char *context = format_line(format, args);
    va_end(args);
    va_start(args, format);
    struct nl_error_part *part = nl_error_part_make(format, args);
    va_end(args);
    char *text = NULL;
    if (context != NULL && asprintf(&text, "%s: %s", context, nl_error_text(err)) >= 0) {
        free(err->text);
        err->text = text;
        put_before(err, part);
    } else {
        nl_error_part_free(part);
    }
    free(context);
    return err->status;
}

enum nl_status nl_error_take(struct nl_error *err, enum nl_status status, struct nl_error *from) {
    if (err == NULL) {
        nl_error_free(from);
        return status;
    }
    nl_error_free(err);
    *err = *from;
    err->status = status;
    *from = (struct nl_error){0};
    return status;
}

enum nl_status nl_error_nomem(struct nl_error *err) {
    return nl_error_set(err, NL_OS, "out of memory");
}

const char *nl_error_text(const struct nl_error *err) {
    return err->text != NULL ? err->text : "out of memory";
}

void nl_error_free(struct nl_error *err) {
    if (err == NULL)
        return;
    free(err->text);
    nl_error_part_free(err->parts);
    *err = (struct nl_error){0};
}
