/* The number of connections of a destination, as it is kept for the next run and for others. */
#include "support.h"

#include "delivery/destination.h"
#include "delivery/destination_note.h"
#include "newsletter/store/relay_note.h"

#define KEY "direct mx.example.org 192.0.2.1"

static struct nl_destination destination(void) {
    return (struct nl_destination){.key = (char *)"mx.example.org 192.0.2.1\nmx2 192.0.2.2\n",
                                   .first = 1,
                                   .count = 1,
                                   .most = 20,
                                   .limit = 4};
}

static struct nl_relay_pace noted(struct fixture *fixture) {
    struct nl_error err = {0};
    struct nl_relay_pace pace;
    assert_ok(nl_relay_pace_read(fixture->store, KEY, &pace, &err));
    return pace;
}

static void note(struct fixture *fixture, size_t connections, enum nl_held_back held_back) {
    struct nl_error err = {0};
    const struct nl_relay_pace pace = {connections, 1, 0, held_back, 0};
    assert_ok(nl_relay_pace_write(fixture->store, KEY, &pace, &err));
}

/* It is worth keeping after fifty messages, or when the destination wanted less. */
static void test_keeping(void **state) {
    static const struct {
        const char *name;
        size_t total;
        bool pushed_back, kept;
    } rows[] = {{"few messages", 49, false, false},
                {"enough messages", 50, false, true},
                {"none, but it wanted less", 0, true, true}};
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_destination one = destination();
        fixture_sql(fixture, "DELETE FROM setting WHERE key LIKE 'relay pace %'");
        one.total = rows[i].total;
        one.pushed_back = rows[i].pushed_back;
        nl_destination_keep(&one, fixture->store);
        assert_int_equal(noted(fixture).connections, rows[i].kept ? 4 : 0);
        assert_int_equal(noted(fixture).window, rows[i].kept ? 1 : 0);
        assert_int_equal(noted(fixture).held_back,
                         rows[i].pushed_back ? NL_HELD_BACK_RELAY : NL_HELD_BACK_UNKNOWN);
    }
}

static void test_recalling(void **state) {
    static const struct {
        const char *name;
        size_t noted, limit; /* 0: nothing */
        enum nl_held_back held_back;
        bool grows; /* with the next messages */
    } rows[] = {{"nothing", 0, 4, NL_HELD_BACK_UNKNOWN, true},
                {"more", 9, 9, NL_HELD_BACK_UNKNOWN, true},
                {"more than may be", 30, 20, NL_HELD_BACK_UNKNOWN, true},
                {"it wanted no more", 3, 3, NL_HELD_BACK_RELAY, false}};
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_destination one = destination();
        fixture_sql(fixture, "DELETE FROM setting WHERE key LIKE 'relay pace %'");
        if (rows[i].noted > 0)
            note(fixture, rows[i].noted, rows[i].held_back);
        nl_destination_recall(&one, fixture->store, 5000);
        assert_int_equal(one.limit, rows[i].limit);
        assert_int_equal(one.grow_at > 5000, !rows[i].grows);
        assert_int_equal(one.holds_noted, one.holds);
        assert_int_equal(one.heard_at, rows[i].noted > 0 ? fixture->fake.now : 0);
    }
}

/* Another process has found that it takes fewer: that counts once, and only where it is news. */
static void test_hearing_of_others(void **state) {
    static const struct {
        const char *name;
        enum nl_held_back held_back;
        int64_t heard_at;
        size_t noted, limit;
    } rows[] = {{"fewer", NL_HELD_BACK_RELAY, 999999, 2, 2},
                {"fewer, heard before", NL_HELD_BACK_RELAY, 1000000, 2, 4},
                {"fewer, not its wish", NL_HELD_BACK_UNKNOWN, 999999, 2, 4},
                {"more", NL_HELD_BACK_RELAY, 999999, 9, 4}};
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_destination one = destination();
        one.heard_at = rows[i].heard_at;
        note(fixture, rows[i].noted, rows[i].held_back);
        nl_destination_share(&one, fixture->store, 5000);
        assert_int_equal(one.limit, rows[i].limit);
        assert_int_equal(one.heard_at,
                         rows[i].held_back == NL_HELD_BACK_RELAY ? 1000000 : rows[i].heard_at);
        assert_int_equal(noted(fixture).connections, rows[i].noted); /* nothing new of our own */
    }
}

/* News of our own are told, and our own word is not heard as another's. */
static void test_telling_others(void **state) {
    struct fixture *fixture = *state;
    struct nl_destination one = destination();
    nl_destination_pushed_back(&one, 5000);
    assert_int_equal(one.limit, 2);
    nl_destination_share(&one, fixture->store, 5000);
    assert_int_equal(noted(fixture).connections, 2);
    assert_int_equal(noted(fixture).held_back, NL_HELD_BACK_RELAY);
    assert_int_equal(one.holds_noted, one.holds);
    assert_int_equal(one.heard_at, 1000000);
    one.limit = 5;
    nl_destination_share(&one, fixture->store, 5000);
    assert_int_equal(one.limit, 5);
    assert_int_equal(noted(fixture).connections, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keeping, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_recalling, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_hearing_of_others, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_telling_others, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
