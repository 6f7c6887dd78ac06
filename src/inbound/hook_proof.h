/* How providers other than Amazon (sns.h) prove that a report is theirs. Each function returns
 * NL_OK for a proof, NL_NOPERM for what proves nothing, NL_DATA for a report that is not JSON. */
#ifndef NL_INBOUND_HOOK_PROOF_H
#define NL_INBOUND_HOOK_PROOF_H

#include "newsletter/inbound/hook.h"

#include <openssl/evp.h>

/* A report may be so many seconds ahead of our clock. */
enum { NL_HOOK_AHEAD = 300 };

/* Whether something that was signed at `at` is recent enough. */
bool nl_hook_is_timely(int64_t at, int64_t now, int64_t max_age);

/* Whether an Authorization field is "Basic" with this user and secret (RFC 7617) or "Bearer" with
 * the secret (RFC 6750). Takes the same time whatever is wrong with it. */
bool nl_hook_login_is(const char *authorization, const char *username, const char *secret);

/* SendGrid: an ECDSA signature over the timestamp and the body, both in fields of the header. */
enum nl_status nl_sendgrid_key(const char *text, EVP_PKEY **out, struct nl_error *err);
enum nl_status nl_sendgrid_verify(EVP_PKEY *key, const struct nl_hook_report *report, int64_t now,
                                  int64_t max_age, struct nl_error *err);

/* Mailgun: a MAC over a timestamp and a random token, all in the body. It says nothing of the rest
 * of the body: *token, which the caller frees, must be good for one body only. */
enum nl_status nl_mailgun_verify(const char *secret, const struct nl_hook_report *report,
                                 int64_t now, int64_t max_age, char **token, struct nl_error *err);

#endif
