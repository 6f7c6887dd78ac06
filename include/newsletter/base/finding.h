/* Findings: the result of checking an issue or the installation. */
#ifndef NEWSLETTER_BASE_FINDING_H
#define NEWSLETTER_BASE_FINDING_H

#include "newsletter/base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum nl_level { NL_LEVEL_GOOD, NL_LEVEL_WARNING, NL_LEVEL_ERROR };

/* One finding. */
struct nl_finding {
    enum nl_level level;
    const char *rule;     /* a short constant name, such as "size" */
    char *path;           /* the file concerned, or NULL */
    char *text;           /* what, where, what to do; one line */
    struct nl_error said; /* the same without "line 7: ", for pages: nl_catalog_error words it */
};

/* Zero-initialise it; free with nl_findings_free. */
struct nl_findings {
    struct nl_finding *items;
    size_t count;
};

/* Adds one finding. `path` is copied and may be NULL. A format in NL_TEXT
 * (newsletter/base/catalog.h) is shown translated on staff's pages. */
void nl_findings_add(struct nl_findings *findings, enum nl_level level, const char *rule,
                     const char *path, const char *format, ...) NL_NONNULL(1, 3, 5)
    __attribute__((format(printf, 5, 6)));

/* The same at a line of the file, which the text begins with; 0 for none. */
void nl_findings_add_at(struct nl_findings *findings, enum nl_level level, const char *rule,
                        const char *path, size_t line, const char *format, ...) NL_NONNULL(1, 3, 6)
    __attribute__((format(printf, 6, 7)));
void nl_findings_add_args(struct nl_findings *findings, enum nl_level level, const char *rule,
                          const char *path, size_t line, const char *format, va_list args)
    NL_NONNULL(1, 3, 6) __attribute__((format(printf, 6, 0)));

/* Makes a finding of an error, which is left empty. Pages show it translated, as they do errors. */
void nl_findings_add_error(struct nl_findings *findings, enum nl_level level, const char *rule,
                           struct nl_error *err) NL_ALL_NONNULL;

/* The number of findings of this level. */
size_t nl_findings_count(const struct nl_findings *findings, enum nl_level level) NL_ALL_NONNULL;

void nl_findings_free(struct nl_findings *findings);

#endif
