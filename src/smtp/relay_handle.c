#include "smtp/relay_hosts.h"

#include <string.h>

enum { CONNECT_SECONDS = 60, HOST_CONNECT_SECONDS = 30 };

static bool set_login(CURL *handle, const struct relay_host *host, const struct nl_login *login) {
    struct nl_buf options = {0};
    if (host->server->username == NULL)
        return true;
    curl_easy_setopt(handle, CURLOPT_USERNAME, host->server->username);
    curl_easy_setopt(
        handle, host->server->auth == NL_AUTH_XOAUTH2 ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD,
        host->password);
    nl_login_options(login, host->server, &options);
    bool done = true;
    curl_easy_setopt(handle, CURLOPT_LOGIN_OPTIONS, nl_buf_text(&options));
    curl_easy_setopt(handle, CURLOPT_SASL_IR, 1L);
    nl_buf_free(&options);
    return done;
}

/* libcurl takes only addresses of the source's family, and greets with the source's name. */
static bool set_source(CURL *handle, const struct relay_host *host,
                       const struct nl_source *source) {
    struct nl_buf from = {0};
    struct nl_buf url = {0};
    bool six = strchr(source->address, ':') != NULL;
    nl_buf_addf(&from, "host!%s", source->address);
    nl_buf_addf(&url, "smtp://%s", host->name);
    nl_relay_add_helo(&url, source->helo);
    bool done = curl_easy_setopt(handle, CURLOPT_INTERFACE, nl_buf_text(&from)) == CURLE_OK &&
                (source->helo == NULL ||
                 curl_easy_setopt(handle, CURLOPT_URL, nl_buf_text(&url)) == CURLE_OK);
    curl_easy_setopt(handle, CURLOPT_IPRESOLVE,
                     (long)(six ? CURL_IPRESOLVE_V6 : CURL_IPRESOLVE_V4));
    nl_buf_free(&from);
    nl_buf_free(&url);
    return done;
}

CURL *nl_relay_handle(const struct nl_relay *relay, size_t which, const struct nl_login *login,
                      const struct nl_source *source, struct nl_tls_link *link) {
    const struct relay_host *host = &relay->hosts[which];
    int64_t timeout = relay->config->smtp.timeout;
    int64_t most = host->own != NULL ? HOST_CONNECT_SECONDS : CONNECT_SECONDS;
    bool opportunistic =
        host->own != NULL && host->demand == NL_HOST_TLS_IF_OFFERED && !host->state->in_the_clear;
    bool needed = host->own != NULL ? host->demand != NL_HOST_TLS_IF_OFFERED
                                    : host->server->security == NL_SMTP_STARTTLS;
    CURL *handle = curl_easy_init();
    *link = (struct nl_tls_link){0};
    if (handle == NULL)
        return NULL;
    curl_easy_setopt(handle, CURLOPT_URL, host->url);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    /* libcurl connects, sends EHLO, starts TLS and logs in. session.c does the rest, because
     * libcurl 7.88 lets all other connections wait while it awaits the reply to a final dot. */
    curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, (long)(timeout < most ? timeout : most));
    curl_easy_setopt(handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)timeout);
    curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
    if (opportunistic)
        curl_easy_setopt(handle, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
    else if (needed)
        curl_easy_setopt(handle, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    if (host->addresses != NULL)
        curl_easy_setopt(handle, CURLOPT_RESOLVE, host->addresses);
    if ((host->tls != NULL && !nl_tls_apply(host->tls, link, handle)) ||
        !set_login(handle, host, login) || (source != NULL && !set_source(handle, host, source))) {
        curl_easy_cleanup(handle);
        return NULL;
    }
    return handle;
}
