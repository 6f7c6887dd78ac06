/* The destinations of a run that delivers directly: the mail hosts that one or more domains share,
 * with what is known of them. A destination finds by itself how many connections it takes, and
 * backs off as a whole: a server that is dead is tried once, and not once for each recipient. There
 * is no I/O here, and no clock: times are told. */
#ifndef NL_DELIVERY_DESTINATION_H
#define NL_DELIVERY_DESTINATION_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"
#include "newsletter/resolve/resolver.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Families of addresses, to be added up. */
enum { NL_FAMILY_SIX = 1, NL_FAMILY_FOUR = 2 };

/* Why no address of ours may be used at a destination. */
enum nl_source_wait { NL_WAIT_PAUSED, NL_WAIT_RATE, NL_WAIT_WARM_UP };

struct nl_place;
struct nl_route_to;

/* Zero it, and set what says so; free with nl_destination_free. */
struct nl_destination {
    char *key;                 /* set it: see nl_destination_key */
    size_t first;              /* set it: the numbers of its servers count up from here */
    size_t count;              /* set it */
    size_t most;               /* set it: connections */
    size_t limit;              /* set it: connections for now */
    struct nl_place *limits;   /* set it: what its provider takes; NULL in tests */
    char *tlsa;                /* set it: TLSA records of its first host; NULL: none */
    struct nl_route_to *asked; /* of the last delivery that wanted a connection */
    const char *place;         /* set it: the provider, or the first host */
    int preferences[NL_MAIL_HOSTS];
    unsigned families[NL_MAIL_HOSTS]; /* of the addresses of each host; 0: not known */
    unsigned usable;                  /* families that have an address of ours to come from */
    int64_t sources_until;            /* seconds: one of ours may be used again then */
    enum nl_source_wait sources_wait;
    int64_t sources_at; /* milliseconds: when that was found */
    uint64_t sources_version;
    int64_t hosts_not_before[NL_MAIL_HOSTS]; /* milliseconds; 0: at once */
    int64_t not_before;                      /* milliseconds: no further connection until then */
    bool down;                               /* no host takes a connection, or they refuse us */
    int64_t retry_at;                        /* seconds since the epoch: it is down until then */
    int64_t times_down;                      /* in a row */
    int troubles;                            /* in a row: lost connections and refusals of us */
    int refusals;                            /* in a row: refusals of recipients */
    size_t left;                             /* in a row: hosts that were left for the next one */
    int64_t grow_at;                         /* milliseconds: no more connections before */
    int64_t patience;            /* milliseconds: how long that holds the next time; 0: at first */
    bool pushed_back;            /* it has wanted less, in this run or the last */
    uint64_t holds, holds_noted; /* how often it has, and how often when that was last stored */
    int64_t heard_at;            /* seconds: of what was last read of it */
    size_t total;                /* accepted messages */
    size_t accepted;             /* since the limit was changed */
    int64_t park_seconds; /* how long deliveries beyond its share are put off; 0: never were */
    int64_t parked_at;    /* milliseconds: when they last were, */
    size_t parked_total;  /* and `total` then */
    struct nl_buf parked; /* those deliveries: an array of int64_t; */
    struct nl_buf due;    /* when each of them comes back by itself, as there; */
    size_t recalled;      /* how many of them are back, */
    size_t recalling;     /* and how many are to be with the next commit */
    struct nl_buf why;    /* it is down */
    /* One pass over the deliveries that wait. */
    uint64_t pass;
    bool exhausted; /* it has no connection for another message */
    size_t waiting; /* deliveries that found none */
    size_t worth;   /* with no more of them than that, no further connection is opened */
};
void nl_destination_free(struct nl_destination *destination);

/* Appends what makes a destination one: the names and addresses of its hosts, whatever their order
 * in the answers, their preferences, and the proof that each has to show. */
void nl_destination_key(const struct nl_mail_route *route, struct nl_buf *out) NL_ALL_NONNULL;

/* The host for a new connection: of those that may be tried, the lowest preference, and one of
 * these at random (`fraction`, below 1). False when none may be tried at `now`, in milliseconds. */
bool nl_destination_pick(const struct nl_destination *destination, int64_t now, double fraction,
                         size_t *server) NL_ALL_NONNULL;

/* Begins with a number of connections that an earlier run has found; `pushed_back` says that it
 * wanted no more. */
void nl_destination_begin(struct nl_destination *destination, size_t limit, bool pushed_back,
                          int64_t now) NL_ALL_NONNULL;

/* Another process has found that it takes `limit` connections and no more. */
void nl_destination_heard(struct nl_destination *destination, size_t limit,
                          int64_t now) NL_ALL_NONNULL;

/* A message was accepted. Times are milliseconds. */
void nl_destination_accepted(struct nl_destination *destination, int64_t now) NL_ALL_NONNULL;

/* It wants less from us. */
void nl_destination_pushed_back(struct nl_destination *destination, int64_t now) NL_ALL_NONNULL;

/* No connection could be made to a server, or it said 4xx or 5xx before our first command. `others`
 * are the connections that stand or are on their way. False when no host is left to try. */
bool nl_destination_refused(struct nl_destination *destination, size_t server, size_t others,
                            int64_t now) NL_ALL_NONNULL;

/* A server takes a connection and no message: it says 4xx to the first one, or breaks off. Returns
 * whether another host is tried in its place (RFC 5321 section 5.1), which is so once for each host
 * until a message is accepted. */
bool nl_destination_leave(struct nl_destination *destination, size_t server,
                          int64_t now) NL_ALL_NONNULL;

/* A connection was lost, or we were refused. False when that was too often. */
bool nl_destination_trouble(struct nl_destination *destination, int64_t now) NL_ALL_NONNULL;

/* A recipient was refused for good. False when too many were, one after the other, for us to
 * believe it. */
bool nl_destination_believe(struct nl_destination *destination) NL_ALL_NONNULL;

/* It is down until `retry_at`, in seconds. */
void nl_destination_down(struct nl_destination *destination, int64_t retry_at, const char *why)
    NL_NONNULL(1);

/* Whether a destination is down at a time, in seconds. When that is over, one connection tries it
 * again. */
bool nl_destination_is_down(struct nl_destination *destination, int64_t now) NL_ALL_NONNULL;

enum { NL_LONGEST_PARK = 300 }; /* seconds */

/* Sets for how many seconds the first deliveries beyond its `share` are put off, from `now` in
 * milliseconds: about as long as the share takes at the speed since the last time. */
void nl_destination_park(struct nl_destination *destination, size_t share,
                         int64_t now) NL_ALL_NONNULL;

#endif
