/* A stream for reading whose content is made piece by piece, so that no more than one is held. */
#ifndef NEWSLETTER_BASE_PIECES_H
#define NEWSLETTER_BASE_PIECES_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdio.h>

struct nl_pieces {
    /* Adds the next piece to `out`, which is empty; adds nothing at the end. A failure makes the
     * reader's call fail with EIO. */
    enum nl_status (*next)(void *ctx, struct nl_buf *out, struct nl_error *err);
    void (*free)(void *ctx); /* when the stream is closed */
    void *ctx;
    struct nl_error *problem; /* gets the failure; NULL: nobody wants it */
    struct nl_buf first;      /* a piece that is there already */
};

/* NULL without memory. Takes `pieces->first`, and `ctx`, in either case. */
FILE *nl_pieces_open(const struct nl_pieces *pieces, struct nl_error *err) NL_ALL_NONNULL;

#endif
