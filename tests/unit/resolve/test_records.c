/* Records as the DNS has them: which names are a host's, which hosts a domain has, and which of
 * their addresses mail may go to. */
#include "resolve/made_lookup.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 300 };

/* A name in wire format (RFC 1035 section 3.1), from "mx.example". */
static size_t wire_of(const char *name, char *out) {
    size_t at = 0;
    while (*name != '\0') {
        size_t len = strcspn(name, ".");
        out[at++] = (char)len;
        memcpy(out + at, name, len);
        at += len;
        name += len + (name[len] == '.');
    }
    out[at++] = '\0';
    return at;
}

static bool reads(const char *name, char out[NL_MAIL_NAME]) {
    char wire[LONGEST + 2];
    return nl_answer_name(wire, wire_of(name, wire), out);
}

static void test_names_of_hosts(void **state) {
    static const struct {
        const char *name, *read; /* NULL: not a host's */
    } cases[] = {
        {"", ""}, /* the root */
        {"mx.example.org", "mx.example.org"},
        {"MX.aZ-Az_09.example", "mx.az-az_09.example"},
        {"mx-.example", "mx-.example"},
        {"mx.-example", "mx.-example"},
        {"-mx.example", NULL}, /* to libcurl, "take this address out" */
        {"m`x.example", NULL}, /* next to a, z, A, Z, 0 and 9 */
        {"m{x.example", NULL},
        {"m@x.example", NULL},
        {"m[x.example", NULL},
        {"m/x.example", NULL},
        {"m:x.example", NULL},
        {"m x.example", NULL},
        {"m\303\244x.example", NULL},
        {"4.example", "4.example"},
        {"127.0.0.1", NULL}, /* an address, also with fewer numbers and in base 16 */
        {"127.1", NULL},
        {"2130706433", NULL},
        {"127.0x1f", NULL},
        {"0X7F", NULL},
        {"127.0x", NULL},
        {"mx.1a", "mx.1a"},
        {"mx.0xfg", "mx.0xfg"},
        {"mx.x1", "mx.x1"},
        {"mx.1x1", "mx.1x1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[NL_MAIL_NAME];
        bool is = reads(cases[i].name, out);
        if (is != (cases[i].read != NULL) || (is && strcmp(out, cases[i].read) != 0))
            fail_msg("row %zu: %s", i, cases[i].name);
    }
}

static void test_names_are_as_long_as_the_dns_has_them(void **state) {
    static const struct {
        size_t first, last; /* characters of these labels, with two of 63 between */
        bool taken;
    } cases[] = {{63, 61, true}, {63, 62, false}, {64, 5, false}, {1, 63, true}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[LONGEST];
        char out[NL_MAIL_NAME];
        char x[65];
        memset(x, 'x', sizeof x);
        snprintf(name, sizeof name, "%.*s.%.*s.%.*s.%.*s", (int)cases[i].first, x, 63, x, 63, x,
                 (int)cases[i].last, x);
        if (reads(name, out) != cases[i].taken)
            fail_msg("row %zu", i);
        if (cases[i].taken)
            assert_string_equal(out, name);
    }
}

static void test_names_that_end_too_early_or_too_late(void **state) {
    static const struct {
        const char *wire;
        size_t len;
    } cases[] = {
        {"", 0},
        {"\2mx", 3},         /* without the root */
        {"\3mx\0", 4},       /* the label takes the root's place */
        {"\2mx\0\0", 5},     /* a byte too many */
        {"\2mx\0\2mx\0", 8}, /* two names */
        {"\2mx\300\14", 5},  /* a pointer, which libunbound resolves */
        {"\77mx\0", 4},      /* longer than the record */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[NL_MAIL_NAME];
        if (nl_answer_name(cases[i].wire, cases[i].len, out))
            fail_msg("row %zu", i);
    }
}

static void add_host(struct made_answer *answer, int preference, const char *name) {
    char record[LONGEST] = {(char)(preference / 256), (char)(preference % 256)};
    made_answer_add(answer, record, 2 + wire_of(name, record + 2));
}

/* "10 mx.example, 20 ..." */
static void assert_hosts(const struct made_answer *answer, bool null, const char *expected) {
    struct lookup *lookup = made_lookup(NULL);
    struct nl_buf found = {0};
    bool is_null = !null;
    nl_answer_hosts(&answer->result, lookup, &is_null);
    for (size_t i = 0; i < lookup->route.host_count; i++)
        nl_buf_addf(&found, "%s%d %s", i > 0 ? ", " : "", lookup->hosts[i].preference,
                    lookup->hosts[i].name);
    assert_string_equal(nl_buf_text(&found), expected);
    assert_int_equal(is_null, null);
    nl_buf_free(&found);
    nl_lookup_free(lookup);
}

static void test_hosts_come_by_preference_each_once(void **state) {
    struct made_answer answer = {0};
    struct made_answer twice = {0};
    (void)state;
    add_host(&answer, 300, "far.example");
    add_host(&answer, 255, "near.example");
    add_host(&answer, 65535, "last.example");
    add_host(&answer, 0, "first.example");
    assert_hosts(&answer, false,
                 "0 first.example, 255 near.example, 300 far.example, 65535 last.example");
    add_host(&twice, 10, "one.example");
    add_host(&twice, 20, "two.example");
    add_host(&twice, 30, "ONE.example");
    add_host(&twice, 40, "two.example");
    assert_hosts(&twice, false, "10 one.example, 20 two.example");
}

/* RFC 7505 section 3: only a domain with one record, for the root, takes no mail. */
static void test_a_domain_that_takes_no_mail(void **state) {
    static const struct {
        const char *names[3]; /* with the preferences 0, 10 and 20 */
        bool null;
        const char *hosts;
    } cases[] = {{{""}, true, ""},
                 {{"-mx.example"}, false, ""},
                 {{"mx.example", "", "second.example"}, false, "0 mx.example, 20 second.example"},
                 {{"", ""}, false, ""},
                 {{"", "-mx.example"}, false, ""}};
    (void)state;
    for (size_t row = 0; row < sizeof cases / sizeof cases[0]; row++) {
        struct made_answer answer = {0};
        for (int i = 0; i < 3 && cases[row].names[i] != NULL; i++)
            add_host(&answer, 10 * i, cases[row].names[i]);
        assert_hosts(&answer, cases[row].null, cases[row].hosts);
    }
}

static void test_records_that_name_nobody_are_left_out(void **state) {
    struct made_answer answer = {0};
    (void)state;
    for (size_t len = 0; len < 3; len++)
        made_answer_add(&answer, "\0\1", len);
    add_host(&answer, 10, "m x.example");
    add_host(&answer, 20, "mx.example");
    assert_hosts(&answer, false, "20 mx.example");
}

/* Whichever place the least preferred one has among those that there is room for. */
static void test_the_least_preferred_of_too_many_is_left_out(void **state) {
    (void)state;
    for (int worst = 0; worst < NL_MAIL_HOSTS; worst++) {
        struct made_answer answer = {0};
        struct nl_buf expected = {0};
        for (int i = 0; i < NL_MAIL_HOSTS; i++) {
            char name[32];
            snprintf(name, sizeof name, "mx%d.example", i);
            add_host(&answer, i == worst ? 900 : 100 + i, name);
            if (i != worst)
                nl_buf_addf(&expected, ", %d %s", 100 + i, name);
        }
        add_host(&answer, 901, "worse.example");
        add_host(&answer, 50, "better.example");
        char whole[2048];
        snprintf(whole, sizeof whole, "50 better.example%s", nl_buf_text(&expected));
        assert_hosts(&answer, false, whole);
        nl_buf_free(&expected);
    }
}

/* RFC 5321 section 5.1. In 1200 draws, each of six orders comes 200 times, give or take 13. Places
 * that nobody has taken have the preference 0, too. */
static void test_hosts_of_one_preference_come_in_each_order(void **state) {
    static const char *const orders[] = {"abc", "acb", "bac", "bca", "cab", "cba"};
    size_t counts[6] = {0};
    struct made_answer answer = {0};
    (void)state;
    add_host(&answer, 0, "a.example");
    add_host(&answer, 0, "b.example");
    add_host(&answer, 0, "c.example");
    for (size_t draw = 0; draw < 1200; draw++) {
        struct lookup *lookup = made_lookup(NULL);
        bool null = true;
        nl_answer_hosts(&answer.result, lookup, &null);
        assert_int_equal(lookup->route.host_count, 3);
        const char order[] = {lookup->hosts[0].name[0], lookup->hosts[1].name[0],
                              lookup->hosts[2].name[0], '\0'};
        size_t at = 0;
        while (at < 6 && strcmp(orders[at], order) != 0)
            at++;
        assert_true(at < 6);
        counts[at]++;
        nl_lookup_free(lookup);
    }
    for (size_t i = 0; i < 6; i++)
        if (counts[i] < 100 || counts[i] > 300)
            fail_msg("%s came %zu times", orders[i], counts[i]);
}

static void add_address(struct made_answer *answer, const char *text) {
    unsigned char bytes[16];
    bool six = strchr(text, ':') != NULL;
    assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, text, bytes), 1);
    made_answer_add(answer, bytes, six ? 16 : 4);
}

