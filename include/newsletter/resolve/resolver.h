/* Where mail for a domain goes: its mail hosts by preference and their addresses, from the DNS,
 * validated by DNSSEC within this process. Nothing here waits: questions are asked, and answers are
 * taken when the descriptor is readable. */
#ifndef NEWSLETTER_RESOLVE_RESOLVER_H
#define NEWSLETTER_RESOLVE_RESOLVER_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"
#include "newsletter/base/network.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nl_resolver;

struct nl_resolver_options {
    const char *servers;        /* "ADDRESS:PORT, ..."; NULL: from the root downwards */
    const char *trust_anchor;   /* a file; NULL: this machine's for the root, if it has one */
    const char *allow_networks; /* private ones that mail hosts may be in; NULL: none */
    int64_t port;               /* of mail hosts: TLSA records belong to a port */
};

enum { NL_MAIL_HOSTS = 16, NL_MAIL_ADDRESSES = 16, NL_MAIL_NAME = 254, NL_STS_ID = 33 };

/* The proof that a host has to show before it gets mail. */
enum nl_host_tls {
    NL_HOST_TLS_IF_OFFERED, /* nothing: TLS is used where it works (RFC 7435) */
    NL_HOST_TLS_ALWAYS,     /* TLS with any certificate: none of its TLSA records can be used (RFC
                             * 7672 section 2.2) */
    NL_HOST_TLS_DANE,       /* a certificate that its TLSA records name (RFC 7672) */
    NL_HOST_TLS_NAMED,      /* a certificate of an authority, for its name (MTA-STS, RFC 8461). The
                             * resolver never says this: the policy does */
};

/* A host that takes mail for a domain. */
struct nl_mail_host {
    char name[NL_MAIL_NAME]; /* without a final dot */
    int preference;
    bool secure;                               /* its addresses were validated by DNSSEC */
    struct nl_ip addresses[NL_MAIL_ADDRESSES]; /* IPv6 first */
    size_t address_count;
    enum nl_host_tls tls;
    char *tlsa;              /* DANE: a line "USAGE SELECTOR TYPE HEX" for each record, sorted */
    char base[NL_MAIL_NAME]; /* DANE: the name that the records and the certificate are for */
    const char *next_hop;    /* DANE: another such name, the recipients' domain; NULL for none */
};

enum nl_route_state {
    NL_ROUTE_FOUND, /* there is a host at least, and each has an address at least */
    NL_ROUTE_NONE,  /* there is no way, for good: `status` and `text` say why */
    NL_ROUTE_LATER, /* the DNS does not say for now: `text` says why */
};

/* Hosts come by preference, and at random within one (RFC 5321 section 5.1). */
struct nl_mail_route {
    enum nl_route_state state;
    struct nl_mail_host *hosts;
    size_t host_count;
    bool secure;         /* which hosts there are was validated by DNSSEC */
    bool no_such_domain; /* NONE: the domain does not exist, or takes no mail (RFC 7505) */
    int64_t ttl;         /* seconds that the answer holds */
    char status[12];     /* NONE: an enhanced status code (RFC 3463) */
    const char *text;
    char bogus[NL_MAIL_NAME]; /* a name whose answer DNSSEC proves wrong (RFC 4035 section 5.5), ""
                               * for none. Other hosts may be FOUND all the same */
    /* FOUND: the id of the domain's MTA-STS policy (RFC 8461 section 3.1), "" for none, and the
     * host that has it, which has no addresses where it has none that may be connected to. */
    char sts_id[NL_STS_ID];
    struct nl_mail_host *sts_host;
};

/* A route is valid until the function returns. */
typedef void nl_resolver_answer(const struct nl_mail_route *route, void *ctx);

/* NL_CONFIG for settings that cannot be used. The trust anchor is read here, and a thread asks the
 * questions. Free with nl_resolver_free. */
NL_CHECKED enum nl_status nl_resolver_new(const struct nl_resolver_options *options,
                                          struct nl_resolver **out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Drops the questions that are still open: their functions are not called. */
void nl_resolver_free(struct nl_resolver *resolver);

/* Asks for the route to a domain (an A-label). `answer` is called later, from nl_resolver_step. */
NL_CHECKED enum nl_status nl_resolver_ask(struct nl_resolver *resolver, const char *domain,
                                          nl_resolver_answer *answer, void *ctx,
                                          struct nl_error *err) NL_NONNULL(1, 2, 3, 5);

/* Forgets the questions that were asked with `ctx`: their functions are not called. */
void nl_resolver_forget(struct nl_resolver *resolver, const void *ctx) NL_NONNULL(1);

/* Readable when there are answers to take. */
int nl_resolver_fd(const struct nl_resolver *resolver) NL_ALL_NONNULL;

/* Takes the answers that have come, and gives up questions that have waited for too long. */
void nl_resolver_step(struct nl_resolver *resolver) NL_ALL_NONNULL;

/* Appends the TXT records of a name, a line for each. Waits for the answer, for five seconds at
 * most. NL_TEMPFAIL when there is none; a name without such records is not a failure. */
NL_CHECKED enum nl_status nl_resolver_texts(struct nl_resolver *resolver, const char *name,
                                            struct nl_buf *out,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Appends the addresses of a host, with commas between them and IPv6 in brackets, as libcurl's
 * CURLOPT_RESOLVE has them. Waits as above, for each of IPv6 and IPv4. */
NL_CHECKED enum nl_status nl_resolver_addresses(struct nl_resolver *resolver, const char *host,
                                                struct nl_buf *out,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* How many routes are still being asked for. */
size_t nl_resolver_open(const struct nl_resolver *resolver) NL_ALL_NONNULL;

#endif
