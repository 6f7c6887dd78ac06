/* The canonical form of an edition: the text that is signed. docs/genuine.md describes it, so that
 * other programs can check it. */
#ifndef NL_BULLETIN_CANONICAL_H
#define NL_BULLETIN_CANONICAL_H

#include "bulletin/wording.h"
#include "newsletter/base/token.h"
#include "newsletter/bulletin/bulletin.h"

#define NL_CANONICAL_HEAD "newsletter issue 1"

/* Appends the form of edition `index` of a bulletin of `list`, signed under the key `office`. */
NL_CHECKED enum nl_status nl_canonical_add(const struct nl_bulletin *bulletin, size_t index,
                                           const struct nl_list *list, const char *office,
                                           int64_t now, struct nl_buf *out, struct nl_error *err)
    NL_NONNULL(1, 3, 4, 6);

/* A run of words, joined by single spaces, as a digest. */
void nl_canonical_digest(const struct nl_wording *words, size_t at, size_t count,
                         char out[NL_HEX_LEN]) NL_ALL_NONNULL;

#endif
