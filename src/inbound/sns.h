/* Amazon SNS: messages that its topic delivers by HTTP, their signatures, and the certificates that
 * these are verified with. */
#ifndef NL_INBOUND_SNS_H
#define NL_INBOUND_SNS_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nl_sns;

/* A reader for one topic. `topic` and `ca_file` (the authorities to trust; NULL: this machine's)
 * must outlive it. Free with nl_sns_free. */
struct nl_sns *nl_sns_new(const char *topic, const char *ca_file, int64_t max_age);
void nl_sns_free(struct nl_sns *sns);

enum nl_sns_kind { NL_SNS_NOTIFICATION, NL_SNS_SUBSCRIBED, NL_SNS_UNSUBSCRIBED };

/* Verifies a message at the time `now`: its topic, its age, its signature and the chain of the
 * certificate. A request to confirm the subscription is confirmed. NL_DATA for what is not JSON,
 * NL_NOPERM for what is not proved to be the topic's, NL_TEMPFAIL or NL_BUSY where Amazon's servers
 * did not help, and the message should come again. */
NL_CHECKED enum nl_status nl_sns_take(struct nl_sns *sns, const char *body, size_t len, int64_t now,
                                      enum nl_sns_kind *kind, struct nl_error *err);

/* sns_url.c: whether a URL lies on the server of a topic's region and nowhere else, with a path and
 * a query of plain characters. */
bool nl_sns_is_amazons(const char *topic, const char *url);

/* The same for that of a certificate: a .pem file, without a query. */
bool nl_sns_is_certificate(const char *topic, const char *url);

/* sns_certificate.c: the public key of a certificate (PEM, with those that lead to its authority),
 * if it was made out to SNS in the topic's region and its chain verifies at the time `now`. A
 * missing link of the chain is fetched from Amazon's authority. */
NL_CHECKED enum nl_status nl_sns_certificate(const char *pem, size_t len, const char *topic,
                                             const char *ca_file, int64_t now, EVP_PKEY **out,
                                             struct nl_error *err);

/* sns_fetch.c: appends what is at a URL, `limit` bytes at most; more is a failure. Only https,
 * except for certificates of Amazon's authority, which prove themselves. No redirects. */
NL_CHECKED enum nl_status nl_sns_fetch(const char *ca_file, const char *url, size_t limit,
                                       struct nl_buf *out, struct nl_error *err);

/* Where that authority has its certificates. */
bool nl_sns_is_authority(const char *url);

#endif
