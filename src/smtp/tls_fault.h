/* Says what is wrong with a server's TLS, and what to do. */
#ifndef NL_SMTP_TLS_FAULT_H
#define NL_SMTP_TLS_FAULT_H

#include "newsletter/base/buf.h"
#include "smtp/tls.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether a failure is about TLS. `error` is libcurl's text. */
bool nl_tls_is_fault(CURLcode code);

/* The type of such a failure in reports (RFC 8460 section 4.3). `ssl` may be NULL. */
const char *nl_tls_result_type(CURLcode code, const char *detail, const SSL *ssl);

/* Appends what is wrong: expired, not yet valid, for another name, self-signed, of an unknown
 * authority, too old a protocol, no TLS at all; each with its advice. `host` is the name that we
 * connected to. `now` is the time. */
void nl_tls_explain(const struct nl_tls *tls, CURLcode code, const char *error, const char *host,
                    int64_t now, struct nl_buf *out);

#endif
