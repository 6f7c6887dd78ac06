#include "newsletter/store/staff_account.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/password.h"
#include "newsletter/base/text.h"
#include "newsletter/base/token.h"
#include "newsletter/store/list.h"
#include "store/audited.h"

#include <stdlib.h>
#include <string.h>

enum nl_status nl_staff_check_name(const char *name, struct nl_error *err) {
    if (nl_text_is_name(name, "._-", NL_STAFF_NAME))
        return NL_OK;
    return nl_error_set(
        err, NL_DATA, NL_TEXT("'%s' is not a name: use up to %d letters, digits, '.', '_' and '-'"),
        name, NL_STAFF_NAME);
}

static enum nl_status no_account(const char *name, struct nl_error *err) {
    return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no account '%s'"), name);
}

/* ---- passwords ---- */

struct new_account {
    const char *name, *hash, *role;
};

static enum nl_status add_account(struct nl_store *store, void *context, struct nl_error *err) {
    const struct new_account *account = context;
    enum nl_status status = nl_sql_run(
        store, err, "INSERT INTO staff (name, password, role, created_at) VALUES (?, ?, ?, ?)",
        NL_VALUES(NL_STRING(account->name), NL_STRING(account->hash), NL_STRING(account->role),
                  NL_INT(nl_store_now(store))));
    return status != NL_OK && nl_sql_is_duplicate(store)
               ? nl_error_set(err, NL_EXISTS, NL_TEXT("there is an account '%s' already"),
                              account->name)
               : status;
}

enum nl_status nl_staff_add(struct nl_store *store, const char *name, const char *password,
                            enum nl_role role, const struct nl_actor *by, struct nl_error *err) {
    char hash[NL_PASSWORD_HASH];
    struct new_account account = {name, hash, nl_roles[role]};
    const struct nl_noted noted = {by, "account add", "account", name, nl_roles[role]};
    enum nl_status status = nl_staff_check_name(name, err);
    if (status == NL_OK)
        status = nl_password_hash(nl_store_env(store), password, hash, err);
    return status == NL_OK ? nl_audited(store, add_account, &account, &noted, err) : status;
}

struct new_password {
    const char *name, *hash;
    unsigned char kept[NL_DIGEST_LEN];
};

