/* The one error idiom: a function that may fail returns an nl_status and describes the failure in
 * an nl_error. The status is turned into a sysexits number by the command line alone. */
#ifndef NEWSLETTER_BASE_ERROR_H
#define NEWSLETTER_BASE_ERROR_H

#include "newsletter/base/attribute.h"

#include <stdarg.h>
#include <stddef.h>

enum nl_status {
    NL_OK = 0,
    NL_USAGE,       /* the command line is wrong */
    NL_DATA,        /* input that does not parse or is not allowed */
    NL_NOINPUT,     /* a file cannot be read */
    NL_NOTFOUND,    /* no such list, issue, address or token */
    NL_EXISTS,      /* it exists already */
    NL_EXPIRED,     /* a token past its time */
    NL_USED,        /* a token used before */
    NL_UNAVAILABLE, /* the server refused for good, or a run was paused */
    NL_BUSY,        /* another process holds the lock; a later try may succeed */
    NL_TEMPFAIL,    /* a temporary failure; a later try may succeed */
    NL_PROTOCOL,    /* the server broke the protocol */
    NL_CONFIG,      /* the configuration is wrong */
    NL_NOPERM,      /* the system denies permission */
    NL_CANTCREATE,  /* a file cannot be created */
    NL_IO,          /* reading or writing failed, a full disk included */
    NL_OS,          /* the system lacks a resource, mostly memory */
    NL_INTERNAL,    /* a bug in newsletter */
};

/* How a text, or a context before it, was made: nl_catalog_error makes it again from the
 * translation of the format. */
struct nl_error_part {
    const char *format;           /* a literal, so that it outlives the error */
    char *words;                  /* what was put in for each conversion; each word ends in a NUL */
    size_t words_len;             /* of all words, with their NULs */
    struct nl_error_part *within; /* what stands after "context: ", or NULL */
};

/* Zero-initialise it; free with nl_error_free. `text` is one line: what, where, what to do.
 * `parts` is NULL for a format that cannot be taken apart; the text is complete all the same. */
struct nl_error {
    enum nl_status status;
    char *text;
    struct nl_error_part *parts;
};

/* Replaces the content of `err` and returns `status`. `err` may be NULL here and in all of base,
 * for a caller that asks only whether something is so. Control characters in the
 * message are replaced, so that a message is one line whatever the input held. A format in
 * NL_TEXT (newsletter/base/catalog.h) is shown translated on staff's pages. */
enum nl_status nl_error_set(struct nl_error *err, enum nl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with its arguments in a list, which is used up. */
enum nl_status nl_error_set_args(struct nl_error *err, enum nl_status status, const char *format,
                                 va_list args) __attribute__((format(printf, 3, 0)));

/* Puts "context: " in front of the text; each layer does so once at most. Returns err's status. */
enum nl_status nl_error_context(struct nl_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes `err` the error that `from` is, with `status`, and leaves `from` empty. Returns `status`.
 */
enum nl_status nl_error_take(struct nl_error *err, enum nl_status status, struct nl_error *from);

/* Shorthand for "out of memory". */
enum nl_status nl_error_nomem(struct nl_error *err);

/* The text, or a fallback when there was no memory even for that. Never NULL. */
const char *nl_error_text(const struct nl_error *err);

/* For a status that changes nothing any more: after another failure, or in a clean-up. */
static inline void nl_error_ignore(enum nl_status status) {
    (void)status;
}

void nl_error_free(struct nl_error *err);

#endif
