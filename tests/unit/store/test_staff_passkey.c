/* Passkeys of accounts: who gets one, and who is let in by which. */
#include "support.h"

#include "base/made_passkey.h"
#include "newsletter/base/base64.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/staff_passkey.h"

#include <openssl/ec.h>
#include <stdio.h>
#include <stdlib.h>

enum { NOW = 1000000, LIFETIME = 3600 };

static const struct nl_actor ann = {.name = "ann", .door = "browser"};
static const struct nl_login_place place = {"192.0.2.1", "Firefox"};
static EVP_PKEY *one_key, *other_key;

static int make_keys(void **state) {
    (void)state;
    one_key = EVP_EC_gen("P-256");
    other_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return one_key != NULL && other_key != NULL ? 0 : -1;
}

static int free_keys(void **state) {
    (void)state;
    EVP_PKEY_free(one_key);
    EVP_PKEY_free(other_key);
    return 0;
}

/* The accounts ann and bob. */
static int set_up(void **state) {
    struct nl_error err = {0};
    fixture_setup(state);
    struct fixture *fixture = *state;
    assert_ok(nl_sql_script(fixture->store,
                            "INSERT INTO staff (name, password, role, created_at) VALUES ('ann', "
                            "'x', 'viewer', 1), ('bob', 'x', 'viewer', 1)",
                            &err));
    return 0;
}

/* ---- adding ---- */

static struct nl_passkey_asked question(struct fixture *fixture, const char *purpose) {
    return (struct nl_passkey_asked){.origin = "https://press.example.org",
                                     .rp_id = "press.example.org",
                                     .secret = nl_store_secret(fixture->store),
                                     .purpose = purpose,
                                     .now = fixture->fake.now};
}

/* A challenge for a purpose. */
static void challenge_for(struct fixture *fixture, const char *purpose,
                          char out[NL_CHALLENGE_LEN]) {
    nl_challenge_new(&fixture->env, nl_store_secret(fixture->store), purpose, fixture->fake.now,
                     out);
}

static enum nl_status add_with(struct fixture *fixture, const char *account, const char *title,
                               const struct made_passkey *passkey, struct nl_error *err) {
    struct passkey_answer answer;
    struct nl_passkey_asked asked = question(fixture, "add");
    made_passkey_register(passkey, &asked, &answer);
    const struct nl_passkey_new wanted = {title, nl_buf_text(&answer.client),
                                          nl_buf_text(&answer.attestation)};
    enum nl_status status = nl_passkey_add(fixture->store, account, &asked, &wanted, &ann, err);
    passkey_answer_free(&answer);
    return status;
}

static enum nl_status add(struct fixture *fixture, const char *account, const char *title,
                          EVP_PKEY *key, const char *id, struct nl_error *err) {
    char challenge[NL_CHALLENGE_LEN];
    challenge_for(fixture, "add", challenge);
    const struct made_passkey passkey = {.key = key, .id = id, .count = 5, .challenge = challenge};
    return add_with(fixture, account, title, &passkey, err);
}

static void test_one_is_added(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool exist = true;
    assert_ok(nl_passkeys_exist(fixture->store, &exist, &err));
    assert_false(exist);
    assert_ok(add(fixture, "bob", "my key", one_key, "first", &err));
    assert_ok(add(fixture, "ann", "another", other_key, "second", &err));
    assert_ok(nl_passkeys_exist(fixture->store, &exist, &err));
    assert_true(exist);
    assert_int_equal(fixture_sql(fixture,
                                 "SELECT count(*) FROM staff_passkey p JOIN staff s ON s.id = "
                                 "p.staff WHERE s.name = 'bob' AND title = 'my key' AND "
                                 "length(credential) = 5 AND algorithm = -7 AND "
                                 "length(public_key) = 64 AND counter = 5 AND p.created_at = "
                                 "1000000 AND used_at IS NULL"),
                     1);
    assert_int_equal(fixture_sql(fixture,
                                 "SELECT count(*) FROM staff_passkey p JOIN staff s ON s.id = "
                                 "p.staff WHERE s.name = 'ann' AND title = 'another' AND "
                                 "length(credential) = 6 AND algorithm = -8 AND "
                                 "length(public_key) = 32"),
                     1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM audit WHERE action = 'passkey "
                                          "add' AND actor = 'ann' AND object = 'my key'"),
                     1);
}

