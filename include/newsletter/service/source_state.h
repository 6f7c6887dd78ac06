/* The addresses that mail goes out from, and where they are left alone, for all doors. */
#ifndef NEWSLETTER_SERVICE_SOURCE_STATE_H
#define NEWSLETTER_SERVICE_SOURCE_STATE_H

#include "newsletter/config/config.h"
#include "newsletter/store/source_pause.h"

struct nl_source_state {
    const struct nl_source *source;
    const struct nl_source_pause *pauses; /* that hold now */
    size_t count;
    int64_t everywhere_until; /* 0: it is not left alone everywhere */
};

/* Calls `each` with every address of direct.sources; with none where nothing is delivered directly.
 */
NL_CHECKED enum nl_status
nl_source_states_each(struct nl_store *store, const struct nl_config *config,
                      void (*each)(const struct nl_source_state *state, void *ctx), void *ctx,
                      struct nl_error *err) NL_NONNULL(1, 2, 3, 5);

#endif
