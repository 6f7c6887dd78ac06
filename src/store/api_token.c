#include "newsletter/store/api_token.h"

#include "newsletter/db/sql.h"

#include <string.h>

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
    enum nl_status status = nl_staff_check_name(name, err);
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
    enum nl_status status =
        nl_sql_run(store, err, "DELETE FROM api_token WHERE name = ?", NL_VALUES(NL_STRING(name)));
    return status == NL_OK && nl_sql_changes(store) == 0
               ? nl_error_set(err, NL_NOTFOUND, "there is no token '%s'", name)
               : status;
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
    if (secret == NULL || !nl_token_digest(secret, digest))
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
