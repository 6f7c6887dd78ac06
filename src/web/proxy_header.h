/* The header of the PROXY protocol (haproxy.org, proxy-protocol.txt), versions 1 and 2: a proxy
 * says in it, before everything else, whose connection it passes on. No I/O. */
#ifndef NL_WEB_PROXY_HEADER_H
#define NL_WEB_PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* With addresses and the values that proxies add (TLVs), such as a certificate's name. */
enum { NL_PROXY_HEADER_LIMIT = 2048 };

/* How many bytes to read next of a header of which `len` bytes are there: never more than belong to
 * it, since a request or TLS follows. 0: it is complete. -1: it is not a header, or too long. */
int nl_proxy_header_wants(const unsigned char *data, size_t len);

/* Reads a complete header. *known tells whether it names a visitor, whose address and port are then
 * in *out; without, the connection is the proxy's own (LOCAL, UNKNOWN, addresses of another kind).
 * False: it is wrong. */
bool nl_proxy_header_read(const unsigned char *data, size_t len, bool *known,
                          struct sockaddr_storage *out, socklen_t *out_len);

#endif
