/* Tokens of the API: what one is good for, for how long, and how much of that its owner still may.
 */
#include "support.h"

#include "newsletter/store/api_token.h"

#include <stdio.h>

static void add_account(struct fixture *fixture, const char *name, const char *role) {
    char sql[192];
    snprintf(sql, sizeof sql,
             "INSERT INTO staff (name, password, role, created_at) VALUES ('%s', 'x', '%s', 1)",
             name, role);
    fixture_sql(fixture, sql);
}

static struct nl_token add(struct fixture *fixture, const struct nl_api_token *wanted,
                           int64_t lifetime) {
    struct nl_error err = {0};
    struct nl_token token = {0};
    assert_ok(nl_api_token_add(fixture->store, wanted, lifetime, &token, &err));
    return token;
}

static bool check(struct fixture *fixture, const char *secret, struct nl_api_token *out) {
    struct nl_error err = {0};
    bool ok = false;
    *out = (struct nl_api_token){0};
    assert_ok(nl_api_token_check(fixture->store, secret, &ok, out, &err));
    return ok;
}

static void test_words(void **state) {
    static const struct {
        const char *word;
        unsigned scope;
        const char *written;
    } rows[] = {
        {"read", NL_API_READ, "read"},
        {"people", NL_API_PEOPLE, "read people"},
        {"issues", NL_API_ISSUES, "read issues"},
        {"send", NL_API_SEND, "read send"},
        {"admin", NL_API_ADMIN, "read admin"},
        {"control", NL_API_SEND, "read send"},
    };
    struct nl_error err = {0};
    (void)state;
    for_each_row (i, rows, rows[i].word) {
        struct nl_buf out = {0};
        unsigned scopes = NL_API_READ;
        assert_ok(nl_api_scope_add(rows[i].word, &scopes, &err));
        assert_int_equal(scopes, NL_API_READ | rows[i].scope);
        nl_api_scope_words(scopes, &out);
        assert_string_equal(nl_buf_text(&out), rows[i].written);
        nl_buf_free(&out);
    }
    unsigned scopes = 0;
    assert_fails(nl_api_scope_add("write", &scopes, &err), NL_DATA, "'write' is not a scope");
    assert_int_equal(scopes, 0);
}

/* The token alone finds all that was wanted for it. */
static void test_found(void **state) {
    static const struct nl_api_token wanted[] = {
        {.name = "a", .scopes = NL_API_READ, .lists = ""},
        {.name = "b", .scopes = NL_API_PEOPLE | NL_API_ADMIN, .lists = "news other"},
        {.name = "c", .scopes = NL_API_SEND, .lists = "news", .owner = "ann"},
        {.name = "d.e-f_g", .scopes = 0, .owner = "ann"},
    };
    struct fixture *fixture = *state;
    struct nl_api_token found;
    add_account(fixture, "ann", "administrator");
    for_each_row (i, wanted, wanted[i].name) {
        struct nl_token token = add(fixture, &wanted[i], 0);
        assert_true(check(fixture, token.text, &found));
        assert_string_equal(found.name, wanted[i].name);
        assert_string_equal(found.lists, wanted[i].lists);
        assert_string_equal(found.owner, wanted[i].owner);
        assert_int_equal(found.scopes, wanted[i].scopes | NL_API_READ);
        assert_int_equal(found.created_at, 1000000);
        assert_int_equal(found.expires_at, 0);
        assert_int_equal(found.used_at, 0);
        token.text[0] = token.text[0] == 'A' ? 'B' : 'A';
        assert_false(check(fixture, token.text, &found));
    }
    assert_false(check(fixture, NULL, &found));
    assert_false(check(fixture, "", &found));
    /* By its digest: the token itself is not stored. */
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM api_token WHERE length(digest) = "
                                          "32"),
                     4);
}

