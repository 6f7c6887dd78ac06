/* What a service says of itself: lines on standard error, or entries of the journal. */
#ifndef NEWSLETTER_BASE_LOG_H
#define NEWSLETTER_BASE_LOG_H

/* As syslog(3) numbers them. */
enum nl_log_level { NL_LOG_ERROR = 3, NL_LOG_NOTICE = 5, NL_LOG_INFO = 6 };

/* A field of a journal entry: "ISSUE" is NEWSLETTER_ISSUE there. An array ends with a NULL name. */
struct nl_log_field {
    const char *name, *value;
};

/* Says one line. Where standard error is the journal's (as systemd has it, systemd.exec(5)
 * JOURNAL_STREAM) it is an entry with its level and `fields` (NULL for none); elsewhere a line on
 * standard error, with "newsletter: " before what is not mere information. */
void nl_log(enum nl_log_level level, const struct nl_log_field *fields, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
