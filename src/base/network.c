#include "newsletter/base/network.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/endpoint.h"
#include "newsletter/base/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { NODE_LIMIT = 64 };

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_four(const struct nl_ip *ip) {
    return memcmp(ip->bytes, mapped, sizeof mapped) == 0;
}

bool nl_ip_parse(const char *text, struct nl_ip *out) {
    memcpy(out->bytes, mapped, sizeof mapped);
    return inet_pton(AF_INET, text, out->bytes + sizeof mapped) == 1 ||
           inet_pton(AF_INET6, text, out->bytes) == 1;
}

void nl_ip_of(const struct sockaddr *address, struct nl_ip *out) {
    *out = (struct nl_ip){0};
    if (address->sa_family == AF_INET) {
        memcpy(out->bytes, mapped, sizeof mapped);
        memcpy(out->bytes + sizeof mapped, &((const struct sockaddr_in *)address)->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        memcpy(out->bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
    }
}

void nl_ip_text(const struct nl_ip *ip, char out[NL_IP_TEXT]) {
    if (is_four(ip))
        inet_ntop(AF_INET, ip->bytes + sizeof mapped, out, NL_IP_TEXT);
    else
        inet_ntop(AF_INET6, ip->bytes, out, NL_IP_TEXT);
}

bool nl_host_is_loopback(const char *host) {
    static const unsigned char one[16] = {[15] = 1};
    struct nl_ip ip;
    char bare[NL_IP_TEXT];
    size_t len = strlen(host);
    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (len > 2 && len < sizeof bare + 2 && host[0] == '[' && host[len - 1] == ']') {
        snprintf(bare, sizeof bare, "%.*s", (int)(len - 2), host + 1);
        host = bare;
    }
    return nl_ip_parse(host, &ip) && (memcmp(ip.bytes, one, sizeof one) == 0 ||
                                      (is_four(&ip) && ip.bytes[sizeof mapped] == 127));
}

static void clear_behind(struct nl_ip *ip, int bits) {
    for (int i = 0; i < 16; i++) {
        int kept = bits - 8 * i;
        if (kept <= 0)
            ip->bytes[i] = 0;
        else if (kept < 8)
            ip->bytes[i] &= (unsigned char)(0xff << (8 - kept));
    }
}

struct nl_ip nl_ip_network(const struct nl_ip *ip) {
    struct nl_ip network = *ip;
    clear_behind(&network, is_four(ip) ? 96 + 24 : 64);
    return network;
}

struct nl_ip nl_ip_site(const struct nl_ip *ip) {
    struct nl_ip site = *ip;
    clear_behind(&site, is_four(ip) ? 96 + 24 : 48);
    return site;
}

static bool parse_network(char *text, struct nl_network *out) {
    int64_t bits = -1;
    char *slash = strchr(text, '/');
    if (slash != NULL)
        *slash = '\0';
    if (!nl_ip_parse(text, &out->ip) || (slash != NULL && !nl_text_integer(slash + 1, &bits)))
        return false;
    int most = is_four(&out->ip) ? 32 : 128;
    if (slash == NULL)
        bits = most;
    if (bits < 0 || bits > most)
        return false;
    out->bits = (int)bits + 128 - most;
    clear_behind(&out->ip, out->bits);
    return true;
}

enum nl_status nl_networks_parse(const char *text, struct nl_networks *out, struct nl_error *err) {
    *out = (struct nl_networks){0};
    char *copy = nl_strdup(text != NULL ? text : "");
    char *rest = copy;
    enum nl_status status = NL_OK;
    for (char *word = NULL; status == NL_OK && (word = strsep(&rest, ", ")) != NULL;) {
        if (*word == '\0')
            continue;
        struct nl_network *grown = nl_realloc(out->items, (out->count + 1) * sizeof *out->items);
        out->items = grown;
        if (!parse_network(word, &grown[out->count++]))
            status = nl_error_set(err, NL_DATA, "'%s' is not a network like 192.0.2.0/24", word);
    }
    free(copy);
    if (status != NL_OK)
        nl_networks_free(out);
    return status;
}

bool nl_networks_contain(const struct nl_networks *networks, const struct nl_ip *ip) {
    for (size_t i = 0; i < networks->count; i++) {
        struct nl_ip masked = *ip;
        clear_behind(&masked, networks->items[i].bits);
        if (memcmp(&masked, &networks->items[i].ip, sizeof masked) == 0)
            return true;
    }
    return false;
}

/* Reads an address as proxies write it: "192.0.2.1", "192.0.2.1:4711", "2001:db8::1" or
 * "[2001:db8::1]:4711". */
static bool parse_node(const char *text, size_t len, struct nl_ip *out) {
    char word[NODE_LIMIT] = "";
    struct nl_endpoint at;
    if (len == 0 || len >= sizeof word)
        return false;
    memcpy(word, text, len);
    return nl_endpoint_read(word, &at) && nl_ip_parse(at.host, out);
}

struct nl_ip nl_networks_client(const struct nl_networks *trusted, const struct nl_ip *peer,
                                const char *header) {
    struct nl_ip client = *peer;
    size_t len = header != NULL ? strlen(header) : 0;
    while (len > 0 && nl_networks_contain(trusted, &client)) {
        size_t start = len;
        while (start > 0 && header[start - 1] != ',')
            start--;
        size_t from = start + strspn(header + start, " \t");
        size_t end = len;
        while (end > from && (header[end - 1] == ' ' || header[end - 1] == '\t'))
            end--;
        struct nl_ip named;
        if (!parse_node(header + from, end - from, &named))
            return client;
        client = named;
        len = start > 0 ? start - 1 : 0;
    }
    return client;
}

/* The end of an element or of a pair: the next of `ends` that is not within quotation marks. */
static const char *skip_to(const char *p, const char *ends) {
    for (bool quoted = false; *p != '\0'; p++) {
        if (quoted && *p == '\\' && p[1] != '\0')
            p++;
        else if (*p == '"')
            quoted = !quoted;
        else if (!quoted && strchr(ends, *p) != NULL)
            break;
    }
    return p;
}

void nl_forwarded_for(const char *header, struct nl_buf *out) {
    static const char name[] = "for=";
    const char *p = header;
    while (*p != '\0') {
        const char *value = "unknown";
        size_t len = strlen(value);
        const char *element = skip_to(p, ",");
        for (const char *pair = p; pair < element; pair = skip_to(pair, ";,") + 1) {
            pair += strspn(pair, " \t");
            if (strncasecmp(pair, name, sizeof name - 1) == 0) {
                value = pair + sizeof name - 1;
                len = (size_t)(skip_to(value, ";,") - value);
            }
        }
        while (len > 0 && strchr(" \t\"", value[len - 1]) != NULL)
            len--;
        size_t before = strspn(value, " \t\"");
        before = before < len ? before : len;
        if (out->len > 0)
            nl_buf_adds(out, ", ");
        nl_buf_add(out, value + before, len - before);
        p = *element != '\0' ? element + 1 : element;
    }
}

void nl_networks_free(struct nl_networks *networks) {
    free(networks->items);
    *networks = (struct nl_networks){0};
}

bool nl_address_is_here(const char *address) {
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    bool is_six = inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
    if (!is_six && inet_pton(AF_INET, address, &four.sin_addr) != 1)
        return false;
    int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool here = fd >= 0 && (is_six ? bind(fd, (const struct sockaddr *)&six, sizeof six)
                                   : bind(fd, (const struct sockaddr *)&four, sizeof four)) == 0;
    if (fd >= 0)
        close(fd);
    return here;
}
