#include "smtp/tls.h"
#include "newsletter/base/memory.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct nl_tls {
    X509_STORE *trust;    /* NULL: no authority verifies the server */
    struct nl_dane *dane; /* NULL: there are no TLSA records */
    SSL_SESSION *session; /* of the last connection that was established */
    STACK_OF(X509) * chain;
    bool trusted; /* `chain` is */
};

/* OpenSSL finds an authority in a folder by the hash of its name, and reads that file alone. */
static bool has_hashed_names(const char *folder) {
    DIR *entries = opendir(folder);
    bool found = false;
    const struct dirent *entry = NULL;
    while (entries != NULL && !found && (entry = readdir(entries)) != NULL)
        found = strspn(entry->d_name, "0123456789abcdef") == 8 && entry->d_name[8] == '.';
    if (entries != NULL)
        closedir(entries);
    return found;
}

/* This machine's authorities: as OpenSSL finds them, else the file that libcurl was built to read.
 */
static bool trust_machine(X509_STORE *trust) {
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    if (X509_STORE_set_default_paths(trust) != 1)
        return false;
    if (curl->cainfo != NULL && !has_hashed_names(X509_get_default_cert_dir()) &&
        access(curl->cainfo, R_OK) == 0)
        X509_STORE_load_file(trust, curl->cainfo);
    return true;
}

static enum nl_status read_trust(struct nl_tls *tls, const struct nl_smtp_server *server,
                                 struct nl_error *err) {
    tls->trust = X509_STORE_new();
    if (tls->trust == NULL)
        return nl_error_nomem(err);
    /* A certificate that is named is trusted, even if its issuer is not. */
    X509_STORE_set_flags(tls->trust, X509_V_FLAG_PARTIAL_CHAIN);
    if (server->ca_file == NULL)
        return trust_machine(tls->trust) ? NL_OK : nl_error_nomem(err);
    if (access(server->ca_file, R_OK) != 0)
        return nl_error_set(err, NL_CONFIG, "ca_file %s cannot be read", server->ca_file);
    if (X509_STORE_load_file(tls->trust, server->ca_file) != 1)
        return nl_error_set(err, NL_CONFIG, "ca_file %s holds no certificate (PEM)",
                            server->ca_file);
    return NL_OK;
}

enum nl_status nl_tls_new(const struct nl_smtp_server *server, struct nl_tls **out,
                          struct nl_error *err) {
    struct nl_tls *tls = nl_calloc(1, sizeof *tls);
    enum nl_status status = NL_OK;
    *out = NULL;
    if (server->verify)
        status = read_trust(tls, server, err);
    if (status != NL_OK) {
        nl_tls_free(tls);
        return status;
    }
    *out = tls;
    return NL_OK;
}

void nl_tls_free(struct nl_tls *tls) {
    if (tls == NULL)
        return;
    X509_STORE_free(tls->trust);
    nl_dane_free(tls->dane);
    sk_X509_pop_free(tls->chain, X509_free);
    SSL_SESSION_free(tls->session);
    free(tls);
}

void nl_tls_demand_trust(struct nl_tls *tls, const struct nl_tls *from) {
    X509_STORE_up_ref(from->trust);
    tls->trust = from->trust;
}

void nl_tls_demand_dane(struct nl_tls *tls, struct nl_dane *dane) {
    tls->dane = dane;
}

/* Takes the place of OpenSSL's verification: the same, but the certificates are kept, so that a
 * failure can be explained. libcurl checks the name afterwards. */
static int verify(X509_STORE_CTX *ctx, void *arg) {
    struct nl_tls *tls = arg;
    if (tls->trust == NULL && tls->dane == NULL)
        return 1;
    int result = X509_verify_cert(ctx);
    sk_X509_pop_free(tls->chain, X509_free);
    tls->chain = X509_chain_up_ref(X509_STORE_CTX_get0_untrusted(ctx));
    tls->trusted = result > 0;
    return result;
}

/* libcurl 7.88 finds no session again that began with STARTTLS: it keeps it under another protocol.
 */
static void resume(const SSL *ssl, int where, int result) {
    struct nl_tls_link *link = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    (void)result;
    if ((where & SSL_CB_HANDSHAKE_START) == 0 || link->ssl != NULL)
        return;
    link->ssl = (SSL *)ssl;
    if (link->tls->dane != NULL)
        nl_dane_demand(link->tls->dane, link->ssl);
    /* A copy: OpenSSL uses a session of TLS 1.3 once, and many connections may begin together. */
    SSL_SESSION *copy = link->tls->session != NULL ? SSL_SESSION_dup(link->tls->session) : NULL;
    if (copy != NULL)
        SSL_set_session(link->ssl, copy);
    SSL_SESSION_free(copy);
}

/* Called by libcurl with the context of each new connection. */
static CURLcode prepare(CURL *handle, void *context, void *arg) {
    struct nl_tls_link *link = arg;
    SSL_CTX *ctx = context;
    (void)handle;
    if (link->tls->trust != NULL)
        SSL_CTX_set1_cert_store(ctx, link->tls->trust);
    SSL_CTX_set_cert_verify_callback(ctx, verify, link->tls);
    if (link->tls->dane != NULL)
        nl_dane_prepare(ctx);
    SSL_CTX_set_app_data(ctx, link);
    SSL_CTX_set_info_callback(ctx, resume);
    /* A write ends with a whole record: a message counts as sent only when its last record
     * is. And output that has to wait may be moved meanwhile. */
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    return CURLE_OK;
}

bool nl_tls_apply(struct nl_tls *tls, struct nl_tls_link *link, CURL *handle) {
    *link = (struct nl_tls_link){.tls = tls};
    /* libcurl would read its own authorities for each connection, into a store of its own. */
    curl_easy_setopt(handle, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
    /* And it would put the authorities of an earlier connection in place of these, once it has
     * greeted: a host with TLSA records has none. */
    curl_easy_setopt(handle, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(handle, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER,
                     tls->trust != NULL || tls->dane != NULL ? 1L : 0L);
    /* With TLSA records OpenSSL checks the names, where they count. */
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, tls->trust != NULL ? 2L : 0L);
    return curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, prepare) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_SSL_CTX_DATA, link) == CURLE_OK;
}

void nl_tls_established(const struct nl_tls_link *link) {
    if (link->ssl == NULL)
        return;
    /* With TLS 1.3 the server has sent the session after the handshake (RFC 8446 section 4.6.1): it
     * was read with the reply to EHLO. */
    SSL_SESSION *session = SSL_get1_session(link->ssl);
    if (session != NULL && SSL_SESSION_is_resumable(session)) {
        SSL_SESSION_free(link->tls->session);
        link->tls->session = session;
    } else {
        SSL_SESSION_free(session);
    }
    /* One read for a record, not two. libcurl itself would not find what was read ahead. */
    SSL_set_read_ahead(link->ssl, 1);
}

bool nl_tls_holds_more(const struct nl_tls_link *link) {
    return link->ssl != NULL && SSL_has_pending(link->ssl) == 1;
}

const STACK_OF(X509) * nl_tls_chain(const struct nl_tls *tls, bool *trusted) {
    *trusted = tls->trusted;
    return tls->chain;
}
