/* Texts around passkeys: base64url, and the site that they are for. */
#include "support.h"

#include "newsletter/base/passkey.h"

#include <stdio.h>

/* ---- base64url ---- */

static void test_base64url(void **state) {
    static const struct {
        const char *text, *bytes; /* NULL: refused */
    } rows[] = {
        {"", ""},        {"YQ", "a"},        {"YWI", "ab"},
        {"YWJj", "abc"}, {"YWJjZA", "abcd"}, {"-_-_", "\xfb\xff\xbf"},
        {"AHo", "\0z"},  {"Y", NULL}, /* six bits are not a byte */
        {"YWJjZ", NULL},              /* the same after others */
        {"YR", NULL},                 /* bits that belong to nothing */
        {"YWJ", NULL},   {"YQ==", NULL},     {"YW+j", NULL},
        {"YW/j", NULL},  {"YW j", NULL},
    };
    static const size_t lengths[] = {0, 1, 2, 3, 4, 3, 2};
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        unsigned char bytes[8] = "";
        size_t len = 0;
        assert_int_equal(nl_base64url(rows[i].text, bytes, sizeof bytes, &len),
                         rows[i].bytes != NULL);
        if (rows[i].bytes != NULL) {
            assert_int_equal(len, lengths[i]);
            assert_memory_equal(bytes, rows[i].bytes, len);
        }
    }
}

static void test_base64url_has_a_bound(void **state) {
    unsigned char bytes[3] = {0, 0, 'x'};
    size_t len = 0;
    (void)state;
    assert_true(nl_base64url("YWI", bytes, 2, &len));
    assert_false(nl_base64url("YWJj", bytes, 2, &len));
    assert_int_equal(bytes[2], 'x');
}

/* ---- the site ---- */

static void test_places(void **state) {
    static const struct {
        const char *url, *origin, *rp_id; /* NULL: none */
    } rows[] = {
        {"https://press.example.org", "https://press.example.org", "press.example.org"},
        {"https://press.example.org/", "https://press.example.org", "press.example.org"},
        {"https://press.example.org/a/b?c#d", "https://press.example.org", "press.example.org"},
        {"https://press.example.org?c", "https://press.example.org", "press.example.org"},
        {"https://press.example.org#d", "https://press.example.org", "press.example.org"},
        {"https://press.example.org:8443/a", "https://press.example.org:8443", "press.example.org"},
        {"http://localhost:8080", "http://localhost:8080", "localhost"},
        {"press.example.org", NULL, NULL},
        {"https:///a", NULL, NULL},
        {"https://:80/", NULL, NULL},
        {"nothing to see here ://x", NULL, NULL},
        {NULL, NULL, NULL},
    };
    (void)state;
    for_each_row (i, rows, rows[i].url) {
        char origin[300] = "";
        char rp_id[256] = "";
        assert_int_equal(nl_passkey_place(rows[i].url, origin, rp_id), rows[i].origin != NULL);
        if (rows[i].origin != NULL) {
            assert_string_equal(origin, rows[i].origin);
            assert_string_equal(rp_id, rows[i].rp_id);
        }
    }
}

/* The longest name of a host has 253 letters, and the longest port 5. */
static void test_long_places(void **state) {
    static const struct {
        int letters;
        const char *port;
        bool good;
    } rows[] = {{253, "", true},
                {253, ":65535", true},
                {254, "", false},
                {253, ":123456", true},
                {253, ":1234567", false}};
    (void)state;
    for_each_row (i, rows, rows[i].port) {
        char url[400];
        char origin[300] = "";
        char rp_id[256] = "";
        snprintf(url, sizeof url, "https://%0*d%s/", rows[i].letters, 0, rows[i].port);
        assert_int_equal(nl_passkey_place(url, origin, rp_id), rows[i].good);
        if (rows[i].good) {
            assert_int_equal(strlen(rp_id), 253);
            assert_int_equal(strlen(origin), strlen(url) - 1);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64url),
        cmocka_unit_test(test_base64url_has_a_bound),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_long_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
