#include "delivery/relay.h"

#include "newsletter/buf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECT_SECONDS = 60 };

struct nl_relay {
    char *url;
    char *name;
    char *username;
    char *password;
    char *ca_file;
    int64_t security;
    int64_t auth;
    int64_t timeout;
    bool verify;
};

static void add_helo(struct nl_buf *url, const char *helo) {
    char host[256];
    if (helo == NULL && gethostname(host, sizeof host) == 0) {
        host[sizeof host - 1] = '\0';
        helo = host;
    }
    nl_buf_addc(url, '/');
    for (const char *p = helo != NULL ? helo : "localhost"; *p; p++)
        if (strchr("/?#%@\\ ", *p) == NULL)
            nl_buf_addc(url, *p);
}

enum nl_status nl_relay_new(const struct nl_config *config, const char *password,
                            struct nl_relay **out, struct nl_error *err) {
    struct nl_buf url = {0};
    struct nl_buf name = {0};
    struct nl_relay *relay = calloc(1, sizeof *relay);
    *out = NULL;
    if (relay == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(relay);
        return nl_error_nomem(err);
    }
    bool literal = strchr(config->smtp.host, ':') != NULL;
    nl_buf_addf(&name, literal ? "[%s]:%lld" : "%s:%lld", config->smtp.host,
                (long long)config->smtp.port);
    nl_buf_addf(&url, "%s://%s", config->smtp.security == NL_SMTP_TLS ? "smtps" : "smtp",
                nl_buf_text(&name));
    add_helo(&url, config->smtp.helo);
    relay->url = nl_buf_take(&url);
    relay->name = nl_buf_take(&name);
    relay->security = config->smtp.security;
    relay->auth = config->smtp.auth;
    relay->timeout = config->smtp.timeout;
    relay->verify = config->smtp.verify;
    bool complete = relay->url != NULL && relay->name != NULL;
    if (config->smtp.username != NULL)
        complete = (relay->username = strdup(config->smtp.username)) != NULL && complete;
    if (config->smtp.ca_file != NULL)
        complete = (relay->ca_file = strdup(config->smtp.ca_file)) != NULL && complete;
    if (password != NULL)
        complete = (relay->password = strdup(password)) != NULL && complete;
    enum nl_status status = complete ? NL_OK : nl_error_nomem(err);
    if (status == NL_OK && relay->username != NULL && relay->password == NULL)
        status = nl_error_set(err, NL_CONFIG,
                              "%s: smtp.username is set but no password: set smtp.password_file or "
                              "smtp.password_env",
                              config->path);
    if (status == NL_OK && relay->ca_file != NULL && access(relay->ca_file, R_OK) != 0)
        status = nl_error_set(err, NL_CONFIG, "smtp.ca_file %s cannot be read", relay->ca_file);
    if (status != NL_OK) {
        nl_relay_free(relay);
        return status;
    }
    *out = relay;
    return NL_OK;
}

void nl_relay_free(struct nl_relay *relay) {
    if (relay == NULL)
        return;
    free(relay->url);
    free(relay->name);
    free(relay->username);
    nl_config_forget(relay->password);
    free(relay->ca_file);
    free(relay);
    curl_global_cleanup();
}

const char *nl_relay_name(const struct nl_relay *relay) {
    return relay->name;
}

bool nl_relay_is_plain(const struct nl_relay *relay) {
    return relay->security == NL_SMTP_PLAIN;
}

int64_t nl_relay_timeout(const struct nl_relay *relay) {
    return relay->timeout;
}

static void set_login(CURL *handle, const struct nl_relay *relay) {
    static const char *const options[] = {"AUTH=*", "AUTH=PLAIN", "AUTH=LOGIN", "AUTH=XOAUTH2"};
    if (relay->username == NULL)
        return;
    curl_easy_setopt(handle, CURLOPT_USERNAME, relay->username);
    curl_easy_setopt(handle,
                     relay->auth == NL_AUTH_XOAUTH2 ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD,
                     relay->password);
    if (relay->auth != NL_AUTH_AUTO)
        curl_easy_setopt(handle, CURLOPT_LOGIN_OPTIONS, options[relay->auth]);
    curl_easy_setopt(handle, CURLOPT_SASL_IR, 1L);
}

CURL *nl_relay_handle(const struct nl_relay *relay) {
    CURL *handle = curl_easy_init();
    if (handle == NULL)
        return NULL;
    curl_easy_setopt(handle, CURLOPT_URL, relay->url);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    /* libcurl connects, greets, secures and logs in; the envelope is session.c's: libcurl 7.88
     * waits for the reply to the final dot with all other connections standing still. */
    curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT,
                     (long)(relay->timeout < CONNECT_SECONDS ? relay->timeout : CONNECT_SECONDS));
    curl_easy_setopt(handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)relay->timeout);
    curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
    if (relay->security == NL_SMTP_STARTTLS)
        curl_easy_setopt(handle, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, relay->verify ? 1L : 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, relay->verify ? 2L : 0L);
    if (relay->ca_file != NULL)
        curl_easy_setopt(handle, CURLOPT_CAINFO, relay->ca_file);
    set_login(handle, relay);
    return handle;
}
