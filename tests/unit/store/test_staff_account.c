#include "support.h"

#include "newsletter/db/sql.h"
#include "newsletter/store/second_step.h"
#include "newsletter/store/staff_session.h"

#include <argon2.h>
#include <ctype.h>
#include <liboath/oath.h>
#include <stdio.h>

static const char password[] = "correct horse battery";
static const struct nl_actor boss = {.name = "boss", .door = "command"};
static const struct nl_login_place place = {"192.0.2.1", "Firefox"};

/* An account whose password's digest costs next to nothing: these tests are not about it. */
static void add(struct fixture *fixture, const char *name, enum nl_role role) {
    struct nl_error err = {0};
    char hash[128];
    struct nl_buf sql = {0};
    assert_int_equal(argon2id_hash_encoded(1, 8, 1, password, strlen(password), "saltsalt", 8, 32,
                                           hash, sizeof hash),
                     ARGON2_OK);
    nl_buf_addf(&sql,
                "INSERT INTO staff (name, password, role, created_at) VALUES ('%s', '%s', '%s', 1)",
                name, hash, nl_roles[role]);
    assert_ok(nl_sql_script(fixture->store, nl_buf_text(&sql), &err));
    nl_buf_free(&sql);
}

static void test_an_account_is_added_once(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_store *store = fixture->store;
    bool ok = false;
    assert_ok(nl_staff_add(store, "ann", password, NL_ROLE_AUTHOR, &boss, &err));
    assert_fails(nl_staff_add(store, "ann", password, NL_ROLE_AUTHOR, &boss, &err), NL_EXISTS,
                 "'ann'");
    assert_fails(nl_staff_add(store, "an n", password, NL_ROLE_AUTHOR, &boss, &err), NL_DATA,
                 "is not a name");
    assert_fails(nl_staff_add(store, "bob", "short", NL_ROLE_AUTHOR, &boss, &err), NL_DATA, "");
    assert_ok(nl_staff_verify(store, "ann", password, &ok, &err));
    assert_true(ok);
    assert_ok(nl_staff_verify(store, "nobody", password, &ok, &err));
    assert_false(ok);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM staff WHERE role = 'author'"), 1);
}

static void test_what_each_role_may(void **state) {
    (void)state;
    static const struct {
        enum nl_role role;
        bool may[7];
    } expected[] = {
        {NL_ROLE_NONE, {true, false, false, false, false, false, false}},
        {NL_ROLE_VIEWER, {true, true, false, false, false, false, false}},
        {NL_ROLE_AUTHOR, {true, true, true, false, false, false, false}},
        {NL_ROLE_SENDER, {true, true, true, true, false, true, false}},
        {NL_ROLE_PEOPLE, {true, true, false, false, true, false, false}},
        {NL_ROLE_ADMINISTRATOR, {true, true, true, true, true, true, true}},
    };
    for_each_row (i, expected, nl_roles[expected[i].role])
        for (int power = 0; power < 7; power++)
            assert_int_equal(nl_role_may(expected[i].role, (enum nl_power)power),
                             expected[i].may[power]);
    assert_int_equal(nl_role_of("sender"), NL_ROLE_SENDER);
    assert_int_equal(nl_role_of("root"), NL_ROLE_NONE);
}

static enum nl_role role_on(struct fixture *fixture, const char *name, const char *list) {
    struct nl_error err = {0};
    enum nl_role role = NL_ROLE_NONE;
    assert_ok(nl_staff_role(fixture->store, name, list, &role, &err));
    return role;
}

static void test_a_role_on_one_list(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    add(fixture, "ann", NL_ROLE_VIEWER);
    assert_ok(nl_staff_set_role(fixture->store, "ann", "news", NL_ROLE_SENDER, &boss, &err));
    assert_int_equal(role_on(fixture, "ann", NULL), NL_ROLE_VIEWER);
    assert_int_equal(role_on(fixture, "ann", "news"), NL_ROLE_SENDER);
    assert_int_equal(role_on(fixture, "ann", "other"), NL_ROLE_VIEWER);
    assert_ok(nl_staff_set_role(fixture->store, "ann", "news", NL_ROLE_NONE, &boss, &err));
    assert_int_equal(role_on(fixture, "ann", "news"), NL_ROLE_NONE);
    assert_ok(nl_staff_unset_role(fixture->store, "ann", "news", &boss, &err));
    assert_int_equal(role_on(fixture, "ann", "news"), NL_ROLE_VIEWER);
    assert_int_equal(role_on(fixture, "nobody", NULL), NL_ROLE_NONE);
    assert_fails(nl_staff_set_role(fixture->store, "nobody", NULL, NL_ROLE_VIEWER, &boss, &err),
                 NL_NOTFOUND, "");
    assert_fails(nl_staff_set_role(fixture->store, "ann", "none", NL_ROLE_VIEWER, &boss, &err),
                 NL_NOTFOUND, "");
}

