#include "newsletter/db/sync.h"
#include "newsletter/base/memory.h"

#include "db/database.h"

#include <stdlib.h>

struct nl_sync {
    const struct nl_engine *engine;
    void *state; /* the engine's */
};

enum nl_status nl_sync_start(struct nl_store *store, struct nl_sync **out, struct nl_error *err) {
    struct nl_sync *sync = nl_calloc(1, sizeof *sync);
    *out = NULL;
    sync->engine = store->engine;
    enum nl_status status = store->engine->sync_start(store, &sync->state, err);
    if (status == NL_OK)
        *out = sync;
    else
        free(sync);
    return status;
}

void nl_sync_request(struct nl_sync *sync) {
    sync->engine->sync_request(sync->state);
}

int nl_sync_fd(const struct nl_sync *sync) {
    return sync->engine->sync_fd(sync->state);
}

enum nl_status nl_sync_poll(struct nl_sync *sync, bool *done, struct nl_error *err) {
    return sync->engine->sync_poll(sync->state, done, err);
}

enum nl_status nl_sync_stop(struct nl_sync *sync, struct nl_error *err) {
    if (sync == NULL)
        return NL_OK;
    enum nl_status status = sync->engine->sync_stop(sync->state, err);
    free(sync);
    return status;
}
