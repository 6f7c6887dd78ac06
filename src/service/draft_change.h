/* Shared by the functions that change drafts. */
#ifndef NL_SERVICE_DRAFT_CHANGE_H
#define NL_SERVICE_DRAFT_CHANGE_H

#include "newsletter/service/drafts.h"

/* NL_EXISTS for a draft whose issue is planned or sent, NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_draft_may_change(const struct nl_office *office, int64_t id,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Whether a word may name the language of a text: as in the name of a file (issue.ru.md). */
bool nl_draft_is_language(const char *text) NL_ALL_NONNULL;

/* Appends a text with line ends of LF and without a byte order mark. NL_DATA for what is not text.
 */
NL_CHECKED enum nl_status nl_draft_take_text(const char *data, size_t len, const char *name,
                                             struct nl_buf *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

#endif
