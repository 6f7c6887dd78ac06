#include "newsletter/base/reach.h"

/* Networks that belong to nobody, to this machine or to a local network (the registries of
 * special-purpose addresses of RFC 6890), and those through which IPv6 leads to IPv4. */
static const char private_networks[] =
    "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, "
    "192.0.0.0/24, 192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, "
    "203.0.113.0/24, 224.0.0.0/4, 240.0.0.0/4, ::/96, 64:ff9b::/96, 64:ff9b:1::/48, 100::/64, "
    "2001::/23, 2001:db8::/32, 2002::/16, fc00::/7, fe80::/10, ff00::/8";

enum nl_status nl_reach_open(const char *allowed, struct nl_reach *out, struct nl_error *err) {
    *out = (struct nl_reach){0};
    enum nl_status status = nl_networks_parse(private_networks, &out->private, err);
    return status == NL_OK ? nl_networks_parse(allowed, &out->allowed, err) : status;
}

void nl_reach_close(struct nl_reach *reach) {
    nl_networks_free(&reach->private);
    nl_networks_free(&reach->allowed);
}

bool nl_reach_may(const struct nl_reach *reach, const struct sockaddr *address) {
    struct nl_ip ip;
    if (reach->anywhere)
        return true;
    if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
        return false;
    nl_ip_of(address, &ip);
    return nl_networks_contain(&reach->allowed, &ip) || !nl_networks_contain(&reach->private, &ip);
}