struct machine {
    struct nl_resolver resolver;
    struct lookup *lookup;
};

static struct machine machine_with(const char *allowed, const char *own) {
    struct machine machine = {.lookup = made_lookup(NULL)};
    struct nl_error err = {0};
    assert_int_equal(nl_reach_open(allowed, &machine.resolver.reach, &err), NL_OK);
    assert_int_equal(nl_networks_parse(own, &machine.resolver.own, &err), NL_OK);
    return machine;
}

static void free_machine(struct machine *machine) {
    nl_lookup_free(machine->lookup);
    nl_networks_free(&machine->resolver.own);
    nl_reach_close(&machine->resolver.reach);
}

static void assert_addresses(const struct nl_mail_host *host, const char *expected) {
    struct nl_buf found = {0};
    for (size_t i = 0; i < host->address_count; i++) {
        char text[NL_IP_TEXT];
        nl_ip_text(&host->addresses[i], text);
        nl_buf_addf(&found, "%s%s", i > 0 ? ", " : "", text);
    }
    assert_string_equal(nl_buf_text(&found), expected);
    nl_buf_free(&found);
}

static void test_addresses_of_ipv6_come_first(void **state) {
    struct made_answer four = {0};
    struct made_answer six = {0};
    (void)state;
    add_address(&four, "93.184.216.1");
    add_address(&four, "93.184.216.2");
    add_address(&six, "2a00:1450::1");
    add_address(&six, "2a00:1450::2");
    for (int turn = 0; turn < 2; turn++) {
        struct machine machine = machine_with(NULL, NULL);
        struct nl_mail_host host = {0};
        nl_answer_addresses(&machine.resolver, turn == 0 ? &four.result : &six.result,
                            machine.lookup, &host);
        nl_answer_addresses(&machine.resolver, turn == 0 ? &six.result : &four.result,
                            machine.lookup, &host);
        assert_addresses(&host, "2a00:1450::1, 2a00:1450::2, 93.184.216.1, 93.184.216.2");
        assert_false(machine.lookup->refused);
        free_machine(&machine);
    }
}

