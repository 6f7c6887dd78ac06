#include "newsletter/store/staff_session.h"

#include "newsletter/base/text.h"
#include "newsletter/store/second_step.h"
#include "store/audited.h"

#include <stdlib.h>
#include <string.h>

enum { CODE_SECONDS = 300, CODE_TRIES = 5, AGENT_MOST = 200, SEEN_EVERY = 60 };

static enum nl_status note_login(struct nl_store *store, const char *name, const char *client,
                                 struct nl_error *err) {
    const struct nl_actor by = {.name = name, .door = "browser", .client = client};
    return nl_audit_note(store, &by, "login", NULL, NULL, err);
}

/* ---- beginning ---- */

struct login {
    const char *name;
    const struct nl_login_place *place;
    int64_t lifetime;
    struct nl_token *session;
    enum nl_login result;
};

static enum nl_status put_session(struct nl_store *store, struct login *login, int64_t staff,
                                  bool code, struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    char agent[AGENT_MOST + 1] = "";
    int64_t now = nl_store_now(store);
    const char *said = login->place->agent;
    if (said != NULL && nl_text_check_line(said, "the name of a browser", NULL) == NL_OK)
        memcpy(agent, said, nl_text_fit(said, AGENT_MOST));
    nl_token_new(nl_store_env(store), login->session);
    nl_digest(login->session->text, NL_TOKEN_LEN, digest);
    login->result = code ? NL_LOGIN_CODE : NL_LOGIN_DONE;
    return nl_sql_run(
        store, err,
        "INSERT INTO staff_session (digest, staff, created_at, seen_at, expires_at, client, agent, "
        "tries) VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, nullif(?7, 0))",
        NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(staff), NL_INT(now),
                  NL_INT(now + (code ? CODE_SECONDS : login->lifetime)),
                  NL_STRING(login->place->client), NL_STRING(said != NULL ? agent : NULL),
                  NL_INT(code ? CODE_TRIES : 0)));
}

enum nl_status nl_staff_session_begin(struct nl_store *store, const char *name, bool code,
                                      const struct nl_login_place *place, int64_t lifetime,
                                      struct nl_token *session, enum nl_login *result,
                                      struct nl_error *err) {
    struct login login = {name, place, lifetime, session, NL_LOGIN_NONE};
    int64_t staff = 0;
    int64_t second_step = 0;
    bool found = false;
    enum nl_status status =
        nl_sql_run(store, err, "DELETE FROM staff_session WHERE expires_at <= ?",
                   NL_VALUES(NL_INT(nl_store_now(store))));
    if (status == NL_OK)
        status = nl_sql_first(
            store, err, &found, "SELECT id, totp_confirmed FROM staff WHERE name = ?",
            NL_VALUES(NL_STRING(name)), NL_COLUMNS(NL_INTO(&staff), NL_INTO(&second_step)));
    if (status == NL_OK && found)
        status = put_session(store, &login, staff, code && second_step != 0, err);
    *result = status == NL_OK ? login.result : NL_LOGIN_NONE;
    return *result == NL_LOGIN_DONE ? note_login(store, name, place->client, err) : status;
}

static enum nl_status begin_session(struct nl_store *store, void *context, struct nl_error *err) {
    struct login *login = context;
    return nl_staff_session_begin(store, login->name, true, login->place, login->lifetime,
                                  login->session, &login->result, err);
}

enum nl_status nl_staff_login(struct nl_store *store, const char *name, const char *password,
                              int64_t lifetime, const struct nl_login_place *place,
                              enum nl_login *result, struct nl_token *session,
                              struct nl_error *err) {
    struct login login = {name, place, lifetime, session, NL_LOGIN_NONE};
    bool ok = false;
    enum nl_status status = nl_staff_verify(store, name, password, &ok, err);
    if (status == NL_OK && ok)
        status = nl_sql_exclusive(store, begin_session, &login, err);
    *result = status == NL_OK ? login.result : NL_LOGIN_NONE;
    return status;
}

/* ---- the second step ---- */

struct code {
    unsigned char digest[NL_DIGEST_LEN];
    const char *code;
    int64_t lifetime;
    struct nl_token *session;
    enum nl_login result;
    char *name, *client; /* read with the session */
};

