/* The health of a relay's servers: which one is next, and which ones are avoided. */
#ifndef NL_SMTP_RELAY_HEALTH_H
#define NL_SMTP_RELAY_HEALTH_H

#include "newsletter/smtp/relay.h"

/* Whether a server that offers CHUNKING and PIPELINING is sent messages in one piece. The first one
 * goes alone: should the server not keep what it offers, no more than this one is in doubt. */
enum nl_flight_trust { NL_FLIGHTS_UNTRIED, NL_FLIGHTS_TRYING, NL_FLIGHTS_WORK, NL_FLIGHTS_FAIL };

/* Whether a server that offers PIPELINING answers what is pipelined. */
enum nl_pipelining_trust { NL_PIPELINING_UNTRIED, NL_PIPELINING_WORKS, NL_PIPELINING_FAILS };

/* Whether a server takes the envelope of a message with the final dot of the one before. The first
 * one goes alone here, too. */
enum nl_follow_trust { NL_FOLLOW_UNTRIED, NL_FOLLOW_TRYING, NL_FOLLOW_WORKS, NL_FOLLOW_FAILS };

/* Zero it, set `relay`, then nl_relay_health_grow; free with nl_relay_health_free. */
struct nl_relay_health {
    const struct nl_relay *relay;
    size_t room; /* servers */
    struct nl_server_health {
        int64_t credit;           /* of the weighted round robin: the largest is next */
        int consecutive_failures; /* since its last accepted message */
        int64_t out_until;
        size_t connections;  /* that lead to it or are being opened */
        bool out;            /* permanently: trying again would not help */
        bool lacks_smtputf8; /* a message that needs it met a connection without it */
        enum nl_flight_trust flights;
        bool flights_broken; /* it was certain that they fail */
        int lost_flights; /* connections in a row that broke with messages in one piece on them */
        enum nl_pipelining_trust pipelining;
        bool pipelining_broken; /* it was certain that it fails */
        int lost_pipelines; /* connections in a row that broke with pipelined commands on them */
        enum nl_follow_trust following;
        int lost_following; /* connections in a row that broke before the envelope was answered */
        int64_t answer; /* milliseconds from the last final dot to its reply; 0: none is known */
    } * servers;
};

/* Room for a server of this number and those before it. */
void nl_relay_health_grow(struct nl_relay_health *health, size_t which);
void nl_relay_health_free(struct nl_relay_health *health);

/* The next server: weighted round robin over the healthy ones; if there is none, over those that
 * are not permanently out. */
size_t nl_relay_health_pick(struct nl_relay_health *health);

/* A server has failed. After several failures in a row it is avoided for a while; after a
 * `permanent` one, for the rest of the run. */
void nl_relay_health_failed(struct nl_relay_health *health, size_t which, bool permanent);

/* A server has accepted a message. */
void nl_relay_health_worked(struct nl_relay_health *health, size_t which);

/* A message in one piece was answered; or its connection broke, or the answers did not count up
 * (`certain`). */
void nl_relay_health_flight_worked(struct nl_relay_health *health, size_t which, bool accepted);
void nl_relay_health_flight_lost(struct nl_relay_health *health, size_t which, bool certain);

/* Pipelined commands were answered; or their connection broke before, or the answers did not come
 * or did not count up (`certain`). Returns whether PIPELINING is to blame. */
void nl_relay_health_pipelining_worked(struct nl_relay_health *health, size_t which);
bool nl_relay_health_pipelining_lost(struct nl_relay_health *health, size_t which, bool certain);

/* The envelope that went out with a final dot was answered; or its connection broke before, or the
 * answer did not come in time (`certain`). PIPELINING is to blame where that was the first one of
 * all. Or it was not sent. */
void nl_relay_health_follow_worked(struct nl_relay_health *health, size_t which);
void nl_relay_health_follow_lost(struct nl_relay_health *health, size_t which, bool certain);
void nl_relay_health_follow_unsent(struct nl_relay_health *health, size_t which);

/* A message was refused whose final dot the first envelope went out with. Returns whether that may
 * be the cause: then none follows any more. */
bool nl_relay_health_follow_refused(struct nl_relay_health *health, size_t which);

/* Whether all servers are out permanently. */
bool nl_relay_health_all_out(const struct nl_relay_health *health);

/* Milliseconds of a clock that only goes forward. */
int64_t nl_relay_clock(void);

#endif
