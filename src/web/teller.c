#include "newsletter/web/teller.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/log.h"
#include "newsletter/service/webhooks.h"
#include "web/ticker.h"

#include <stdlib.h>

struct nl_teller {
    const struct nl_config *config;
    struct nl_ticker ticker;
    struct nl_store *store; /* the thread's own */
};

static bool tell(void *ctx) {
    struct nl_teller *teller = ctx;
    struct nl_error err = {0};
    enum nl_status status =
        teller->store == NULL
            ? nl_store_open(teller->config->database, &nl_env_system, &teller->store, &err)
            : NL_OK;
    const struct nl_office office = {.store = teller->store, .config = teller->config};
    if (status == NL_OK)
        status = nl_webhooks_pass(&office, &teller->ticker.stop, &err);
    if (status != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "webhooks: %s", nl_error_text(&err));
    nl_error_free(&err);
    return status == NL_OK;
}

static void close_store(void *ctx) {
    struct nl_teller *teller = ctx;
    nl_store_close(teller->store);
}

enum nl_status nl_teller_new(const struct nl_config *config, struct nl_teller **out,
                             struct nl_error *err) {
    struct nl_teller *teller = nl_calloc(1, sizeof *teller);
    *out = NULL;
    teller->config = config;
    teller->ticker =
        (struct nl_ticker){.seconds = 1, .pass = tell, .end = close_store, .ctx = teller};
    enum nl_status status = nl_ticker_start(&teller->ticker, err);
    if (status == NL_OK)
        *out = teller;
    else
        free(teller);
    return status;
}

void nl_teller_free(struct nl_teller *teller) {
    if (teller != NULL)
        nl_ticker_stop(&teller->ticker);
    free(teller);
}
