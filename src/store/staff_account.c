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
        status = nl_password_hash(&store->env, password, hash, err);
    if (status != NL_OK)
        return status;
    if (!replace) {
        status = nl_sql_run(store, err,
                            "INSERT INTO staff (name, password, created_at) VALUES (?, ?, ?)",
                            "ssi", name, hash, nl_env_now(&store->env));
        return status != NL_OK && nl_sql_is_duplicate(store)
                   ? nl_error_set(err, NL_EXISTS, "there is an account '%s' already", name)
                   : status;
    }
    status = nl_sql_run(store, err,
                        "DELETE FROM staff_session WHERE staff = (SELECT id FROM staff WHERE "
                        "name = ?)",
                        "s", name);
    if (status == NL_OK)
        status = nl_sql_run(store, err, "UPDATE staff SET password = ? WHERE name = ?", "ss", hash,
                            name);
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
    return removed(store, nl_sql_run(store, err, "DELETE FROM staff WHERE name = ?", "s", name),
                   "account", name, err);
}

static enum nl_status each_name(struct nl_store *store, struct nl_statement *statement,
                                enum nl_status (*each)(const char *, int64_t, void *,
                                                       struct nl_error *),
                                void *ctx, struct nl_error *err) {
    bool row = false;
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    while (status == NL_OK && row) {
        status = each(nl_sql_borrow(statement, 0), nl_sql_int64(statement, 1), ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}

enum nl_status nl_staff_each(struct nl_store *store,
                             enum nl_status (*each)(const char *name, int64_t created_at, void *ctx,
                                                    struct nl_error *err),
                             void *ctx, struct nl_error *err) {
    return each_name(store,
                     nl_sql(store, err, "SELECT name, created_at FROM staff ORDER BY name", ""),
                     each, ctx, err);
}

/* ---- sessions ---- */

static enum nl_status find_account(struct nl_store *store, const char *name, int64_t *id,
                                   char **hash, struct nl_error *err) {
    bool row = false;
    bool failed = false;
    struct nl_statement *statement =
        nl_sql(store, err, "SELECT id, password FROM staff WHERE name = ?", "s", name);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    *id = nl_sql_int64(statement, 0);
    *hash = nl_sql_text(statement, 1, &failed);
    nl_sql_done(statement);
    return failed ? nl_error_nomem(err) : status;
}

static enum nl_status begin_session(struct nl_store *store, int64_t staff, int64_t lifetime,
                                    struct nl_token *session, struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    int64_t now = nl_env_now(&store->env);
    nl_token_new(&store->env, session);
    nl_digest(session->text, NL_TOKEN_LEN, digest);
    enum nl_status status =
        nl_sql_run(store, err, "DELETE FROM staff_session WHERE expires_at <= ?", "i", now);
    return status == NL_OK ? nl_sql_run(store, err,
                                        "INSERT INTO staff_session (digest, staff, expires_at) "
                                        "VALUES (?, ?, ?)",
                                        "bii", (const void *)digest, (size_t)NL_DIGEST_LEN, staff,
                                        now + lifetime)
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

/* Looks a secret up by its digest. */
static enum nl_status find_name(struct nl_store *store, const char *secret, bool session, bool *ok,
                                char name[NL_STAFF_NAME + 1], struct nl_error *err) {
    struct nl_token token;
    unsigned char digest[NL_DIGEST_LEN];
    *ok = false;
    if (secret == NULL || !nl_token_parse(secret, &token))
        return NL_OK;
    nl_digest(token.text, NL_TOKEN_LEN, digest);
    struct nl_statement *statement =
        session ? nl_sql(store, err,
                         "SELECT s.name FROM staff_session x JOIN staff s ON s.id = x.staff "
                         "WHERE x.digest = ? AND x.expires_at > ?",
                         "bi", (const void *)digest, (size_t)NL_DIGEST_LEN, nl_env_now(&store->env))
                : nl_sql(store, err, "SELECT name FROM api_token WHERE digest = ?", "b",
                         (const void *)digest, (size_t)NL_DIGEST_LEN);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, ok, err);
    if (*ok)
        nl_sql_short(statement, 0, name, NL_STAFF_NAME + 1);
    nl_sql_done(statement);
    return status;
}

enum nl_status nl_staff_session(struct nl_store *store, const char *session, bool *ok,
                                char name[NL_STAFF_NAME + 1], struct nl_error *err) {
    return find_name(store, session, true, ok, name, err);
}

enum nl_status nl_staff_logout(struct nl_store *store, const char *session, struct nl_error *err) {
    struct nl_token token;
    unsigned char digest[NL_DIGEST_LEN];
    if (!nl_token_parse(session, &token))
        return NL_OK;
    nl_digest(token.text, NL_TOKEN_LEN, digest);
    return nl_sql_run(store, err, "DELETE FROM staff_session WHERE digest = ?", "b",
                      (const void *)digest, (size_t)NL_DIGEST_LEN);
}

/* ---- programs ---- */

enum nl_status nl_api_token_add(struct nl_store *store, const char *name, struct nl_token *token,
                                struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    enum nl_status status = check_name(name, err);
    if (status != NL_OK)
        return status;
    nl_token_new(&store->env, token);
    nl_digest(token->text, NL_TOKEN_LEN, digest);
    status = nl_sql_run(store, err,
                        "INSERT INTO api_token (name, digest, created_at) VALUES (?, ?, ?)", "sbi",
                        name, (const void *)digest, (size_t)NL_DIGEST_LEN, nl_env_now(&store->env));
    return status != NL_OK && nl_sql_is_duplicate(store)
               ? nl_error_set(err, NL_EXISTS, "there is a token '%s' already", name)
               : status;
}

enum nl_status nl_api_token_remove(struct nl_store *store, const char *name, struct nl_error *err) {
    return removed(store, nl_sql_run(store, err, "DELETE FROM api_token WHERE name = ?", "s", name),
                   "token", name, err);
}

enum nl_status nl_api_token_each(struct nl_store *store,
                                 enum nl_status (*each)(const char *name, int64_t created_at,
                                                        void *ctx, struct nl_error *err),
                                 void *ctx, struct nl_error *err) {
    return each_name(store,
                     nl_sql(store, err, "SELECT name, created_at FROM api_token ORDER BY name", ""),
                     each, ctx, err);
}

enum nl_status nl_api_token_check(struct nl_store *store, const char *token, bool *ok,
                                  char name[NL_STAFF_NAME + 1], struct nl_error *err) {
    return find_name(store, token, false, ok, name, err);
}