static enum nl_status change_password(struct nl_store *store, void *context, struct nl_error *err) {
    const struct new_password *change = context;
    enum nl_status status = nl_sql_run(store, err, "UPDATE staff SET password = ? WHERE name = ?",
                                       NL_VALUES(NL_STRING(change->hash), NL_STRING(change->name)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return no_account(change->name, err);
    return status == NL_OK ? nl_sql_run(store, err,
                                        "DELETE FROM staff_session WHERE digest <> ?2 AND staff = "
                                        "(SELECT id FROM staff WHERE name = ?1)",
                                        NL_VALUES(NL_STRING(change->name),
                                                  NL_BYTES(change->kept, NL_DIGEST_LEN)))
                           : status;
}

enum nl_status nl_staff_set_password(struct nl_store *store, const char *name, const char *password,
                                     const char *kept, const struct nl_actor *by,
                                     struct nl_error *err) {
    char hash[NL_PASSWORD_HASH];
    struct new_password change = {.name = name, .hash = hash};
    const struct nl_noted noted = {by, "account password", "account", name, NULL};
    enum nl_status status = nl_password_hash(nl_store_env(store), password, hash, err);
    if (kept != NULL)
        (void)nl_token_digest(kept, change.kept);
    return status == NL_OK ? nl_audited(store, change_password, &change, &noted, err) : status;
}

/* Digests the password again where the costs have changed since; unless it was changed meanwhile.
 */
static enum nl_status renew_digest(struct nl_store *store, const char *name, const char *before,
                                   const char *password, struct nl_error *err) {
    char hash[NL_PASSWORD_HASH];
    enum nl_status status = nl_password_hash(nl_store_env(store), password, hash, err);
    return status == NL_OK
               ? nl_sql_run(store, err,
                            "UPDATE staff SET password = ? WHERE name = ? AND password = ?",
                            NL_VALUES(NL_STRING(hash), NL_STRING(name), NL_STRING(before)))
               : status;
}

enum nl_status nl_staff_verify(struct nl_store *store, const char *name, const char *password,
                               bool *ok, struct nl_error *err) {
    char *hash = NULL;
    enum nl_status status =
        nl_sql_first(store, err, NULL, "SELECT password FROM staff WHERE name = ?",
                     NL_VALUES(NL_STRING(name)), NL_COLUMNS(NL_INTO(&hash)));
    *ok = status == NL_OK && nl_password_verify(hash, password);
    if (*ok && nl_password_is_dated(hash))
        status = renew_digest(store, name, hash, password, err);
    free(hash);
    return status;
}

/* ---- roles ---- */

struct new_role {
    const char *name, *list, *role; /* role NULL: the account is removed, or the role taken back */
};

/* An office that has an administrator keeps one. */
static enum nl_status keep_administrator(struct nl_store *store, int64_t before,
                                         struct nl_error *err) {
    int64_t after = 0;
    enum nl_status status =
        nl_sql_number(store, err, &after, NULL,
                      "SELECT count(*) FROM staff WHERE role = 'administrator'", NL_NO_VALUES);
    return status == NL_OK && before > 0 && after == 0
               ? nl_error_set(
                     err, NL_DATA,
                     NL_TEXT("this is the last administrator: make somebody else one first, by "
                             "'newsletter staff role NAME administrator'"))
               : status;
}

/* Tokens that act for the account; api_token.c says where its name stands. */
static enum nl_status remove_tokens(struct nl_store *store, const char *owner,
                                    struct nl_error *err) {
    return nl_sql_run(store, err,
                      "DELETE FROM api_token WHERE instr(scopes || ' ', ' owner:' || "
                      "CAST(? AS TEXT) || ' ') > 0",
                      NL_VALUES(NL_STRING(owner)));
}

static enum nl_status change_role(struct nl_store *store, void *context, struct nl_error *err) {
    const struct new_role *change = context;
    int64_t before = 0;
    enum nl_status status =
        nl_sql_number(store, err, &before, NULL,
                      "SELECT count(*) FROM staff WHERE role = 'administrator'", NL_NO_VALUES);
    if (status == NL_OK)
        status = change->role != NULL
                     ? nl_sql_run(store, err, "UPDATE staff SET role = ? WHERE name = ?",
                                  NL_VALUES(NL_STRING(change->role), NL_STRING(change->name)))
                     : nl_sql_run(store, err, "DELETE FROM staff WHERE name = ?",
                                  NL_VALUES(NL_STRING(change->name)));
    if (status == NL_OK && nl_sql_changes(store) == 0)
        return no_account(change->name, err);
    if (status == NL_OK && change->role == NULL)
        status = remove_tokens(store, change->name, err);
    return status == NL_OK ? keep_administrator(store, before, err) : status;
}

static enum nl_status change_list_role(struct nl_store *store, void *context,
                                       struct nl_error *err) {
    const struct new_role *change = context;
    struct nl_list list = {0};
    bool found = false;
    enum nl_status status = nl_list_find(store, change->list, &list, err);
    int64_t id = list.id;
    nl_list_free(&list);
    if (status == NL_OK)
        status = nl_sql_exists(store, err, &found, "SELECT 1 FROM staff WHERE name = ?",
                               NL_VALUES(NL_STRING(change->name)));
    if (status != NL_OK || !found)
        return status != NL_OK ? status : no_account(change->name, err);
    if (change->role == NULL)
        return nl_sql_run(store, err,
                          "DELETE FROM staff_list WHERE list = ?2 AND staff = (SELECT id FROM "
                          "staff WHERE name = ?1)",
                          NL_VALUES(NL_STRING(change->name), NL_INT(id)));
    return nl_sql_run(store, err,
                      "INSERT INTO staff_list (staff, list, role) SELECT id, ?2, ?3 FROM staff "
                      "WHERE name = ?1 ON CONFLICT (staff, list) DO UPDATE SET role = "
                      "excluded.role",
                      NL_VALUES(NL_STRING(change->name), NL_INT(id), NL_STRING(change->role)));
}

enum nl_status nl_staff_set_role(struct nl_store *store, const char *name, const char *list,
                                 enum nl_role role, const struct nl_actor *by,
                                 struct nl_error *err) {
    struct new_role change = {name, list, nl_roles[role]};
    struct nl_buf detail = {0};
    nl_buf_addf(&detail, "%s%s%s", nl_roles[role], list != NULL ? " on " : "",
                list != NULL ? list : "");
    const struct nl_noted noted = {by, "account role", "account", name, nl_buf_text(&detail)};
    enum nl_status status =
        nl_audited(store, list != NULL ? change_list_role : change_role, &change, &noted, err);
    nl_buf_free(&detail);
    return status;
}

enum nl_status nl_staff_unset_role(struct nl_store *store, const char *name, const char *list,
                                   const struct nl_actor *by, struct nl_error *err) {
    struct new_role change = {name, list, NULL};
    const struct nl_noted noted = {by, "account role", "account", name, "as on other lists"};
    return nl_audited(store, change_list_role, &change, &noted, err);
}

enum nl_status nl_staff_remove(struct nl_store *store, const char *name, const struct nl_actor *by,
                               struct nl_error *err) {
    struct new_role change = {name, NULL, NULL};
    const struct nl_noted noted = {by, "account remove", "account", name, NULL};
    return nl_audited(store, change_role, &change, &noted, err);
}

enum nl_status nl_staff_role(struct nl_store *store, const char *name, const char *list,
                             enum nl_role *role, struct nl_error *err) {
    char *word = NULL;
    enum nl_status status =
        nl_sql_first(store, err, NULL,
                     "SELECT coalesce((SELECT x.role FROM staff_list x JOIN list l ON l.id = "
                     "x.list WHERE x.staff = s.id AND l.name = ?2), s.role) FROM staff s WHERE "
                     "s.name = ?1",
                     NL_VALUES(NL_STRING(name), NL_STRING(list)), NL_COLUMNS(NL_INTO(&word)));
    *role = word != NULL ? nl_role_of(word) : NL_ROLE_NONE;
    free(word);
    return status;
}

/* ---- listing ---- */

struct visit {
    enum nl_status (*each)(const struct nl_staff_account *account, void *ctx, struct nl_error *err);
    void *ctx;
    struct nl_store *store;
};

static enum nl_status add_list_role(const struct nl_sql_row *row, void *context,
                                    struct nl_error *err) {
    struct nl_buf *lists = context;
    (void)err;
    nl_buf_addf(lists, "%s%s: %s", lists->len > 0 ? ", " : "", nl_sql_text(row, 0),
                nl_sql_text(row, 1));
    return NL_OK;
}

static enum nl_status visit_account(const struct nl_sql_row *row, void *context,
                                    struct nl_error *err) {
    const struct visit *visit = context;
    struct nl_buf lists = {0};
    enum nl_status status = nl_sql_each(visit->store, err, add_list_role, &lists,
                                        "SELECT l.name, s.role FROM staff_list s JOIN list l ON "
                                        "l.id = s.list WHERE s.staff = ? ORDER BY l.name",
                                        NL_VALUES(NL_INT(nl_sql_int(row, 0))));
    const struct nl_staff_account account = {
        .name = nl_sql_text(row, 1),
        .role = nl_role_of(nl_sql_text(row, 2)),
        .lists = nl_buf_text(&lists),
        .second_step = nl_sql_bool(row, 3),
        .created_at = nl_sql_int(row, 4),
        .seen_at = nl_sql_int(row, 5),
    };
    if (status == NL_OK)
        status = visit->each(&account, visit->ctx, err);
    nl_buf_free(&lists);
    return status;
}

enum nl_status nl_staff_each(struct nl_store *store,
                             enum nl_status (*each)(const struct nl_staff_account *account,
                                                    void *ctx, struct nl_error *err),
                             void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx, store};
    return nl_sql_each(store, err, visit_account, &visit,
                       "SELECT id, name, role, totp_confirmed, created_at, coalesce((SELECT "
                       "max(seen_at) FROM staff_session x WHERE x.staff = s.id), 0) FROM staff s "
                       "ORDER BY name",
                       NL_NO_VALUES);
}
