/* "HOST:PORT", as settings, options and proxies write it. */
#ifndef NEWSLETTER_BASE_ENDPOINT_H
#define NEWSLETTER_BASE_ENDPOINT_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>
#include <stdint.h>

enum { NL_ENDPOINT_HOST = 256 };

/* Zero-initialised is fine. */
struct nl_endpoint {
    char host[NL_ENDPOINT_HOST]; /* without brackets */
    const char *port;            /* within the text that was read; NULL for none */
    int number;                  /* of the port; 0 where it is not from 1 to 65535 */
};

/* Reads "HOST", "HOST:PORT", "[ADDRESS]" and "[ADDRESS]:PORT"; an IPv6 address without brackets has
 * no port (RFC 3986 section 3.2.2). False for a host that is empty or too long, and for brackets
 * that do not match. */
bool nl_endpoint_read(const char *text, struct nl_endpoint *out) NL_ALL_NONNULL;

#endif
