/* Answers of the DNS, byte by byte: names, mail hosts and their addresses. They come from
 * strangers. */
#include "resolve/lookup.h"
#include "support.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 40 };

/* An answer with these records. */
struct answer {
    struct ub_result result;
    unsigned char bytes[MOST][300];
    char *data[MOST + 1];
    int len[MOST];
    int count;
};

static struct lookup lookup;
static struct nl_resolver resolver;
static struct answer answer;

static int set_up(void **state) {
    struct nl_error err = {0};
    (void)state;
    lookup = (struct lookup){.resolver = &resolver};
    lookup.hosts = calloc(NL_MAIL_HOSTS + 1, sizeof lookup.hosts[0]);
    resolver = (struct nl_resolver){.port = 25};
    assert_ok(nl_reach_open("10.1.0.0/16, 9.9.9.77", &resolver.reach, &err));
    assert_ok(nl_networks_parse("9.9.9.76, 9.9.9.77, 2001:470::99", &resolver.own, &err));
    answer = (struct answer){.count = 0};
    answer.result.data = answer.data;
    answer.result.len = answer.len;
    answer.result.havedata = 1;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    free(lookup.hosts);
    nl_reach_close(&resolver.reach);
    nl_networks_free(&resolver.own);
    return 0;
}

static void add(const void *data, size_t len) {
    memcpy(answer.bytes[answer.count], data, len);
    answer.data[answer.count] = (char *)answer.bytes[answer.count];
    answer.len[answer.count++] = (int)len;
}

/* In the form of RFC 1035 section 3.1. */
static size_t put_name(const char *name, unsigned char *out) {
    size_t at = 0;
    for (const char *label = name; *label != '\0';) {
        size_t len = strcspn(label, ".");
        out[at++] = (unsigned char)len;
        memcpy(out + at, label, len);
        at += len;
        label += len + (label[len] == '.');
    }
    out[at++] = 0;
    return at;
}

static void add_host(int preference, const char *name) {
    unsigned char data[300] = {(unsigned char)(preference / 256),
                               (unsigned char)(preference % 256)};
    add(data, 2 + put_name(name, data + 2));
}

/* ---- names ---- */

#define LABEL_61 "a23456789012345678901234567890123456789012345678901234567890z"
#define LABEL_63 LABEL_61 "bc"

static void test_names(void **state) {
    static const struct {
        const char *name, *read; /* NULL: it is not a host name */
    } rows[] = {
        {"mx.example", "mx.example"},
        {"MX.Example", "mx.example"},
        {"a-b_c.example", "a-b_c.example"},
        {"AZ.az.az09x", "az.az.az09x"},
        {"", ""},
        {"-mx.example", NULL},
        {"m/x.example", NULL},
        {"m:x.example", NULL},
        {"m@x.example", NULL},
        {"m[x.example", NULL},
        {"m`x.example", NULL},
        {"m{x.example", NULL},
        {"m x.example", NULL},
        {"127.0.0.1", NULL},
        {"mx.1", NULL},
        {"mx.0x1f", NULL},
        {"mx.0x1g", "mx.0x1g"},
        {"mx.1x", "mx.1x"},
        {"localhost", "localhost"},
        {"10", NULL},
        {LABEL_63 ".example", LABEL_63 ".example"},
        {LABEL_63 "d.example", NULL},
        {LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61,
         LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61},
        {LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61 "b", NULL},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        unsigned char data[300];
        char out[NL_MAIL_NAME];
        size_t len = put_name(rows[i].name, data);
        bool good = nl_answer_name((const char *)data, len, out);
        assert_int_equal(good, rows[i].read != NULL);
        if (good)
            assert_string_equal(out, rows[i].read);
    }
}

/* Bytes that are not a name. They stand in memory of just that size. */
static void test_broken_names(void **state) {
    static const struct {
        const char *data;
        size_t len;
    } rows[] = {{"", 0},          {"\3foo", 4},        {"\4foo", 4},    {"\3foo\0x", 6},
                {"\3foo\3", 5},   {"\3foo\300\0", 6},  {"\3f\0o\0", 5}, {"\100foo\0", 5},
                {"\3foo\0\0", 6}, {"\377\377\377", 3}, {"\3f.o\0", 5},  {"\1", 1}};
    (void)state;
    for_each_row (i, rows, rows[i].data) {
        char out[NL_MAIL_NAME];
        char *copy = malloc(rows[i].len + (rows[i].len == 0));
        memcpy(copy, rows[i].data, rows[i].len);
        assert_false(nl_answer_name(copy, rows[i].len, out));
        free(copy);
    }
}

/* ---- mail hosts ---- */

/* "PREFERENCE NAME ", in the order of the route. */
static void assert_hosts(const char *expected, bool null) {
    struct nl_buf text = {0};
    bool found = !null;
    nl_answer_hosts(&answer.result, &lookup, &found);
    assert_int_equal(found, null);
    for (size_t i = 0; i < lookup.route.host_count; i++)
        nl_buf_addf(&text, "%d %s ", lookup.hosts[i].preference, lookup.hosts[i].name);
    assert_string_equal(nl_buf_text(&text), expected);
    nl_buf_free(&text);
}

