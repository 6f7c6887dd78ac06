#include "support.h"

#include "smtp/relay_health.h"

/* Two servers with the weights 3 and 1, as the relay would name them. */
static const struct nl_smtp_server servers[] = {{.weight = 3}, {.weight = 1}};

/* The functions below do not look into it. */
static char relay;

static struct nl_relay_health start(void) {
    static struct nl_relay_health health;
    nl_relay_health_free(&health);
    health = (struct nl_relay_health){.relay = (struct nl_relay *)&relay};
    assert_true(nl_relay_health_grow(&health, 0));
    return health;
}

size_t nl_relay_count(const struct nl_relay *which) {
    (void)which;
    return 2;
}

const struct nl_smtp_server *nl_relay_server(const struct nl_relay *of, size_t which) {
    (void)of;
    return &servers[which];
}

static void test_shares_by_weight(void **state) {
    (void)state;
    struct nl_relay_health health = start();
    int count[2] = {0};
    for (int i = 0; i < 40; i++)
        count[nl_relay_health_pick(&health)]++;
    assert_int_equal(count[0], 30);
    assert_int_equal(count[1], 10);
}

static void test_five_failures_in_a_row(void **state) {
    (void)state;
    struct nl_relay_health health = start();
    for (int i = 0; i < 4; i++)
        nl_relay_health_failed(&health, 0, false);
    nl_relay_health_worked(&health, 0); /* counted from the beginning again */
    for (int i = 0; i < 4; i++)
        nl_relay_health_failed(&health, 0, false);
    assert_int_equal(health.servers[0].out_until, 0);
    nl_relay_health_failed(&health, 0, false);
    for (int i = 0; i < 10; i++)
        assert_int_equal(nl_relay_health_pick(&health), 1);
    /* When no server is healthy, those that are avoided for a while are tried again. */
    nl_relay_health_failed(&health, 1, true);
    assert_int_equal(nl_relay_health_pick(&health), 0);
    assert_false(nl_relay_health_all_out(&health));
}

static void test_out_for_the_run(void **state) {
    (void)state;
    struct nl_relay_health health = start();
    nl_relay_health_failed(&health, 0, true);
    nl_relay_health_worked(&health, 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(nl_relay_health_pick(&health), 1);
    nl_relay_health_failed(&health, 1, true);
    assert_true(nl_relay_health_all_out(&health));
    assert_int_equal(nl_relay_health_pick(&health), 0); /* any will do */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_by_weight),
        cmocka_unit_test(test_five_failures_in_a_row),
        cmocka_unit_test(test_out_for_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