static enum nl_status finish_login(struct nl_store *store, struct code *try, struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    int64_t now = nl_store_now(store);
    nl_token_new(nl_store_env(store), try->session);
    nl_digest(try->session->text, NL_TOKEN_LEN, digest);
    try->result = NL_LOGIN_DONE;
    enum nl_status status = note_login(store, try->name, try->client, err);
    return status != NL_OK
               ? status
               : nl_sql_run(store, err,
                            "UPDATE staff_session SET digest = ?2, tries = NULL, seen_at = ?3, "
                            "expires_at = ?4 WHERE digest = ?1",
                            NL_VALUES(NL_BYTES(try->digest, NL_DIGEST_LEN),
                                      NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(now),
                                      NL_INT(now + try->lifetime)));
}

static enum nl_status count_wrong_code(struct nl_store *store, struct code *try, int64_t left,
                                       struct nl_error *err) {
    try->result = left > 0 ? NL_LOGIN_CODE : NL_LOGIN_NONE;
    return left > 0
               ? nl_sql_run(store, err, "UPDATE staff_session SET tries = ?2 WHERE digest = ?1",
                            NL_VALUES(NL_BYTES(try->digest, NL_DIGEST_LEN), NL_INT(left)))
               : nl_sql_run(store, err, "DELETE FROM staff_session WHERE digest = ?",
                            NL_VALUES(NL_BYTES(try->digest, NL_DIGEST_LEN)));
}

static enum nl_status take_code(struct nl_store *store, void *context, struct nl_error *err) {
    struct code *try = context;
    int64_t staff = 0;
    int64_t tries = 0;
    bool found = false;
    bool ok = false;
    enum nl_status status = nl_sql_first(
        store, err, &found,
        "SELECT x.staff, x.tries, s.name, x.client FROM staff_session x JOIN staff s ON "
        "s.id = x.staff WHERE x.digest = ? AND x.expires_at > ? AND x.tries > 0",
        NL_VALUES(NL_BYTES(try->digest, NL_DIGEST_LEN), NL_INT(nl_store_now(store))),
        NL_COLUMNS(NL_INTO(&staff), NL_INTO(&tries), NL_INTO(&try->name), NL_INTO(&try->client)));
    if (status != NL_OK || !found)
        return status;
    status = nl_second_step_check(store, staff, try->code, &ok, err);
    if (status != NL_OK)
        return status;
    return ok ? finish_login(store, try, err) : count_wrong_code(store, try, tries - 1, err);
}

enum nl_status nl_staff_login_code(struct nl_store *store, const char *token, const char *code,
                                   int64_t lifetime, enum nl_login *result,
                                   struct nl_token *session, struct nl_error *err) {
    struct code try = {.code = code, .lifetime = lifetime, .session = session};
    *result = NL_LOGIN_NONE;
    if (!nl_token_digest(token, try.digest))
        return NL_OK;
    enum nl_status status = nl_sql_exclusive(store, take_code, &try, err);
    free(try.name);
    free(try.client);
    *result = status == NL_OK ? try.result : NL_LOGIN_NONE;
    return status;
}

/* ---- using and ending ---- */

enum nl_status nl_staff_session(struct nl_store *store, const char *token, enum nl_login *login,
                                char name[NL_STAFF_NAME + 1], struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    int64_t now = nl_store_now(store);
    int64_t seen = 0;
    int64_t tries = 0;
    bool found = false;
    *login = NL_LOGIN_NONE;
    if (token == NULL || !nl_token_digest(token, digest))
        return NL_OK;
    enum nl_status status = nl_sql_first(
        store, err, &found,
        "SELECT s.name, x.seen_at, coalesce(x.tries, 0) FROM staff_session x JOIN staff s ON "
        "s.id = x.staff WHERE x.digest = ? AND x.expires_at > ?",
        NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(now)),
        NL_COLUMNS(NL_INTO_FIXED(name, NL_STAFF_NAME + 1), NL_INTO(&seen), NL_INTO(&tries)));
    if (status != NL_OK || !found)
        return status;
    *login = tries > 0 ? NL_LOGIN_CODE : NL_LOGIN_DONE;
    return seen + SEEN_EVERY <= now
               ? nl_sql_run(store, err, "UPDATE staff_session SET seen_at = ?2 WHERE digest = ?1",
                            NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(now)))
               : NL_OK;
}

enum nl_status nl_staff_session_lasts(struct nl_store *store,
                                      const unsigned char digest[NL_DIGEST_LEN], const char *name,
                                      bool *lasts, struct nl_error *err) {
    return nl_sql_exists(
        store, err, lasts,
        "SELECT 1 FROM staff_session x JOIN staff s ON s.id = x.staff WHERE "
        "x.digest = ? AND x.expires_at > ? AND x.tries IS NULL AND s.name = ?",
        NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(nl_store_now(store)), NL_STRING(name)));
}

