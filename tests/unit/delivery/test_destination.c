#include "delivery/destination.h"
#include "delivery/mailbox_provider.h"
#include "newsletter/base/embedded.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct nl_destination three_hosts(void) {
    return (struct nl_destination){
        .first = 5, .count = 3, .most = 10, .limit = 2, .preferences = {10, 10, 20}};
}

static void test_hosts_are_picked_by_preference(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    size_t server = 0;
    assert_true(nl_destination_pick(&to, 0, 0.0, &server));
    assert_int_equal(server, 5);
    assert_true(nl_destination_pick(&to, 0, 0.99, &server));
    assert_int_equal(server, 6);
    assert_true(nl_destination_refused(&to, 5, 0, 1000));
    assert_true(nl_destination_pick(&to, 1000, 0.0, &server));
    assert_int_equal(server, 6);
    assert_true(nl_destination_refused(&to, 6, 0, 1000));
    assert_true(nl_destination_pick(&to, 1000, 0.99, &server));
    assert_int_equal(server, 7);
    assert_false(nl_destination_refused(&to, 7, 0, 1000));
    assert_false(nl_destination_pick(&to, 1000, 0.0, &server));
    assert_true(nl_destination_pick(&to, 61000, 0.0, &server)); /* after a minute */
    nl_destination_free(&to);
}

static void test_a_host_that_is_preferred_alone_is_picked_alone(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    size_t server = 0;
    to.preferences[0] = 5;
    assert_true(nl_destination_pick(&to, 0, 0.99, &server));
    assert_int_equal(server, 5);
    nl_destination_free(&to);
}

static void test_a_host_that_takes_no_more_connections_is_not_dead(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    size_t server = 0;
    to.limit = 8;
    assert_true(nl_destination_refused(&to, 5, 4, 1000));
    assert_int_equal(to.limit, 4);
    assert_false(nl_destination_pick(&to, 1000, 0.0, &server));
    assert_true(nl_destination_pick(&to, 6000, 0.0, &server));
    nl_destination_free(&to);
}

/* One of two is refused, then the other, too: the next host has its turn at once. */
static void test_a_host_that_refuses_all_on_their_way_is_left(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    size_t server = 0;
    assert_true(nl_destination_refused(&to, 5, 1, 1000));
    assert_true(nl_destination_refused(&to, 5, 0, 1001));
    assert_true(nl_destination_pick(&to, 1001, 0.0, &server));
    assert_int_equal(server, 6);
    nl_destination_free(&to);
}

static void test_connections_grow_one_by_one_and_are_halved(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    for (int i = 0; i < 2; i++)
        nl_destination_accepted(&to, 0);
    assert_int_equal(to.limit, 3);
    for (int i = 0; i < 2; i++)
        nl_destination_accepted(&to, 0);
    assert_int_equal(to.limit, 3);
    nl_destination_accepted(&to, 0);
    assert_int_equal(to.limit, 4);
    for (int i = 0; i < 1000; i++)
        nl_destination_accepted(&to, 0);
    assert_int_equal(to.limit, 10);
    nl_destination_pushed_back(&to, 1000);
    nl_destination_pushed_back(&to, 1000); /* another connection tells the same */
    assert_int_equal(to.limit, 5);
    for (int i = 0; i < 100; i++)
        nl_destination_accepted(&to, 60999); /* no more for a minute */
    assert_int_equal(to.limit, 5);
    for (int i = 0; i < 5; i++)
        nl_destination_accepted(&to, 61000);
    assert_int_equal(to.limit, 6);
    nl_destination_pushed_back(&to, 62000);
    assert_int_equal(to.limit, 3);
    for (int i = 0; i < 100; i++)
        nl_destination_accepted(&to, 62000 + 119999); /* and then for two */
    assert_int_equal(to.limit, 3);
    assert_true(to.pushed_back);
    nl_destination_free(&to);
}

/* However little a destination takes, one connection stays: with none, its mail would wait for
 * ever.
 */
