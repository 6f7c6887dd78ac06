/* Mechanisms of logins: what a server offers, which ones are tried in which order, and what is said
 * when none works. */
#include "support.h"

#include "smtp/login.h"

#include <curl/curl.h>
#include <stdio.h>

static void offer(struct nl_login *login, const char *words) {
    nl_login_note_offer(login, words, strlen(words));
}

static void assert_options(const struct nl_login *login, const struct nl_smtp_server *server,
                           const char *expected) {
    struct nl_buf out = {0};
    nl_login_options(login, server, &out);
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

static void assert_explained(const struct nl_login *login, unsigned mechanism,
                             const char *expected) {
    struct nl_buf out = {0};
    nl_login_explain(login, mechanism, &out);
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

static void test_offers(void **state) {
    static const struct {
        const char *words, *names; /* as they are explained */
        bool unknown;
    } rows[] = {
        {"PLAIN LOGIN", "PLAIN, LOGIN", false},
        {"plain\r\n", "PLAIN", false},
        {"CRAM-MD5 DIGEST-MD5 NTLM XOAUTH2", "CRAM-MD5, DIGEST-MD5, NTLM, XOAUTH2", false},
        {"SCRAM-SHA-1 SCRAM-SHA-256", "SCRAM-SHA-256, SCRAM-SHA-1", false},
        {"SCRAM-SHA-1", "SCRAM-SHA-1", false},
        {"SCRAM-SHA-256", "SCRAM-SHA-256", false},
        {"CRAM-MD5", "CRAM-MD5", false},
        {"DIGEST-MD5", "DIGEST-MD5", false},
        {"NTLM", "NTLM", false},
        {"XOAUTH2", "XOAUTH2", false},
        {"LOGIN", "LOGIN", false},
        {"LOGIN X", "LOGIN", true},
        {"LOGIN GSSAPI", "LOGIN", true},
        {"GSSAPI LOGIN", "LOGIN", true},
        {"  LOGIN  PLAIN ", "PLAIN, LOGIN", false},
        {"LOGINS PLAI\r\nPLAIN", "PLAIN", true},
    };
    (void)state;
    for_each_row (i, rows, rows[i].words) {
        struct nl_login login = {.offered = ~0u, .unknown_offer = !rows[i].unknown};
        struct nl_buf expected = {0};
        offer(&login, rows[i].words);
        assert_int_equal(login.unknown_offer, rows[i].unknown);
        nl_buf_addf(&expected, ": it offers the login by %s alone: check smtp.auth", rows[i].names);
        assert_explained(&login, 0, nl_buf_text(&expected));
        nl_buf_free(&expected);
    }
}

static void test_what_is_said(void **state) {
    struct nl_login login = {0};
    (void)state;
    unsigned plain = nl_login_mechanism("AUTH PLAIN AGFubg==\r\n", 21);
    unsigned cram = nl_login_mechanism("AUTH CRAM-MD5\r\n", 15);
    assert_true(plain != 0 && cram != 0 && plain != cram);
    assert_int_equal(nl_login_mechanism("AUTH PLAIN", 10), plain);
    assert_int_equal(nl_login_mechanism("AUTH PLAI", 9), 0);
    assert_int_equal(nl_login_mechanism("AUTH ", 5), 0);
    assert_int_equal(nl_login_mechanism("AUTH GSSAPI\r\n", 13), 0);
    assert_explained(&login, 0, ": it refuses the login: check smtp.username and the password");
    assert_explained(&login, plain,
                     ": it refuses the login by PLAIN: check smtp.username and the password");
    login.refused = plain;
    assert_explained(
        &login, cram,
        ": it refuses the login by CRAM-MD5, PLAIN: check smtp.username and the password");
    login = (struct nl_login){0};
    offer(&login, "GSSAPI");
    assert_explained(&login, 0,
                     ": it offers no login that we can use (PLAIN, LOGIN, CRAM-MD5, DIGEST-MD5, "
                     "NTLM, XOAUTH2): ask its operator for one of these");
}

/* A setting names the one mechanism; without a username there is no login. */
static void test_chosen_mechanisms(void **state) {
    static const struct {
        int64_t auth;
        const char *options;
    } rows[] = {{NL_AUTH_PLAIN, "AUTH=PLAIN"},
                {NL_AUTH_LOGIN, "AUTH=LOGIN"},
                {NL_AUTH_XOAUTH2, "AUTH=XOAUTH2"}};
    struct nl_smtp_server server = {.username = (char *)"ann"};
    const struct nl_smtp_server nobody = {.auth = NL_AUTH_PLAIN};
    (void)state;
    for_each_row (i, rows, rows[i].options) {
        struct nl_login login = {0};
        server.auth = rows[i].auth;
        assert_options(&login, &server, rows[i].options);
        /* no other one is tried */
        assert_false(nl_login_failed(&login, &server, 1, true));
        assert_options(&login, &server, rows[i].options);
    }
    assert_options(&(struct nl_login){0}, &nobody, "");
}

/* Fails by each mechanism that is tried, and notes their order. */
static void assert_order(int64_t security, const char *offered, bool refused,
                         const char *const *expected) {
    const struct nl_smtp_server server = {.username = (char *)"ann", .security = security};
    struct nl_login login = {0};
    bool again = true;
    offer(&login, offered);
    login.attempts = 1; /* the offer is known */
    for (; again && *expected != NULL; expected++) {
        struct nl_buf out = {0};
        assert_options(&login, &server, *expected);
        nl_login_options(&login, &server, &out);
        for (const char *at = nl_buf_text(&out); (at = strstr(at, "AUTH=")) != NULL;) {
            char command[64];
            snprintf(command, sizeof command, "AUTH %.*s", (int)strcspn(at + 5, ";"), at + 5);
            again = nl_login_failed(&login, &server, nl_login_mechanism(command, strlen(command)),
                                    refused);
            at += 5;
        }
        nl_buf_free(&out);
    }
    assert_false(again);
    assert_null(*expected);
}

/* Over TLS those that servers do right come first; without it, those that do not show the password.
 */
static void test_the_order(void **state) {
    static const char *const over_tls[] = {"AUTH=PLAIN;AUTH=LOGIN", "AUTH=CRAM-MD5",
                                           "AUTH=DIGEST-MD5", NULL};
    static const char *const in_the_clear[] = {"AUTH=CRAM-MD5", "AUTH=PLAIN;AUTH=LOGIN",
                                               "AUTH=DIGEST-MD5", NULL};
    static const char *const login_alone[] = {"AUTH=LOGIN", NULL};
    (void)state;
    for (int refused = 0; refused < 2; refused++) {
        assert_order(NL_SMTP_STARTTLS, "DIGEST-MD5 CRAM-MD5 LOGIN PLAIN", refused, over_tls);
        assert_order(NL_SMTP_TLS, "DIGEST-MD5 CRAM-MD5 LOGIN PLAIN", refused, over_tls);
        assert_order(NL_SMTP_PLAIN, "DIGEST-MD5 CRAM-MD5 LOGIN PLAIN", refused, in_the_clear);
        assert_order(NL_SMTP_PLAIN, "LOGIN XOAUTH2", refused, login_alone);
    }
}

/* A mechanism that was refused stays so; one that broke the connection may be tried again when all
 * have failed, or one has worked. */
static void test_broken_and_refused(void **state) {
    const struct nl_smtp_server server = {.username = (char *)"ann"};
    struct nl_login login = {0};
    (void)state;
    offer(&login, "PLAIN LOGIN CRAM-MD5");
    unsigned plain = nl_login_mechanism("AUTH PLAIN", 10);
    unsigned login_bit = nl_login_mechanism("AUTH LOGIN", 10);
    unsigned cram = nl_login_mechanism("AUTH CRAM-MD5", 13);
    assert_true(nl_login_failed(&login, &server, plain, true));
    assert_options(&login, &server, "AUTH=LOGIN");
    assert_true(nl_login_failed(&login, &server, login_bit, false));
    assert_options(&login, &server, "AUTH=CRAM-MD5");
    assert_false(nl_login_failed(&login, &server, cram, false));
    assert_options(&login, &server, "AUTH=LOGIN");
    assert_true(nl_login_failed(&login, &server, login_bit, false));
    nl_login_succeeded(&login);
    assert_int_equal(login.attempts, 0);
    assert_int_equal(login.broken, 0);
    assert_int_equal(login.refused, plain);
    /* nothing is left: libcurl chooses */
    assert_false(nl_login_failed(&login, &server, ~0u, true));
    assert_options(&login, &server, "AUTH=PLAIN;AUTH=LOGIN");
}

/* A server that offers others each time is tried twelve times. */
static void test_twelve_attempts(void **state) {
    const struct nl_smtp_server server = {.username = (char *)"ann"};
    struct nl_login login = {0};
    (void)state;
    offer(&login, "PLAIN LOGIN");
    for (int i = 1; i < 12; i++)
        assert_true(nl_login_failed(&login, &server, 0, false));
    assert_false(nl_login_failed(&login, &server, 0, false));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offers),
        cmocka_unit_test(test_what_is_said),
        cmocka_unit_test(test_chosen_mechanisms),
        cmocka_unit_test(test_the_order),
        cmocka_unit_test(test_broken_and_refused),
        cmocka_unit_test(test_twelve_attempts),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