static void test_titles(void **state) {
    static const struct {
        const char *title;
        enum nl_status status;
    } rows[] = {
        {"", NL_DATA},
        {"a", NL_OK},
        {"123456789012345678901234567890123456789012345678901234567890", NL_OK},
        {"1234567890123456789012345678901234567890123456789012345678901", NL_DATA},
        {"a\nb", NL_DATA},
        {"a\tb", NL_DATA},
    };
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].title) {
        struct nl_error err = {0};
        char id[16];
        snprintf(id, sizeof id, "%zu", i);
        assert_int_equal(add(fixture, "ann", rows[i].title, one_key, id, &err), rows[i].status);
        nl_error_free(&err);
    }
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM staff_passkey"), 2);
}

static void test_refused_ones(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    char challenge[NL_CHALLENGE_LEN];
    assert_ok(add(fixture, "ann", "mine", one_key, "first", &err));
    assert_fails(add(fixture, "eve", "mine", one_key, "x", &err), NL_NOTFOUND, "'eve'");
    assert_fails(add(fixture, "al", "mine", one_key, "x", &err), NL_NOTFOUND, "'al'");
    assert_fails(add(fixture, "ann", "mine", other_key, "first", &err), NL_EXISTS, "known already");
    assert_fails(add(fixture, "bob", "mine", one_key, "first", &err), NL_EXISTS, "known already");
    challenge_for(fixture, "login", challenge);
    struct made_passkey passkey = {.key = other_key, .id = "second", .challenge = challenge};
    assert_fails(add_with(fixture, "ann", "mine", &passkey, &err), NL_DATA, "was not asked for");
    challenge_for(fixture, "add", challenge);
    passkey.rp_id = "evil.example";
    assert_fails(add_with(fixture, "ann", "mine", &passkey, &err), NL_DATA, "for another site");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM staff_passkey"), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM audit"), 1);
    /* None of that has used the challenge up; but it is good once. */
    passkey.rp_id = NULL;
    assert_ok(add_with(fixture, "ann", "mine", &passkey, &err));
    passkey.id = "third";
    assert_fails(add_with(fixture, "ann", "mine", &passkey, &err), NL_DATA, "came too late");
    assert_fails(add_with(fixture, "bob", "mine", &passkey, &err), NL_DATA, "came too late");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM staff_passkey"), 2);
}

static void test_so_many(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    assert_ok(add(fixture, "bob", "his", one_key, "bob's", &err));
    for (int i = 0; i < NL_PASSKEYS_MOST; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_ok(add(fixture, "ann", id, one_key, id, &err));
    }
    assert_fails(add(fixture, "ann", "one more", one_key, "more", &err), NL_DATA,
                 "at most 20 passkeys");
    assert_ok(add(fixture, "bob", "his", one_key, "more", &err));
}

/* ---- the list ---- */

static enum nl_status add_line(const struct nl_passkey_line *line, void *ctx,
                               struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s %lld %lld. ", line->title, (long long)line->created_at,
                (long long)line->used_at);
    return NL_OK;
}

static void assert_lines(struct fixture *fixture, const char *account, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf text = {0};
    assert_ok(nl_passkeys_each(fixture->store, account, add_line, &text, &err));
    assert_string_equal(nl_buf_text(&text), expected);
    nl_buf_free(&text);
}

static int64_t id_of(struct fixture *fixture, const char *title) {
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT id FROM staff_passkey WHERE title = '%s'", title);
    return fixture_sql(fixture, sql);
}

