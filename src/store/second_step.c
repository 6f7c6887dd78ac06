#include "newsletter/store/second_step.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/token.h"
#include "store/audited.h"

#include <ctype.h>
#include <string.h>

/* ---- the secret ---- */

struct step {
    int64_t staff;
    int64_t last; /* the step of the last good code */
    bool on;
    unsigned char secret[NL_TOTP_SECRET];
};

static enum nl_status read_step(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct step *step = context;
    size_t len = 0;
    const void *secret = nl_sql_bytes(row, 3, &len);
    (void)err;
    step->staff = nl_sql_int(row, 0);
    step->last = nl_sql_int(row, 1);
    step->on = nl_sql_bool(row, 2);
    if (len == NL_TOTP_SECRET)
        memcpy(step->secret, secret, NL_TOTP_SECRET);
    return NL_OK;
}

#define COLUMNS "id, totp_step, totp_confirmed, totp_secret"

static enum nl_status find_step(struct nl_store *store, const char *name, struct step *out,
                                struct nl_error *err) {
    *out = (struct step){0};
    enum nl_status status =
        nl_sql_each(store, err, read_step, out, "SELECT " COLUMNS " FROM staff WHERE name = ?",
                    NL_VALUES(NL_STRING(name)));
    return status == NL_OK && out->staff == 0
               ? nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no account '%s'"), name)
               : status;
}

static bool has_secret(const struct step *step) {
    static const unsigned char none[NL_TOTP_SECRET];
    return memcmp(step->secret, none, NL_TOTP_SECRET) != 0;
}

struct begin {
    const char *name;
    struct step step;
};

static enum nl_status begin(struct nl_store *store, void *context, struct nl_error *err) {
    struct begin *wanted = context;
    struct step *step = &wanted->step;
    enum nl_status status = find_step(store, wanted->name, step, err);
    if (status != NL_OK || has_secret(step))
        return status;
    nl_totp_new(nl_store_env(store), step->secret);
    return nl_sql_run(store, err, "UPDATE staff SET totp_secret = ? WHERE id = ?",
                      NL_VALUES(NL_BYTES(step->secret, NL_TOTP_SECRET), NL_INT(step->staff)));
}

enum nl_status nl_second_step_begin(struct nl_store *store, const char *name,
                                    unsigned char secret[NL_TOTP_SECRET], bool *on,
                                    struct nl_error *err) {
    struct begin wanted = {.name = name};
    enum nl_status status = nl_sql_exclusive(store, begin, &wanted, err);
    *on = wanted.step.on;
    memset(secret, 0, NL_TOTP_SECRET);
    if (status == NL_OK && !*on)
        memcpy(secret, wanted.step.secret, NL_TOTP_SECRET);
    explicit_bzero(&wanted.step, sizeof wanted.step);
    return status;
}

enum nl_status nl_second_step_is_on(struct nl_store *store, const char *name, bool *on,
                                    struct nl_error *err) {
    return nl_sql_exists(store, err, on,
                         "SELECT 1 FROM staff WHERE name = ? AND totp_confirmed <> 0",
                         NL_VALUES(NL_STRING(name)));
}

/* ---- recovery codes ---- */

/* Letters and digits that nobody takes for one another. */
static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789";

static void make_code(struct nl_store *store, char out[NL_RECOVERY_CODE]) {
    struct nl_token token;
    unsigned char bytes[NL_DIGEST_LEN];
    nl_token_new(nl_store_env(store), &token);
    nl_digest(token.text, NL_TOKEN_LEN, bytes);
    for (size_t i = 0; i < NL_RECOVERY_CODE - 1; i++)
        out[i] = (char)(i % 5 == 4 ? '-' : alphabet[bytes[i] % (sizeof alphabet - 1)]);
    out[NL_RECOVERY_CODE - 1] = '\0';
    explicit_bzero(&token, sizeof token);
}

/* The digest of a code as it was typed: case, spaces and hyphens do not matter. */
static void digest_code(const char *typed, unsigned char out[NL_DIGEST_LEN]) {
    char text[NL_RECOVERY_CODE] = "";
    size_t len = 0;
    for (; *typed != '\0' && len < sizeof text - 1; typed++)
        if (*typed != '-' && *typed != ' ')
            text[len++] = (char)tolower((unsigned char)*typed);
    nl_digest(text, len, out);
}