static void test_one_connection_stays(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    to.limit = 1;
    nl_destination_pushed_back(&to, 1000);
    assert_int_equal(to.limit, 1);
    to.limit = 2;
    nl_destination_heard(&to, 0, 2000);
    assert_int_equal(to.limit, 1);
    nl_destination_begin(&to, 0, true, 3000);
    assert_int_equal(to.limit, 1);
    nl_destination_free(&to);
}

/* Another process tells of a limit: only a lower one is taken. */
static void test_what_another_process_has_found(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    to.limit = 4;
    nl_destination_heard(&to, 4, 1000);
    assert_int_equal(to.holds, 0);
    nl_destination_heard(&to, 5, 1000);
    assert_int_equal(to.limit, 4);
    nl_destination_heard(&to, 3, 1000);
    assert_int_equal(to.limit, 3);
    assert_int_equal(to.holds, 1);
    assert_int_equal(to.holds_noted, 1); /* it is not told back */
    nl_destination_begin(&to, 20, false, 1000);
    assert_int_equal(to.limit, 10);
    assert_int_equal(to.holds, 1);
    nl_destination_begin(&to, 6, true, 1000000);
    assert_int_equal(to.limit, 6);
    assert_int_equal(to.holds, 2);
    nl_destination_free(&to);
}

/* A minute, then two, then four, and an hour at most, counted from each push. */
static void test_patience_has_a_bound(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    static const int64_t waits[] = {60, 120, 240, 480, 960, 1920, 3600, 3600, 3600}; /* seconds */
    int64_t now = 0;
    for_each_row (i, waits, NULL) {
        nl_destination_pushed_back(&to, now);
        assert_int_equal(to.patience, waits[i] * 1000);
        assert_int_equal(to.grow_at, now + waits[i] * 1000);
        assert_int_equal(to.holds, i + 1);
        nl_destination_pushed_back(&to, to.grow_at - 1); /* the same push */
        assert_int_equal(to.holds, i + 1);
        now = to.grow_at;
    }
    nl_destination_free(&to);
}

/* Addresses of a family that this machine does not have are passed over; one without addresses may
 * have any. */
static void test_families(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    size_t server = 0;
    to.usable = NL_FAMILY_FOUR;
    to.families[0] = NL_FAMILY_SIX;
    to.families[1] = NL_FAMILY_SIX | NL_FAMILY_FOUR;
    assert_true(nl_destination_pick(&to, 0, 0.0, &server));
    assert_int_equal(server, 6);
    to.families[1] = NL_FAMILY_SIX;
    assert_true(nl_destination_pick(&to, 0, 0.0, &server)); /* of the next preference */
    assert_int_equal(server, 7);
    to.families[2] = NL_FAMILY_SIX;
    assert_false(nl_destination_pick(&to, 0, 0.0, &server));
    nl_destination_free(&to);
}

static void test_a_share_that_waits(void **state) {
    static const struct {
        size_t taken;
        int64_t before, seconds, after; /* `seconds` have passed */
    } cases[] = {
        {100, 60, 60, 30}, /* the whole share was taken */
        {101, 60, 60, 30}, /* and more */
        {99, 60, 60, 60},  /* 100 would take so long */
        {50, 60, 60, 120}, /* half of it */
        {1, 60, 1, 100},   /* */
        {0, 60, 60, 120},  /* nothing */
        {100, 1, 60, 1},   /* one second at least */
        {100, 2, 60, 1},   /* */
    };
    (void)state;
    for_each_row (i, cases, NULL) {
        struct nl_destination to = three_hosts();
        to.park_seconds = cases[i].before;
        to.total = 1000 + cases[i].taken;
        to.parked_total = 1000;
        to.parked_at = 5000;
        nl_destination_park(&to, 100, 5000 + cases[i].seconds * 1000);
        assert_int_equal(to.park_seconds, cases[i].after);
        assert_int_equal(to.parked_at, 5000 + cases[i].seconds * 1000);
        assert_int_equal(to.parked_total, to.total);
        nl_destination_free(&to);
    }
    struct nl_destination to = three_hosts();
    to.park_seconds = 1 << 30;
    nl_destination_park(&to, 100, 0);
    assert_true(to.park_seconds < 1 << 30);
    nl_destination_free(&to);
}

