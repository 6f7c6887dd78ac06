#include "support.h"

#include "newsletter/base/network.h"

static bool contains(const char *networks, const char *address) {
    struct nl_error err = {0};
    struct nl_networks parsed = {0};
    struct nl_ip ip;
    assert_ok(nl_networks_parse(networks, &parsed, &err));
    assert_true(nl_ip_parse(address, &ip));
    bool found = nl_networks_contain(&parsed, &ip);
    nl_networks_free(&parsed);
    return found;
}

static void test_contain(void **state) {
    (void)state;
    assert_true(contains("192.0.2.0/24", "192.0.2.255"));
    assert_false(contains("192.0.2.0/24", "192.0.3.0"));
    assert_true(contains("192.0.2.77/24", "192.0.2.1"));
    assert_true(contains("10.0.0.0/9", "10.127.1.1"));
    assert_false(contains("10.0.0.0/9", "10.128.0.0"));
    assert_true(contains("127.0.0.1", "127.0.0.1"));
    assert_false(contains("127.0.0.1", "127.0.0.2"));
    assert_true(contains("10.0.0.0/8, 2001:db8::/32", "2001:db8:ffff::1"));
    assert_false(contains("2001:db8::/32", "2001:db9::"));
    assert_true(contains("::/0", "192.0.2.1"));
    assert_true(contains("0.0.0.0/0", "192.0.2.1"));
    assert_false(contains("0.0.0.0/0", "2001:db8::1"));
    assert_true(contains("192.0.2.0/24", "::ffff:192.0.2.9"));
    assert_false(contains("", "127.0.0.1"));
    assert_false(contains(NULL, "127.0.0.1"));
}

static void test_errors(void **state) {
    (void)state;
    static const char *const bad[] = {"x",       "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/",
                                      "192.0.2", "::1/129",      "10.0.0.0/8,x", "10.0.0.0/8/8"};
    for_each_row (i, bad, bad[i]) {
        struct nl_error err = {0};
        struct nl_networks parsed = {0};
        assert_fails(nl_networks_parse(bad[i], &parsed, &err), NL_DATA, "is not a network");
    }
}

static void check_network(const char *address, const char *expected) {
    struct nl_ip ip;
    char text[NL_IP_TEXT];
    assert_true(nl_ip_parse(address, &ip));
    struct nl_ip network = nl_ip_network(&ip);
    nl_ip_text(&network, text);
    assert_string_equal(text, expected);
}

static void test_network_of(void **state) {
    (void)state;
    check_network("192.0.2.77", "192.0.2.0");
    check_network("2001:db8:1:2345:6789::1", "2001:db8:1:2345::");
}

static void test_loopback(void **state) {
    (void)state;
    static const char *const own[] = {"localhost", "LOCALHOST", "127.0.0.1",  "127.9.9.9",
                                      "::1",       "[::1]",     "[127.0.0.1]"};
    static const char *const others[] = {"192.0.2.1",       "::2",  "localhost.example.org",
                                         "127.example.org", "",     "[]",
                                         "[::2]",           "[::1", "[localhost]"};
    for_each_row (i, own, own[i])
        assert_true(nl_host_is_loopback(own[i]));
    for_each_row (i, others, others[i])
        assert_false(nl_host_is_loopback(others[i]));
}

static void check_client(const char *peer, const char *header, const char *expected) {
    struct nl_error err = {0};
    struct nl_networks trusted = {0};
    struct nl_ip ip;
    char text[NL_IP_TEXT];
    assert_ok(nl_networks_parse("127.0.0.1, 10.0.0.0/8", &trusted, &err));
    assert_true(nl_ip_parse(peer, &ip));
    struct nl_ip client = nl_networks_client(&trusted, &ip, header);
    nl_ip_text(&client, text);
    assert_string_equal(text, expected);
    nl_networks_free(&trusted);
}

static void test_client(void **state) {
    (void)state;
    check_client("127.0.0.1", NULL, "127.0.0.1");
    check_client("127.0.0.1", "192.0.2.9", "192.0.2.9");
    check_client("192.0.2.1", "192.0.2.9", "192.0.2.1"); /* no proxy of ours: its word is nothing */
    check_client("127.0.0.1", "192.0.2.1, 192.0.2.9 ,\t10.1.2.3", "192.0.2.9");
    check_client("127.0.0.1", "10.1.2.3,10.1.2.4", "10.1.2.3");
    check_client("127.0.0.1", "192.0.2.1, nonsense", "127.0.0.1");
    check_client("127.0.0.1", "192.0.2.1,", "127.0.0.1");
    check_client("127.0.0.1", "192.0.2.1, 10.1.2.3, ", "127.0.0.1");
    check_client("127.0.0.1", ",", "127.0.0.1");
    check_client("127.0.0.1", "2001:db8::1", "2001:db8::1");
}

static void test_addresses_of_this_machine(void **state) {
    (void)state;
    assert_true(nl_address_is_here("127.0.0.1"));
    assert_false(nl_address_is_here("192.0.2.1")); /* RFC 5737: nobody's */
    assert_false(nl_address_is_here("2001:db8::1"));
    assert_false(nl_address_is_here("mail.example.org"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_of_this_machine),
        cmocka_unit_test(test_contain),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_network_of),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
