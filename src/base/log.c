#include "newsletter/base/log.h"

#include "newsletter/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef NL_JOURNAL
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

enum { FIELDS_LIMIT = 12 };

/* Whether standard error is still the stream that systemd connected to the journal, which
 * JOURNAL_STREAM names as "DEVICE:INODE". */
static bool is_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat info;
    char own[64];
    if (stream == NULL || fstat(STDERR_FILENO, &info) != 0)
        return false;
    snprintf(own, sizeof own, "%llu:%llu", (unsigned long long)info.st_dev,
             (unsigned long long)info.st_ino);
    return strcmp(own, stream) == 0;
}

static bool send_entry(enum nl_log_level level, const struct nl_log_field *fields,
                       const char *message) {
    struct nl_buf texts[FIELDS_LIMIT] = {0};
    struct iovec entry[FIELDS_LIMIT];
    size_t count = 0;
    nl_buf_addf(&texts[count++], "MESSAGE=%s", message);
    nl_buf_addf(&texts[count++], "PRIORITY=%d", (int)level);
    nl_buf_adds(&texts[count++], "SYSLOG_IDENTIFIER=newsletter");
    for (; fields != NULL && fields->name != NULL && count < FIELDS_LIMIT; fields++)
        nl_buf_addf(&texts[count++], "NEWSLETTER_%s=%s", fields->name, fields->value);
    for (size_t i = 0; i < count; i++)
        entry[i] = (struct iovec){texts[i].data, texts[i].len};
    bool sent = sd_journal_sendv(entry, (int)count) == 0;
    for (size_t i = 0; i < count; i++)
        nl_buf_free(&texts[i]);
    return sent;
}
#else
static bool is_journal(void) {
    return false;
}

static bool send_entry(enum nl_log_level level, const struct nl_log_field *fields,
                       const char *message) {
    (void)level;
    (void)fields;
    (void)message;
    return false;
}
#endif

void nl_log(enum nl_log_level level, const struct nl_log_field *fields, const char *format, ...) {
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (is_journal() && send_entry(level, fields, message))
        return;
    if (level < NL_LOG_DEBUG || getenv("NEWSLETTER_DEBUG") != NULL)
        fprintf(stderr, "%s%s\n", level < NL_LOG_INFO ? "newsletter: " : "", message);
}
