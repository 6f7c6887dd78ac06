#include "smtp/dane.h"
#include "newsletter/base/memory.h"

#include <openssl/crypto.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct nl_dane {
    char *records; /* as nl_mail_host has them */
    char base[NL_MAIL_NAME];
    char next_hop[NL_MAIL_NAME]; /* "": none */
};

struct nl_dane *nl_dane_new(const struct nl_mail_host *host) {
    struct nl_dane *dane = nl_calloc(1, sizeof *dane);
    dane->records = nl_strdup(host->tlsa != NULL ? host->tlsa : "");
    memcpy(dane->base, host->base, sizeof dane->base);
    if (host->next_hop != NULL)
        snprintf(dane->next_hop, sizeof dane->next_hop, "%s", host->next_hop);
    return dane;
}

void nl_dane_free(struct nl_dane *dane) {
    if (dane == NULL)
        return;
    free(dane->records);
    free(dane);
}

/* RFC 7672 section 3.1.1: neither the names nor the dates of a certificate count that a DANE-EE
 * record names. */
void nl_dane_prepare(SSL_CTX *ctx) {
    SSL_CTX_dane_enable(ctx);
    SSL_CTX_dane_set_flags(ctx, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
}

/* Adds one line. OpenSSL leaves out a record that it cannot use, such as one that holds no
 * certificate. */
static void add_record(SSL *ssl, const char *line, size_t len) {
    enum { HEX = 6 }; /* the other fields are a digit each */
    long size = 0;
    if (len <= HEX)
        return;
    char *hex = nl_strndup(line + HEX, len - HEX);
    unsigned char *data = OPENSSL_hexstr2buf(hex, &size);
    if (data != NULL)
        SSL_dane_tlsa_add(ssl, (uint8_t)(line[0] - '0'), (uint8_t)(line[2] - '0'),
                          (uint8_t)(line[4] - '0'), data, (size_t)size);
    OPENSSL_free(data);
    free(hex);
}

void nl_dane_demand(const struct nl_dane *dane, SSL *ssl) {
    if (SSL_dane_enable(ssl, dane->base) != 1)
        return;
    /* libcurl has set the name that it connects to (RFC 7672 section 8.1). */
    SSL_set_tlsext_host_name(ssl, dane->base);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (dane->next_hop[0] != '\0')
        SSL_add1_host(ssl, dane->next_hop);
    for (const char *line = dane->records; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        add_record(ssl, line, len);
        line += len + (line[len] == '\n');
    }
}