static void test_down_until_its_time(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    size_t server = 0;
    for (size_t i = 5; i < 8; i++)
        assert_int_equal(nl_destination_refused(&to, i, 0, 0), i < 7);
    nl_destination_down(&to, 2000, "nobody answers");
    assert_true(nl_destination_is_down(&to, 1999));
    assert_string_equal(nl_buf_text(&to.why), "nobody answers");
    assert_int_equal(to.times_down, 1);
    assert_false(nl_destination_is_down(&to, 2000));
    assert_true(nl_destination_pick(&to, 1, 0.0, &server)); /* every host is tried again */
    assert_int_equal(to.limit, 1);                          /* by one connection */
    nl_destination_down(&to, 4000, "nobody answers");
    assert_int_equal(to.times_down, 2);
    nl_destination_accepted(&to, 0);
    assert_int_equal(to.times_down, 0);
    nl_destination_free(&to);
}

static void test_trouble_counts_in_a_row(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    assert_true(nl_destination_trouble(&to, 0));
    assert_true(nl_destination_trouble(&to, 0));
    nl_destination_accepted(&to, 0);
    assert_true(nl_destination_trouble(&to, 0));
    assert_true(nl_destination_trouble(&to, 0));
    assert_false(nl_destination_trouble(&to, 0));
    nl_destination_free(&to);
}

static void test_ten_refusals_in_a_row_are_believed(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    for (int i = 0; i < 10; i++)
        assert_true(nl_destination_believe(&to));
    assert_false(nl_destination_believe(&to));
    nl_destination_accepted(&to, 0);
    assert_true(nl_destination_believe(&to));
    nl_destination_free(&to);
}

static void test_the_key_does_not_depend_on_the_order(void **state) {
    (void)state;
    struct nl_mail_host hosts[2] = {{.name = "a.example", .address_count = 2},
                                    {.name = "b.example", .address_count = 1}};
    struct nl_mail_host turned[2];
    struct nl_buf one = {0};
    struct nl_buf other = {0};
    assert_true(nl_ip_parse("192.0.2.1", &hosts[0].addresses[0]));
    assert_true(nl_ip_parse("2001:db8::1", &hosts[0].addresses[1]));
    assert_true(nl_ip_parse("192.0.2.2", &hosts[1].addresses[0]));
    turned[0] = hosts[1];
    turned[1] = hosts[0];
    turned[1].addresses[0] = hosts[0].addresses[1];
    turned[1].addresses[1] = hosts[0].addresses[0];
    nl_destination_key(&(struct nl_mail_route){.hosts = hosts, .host_count = 2}, &one);
    nl_destination_key(&(struct nl_mail_route){.hosts = turned, .host_count = 2}, &other);
    assert_string_equal(nl_buf_text(&one),
                        "a.example 192.0.2.1\na.example 2001:db8::1\na.example ~1\n"
                        "b.example 192.0.2.2\nb.example ~1\n");
    assert_string_equal(nl_buf_text(&one), nl_buf_text(&other));
    nl_buf_free(&one);
    nl_buf_free(&other);
}

static void key_of(const struct nl_mail_host *hosts, size_t count, struct nl_buf *out) {
    nl_buf_clear(out);
    nl_destination_key(
        &(struct nl_mail_route){.hosts = (struct nl_mail_host *)hosts, .host_count = count}, out);
}

/* It depends on which host is preferred, whatever the numbers; and on what a host has to show,
 * however its addresses are listed. */