static void test_refused(void **state) {
    static const struct {
        struct nl_api_token wanted;
        enum nl_status status;
        const char *words;
    } rows[] = {
        {{.name = ""}, NL_DATA, "'' is not a name"},
        {{.name = "a b"}, NL_DATA, "'a b' is not a name"},
        {{.name = "taken"}, NL_EXISTS, "there is a token 'taken' already"},
        {{.name = "x", .owner = "nobody"}, NL_NOTFOUND, "there is no account 'nobody'"},
    };
    struct fixture *fixture = *state;
    struct nl_token token;
    add(fixture, &(struct nl_api_token){.name = "taken"}, 0);
    for_each_row (i, rows, rows[i].words) {
        struct nl_error err = {0};
        assert_fails(nl_api_token_add(fixture->store, &rows[i].wanted, 0, &token, &err),
                     rows[i].status, rows[i].words);
    }
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM api_token"), 1);
}

/* Until the second at which it expires. */
static void test_lifetime(void **state) {
    struct fixture *fixture = *state;
    struct nl_api_token found;
    struct nl_token token = add(fixture, &(struct nl_api_token){.name = "a"}, 100);
    fixture->fake.now += 99;
    assert_true(check(fixture, token.text, &found));
    assert_int_equal(found.expires_at, 1000100);
    fixture->fake.now += 1;
    assert_false(check(fixture, token.text, &found));
    struct nl_token endless = add(fixture, &(struct nl_api_token){.name = "b"}, 0);
    fixture->fake.now += 1000000;
    assert_true(check(fixture, endless.text, &found));
}

/* Its owner may have lost a role since, everywhere or on one of its lists. */
static void test_owner(void **state) {
    enum { ALL = NL_API_READ | NL_API_PEOPLE | NL_API_ISSUES | NL_API_SEND | NL_API_ADMIN };
    static const struct {
        const char *role;
        unsigned scopes; /* 0: not even to look */
    } rows[] = {
        {"administrator", ALL},
        {"sender", NL_API_READ | NL_API_ISSUES | NL_API_SEND},
        {"author", NL_API_READ | NL_API_ISSUES},
        {"people", NL_API_READ | NL_API_PEOPLE},
        {"viewer", NL_API_READ},
    };
    struct fixture *fixture = *state;
    struct nl_api_token found;
    add_account(fixture, "ann", "administrator");
    struct nl_token everywhere =
        add(fixture, &(struct nl_api_token){.name = "a", .scopes = ALL, .owner = "ann"}, 0);
    struct nl_token of_news =
        add(fixture,
            &(struct nl_api_token){.name = "b", .scopes = ALL, .owner = "ann", .lists = "news"}, 0);
    struct nl_token reading = add(
        fixture,
        &(struct nl_api_token){.name = "c", .scopes = NL_API_READ | NL_API_SEND, .owner = "ann"},
        0);
    for_each_row (i, rows, rows[i].role) {
        char sql[96];
        snprintf(sql, sizeof sql, "UPDATE staff SET role = '%s'", rows[i].role);
        fixture_sql(fixture, sql);
        assert_true(check(fixture, everywhere.text, &found));
        assert_int_equal(found.scopes, rows[i].scopes);
        assert_true(check(fixture, of_news.text, &found));
        assert_int_equal(found.scopes, rows[i].scopes);
        assert_true(check(fixture, reading.text, &found));
        assert_int_equal(found.scopes, rows[i].scopes & (NL_API_READ | NL_API_SEND));
    }
    fixture_sql(fixture, "DELETE FROM staff");
    assert_false(check(fixture, everywhere.text, &found));
    assert_false(check(fixture, of_news.text, &found));
}

