/* DANE for SMTP (RFC 7672): the certificates that a mail host may show stand in its signed TLSA
 * records. OpenSSL does the matching. */
#ifndef NL_SMTP_DANE_H
#define NL_SMTP_DANE_H

#include "newsletter/base/attribute.h"
#include "newsletter/resolve/resolver.h"

#include <openssl/ssl.h>

struct nl_dane;

/* Keeps what DANE demands of a host. Free with nl_dane_free. */
struct nl_dane *nl_dane_new(const struct nl_mail_host *host) NL_ALL_NONNULL;
void nl_dane_free(struct nl_dane *dane);

/* Prepares a context, and then a connection before its handshake. Where something fails, no
 * certificate is accepted. */
void nl_dane_prepare(SSL_CTX *ctx) NL_ALL_NONNULL;
void nl_dane_demand(const struct nl_dane *dane, SSL *ssl) NL_ALL_NONNULL;

#endif