enum nl_status nl_staff_logout(struct nl_store *store, const char *token, struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    return nl_token_digest(token, digest)
               ? nl_sql_run(store, err, "DELETE FROM staff_session WHERE digest = ?",
                            NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN)))
               : NL_OK;
}

/* ---- showing ---- */

struct visit {
    enum nl_status (*each)(const struct nl_staff_session_line *line, void *ctx,
                           struct nl_error *err);
    void *ctx;
    unsigned char own[NL_DIGEST_LEN];
};

static void name_session(const unsigned char digest[NL_DIGEST_LEN], char out[NL_SESSION_ID]) {
    char hex[NL_HEX_LEN];
    nl_hex(digest, hex);
    memcpy(out, hex, NL_SESSION_ID - 1);
    out[NL_SESSION_ID - 1] = '\0';
}

static enum nl_status visit_session(const struct nl_sql_row *row, void *context,
                                    struct nl_error *err) {
    const struct visit *visit = context;
    size_t len = 0;
    const unsigned char *digest = nl_sql_bytes(row, 0, &len);
    struct nl_staff_session_line line = {
        .created_at = nl_sql_int(row, 1),
        .seen_at = nl_sql_int(row, 2),
        .expires_at = nl_sql_int(row, 3),
        .client = nl_sql_text(row, 4),
        .agent = nl_sql_text(row, 5),
    };
    if (len != NL_DIGEST_LEN)
        return NL_OK;
    name_session(digest, line.id);
    line.own = memcmp(digest, visit->own, NL_DIGEST_LEN) == 0;
    return visit->each(&line, visit->ctx, err);
}

enum nl_status
nl_staff_sessions_each(struct nl_store *store, const char *name, const char *token,
                       enum nl_status (*each)(const struct nl_staff_session_line *line, void *ctx,
                                              struct nl_error *err),
                       void *ctx, struct nl_error *err) {
    struct visit visit = {.each = each, .ctx = ctx};
    if (token != NULL)
        (void)nl_token_digest(token, visit.own);
    return nl_sql_each(store, err, visit_session, &visit,
                       "SELECT x.digest, x.created_at, x.seen_at, x.expires_at, x.client, x.agent "
                       "FROM staff_session x JOIN staff s ON s.id = x.staff WHERE s.name = ? AND "
                       "x.expires_at > ? ORDER BY x.seen_at DESC, x.digest",
                       NL_VALUES(NL_STRING(name), NL_INT(nl_store_now(store))));
}

struct ending {
    const char *name;
    const char *id; /* NULL: all */
    unsigned char kept[NL_DIGEST_LEN];
};

struct end_one {
    struct nl_store *store;
    const struct ending *ending;
};

static enum nl_status end_session(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    const struct end_one *one = context;
    const struct ending *ending = one->ending;
    char id[NL_SESSION_ID];
    size_t len = 0;
    const unsigned char *digest = nl_sql_bytes(row, 0, &len);
    if (len != NL_DIGEST_LEN)
        return NL_OK;
    name_session(digest, id);
    if (ending->id != NULL ? strcmp(id, ending->id) != 0
                           : memcmp(digest, ending->kept, NL_DIGEST_LEN) == 0)
        return NL_OK;
    return nl_sql_run(one->store, err, "DELETE FROM staff_session WHERE digest = ?",
                      NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN)));
}

static enum nl_status end_sessions(struct nl_store *store, void *context, struct nl_error *err) {
    const struct ending *ending = context;
    struct end_one one = {store, ending};
    return nl_sql_each(store, err, end_session, &one,
                       "SELECT x.digest FROM staff_session x JOIN staff s ON s.id = x.staff "
                       "WHERE s.name = ?",
                       NL_VALUES(NL_STRING(ending->name)));
}

enum nl_status nl_staff_session_end(struct nl_store *store, const char *name, const char *id,
                                    const char *kept, const struct nl_actor *by,
                                    struct nl_error *err) {
    struct ending ending = {.name = name, .id = id};
    const struct nl_noted noted = {by, "session end", "account", name, id != NULL ? id : "all"};
    if (kept != NULL)
        (void)nl_token_digest(kept, ending.kept);
    return nl_audited(store, end_sessions, &ending, &noted, err);
}
