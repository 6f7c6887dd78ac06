#include "store/parts.h"

#include "newsletter/base/clock.h"
#include "newsletter/db/sql.h"

#include <time.h>

struct part {
    nl_part_body *body;
    void *context;
    int64_t changed;
    int tries; /* of all parts that were busy */
};

static enum nl_status run_part(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct part *part = ctx;
    return part->body(store, part->context, &part->changed, err);
}

/* SQLite gives its one lock to the process that asks for it at the right moment, not to the next in
 * a queue. */
static void leave_to_others(int64_t taken) {
    const struct timespec pause = {taken / 1000000000, taken % 1000000000};
    nanosleep(&pause, NULL);
}

/* A server that finds a deadlock undoes the part of one side: that part is asked for again. */
static enum nl_status run_again_if_busy(struct nl_store *store, struct part *part,
                                        struct nl_error *err) {
    enum { TRIES = 10, PAUSE = 20000000 };
    for (;;) {
        part->changed = 0;
        enum nl_status status = nl_sql_shared(store, run_part, part, err);
        if (status != NL_BUSY || ++part->tries > TRIES)
            return status;
        nl_error_free(err);
        leave_to_others(PAUSE);
    }
}

enum nl_status nl_in_parts(struct nl_store *store, nl_part_body *body, void *context,
                           int64_t *total, struct nl_error *err) {
    struct part part = {.body = body, .context = context, .changed = 1};
    enum nl_status status = NL_OK;
    *total = 0;
    while (status == NL_OK && part.changed > 0) {
        int64_t began = nl_clock_nanoseconds();
        status = run_again_if_busy(store, &part, err);
        if (status == NL_OK)
            *total += part.changed;
        if (status == NL_OK && part.changed > 0)
            leave_to_others(nl_clock_nanoseconds() - began);
    }
    return status;
}
