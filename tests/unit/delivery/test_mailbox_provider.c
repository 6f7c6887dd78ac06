/* Large mailbox providers: whose a host is, what it takes, and what the configuration changes. */
#include "support.h"

#include "delivery/mailbox_provider.h"

#include <string.h>

static void test_whose_a_host_is(void **state) {
    static const struct {
        const char *host, *name;
        int64_t connections, messages, per_minute, per_hour;
    } rows[] = {
        {"gmail-smtp-in.l.google.com", "google", 20, 100, 600, 20000},
        {"example-org.mail.protection.outlook.com", "microsoft", 20, 0, 600, 20000},
        {"hotmail-com.olc.protection.outlook.com", "microsoft", 10, 100, 600, 20000},
        {"mx1.mail.icloud.com", "apple", 10, 100, 200, 8000},
        {"mx.netease.com", "netease", 3, 20, 60, 1000},
        {"mx.example.org", "other", 7, 0, 0, 0},
        {"google.com.example.org", "other", 7, 0, 0, 0},
        {"google.com", "other", 7, 0, 0, 0},
        {"", "other", 7, 0, 0, 0},
    };
    const struct nl_config config = {.direct.connections = 7};
    (void)state;
    for_each_row (i, rows, rows[i].host) {
        struct nl_mailbox_provider provider;
        struct nl_mailbox_provider found = {0};
        nl_mailbox_provider_limits(rows[i].host, &config, &provider);
        assert_string_equal(provider.name, rows[i].name);
        assert_int_equal(provider.connections, rows[i].connections);
        assert_int_equal(provider.messages, rows[i].messages);
        assert_int_equal(provider.per_minute, rows[i].per_minute);
        assert_int_equal(provider.per_hour, rows[i].per_hour);
        assert_int_equal(nl_mailbox_provider_find(rows[i].host, &found),
                         strcmp(rows[i].name, "other") != 0);
    }
}

/* A limit of the configuration counts for its provider alone; the others stay. */
static void test_limits_of_the_configuration(void **state) {
    struct nl_config config = {.direct.connections = 7};
    struct nl_mailbox_provider provider;
    (void)state;
    config.direct.providers[0] = (struct nl_provider_limit){.name = "google", .per_hour = 5};
    config.direct.providers[1] = (struct nl_provider_limit){.name = "other", .connections = 2};
    config.direct.providers[2] = (struct nl_provider_limit){
        .name = "google", .connections = 1, .messages = 3, .per_minute = 4};
    nl_mailbox_provider_limits("mx.google.com", &config, &provider);
    assert_int_equal(provider.connections, 1);
    assert_int_equal(provider.messages, 3);
    assert_int_equal(provider.per_minute, 4);
    assert_int_equal(provider.per_hour, 5);
    nl_mailbox_provider_limits("mx.example.org", &config, &provider);
    assert_int_equal(provider.connections, 2);
    assert_int_equal(provider.per_hour, 0);
    nl_mailbox_provider_limits("mx.gmx.net", &config, &provider);
    assert_int_equal(provider.connections, 10);
    assert_int_equal(provider.per_minute, 200);
    assert_int_equal(provider.per_hour, 8000);
    /* The last place of the table counts, too. */
    for (size_t i = 0; i < NL_PROVIDER_LIMITS; i++)
        config.direct.providers[i] = (struct nl_provider_limit){.name = "other", .messages = 1};
    config.direct.providers[NL_PROVIDER_LIMITS - 1] =
        (struct nl_provider_limit){.name = "gmx", .messages = 8};
    nl_mailbox_provider_limits("mx.gmx.net", &config, &provider);
    assert_int_equal(provider.messages, 8);
}

static void test_warm_up(void **state) {
    static const struct {
        const char *name;
        int64_t day, messages;
    } rows[] = {
        {"google", 0, 50},     {"google", 1, 100}, {"google", 14, 100000}, {"google", 15, -1},
        {"google", 10000, -1}, {"qq", 6, 800},     {"qq", 7, -1},          {"other", 0, 200},
        {"other", 9, 80000},   {"other", 10, -1},  {"goo", 0, -1},         {"nobody", 0, -1},
        {"gmx", 0, 11},        {"gmx", 1, 22},     {"gmx", 2, -1},         {"gmx", 99999, -1},
        {"telekom", 0, 1},     {"telekom", 1, -1},
    };
    struct nl_config config = {0};
    (void)state;
    config.direct.warm_up[0].provider = (char *)"gmx";
    config.direct.warm_up[0].days[0] = 11;
    config.direct.warm_up[0].days[1] = 22;
    config.direct.warm_up[1].provider = (char *)"telekom";
    config.direct.warm_up[1].days[0] = 1;
    for_each_row (i, rows, rows[i].name)
        assert_int_equal(nl_mailbox_provider_warm_up(rows[i].name, rows[i].day, &config),
                         rows[i].messages);
    /* A plan of as many days as there may be. */
    for (size_t i = 0; i < NL_WARM_UP_DAYS; i++)
        config.direct.warm_up[0].days[i] = 1000 + (int64_t)i;
    assert_int_equal(nl_mailbox_provider_warm_up("gmx", NL_WARM_UP_DAYS - 1, &config),
                     1000 + NL_WARM_UP_DAYS - 1);
    assert_int_equal(nl_mailbox_provider_warm_up("gmx", NL_WARM_UP_DAYS, &config), -1);
}

static void test_meanings(void **state) {
    static const struct {
        const char *host, *status, *text;
        int code;
        enum nl_provider_meaning meaning;
    } rows[] = {
        {"mx.google.com", "4.7.28", "an Unusual Rate", 421, NL_PROVIDER_SLOWER},
        {"mx.google.com", "", "Our system has detected an UNUSUAL RATE", 421, NL_PROVIDER_SLOWER},
        {"mx.google.com", "", "an unusual rate", 450, NL_PROVIDER_AS_CODED},
        {"mx.google.com", "5.7.26", "no", 550, NL_PROVIDER_BLOCKED},
        {"mx.google.com", "5.7.25", "no", 550, NL_PROVIDER_ADDRESS},
        {"mx.example.org", "4.7.28", "an unusual rate", 421, NL_PROVIDER_AS_CODED},
        {"mx.netease.com", "", "MI:SPB", 554, NL_PROVIDER_BLOCKED},
        {"mx.gmx.net", "5.0.0", "MI:SPB", 554, NL_PROVIDER_AS_CODED},
        {"mx.example.org", "5.7.1", "see spamhaus.org", 550, NL_PROVIDER_ADDRESS},
        {"mx.google.com", "5.0.0", "see spamhaus.org", 550, NL_PROVIDER_ADDRESS},
        {"mx.example.org", "5.7.1", "in dbl.spamhaus.org", 550, NL_PROVIDER_AS_CODED},
        {"mx.example.org", "", "a bad PTR record", 550, NL_PROVIDER_ADDRESS},
        {"mx.example.org", "", "a bad PTR record", 450, NL_PROVIDER_AS_CODED},
        {"mx.example.org", "5.1.1", "nobody", 550, NL_PROVIDER_AS_CODED},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        assert_int_equal(
            nl_mailbox_provider_meaning(rows[i].host, rows[i].code, rows[i].status, rows[i].text),
            rows[i].meaning);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whose_a_host_is),
        cmocka_unit_test(test_limits_of_the_configuration),
        cmocka_unit_test(test_warm_up),
        cmocka_unit_test(test_meanings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
