/* Checkpoints of the ledger: the newest, the history, and a value that is damaged. */
#include "support.h"

#include "newsletter/store/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>

static void add(struct fixture *fixture, int64_t last, uint64_t size, const char *note) {
    struct nl_error err = {0};
    struct nl_checkpoint checkpoint = {.last = last, .tree.size = size, .note = (char *)note};
    for (size_t i = 0; i < nl_merkle_peaks(size); i++)
        memset(checkpoint.tree.peaks[i], (int)(size + i), NL_DIGEST_LEN);
    assert_ok(nl_checkpoint_add(fixture->store, &checkpoint, &err));
}

static void assert_newest(struct fixture *fixture, int64_t at, int64_t last, uint64_t size,
                          const char *note) {
    struct nl_error err = {0};
    struct nl_checkpoint newest;
    unsigned char peak[NL_DIGEST_LEN];
    assert_ok(nl_checkpoint_newest(fixture->store, &newest, &err));
    assert_int_equal(newest.at, at);
    assert_int_equal(newest.last, last);
    assert_int_equal(newest.tree.size, size);
    for (size_t i = 0; i < nl_merkle_peaks(size); i++) {
        memset(peak, (int)(size + i), sizeof peak);
        assert_memory_equal(newest.tree.peaks[i], peak, sizeof peak);
    }
    assert_string_equal(newest.note != NULL ? newest.note : "", note);
    free(newest.note);
}

static enum nl_status collect(int64_t id, const char *note, void *ctx, struct nl_error *err) {
    (void)err;
    assert_true(id > 0);
    nl_buf_addf(ctx, "%s.", note);
    return NL_OK;
}

static void test_the_newest_and_the_history(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf notes = {0};
    assert_newest(fixture, 0, 0, 0, "");
    add(fixture, 5, 3, "one");
    fixture->fake.now++;
    add(fixture, 5, 3, "same record"); /* another process was quicker */
    add(fixture, 4, 3, "an earlier record");
    assert_newest(fixture, 1000000, 5, 3, "one");
    add(fixture, 6, 7, "two\nlines");
    assert_newest(fixture, 1000001, 6, 7, "two\nlines");
    fixture_sql(fixture, "INSERT INTO event (at, kind, detail) VALUES (1, 'other', 'other')");
    fixture_sql(fixture, "INSERT INTO event (at, kind) VALUES (1, 'checkpoint')");
    assert_ok(nl_checkpoints_each(fixture->store, collect, &notes, &err));
    assert_string_equal(nl_buf_text(&notes), "one.two\nlines.");
    nl_buf_free(&notes);
}

static bool is_due(struct fixture *fixture) {
    struct nl_error err = {0};
    bool due = false;
    assert_ok(nl_checkpoint_is_due(fixture->store, &due, &err));
    return due;
}

static void test_one_a_day(void **state) {
    struct fixture *fixture = *state;
    assert_true(is_due(fixture));
    add(fixture, 1, 1, "one");
    assert_false(is_due(fixture));
    fixture->fake.now += 86399;
    assert_false(is_due(fixture));
    fixture->fake.now += 1;
    assert_true(is_due(fixture));
}

static void test_damaged_values(void **state) {
    static const struct {
        const char *value;
        bool good;
    } rows[] = {
        {"1 2 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nnote", true},
        {"1 2 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", false}, /* no note */
        {"1 2 1 AAAA\nnote", false},
        {"1 2 2 AAAA\nnote", false},
        {"1 2 3 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nnote", false}, /* two peaks */
        {"1 2 1 !!\nnote", false},
        {"\n1 2 1", false},
        {"", false},
    };
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].value) {
        struct nl_error err = {0};
        struct nl_checkpoint newest = {0};
        char sql[256];
        fixture_sql(fixture, "DELETE FROM setting WHERE key = 'checkpoint'");
        snprintf(sql, sizeof sql, "INSERT INTO setting (key, value) VALUES ('checkpoint', '%s')",
                 rows[i].value);
        fixture_sql(fixture, sql);
        enum nl_status status = nl_checkpoint_newest(fixture->store, &newest, &err);
        assert_int_equal(status, rows[i].good ? NL_OK : NL_IO);
        nl_error_free(&err);
        free(newest.note);
    }
}

static void test_the_last_record(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t last = -1;
    fixture_sql(fixture, "DELETE FROM ledger");
    assert_ok(nl_checkpoint_settle(fixture->store, &last, &err));
    assert_int_equal(last, 0);
    fixture_subscribe(fixture, "a@example.org");
    assert_ok(nl_checkpoint_settle(fixture->store, &last, &err));
    assert_true(last > 0);
    assert_int_equal(last, fixture_sql(fixture, "SELECT max(id) FROM ledger"));
}

static void test_what_others_say(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    char *token = NULL;
    uint64_t size = 1;
    assert_ok(nl_checkpoint_stamp_read(fixture->store, 7, &token, &err));
    assert_null(token);
    assert_ok(nl_checkpoint_stamp_keep(fixture->store, 7, "c2V2ZW4=", &err));
    assert_ok(nl_checkpoint_stamp_keep(fixture->store, 8, "ZWlnaHQ=", &err));
    assert_ok(nl_checkpoint_stamp_read(fixture->store, 7, &token, &err));
    assert_string_equal(token, "c2V2ZW4=");
    free(token);
    assert_ok(nl_checkpoint_stamp_read(fixture->store, 9, &token, &err));
    assert_null(token);
    assert_ok(nl_checkpoint_seen_read(fixture->store, &size, &err));
    assert_int_equal(size, 0);
    assert_ok(nl_checkpoint_seen_keep(fixture->store, 12345678901234567890U, &err));
    assert_ok(nl_checkpoint_seen_read(fixture->store, &size, &err));
    assert_true(size == 12345678901234567890U);
    assert_ok(nl_checkpoint_seen_keep(fixture->store, 5, &err));
    assert_ok(nl_checkpoint_seen_read(fixture->store, &size, &err));
    assert_int_equal(size, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_newest_and_the_history, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_a_day, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_damaged_values, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_last_record, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_others_say, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
