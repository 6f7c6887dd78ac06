/* Reports on an issue, or on all of a list's. */
#ifndef NEWSLETTER_REPORT_REPORT_H
#define NEWSLETTER_REPORT_REPORT_H

#include "newsletter/base/buf.h"
#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"

enum nl_report_form { NL_REPORT_TEXT, NL_REPORT_JSON, NL_REPORT_HTML };

/* Appends the results of an issue or, with `issue` 0, an overview of all issues (of the list
 * `list`, if that is not NULL). HTML is one self-contained page in `language`. Tables
 * of text are at most `width` columns wide. NL_NOTFOUND if there
 * is no such issue or list. */
NL_CHECKED enum nl_status nl_report_write(struct nl_store *store, const struct nl_config *config,
                                          int64_t issue, const char *list, enum nl_report_form form,
                                          const char *language, size_t width, struct nl_buf *out,
                                          struct nl_error *err) NL_NONNULL(1, 2, 6, 8, 9);

#endif
