/* The sentences that visitors read after joining, confirming and leaving. */
#ifndef NEWSLETTER_BULLETIN_ANSWER_H
#define NEWSLETTER_BULLETIN_ANSWER_H

#include "newsletter/base/buf.h"
#include "newsletter/config/config.h"
#include "newsletter/store/list.h"

#include <stdbool.h>

enum nl_answer {
    NL_ANSWER_ASKED, /* the same for every visitor and every address, so that it reveals nothing */
    NL_ANSWER_CONFIRMED,  /* names the list */
    NL_ANSWER_SUBSCRIBED, /* the same on a second click; names the list */
    NL_ANSWER_LEFT,       /* names the list */
    NL_ANSWER_BACK,       /* after leaving by mistake; names the list */
    NL_ANSWER_MOVED,      /* the same for every list */
    NL_ANSWER_BAD_LINK,   /* the same for every fault of a link */
};

/* Appends the sentence in `language` (NULL for the list's): as a line of text or, with `html`, as a
 * page made from the template page.html. `list` may be NULL for an answer that names no list. */
NL_CHECKED enum nl_status nl_answer_compose(enum nl_answer answer, const char *language,
                                            const struct nl_list *list,
                                            const struct nl_config *config, bool html,
                                            struct nl_buf *out, struct nl_error *err)
    NL_NONNULL(4, 6, 7);

#endif
