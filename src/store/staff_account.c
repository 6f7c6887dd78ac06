#include "newsletter/store/staff_account.h"

#include "newsletter/base/password.h"
#include "newsletter/base/text.h"
#include "newsletter/db/sql.h"

#include <stdlib.h>
#include <string.h>

/* ---- accounts ---- */

static enum nl_status check_name(const char *name, struct nl_error *err) {
    if (nl_text_is_name(name, "._-", NL_STAFF_NAME))
        return NL_OK;
    return nl_error_set(err, NL_DATA,
                        "'%s' is not a name: use up to %d letters, digits, '.', '_' and '-'", name,
                        NL_STAFF_NAME);
}

enum nl_status nl_staff_put(struct nl_store *store, const char *name, const char *password,
                            bool replace, struct nl_error *err) {
    char hash[NL_PASSWORD_HASH];
    enum nl_status status = check_name(name, err);
    if (status == NL_OK)
        status = nl_password_hash(nl_store_env(store), password, hash, err);
    if (status != NL_OK)
        return status;
    if (!replace) {
        status = nl_sql_run(
            store, err, "INSERT INTO staff (name, password, created_at) VALUES (?, ?, ?)",
            NL_VALUES(NL_STRING(name), NL_STRING(hash), NL_INT(nl_store_now(store))));
        return status != NL_OK && nl_sql_is_duplicate(store)
                   ? nl_error_set(err, NL_EXISTS, "there is an account '%s' already", name)
                   : status;
    }
    status = nl_sql_run(store, err,
                        "DELETE FROM staff_session WHERE staff = (SELECT id FROM staff WHERE "
                        "name = ?)",
                        NL_VALUES(NL_STRING(name)));
    if (status == NL_OK)
        status = nl_sql_run(store, err, "UPDATE staff SET password = ? WHERE name = ?",
                            NL_VALUES(NL_STRING(hash), NL_STRING(name)));
    return status == NL_OK && nl_sql_changes(store) == 0
               ? nl_error_set(err, NL_NOTFOUND, "there is no account '%s'", name)
               : status;
}

static enum nl_status removed(struct nl_store *store, enum nl_status status, const char *what,
                              const char *name, struct nl_error *err) {
    return status == NL_OK && nl_sql_changes(store) == 0
               ? nl_error_set(err, NL_NOTFOUND, "there is no %s '%s'", what, name)
               : status;
}

enum nl_status nl_staff_remove(struct nl_store *store, const char *name, struct nl_error *err) {
    return removed(
        store,
        nl_sql_run(store, err, "DELETE FROM staff WHERE name = ?", NL_VALUES(NL_STRING(name))),
        "account", name, err);
}

struct visit {
    enum nl_status (*each)(const char *name, int64_t created_at, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_name(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    const struct visit *visit = context;
    return visit->each(nl_sql_text(row, 0), nl_sql_int(row, 1), visit->ctx, err);
}

enum nl_status nl_staff_each(struct nl_store *store,
                             enum nl_status (*each)(const char *name, int64_t created_at, void *ctx,
                                                    struct nl_error *err),
                             void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return nl_sql_each(store, err, visit_name, &visit,
                       "SELECT name, created_at FROM staff ORDER BY name", NL_NO_VALUES);
}

/* ---- sessions ---- */

static enum nl_status find_account(struct nl_store *store, const char *name, int64_t *id,
                                   char **hash, struct nl_error *err) {
    return nl_sql_first(store, err, NULL, "SELECT id, password FROM staff WHERE name = ?",
                        NL_VALUES(NL_STRING(name)), NL_COLUMNS(NL_INTO(id), NL_INTO(hash)));
}

static enum nl_status begin_session(struct nl_store *store, int64_t staff, int64_t lifetime,
                                    struct nl_token *session, struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    int64_t now = nl_store_now(store);
    nl_token_new(nl_store_env(store), session);
    nl_digest(session->text, NL_TOKEN_LEN, digest);
    enum nl_status status = nl_sql_run(
        store, err, "DELETE FROM staff_session WHERE expires_at <= ?", NL_VALUES(NL_INT(now)));
    return status == NL_OK ? nl_sql_run(store, err,
                                        "INSERT INTO staff_session (digest, staff, expires_at) "
                                        "VALUES (?, ?, ?)",
                                        NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(staff),
                                                  NL_INT(now + lifetime)))
                           : status;
}

enum nl_status nl_staff_login(struct nl_store *store, const char *name, const char *password,
                              int64_t lifetime, bool *ok, struct nl_token *session,
                              struct nl_error *err) {
    int64_t id = 0;
    char *hash = NULL;
    *ok = false;
    enum nl_status status = find_account(store, name, &id, &hash, err);
    if (status == NL_OK && nl_password_verify(hash, password)) {
        status = begin_session(store, id, lifetime, session, err);
        *ok = status == NL_OK;
    }
    free(hash);
    return status;
}

/* The digest of a secret; false if it has not the form of one. */
static bool digest_secret(const char *secret, unsigned char out[NL_DIGEST_LEN]) {
    struct nl_token token;
    if (secret == NULL || !nl_token_parse(secret, &token))
        return false;
    nl_digest(token.text, NL_TOKEN_LEN, out);
    return true;
}

enum nl_status nl_staff_session(struct nl_store *store, const char *session, bool *ok,
                                char name[NL_STAFF_NAME + 1], struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    *ok = false;
    if (!digest_secret(session, digest))
        return NL_OK;
    return nl_sql_first(store, err, ok,
                        "SELECT s.name FROM staff_session x JOIN staff s ON s.id = x.staff "
                        "WHERE x.digest = ? AND x.expires_at > ?",
                        NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(nl_store_now(store))),
                        NL_COLUMNS(NL_INTO_FIXED(name, NL_STAFF_NAME + 1)));
}

