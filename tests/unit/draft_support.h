/* Drafts of the tests. */
#ifndef NL_TEST_DRAFT_SUPPORT_H
#define NL_TEST_DRAFT_SUPPORT_H

#include "support.h"

#include "newsletter/service/drafts.h"

/* A draft with one text in English. */
int64_t draft_begin(const struct nl_office *office, const char *title);

/* The text in a language; its revision goes into `revision`. The caller frees it. */
char *draft_text(const struct nl_office *office, int64_t id, const char *language,
                 struct nl_revision *revision);

#endif
