/* Accounts for the dashboard, their sessions, and the tokens of programs. */
#ifndef NEWSLETTER_STORE_STAFF_ACCOUNT_H
#define NEWSLETTER_STORE_STAFF_ACCOUNT_H

#include "newsletter/base/token.h"
#include "newsletter/db/handle.h"

#include <stdbool.h>

enum { NL_STAFF_NAME = 64 };

/* Adds an account, or with `replace` gives an existing one another password, which ends its
 * sessions. Names are of letters, digits, ".", "_" and "-". NL_EXISTS, NL_NOTFOUND, NL_DATA. */
NL_CHECKED enum nl_status nl_staff_put(struct nl_store *store, const char *name,
                                       const char *password, bool replace,
                                       struct nl_error *err) NL_ALL_NONNULL;

/* Removes an account and its sessions. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_staff_remove(struct nl_store *store, const char *name,
                                          struct nl_error *err) NL_ALL_NONNULL;

NL_CHECKED enum nl_status nl_staff_each(struct nl_store *store,
                                        enum nl_status (*each)(const char *name, int64_t created_at,
                                                               void *ctx, struct nl_error *err),
                                        void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Begins a session of `lifetime` seconds if the password is right; *ok tells. An unknown name takes
 * as long as a wrong password. */
NL_CHECKED enum nl_status nl_staff_login(struct nl_store *store, const char *name,
                                         const char *password, int64_t lifetime, bool *ok,
                                         struct nl_token *session,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Finds the account of a session. *ok is false if there is no such session or it has ended. */
NL_CHECKED enum nl_status nl_staff_session(struct nl_store *store, const char *session, bool *ok,
                                           char name[NL_STAFF_NAME + 1], struct nl_error *err)
    NL_NONNULL(1, 3, 4, 5);

NL_CHECKED enum nl_status nl_staff_logout(struct nl_store *store, const char *session,
                                          struct nl_error *err) NL_ALL_NONNULL;

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
