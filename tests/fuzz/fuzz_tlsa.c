/* TLSA records as any bytes, each with a byte for its length in front: what is taken is text of the
 * form that the check of certificates reads, and OpenSSL gets it. */
#include "resolve/lookup.h"
#include "smtp/dane.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { MOST = 32 };

static void demand(bool holds) {
    if (!holds)
        abort();
}

/* "USAGE SELECTOR TYPE HEX" */
static void check_line(const char *line, size_t len) {
    demand(len > 6 && len % 2 == 0);
    demand((line[0] == '2' || line[0] == '3') && line[1] == ' ');
    demand((line[2] == '0' || line[2] == '1') && line[3] == ' ');
    demand(line[4] >= '0' && line[4] <= '2' && line[5] == ' ');
    demand(strspn(line + 6, "0123456789abcdef") == len - 6);
    demand(line[4] != '1' || len - 6 == 64);
    demand(line[4] != '2' || len - 6 == 128);
}

static void check(const struct nl_mail_host *host) {
    size_t lines = 0;
    const char *before = NULL;
    demand((host->tls == NL_HOST_TLS_DANE) == (host->tlsa != NULL));
    for (const char *line = host->tlsa; line != NULL && *line != '\0'; lines++) {
        size_t size = strcspn(line, "\n");
        demand(line[size] == '\n');
        check_line(line, size);
        demand(before == NULL || strcmp(before, line) <= 0 || strncmp(before, line, size) == 0);
        before = line;
        line += size + 1;
    }
    demand(lines <= 16 && (host->tlsa == NULL || lines > 0));
}

/* As a handshake does it. */
static void give_to_openssl(const struct nl_mail_host *host) {
    static SSL_CTX *ctx;
    struct nl_dane *dane = nl_dane_new(host);
    if (ctx == NULL) {
        ctx = SSL_CTX_new(TLS_client_method());
        demand(ctx != NULL);
        nl_dane_prepare(ctx);
    }
    SSL *ssl = SSL_new(ctx);
    demand(ssl != NULL && dane != NULL);
    nl_dane_demand(dane, ssl);
    SSL_free(ssl);
    nl_dane_free(dane);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char *records[MOST + 1] = {0};
    int sizes[MOST] = {0};
    size_t count = 0;
    struct nl_mail_host host = {.base = "mx.example.org"};
    for (size_t at = 0; at < len && count < MOST; count++) {
        size_t size = data[at++];
        if (size > len - at)
            size = len - at;
        records[count] = malloc(size + (size == 0)); /* so that a sanitizer sees where it ends */
        demand(records[count] != NULL);
        memcpy(records[count], data + at, size);
        sizes[count] = (int)size;
        at += size;
    }
    const struct ub_result result = {.data = records, .len = sizes, .havedata = count > 0};
    nl_answer_tlsa(&result, &host);
    check(&host);
    give_to_openssl(&host);
    free(host.tlsa);
    for (size_t i = 0; i < count; i++)
        free(records[i]);
    return 0;
}