static void test_lines_and_removal(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    assert_ok(add(fixture, "ann", "a", one_key, "a", &err));
    fixture->fake.now++;
    assert_ok(add(fixture, "bob", "b", one_key, "b", &err));
    assert_ok(add(fixture, "ann", "c", one_key, "c", &err));
    fixture_sql(fixture, "UPDATE staff_passkey SET used_at = 7 WHERE title = 'a'");
    assert_lines(fixture, "ann", "a 1000000 7. c 1000001 0. ");
    assert_lines(fixture, "bob", "b 1000001 0. ");
    assert_lines(fixture, "eve", "");
    assert_fails(nl_passkey_remove(fixture->store, "ann", id_of(fixture, "b"), &ann, &err),
                 NL_NOTFOUND, "no such passkey");
    assert_fails(nl_passkey_remove(fixture->store, "eve", id_of(fixture, "a"), &ann, &err),
                 NL_NOTFOUND, "no such passkey");
    assert_fails(nl_passkey_remove(fixture->store, "ann", 99, &ann, &err), NL_NOTFOUND, "");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM audit WHERE action = 'passkey "
                                          "remove'"),
                     0);
    assert_ok(nl_passkey_remove(fixture->store, "ann", id_of(fixture, "a"), &ann, &err));
    assert_lines(fixture, "ann", "c 1000001 0. ");
    assert_lines(fixture, "bob", "b 1000001 0. ");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM audit WHERE action = 'passkey "
                                          "remove' AND actor = 'ann'"),
                     1);
}

/* ---- logging in ---- */

/* The handle of an account, as a browser returns it. */
static void handle_of(struct fixture *fixture, const char *account, struct nl_buf *out) {
    char handle[NL_MAC_TEXT_LEN + 1];
    nl_passkey_handle(fixture->store, account, handle);
    nl_base64url_add(out, handle, strlen(handle));
}

struct entry {
    struct passkey_answer answer;
    struct nl_passkey_login login;
    struct nl_buf handle;
    char name[NL_STAFF_NAME + 1];
    struct nl_token session;
};

/* An answer to a challenge for a login, from the passkey of an account. */
static void begin_entry(struct fixture *fixture, const struct made_passkey *passkey,
                        const char *account, struct entry *out) {
    struct nl_passkey_asked asked = question(fixture, "login");
    *out = (struct entry){.name = "x"};
    made_passkey_sign(passkey, &asked, &out->answer);
    handle_of(fixture, account, &out->handle);
    out->login =
        (struct nl_passkey_login){nl_buf_text(&out->answer.id),
                                  nl_buf_text(&out->handle),
                                  {nl_buf_text(&out->answer.client), nl_buf_text(&out->answer.data),
                                   nl_buf_text(&out->answer.signature)}};
}

static void end_entry(struct entry *entry) {
    passkey_answer_free(&entry->answer);
    nl_buf_free(&entry->handle);
}

static enum nl_status enter(struct fixture *fixture, struct entry *entry, struct nl_error *err) {
    struct nl_passkey_asked asked = question(fixture, "login");
    enum nl_status status = nl_passkey_enter(fixture->store, &asked, &entry->login, &place,
                                             LIFETIME, entry->name, &entry->session, err);
    if (status != NL_OK)
        assert_string_equal(entry->name, "");
    return status;
}

/* Logs in with a fresh challenge; `words` is in the reason of a refusal, NULL for none. */
static void expect(struct fixture *fixture, const struct made_passkey *passkey, const char *account,
                   const char *words) {
    struct nl_error err = {0};
    struct entry entry;
    char challenge[NL_CHALLENGE_LEN];
    struct made_passkey used = *passkey;
    int64_t before = fixture_sql(fixture, "SELECT count(*) FROM staff_session");
    challenge_for(fixture, "login", challenge);
    used.challenge = challenge;
    begin_entry(fixture, &used, account, &entry);
    if (words != NULL) {
        assert_fails(enter(fixture, &entry, &err), NL_DATA, words);
    } else {
        assert_ok(enter(fixture, &entry, &err));
        assert_string_equal(entry.name, account);
    }
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM staff_session"),
                     before + (words == NULL));
    end_entry(&entry);
}

