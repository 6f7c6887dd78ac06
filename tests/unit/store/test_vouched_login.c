/* Logins that an identity provider has vouched for: whose session begins, and who gets an account.
 */
#include "support.h"

#include "newsletter/store/vouched_login.h"

#include <stdio.h>

static const struct nl_login_place place = {"192.0.2.1", "Firefox"};

static enum nl_status enter(struct fixture *fixture, const char *name, const enum nl_role *role,
                            enum nl_login *login, struct nl_token *session, struct nl_error *err) {
    *login = NL_LOGIN_DONE;
    return nl_openid_enter(fixture->store, name, role, &place, 100, login, session, err);
}

/* The account of a session; "" for none. */
static void expect_session(struct fixture *fixture, const struct nl_token *session,
                           enum nl_login expected, const char *name) {
    struct nl_error err = {0};
    enum nl_login login = NL_LOGIN_NONE;
    char found[NL_STAFF_NAME + 1] = "";
    assert_ok(nl_staff_session(fixture->store, session->text, &login, found, &err));
    assert_int_equal(login, expected);
    assert_string_equal(found, name);
}

static void test_enter(void **state) {
    static const enum nl_role author = NL_ROLE_AUTHOR;
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_token session;
    enum nl_login login = NL_LOGIN_NONE;
    fixture_sql(fixture, "INSERT INTO staff (name, password, role, created_at) VALUES ('ann', 'x', "
                         "'viewer', 1)");
    assert_ok(enter(fixture, "ann", NULL, &login, &session, &err));
    assert_int_equal(login, NL_LOGIN_DONE);
    expect_session(fixture, &session, NL_LOGIN_DONE, "ann");
    fixture->fake.now += 101;
    expect_session(fixture, &session, NL_LOGIN_NONE, "");
    /* An account that is there keeps its role. */
    assert_ok(enter(fixture, "ann", &author, &login, &session, &err));
    assert_int_equal(login, NL_LOGIN_DONE);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM staff WHERE role = 'viewer'"), 1);
    /* Nobody is let in who has none, unless accounts are to be made. */
    assert_ok(enter(fixture, "bob", NULL, &login, &session, &err));
    assert_int_equal(login, NL_LOGIN_NONE);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM staff"), 1);
    assert_ok(enter(fixture, "bob", &author, &login, &session, &err));
    assert_int_equal(login, NL_LOGIN_DONE);
    expect_session(fixture, &session, NL_LOGIN_DONE, "bob");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM staff WHERE name = 'bob' AND role "
                                          "= 'author' AND password LIKE '$argon2id$%'"),
                     1);
    assert_int_equal(fixture_sql(fixture,
                                 "SELECT count(*) FROM audit WHERE actor = 'bob' AND door "
                                 "= 'browser' AND client = '192.0.2.1' AND action <> 'login'"),
                     1);
    assert_fails(enter(fixture, "no name", &author, &login, &session, &err), NL_DATA,
                 "is not a name");
    assert_int_equal(login, NL_LOGIN_NONE);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM staff"), 2);
}

/* The provider's word is the first step. */
static void test_second_step(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_token session;
    enum nl_login login = NL_LOGIN_NONE;
    fixture_sql(fixture, "INSERT INTO staff (name, password, role, created_at) VALUES ('ann', 'x', "
                         "'viewer', 1)");
    fixture_sql(fixture, "UPDATE staff SET totp_confirmed = 1");
    assert_ok(enter(fixture, "ann", NULL, &login, &session, &err));
    assert_int_equal(login, NL_LOGIN_CODE);
    expect_session(fixture, &session, NL_LOGIN_CODE, "ann");
}

/* Each is good once, for as long as it would be good at all. */
static void test_states(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    assert_ok(nl_openid_use_state(fixture->store, "one", &err));
    assert_ok(nl_openid_use_state(fixture->store, "two", &err));
    assert_fails(nl_openid_use_state(fixture->store, "one", &err), NL_DATA,
                 "the login came too late, or was answered before");
    fixture->fake.now += 86400;
    assert_ok(nl_openid_use_state(fixture->store, "three", &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM staff_challenge"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_enter, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_second_step, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_states, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
