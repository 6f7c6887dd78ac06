/* Passkeys of accounts. One logs in by itself: it asks for a PIN, a finger or a face, so it is two
 * steps in one. The password, and its second step, stay as they are. */
#ifndef NEWSLETTER_STORE_STAFF_PASSKEY_H
#define NEWSLETTER_STORE_STAFF_PASSKEY_H

#include "newsletter/base/passkey.h"
#include "newsletter/store/staff_session.h"

enum { NL_PASSKEYS_MOST = 20, NL_PASSKEY_TITLE = 60 };

/* The name by which authenticators know an account: a MAC, which says nothing about it. */
void nl_passkey_handle(const struct nl_store *store, const char *account,
                       char out[NL_MAC_TEXT_LEN + 1]) NL_ALL_NONNULL;

/* The answer of a browser to the request for a new passkey. */
struct nl_passkey_new {
    const char *title; /* what the owner calls it */
    const char *client_data, *attestation;
};

/* Adds one to an account. NL_DATA for an invalid answer, a challenge that was used, or too many;
 * NL_EXISTS for a passkey that is known. */
NL_CHECKED enum nl_status nl_passkey_add(struct nl_store *store, const char *account,
                                         const struct nl_passkey_asked *asked,
                                         const struct nl_passkey_new *wanted,
                                         const struct nl_actor *by,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_passkey_remove(struct nl_store *store, const char *account, int64_t id,
                                            const struct nl_actor *by,
                                            struct nl_error *err) NL_ALL_NONNULL;

struct nl_passkey_line {
    int64_t id;
    const char *title;
    int64_t created_at, used_at; /* used_at 0: never */
};
NL_CHECKED enum nl_status nl_passkeys_each(
    struct nl_store *store, const char *account,
    enum nl_status (*each)(const struct nl_passkey_line *line, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 3, 5);

/* Whether any account has one. */
NL_CHECKED enum nl_status nl_passkeys_exist(struct nl_store *store, bool *exist,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* The answer of a browser that wants to log in; base64url. */
struct nl_passkey_login {
    const char *id, *handle;
    struct nl_passkey_answer answer;
};

/* Begins a session of the account whose passkey it is. *name is that account; "" together with
 * NL_DATA where the passkey is nobody's. The challenge is used up, and the counter goes on, with
 * the session. */
NL_CHECKED enum nl_status nl_passkey_enter(struct nl_store *store,
                                           const struct nl_passkey_asked *asked,
                                           const struct nl_passkey_login *login,
                                           const struct nl_login_place *place, int64_t lifetime,
                                           char name[NL_STAFF_NAME + 1], struct nl_token *session,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
