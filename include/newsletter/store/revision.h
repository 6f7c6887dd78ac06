/* Whether anything has changed. */
#ifndef NEWSLETTER_STORE_REVISION_H
#define NEWSLETTER_STORE_REVISION_H

#include "newsletter/db/handle.h"

/* Appends a text that is another one after each change that was committed through another
 * connection. Changes by this connection need not change it. */
NL_CHECKED enum nl_status nl_store_revision(struct nl_store *store, struct nl_buf *out,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Appends a digest of what the public may see now: the lists, and the issues in their archives.
 * Texts of an issue never change, so it is the same until a page of the website changes, except by
 * the day or by a file. While an issue is being sent, nl_store_revision changes all the time, and
 * this does not. */
NL_CHECKED enum nl_status nl_store_public_state(struct nl_store *store, struct nl_buf *out,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
