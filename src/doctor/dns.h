/* Questions to the domain name system, through c-ares, one at a time. */
#ifndef NL_DOCTOR_DNS_H
#define NL_DOCTOR_DNS_H

#include "newsletter/base/error.h"

#include <stddef.h>

struct nl_dns;

enum nl_dns_type { NL_DNS_A, NL_DNS_AAAA, NL_DNS_MX, NL_DNS_TXT };

/* Answers as text: addresses, hosts (MX by preference, without a final dot) or whole TXT records.
 * Free with nl_answers_free. */
struct nl_answers {
    char **items;
    size_t count;
};

/* `servers` is a comma-separated list of "address" or "address:port"; NULL for the system's. Free
 * with nl_dns_free. */
enum nl_status nl_dns_new(const char *servers, struct nl_dns **out, struct nl_error *err);

/* Asks for one type. A name or type that does not exist is not an error: there are no answers.
 * NL_TEMPFAIL when the servers fail. */
enum nl_status nl_dns_ask(struct nl_dns *dns, enum nl_dns_type type, const char *name,
                          struct nl_answers *out, struct nl_error *err);

/* The addresses of a host, IPv4 before IPv6; of an address literal, itself. */
enum nl_status nl_dns_addresses(struct nl_dns *dns, const char *host, struct nl_answers *out,
                                struct nl_error *err);

/* The names of an address (PTR). NL_DATA if it is not an address. */
enum nl_status nl_dns_names(struct nl_dns *dns, const char *address, struct nl_answers *out,
                            struct nl_error *err);

void nl_answers_free(struct nl_answers *answers);
void nl_dns_free(struct nl_dns *dns);

#endif