/* One step, also where the password needs a second one. */
static void test_a_login(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct entry entry;
    char name[NL_STAFF_NAME + 1];
    char challenge[NL_CHALLENGE_LEN];
    enum nl_login login = NL_LOGIN_NONE;
    assert_ok(add(fixture, "ann", "a", one_key, "a", &err));
    assert_ok(add(fixture, "bob", "b", other_key, "b", &err));
    fixture_sql(fixture, "UPDATE staff SET totp_confirmed = 1");
    fixture->fake.now += 10;
    challenge_for(fixture, "login", challenge);
    const struct made_passkey passkey = {
        .key = other_key, .id = "b", .count = 6, .challenge = challenge};
    begin_entry(fixture, &passkey, "bob", &entry);
    assert_ok(enter(fixture, &entry, &err));
    assert_string_equal(entry.name, "bob");
    assert_ok(nl_staff_session(fixture->store, entry.session.text, &login, name, &err));
    assert_int_equal(login, NL_LOGIN_DONE);
    assert_string_equal(name, "bob");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM staff_session WHERE expires_at = "
                                          "1003610 AND client = '192.0.2.1'"),
                     1);
    assert_lines(fixture, "bob", "b 1000000 1000010. ");
    assert_lines(fixture, "ann", "a 1000000 0. ");
    assert_int_equal(fixture_sql(fixture, "SELECT counter FROM staff_passkey WHERE title = 'b'"),
                     6);
    assert_int_equal(fixture_sql(fixture, "SELECT counter FROM staff_passkey WHERE title = 'a'"),
                     5);
    /* The same answer a second time is somebody else's. */
    assert_fails(enter(fixture, &entry, &err), NL_DATA, "");
    fixture_sql(fixture, "UPDATE staff_passkey SET counter = 0");
    assert_fails(enter(fixture, &entry, &err), NL_DATA, "came too late");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM staff_session"), 1);
    end_entry(&entry);
}

