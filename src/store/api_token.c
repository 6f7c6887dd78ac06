#include "newsletter/store/api_token.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/db/reading.h"
#include "newsletter/db/sql.h"

#include <stdio.h>
#include <string.h>

enum { WORDS = 256, MINUTE = 60 };

/* The owner stands among the words of the scopes; an earlier newsletter passes such a word over.
 * staff_account.c removes tokens by it. */
#define OWNER "owner:"

static const struct {
    const char *word;
    enum nl_api_scope scope;
} scopes[] = {{"read", NL_API_READ}, {"people", NL_API_PEOPLE}, {"issues", NL_API_ISSUES},
              {"send", NL_API_SEND}, {"admin", NL_API_ADMIN},   {"control", NL_API_SEND}};
enum { KNOWN = sizeof scopes / sizeof scopes[0], WRITTEN = KNOWN - 1 };

enum nl_status nl_api_scope_add(const char *word, unsigned *out, struct nl_error *err) {
    for (size_t i = 0; i < KNOWN; i++)
        if (strcmp(word, scopes[i].word) == 0) {
            *out |= (unsigned)scopes[i].scope;
            return NL_OK;
        }
    return nl_error_set(
        err, NL_DATA,
        NL_TEXT("'%s' is not a scope of a token: use read, people, issues, send or admin"), word);
}

void nl_api_scope_words(unsigned given, struct nl_buf *out) {
    for (size_t i = 0; i < WRITTEN; i++)
        if ((given & (unsigned)scopes[i].scope) != 0)
            nl_buf_addf(out, "%s%s", out->len > 0 ? " " : "", scopes[i].word);
}

/* A scope that this newsletter does not know allows nothing. */
static unsigned read_scopes(const char *words) {
    unsigned found = NL_API_READ;
    char word[WORDS];
    for (const char *at = words; *at != '\0';) {
        size_t len = strcspn(at, " ");
        snprintf(word, sizeof word, "%.*s", (int)len, at);
        nl_error_ignore(nl_api_scope_add(word, &found, NULL));
        at += len + (at[len] == ' ');
    }
    return found;
}

/* Names have no spaces. */
static void read_owner(const char *words, char out[NL_STAFF_NAME + 1]) {
    const char *at = strstr(words, OWNER);
    out[0] = '\0';
    if (at != NULL && (at == words || at[-1] == ' '))
        snprintf(out, NL_STAFF_NAME + 1, "%.*s", (int)strcspn(at + sizeof OWNER - 1, " "),
                 at + sizeof OWNER - 1);
}

#define TOKEN_COLUMNS                                                                              \
    "name, scopes, lists, created_at, coalesce(expires_at, 0), coalesce(used_at, 0)"

struct token_row {
    struct nl_api_token token;
    char scopes[WORDS]; /* words with spaces, and whose it is */
};

#define INTO_TOKEN(row)                                                                            \
    NL_COLUMNS(NL_INTO_FIXED((row)->token.name, sizeof(row)->token.name),                          \
               NL_INTO_FIXED((row)->scopes, sizeof(row)->scopes),                                  \
               NL_INTO_FIXED((row)->token.lists, sizeof(row)->token.lists),                        \
               NL_INTO(&(row)->token.created_at), NL_INTO(&(row)->token.expires_at),               \
               NL_INTO(&(row)->token.used_at))

static enum nl_status check_owner(struct nl_store *store, const char *owner, struct nl_error *err) {
    bool found = owner[0] == '\0';
    enum nl_status status =
        found ? NL_OK
              : nl_sql_exists(store, err, &found, "SELECT 1 FROM staff WHERE name = ?",
                              NL_VALUES(NL_STRING(owner)));
    return status == NL_OK && !found
               ? nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no account '%s'"), owner)
               : status;
}

