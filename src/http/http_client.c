#include "newsletter/http/client.h"

#include <unistd.h>

void nl_http_prepare(CURL *curl, const struct nl_http_patience *patience) {
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, patience->connect);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, patience->total);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "newsletter/" NL_VERSION);
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address) {
    struct nl_reach *reach = ctx;
    if (purpose != CURLSOCKTYPE_IPCXN || !nl_reach_may(reach, &address->addr)) {
        reach->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void nl_http_confine(CURL *curl, struct nl_reach *reach) {
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, reach);
}
