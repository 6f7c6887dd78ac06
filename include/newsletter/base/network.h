/* IP addresses and networks, for access decisions and limits. */
#ifndef NEWSLETTER_BASE_NETWORK_H
#define NEWSLETTER_BASE_NETWORK_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* An IPv6 address, or an IPv4 one mapped into IPv6 (RFC 4291 section 2.5.5.2). */
struct nl_ip {
    unsigned char bytes[16];
};

enum { NL_IP_TEXT = INET6_ADDRSTRLEN };

bool nl_ip_parse(const char *text, struct nl_ip *out) NL_ALL_NONNULL;
void nl_ip_of(const struct sockaddr *address, struct nl_ip *out) NL_ALL_NONNULL;
void nl_ip_text(const struct nl_ip *ip, char out[NL_IP_TEXT]) NL_ALL_NONNULL;

/* Whether a host named in a setting, or in a URL (with brackets), is this machine. */
bool nl_host_is_loopback(const char *host) NL_ALL_NONNULL;

/* Whether this machine has an address: a socket can be bound to it. */
bool nl_address_is_here(const char *address) NL_ALL_NONNULL;

/* The network of one visitor: /24 of IPv4, /64 of IPv6. */
struct nl_ip nl_ip_network(const struct nl_ip *ip) NL_ALL_NONNULL;

/* The most that a provider gives to one customer: /48 of IPv6; of IPv4, the same /24. Limits by
 * network count here too, at four times the rate: a visitor has many networks of IPv6. */
struct nl_ip nl_ip_site(const struct nl_ip *ip) NL_ALL_NONNULL;

/* Networks as "192.0.2.0/24, 2001:db8::/32, 127.0.0.1". Free with nl_networks_free. */
struct nl_networks {
    struct nl_network {
        struct nl_ip ip;
        int bits;
    } * items;
    size_t count;
};

/* NL_DATA names the word that is not a network. NULL and "" are an empty list. */
NL_CHECKED enum nl_status nl_networks_parse(const char *text, struct nl_networks *out,
                                            struct nl_error *err) NL_NONNULL(2);
bool nl_networks_contain(const struct nl_networks *networks, const struct nl_ip *ip) NL_ALL_NONNULL;

/* The visitor's address where `trusted` proxies stand between: the first address of an
 * X-Forwarded-For field, from the right, that is not a proxy's. Addresses to its left are only the
 * visitor's claim. `header` may be NULL. */
struct nl_ip nl_networks_client(const struct nl_networks *trusted, const struct nl_ip *peer,
                                const char *header) NL_NONNULL(1, 2);

/* Appends the addresses of a Forwarded field (RFC 7239 section 5.2) as an X-Forwarded-For field
 * would have them; "unknown" for an element that names none. */
void nl_forwarded_for(const char *header, struct nl_buf *out) NL_ALL_NONNULL;

void nl_networks_free(struct nl_networks *networks);

#endif
