/* How many sign-ups there may be: at once, in an hour, of a network and in all. */
#include "support.h"

#include "newsletter/store/signup_limit.h"

enum { PLENTY = 1000000 };

static struct nl_ip ip_of(const char *text) {
    struct nl_ip ip;
    assert_true(nl_ip_parse(text, &ip));
    return ip;
}

/* Seconds to wait; 0 for one that was admitted. `client` NULL: not known. */
static int64_t admit(struct fixture *fixture, int64_t per_network, int64_t in_total,
                     const char *client) {
    struct nl_error err = {0};
    const struct nl_signup_limit limit = {.per_network = per_network, .in_total = in_total};
    int64_t wait = -1;
    const struct nl_ip ip = client != NULL ? ip_of(client) : (struct nl_ip){0};
    assert_ok(nl_signup_admit(fixture->store, &limit, client != NULL ? &ip : NULL, &wait, &err));
    return wait;
}

/* So many are admitted at once. */
static int count_burst(struct fixture *fixture, int64_t per_network, int64_t in_total,
                       const char *client) {
    int count = 0;
    while (admit(fixture, per_network, in_total, client) == 0)
        count++;
    return count;
}

/* Ten, or as many as ten minutes allow; then one after the other. */
static void test_bursts(void **state) {
    static const struct {
        int64_t per_hour;
        int burst;
        int64_t wait; /* seconds for one more */
    } rows[] = {{1, 10, 3601}, {60, 10, 61},   {66, 11, 55},   {65, 10, 56},
                {600, 100, 7}, {3600, 600, 2}, {7200, 1200, 1}};
    struct fixture *fixture = *state;
    for_each_row (i, rows, NULL) {
        fixture_sql(fixture, "DELETE FROM throttle");
        assert_int_equal(count_burst(fixture, rows[i].per_hour, PLENTY, "192.0.2.1"),
                         rows[i].burst);
        assert_int_equal(admit(fixture, rows[i].per_hour, PLENTY, "192.0.2.1"), rows[i].wait);
        fixture_sql(fixture, "DELETE FROM throttle");
        assert_int_equal(count_burst(fixture, PLENTY, rows[i].per_hour, NULL), rows[i].burst);
        assert_int_equal(admit(fixture, PLENTY, rows[i].per_hour, NULL), rows[i].wait);
    }
}

static void test_time_gives_room(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(count_burst(fixture, 60, PLENTY, "192.0.2.1"), 10);
    fixture->fake.now += 59;
    assert_int_equal(admit(fixture, 60, PLENTY, "192.0.2.1"), 2);
    fixture->fake.now += 1;
    assert_int_equal(admit(fixture, 60, PLENTY, "192.0.2.1"), 0);
    assert_int_equal(admit(fixture, 60, PLENTY, "192.0.2.1"), 61);
    fixture->fake.now += 86400; /* no more than at first, however long ago */
    assert_int_equal(count_burst(fixture, 60, PLENTY, "192.0.2.1"), 10);
    fixture->fake.now -= 86400; /* a clock that is put back locks nobody out */
    assert_int_equal(count_burst(fixture, 60, PLENTY, "192.0.2.1"), 10);
}

/* The networks of a customer have four times as many together, and all have the total. */
static void test_networks(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(count_burst(fixture, 1, PLENTY, "2001:db8:1:1::1"), 10);
    assert_int_equal(admit(fixture, 1, PLENTY, "2001:db8:1:1::2"), 3601); /* the same network */
    assert_int_equal(count_burst(fixture, 1, PLENTY, "2001:db8:1:2::1"), 10);
    assert_int_equal(count_burst(fixture, 1, PLENTY, "2001:db8:1:3::1"), 10);
    assert_int_equal(count_burst(fixture, 1, PLENTY, "2001:db8:1:4::1"), 10);
    assert_int_equal(admit(fixture, 1, PLENTY, "2001:db8:1:5::1"), 901); /* all of the customer */
    assert_int_equal(admit(fixture, 1, PLENTY, "2001:db8:2:1::1"), 0);
    assert_int_equal(admit(fixture, 1, PLENTY, NULL), 0);
    fixture_sql(fixture, "DELETE FROM throttle");
    assert_int_equal(count_burst(fixture, PLENTY, 1, "192.0.2.1"), 10);
    assert_int_equal(admit(fixture, PLENTY, 1, "198.51.100.1"), 3601);
}

/* One that is refused takes nothing of the other limits. */
static void test_refusals_take_nothing(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(count_burst(fixture, 1, 66, "192.0.2.1"), 10);
    for (int i = 0; i < 20; i++)
        assert_int_equal(admit(fixture, 1, 66, "192.0.2.1"), 3601);
    assert_int_equal(admit(fixture, 1, 66, "198.51.100.1"), 0);
    assert_true(admit(fixture, 1, 66, "203.0.113.1") > 0); /* eleven in all */
}

static void use(struct fixture *fixture, const char *stamp, bool expected) {
    struct nl_error err = {0};
    bool first = !expected;
    assert_ok(nl_stamp_use(fixture->store, stamp, 2000000, &first, &err));
    assert_int_equal(first, expected);
}

static void test_stamps(void **state) {
    struct fixture *fixture = *state;
    use(fixture, "a", true);
    use(fixture, "b", true);
    use(fixture, "a", false);
    use(fixture, "b", false);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM throttle WHERE at = 2000000000000"),
                     2);
    assert_int_equal(fixture_sql(fixture,
                                 "SELECT count(*) FROM throttle WHERE name LIKE '% a' OR name LIKE "
                                 "'% b'"),
                     0); /* as digests alone */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bursts, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_time_gives_room, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_networks, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_refusals_take_nothing, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_stamps, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