static void test_hosts_by_preference(void **state) {
    (void)state;
    add_host(300, "c.example");
    add_host(5, "a.example");
    add_host(256, "b.example");
    add_host(1, "A.example"); /* known */
    add_host(7, "-x.example");
    add("\0\1", 2);
    add_host(1, ""); /* a null MX counts only alone (RFC 7505 section 3) */
    assert_hosts("5 a.example 256 b.example 300 c.example ", false);
}

static void test_null_mx(void **state) {
    (void)state;
    add_host(0, "");
    assert_hosts("", true);
}

static void test_no_host_that_can_be_used(void **state) {
    (void)state;
    add_host(0, "127.0.0.1");
    assert_hosts("", false);
}

/* Each host of a preference is the first one about as often, and preferences are kept apart. */
static void test_hosts_of_one_preference(void **state) {
    int first[3] = {0};
    (void)state;
    add_host(10, "x0.example");
    add_host(10, "x1.example");
    add_host(10, "x2.example");
    add_host(20, "y0.example");
    for (int turn = 0; turn < 600; turn++) {
        bool null = false;
        lookup.route.host_count = 0;
        nl_answer_hosts(&answer.result, &lookup, &null);
        first[lookup.hosts[0].name[1] - '0']++;
        assert_string_equal(lookup.hosts[3].name, "y0.example");
    }
    for (int i = 0; i < 3; i++)
        assert_in_range(first[i], 120, 280);
}

/* Of more hosts than there is room for, those of the lowest preference stay. */
static void test_many_hosts(void **state) {
    bool null = false;
    (void)state;
    for (int i = 0; i < 2 * NL_MAIL_HOSTS; i++) {
        char name[32];
        int preference = i * 7 % (2 * NL_MAIL_HOSTS); /* each once */
        snprintf(name, sizeof name, "h%d.example", preference);
        add_host(preference, name);
    }
    nl_answer_hosts(&answer.result, &lookup, &null);
    assert_int_equal(lookup.route.host_count, NL_MAIL_HOSTS);
    for (int i = 0; i < NL_MAIL_HOSTS; i++)
        assert_int_equal(lookup.hosts[i].preference, i);
    assert_string_equal(lookup.hosts[NL_MAIL_HOSTS].name, "");
}

/* ---- addresses ---- */

static void add_address(const char *text) {
    unsigned char data[16];
    bool six = strchr(text, ':') != NULL;
    assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, text, data), 1);
    add(data, six ? 16 : 4);
}

static void assert_addresses(const char *expected, bool refused) {
    struct nl_buf text = {0};
    nl_answer_addresses(&resolver, &answer.result, &lookup, &lookup.hosts[0]);
    for (size_t i = 0; i < lookup.hosts[0].address_count; i++) {
        char one[NL_IP_TEXT];
        nl_ip_text(&lookup.hosts[0].addresses[i], one);
        nl_buf_addf(&text, "%s ", one);
    }
    assert_string_equal(nl_buf_text(&text), expected);
    assert_int_equal(lookup.refused, refused);
    nl_buf_free(&text);
}

/* Private networks and this machine's own addresses are refused, unless they are allowed. */
static void test_addresses(void **state) {
    (void)state;
    add_address("9.9.9.1");
    add("abc", 3);
    add_address("9.9.9.2");
    assert_addresses("9.9.9.1 9.9.9.2 ", false);
    add_address("10.2.0.1");
    add_address("10.1.0.1");
    add_address("9.9.9.76");
    add_address("9.9.9.77");
    lookup.hosts[0].address_count = 0;
    assert_addresses("9.9.9.1 9.9.9.2 10.1.0.1 9.9.9.77 ", true);
}

static void test_own_addresses_alone(void **state) {
    (void)state;
    add_address("2001:470::99");
    assert_addresses("", true);
}

/* IPv6 stands first, whichever answer comes first; there are eight of each. */
static void test_many_addresses(void **state) {
    static const char four[] = "9.9.9.10 9.9.9.11 9.9.9.12 9.9.9.13 "
                               "9.9.9.14 9.9.9.15 9.9.9.16 9.9.9.17 ";
    static const char six[] = "2001:470::10 2001:470::11 2001:470::12 2001:470::13 "
                              "2001:470::14 2001:470::15 2001:470::16 2001:470::17 ";
    char both[sizeof four + sizeof six];
    char text[40];
    (void)state;
    for (int i = 10; i < 20; i++) {
        snprintf(text, sizeof text, "9.9.9.%d", i);
        add_address(text);
    }
    assert_addresses(four, false);
    answer.count = 0;
    memset(answer.data, 0, sizeof answer.data);
    for (int i = 10; i < 20; i++) {
        snprintf(text, sizeof text, "2001:470::%d", i);
        add_address(text);
    }
    snprintf(both, sizeof both, "%s%s", six, four);
    assert_addresses(both, false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_names),
        TEST(test_broken_names),
        TEST(test_hosts_by_preference),
        TEST(test_null_mx),
        TEST(test_no_host_that_can_be_used),
        TEST(test_hosts_of_one_preference),
        TEST(test_many_hosts),
        TEST(test_addresses),
        TEST(test_own_addresses_alone),
        TEST(test_many_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
