#include "web/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIGNATURE = 12,
    HEAD = 16,       /* of version 2, before the addresses */
    LINE_MOST = 107, /* of version 1, with its end */
};

static const unsigned char signature[SIGNATURE + 1] = "\r\n\r\n\0\r\nQUIT\n";
static const char line_start[] = "PROXY ";

static bool is_line(const unsigned char *data) {
    return memcmp(data, line_start, sizeof line_start - 1) == 0;
}

static size_t length_of(const unsigned char *data) {
    return HEAD + ((size_t)data[14] << 8 | data[15]);
}

/* The shortest line, "PROXY UNKNOWN" with its end, is longer than the signature. */
int nl_proxy_header_wants(const unsigned char *data, size_t len) {
    if (len < SIGNATURE)
        return SIGNATURE - (int)len;
    if (is_line(data))
        return data[len - 1] == '\n' ? 0 : len < LINE_MOST ? 1 : -1;
    if (memcmp(data, signature, SIGNATURE) != 0)
        return -1;
    if (len < HEAD)
        return HEAD - (int)len;
    return length_of(data) > NL_PROXY_HEADER_LIMIT ? -1 : (int)(length_of(data) - len);
}

static void set_ipv4(const void *address, const void *port, struct sockaddr_storage *out,
                     socklen_t *out_len) {
    struct sockaddr_in *to = (struct sockaddr_in *)out;
    to->sin_family = AF_INET;
    memcpy(&to->sin_addr, address, sizeof to->sin_addr);
    memcpy(&to->sin_port, port, sizeof to->sin_port);
    *out_len = sizeof *to;
}

static void set_ipv6(const void *address, const void *port, struct sockaddr_storage *out,
                     socklen_t *out_len) {
    struct sockaddr_in6 *to = (struct sockaddr_in6 *)out;
    to->sin6_family = AF_INET6;
    memcpy(&to->sin6_addr, address, sizeof to->sin6_addr);
    memcpy(&to->sin6_port, port, sizeof to->sin6_port);
    *out_len = sizeof *to;
}

/* Section 2.2: version and command, family and transport, length, addresses, further values. */
static bool read_binary(const unsigned char *data, size_t len, bool *known,
                        struct sockaddr_storage *out, socklen_t *out_len) {
    enum { LOCAL = 0x20, PROXIED = 0x21, UNSPECIFIED = 0, TCP4 = 0x11, TCP6 = 0x21, UNIX = 0x31 };
    const unsigned char *addresses = data + HEAD;
    size_t room = len - HEAD;
    if (data[12] == LOCAL)
        return true;
    if (data[12] != PROXIED)
        return false;
    switch (data[13]) {
    case UNSPECIFIED:
    case UNIX:
        return true;
    case TCP4:
        if (room < 12)
            return false;
        set_ipv4(addresses, addresses + 8, out, out_len);
        break;
    case TCP6:
        if (room < 36)
            return false;
        set_ipv6(addresses, addresses + 32, out, out_len);
        break;
    default:
        return false;
    }
    *known = true;
    return true;
}

static bool read_port(const char *text, in_port_t *out) {
    size_t digits = strspn(text, "0123456789");
    unsigned long port = strtoul(text, NULL, 10);
    *out = htons((uint16_t)port);
    return digits > 0 && digits <= 5 && text[digits] == '\0' && port <= UINT16_MAX;
}

/* Section 2.1: "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n". One space stands between words.
 */
static bool read_line(const unsigned char *data, size_t len, bool *known,
                      struct sockaddr_storage *out, socklen_t *out_len) {
    char line[LINE_MOST + 1];
    char *words[6] = {line};
    int count = 1;
    unsigned char source[16];
    unsigned char target[16];
    in_port_t port = 0;
    in_port_t other = 0;
    if (data[len - 2] != '\r' || memchr(data, '\0', len) != NULL)
        return false;
    memcpy(line, data, len - 2);
    line[len - 2] = '\0';
    if (strncmp(line, "PROXY UNKNOWN", 13) == 0)
        return line[13] == '\0' || line[13] == ' ';
    for (char *at = line; *at != '\0'; at++)
        if (*at == ' ') {
            if (count == 6)
                return false;
            *at = '\0';
            words[count++] = at + 1;
        }
    if (count != 6 || !read_port(words[4], &port) || !read_port(words[5], &other))
        return false;
    int family = strcmp(words[1], "TCP4") == 0   ? AF_INET
                 : strcmp(words[1], "TCP6") == 0 ? AF_INET6
                                                 : AF_UNSPEC;
    if (family == AF_UNSPEC || inet_pton(family, words[2], source) != 1 ||
        inet_pton(family, words[3], target) != 1)
        return false;
    if (family == AF_INET)
        set_ipv4(source, &port, out, out_len);
    else
        set_ipv6(source, &port, out, out_len);
    *known = true;
    return true;
}

bool nl_proxy_header_read(const unsigned char *data, size_t len, bool *known,
                          struct sockaddr_storage *out, socklen_t *out_len) {
    *known = false;
    memset(out, 0, sizeof *out);
    return is_line(data) ? read_line(data, len, known, out, out_len)
                         : read_binary(data, len, known, out, out_len);
}
