/* Logging in by an identity provider: OpenID Connect Core 1.0, authorization code flow with PKCE
 * (RFC 7636). The configuration's `openid` names the provider. */
#ifndef NEWSLETTER_OPENID_PROVIDER_H
#define NEWSLETTER_OPENID_PROVIDER_H

#include "newsletter/base/buf.h"
#include "newsletter/config/config.h"

#include <jansson.h>
#include <stdint.h>

enum {
    NL_OPENID_ACCOUNT = 255, /* bytes of a claim that names an account, at most */
    NL_OPENID_SECRET = 44,   /* a secret of a login, with its end */
};

/* A provider, as it describes itself (OpenID Connect Discovery 1.0). All owned; free with
 * nl_openid_provider_free. */
struct nl_openid_provider {
    char *authorization, *token, *keys; /* addresses */
    char *person;                       /* the same; NULL: it has none */
    bool secret_in_form;                /* it takes the client's secret as a field only */
    bool tells_issuer;                  /* its answers say whose they are (RFC 9207) */
};
void nl_openid_provider_free(struct nl_openid_provider *provider);

/* Asks the provider. NL_UNAVAILABLE where it does not answer properly, NL_DATA for an answer that
 * we cannot use. */
NL_CHECKED enum nl_status nl_openid_discover(const struct nl_config *config,
                                             struct nl_openid_provider *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* How many of its keys can be used: for `doctor`. */
NL_CHECKED enum nl_status nl_openid_count_keys(const struct nl_config *config,
                                               const struct nl_openid_provider *provider,
                                               size_t *count, struct nl_error *err) NL_ALL_NONNULL;

/* One login: secrets of this browser, from which nobody else can tell one. */
struct nl_openid_login {
    const char *state;               /* borrowed */
    char nonce[NL_OPENID_SECRET];    /* in the token */
    char verifier[NL_OPENID_SECRET]; /* of PKCE */
};

/* Makes the secrets of a login from a token that only this browser has. */
void nl_openid_login_of(const char *secret, const char *browser,
                        struct nl_openid_login *out) NL_ALL_NONNULL;

/* Appends the address that the browser is sent to. */
void nl_openid_address(const struct nl_config *config, const struct nl_openid_provider *provider,
                       const struct nl_openid_login *login, struct nl_buf *out) NL_ALL_NONNULL;

/* Exchanges the code that the browser has brought, verifies the ID token, and finds the name of the
 * account in it. NL_DATA where anything is wrong: the reason is for the log. */
NL_CHECKED enum nl_status nl_openid_account(const struct nl_config *config,
                                            const struct nl_openid_provider *provider,
                                            const struct nl_openid_login *login, const char *code,
                                            int64_t now, char account[NL_OPENID_ACCOUNT + 1],
                                            struct nl_error *err) NL_ALL_NONNULL;

/* The path of the address that the provider sends the browser back to, below staff.url. */
#define NL_OPENID_BACK "/login/openid/back"

#endif
