#include "newsletter/store/link.h"

#include "newsletter/db/sql.h"

#include <string.h>

static const char *const purposes[] = {
    [NL_LINK_SUBSCRIBE] = "subscribe",
    [NL_LINK_PREFERENCES] = "preferences",
    [NL_LINK_ADDRESS] = "address",
};

enum nl_status nl_link_new(struct nl_store *store, int64_t subscription, enum nl_purpose purpose,
                           int64_t expires_at, struct nl_token *token, struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    nl_token_new(&store->env, token);
    nl_digest(token->text, NL_TOKEN_LEN, digest);
    return nl_sql_run(store, err,
                      "INSERT INTO confirmation (digest, subscription, purpose, created_at, "
                      "expires_at) VALUES (?, ?, ?, ?, ?)",
                      "bisii", (const void *)digest, (size_t)NL_DIGEST_LEN, subscription,
                      purposes[purpose], nl_env_now(&store->env), expires_at);
}

static enum nl_status judge(struct nl_store *store, struct nl_statement *statement,
                            struct nl_error *err) {
    if (!nl_sql_is_null(statement, 1))
        return nl_error_set(err, NL_USED, "the token was used before");
    if (nl_sql_int64(statement, 0) <= nl_env_now(&store->env))
        return nl_error_set(err, NL_EXPIRED, "the token has expired: ask for a new one");
    return NL_OK;
}

enum nl_status nl_link_find(struct nl_store *store, const char *text, enum nl_purpose purpose,
                            struct nl_link *out, struct nl_error *err) {
    struct nl_token token;
    unsigned char digest[NL_DIGEST_LEN];
    bool row = false;
    *out = (struct nl_link){0};
    if (!nl_token_parse(text, &token))
        return nl_error_set(err, NL_DATA, "the token is malformed: it is a UUID of 36 characters");
    nl_digest(token.text, NL_TOKEN_LEN, digest);
    struct nl_statement *statement =
        nl_sql(store, err,
               "SELECT c.expires_at, c.used_at, s.id, s.list, s.subscriber, r.language "
               "FROM confirmation c JOIN subscription s ON s.id = c.subscription "
               "JOIN subscriber r ON r.id = s.subscriber WHERE c.digest = ? AND c.purpose = ?",
               "bs", (const void *)digest, (size_t)NL_DIGEST_LEN, purposes[purpose]);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    if (status == NL_OK)
        status = row ? judge(store, statement, err)
                     : nl_error_set(err, NL_NOTFOUND, "the token is unknown");
    out->subscription = nl_sql_int64(statement, 2);
    out->list = nl_sql_int64(statement, 3);
    out->subscriber = nl_sql_int64(statement, 4);
    nl_sql_short(statement, 5, out->language, sizeof out->language);
    nl_sql_done(statement);
    return status;
}

enum nl_status nl_link_close(struct nl_store *store, int64_t subscription, enum nl_purpose purpose,
                             struct nl_error *err) {
    return nl_sql_run(store, err,
                      "UPDATE confirmation SET used_at = ? WHERE subscription = ? AND "
                      "purpose = ? AND used_at IS NULL",
                      "iis", nl_env_now(&store->env), subscription, purposes[purpose]);
}
