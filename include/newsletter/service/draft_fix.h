/* Fixes for what the check of a draft finds: each changes the text at one place, or says that the
 * place is not there any more. */
#ifndef NEWSLETTER_SERVICE_DRAFT_FIX_H
#define NEWSLETTER_SERVICE_DRAFT_FIX_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stddef.h>

enum nl_fix_kind {
    NL_FIX_NONE,
    NL_FIX_CLICK, /* nothing more is needed */
    NL_FIX_WORDS, /* words of the writer are: what a picture shows */
};

/* How a finding of a rule can be fixed; `text` is that of the finding, `body` the Markdown. */
enum nl_fix_kind nl_draft_fix_kind(const char *rule, const char *text,
                                   const char *body) NL_ALL_NONNULL;

struct nl_draft_fix {
    const char *rule;  /* of the finding */
    size_t line;       /* in the Markdown, from 1; 0 for the whole text */
    const char *words; /* for NL_FIX_WORDS; for "language-mark" the language; else "" */
};

/* Appends the Markdown with one thing fixed. NL_DATA where the line is not what the rule finds: the
 * text has been changed since; and where words are missing. */
NL_CHECKED enum nl_status nl_draft_fix(const char *body, const struct nl_draft_fix *fix,
                                       struct nl_buf *out, struct nl_error *err) NL_ALL_NONNULL;

/* The language that a finding of "language-mark" names: two or three letters in `out`, "" for none.
 */
void nl_draft_fix_language(const char *text, char out[4]) NL_ALL_NONNULL;

#endif