static enum nl_status put_codes(struct nl_store *store, int64_t staff,
                                char codes[NL_RECOVERY_CODES][NL_RECOVERY_CODE],
                                struct nl_error *err) {
    enum nl_status status = nl_sql_run(store, err, "DELETE FROM staff_recovery WHERE staff = ?",
                                       NL_VALUES(NL_INT(staff)));
    for (size_t i = 0; status == NL_OK && i < NL_RECOVERY_CODES; i++) {
        unsigned char digest[NL_DIGEST_LEN];
        make_code(store, codes[i]);
        digest_code(codes[i], digest);
        status = nl_sql_run(store, err, "INSERT INTO staff_recovery (digest, staff) VALUES (?, ?)",
                            NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(staff)));
    }
    return status;
}

/* ---- codes ---- */

static enum nl_status check_totp(struct nl_store *store, struct step *step, const char *code,
                                 bool *ok, struct nl_error *err) {
    *ok = has_secret(step) && nl_totp_check(step->secret, nl_store_now(store), code, &step->last);
    return *ok ? nl_sql_run(store, err,
                            "UPDATE staff SET totp_step = ?, totp_confirmed = 1 WHERE id = ?",
                            NL_VALUES(NL_INT(step->last), NL_INT(step->staff)))
               : NL_OK;
}

static enum nl_status use_recovery_code(struct nl_store *store, int64_t staff, const char *code,
                                        bool *ok, struct nl_error *err) {
    unsigned char digest[NL_DIGEST_LEN];
    digest_code(code, digest);
    enum nl_status status =
        nl_sql_run(store, err, "DELETE FROM staff_recovery WHERE digest = ? AND staff = ?",
                   NL_VALUES(NL_BYTES(digest, NL_DIGEST_LEN), NL_INT(staff)));
    *ok = status == NL_OK && nl_sql_changes(store) > 0;
    return status;
}

struct confirm {
    const char *name, *code;
    char (*codes)[NL_RECOVERY_CODE];
    const struct nl_actor *by;
    bool ok;
};

static enum nl_status confirm(struct nl_store *store, void *context, struct nl_error *err) {
    struct confirm *wanted = context;
    struct step step;
    enum nl_status status = find_step(store, wanted->name, &step, err);
    if (status == NL_OK && !step.on)
        status = check_totp(store, &step, wanted->code, &wanted->ok, err);
    explicit_bzero(step.secret, sizeof step.secret);
    if (status != NL_OK || !wanted->ok)
        return status;
    status = put_codes(store, step.staff, wanted->codes, err);
    return status == NL_OK && wanted->by != NULL
               ? nl_audit_note(store, wanted->by, "account second step on", NULL, NULL, err)
               : status;
}

enum nl_status nl_second_step_confirm(struct nl_store *store, const char *name, const char *code,
                                      bool *ok, char codes[NL_RECOVERY_CODES][NL_RECOVERY_CODE],
                                      const struct nl_actor *by, struct nl_error *err) {
    struct confirm wanted = {.name = name, .code = code, .codes = codes, .by = by};
    enum nl_status status = nl_sql_exclusive(store, confirm, &wanted, err);
    *ok = status == NL_OK && wanted.ok;
    return status;
}

static enum nl_status end(struct nl_store *store, void *context, struct nl_error *err) {
    const char *name = context;
    enum nl_status status =
        nl_sql_run(store, err,
                   "DELETE FROM staff_recovery WHERE staff = (SELECT id FROM staff WHERE name = ?)",
                   NL_VALUES(NL_STRING(name)));
    if (status == NL_OK)
        status = nl_sql_run(store, err,
                            "UPDATE staff SET totp_secret = NULL, totp_confirmed = 0, "
                            "totp_step = 0 WHERE name = ?",
                            NL_VALUES(NL_STRING(name)));
    return status == NL_OK && nl_sql_changes(store) == 0
               ? nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no account '%s'"), name)
               : status;
}

enum nl_status nl_second_step_end(struct nl_store *store, const char *name,
                                  const struct nl_actor *by, struct nl_error *err) {
    const struct nl_noted noted = {by, "account second step off", "account", name, NULL};
    return nl_audited(store, end, (void *)name, &noted, err);
}

enum nl_status nl_second_step_check(struct nl_store *store, int64_t staff, const char *code,
                                    bool *ok, struct nl_error *err) {
    struct step step = {0};
    enum nl_status status =
        nl_sql_each(store, err, read_step, &step, "SELECT " COLUMNS " FROM staff WHERE id = ?",
                    NL_VALUES(NL_INT(staff)));
    *ok = false;
    if (status == NL_OK && step.on)
        status = check_totp(store, &step, code, ok, err);
    explicit_bzero(step.secret, sizeof step.secret);
    return status == NL_OK && step.on && !*ok ? use_recovery_code(store, staff, code, ok, err)
                                              : status;
}
