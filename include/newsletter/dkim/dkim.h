/* DKIM signatures: RFC 6376 with relaxed/relaxed canonicalisation, RSA-SHA256 and Ed25519-SHA256
 * (RFC 8463). */
#ifndef NEWSLETTER_DKIM_DKIM_H
#define NEWSLETTER_DKIM_DKIM_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdint.h>

struct nl_dkim_key;

/* Reads a private key (PEM; RSA of 1024 bits or more, or Ed25519) that signs for `domain` under
 * `selector`. A key file that others may read is refused. Free with nl_dkim_key_free. */
NL_CHECKED enum nl_status nl_dkim_key_read(const char *path, const char *domain,
                                           const char *selector, struct nl_dkim_key **out,
                                           struct nl_error *err) NL_NONNULL(1, 4, 5);

/* Appends the content of the TXT record with which receivers check our signatures. */
NL_CHECKED enum nl_status nl_dkim_record(const struct nl_dkim_key *key, struct nl_buf *record,
                                         struct nl_error *err) NL_ALL_NONNULL;

void nl_dkim_key_free(struct nl_dkim_key *key);

/* Remembers the common beginning of similar bodies, so that it is hashed only once. Free with
 * nl_dkim_body_free. NULL without memory. */
struct nl_dkim_body;
struct nl_dkim_body *nl_dkim_body_new(void);
void nl_dkim_body_free(struct nl_dkim_body *known);

/* Signs a complete message with CRLF line ends: appends one DKIM-Signature field for each key, to
 * be put in front of the message, to `out`. `known` may be NULL. `now` becomes the signature's
 * time. It signs From, Reply-To, To, Subject, Date, Message-ID, MIME-Version, Content-* and List-*,
 * each as often as it occurs, and From once more, so that nobody can add one. */
NL_CHECKED enum nl_status nl_dkim_sign(const struct nl_dkim_key *const *keys, size_t count,
                                       struct nl_dkim_body *known, const char *message, size_t len,
                                       int64_t now, struct nl_buf *out, struct nl_error *err)
    NL_NONNULL(1, 4, 7, 8);

/* Makes a key of `type` ("rsa", of 2048 bits, or "ed25519"), writes it to `path` with mode 0600 and
 * appends the DNS record's TXT content to `record`. An existing file stays: NL_EXISTS. */
NL_CHECKED enum nl_status nl_dkim_generate(const char *type, const char *path,
                                           struct nl_buf *record,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
