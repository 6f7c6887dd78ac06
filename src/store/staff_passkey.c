#include "newsletter/store/staff_passkey.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/db/sql.h"
#include "store/audited.h"
#include "store/challenge.h"

#include <stdio.h>
#include <string.h>

void nl_passkey_handle(const struct nl_store *store, const char *account,
                       char out[NL_MAC_TEXT_LEN + 1]) {
    nl_mac(nl_store_secret(store), "passkey user", account, out);
}

static enum nl_status use_up(struct nl_store *store, const char *challenge, struct nl_error *err) {
    return nl_challenge_use_up(store, challenge, "the passkey came too late, or was not asked for",
                               err);
}

/* ---- adding and removing ---- */

struct adding {
    const char *account;
    const char *title;
    const struct nl_passkey *key;
    const char *challenge;
    const struct nl_actor *by;
};

static enum nl_status check_room(struct nl_store *store, const char *account, int64_t *staff,
                                 struct nl_error *err) {
    int64_t count = 0;
    bool found = false;
    enum nl_status status =
        nl_sql_number(store, err, staff, &found, "SELECT id FROM staff WHERE name = ?",
                      NL_VALUES(NL_STRING(account)));
    if (status == NL_OK && !found)
        return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no account '%s'"), account);
    if (status == NL_OK)
        status = nl_sql_number(store, err, &count, NULL,
                               "SELECT count(*) FROM staff_passkey WHERE staff = ?",
                               NL_VALUES(NL_INT(*staff)));
    return status == NL_OK && count >= NL_PASSKEYS_MOST
               ? nl_error_set(err, NL_DATA, NL_TEXT("an account has at most %d passkeys"),
                              NL_PASSKEYS_MOST)
               : status;
}

static enum nl_status add(struct nl_store *store, void *context, struct nl_error *err) {
    const struct adding *adding = context;
    const struct nl_passkey *key = adding->key;
    int64_t staff = 0;
    enum nl_status status = check_room(store, adding->account, &staff, err);
    if (status == NL_OK)
        status = use_up(store, adding->challenge, err);
    if (status != NL_OK)
        return status;
    status = nl_sql_run(
        store, err,
        "INSERT INTO staff_passkey (staff, title, credential, algorithm, public_key, counter, "
        "created_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        NL_VALUES(NL_INT(staff), NL_STRING(adding->title), NL_BYTES(key->id, key->id_len),
                  NL_INT(key->algorithm), NL_BYTES(key->key, key->key_len), NL_INT(key->count),
                  NL_INT(nl_store_now(store))));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return nl_error_set(err, NL_EXISTS, NL_TEXT("this passkey is known already"));
    return status == NL_OK
               ? nl_audit_note(store, adding->by, "passkey add", adding->title, NULL, err)
               : status;
}

enum nl_status nl_passkey_add(struct nl_store *store, const char *account,
                              const struct nl_passkey_asked *asked,
                              const struct nl_passkey_new *wanted, const struct nl_actor *by,
                              struct nl_error *err) {
    struct nl_passkey key;
    char challenge[NL_CHALLENGE_LEN];
    struct adding adding = {account, wanted->title, &key, challenge, by};
    enum nl_status status =
        nl_text_check_label(wanted->title, NL_TEXT_IN("error", "the name of the passkey"), err);
    if (status == NL_OK && (wanted->title[0] == '\0' || strlen(wanted->title) > NL_PASSKEY_TITLE))
        status = nl_error_set(err, NL_DATA, NL_TEXT("the name of a passkey has 1 to %d bytes"),
                              NL_PASSKEY_TITLE);
    if (status == NL_OK)
        status = nl_passkey_register(asked, wanted->client_data, wanted->attestation, &key,
                                     challenge, err);
    return status == NL_OK ? nl_sql_exclusive(store, add, &adding, err) : status;
}

struct removing {
    const char *account;
    int64_t id;
    const struct nl_actor *by;
};

