#include "support.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/cbor.h"
#include "newsletter/store/ledger.h"
#include "newsletter/store/suppression.h"

#include <stdio.h>

static enum nl_status collect(const char *address, const char *reason, int64_t since, void *ctx,
                              struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s %s %lld;", address, reason, (long long)since);
    return NL_OK;
}

static enum nl_status collect_address(const char *address, const char *reason, int64_t since,
                                      void *ctx, struct nl_error *err) {
    (void)reason;
    (void)since;
    (void)err;
    nl_buf_addf(ctx, "%s", address);
    return NL_OK;
}

static void test_add_and_remove(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_address address = {0};
    struct nl_buf all = {0};
    bool added = false;
    assert_ok(nl_address_parse("Ann@example.org", &address, &err));
    assert_ok(nl_suppression_add(fixture->store, &address, "first", 0, &added, &err));
    assert_true(added);
    assert_ok(nl_suppression_add(fixture->store, &address, "second", 5, &added, &err));
    assert_false(added);
    assert_ok(nl_suppression_each(fixture->store, NULL, 0, collect, &all, &err));
    assert_string_equal(nl_buf_text(&all), "ann@example.org first 1000000;");
    assert_ok(nl_suppression_remove(fixture->store, &address, &err));
    assert_fails(nl_suppression_remove(fixture->store, &address, &err), NL_NOTFOUND, "Ann@");
    nl_buf_free(&all);
    nl_address_free(&address);
}

static void add(struct fixture *fixture, const char *text) {
    struct nl_error err = {0};
    struct nl_address address = {0};
    bool added = false;
    assert_ok(nl_address_parse(text, &address, &err));
    assert_ok(nl_suppression_add(fixture->store, &address, "manual", 0, &added, &err));
    nl_address_free(&address);
}

static bool holds(struct fixture *fixture, const char *text) {
    struct nl_error err = {0};
    struct nl_address address = {0};
    bool there = false;
    assert_ok(nl_address_parse(text, &address, &err));
    assert_ok(nl_suppression_holds(fixture->store, &address, &there, &err));
    nl_address_free(&address);
    return there;
}

static int64_t events(struct fixture *fixture, const char *kind) {
    char sql[192];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM event WHERE kind = '%s' AND list IS NULL AND subscriber IS NULL "
             "AND issue IS NULL AND at = 1000000",
             kind);
    return fixture_sql(fixture, sql);
}

/* One address of two: the other is not held, and neither event names anybody. */
static void test_one_address_alone(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_address ann = {0};
    add(fixture, "ann@example.org");
    add(fixture, "Ann@example.org");
    assert_true(holds(fixture, "ANN@example.org"));
    assert_false(holds(fixture, "bob@example.org"));
    add(fixture, "bob@example.org");
    assert_int_equal(events(fixture, "suppressed"), 2);
    assert_int_equal(events(fixture, "unsuppressed"), 0);
    assert_ok(nl_address_parse("ann@example.org", &ann, &err));
    assert_ok(nl_suppression_remove(fixture->store, &ann, &err));
    assert_int_equal(nl_suppression_remove(fixture->store, &ann, &err), NL_NOTFOUND);
    nl_error_free(&err);
    nl_address_free(&ann);
    assert_false(holds(fixture, "ann@example.org"));
    assert_true(holds(fixture, "bob@example.org"));
    assert_int_equal(events(fixture, "suppressed"), 2);
    assert_int_equal(events(fixture, "unsuppressed"), 1);
}

static int64_t entries(struct fixture *fixture, int suppressed, int64_t subscription) {
    struct nl_buf entry = {0};
    nl_cbor_add_array(&entry, 4);
    nl_cbor_add_number(&entry, NL_LEDGER_SUPPRESSED);
    nl_cbor_add_number(&entry, fixture->fake.now);
    nl_cbor_add_number(&entry, suppressed);
    nl_cbor_add_array(&entry, 1);
    nl_cbor_add_array(&entry, 4);
    nl_cbor_add_number(&entry, 1);
    nl_cbor_add_text(&entry, "active");
    nl_cbor_add_number(&entry, subscription);
    nl_cbor_add_number(&entry, subscription);
    return fixture_ledger_count(fixture, &entry);
}

/* Each of the ledger's entries says which address, and whether it is one that gets no mail. */
static void test_the_ledger_knows_it(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_address bob = {0};
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    add(fixture, "bob@example.org");
    add(fixture, "bob@example.org");
    assert_int_equal(entries(fixture, 1, 2), 1);
    assert_int_equal(entries(fixture, 0, 2), 0);
    assert_ok(nl_address_parse("bob@example.org", &bob, &err));
    assert_ok(nl_suppression_remove(fixture->store, &bob, &err));
    nl_address_free(&bob);
    assert_int_equal(entries(fixture, 1, 2), 1);
    assert_int_equal(entries(fixture, 0, 2), 1);
    assert_int_equal(entries(fixture, 1, 1) + entries(fixture, 0, 1), 0);
}

/* Told in order, from one on and at most so many. */
static void test_some_of_them_in_order(void **state) {
    static const struct {
        const char *after;
        int64_t limit;
        const char *expected;
    } rows[] = {
        {NULL, 0, "abcd"}, {"", 1, "a"},   {NULL, 3, "abc"}, {NULL, 4, "abcd"},
        {NULL, 5, "abcd"}, {"b", 0, "cd"}, {"b", 1, "c"},    {"d", 0, ""},
    };
    struct fixture *fixture = *state;
    fixture_sql(fixture, "INSERT INTO suppression (address_key, reason, since) VALUES ('c', 'x', "
                         "1), ('a', 'x', 2), ('d', 'x', 3), ('b', 'x', 4)");
    for_each_row (i, rows, rows[i].expected) {
        struct nl_error err = {0};
        struct nl_buf told = {0};
        assert_ok(nl_suppression_each(fixture->store, rows[i].after, rows[i].limit, collect_address,
                                      &told, &err));
        assert_string_equal(nl_buf_text(&told), rows[i].expected);
        nl_buf_free(&told);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_add_and_remove, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_address_alone, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_ledger_knows_it, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_some_of_them_in_order, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
