/* Slugs: the names of issues in the store, in paths and on the command line. */
#ifndef NL_BULLETIN_SLUG_H
#define NL_BULLETIN_SLUG_H

#include "newsletter/base/buf.h"

enum { NL_SLUG_LIMIT = 100 };

/* Appends the slug of a title: its letters in Latin ("Пресс-релиз": "press-reliz"), by the rules of
 * `language` or, where that is NULL, of the language that its letters belong to. Two titles of one
 * day have different slugs also if no letter remains, or more than NL_SLUG_LIMIT. `date` is the
 * issue's, YYYY-MM-DD. */
void nl_slug_make(struct nl_buf *out, const char *title, const char *language, const char *date);

/* Appends the slug that earlier versions gave to that title, for issues that they have stored. */
void nl_slug_former(struct nl_buf *out, const char *title, const char *date);

#endif