static void test_the_last_administrator_stays(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    add(fixture, "ann", NL_ROLE_ADMINISTRATOR);
    assert_fails(nl_staff_remove(fixture->store, "ann", &boss, &err), NL_DATA, "");
    assert_fails(nl_staff_set_role(fixture->store, "ann", NULL, NL_ROLE_SENDER, &boss, &err),
                 NL_DATA, "");
    assert_int_equal(role_on(fixture, "ann", NULL), NL_ROLE_ADMINISTRATOR);
    add(fixture, "bob", NL_ROLE_ADMINISTRATOR);
    assert_ok(nl_staff_remove(fixture->store, "ann", &boss, &err));
    assert_fails(nl_staff_remove(fixture->store, "ann", &boss, &err), NL_NOTFOUND, "");
}

/* ---- sessions ---- */

static enum nl_login log_in(struct fixture *fixture, const char *given, struct nl_token *session) {
    struct nl_error err = {0};
    enum nl_login login = NL_LOGIN_NONE;
    assert_ok(nl_staff_login(fixture->store, "ann", given, 3600, &place, &login, session, &err));
    return login;
}

static enum nl_login look_up(struct fixture *fixture, const char *token) {
    struct nl_error err = {0};
    char name[NL_STAFF_NAME + 1] = "";
    enum nl_login login = NL_LOGIN_NONE;
    assert_ok(nl_staff_session(fixture->store, token, &login, name, &err));
    if (login != NL_LOGIN_NONE)
        assert_string_equal(name, "ann");
    return login;
}

static void test_a_session_ends(void **state) {
    struct fixture *fixture = *state;
    struct nl_token session;
    add(fixture, "ann", NL_ROLE_VIEWER);
    assert_int_equal(log_in(fixture, "wrong", &session), NL_LOGIN_NONE);
    assert_int_equal(log_in(fixture, password, &session), NL_LOGIN_DONE);
    fixture->fake.now += 3599;
    assert_int_equal(look_up(fixture, session.text), NL_LOGIN_DONE);
    fixture->fake.now++;
    assert_int_equal(look_up(fixture, session.text), NL_LOGIN_NONE);
    assert_int_equal(look_up(fixture, NULL), NL_LOGIN_NONE);
    assert_int_equal(look_up(fixture, "x"), NL_LOGIN_NONE);
}

static void test_a_new_password_ends_the_other_sessions(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_token own;
    struct nl_token other;
    add(fixture, "ann", NL_ROLE_VIEWER);
    log_in(fixture, password, &own);
    log_in(fixture, password, &other);
    assert_ok(nl_staff_set_password(fixture->store, "ann", "another horse battery", own.text, &boss,
                                    &err));
    assert_int_equal(look_up(fixture, own.text), NL_LOGIN_DONE);
    assert_int_equal(look_up(fixture, other.text), NL_LOGIN_NONE);
    assert_int_equal(log_in(fixture, password, &other), NL_LOGIN_NONE);
    assert_int_equal(log_in(fixture, "another horse battery", &other), NL_LOGIN_DONE);
}

struct seen {
    int count;
    char ids[4][NL_SESSION_ID];
    bool own[4];
};

static enum nl_status note(const struct nl_staff_session_line *line, void *ctx,
                           struct nl_error *err) {
    struct seen *seen = ctx;
    (void)err;
    assert_in_range(seen->count, 0, 3);
    assert_string_equal(line->client, "192.0.2.1");
    assert_string_equal(line->agent, "Firefox");
    memcpy(seen->ids[seen->count], line->id, NL_SESSION_ID);
    seen->own[seen->count++] = line->own;
    return NL_OK;
}

static void test_sessions_are_shown_and_ended(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_token tokens[3];
    struct seen seen = {0};
    add(fixture, "ann", NL_ROLE_VIEWER);
    for (int i = 0; i < 3; i++, fixture->fake.now++)
        log_in(fixture, password, &tokens[i]);
    assert_ok(nl_staff_sessions_each(fixture->store, "ann", tokens[0].text, note, &seen, &err));
    assert_int_equal(seen.count, 3);
    assert_true(seen.own[2] && !seen.own[1] && !seen.own[0]);
    assert_ok(nl_staff_session_end(fixture->store, "ann", seen.ids[0], NULL, &boss, &err));
    assert_int_equal(look_up(fixture, tokens[2].text), NL_LOGIN_NONE);
    assert_int_equal(look_up(fixture, tokens[1].text), NL_LOGIN_DONE);
    assert_ok(nl_staff_session_end(fixture->store, "bob", seen.ids[1], NULL, &boss, &err));
    assert_int_equal(look_up(fixture, tokens[1].text), NL_LOGIN_DONE); /* not bob's */
    assert_ok(nl_staff_session_end(fixture->store, "ann", NULL, tokens[0].text, &boss, &err));
    assert_int_equal(look_up(fixture, tokens[1].text), NL_LOGIN_NONE);
    assert_int_equal(look_up(fixture, tokens[0].text), NL_LOGIN_DONE);
}