static void test_the_key_holds_preferences_and_demands(void **state) {
    (void)state;
    struct nl_mail_host hosts[2] = {{.name = "a.example", .address_count = 2, .preference = 10},
                                    {.name = "b.example", .address_count = 1, .preference = 20}};
    struct nl_mail_host given[2];
    struct nl_buf one = {0};
    struct nl_buf other = {0};
    assert_true(nl_ip_parse("192.0.2.1", &hosts[0].addresses[0]));
    assert_true(nl_ip_parse("192.0.2.3", &hosts[0].addresses[1]));
    assert_true(nl_ip_parse("192.0.2.2", &hosts[1].addresses[0]));
    key_of(hosts, 2, &one);
    memcpy(given, hosts, sizeof given);
    given[0].preference = 0;
    key_of(given, 2, &other);
    assert_string_equal(nl_buf_text(&one), nl_buf_text(&other));
    given[0] = hosts[1];
    given[1] = hosts[0];
    given[0].preference = 5;
    key_of(given, 2, &other);
    assert_string_not_equal(nl_buf_text(&one), nl_buf_text(&other));
    for (int tls = NL_HOST_TLS_ALWAYS; tls <= NL_HOST_TLS_NAMED; tls++) {
        memcpy(given, hosts, sizeof given);
        given[0].tls = (enum nl_host_tls)tls;
        key_of(given, 2, &other);
        assert_string_not_equal(nl_buf_text(&one), nl_buf_text(&other));
        given[0].addresses[0] = hosts[0].addresses[1];
        given[0].addresses[1] = hosts[0].addresses[0];
        key_of(given, 2, &one);
        assert_string_equal(nl_buf_text(&one), nl_buf_text(&other));
    }
    nl_buf_free(&one);
    nl_buf_free(&other);
}

/* A certificate of an authority may be for the recipients' domain; one of the host's own is not. */
static void test_the_key_holds_records_and_whom_they_are_for(void **state) {
    static const struct {
        const char *tlsa, *next_hop, *key;
    } cases[] = {
        {NULL, NULL, "a.example ~1 TLS 2 a.example \n"},
        {NULL, "x.example", "a.example ~1 TLS 2 a.example \n"},
        {"2 0 1 00\n", NULL, "a.example ~1 TLS 2 a.example 2 0 1 00\n\n"},
        {"2 0 1 00\n", "x.example", "a.example ~1 TLS 2 a.example 2 0 1 00\nx.example\n"},
        {"3 0 1 00\n", "x.example", "a.example ~1 TLS 2 a.example 3 0 1 00\n\n"},
        {"3 0 1 01\n", "x.example", "a.example ~1 TLS 2 a.example 3 0 1 01\n\n"},
    };
    struct nl_buf key = {0};
    (void)state;
    for_each_row (i, cases, cases[i].key) {
        const struct nl_mail_host host = {.name = "a.example",
                                          .base = "a.example",
                                          .tls = NL_HOST_TLS_DANE,
                                          .tlsa = (char *)cases[i].tlsa,
                                          .next_hop = cases[i].next_hop};
        key_of(&host, 1, &key);
        assert_string_equal(nl_buf_text(&key), cases[i].key);
    }
    nl_buf_free(&key);
}

/* The next host has its turn, and each one is left once, until a message is accepted. */
static void test_a_host_that_takes_no_message_is_left(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    size_t server = 0;
    int64_t now = 1000;
    assert_true(nl_destination_leave(&to, 5, now));
    assert_true(nl_destination_leave(&to, 5, now)); /* told by another connection */
    assert_true(nl_destination_pick(&to, now, 0.0, &server));
    assert_int_equal(server, 6);
    assert_true(nl_destination_leave(&to, 6, now));
    assert_true(nl_destination_pick(&to, now, 0.0, &server));
    assert_int_equal(server, 7);
    assert_false(nl_destination_leave(&to, 7, now)); /* there is no other */
    assert_int_equal(to.left, 2);
    /* So slow ones do not take turns for ever. */
    now += 61000;
    assert_true(nl_destination_leave(&to, 7, now));
    now += 61000;
    assert_false(nl_destination_leave(&to, 5, now));
    assert_int_equal(to.troubles, 0);
    nl_destination_accepted(&to, now);
    assert_true(nl_destination_leave(&to, 5, now));
    nl_destination_down(&to, 2000, "nobody takes anything");
    assert_int_equal(to.left, 0);
    to.count = 1;
    assert_false(nl_destination_leave(&to, 5, now + 61000));
    nl_destination_free(&to);
}

