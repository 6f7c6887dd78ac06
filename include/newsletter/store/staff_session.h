/* Logging in to the dashboard, and the sessions that this begins. */
#ifndef NEWSLETTER_STORE_STAFF_SESSION_H
#define NEWSLETTER_STORE_STAFF_SESSION_H

#include "newsletter/base/token.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/staff_account.h"

#include <stdbool.h>

enum { NL_SESSION_ID = 17 }; /* how a session is named where it is shown: 16 digits and NUL */

/* How far somebody has come. */
enum nl_login {
    NL_LOGIN_NONE, /* nobody: a wrong password, no session, or one that has ended */
    NL_LOGIN_CODE, /* the password was right, and the code of the second step is awaited */
    NL_LOGIN_DONE,
};

/* Where a login comes from; either may be NULL. Texts belong to the caller. */
struct nl_login_place {
    const char *client; /* the address */
    const char *agent;  /* the browser's User-Agent, of which the first 200 bytes are kept */
};

/* Begins a session of `lifetime` seconds if the password is right. An unknown name takes as long as
 * a wrong password. Where the account has a second step, the session is good for nothing but
 * nl_staff_login_code, for five minutes. */
NL_CHECKED enum nl_status nl_staff_login(struct nl_store *store, const char *name,
                                         const char *password, int64_t lifetime,
                                         const struct nl_login_place *place, enum nl_login *login,
                                         struct nl_token *session,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Begins a session of an account that has proved who it is in another way, in an exclusive
 * transaction of the caller. With `code` its second step is awaited, where it has one. *result is
 * NL_LOGIN_NONE where there is no such account. */
NL_CHECKED enum nl_status nl_staff_session_begin(struct nl_store *store, const char *name,
                                                 bool code, const struct nl_login_place *place,
                                                 int64_t lifetime, struct nl_token *session,
                                                 enum nl_login *result,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* Takes the code of the second step for a session that awaits it. A good one makes it a session of
 * `lifetime` seconds under a new token, *session. The fifth wrong one ends it: *login is then
 * NL_LOGIN_NONE. */
NL_CHECKED enum nl_status nl_staff_login_code(struct nl_store *store, const char *token,
                                              const char *code, int64_t lifetime,
                                              enum nl_login *login, struct nl_token *session,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Finds the account of a session (`token` may be NULL), and notes once a minute that it is in use.
 */
NL_CHECKED enum nl_status nl_staff_session(struct nl_store *store, const char *token,
                                           enum nl_login *login, char name[NL_STAFF_NAME + 1],
                                           struct nl_error *err) NL_NONNULL(1, 3, 4, 5);

/* Whether the session whose token has this digest (nl_token_digest) is still that of `name`. Notes
 * nothing. */
NL_CHECKED enum nl_status nl_staff_session_lasts(struct nl_store *store,
                                                 const unsigned char digest[NL_DIGEST_LEN],
                                                 const char *name, bool *lasts,
                                                 struct nl_error *err) NL_ALL_NONNULL;

NL_CHECKED enum nl_status nl_staff_logout(struct nl_store *store, const char *token,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* One session of an account. Texts are valid during the call. */
struct nl_staff_session_line {
    char id[NL_SESSION_ID];
    const char *client, *agent; /* may be NULL */
    int64_t created_at, seen_at, expires_at;
    bool own; /* it is that of `token` */
};

/* Calls `each` for every session of an account, the last used first. `token` may be NULL. */
NL_CHECKED enum nl_status
nl_staff_sessions_each(struct nl_store *store, const char *name, const char *token,
                       enum nl_status (*each)(const struct nl_staff_session_line *line, void *ctx,
                                              struct nl_error *err),
                       void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4, 6);

/* Ends a session of an account by its id; with `id` NULL all but that of `kept` (NULL: all).
 * Nothing happens if there is no such session. */
NL_CHECKED enum nl_status nl_staff_session_end(struct nl_store *store, const char *name,
                                               const char *id, const char *kept,
                                               const struct nl_actor *by, struct nl_error *err)
    NL_NONNULL(1, 2, 6);

#endif
