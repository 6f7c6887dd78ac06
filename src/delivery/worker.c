#include "newsletter/delivery/worker.h"

#include "newsletter/db/wait.h"
#include "newsletter/delivery/schedule_start.h"

#include <time.h>

enum {
    SLICE = 30,   /* seconds for one issue, before the next one and the notices have their turn */
    LONGEST = 30, /* seconds without a look at what may have become due or been left */
    MOST_TROUBLE = 30,
};

struct worker {
    struct nl_store *store;
    const struct nl_config *config;
    const struct nl_relay *relay;
    const struct nl_worker_options *options;
    bool more;    /* an issue has had its time and is not done */
    int64_t next; /* when something is due, at the latest */
};

static int64_t now(const struct worker *worker) {
    return nl_env_now(nl_store_env(worker->store));
}

static void report(const struct worker *worker, const char *what, struct nl_run_summary *summary) {
    int64_t done = nl_run_tried(&summary->counts) + summary->recovered_unknown;
    if (done > 0 || summary->problem.status != NL_OK)
        worker->options->report(what, summary, worker->options->ctx);
    nl_error_free(&summary->problem);
}

/* A relay that does not answer us may answer another worker: what is left is theirs meanwhile. */
static enum nl_status send_issue(const struct nl_issue *issue, void *ctx, struct nl_error *err) {
    struct worker *worker = ctx;
    struct nl_run_summary summary = {0};
    const struct nl_run_options options = {.stop = worker->options->stop,
                                           .until = now(worker) + SLICE};
    int64_t due = 0;
    if (*worker->options->stop != 0)
        return NL_OK;
    enum nl_status status =
        nl_send_issue(worker->store, worker->config, worker->relay, issue, &options, &summary, err);
    if (status == NL_BUSY) { /* somebody has locked the issue, or writes for long */
        nl_error_free(err);
        status = NL_OK;
    }
    bool trouble = summary.problem.status != NL_OK;
    worker->more = worker->more || (status == NL_OK && !trouble && now(worker) >= options.until);
    report(worker, issue->slug, &summary);
    if (status == NL_OK && !trouble)
        status = nl_delivery_next_due(worker->store, issue->id, &due, err);
    if (due != 0 && due < worker->next)
        worker->next = due;
    return status;
}

static enum nl_status look(struct worker *worker, struct nl_error *err) {
    const struct nl_run_options options = {.stop = worker->options->stop};
    struct nl_run_summary notices = {0};
    size_t started = 0;
    int64_t longest = worker->config->lease < LONGEST ? worker->config->lease : LONGEST;
    worker->more = false;
    worker->next = now(worker) + longest;
    enum nl_status status =
        nl_send_notices(worker->store, worker->config, worker->relay, 0, &options, &notices, err);
    report(worker, "notices", &notices);
    if (status == NL_OK)
        status = nl_schedule_start(worker->store, &started, err);
    return status == NL_OK ? nl_issue_each(worker->store, "sending", send_issue, worker, err)
                           : status;
}

static enum nl_status wait_for_work(struct worker *worker, struct nl_error *err) {
    int64_t left = worker->next - now(worker);
    return worker->more
               ? NL_OK
               : nl_store_wait(worker->store, left > 0 ? left : 1, worker->options->stop, err);
}

/* The database is away, or somebody writes for long. */
static enum nl_status sit_out(const struct worker *worker, int64_t *again, struct nl_error *err) {
    const struct timespec second = {.tv_sec = 1};
    if (err->status != NL_TEMPFAIL && err->status != NL_BUSY)
        return err->status;
    *again = *again == 0 ? 1 : *again * 2 > MOST_TROUBLE ? MOST_TROUBLE : *again * 2;
    worker->options->trouble(nl_error_text(err), *again, worker->options->ctx);
    nl_error_free(err);
    for (int64_t i = 0; i < *again && *worker->options->stop == 0; i++)
        nanosleep(&second, NULL);
    return NL_OK;
}

enum nl_status nl_worker_run(struct nl_store *store, const struct nl_config *config,
                             const struct nl_relay *relay, const struct nl_worker_options *options,
                             struct nl_error *err) {
    struct worker worker = {store, config, relay, options, false, 0};
    int64_t again = 0;
    /* Begins to listen, so that nothing is missed between a look and a wait. */
    enum nl_status status = nl_store_wait(store, 0, options->stop, err);
    while (status == NL_OK && *options->stop == 0) {
        status = look(&worker, err);
        if (status == NL_OK)
            status = wait_for_work(&worker, err);
        if (status == NL_OK)
            again = 0;
        else
            status = sit_out(&worker, &again, err);
    }
    return status;
}