/* ---- the second step ---- */

/* The code that a telephone shows now. */
static void code_now(struct fixture *fixture, const unsigned char secret[NL_TOTP_SECRET],
                     char code[NL_TOTP_DIGITS + 1]) {
    assert_int_equal(oath_totp_generate((const char *)secret, NL_TOTP_SECRET, fixture->fake.now,
                                        NL_TOTP_SECONDS, 0, NL_TOTP_DIGITS, code),
                     OATH_OK);
}

static void set_up(struct fixture *fixture, unsigned char secret[NL_TOTP_SECRET],
                   char codes[NL_RECOVERY_CODES][NL_RECOVERY_CODE]) {
    struct nl_error err = {0};
    char code[NL_TOTP_DIGITS + 1];
    bool on = true;
    bool ok = false;
    add(fixture, "ann", NL_ROLE_VIEWER);
    assert_ok(nl_second_step_begin(fixture->store, "ann", secret, &on, &err));
    assert_false(on);
    assert_ok(nl_second_step_confirm(fixture->store, "ann", "nonsense", &ok, codes, &boss, &err));
    assert_false(ok);
    code_now(fixture, secret, code);
    assert_ok(nl_second_step_confirm(fixture->store, "ann", code, &ok, codes, &boss, &err));
    assert_true(ok);
    fixture->fake.now += NL_TOTP_SECONDS;
}

static enum nl_login give_code(struct fixture *fixture, struct nl_token *session,
                               const char *code) {
    struct nl_error err = {0};
    struct nl_token next = *session;
    enum nl_login login = NL_LOGIN_NONE;
    assert_ok(nl_staff_login_code(fixture->store, session->text, code, 3600, &login, &next, &err));
    if (login == NL_LOGIN_DONE)
        *session = next;
    return login;
}

static void test_a_code_is_asked_for(void **state) {
    struct fixture *fixture = *state;
    unsigned char secret[NL_TOTP_SECRET];
    char codes[NL_RECOVERY_CODES][NL_RECOVERY_CODE];
    char code[NL_TOTP_DIGITS + 1];
    struct nl_token session;
    set_up(fixture, secret, codes);
    assert_int_equal(log_in(fixture, password, &session), NL_LOGIN_CODE);
    assert_int_equal(look_up(fixture, session.text), NL_LOGIN_CODE);
    const struct nl_token before = session;
    code_now(fixture, secret, code);
    assert_int_equal(give_code(fixture, &session, code), NL_LOGIN_DONE);
    assert_string_not_equal(session.text, before.text); /* no session from before the login */
    assert_int_equal(look_up(fixture, before.text), NL_LOGIN_NONE);
    assert_int_equal(look_up(fixture, session.text), NL_LOGIN_DONE);
    assert_int_equal(log_in(fixture, password, &session), NL_LOGIN_CODE);
    assert_int_equal(give_code(fixture, &session, code), NL_LOGIN_CODE); /* it is used up */
}

static void test_five_wrong_codes_end_it(void **state) {
    struct fixture *fixture = *state;
    unsigned char secret[NL_TOTP_SECRET];
    char codes[NL_RECOVERY_CODES][NL_RECOVERY_CODE];
    struct nl_token session;
    set_up(fixture, secret, codes);
    log_in(fixture, password, &session);
    for (int i = 0; i < 4; i++)
        assert_int_equal(give_code(fixture, &session, "000000x"), NL_LOGIN_CODE);
    assert_int_equal(give_code(fixture, &session, "000000x"), NL_LOGIN_NONE);
    assert_int_equal(give_code(fixture, &session, codes[0]), NL_LOGIN_NONE);
}

static void test_five_minutes_for_a_code(void **state) {
    struct fixture *fixture = *state;
    unsigned char secret[NL_TOTP_SECRET];
    char codes[NL_RECOVERY_CODES][NL_RECOVERY_CODE];
    struct nl_token session;
    set_up(fixture, secret, codes);
    log_in(fixture, password, &session);
    fixture->fake.now += 300;
    assert_int_equal(give_code(fixture, &session, codes[0]), NL_LOGIN_NONE);
}

