/* The tokens by which programs use the API. Their digests are stored, not they. */
#ifndef NEWSLETTER_STORE_API_TOKEN_H
#define NEWSLETTER_STORE_API_TOKEN_H

#include "newsletter/base/token.h"
#include "newsletter/store/staff_account.h"

/* The powers of a token: only to look, or also to pause, resume and cancel issues. */
enum nl_api_scope { NL_API_READ, NL_API_CONTROL };
extern const char *const nl_api_scopes[]; /* their names, NULL at the end */

struct nl_api_token {
    char name[NL_STAFF_NAME + 1];
    enum nl_api_scope scope;
    int64_t created_at;
    int64_t expires_at; /* 0: it has no end */
};

/* Makes a token for a program, which is good for `lifetime` seconds (0: without an end). Only this
 * call returns it, since its digest is stored. NL_EXISTS. */
NL_CHECKED enum nl_status nl_api_token_add(struct nl_store *store, const char *name,
                                           enum nl_api_scope scope, int64_t lifetime,
                                           struct nl_token *token,
                                           struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_api_token_remove(struct nl_store *store, const char *name,
                                              struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_api_token_each(struct nl_store *store,
                                            enum nl_status (*each)(const struct nl_api_token *token,
                                                                   void *ctx, struct nl_error *err),
                                            void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Finds a token. *ok is false if there is none, or its time is over. */
NL_CHECKED enum nl_status nl_api_token_check(struct nl_store *store, const char *secret, bool *ok,
                                             struct nl_api_token *out, struct nl_error *err)
    NL_NONNULL(1, 3, 4, 5);

#endif
