#include "store/parts.h"

#include "newsletter/db/sql.h"

#include <time.h>

struct part {
    nl_part_body *body;
    void *context;
    int64_t changed;
};

static enum nl_status run_part(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct part *part = ctx;
    return part->body(store, part->context, &part->changed, err);
}

static int64_t nanoseconds(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* SQLite gives its one lock to whom asks for it at the right moment, not to the next in a row. */
static void leave_to_others(int64_t taken) {
    const struct timespec pause = {taken / 1000000000, taken % 1000000000};
    nanosleep(&pause, NULL);
}

/* A server that finds a deadlock undoes the part of one side: that part is asked for again. */
static bool is_tried_again(enum nl_status status, int *tries, struct nl_error *err) {
    enum { TRIES = 10, PAUSE = 20000000 };
    if (status != NL_BUSY || ++*tries > TRIES)
        return false;
    nl_error_free(err);
    leave_to_others(PAUSE);
    return true;
}

enum nl_status nl_in_parts(struct nl_store *store, nl_part_body *body, void *context,
                           int64_t *total, struct nl_error *err) {
    struct part part = {.body = body, .context = context, .changed = 1};
    enum nl_status status = NL_OK;
    int tries = 0;
    *total = 0;
    while (status == NL_OK && part.changed > 0) {
        int64_t began = nanoseconds();
        part.changed = 0;
        status = nl_sql_shared(store, run_part, &part, err);
        if (is_tried_again(status, &tries, err)) {
            status = NL_OK;
            part.changed = 1;
            continue;
        }
        if (status == NL_OK)
            *total += part.changed;
        if (status == NL_OK && part.changed > 0)
            leave_to_others(nanoseconds() - began);
    }
    return status;
}