static void test_a_recovery_code_is_good_once(void **state) {
    struct fixture *fixture = *state;
    unsigned char secret[NL_TOTP_SECRET];
    char codes[NL_RECOVERY_CODES][NL_RECOVERY_CODE];
    char typed[NL_RECOVERY_CODE];
    struct nl_token session;
    set_up(fixture, secret, codes);
    for (size_t i = 0; i < sizeof typed; i++) /* as somebody may type it */
        typed[i] = (char)(codes[3][i] == '-' ? ' ' : toupper((unsigned char)codes[3][i]));
    log_in(fixture, password, &session);
    assert_int_equal(give_code(fixture, &session, typed), NL_LOGIN_DONE);
    log_in(fixture, password, &session);
    assert_int_equal(give_code(fixture, &session, codes[3]), NL_LOGIN_CODE);
    assert_int_equal(give_code(fixture, &session, codes[4]), NL_LOGIN_DONE);
}

static void test_the_secret_is_shown_once(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    static const unsigned char none[NL_TOTP_SECRET];
    unsigned char secret[NL_TOTP_SECRET];
    unsigned char again[NL_TOTP_SECRET];
    char codes[NL_RECOVERY_CODES][NL_RECOVERY_CODE];
    struct nl_token session;
    bool on = false;
    set_up(fixture, secret, codes);
    assert_ok(nl_second_step_begin(fixture->store, "ann", again, &on, &err));
    assert_true(on);
    assert_memory_equal(again, none, NL_TOTP_SECRET);
    assert_ok(nl_second_step_end(fixture->store, "ann", &boss, &err));
    assert_int_equal(log_in(fixture, password, &session), NL_LOGIN_DONE);
    assert_ok(nl_second_step_begin(fixture->store, "ann", again, &on, &err));
    assert_false(on);
    assert_memory_not_equal(again, secret, NL_TOTP_SECRET);
}

/* ---- the audit log ---- */

static bool fails(struct fixture *fixture, const char *sql) {
    struct nl_error err = {0};
    bool failed = nl_sql_script(fixture->store, sql, &err) != NL_OK;
    nl_error_free(&err);
    return failed;
}

static void test_the_log_only_grows(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    add(fixture, "ann", NL_ROLE_VIEWER);
    assert_ok(nl_staff_set_role(fixture->store, "ann", "news", NL_ROLE_SENDER, &boss, &err));
    assert_ok(nl_staff_remove(fixture->store, "ann", &boss, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM audit WHERE actor = 'boss' AND "
                                          "object = 'account ann'"),
                     2);
    assert_true(fails(fixture, "DELETE FROM audit"));
    assert_true(fails(fixture, "UPDATE audit SET actor = 'ann'"));
    assert_fails(nl_staff_set_role(fixture->store, "bob", NULL, NL_ROLE_SENDER, &boss, &err),
                 NL_NOTFOUND, "");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM audit"), 2);
}

static enum nl_status count_line(const struct nl_audit_line *line, void *ctx,
                                 struct nl_error *err) {
    (void)line;
    (void)err;
    ++*(int *)ctx;
    return NL_OK;
}

static void test_the_log_is_searched(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    for (int i = 0; i < 5; i++, fixture->fake.now++)
        assert_ok(nl_audit_note(fixture->store, &boss, i % 2 == 0 ? "issue pause" : "login",
                                i % 2 == 0 ? "issue 12" : NULL, NULL, &err));
    const int64_t start = fixture->fake.now - 5;
    const struct {
        struct nl_audit_filter filter;
        int found;
    } cases[] = {
        {{0}, 5},
        {{.text = "PAUSE"}, 3},
        {{.text = "issue 12"}, 3},
        {{.text = "%"}, 0},
        {{.since = start + 1, .until = start + 3}, 2},
        {{.limit = 2}, 2},
        {{.before = 3}, 2},
    };
    for_each_row (i, cases, NULL) {
        int found = 0;
        assert_ok(nl_audit_each(fixture->store, &cases[i].filter, count_line, &found, &err));
        assert_int_equal(found, cases[i].found);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_each_role_may),
        cmocka_unit_test_setup_teardown(test_an_account_is_added_once, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_role_on_one_list, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_last_administrator_stays, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_session_ends, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_new_password_ends_the_other_sessions, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_sessions_are_shown_and_ended, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_code_is_asked_for, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_five_wrong_codes_end_it, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_five_minutes_for_a_code, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_recovery_code_is_good_once, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_secret_is_shown_once, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_log_only_grows, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_log_is_searched, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
