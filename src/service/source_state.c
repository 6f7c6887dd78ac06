#include "newsletter/service/source_state.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum nl_status nl_source_states_each(struct nl_store *store, const struct nl_config *config,
                                     void (*each)(const struct nl_source_state *state, void *ctx),
                                     void *ctx, struct nl_error *err) {
    size_t sources = nl_config_is_direct(config) ? nl_config_sources(config) : 0;
    int64_t now = nl_store_now(store);
    struct nl_source_pause *pauses = NULL;
    size_t count = 0;
    if (sources == 0)
        return NL_OK;
    enum nl_status status = nl_source_pause_read(store, &pauses, &count, err);
    struct nl_source_pause *own = status == NL_OK ? nl_calloc(NL_SOURCE_PAUSES, sizeof *own) : NULL;
    for (size_t i = 0; status == NL_OK && i < sources; i++) {
        struct nl_source_state state = {.source = &config->direct.sources[i], .pauses = own};
        for (size_t j = 0; j < count; j++)
            if (pauses[j].until > now && strcmp(pauses[j].address, state.source->address) == 0)
                own[state.count++] = pauses[j];
        if (!nl_source_is_paused(pauses, count, state.source->address, "", now,
                                 &state.everywhere_until))
            state.everywhere_until = 0;
        each(&state, ctx);
    }
    free(own);
    free(pauses);
    return status;
}
