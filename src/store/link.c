#include "newsletter/store/link.h"

#include "newsletter/base/token_find.h"
#include "newsletter/db/sql.h"

#include <string.h>

static const char *const purposes[] = {
    [NL_LINK_SUBSCRIBE] = "subscribe",
    [NL_LINK_PREFERENCES] = "preferences",
    [NL_LINK_ADDRESS] = "address",
    [NL_LINK_RECEIPT] = "receipt",
};

enum nl_status nl_link_new(struct nl_store *store, int64_t subscription, enum nl_purpose purpose,
                           int64_t expires_at, int64_t wording, struct nl_token *token,
                           struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    nl_token_new(nl_store_env(store), token);
    nl_digest(token->text, NL_TOKEN_LEN, digest);
    return nl_sql_run(store, err,
                      "INSERT INTO confirmation (digest, subscription, purpose, created_at, "
                      "expires_at, wording) VALUES (?, ?, ?, ?, ?, nullif(?, 0))",
                      NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(subscription),
                                NL_STRING(purposes[purpose]), NL_INT(nl_store_now(store)),
                                NL_INT(expires_at), NL_INT(wording)));
}

static enum nl_status judge(const struct nl_store *store, int64_t expires_at, int64_t used_at,
                            struct nl_error *err) {
    if (used_at != 0)
        return nl_error_set(err, NL_USED, "the token was used before");
    if (expires_at <= nl_store_now(store))
        return nl_error_set(err, NL_EXPIRED, "the token has expired: ask for a new one");
    return NL_OK;
}

enum nl_status nl_link_find(struct nl_store *store, const char *text, enum nl_purpose purpose,
                            struct nl_link *out, struct nl_error *err) {
    struct nl_token token;
    unsigned char digest[NL_DIGEST_LEN];
    int64_t expires_at = 0;
    int64_t used_at = 0;
    bool found = false;
    *out = (struct nl_link){0};
    if (!nl_token_find(text, &token))
        return nl_error_set(err, NL_DATA, "the token is malformed: it is a UUID of 36 characters");
    nl_digest(token.text, NL_TOKEN_LEN, digest);
    enum nl_status status = nl_sql_first(
        store, err, &found,
        "SELECT c.expires_at, c.used_at, s.id, s.list, s.subscriber, r.language, "
        "c.wording FROM confirmation c JOIN subscription s ON s.id = c.subscription "
        "JOIN subscriber r ON r.id = s.subscriber WHERE c.digest = ? AND c.purpose = ?",
        NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN), NL_STRING(purposes[purpose])),
        NL_COLUMNS(NL_INTO(&expires_at), NL_INTO(&used_at), NL_INTO(&out->subscription),
                   NL_INTO(&out->list), NL_INTO(&out->subscriber),
                   NL_INTO_FIXED(out->language, sizeof out->language), NL_INTO(&out->wording)));
    if (status == NL_OK && !found)
        return nl_error_set(err, NL_NOTFOUND, "the token is unknown");
    return status == NL_OK ? judge(store, expires_at, used_at, err) : status;
}

enum nl_status nl_link_close(struct nl_store *store, int64_t subscription, enum nl_purpose purpose,
                             struct nl_error *err) {
    return nl_sql_run(
        store, err,
        "UPDATE confirmation SET used_at = ? WHERE subscription = ? AND "
        "purpose = ? AND used_at IS NULL",
        NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(subscription), NL_STRING(purposes[purpose])));
}
