/* The state of a run: the messages in flight, as many as smtp.window on a connection, and what is
 * committed. run.c
 * moves messages to the network and back, record.c commits what became of them. */
#ifndef NL_DELIVERY_IN_FLIGHT_H
#define NL_DELIVERY_IN_FLIGHT_H

#include "delivery/backlog.h"
#include "delivery/breaker.h"
#include "delivery/composer.h"
#include "delivery/maker.h"
#include "delivery/tuner.h"
#include "newsletter/base/witness.h"
#include "newsletter/db/sync.h"
#include "newsletter/smtp/transport.h"

enum { NL_AHEAD_LIMIT = 8 }; /* messages that a machine which goes down may leave unknown */

/* A message, from its lease to its record. */
struct nl_in_flight {
    struct nl_pending pending;
    size_t connection;
    struct nl_buf message;
    struct nl_buf text; /* result.text points to it */
    struct nl_hop hop;  /* result.hop points to it */
    struct nl_result result;
    bool busy;
    bool follows;            /* another one on its connection, whose outcome is not known yet */
    bool came_early;         /* it has followed one */
    bool wants_commit_point; /* the server waits for the message's end */
    uint64_t commit_point;   /* the number of the commit that holds it; 0: none */
    int64_t waits_since;     /* for the relay; 0: it does not */
    int64_t answer;          /* how long it has waited, in microseconds */
    bool done;               /* the next commit ends it: `result` is recorded, unless it is held */
    bool held;               /* the breaker holds its refusal, and its lease goes on */
};

/* ahead.c: whose commit points are recorded ahead of time, and whether they may. */
struct nl_ahead {
    int64_t ids[NL_AHEAD_LIMIT];
    bool may_go[NL_AHEAD_LIMIT];
    size_t count;
};

struct nl_direct; /* direct.h */

struct run {
    const struct nl_run_plan *plan;
    struct nl_direct *direct; /* direct.h; NULL: everything goes to the relay */
    struct nl_run_summary *summary;
    struct nl_transport *transport;
    struct nl_token owner;
    struct nl_composer composer;
    struct nl_in_flight *messages; /* the transport knows them by their place here */
    size_t size;                   /* for all connections */
    size_t used;                   /* places that were ever used: none lies beyond */
    struct nl_tuner tuner;
    struct nl_witness *witness;        /* see ahead.h; NULL until it is needed */
    bool without_witness;              /* there is no place for one */
    int64_t clock;                     /* microseconds, read once in each turn of the loop */
    int64_t round_trip, round_trip_at; /* of the network, and when it was asked for */
    int64_t gathering_since;   /* gather.c: since when a turn waits for more; 0: none does */
    int64_t turn_time;         /* how long the last turn took */
    int64_t noted_at;          /* when what was found was last stored */
    struct nl_record *records; /* room for each message and each refusal that is held */
    int64_t *commit_points;
    bool *may_go;
    struct nl_ahead ahead;
    bool sending; /* the issue was neither paused nor cancelled when the last turn was recorded */
    struct nl_backlog backlog;
    struct nl_maker maker;
    struct nl_sync *sync;
    int64_t renewed_at;       /* the leases */
    bool overslept;           /* they may have ended before they were renewed */
    uint64_t committed;       /* commits so far */
    uint64_t synced;          /* the number of the last durable commit */
    uint64_t syncing;         /* the number of the last commit of the sync under way; 0: none is */
    int64_t sync_at;          /* when a sync was last requested */
    int consecutive_failures; /* broken connections since the last accepted message */
    int64_t last_success_at;  /* the last accepted message, or the start */
    struct nl_breaker breaker;
    struct nl_bounce_reader *reader; /* made for the first refusal */
    struct nl_error *err;
};

/* Ends a message with `result`, whose text is copied. The next commit records it. A deferral is
 * given its next attempt, at `next_attempt_at` at the earliest. */
void nl_in_flight_end(struct run *run, struct nl_in_flight *message,
                      const struct nl_result *result);

/* Ends a message whose refusal the breaker holds. */
void nl_in_flight_hold(struct nl_in_flight *message);

/* Stops a run: no further message begins. Only the first reason counts. `pause` says that the fault
 * is ours. */
void nl_run_stop(struct run *run, enum nl_status status, bool pause, const char *text);

/* Gives a deferral its next attempt. When it is too old, it has failed; but where the fault is ours
 * or the relay's, it is queued again, and the run stops. */
void nl_run_schedule(struct run *run, int64_t attempts, int64_t first, struct nl_result *result);

/* How many messages are in flight; how many of them have no outcome yet, and how many of those wait
 * for another one on their connection. The latter are not under way. */
size_t nl_in_flight_count(const struct run *run);
size_t nl_in_flight_under_way(const struct run *run);
size_t nl_in_flight_following(const struct run *run);

/* Whether no further message may begin. */
bool nl_run_must_stop(const struct run *run);

#endif
