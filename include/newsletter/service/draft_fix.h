/* Fixes for what the check of a draft finds: each changes the text at one place, or says that the
 * place is not there any more. */
#ifndef NEWSLETTER_SERVICE_DRAFT_FIX_H
#define NEWSLETTER_SERVICE_DRAFT_FIX_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum nl_fix_kind {
    NL_FIX_NONE,
    NL_FIX_CLICK,   /* nothing more is needed */
    NL_FIX_PICTURE, /* words of the writer are: what a picture shows, */
    NL_FIX_LINK,    /* where a link leads, */
    NL_FIX_COLUMNS, /* names of columns, with commas between them */
};

struct nl_draft_fix {
    const char *rule;  /* of the finding */
    size_t line;       /* in the Markdown, from 1; 0 for the whole text */
    const char *about; /* what the finding names (nl_draft_fix_about), "" for nothing */
    const char *words; /* of the writer, or "" */
};

/* Appends what a fix has to know from the words of a finding: a language, the words of a link, the
 * next number. */
void nl_draft_fix_about(const char *rule, const char *text, struct nl_buf *out) NL_ALL_NONNULL;

/* Whether a fix changes a file, fix->about, and not the text: nl_office_draft_file_clean does it.
 */
bool nl_draft_fix_is_file(const struct nl_draft_fix *fix) NL_ALL_NONNULL;

/* How a finding can be fixed; `body` is the Markdown, and fix->words counts for nothing. Where it
 * says that it can be, it has been tried. */
enum nl_fix_kind nl_draft_fix_kind(const struct nl_draft_fix *fix, const char *body) NL_ALL_NONNULL;

/* Appends the text of an issue with one thing fixed. NL_DATA where the line is not what the rule
 * finds: the text has been changed since; and where words are missing. */
NL_CHECKED enum nl_status nl_draft_fix(const char *source, const struct nl_draft_fix *fix,
                                       struct nl_buf *out, struct nl_error *err) NL_ALL_NONNULL;

#endif