static void test_who_is_not_let_in(void **state) {
    const struct {
        const char *name;
        struct made_passkey passkey;
        const char *account; /* whose handle it is */
        const char *words;   /* NULL: is let in */
    } rows[] = {
        {"its owner", {.key = one_key, .id = "a", .count = 6}, "ann", NULL},
        {"the next time", {.key = one_key, .id = "a", .count = 7}, "ann", NULL},
        {"counts backwards", {.key = one_key, .id = "a", .count = 7}, "ann", "counts backwards"},
        {"does not count", {.key = one_key, .id = "a"}, "ann", "counts backwards"},
        {"another handle", {.key = one_key, .id = "a", .count = 9}, "bob", "not known here"},
        {"another key", {.key = other_key, .id = "a", .count = 9}, "ann", "signature"},
        {"another id", {.key = one_key, .id = "c", .count = 9}, "ann", "not known here"},
        {"longer id", {.key = one_key, .id = "aa", .count = 9}, "ann", "not known here"},
        {"no id", {.key = one_key, .id = "", .count = 9}, "ann", "not known here"},
        {"another site",
         {.key = one_key, .id = "a", .count = 9, .rp_id = "evil.example"},
         "ann",
         "another site"},
        {"another page",
         {.key = one_key, .id = "a", .count = 9, .origin = "https://evil.example"},
         "ann",
         "another page"},
        {"not unlocked",
         {.key = one_key, .id = "a", .count = 9, .flags = MADE_PRESENT},
         "ann",
         "not unlocked"},
        {"after all that", {.key = one_key, .id = "a", .count = 8}, "ann", NULL},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    assert_ok(add(fixture, "ann", "a", one_key, "a", &err));
    assert_ok(add(fixture, "bob", "b", other_key, "b", &err));
    for_each_row (i, rows, rows[i].name)
        expect(fixture, &rows[i].passkey, rows[i].account, rows[i].words);
}

/* Texts that are not base64url, or no handle; a challenge for something else; a key that the
 * database should not have. */
static void test_odd_answers(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct entry entry;
    char challenge[NL_CHALLENGE_LEN];
    assert_ok(add(fixture, "ann", "a", one_key, "a", &err));
    challenge_for(fixture, "login", challenge);
    struct made_passkey passkey = {.key = one_key, .id = "a", .count = 9, .challenge = challenge};
    begin_entry(fixture, &passkey, "ann", &entry);
    const struct nl_passkey_login good = entry.login;
    char cut[100];
    char longer[100];
    snprintf(cut, sizeof cut, "%.*s", (int)strlen(good.handle) - 4, good.handle);
    snprintf(longer, sizeof longer, "%sAAAA", good.handle);
    const char *const handles[] = {"", "!", "AAAA", cut, longer, good.id};
    for_each_row (i, handles, handles[i]) {
        entry.login.handle = handles[i];
        assert_fails(enter(fixture, &entry, &err), NL_DATA, "not known here");
    }
    entry.login = good;
    entry.login.id = "YQ!"; /* "a", and more */
    assert_fails(enter(fixture, &entry, &err), NL_DATA, "not known here");
    entry.login = good;
    entry.login.answer.signature = "AAAA";
    assert_fails(enter(fixture, &entry, &err), NL_DATA, "signature");
    entry.login = good;
    assert_int_equal(fixture_sql(fixture, "SELECT counter FROM staff_passkey"), 5);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM staff_challenge"), 1);
    assert_ok(enter(fixture, &entry, &err)); /* the challenge is still good */
    end_entry(&entry);
    challenge_for(fixture, "add ann", challenge);
    passkey.count = 10;
    begin_entry(fixture, &passkey, "ann", &entry);
    assert_fails(enter(fixture, &entry, &err), NL_DATA, "was not asked for");
    end_entry(&entry);
    assert_ok(nl_sql_run(
        fixture->store, &err, "UPDATE staff_passkey SET public_key = ? WHERE title = 'a'",
        NL_VALUES(NL_BYTES("0123456789012345678901234567890123456789012345678901234"
                           "5678901234",
                           NL_PASSKEY_KEY + 1))));
    expect(fixture, &passkey, "ann", "not known here");
}

/* A session is nobody's where that is not recorded. */
static void test_without_a_session(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct entry entry;
    char challenge[NL_CHALLENGE_LEN];
    assert_ok(add(fixture, "ann", "a", one_key, "a", &err));
    challenge_for(fixture, "login", challenge);
    const struct made_passkey passkey = {
        .key = one_key, .id = "a", .count = 9, .challenge = challenge};
    begin_entry(fixture, &passkey, "ann", &entry);
    fixture_sql(fixture, "ALTER TABLE staff_session RENAME TO gone");
    assert_int_not_equal(enter(fixture, &entry, &err), NL_OK);
    nl_error_free(&err);
    fixture_sql(fixture, "ALTER TABLE gone RENAME TO staff_session");
    assert_int_equal(fixture_sql(fixture, "SELECT counter FROM staff_passkey"), 5);
    assert_ok(enter(fixture, &entry, &err));
    end_entry(&entry);
}

/* Without its line in the audit log, a change is none. */
static void test_all_or_nothing(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    char challenge[NL_CHALLENGE_LEN];
    assert_ok(add(fixture, "ann", "a", one_key, "a", &err));
    challenge_for(fixture, "add", challenge);
    const struct made_passkey passkey = {.key = one_key, .id = "b", .challenge = challenge};
    fixture_sql(fixture, "ALTER TABLE audit RENAME TO gone");
    assert_int_not_equal(add_with(fixture, "ann", "b", &passkey, &err), NL_OK);
    nl_error_free(&err);
    assert_int_not_equal(nl_passkey_remove(fixture->store, "ann", id_of(fixture, "a"), &ann, &err),
                         NL_OK);
    nl_error_free(&err);
    fixture_sql(fixture, "ALTER TABLE gone RENAME TO audit");
    assert_lines(fixture, "ann", "a 1000000 0. ");
    assert_ok(add_with(fixture, "ann", "b", &passkey, &err)); /* its challenge is still good */
    assert_lines(fixture, "ann", "a 1000000 0. b 1000000 0. ");
}

static void test_handles(void **state) {
    struct fixture *fixture = *state;
    char one[NL_MAC_TEXT_LEN + 1];
    char other[NL_MAC_TEXT_LEN + 1];
    nl_passkey_handle(fixture->store, "ann", one);
    nl_passkey_handle(fixture->store, "ann", other);
    assert_string_equal(one, other);
    assert_int_equal(strlen(one), NL_MAC_TEXT_LEN);
    /* Authenticators keep it for years. */
    nl_mac(nl_store_secret(fixture->store), "passkey user", "ann", other);
    assert_string_equal(one, other);
    nl_passkey_handle(fixture->store, "bob", other);
    assert_string_not_equal(one, other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_one_is_added),      TEST(test_titles),
        TEST(test_refused_ones),      TEST(test_so_many),
        TEST(test_lines_and_removal), TEST(test_a_login),
        TEST(test_who_is_not_let_in), TEST(test_odd_answers),
        TEST(test_without_a_session), TEST(test_all_or_nothing),
        TEST(test_handles),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
