/* Log messages of services: lines on standard error, or entries of the systemd journal. */
#ifndef NEWSLETTER_BASE_LOG_H
#define NEWSLETTER_BASE_LOG_H

#include "newsletter/base/attribute.h"

/* Levels, numbered as in syslog(3). */
enum nl_log_level { NL_LOG_ERROR = 3, NL_LOG_NOTICE = 5, NL_LOG_INFO = 6, NL_LOG_DEBUG = 7 };

/* A field of a journal entry: "ISSUE" is NEWSLETTER_ISSUE there. An array ends with a NULL name. */
struct nl_log_field {
    const char *name, *value;
};

/* Logs one line. Where systemd has connected standard error to the journal (JOURNAL_STREAM in
 * systemd.exec(5)), it becomes a journal entry with its level and `fields` (NULL for none);
 * elsewhere a line on standard error, which begins with "newsletter: " unless it is mere
 * information. A line of NL_LOG_DEBUG is for the journal alone, or wherever NEWSLETTER_DEBUG is in
 * the environment. */
void nl_log(enum nl_log_level level, const struct nl_log_field *fields, const char *format, ...)
    NL_NONNULL(3) __attribute__((format(printf, 3, 4)));

#endif
