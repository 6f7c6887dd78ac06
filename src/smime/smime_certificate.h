/* A certificate with its key, as they are held in memory. */
#ifndef NL_SMIME_SMIME_CERTIFICATE_H
#define NL_SMIME_SMIME_CERTIFICATE_H

#include "newsletter/smime/smime.h"

#include <openssl/x509.h>

/* A signature in DER, of which only the digest, the time and the signature itself differ from
 * message to message: where they stand. */
struct nl_smime_template {
    unsigned char *der; /* NULL: there is none, and each signature is made as a whole */
    size_t len;
    size_t attributes, attributes_len;
    size_t digest, time;
    size_t signature, signature_len;
    char *lines; /* what is the same in all, in base64: the certificates */
    size_t lines_len, in_lines;
};

struct nl_smime {
    X509 *certificate;
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* between it and the authority, whose own certificate is left out */
    char *path;             /* of the certificate, for errors */
    int64_t not_after;
    struct nl_smime_template form;
};

/* The time of a certificate's validity, in seconds UTC. */
int64_t nl_smime_time(const ASN1_TIME *time);

/* "2027-03-01" */
void nl_smime_date(int64_t time, char out[16]);

/* Makes the template, where signatures of the key are always of one length (RSA). */
NL_CHECKED enum nl_status nl_smime_make_template(struct nl_smime *smime, int64_t now,
                                                 struct nl_error *err) NL_NONNULL(1);

/* Whether the certificate may sign mail from `from` at `now`, with this key and chain. */
NL_CHECKED enum nl_status nl_smime_check(const struct nl_smime *smime,
                                         const struct nl_config *config, const char *from,
                                         int64_t now, struct nl_error *err) NL_NONNULL(1, 2, 3);

#endif
