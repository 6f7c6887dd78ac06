/* The connections of a run and what is on them: run.c moves messages, record.c commits what became
 * of them. */
#ifndef NL_DELIVERY_LANES_H
#define NL_DELIVERY_LANES_H

#include "delivery/backlog.h"
#include "delivery/composer.h"
#include "newsletter/db/sync.h"
#include "newsletter/smtp/transport.h"

/* One connection's message, from lease to record. Indexed like the transport's connections. */
struct nl_lane {
    struct nl_pending pending;
    struct nl_buf message;
    struct nl_buf text; /* what result.text points to */
    struct nl_result result;
    bool busy;
    bool wants_dot;
    uint64_t dot_commit; /* which commit said that the dot goes out; 0: none */
    bool done;           /* `result` is to be recorded */
};

struct nl_lanes {
    const struct nl_run_plan *plan;
    struct nl_run_summary *summary;
    struct nl_transport *transport;
    struct nl_token owner;
    struct nl_composer composer;
    struct nl_lane *lanes;
    size_t lane_count;
    struct nl_record *records; /* room for each lane */
    int64_t *dots;
    bool *may_go;
    struct nl_backlog backlog;
    struct nl_sync *sync;
    int64_t renewed_at; /* the leases */
    uint64_t committed; /* commits so far */
    uint64_t synced;    /* of these, durable */
    uint64_t syncing;   /* until which they are being made so; 0: nothing is */
    int64_t sync_at;    /* when that was last begun */
    int trouble;        /* broken connections since the last accepted message */
    int64_t calm_since; /* when that was, or the start */
    int64_t rejected;
    struct nl_error *err;
};

/* What became of the message on a lane; it is recorded with the next commit. */
void nl_lane_end(struct nl_lanes *run, struct nl_lane *lane, const struct nl_result *result);

/* Whether nothing new may begin. */
bool nl_lanes_stop(const struct nl_lanes *run);

/* Whether there is something to commit or to lease. */
bool nl_lanes_have_work(const struct nl_lanes *run);

/* One commit for what happened on all lanes, with the next leases. */
enum nl_status nl_lanes_commit(struct nl_lanes *run);

/* A dot goes out once its commit is durable; nothing else waits for the disk. */
enum nl_status nl_lanes_follow_sync(struct nl_lanes *run);

#endif