enum nl_status nl_staff_logout(struct nl_store *store, const char *session, struct nl_error *err) {
    struct nl_token token;
    unsigned char digest[NL_DIGEST_LEN];
    if (!nl_token_parse(session, &token))
        return NL_OK;
    nl_digest(token.text, NL_TOKEN_LEN, digest);
    return nl_sql_run(store, err, "DELETE FROM staff_session WHERE digest = ?",
                      NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN)));
}

/* ---- programs ---- */

const char *const nl_api_scopes[] = {[NL_API_READ] = "read", [NL_API_CONTROL] = "control", NULL};

#define TOKEN_COLUMNS "name, scope, created_at, coalesce(expires_at, 0)"

struct token_row {
    struct nl_api_token token;
    char scope[16];
};

#define INTO_TOKEN(row)                                                                            \
    NL_COLUMNS(NL_INTO_FIXED((row)->token.name, sizeof(row)->token.name),                          \
               NL_INTO_FIXED((row)->scope, sizeof(row)->scope), NL_INTO(&(row)->token.created_at), \
               NL_INTO(&(row)->token.expires_at))

/* A scope that this newsletter does not know allows the least. */
static void read_scope(struct token_row *row) {
    row->token.scope =
        strcmp(row->scope, nl_api_scopes[NL_API_CONTROL]) == 0 ? NL_API_CONTROL : NL_API_READ;
}

enum nl_status nl_api_token_add(struct nl_store *store, const char *name, enum nl_api_scope scope,
                                int64_t lifetime, struct nl_token *token, struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    int64_t now = nl_store_now(store);
    enum nl_status status = check_name(name, err);
    if (status != NL_OK)
        return status;
    nl_token_new(nl_store_env(store), token);
    nl_digest(token->text, NL_TOKEN_LEN, digest);
    status = nl_sql_run(store, err,
                        "INSERT INTO api_token (name, digest, created_at, scope, expires_at) "
                        "VALUES (?, ?, ?, ?, nullif(?, 0))",
                        NL_VALUES(NL_STRING(name), NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(now),
                                  NL_STRING(nl_api_scopes[scope]),
                                  NL_INT(lifetime > 0 ? now + lifetime : 0)));
    return status != NL_OK && nl_sql_is_duplicate(store)
               ? nl_error_set(err, NL_EXISTS, "there is a token '%s' already", name)
               : status;
}

enum nl_status nl_api_token_remove(struct nl_store *store, const char *name, struct nl_error *err) {
    return removed(
        store,
        nl_sql_run(store, err, "DELETE FROM api_token WHERE name = ?", NL_VALUES(NL_STRING(name))),
        "token", name, err);
}

struct token_visit {
    enum nl_status (*each)(const struct nl_api_token *token, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_token(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    const struct token_visit *visit = context;
    struct token_row found = {0};
    enum nl_status status = nl_sql_read(row, INTO_TOKEN(&found), err);
    read_scope(&found);
    return status == NL_OK ? visit->each(&found.token, visit->ctx, err) : status;
}

enum nl_status nl_api_token_each(struct nl_store *store,
                                 enum nl_status (*each)(const struct nl_api_token *token, void *ctx,
                                                        struct nl_error *err),
                                 void *ctx, struct nl_error *err) {
    struct token_visit visit = {each, ctx};
    return nl_sql_each(store, err, visit_token, &visit,
                       "SELECT " TOKEN_COLUMNS " FROM api_token ORDER BY name", NL_NO_VALUES);
}

enum nl_status nl_api_token_check(struct nl_store *store, const char *secret, bool *ok,
                                  struct nl_api_token *out, struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    struct token_row found = {0};
    *ok = false;
    if (!digest_secret(secret, digest))
        return NL_OK;
    enum nl_status status =
        nl_sql_first(store, err, ok,
                     "SELECT " TOKEN_COLUMNS " FROM api_token WHERE digest = ?1 AND "
                     "(expires_at IS NULL OR expires_at > ?2)",
                     NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(nl_store_now(store))),
                     INTO_TOKEN(&found));
    read_scope(&found);
    *out = found.token;
    return status;
}
