#include "newsletter/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static char *format_line(const char *format, va_list args) {
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        return NULL;
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    return text;
}

enum nl_status nl_error_set(struct nl_error *err, enum nl_status status, const char *format, ...) {
    if (err == NULL)
        return status;
    va_list args;
    va_start(args, format);
    char *text = format_line(format, args);
    va_end(args);
    free(err->text);
    err->text = text;
    err->status = status;
    return status;
}

enum nl_status nl_error_context(struct nl_error *err, const char *format, ...) {
    if (err == NULL)
        return NL_INTERNAL;
    va_list args;
    va_start(args, format);
    char *context = format_line(format, args);
    va_end(args);
    char *text = NULL;
    if (context != NULL && asprintf(&text, "%s: %s", context, nl_error_text(err)) >= 0) {
        free(err->text);
        err->text = text;
    }
    free(context);
    return err->status;
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
    *err = (struct nl_error){0};
}