static void test_no_more_than_eight_addresses_of_each_kind(void **state) {
    struct made_answer four = {0};
    struct made_answer six = {0};
    struct machine machine = machine_with(NULL, NULL);
    struct nl_mail_host host = {0};
    char text[NL_IP_TEXT];
    (void)state;
    for (int i = 1; i <= 9; i++) {
        snprintf(text, sizeof text, "93.184.216.%d", i);
        add_address(&four, text);
        snprintf(text, sizeof text, "2a00:1450::%d", i);
        add_address(&six, text);
    }
    nl_answer_addresses(&machine.resolver, &four.result, machine.lookup, &host);
    nl_answer_addresses(&machine.resolver, &six.result, machine.lookup, &host);
    assert_int_equal(host.address_count, 16);
    nl_ip_text(&host.addresses[7], text);
    assert_string_equal(text, "2a00:1450::8");
    nl_ip_text(&host.addresses[8], text);
    assert_string_equal(text, "93.184.216.1");
    free_machine(&machine);
}

static void test_addresses_that_mail_must_not_go_to(void **state) {
    static const struct {
        const char *allowed, *own, *address;
        bool taken;
    } cases[] = {
        {NULL, NULL, "93.184.216.1", true},
        {NULL, NULL, "10.0.0.1", false},
        {"10.0.0.0/8", NULL, "10.0.0.1", true},
        {"10.0.0.0/8", NULL, "192.168.0.1", false},
        {NULL, "93.184.216.1", "93.184.216.1", false}, /* mail would go round */
        {NULL, "93.184.216.1", "93.184.216.2", true},
        {NULL, "2a00:1450::1", "2a00:1450::1", false},
        {"93.184.216.0/24", "93.184.216.1", "93.184.216.1", true}, /* somebody wants it so */
        {"10.0.0.0/8", "10.0.0.1", "10.0.0.1", true},
        {NULL, NULL, "::ffff:127.0.0.1", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct machine machine = machine_with(cases[i].allowed, cases[i].own);
        struct nl_mail_host host = {0};
        struct made_answer answer = {0};
        add_address(&answer, cases[i].address);
        nl_answer_addresses(&machine.resolver, &answer.result, machine.lookup, &host);
        if (host.address_count != cases[i].taken || machine.lookup->refused == cases[i].taken)
            fail_msg("row %zu: %s", i, cases[i].address);
        free_machine(&machine);
    }
}

static void test_records_of_another_size_are_not_addresses(void **state) {
    static const size_t sizes[] = {0, 3, 5, 15, 17};
    struct machine machine = machine_with(NULL, NULL);
    struct nl_mail_host host = {0};
    struct made_answer answer = {0};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        made_answer_add(&answer, "\x5d\xb8\xd8\1\x5d\xb8\xd8\1\x5d\xb8\xd8\1\x5d\xb8\xd8\1",
                        sizes[i]);
    add_address(&answer, "93.184.216.9");
    nl_answer_addresses(&machine.resolver, &answer.result, machine.lookup, &host);
    assert_addresses(&host, "93.184.216.9");
    assert_false(machine.lookup->refused);
    free_machine(&machine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_hosts),
        cmocka_unit_test(test_names_are_as_long_as_the_dns_has_them),
        cmocka_unit_test(test_names_that_end_too_early_or_too_late),
        cmocka_unit_test(test_hosts_come_by_preference_each_once),
        cmocka_unit_test(test_a_domain_that_takes_no_mail),
        cmocka_unit_test(test_records_that_name_nobody_are_left_out),
        cmocka_unit_test(test_the_least_preferred_of_too_many_is_left_out),
        cmocka_unit_test(test_hosts_of_one_preference_come_in_each_order),
        cmocka_unit_test(test_addresses_of_ipv6_come_first),
        cmocka_unit_test(test_no_more_than_eight_addresses_of_each_kind),
        cmocka_unit_test(test_addresses_that_mail_must_not_go_to),
        cmocka_unit_test(test_records_of_another_size_are_not_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
