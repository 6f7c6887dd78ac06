/* Segments kept under a name. */
#ifndef NEWSLETTER_STORE_SAVED_SEGMENT_H
#define NEWSLETTER_STORE_SAVED_SEGMENT_H

#include "newsletter/db/handle.h"

/* Keeps an expression, in place of an earlier one of that name. The caller has parsed it. NL_DATA
 * for a name that is not made of letters, digits, "_" and "-". */
NL_CHECKED enum nl_status nl_saved_segment_put(struct nl_store *store, const char *name,
                                               const char *expression,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* The caller frees *expression. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_saved_segment_get(struct nl_store *store, const char *name,
                                               char **expression,
                                               struct nl_error *err) NL_ALL_NONNULL;

NL_CHECKED enum nl_status nl_saved_segment_remove(struct nl_store *store, const char *name,
                                                  struct nl_error *err) NL_ALL_NONNULL;

NL_CHECKED enum nl_status
nl_saved_segments_each(struct nl_store *store,
                       enum nl_status (*each)(const char *name, const char *expression, void *ctx,
                                              struct nl_error *err),
                       void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

#endif
