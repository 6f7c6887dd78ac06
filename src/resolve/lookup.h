/* One route that is being looked up: a question for the hosts, then two for the addresses of each,
 * and one for the TLSA records of those whose addresses are signed. Besides, questions for the
 * record of an MTA-STS policy and the addresses of its host. */
#ifndef NL_RESOLVE_LOOKUP_H
#define NL_RESOLVE_LOOKUP_H

#include "newsletter/base/buf.h"
#include "newsletter/base/reach.h"
#include "newsletter/resolve/resolver.h"

#include <unbound.h>

enum { NL_QUESTIONS = 1 + 3 * NL_MAIL_HOSTS + 3, NL_POLICY_HOST = NL_MAIL_HOSTS };

struct lookup;

/* A question to libunbound. */
struct question {
    struct lookup *lookup;
    size_t host; /* whose address is asked for */
    int id;      /* libunbound's */
    bool open;
};

struct lookup {
    struct nl_resolver *resolver;
    struct lookup *next;
    nl_resolver_answer *answer;
    void *ctx;
    char domain[NL_MAIL_NAME];
    struct nl_mail_route route;
    struct nl_mail_host *hosts; /* NL_MAIL_HOSTS, from its beginning on, and the policy's */
    struct question *questions; /* NL_QUESTIONS: MX, then AAAA, A and TLSA of each host; AAAA, A
                                 * and TXT of the policy's */
    size_t open;
    size_t waits[NL_MAIL_HOSTS]; /* questions for addresses of each host that are open */
    bool begun;
    bool implicit;    /* the domain itself is the host (RFC 5321 section 5.1) */
    bool failed;      /* a question had no answer: `why` */
    bool refused;     /* an address was one that mail must not go to */
    int64_t deadline; /* milliseconds of the clock that only goes forward */
    struct nl_buf why;
};

struct nl_resolver {
    struct ub_ctx *dns;
    struct nl_reach reach;
    struct nl_networks own; /* this machine's addresses */
    int64_t port;
    struct lookup *first, **last; /* in the order in which they were asked */
    size_t count, under_way;
};

/* Asks the first question of a lookup. */
void nl_lookup_begin(struct lookup *lookup);

/* Whether a lookup has ended. */
bool nl_lookup_is_over(const struct lookup *lookup);

/* Whether only an MTA-STS policy is asked for: it is not waited for as long. */
bool nl_lookup_is_for_policy(const struct lookup *lookup);

/* Gives up the questions that are open. */
void nl_lookup_give_up(struct lookup *lookup);

/* All questions have ended: completes the route. */
void nl_lookup_conclude(struct lookup *lookup);

void nl_lookup_free(struct lookup *lookup);

/* ---- records.c: from libunbound's answers ---- */

/* Reads a name in wire format (RFC 1035 section 3.1). An empty one is the root's. False for one
 * that is not a host name. */
bool nl_answer_name(const char *data, size_t len, char out[NL_MAIL_NAME]);

/* Takes the hosts of an answer for MX records: by preference, at random within one. *null says that
 * the only record names the root (RFC 7505). */
void nl_answer_hosts(const struct ub_result *result, struct lookup *lookup, bool *null);

/* Takes the addresses of an answer that mail may go to. */
void nl_answer_addresses(const struct nl_resolver *resolver, const struct ub_result *result,
                         struct lookup *lookup, struct nl_mail_host *host);

/* ---- sts_record.c ---- */

/* Appends one TXT record as a line: what is not printable ASCII becomes "?". */
void nl_answer_text(const struct ub_result *result, size_t at, struct nl_buf *out);

/* Takes the id of a record of MTA-STS; "" where there is not exactly one that is valid (RFC 8461
 * section 3.1). */
void nl_answer_sts(const struct ub_result *result, char id[NL_STS_ID]);

/* ---- tlsa.c: what DANE demands of a host ---- */

/* Notes the name that a host's address records belong to, where a CNAME led to it (RFC 7672 section
 * 2.2.2). */
void nl_answer_base(const struct ub_result *result, struct nl_mail_host *host);

/* Takes the TLSA records of a host from an answer that is signed. */
void nl_answer_tlsa(const struct ub_result *result, struct nl_mail_host *host);

#endif