static enum nl_status remove_one(struct nl_store *store, void *context, struct nl_error *err) {
    const struct removing *removing = context;
    enum nl_status status = nl_sql_run(
        store, err,
        "DELETE FROM staff_passkey WHERE id = ? AND staff = (SELECT id FROM staff WHERE name = ?)",
        NL_VALUES(NL_INT(removing->id), NL_STRING(removing->account)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such passkey"));
    return status == NL_OK ? nl_audit_note(store, removing->by, "passkey remove", NULL, NULL, err)
                           : status;
}

enum nl_status nl_passkey_remove(struct nl_store *store, const char *account, int64_t id,
                                 const struct nl_actor *by, struct nl_error *err) {
    struct removing removing = {account, id, by};
    return nl_sql_exclusive(store, remove_one, &removing, err);
}

/* ---- showing ---- */

struct visit {
    enum nl_status (*each)(const struct nl_passkey_line *line, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct visit *visit = context;
    const struct nl_passkey_line line = {nl_sql_int(row, 0), nl_sql_text(row, 1),
                                         nl_sql_int(row, 2), nl_sql_int(row, 3)};
    return visit->each(&line, visit->ctx, err);
}

enum nl_status nl_passkeys_each(struct nl_store *store, const char *account,
                                enum nl_status (*each)(const struct nl_passkey_line *line,
                                                       void *ctx, struct nl_error *err),
                                void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    return nl_sql_each(store, err, visit_row, &visit,
                       "SELECT p.id, p.title, p.created_at, coalesce(p.used_at, 0) FROM "
                       "staff_passkey p JOIN staff s ON s.id = p.staff WHERE s.name = ? ORDER BY "
                       "p.id",
                       NL_VALUES(NL_STRING(account)));
}

enum nl_status nl_passkeys_exist(struct nl_store *store, bool *exist, struct nl_error *err) {
    return nl_sql_exists(store, err, exist, "SELECT 1 FROM staff_passkey LIMIT 1", NL_NO_VALUES);
}

/* ---- logging in ---- */

struct entering {
    const struct nl_passkey_asked *asked;
    const struct nl_passkey_login *login;
    const struct nl_login_place *place;
    int64_t lifetime;
    char *name;
    struct nl_token *session;
};

struct stored {
    int64_t id;
    struct nl_passkey key;
    char name[NL_STAFF_NAME + 1];
    bool found;
};

static enum nl_status read_stored(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    struct stored *stored = context;
    size_t len = 0;
    const void *key = nl_sql_bytes(row, 2, &len);
    (void)err;
    if (len > NL_PASSKEY_KEY)
        return NL_OK;
    stored->id = nl_sql_int(row, 0);
    stored->key.algorithm = (enum nl_passkey_algorithm)nl_sql_int(row, 1);
    memcpy(stored->key.key, key, len);
    stored->key.key_len = len;
    stored->key.count = (uint32_t)nl_sql_int(row, 3);
    snprintf(stored->name, sizeof stored->name, "%s", nl_sql_text(row, 4));
    stored->found = true;
    return NL_OK;
}

static enum nl_status find(struct nl_store *store, const struct nl_passkey_login *login,
                           struct stored *out, struct nl_error *err) {
    unsigned char id[NL_PASSKEY_ID];
    size_t len = 0;
    enum nl_status status = NL_OK;
    if (nl_base64url(login->id, id, sizeof id, &len))
        status = nl_sql_each(store, err, read_stored, out,
                             "SELECT p.id, p.algorithm, p.public_key, p.counter, s.name FROM "
                             "staff_passkey p JOIN staff s ON s.id = p.staff WHERE p.credential = "
                             "?",
                             NL_VALUES(NL_BYTES(id, len)));
    return status == NL_OK && !out->found
               ? nl_error_set(err, NL_DATA, NL_TEXT("this passkey is not known here"))
               : status;
}

/* The authenticator says whose passkey it is; that must be whose we have it for. */
static bool is_owner(const struct nl_store *store, const char *handle, const char *name) {
    char expected[NL_MAC_TEXT_LEN + 1];
    unsigned char told[NL_MAC_TEXT_LEN + 1];
    size_t len = 0;
    nl_passkey_handle(store, name, expected);
    return nl_base64url(handle, told, NL_MAC_TEXT_LEN, &len) && len == NL_MAC_TEXT_LEN &&
           memcmp(told, expected, len) == 0;
}

static enum nl_status enter(struct nl_store *store, void *context, struct nl_error *err) {
    const struct entering *entering = context;
    struct stored stored = {0};
    char challenge[NL_CHALLENGE_LEN];
    uint32_t count = 0;
    enum nl_login begun = NL_LOGIN_NONE;
    enum nl_status status = find(store, entering->login, &stored, err);
    if (status == NL_OK && !is_owner(store, entering->login->handle, stored.name))
        status = nl_error_set(err, NL_DATA, NL_TEXT("this passkey is not known here"));
    if (status == NL_OK)
        status = nl_passkey_verify(entering->asked, &stored.key, &entering->login->answer, &count,
                                   challenge, err);
    if (status == NL_OK)
        status = use_up(store, challenge, err);
    if (status == NL_OK)
        status =
            nl_sql_run(store, err, "UPDATE staff_passkey SET counter = ?, used_at = ? WHERE id = ?",
                       NL_VALUES(NL_INT(count), NL_INT(nl_store_now(store)), NL_INT(stored.id)));
    if (status == NL_OK)
        status = nl_staff_session_begin(store, stored.name, false, entering->place,
                                        entering->lifetime, entering->session, &begun, err);
    if (status == NL_OK)
        snprintf(entering->name, NL_STAFF_NAME + 1, "%s", stored.name);
    return status;
}

enum nl_status nl_passkey_enter(struct nl_store *store, const struct nl_passkey_asked *asked,
                                const struct nl_passkey_login *login,
                                const struct nl_login_place *place, int64_t lifetime,
                                char name[NL_STAFF_NAME + 1], struct nl_token *session,
                                struct nl_error *err) {
    struct entering entering = {asked, login, place, lifetime, name, session};
    name[0] = '\0';
    enum nl_status status = nl_sql_exclusive(store, enter, &entering, err);
    if (status != NL_OK)
        name[0] = '\0';
    return status;
}