/* On several lists, what its owner may on each of them. */
static void test_owner_of_lists(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_api_token found;
    struct nl_list list = {.name = strdup("other"), .sender = strdup("Press <press@example.org>")};
    assert_ok(nl_list_check(&list, &err));
    assert_ok(nl_list_add(fixture->store, &list, &err));
    nl_list_free(&list);
    add_account(fixture, "ann", "none");
    fixture_sql(fixture, "INSERT INTO staff_list (staff, list, role) SELECT s.id, l.id, CASE "
                         "l.name WHEN 'news' THEN 'sender' ELSE 'author' END FROM staff s, list l");
    static const struct {
        const char *lists;
        unsigned scopes;
    } rows[] = {
        {"news", NL_API_READ | NL_API_ISSUES | NL_API_SEND},
        {"other", NL_API_READ | NL_API_ISSUES},
        {"news other", NL_API_READ | NL_API_ISSUES},
        {"other  news ", NL_API_READ | NL_API_ISSUES},
        {" news", NL_API_READ | NL_API_ISSUES | NL_API_SEND},
        {"news gone", 0},
        {"", 0},
    };
    for_each_row (i, rows, rows[i].lists) {
        struct nl_api_token wanted = {
            .scopes = NL_API_READ | NL_API_ISSUES | NL_API_SEND | NL_API_PEOPLE, .owner = "ann"};
        snprintf(wanted.name, sizeof wanted.name, "t%zu", i);
        snprintf(wanted.lists, sizeof wanted.lists, "%s", rows[i].lists);
        struct nl_token token = add(fixture, &wanted, 0);
        assert_int_equal(check(fixture, token.text, &found), rows[i].scopes != 0);
        assert_int_equal(found.scopes, rows[i].scopes);
    }
}

static enum nl_status add_line(const struct nl_api_token *token, void *ctx, struct nl_error *err) {
    struct nl_buf *out = ctx;
    (void)err;
    nl_buf_addf(out, "%s (", token->name);
    struct nl_buf words = {0};
    nl_api_scope_words(token->scopes, &words);
    nl_buf_addf(out, "%s) %s, %s; ", nl_buf_text(&words), token->lists, token->owner);
    nl_buf_free(&words);
    return NL_OK;
}

/* By name; a word that this version does not know allows nothing. */
static void test_listed_and_removed(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    add_account(fixture, "ann", "viewer");
    add(fixture, &(struct nl_api_token){.name = "z", .scopes = NL_API_SEND, .lists = "news"}, 0);
    add(fixture, &(struct nl_api_token){.name = "b", .scopes = NL_API_ADMIN, .owner = "ann"}, 0);
    fixture_sql(fixture, "UPDATE api_token SET scopes = 'read fly owner:ann admin' WHERE name = "
                         "'b'");
    assert_ok(nl_api_token_each(fixture->store, add_line, &out, &err));
    assert_string_equal(nl_buf_text(&out), "b (read admin) , ann; z (read send) news, ; ");
    fixture_sql(fixture, "UPDATE api_token SET scopes = 'read nowner:ann' WHERE name = 'b'");
    nl_buf_clear(&out);
    assert_ok(nl_api_token_remove(fixture->store, "z", &err));
    assert_ok(nl_api_token_each(fixture->store, add_line, &out, &err));
    assert_string_equal(nl_buf_text(&out), "b (read) , ; ");
    assert_fails(nl_api_token_remove(fixture->store, "z", &err), NL_NOTFOUND,
                 "there is no token 'z'");
    nl_buf_free(&out);
}

/* To the minute, and once a minute at most. */
static void test_noted(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_api_token found;
    struct nl_token token = add(fixture, &(struct nl_api_token){.name = "a"}, 0);
    add(fixture, &(struct nl_api_token){.name = "b"}, 0);
    static const struct {
        int64_t at, used_at;
    } rows[] = {{6000030, 6000000}, {6000059, 6000000}, {6000060, 6000060}, {6000119, 6000060}};
    for_each_row (i, rows, NULL) {
        fixture->fake.now = rows[i].at;
        assert_true(check(fixture, token.text, &found));
        assert_ok(nl_api_token_note(fixture->store, &found, &err));
        assert_int_equal(fixture_sql(fixture, "SELECT used_at FROM api_token WHERE name = 'a'"),
                         rows[i].used_at);
    }
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM api_token WHERE used_at IS NULL"),
                     1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),  TEST(test_found), TEST(test_refused),
        TEST(test_lifetime),           TEST(test_owner), TEST(test_owner_of_lists),
        TEST(test_listed_and_removed), TEST(test_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
