#include "bulletin/link_host.h"
#include "newsletter/base/memory.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static bool ends_with(const char *text, const char *end) {
    size_t len = strlen(text);
    size_t end_len = strlen(end);
    return len >= end_len && strcasecmp(text + len - end_len, end) == 0;
}

bool nl_host_aligns(const char *a, const char *b) {
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    if (a_len == b_len)
        return strcasecmp(a, b) == 0;
    const char *longer = a_len > b_len ? a : b;
    const char *shorter = a_len > b_len ? b : a;
    return ends_with(longer, shorter) && longer[strlen(longer) - strlen(shorter) - 1] == '.';
}

char *nl_host_of_url(const char *url) {
    if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
        return NULL;
    const char *host = strstr(url, "//") + 2;
    size_t len = strcspn(host, "/?#");
    const char *user = memchr(host, '@', len);
    if (user != NULL) {
        len -= (size_t)(user + 1 - host);
        host = user + 1;
    }
    return nl_strndup(host, host[0] == '[' ? len : strcspn(host, ":/?#"));
}

bool nl_host_is_numeric(const char *host) {
    struct in_addr address;
    return host[0] == '[' || inet_aton(host, &address) != 0;
}

bool nl_host_is_shortener(const char *host) {
    static const char *const names[] = {"bit.ly",  "t.co",        "goo.gl",  "tinyurl.com",
                                        "ow.ly",   "is.gd",       "buff.ly", "rebrand.ly",
                                        "cutt.ly", "shorturl.at", "clck.ru", "t.ly"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(host, names[i]) == 0)
            return true;
    return false;
}

bool nl_host_is_unreachable(const char *host) {
    static const char *const ends[] = {".local",   ".localhost", ".internal", ".lan",
                                       ".invalid", ".test",      ".example"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_with(host, ends[i]))
            return true;
    return strchr(host, '.') == NULL;
}
