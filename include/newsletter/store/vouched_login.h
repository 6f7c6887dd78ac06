/* Logins that an identity provider has vouched for. */
#ifndef NEWSLETTER_STORE_VOUCHED_LOGIN_H
#define NEWSLETTER_STORE_VOUCHED_LOGIN_H

#include "newsletter/store/staff_session.h"

/* Remembers that a state was answered: each is good once. NL_DATA for one that was. */
NL_CHECKED enum nl_status nl_openid_use_state(struct nl_store *store, const char *state,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Begins a session of the account `name`. Where there is none, and `role` is not NULL, one is made
 * first, with that role and a password that nobody knows. Its second step is awaited, where it has
 * one. *login is NL_LOGIN_NONE where there is no such account. NL_DATA for an invalid name. */
NL_CHECKED enum nl_status nl_openid_enter(struct nl_store *store, const char *name,
                                          const enum nl_role *role,
                                          const struct nl_login_place *place, int64_t lifetime,
                                          enum nl_login *login, struct nl_token *session,
                                          struct nl_error *err) NL_NONNULL(1, 2, 4, 6, 7, 8);

#endif
