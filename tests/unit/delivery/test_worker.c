/* The worker's loop, with a made service and a made clock: how it waits, and how it ends. */
#include "support.h"

#include "newsletter/delivery/worker.h"

#include <time.h>

static struct {
    struct nl_service service;
    struct nl_config config;
    struct fixture *fixture;
    volatile sig_atomic_t stop;
    int passes;                       /* so far */
    int stop_at_pass, stop_at_second; /* when the stop comes; 0: never */
    enum nl_status failure;           /* of the passes up to `failures` */
    int failures;
    struct nl_service_pass left;
    int seconds; /* slept so far */
    int64_t back_offs[10];
    size_t back_off_count;
} made;

enum nl_status nl_service_run(const struct nl_service *service, struct nl_service_pass *pass,
                              struct nl_error *err) {
    (void)service;
    made.passes++;
    if (made.passes == made.stop_at_pass)
        made.stop = 1;
    *pass = made.left;
    return made.passes <= made.failures ? nl_error_set(err, made.failure, "the database is away")
                                        : NL_OK;
}

/* In place of the C library's. */
int nanosleep(const struct timespec *wanted, struct timespec *left) {
    (void)left;
    made.seconds += (int)wanted->tv_sec;
    made.fixture->fake.now += wanted->tv_sec;
    if (made.seconds == made.stop_at_second)
        made.stop = 1;
    return 0;
}

static void note(const char *text, int64_t seconds, void *ctx) {
    (void)ctx;
    assert_non_null(strstr(text, "away"));
    if (made.back_off_count < sizeof made.back_offs / sizeof made.back_offs[0])
        made.back_offs[made.back_off_count++] = seconds;
}

static void prepare(struct fixture *fixture) {
    memset(&made, 0, sizeof made);
    made.fixture = fixture;
    made.config.lease = 300;
    made.service =
        (struct nl_service){.store = fixture->store, .config = &made.config, .stop = &made.stop};
}

/* A search at least every 30 seconds, or as often as leases end: they may be left behind. */
static void test_searches_now_and_then(void **state) {
    static const struct {
        int64_t lease;
        int seconds;
    } cases[] = {{300, 30}, {31, 30}, {30, 30}, {29, 29}, {5, 5}};
    for_each_row (i, cases, NULL) {
        struct nl_error err = {0};
        prepare(*state);
        made.config.lease = cases[i].lease;
        made.stop_at_pass = 3;
        assert_ok(nl_worker_run(&made.service, note, &err));
        assert_int_equal(made.passes, 3);
        assert_int_equal(made.seconds, 2 * cases[i].seconds);
    }
}

/* The earliest time that is due is waited for, and at least a second. */
static void test_searches_when_something_is_due(void **state) {
    static const int after[] = {1, 7, 29, 30, 31, 0, -5};
    static const int seconds[] = {1, 7, 29, 30, 30, 1, 1};
    for_each_row (i, after, NULL) {
        struct nl_error err = {0};
        prepare(*state);
        made.left.next = made.fixture->fake.now + after[i];
        made.stop_at_pass = 2;
        assert_ok(nl_worker_run(&made.service, note, &err));
        assert_int_equal(made.seconds, seconds[i]);
    }
}

static void test_goes_on_at_once_with_what_is_left(void **state) {
    struct nl_error err = {0};
    prepare(*state);
    made.left.more = true;
    made.stop_at_pass = 5;
    assert_ok(nl_worker_run(&made.service, note, &err));
    assert_int_equal(made.passes, 5);
    assert_int_equal(made.seconds, 0);
}

/* While the database is away: 1 s, then twice as long up to 30; and from the beginning once it has
 * been there. */
static void test_backs_off(void **state) {
    static const enum nl_status passing[] = {NL_TEMPFAIL, NL_BUSY};
    static const int64_t expected[] = {1, 2, 4, 8, 16, 30, 30};
    for_each_row (i, passing, NULL) {
        struct nl_error err = {0};
        prepare(*state);
        made.failure = passing[i];
        made.failures = 7;
        made.stop_at_pass = 8;
        assert_ok(nl_worker_run(&made.service, note, &err));
        assert_int_equal(made.back_off_count, 7);
        assert_memory_equal(made.back_offs, expected, sizeof expected);
        assert_int_equal(made.seconds, 1 + 2 + 4 + 8 + 16 + 30 + 30);
    }
}

static void test_a_database_that_was_back_is_asked_soon(void **state) {
    struct nl_error err = {0};
    prepare(*state);
    made.failure = NL_TEMPFAIL;
    made.failures = 3;
    made.left.more = true;
    made.stop_at_pass = 4;
    assert_ok(nl_worker_run(&made.service, note, &err));
    assert_int_equal(made.back_offs[2], 4);
    made.stop = 0;
    made.passes = 0;
    made.failures = 1;
    assert_ok(nl_worker_run(&made.service, note, &err));
    assert_int_equal(made.back_offs[3], 1);
}

static void test_another_failure_ends_it(void **state) {
    static const enum nl_status fatal[] = {NL_CONFIG, NL_DATA, NL_INTERNAL, NL_NOPERM};
    for_each_row (i, fatal, NULL) {
        struct nl_error err = {0};
        prepare(*state);
        made.failure = fatal[i];
        made.failures = 1;
        assert_fails(nl_worker_run(&made.service, note, &err), fatal[i], "away");
        assert_int_equal(made.passes, 1);
        assert_int_equal(made.seconds, 0);
    }
}

/* A stop is heeded within a second: while it waits for work, and while it backs off. */
static void test_a_stop_is_heeded_within_a_second(void **state) {
    static const int failures[] = {0, 100};
    for_each_row (i, failures, NULL) {
        struct nl_error err = {0};
        prepare(*state);
        made.failure = NL_TEMPFAIL;
        made.failures = failures[i];
        made.stop_at_second = 18; /* in the middle of a wait of 16 or 30 seconds */
        assert_ok(nl_worker_run(&made.service, note, &err));
        assert_int_equal(made.seconds, 18);
        assert_int_equal(made.passes, failures[i] == 0 ? 1 : 5);
    }
    struct nl_error err = {0};
    prepare(*state);
    made.stop = 1;
    assert_ok(nl_worker_run(&made.service, note, &err));
    assert_int_equal(made.passes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_searches_now_and_then),
        TEST(test_searches_when_something_is_due),
        TEST(test_goes_on_at_once_with_what_is_left),
        TEST(test_backs_off),
        TEST(test_a_database_that_was_back_is_asked_soon),
        TEST(test_another_failure_ends_it),
        TEST(test_a_stop_is_heeded_within_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
