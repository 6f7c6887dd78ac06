/* Requests to the identity provider, within bounds. */
#ifndef NL_OPENID_FETCH_H
#define NL_OPENID_FETCH_H

#include "newsletter/config/config.h"

#include <jansson.h>

/* A request. `form` NULL: GET. Texts are borrowed. */
struct nl_openid_request {
    const char *url;
    const char *form;            /* a URL-encoded body */
    const char *user, *password; /* for HTTP Basic; NULL: none */
    const char *bearer;          /* a token (RFC 6750); NULL: none */
};

/* Whether an address may be one of the provider: https, or http on this machine if the issuer is.
 */
bool nl_openid_is_address(const struct nl_config *config, const char *url);

/* *out is the answer, a JSON object, which the caller frees. No redirect is followed: what is not
 * answered with 200 by the address itself is NL_UNAVAILABLE. */
enum nl_status nl_openid_fetch(const struct nl_config *config,
                               const struct nl_openid_request *request, json_t **out,
                               struct nl_error *err);

#endif
