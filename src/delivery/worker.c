#include "newsletter/delivery/worker.h"

#include "newsletter/db/wait.h"

#include <time.h>

enum {
    LONGEST_WAIT = 30, /* seconds without a search for deliveries that are due or left behind */
    LONGEST_BACK_OFF = 30,
};

/* Searches for work and does it once. */
static enum nl_status poll_once(const struct nl_service *service, struct nl_error *err) {
    struct nl_service_pass pass = {0};
    const struct nl_env *env = nl_store_env(service->store);
    int64_t lease = service->config->lease;
    int64_t next = nl_env_now(env) + (lease < LONGEST_WAIT ? lease : LONGEST_WAIT);
    enum nl_status status = nl_service_run(service, &pass, err);
    if (status != NL_OK || pass.more)
        return status;
    if (pass.next != 0 && pass.next < next)
        next = pass.next;
    if (pass.look_at != 0 && pass.look_at < next)
        next = pass.look_at;
    int64_t left = next - nl_env_now(env);
    return nl_store_wait(service->store, left > 0 ? left : 1, service->stop, err);
}

/* Waits while the database is away or locked: 1 s, then twice as long each time. */
static enum nl_status back_off(const struct nl_service *service, int64_t *seconds,
                               void (*waiting)(const char *text, int64_t seconds, void *ctx),
                               struct nl_error *err) {
    const struct timespec second = {.tv_sec = 1};
    if (err->status != NL_TEMPFAIL && err->status != NL_BUSY)
        return err->status;
    *seconds = *seconds == 0 ? 1 : *seconds * 2;
    if (*seconds > LONGEST_BACK_OFF)
        *seconds = LONGEST_BACK_OFF;
    waiting(nl_error_text(err), *seconds, service->ctx);
    nl_error_free(err);
    for (int64_t i = 0; i < *seconds && *service->stop == 0; i++)
        nanosleep(&second, NULL);
    return NL_OK;
}

enum nl_status nl_worker_run(const struct nl_service *service,
                             void (*waiting)(const char *text, int64_t seconds, void *ctx),
                             struct nl_error *err) {
    int64_t seconds = 0;
    /* Listening begins here, so that nothing is missed between a search and a wait. */
    enum nl_status status = nl_store_wait(service->store, 0, service->stop, err);
    while (status == NL_OK && *service->stop == 0) {
        status = poll_once(service, err);
        if (status == NL_OK)
            seconds = 0;
        else
            status = back_off(service, &seconds, waiting, err);
    }
    return status;
}