static void test_an_earlier_run_is_remembered(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    nl_destination_begin(&to, 7, false, 0);
    assert_int_equal(to.limit, 7);
    nl_destination_begin(&to, 700, false, 0);
    assert_int_equal(to.limit, 10);
    nl_destination_begin(&to, 1, true, 0);
    nl_destination_accepted(&to, 59999);
    assert_int_equal(to.limit, 1);
    nl_destination_accepted(&to, 60000);
    assert_int_equal(to.limit, 2);
    nl_destination_free(&to);
}

static void test_providers_are_found_by_their_hosts(void **state) {
    (void)state;
    struct nl_mailbox_provider found = {0};
    assert_true(nl_mailbox_provider_find("smtp-in.orange.fr", &found));
    assert_string_equal(found.name, "orange");
    assert_int_equal(found.connections, 2);
    assert_int_equal(found.messages, 50);
    assert_true(nl_mailbox_provider_find("aspmx.l.google.com", &found));
    assert_string_equal(found.name, "google");
    /* the mailboxes of private people, and those of offices */
    assert_true(nl_mailbox_provider_find("outlook-com.olc.protection.outlook.com", &found));
    assert_int_equal(found.connections, 10);
    assert_int_equal(found.messages, 100);
    assert_true(nl_mailbox_provider_find("example-org.mail.protection.outlook.com", &found));
    assert_int_equal(found.connections, 20);
    assert_int_equal(found.messages, 0);
    assert_false(nl_mailbox_provider_find("google", &found)); /* of a line about replies */
    assert_false(nl_mailbox_provider_find("orange.fr.example.org", &found));
    assert_false(nl_mailbox_provider_find("mx.example.org", &found));
}

/* The first line that fits counts: none may stand after one that fits all of its hosts. */
static void test_each_line_of_a_provider_counts(void **state) {
    (void)state;
    const char *line = nl_embedded_mailbox_providers[0].data;
    size_t lines = 0;
    for (; line != NULL && *line != '\0'; line = strchr(line, '\n'), line += line != NULL) {
        struct nl_mailbox_provider found = {0};
        char name[16];
        char pattern[128];
        char host[160];
        char *end = NULL;
        int at = 0;
        if (line[0] == '#' || sscanf(line, "%15s *%127s %n", name, pattern, &at) != 2)
            continue;
        int64_t connections = strtoll(line + at, &end, 10);
        int64_t messages = strtoll(end, NULL, 10);
        snprintf(host, sizeof host, "mx%s", pattern);
        assert_true(nl_mailbox_provider_find(host, &found));
        if (strcmp(found.name, name) != 0 || found.connections != connections ||
            found.messages != messages)
            fail_msg("%s does not get what its line says", host);
        lines++;
    }
    assert_true(lines > 10);
}

/* For about as long as the share takes that stays. */
static void test_parking_goes_by_what_was_taken(void **state) {
    (void)state;
    struct nl_destination to = three_hosts();
    nl_destination_park(&to, 20, 1000);
    assert_int_equal(to.park_seconds, 1);
    nl_destination_park(&to, 20, 2000); /* nothing was taken */
    nl_destination_park(&to, 20, 4000);
    assert_int_equal(to.park_seconds, 4);
    for (size_t i = 0; i < 5; i++)
        nl_destination_accepted(&to, 0);
    nl_destination_park(&to, 20, 14000); /* a quarter in ten seconds */
    assert_int_equal(to.park_seconds, 40);
    for (size_t i = 0; i < 20; i++)
        nl_destination_accepted(&to, 0);
    nl_destination_park(&to, 20, 54000); /* all of it, so there might have been more */
    assert_int_equal(to.park_seconds, 20);
    for (int64_t at = 55000; at < 74000; at += 1000)
        nl_destination_park(&to, 20, at); /* sooner than that, so nothing is known yet */
    assert_int_equal(to.park_seconds, 20);
    nl_destination_park(&to, 20, 74000); /* nothing was taken in all of it */
    assert_int_equal(to.park_seconds, 40);
    for (int64_t i = 1; i < 30; i++)
        nl_destination_park(&to, 20, 74000 + i * 300000);
    assert_int_equal(to.park_seconds, 300);
    nl_destination_free(&to);
}

