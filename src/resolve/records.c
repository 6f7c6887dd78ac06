#include "newsletter/base/env.h"
#include "resolve/lookup.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* RFC 1123 section 2.1 allows these in a host name; some have an underscore. The name
 * goes into messages and to libcurl. */
static bool is_of_hosts(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* libcurl takes some names for something else: a word that begins with a hyphen takes an
 * address out of CURLOPT_RESOLVE, so that the system's resolver would be asked; and where the last
 * label is a number, the name is an IP address (RFC 1123 section 2.1), also in base 16. */
static bool is_host(const char *name) {
    const char *dot = strrchr(name, '.');
    const char *last = dot != NULL ? dot + 1 : name;
    bool hex = last[0] == '0' && last[1] == 'x';
    size_t digits = hex ? 2 + strspn(last + 2, "0123456789abcdef") : strspn(last, "0123456789");
    return name[0] == '\0' || (name[0] != '-' && last[digits] != '\0');
}

bool nl_answer_name(const char *data, size_t len, char out[NL_MAIL_NAME]) {
    size_t at = 0;
    size_t written = 0;
    while (at < len && data[at] != 0) {
        size_t label = (unsigned char)data[at++];
        if (label > 63 || written + label + 1 >= NL_MAIL_NAME)
            return false;
        if (written > 0)
            out[written++] = '.';
        for (; label > 0; label--, at++) {
            if (at == len || !is_of_hosts(data[at]))
                return false;
            char c = data[at];
            out[written++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        }
    }
    out[written] = '\0';
    return at + 1 == len && is_host(out);
}

static int by_preference(const void *a, const void *b) {
    return ((const struct nl_mail_host *)a)->preference -
           ((const struct nl_mail_host *)b)->preference;
}

/* Each order is as likely (Fisher and Yates). Sorting afterwards would not keep it: qsort is not
 * stable. So it is done within each preference. */
static void shuffle(struct nl_mail_host *hosts, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)(nl_env_fraction(&nl_env_system) * (double)i);
        struct nl_mail_host kept = hosts[i - 1];
        hosts[i - 1] = hosts[j];
        hosts[j] = kept;
    }
}

static bool is_known(const struct lookup *lookup, const char *name) {
    for (size_t i = 0; i < lookup->route.host_count; i++)
        if (strcmp(lookup->hosts[i].name, name) == 0)
            return true;
    return false;
}

/* More hosts than there is room for: those of the lowest preference stay. */
static struct nl_mail_host *place_for(struct lookup *lookup, int preference) {
    if (lookup->route.host_count < NL_MAIL_HOSTS)
        return &lookup->hosts[lookup->route.host_count++];
    struct nl_mail_host *worst = &lookup->hosts[0];
    for (size_t i = 1; i < NL_MAIL_HOSTS; i++)
        if (lookup->hosts[i].preference > worst->preference)
            worst = &lookup->hosts[i];
    return worst->preference > preference ? worst : NULL;
}

void nl_answer_hosts(const struct ub_result *result, struct lookup *lookup, bool *null) {
    size_t records = 0;
    bool root = false;
    for (; result->data[records] != NULL; records++) {
        const unsigned char *data = (const unsigned char *)result->data[records];
        size_t len = (size_t)result->len[records];
        char name[NL_MAIL_NAME];
        if (len < 3 || !nl_answer_name(result->data[records] + 2, len - 2, name))
            continue;
        root = root || name[0] == '\0';
        int preference = data[0] * 256 + data[1];
        struct nl_mail_host *host =
            name[0] == '\0' || is_known(lookup, name) ? NULL : place_for(lookup, preference);
        if (host == NULL)
            continue;
        *host = (struct nl_mail_host){.preference = preference};
        memcpy(host->name, name, sizeof name);
    }
    *null = root && records == 1;
    size_t count = lookup->route.host_count;
    qsort(lookup->hosts, count, sizeof lookup->hosts[0], by_preference);
    for (size_t first = 0, end = 0; first < count; first = end) {
        while (end < count && lookup->hosts[end].preference == lookup->hosts[first].preference)
            end++;
        shuffle(lookup->hosts + first, end - first);
    }
}

/* The sockets address of one record; false for a record of another size. */
static bool address_of(const struct ub_result *result, size_t at, struct sockaddr_storage *out) {
    memset(out, 0, sizeof *out);
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    if (result->len[at] == (int)sizeof four->sin_addr) {
        four->sin_family = AF_INET;
        memcpy(&four->sin_addr, result->data[at], sizeof four->sin_addr);
        return true;
    }
    if (result->len[at] != (int)sizeof six->sin6_addr)
        return false;
    six->sin6_family = AF_INET6;
    memcpy(&six->sin6_addr, result->data[at], sizeof six->sin6_addr);
    return true;
}

/* This machine's own addresses are refused like private ones, so that no mail goes round. */
static bool may_be_mailed(const struct nl_resolver *resolver, const struct sockaddr *address,
                          const struct nl_ip *ip) {
    return nl_networks_contain(&resolver->reach.allowed, ip) ||
           (nl_reach_may(&resolver->reach, address) && !nl_networks_contain(&resolver->own, ip));
}

void nl_answer_addresses(const struct nl_resolver *resolver, const struct ub_result *result,
                         struct lookup *lookup, struct nl_mail_host *host) {
    enum { EACH = NL_MAIL_ADDRESSES / 2 };
    size_t taken = 0;
    for (size_t i = 0; result->data[i] != NULL && taken < EACH; i++) {
        struct sockaddr_storage address;
        struct nl_ip ip;
        if (!address_of(result, i, &address))
            continue;
        nl_ip_of((const struct sockaddr *)&address, &ip);
        if (!may_be_mailed(resolver, (const struct sockaddr *)&address, &ip)) {
            lookup->refused = true;
            continue;
        }
        /* IPv6 goes in front, whichever answer comes first (RFC 6724). */
        size_t at = address.ss_family == AF_INET6 ? taken : host->address_count;
        memmove(&host->addresses[at + 1], &host->addresses[at],
                (host->address_count - at) * sizeof host->addresses[0]);
        host->addresses[at] = ip;
        host->address_count++;
        taken++;
    }
}
