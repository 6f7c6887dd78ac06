/* Base64 (RFC 4648 section 4), as signatures, keys and logins come. */
#ifndef NL_INBOUND_BASE64_H
#define NL_INBOUND_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Decodes text[0..len), which may hold line ends and blanks. *out gets a NUL after its last byte;
 * the caller frees it. False for anything that is no complete base64, or without memory. */
bool nl_base64_decode(const char *text, size_t len, unsigned char **out, size_t *out_len);

#endif