static void test_words_of_providers(void **state) {
    (void)state;
    static const struct {
        const char *host;
        int code;
        const char *status, *text;
        enum nl_provider_meaning meaning;
    } replies[] = {
        {"aspmx.l.google.com", 421, "4.7.28", "Our system has detected", NL_PROVIDER_SLOWER},
        {"aspmx.l.google.com", 550, "5.1.1", "The account does not exist", NL_PROVIDER_AS_CODED},
        {"a-com.mail.protection.outlook.com", 421, "",
         "RP-001 (SNT004-MC1F1) Unfortunately, some "
         "messages from 192.0.2.1 weren't sent",
         NL_PROVIDER_SLOWER},
        {"a-com.mail.protection.outlook.com", 550, "5.7.1",
         "part of their network is on our "
         "block list (S3150)",
         NL_PROVIDER_ADDRESS},
        {"mta5.am0.yahoodns.net", 421, "4.7.0",
         "[TSS04] Messages from 192.0.2.1 temporarily "
         "deferred",
         NL_PROVIDER_SLOWER},
        {"mx3.qq.com", 550, "", "Ip frequency limited", NL_PROVIDER_SLOWER},
        {"mx3.qq.com", 550, "", "Mailbox not found", NL_PROVIDER_AS_CODED},
        {"mx.example.org", 421, "4.7.28", "Slow down", NL_PROVIDER_AS_CODED},
        {"mx.example.org", 550, "5.7.1", "Client host blocked using zen.spamhaus.org",
         NL_PROVIDER_ADDRESS},
        {"mx.example.org", 550, "5.7.25", "No PTR", NL_PROVIDER_ADDRESS},
        {"mx.example.org", 550, "5.7.1", "Your IP is blocked", NL_PROVIDER_ADDRESS},
        {"mx.example.org", 554, "5.7.1", "Contains a URL listed by dbl.spamhaus.org",
         NL_PROVIDER_AS_CODED},
        {"mx.example.org", 550, "5.1.1", "No such user", NL_PROVIDER_AS_CODED},
    };
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++)
        assert_int_equal(nl_mailbox_provider_meaning(replies[i].host, replies[i].code,
                                                     replies[i].status, replies[i].text),
                         replies[i].meaning);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts_are_picked_by_preference),
        cmocka_unit_test(test_a_host_that_is_preferred_alone_is_picked_alone),
        cmocka_unit_test(test_a_host_that_takes_no_more_connections_is_not_dead),
        cmocka_unit_test(test_a_host_that_refuses_all_on_their_way_is_left),
        cmocka_unit_test(test_connections_grow_one_by_one_and_are_halved),
        cmocka_unit_test(test_one_connection_stays),
        cmocka_unit_test(test_what_another_process_has_found),
        cmocka_unit_test(test_patience_has_a_bound),
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_a_share_that_waits),
        cmocka_unit_test(test_down_until_its_time),
        cmocka_unit_test(test_trouble_counts_in_a_row),
        cmocka_unit_test(test_ten_refusals_in_a_row_are_believed),
        cmocka_unit_test(test_the_key_does_not_depend_on_the_order),
        cmocka_unit_test(test_the_key_holds_preferences_and_demands),
        cmocka_unit_test(test_the_key_holds_records_and_whom_they_are_for),
        cmocka_unit_test(test_a_host_that_takes_no_message_is_left),
        cmocka_unit_test(test_an_earlier_run_is_remembered),
        cmocka_unit_test(test_providers_are_found_by_their_hosts),
        cmocka_unit_test(test_each_line_of_a_provider_counts),
        cmocka_unit_test(test_parking_goes_by_what_was_taken),
        cmocka_unit_test(test_words_of_providers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
