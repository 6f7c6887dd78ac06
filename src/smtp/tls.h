/* TLS with one server of the relay: what is trusted, read once for all connections; the sessions
 * that further connections resume; and the certificates that the server showed last. */
#ifndef NL_SMTP_TLS_H
#define NL_SMTP_TLS_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"
#include "newsletter/config/config.h"
#include "smtp/dane.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <stdbool.h>

struct nl_tls;

/* TLS on one connection. Zero it before each. */
struct nl_tls_link {
    struct nl_tls *tls;
    SSL *ssl; /* libcurl's; valid from the handshake until the connection is closed */
};

/* Reads the authorities that `server` may be certified by: ca_file alone, else this machine's; none
 * with `verify: false`. One thread at a time may use it. NL_CONFIG when ca_file cannot be read.
 * Free with nl_tls_free. */
NL_CHECKED enum nl_status nl_tls_new(const struct nl_smtp_server *server, struct nl_tls **out,
                                     struct nl_error *err) NL_ALL_NONNULL;
void nl_tls_free(struct nl_tls *tls);

/* From now on the server has to show a certificate for its name of an authority that `from` trusts,
 * which may be freed before. */
void nl_tls_demand_trust(struct nl_tls *tls, const struct nl_tls *from) NL_ALL_NONNULL;

/* From now on the server has to show a certificate that its TLSA records name. Takes `dane`. */
void nl_tls_demand_dane(struct nl_tls *tls, struct nl_dane *dane) NL_ALL_NONNULL;

/* Sets the options of a new handle. `tls` and `link` must outlive it. False without memory. */
bool nl_tls_apply(struct nl_tls *tls, struct nl_tls_link *link, CURL *handle) NL_ALL_NONNULL;

/* A connection is ready: further ones may resume its session. Does nothing without TLS. */
void nl_tls_established(const struct nl_tls_link *link) NL_ALL_NONNULL;

/* Whether bytes of the server are in memory that poll does not see. */
bool nl_tls_holds_more(const struct nl_tls_link *link) NL_ALL_NONNULL;

/* The certificates of the last full handshake, the server's own first; NULL before one. *trusted
 * says whether they lead to an authority that is trusted, and are valid now. */
const STACK_OF(X509) * nl_tls_chain(const struct nl_tls *tls, bool *trusted) NL_ALL_NONNULL;

#endif
