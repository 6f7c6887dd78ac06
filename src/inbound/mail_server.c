#include "inbound/mail_server.h"

#include "newsletter/config/config.h"

#include <string.h>

enum { CONNECT_TIMEOUT = 30, STALL_TIMEOUT = 60 }; /* seconds */

static void set_trust(const struct nl_mail_server *server, CURL *curl) {
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     (long)(server->security == NL_SMTP_PLAIN ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, server->verify ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, server->verify ? 2L : 0L);
    if (server->ca_file != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, server->ca_file);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL); /* trusts no other */
    }
}

void nl_mail_server_set_up(const struct nl_mail_server *server, CURL *curl, struct nl_buf *base) {
    bool literal = strchr(server->host, ':') != NULL;
    nl_buf_addf(base, "%s%s://%s%s%s:%lld/", server->scheme,
                server->security == NL_SMTP_TLS ? "s" : "", literal ? "[" : "", server->host,
                literal ? "]" : "", (long long)server->port);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "imap,imaps,pop3,pop3s");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_TIMEOUT);
    curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)STALL_TIMEOUT);
    set_trust(server, curl);
    curl_easy_setopt(curl, CURLOPT_USERNAME, server->username);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, server->password != NULL ? server->password : "");
}
