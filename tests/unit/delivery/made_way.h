/* The way of a single message, which a test decides about: the DNS, a policy of MTA-STS, and
 * connections. They take the place of src/resolve/resolver.c, src/smtp/sts_fetch.c, src/smtp/pool.c
 * and src/smtp/transport.c when the test is linked. */
#ifndef NL_TESTS_MADE_WAY_H
#define NL_TESTS_MADE_WAY_H

#include "support.h"

#include "newsletter/resolve/resolver.h"
#include "newsletter/smtp/relay.h"
#include "newsletter/smtp/sts.h"
#include "newsletter/smtp/transport.h"

enum { RELAY, FIRST, SECOND, SERVERS }; /* the relay's server, and two mail hosts */

/* A server's answer: NL_TRANSPORT_WANTS_DOT stands for a reply after the whole message. */
struct answer {
    enum nl_transport_kind kind;
    int code;
};

struct made_way {
    struct answer answers[SERVERS];
    bool smtputf8;     /* is offered */
    struct nl_buf log; /* what was done */
    int fd;            /* can always be read */
    /* of the DNS */
    enum nl_route_state state;
    const char *addresses[2]; /* of the mail hosts; NULL: there is none */
    bool secure;              /* it is signed */
    const char *sts_id;
    bool known; /* who has the policy has an address */
    /* of the policy; NULL: none can be fetched */
    const char *policy;
    void *ctx;
    nl_resolver_answer *route;
    nl_sts_fetched *fetched;
};
extern struct made_way made;

#endif
