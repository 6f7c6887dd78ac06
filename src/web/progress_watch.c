#include "web/progress_watch.h"

#include "newsletter/base/log.h"
#include "newsletter/base/memory.h"
#include "web/ticker.h"

#include <stdlib.h>
#include <time.h>

enum {
    WATCHED = 16,
    INTEREST = 10000, /* milliseconds, after the last one has asked */
    IDLE_SECONDS = 3600,
    SHARE = 20, /* the providers may take one part of so many of the time */
};

struct watched {
    int64_t issue; /* 0: the place is free */
    int64_t wanted_at;
    bool known;
    int64_t providers_due; /* milliseconds, for the thread only */
    struct nl_issue_progress progress;
};

struct nl_progress_watch {
    const struct nl_config *config;
    struct nl_ticker ticker;
    struct nl_store *store; /* the thread's own */
    pthread_mutex_t mutex;  /* of what follows */
    struct watched watched[WATCHED];
};

/* A clock that nobody sets. */
static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the thread ---- */

/* Copies the next issue that somebody looks on at, from *at; those of no interest are forgotten. */
static bool take_next(struct nl_progress_watch *watch, size_t *at, struct watched *out) {
    bool found = false;
    pthread_mutex_lock(&watch->mutex);
    for (; *at < WATCHED && !found; (*at)++) {
        struct watched *one = &watch->watched[*at];
        if (one->issue != 0 && milliseconds() - one->wanted_at > INTEREST)
            *one = (struct watched){0};
        found = one->issue != 0;
        if (found)
            *out = *one;
    }
    pthread_mutex_unlock(&watch->mutex);
    return found;
}

/* The place may have been given to another issue meanwhile. */
static void put_back(struct nl_progress_watch *watch, size_t at, const struct watched *fresh) {
    struct watched *one = &watch->watched[at];
    pthread_mutex_lock(&watch->mutex);
    if (one->issue == fresh->issue) {
        one->progress = fresh->progress;
        one->providers_due = fresh->providers_due;
        one->known = true;
    }
    pthread_mutex_unlock(&watch->mutex);
}

static enum nl_status look_at(const struct nl_progress_watch *watch, struct watched *one,
                              struct nl_error *err) {
    const struct nl_office office = {.store = watch->store, .config = watch->config};
    int64_t began = milliseconds();
    bool providers = began >= one->providers_due;
    enum nl_status status =
        nl_office_issue_progress(&office, one->issue, providers, &one->progress, err);
    int64_t ended = milliseconds();
    if (providers)
        one->providers_due = ended + (ended - began) * SHARE;
    return status;
}

static bool pass(void *ctx) {
    struct nl_progress_watch *watch = ctx;
    struct watched one;
    struct nl_error err = {0};
    enum nl_status status = NL_OK;
    bool any = false;
    for (size_t at = 0; status == NL_OK && watch->ticker.stop == 0 && take_next(watch, &at, &one);
         any = true) {
        if (watch->store == NULL)
            status = nl_store_open(watch->config->database, &nl_env_system, &watch->store, &err);
        if (status == NL_OK)
            status = look_at(watch, &one, &err);
        if (status == NL_OK)
            put_back(watch, at - 1, &one);
    }
    watch->ticker.seconds = any ? 1 : IDLE_SECONDS;
    if (status != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "watching issues: %s", nl_error_text(&err));
    nl_error_free(&err);
    return status == NL_OK;
}

static void close_store(void *ctx) {
    struct nl_progress_watch *watch = ctx;
    nl_store_close(watch->store);
}

/* ---- for the server's thread ---- */

/* With the mutex held. The place of an issue, or a free one; NULL where there is none. */
static struct watched *place_of(struct nl_progress_watch *watch, int64_t issue) {
    struct watched *none = NULL;
    for (size_t i = 0; i < WATCHED; i++) {
        if (watch->watched[i].issue == issue)
            return &watch->watched[i];
        if (watch->watched[i].issue == 0)
            none = &watch->watched[i];
    }
    return none;
}

bool nl_progress_watch_read(struct nl_progress_watch *watch, int64_t issue,
                            struct nl_issue_progress *out) {
    bool known = false;
    pthread_mutex_lock(&watch->mutex);
    struct watched *one = place_of(watch, issue);
    bool fresh = one != NULL && one->issue == 0;
    if (fresh)
        *one = (struct watched){.issue = issue};
    if (one != NULL) {
        one->wanted_at = milliseconds();
        known = one->known;
        *out = one->progress;
    }
    pthread_mutex_unlock(&watch->mutex);
    if (fresh)
        nl_ticker_wake(&watch->ticker);
    return known;
}

enum nl_status nl_progress_watch_new(const struct nl_config *config, struct nl_progress_watch **out,
                                     struct nl_error *err) {
    struct nl_progress_watch *watch = nl_calloc(1, sizeof *watch);
    *out = NULL;
    watch->config = config;
    watch->ticker =
        (struct nl_ticker){.seconds = IDLE_SECONDS, .pass = pass, .end = close_store, .ctx = watch};
    pthread_mutex_init(&watch->mutex, NULL);
    enum nl_status status = nl_ticker_start(&watch->ticker, err);
    if (status != NL_OK) {
        pthread_mutex_destroy(&watch->mutex);
        free(watch);
        return status;
    }
    *out = watch;
    return NL_OK;
}

void nl_progress_watch_free(struct nl_progress_watch *watch) {
    if (watch == NULL)
        return;
    nl_ticker_stop(&watch->ticker);
    pthread_mutex_destroy(&watch->mutex);
    free(watch);
}