enum nl_status nl_api_token_add(struct nl_store *store, const struct nl_api_token *wanted,
                                int64_t lifetime, struct nl_token *token, struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    struct nl_buf words = {0};
    int64_t now = nl_store_now(store);
    if (!nl_text_is_name(wanted->name, "._-", NL_STAFF_NAME))
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("'%s' is not a name: use letters, digits, '.', '_' and '-'"),
                            wanted->name);
    enum nl_status status = check_owner(store, wanted->owner, err);
    if (status != NL_OK)
        return status;
    nl_token_new(nl_store_env(store), token);
    nl_digest(token->text, NL_TOKEN_LEN, digest);
    nl_api_scope_words(wanted->scopes | NL_API_READ, &words);
    if (wanted->owner[0] != '\0')
        nl_buf_addf(&words, " " OWNER "%s", wanted->owner);
    status =
        nl_sql_run(store, err,
                   "INSERT INTO api_token (name, digest, created_at, scopes, lists, expires_at) "
                   "VALUES (?, ?, ?, ?, ?, nullif(?, 0))",
                   NL_VALUES(NL_STRING(wanted->name), NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(now),
                             NL_STRING(nl_buf_text(&words)), NL_STRING(wanted->lists),
                             NL_INT(lifetime > 0 ? now + lifetime : 0)));
    nl_buf_free(&words);
    return status != NL_OK && nl_sql_is_duplicate(store)
               ? nl_error_set(err, NL_EXISTS, NL_TEXT("there is a token '%s' already"),
                              wanted->name)
               : status;
}

enum nl_status nl_api_token_remove(struct nl_store *store, const char *name, struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err, "DELETE FROM api_token WHERE name = ?", NL_VALUES(NL_STRING(name)));
    return status == NL_OK && nl_sql_changes(store) == 0
               ? nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no token '%s'"), name)
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
    found.token.scopes = read_scopes(found.scopes);
    read_owner(found.scopes, found.token.owner);
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

/* ---- what its owner may ---- */

static unsigned scopes_of(enum nl_role role) {
    static const struct {
        enum nl_power power;
        enum nl_api_scope scope;
    } needed[] = {{NL_POWER_LOOK, NL_API_READ},
                  {NL_POWER_PEOPLE, NL_API_PEOPLE},
                  {NL_POWER_WRITE, NL_API_ISSUES},
                  {NL_POWER_SEND, NL_API_SEND},
                  {NL_POWER_ADMINISTER, NL_API_ADMIN}};
    unsigned scopes = 0;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (nl_role_may(role, needed[i].power))
            scopes |= (unsigned)needed[i].scope;
    return scopes;
}

/* A role may have changed since the token was made. */
static enum nl_status limit_to_owner(struct nl_store *store, struct nl_api_token *token,
                                     struct nl_error *err) {
    enum nl_role role = NL_ROLE_NONE;
    enum nl_status status = NL_OK;
    const char *at = token->lists + strspn(token->lists, " ");
    if (token->owner[0] == '\0')
        return NL_OK;
    if (*at == '\0') {
        status = nl_staff_role(store, token->owner, NULL, &role, err);
        token->scopes &= scopes_of(role);
    }
    while (status == NL_OK && *at != '\0') {
        char list[NL_API_LISTS];
        size_t len = strcspn(at, " ");
        snprintf(list, sizeof list, "%.*s", (int)len, at);
        status = nl_staff_role(store, token->owner, list, &role, err);
        token->scopes &= scopes_of(role);
        at += len + strspn(at + len, " ");
    }
    return status;
}

enum nl_status nl_api_token_check(struct nl_store *store, const char *secret, bool *ok,
                                  struct nl_api_token *out, struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    struct token_row found = {0};
    struct nl_token token;
    *ok = false;
    if (secret == NULL || !nl_token_parse(secret, &token))
        return NL_OK;
    nl_digest(token.text, NL_TOKEN_LEN, digest);
    enum nl_status status =
        nl_sql_first(store, err, ok,
                     "SELECT " TOKEN_COLUMNS " FROM api_token WHERE digest = ?1 AND "
                     "(expires_at IS NULL OR expires_at > ?2)",
                     NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(nl_store_now(store))),
                     INTO_TOKEN(&found));
    found.token.scopes = read_scopes(found.scopes);
    read_owner(found.scopes, found.token.owner);
    if (status == NL_OK && *ok)
        status = limit_to_owner(store, &found.token, err);
    *ok = *ok && status == NL_OK && found.token.scopes != 0;
    *out = found.token;
    return status;
}

enum nl_status nl_api_token_note(struct nl_store *store, const struct nl_api_token *token,
                                 struct nl_error *err) {
    int64_t now = nl_store_now(store);
    if (now - token->used_at < MINUTE)
        return NL_OK;
    nl_store_read_apart(store);
    return nl_sql_run(store, err, "UPDATE api_token SET used_at = ? WHERE name = ?",
                      NL_VALUES(NL_INT(now / MINUTE * MINUTE), NL_STRING(token->name)));
}
