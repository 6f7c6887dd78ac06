#include "support.h"

#include "newsletter/base/endpoint.h"

static void test_read(void **state) {
    (void)state;
    static const struct {
        const char *text, *host, *port;
        int number;
    } rows[] = {
        {"mail.example.org", "mail.example.org", NULL, 0},
        {"mail.example.org:587", "mail.example.org", "587", 587},
        {"127.0.0.1:0", "127.0.0.1", "0", 0},
        {"127.0.0.1:65535", "127.0.0.1", "65535", 65535},
        {"127.0.0.1:65536", "127.0.0.1", "65536", 0},
        {"127.0.0.1:_x", "127.0.0.1", "_x", 0},
        {"127.0.0.1:", "127.0.0.1", "", 0},
        {"[::1]:8025", "::1", "8025", 8025},
        {"[::1]", "::1", NULL, 0},
        {"::1", "::1", NULL, 0},
        {"2001:db8::1", "2001:db8::1", NULL, 0},
        {"[::1]:+5", "::1", "+5", 0},
    };
    for_each_row (i, rows, rows[i].text) {
        struct nl_endpoint at;
        assert_true(nl_endpoint_read(rows[i].text, &at));
        assert_string_equal(at.host, rows[i].host);
        assert_int_equal(at.number, rows[i].number);
        assert_true((at.port == NULL) == (rows[i].port == NULL));
        if (at.port != NULL)
            assert_string_equal(at.port, rows[i].port);
    }
}

static void test_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"", ":25", "[]", "[]:25", "[::1", "[::1]25", "[::1]]", "[:"};
    char longest[NL_ENDPOINT_HOST + 8];
    struct nl_endpoint at;
    for_each_row (i, bad, bad[i])
        assert_false(nl_endpoint_read(bad[i], &at));
    memset(longest, 'x', sizeof longest);
    longest[NL_ENDPOINT_HOST] = '\0';
    assert_false(nl_endpoint_read(longest, &at));
    longest[NL_ENDPOINT_HOST - 1] = '\0';
    assert_true(nl_endpoint_read(longest, &at));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
