/* Addresses of ours that are refused: two addresses and two places. */
#include "support.h"

#include "newsletter/store/source_pause.h"

#include <stdio.h>
#include <stdlib.h>

enum { WEEK = 7 * 86400 };

static void write_pause(struct fixture *fixture, const char *address, const char *place,
                        int64_t until) {
    struct nl_error err = {0};
    struct nl_source_pause pause = {.until = until, .times = 2};
    snprintf(pause.address, sizeof pause.address, "%s", address);
    snprintf(pause.place, sizeof pause.place, "%s", place);
    snprintf(pause.reason, sizeof pause.reason, "550 not %s", address);
    assert_ok(nl_source_pause_write(fixture->store, &pause, &err));
}

/* "address place until times reason;" for each. */
static void assert_pauses(struct fixture *fixture, const char *expected) {
    struct nl_error err = {0};
    struct nl_source_pause *pauses = NULL;
    size_t count = 0;
    struct nl_buf told = {0};
    assert_ok(nl_source_pause_read(fixture->store, &pauses, &count, &err));
    for (size_t i = 0; i < count; i++)
        nl_buf_addf(&told, "%s %s %lld %lld %s;", pauses[i].address, pauses[i].place,
                    (long long)pauses[i].until, (long long)pauses[i].times, pauses[i].reason);
    assert_string_equal(nl_buf_text(&told), expected);
    nl_buf_free(&told);
    free(pauses);
}

/* One that is accepted again is forgotten there alone; a later refusal takes the earlier's place.
 */
static void test_written_and_dropped(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    write_pause(fixture, "192.0.2.2", "b.example", 1000050);
    write_pause(fixture, "192.0.2.1", "b.example", 1000020);
    write_pause(fixture, "192.0.2.1", "a.example", 1000010);
    write_pause(fixture, "192.0.2.1", "b.example", 1000030);
    assert_pauses(fixture, "192.0.2.1 a.example 1000010 2 550 not 192.0.2.1;"
                           "192.0.2.1 b.example 1000030 2 550 not 192.0.2.1;"
                           "192.0.2.2 b.example 1000050 2 550 not 192.0.2.2;");
    assert_ok(nl_source_pause_drop(fixture->store, "192.0.2.1", "b.example", &err));
    assert_pauses(fixture, "192.0.2.1 a.example 1000010 2 550 not 192.0.2.1;"
                           "192.0.2.2 b.example 1000050 2 550 not 192.0.2.2;");
    assert_ok(nl_source_pause_drop(fixture->store, "192.0.2.9", "b.example", &err));
    assert_pauses(fixture, "192.0.2.1 a.example 1000010 2 550 not 192.0.2.1;"
                           "192.0.2.2 b.example 1000050 2 550 not 192.0.2.2;");
}

/* Pauses that ended a week ago are removed. */
static void test_forgotten(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    write_pause(fixture, "192.0.2.1", "a.example", 1000000 - WEEK);
    write_pause(fixture, "192.0.2.1", "b.example", 1000000 - WEEK + 1);
    write_pause(fixture, "192.0.2.1", "c.example", 1000001);
    assert_ok(nl_source_pause_forget(fixture->store, &err));
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM setting WHERE value LIKE '%550 not%'"), 2);
}

/* An address that was accepted is noted with its pauses; after a month that is forgotten. */
static void test_addresses_that_work(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_source_pause *pauses = NULL;
    size_t count = 0;
    write_pause(fixture, "192.0.2.1", "a.example", 9000000);
    write_pause(fixture, "192.0.2.2", "a.example", 9000000);
    assert_ok(nl_source_works_write(fixture->store, "192.0.2.2", &err));
    assert_ok(nl_source_works_write(fixture->store, "192.0.2.3", &err));
    assert_ok(nl_source_pause_read(fixture->store, &pauses, &count, &err));
    assert_int_equal(count, 2);
    assert_int_equal(pauses[0].worked_at, 0);
    assert_int_equal(pauses[1].worked_at, 1000000);
    free(pauses);
    fixture->fake.now += NL_SOURCE_WORKS - 1;
    assert_ok(nl_source_works_write(fixture->store, "192.0.2.3", &err));
    assert_ok(nl_source_pause_forget(fixture->store, &err));
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM setting WHERE key LIKE 'source works %'"), 2);
    fixture->fake.now++;
    assert_ok(nl_source_pause_forget(fixture->store, &err));
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM setting WHERE key LIKE 'source works %'"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_written_and_dropped),
        TEST(test_forgotten),
        TEST(test_addresses_that_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
