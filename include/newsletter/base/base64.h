/* Base64 (RFC 4648 section 4), as signatures, keys, logins and files come. */
#ifndef NEWSLETTER_BASE_BASE64_H
#define NEWSLETTER_BASE_BASE64_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Longer than any signature, key or login is. */
enum { NL_BASE64_PROOF = 64 * 1024 };

/* Decodes text[0..len), which may hold line ends and blanks. *out gets a NUL after its last byte;
 * the caller frees it. False for a text longer than `most`, and for anything that is not a complete
 * base64. */
bool nl_base64_decode(const char *text, size_t len, size_t most, unsigned char **out,
                      size_t *out_len) NL_ALL_NONNULL;

/* Appends data[0..len) in base64, on one line, with padding. */
void nl_base64_add(struct nl_buf *out, const void *data, size_t len) NL_NONNULL(1);

/* The same in the alphabet for URLs, without padding (section 5). */
void nl_base64url_add(struct nl_buf *out, const void *data, size_t len) NL_NONNULL(1);

#endif
