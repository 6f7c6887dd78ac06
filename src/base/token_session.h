/* A session with the one token that a PKCS#11 URI names (RFC 7512). */
#ifndef NL_BASE_TOKEN_SESSION_H
#define NL_BASE_TOKEN_SESSION_H

#include "newsletter/base/error.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <stdbool.h>

/* Zero-initialise; free with nl_token_session_close. */
struct nl_token_session {
    P11KitUri *uri;
    CK_FUNCTION_LIST **modules; /* NULL at the end */
    bool own;                   /* the one module is that of the URI */
    CK_FUNCTION_LIST *module;   /* that of the token */
    CK_SESSION_HANDLE handle;
    bool is_open;
};

/* Finds the token, and logs in with the PIN of the URI's pin-source. */
enum nl_status nl_token_session_open(const char *text, struct nl_token_session *out,
                                     struct nl_error *err);

void nl_token_session_close(struct nl_token_session *session);

/* "what: why the token refuses", with NL_CONFIG. */
enum nl_status nl_token_refused(struct nl_error *err, const char *what, CK_RV why);

#endif
