/* Rows of an import as they are staged: packed and read again, damaged ones, and those of a list
 * that is gone meanwhile. */
#include "support.h"

#include "store/import_apply.h"
#include "store/import_pack.h"

#include <stdlib.h>

static const struct nl_member whole = {.address = "Ann@example.org",
                                       .name = "Ann",
                                       .language = "de",
                                       .attributes = "{\"a\":1}",
                                       .state = NL_SUBSCRIPTION_PENDING,
                                       .blocked = true,
                                       .consent_source = "paper",
                                       .consent_ip = "192.0.2.1",
                                       .consent_version = "7",
                                       .consent_at = 1,
                                       .confirmed_at = 2,
                                       .ended_at = -3,
                                       .created_at = INT64_MAX};
static const struct nl_member bare = {.address = "b@example.org", .name = ""};

static void pack(struct nl_buf *out, int64_t list, const struct nl_member *member) {
    struct nl_error err = {0};
    struct nl_address address = {0};
    assert_ok(nl_address_parse(member->address, &address, &err));
    nl_import_pack(out, list, &address, member);
    nl_address_free(&address);
}

static void assert_text(const char *found, const char *expected) {
    assert_int_equal(found == NULL, expected == NULL);
    if (expected != NULL)
        assert_string_equal(found, expected);
}

static void assert_item(const struct nl_import_item *item, int64_t list,
                        const struct nl_member *member, const char *key) {
    assert_int_equal(item->list, list);
    assert_string_equal(item->address.key, key);
    assert_string_equal(item->address.text, member->address);
    assert_text(item->member.name, member->name);
    assert_text(item->member.language, member->language);
    assert_text(item->member.attributes, member->attributes);
    assert_text(item->member.consent_source, member->consent_source);
    assert_text(item->member.consent_ip, member->consent_ip);
    assert_text(item->member.consent_version, member->consent_version);
    assert_int_equal(item->member.state, member->state);
    assert_int_equal(item->member.blocked, member->blocked);
    assert_int_equal(item->member.consent_at, member->consent_at);
    assert_int_equal(item->member.confirmed_at, member->confirmed_at);
    assert_int_equal(item->member.ended_at, member->ended_at);
    assert_int_equal(item->member.created_at, member->created_at);
}

static void test_two_rows(void **state) {
    struct nl_error err = {0};
    struct nl_buf rows = {0};
    struct nl_import_item item;
    size_t used = 0;
    size_t second = 0;
    (void)state;
    pack(&rows, 7, &whole);
    size_t first = rows.len;
    pack(&rows, -1, &bare);
    assert_int_equal(nl_import_packed_length(rows.data, rows.len), first);
    assert_string_equal(nl_import_packed_key(rows.data), "ann@example.org");
    assert_ok(nl_import_unpack(rows.data, rows.len, &item, &used, &err));
    assert_int_equal(used, first);
    assert_item(&item, 7, &whole, "ann@example.org");
    assert_ok(nl_import_unpack(rows.data + first, rows.len - first, &item, &second, &err));
    assert_int_equal(first + second, rows.len);
    assert_item(&item, -1, &bare, "b@example.org");
    nl_buf_free(&rows);
}

/* No piece of a row is a row, nor is one with another byte at a place that matters. */
static void test_damaged_rows(void **state) {
    static const struct {
        const char *name;
        size_t at; /* from the beginning, or from the end */
        bool from_end;
        char byte;
    } rows[] = {
        {"too short", 0, false, 1},
        {"too long", 1, false, 127},
        {"a state that is none", 44, false, 99},
        {"no key", 46, false, 0},
        {"an end that is missing", 1, true, 'x'},
    };
    struct nl_error err = {0};
    struct nl_buf row = {0};
    struct nl_import_item item;
    size_t used = 0;
    (void)state;
    pack(&row, 7, &whole);
    for (size_t len = 0; len < row.len; len++) {
        assert_int_equal(nl_import_packed_length(row.data, len), 0);
        assert_fails(nl_import_unpack(row.data, len, &item, &used, &err), NL_INTERNAL,
                     "cannot be read");
    }
    for_each_row (i, rows, rows[i].name) {
        size_t at = rows[i].from_end ? row.len - rows[i].at : rows[i].at;
        char kept = row.data[at];
        row.data[at] = rows[i].byte;
        assert_fails(nl_import_unpack(row.data, row.len, &item, &used, &err), NL_INTERNAL,
                     "cannot be read");
        row.data[at] = kept;
    }
    assert_ok(nl_import_unpack(row.data, row.len, &item, &used, &err));
    nl_buf_free(&row);
}

/* ---- taken in ---- */

/* Takes packed rows in; the number of those that were added, -1 for damaged ones. */
static int64_t take(struct fixture *fixture, const struct nl_buf *rows) {
    static const struct nl_import_policy policy = {.consent = "paper"};
    struct nl_error err = {0};
    struct nl_import *import = NULL;
    struct nl_import_tally tally = {0};
    assert_ok(nl_import_begin(fixture->store, &policy, &import, &err));
    enum nl_status status = nl_import_take_packed(import, rows->data, rows->len, &tally, &err);
    nl_error_free(&err);
    assert_ok(nl_import_end(import, status == NL_OK, "import", &err));
    return status == NL_OK ? tally.outcomes[NL_IMPORT_ADDED] : -1;
}

static void test_taken_in(void **state) {
    struct fixture *fixture = *state;
    struct nl_buf rows = {0};
    static const struct nl_member ann = {.address = "ann@example.org"};
    static const struct nl_member eve = {.address = "eve@example.org"};
    pack(&rows, 9, &ann); /* of a list that is gone */
    assert_int_equal(take(fixture, &rows), 0);
    pack(&rows, 1, &eve);
    pack(&rows, 9, &eve);
    rows.data[rows.len - 1] = 'x';
    assert_int_equal(take(fixture, &rows), -1); /* nothing of it, though a row is good */
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber"), 0);
    rows.data[rows.len - 1] = '\0';
    assert_int_equal(take(fixture, &rows), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE address = "
                                          "'eve@example.org'"),
                     1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription"), 1);
    nl_buf_free(&rows);
}

/* ---- the tally ---- */

static void test_tallies(void **state) {
    struct nl_import_tally tally = {0};
    struct nl_import_tally read = {.ended = 99};
    struct nl_buf text = {0};
    (void)state;
    for (int i = 0; i < NL_IMPORT_OUTCOMES; i++)
        tally.outcomes[i] = i + 1;
    for (int i = 0; i < NL_SUBSCRIPTION_STATES; i++)
        tally.added[i] = 100 + i;
    tally.ended = 1000;
    nl_import_tally_write(&tally, &text);
    nl_import_tally_read(nl_buf_text(&text), &read);
    assert_memory_equal(&read, &tally, sizeof read);
    nl_import_tally_read("", &read);
    assert_int_equal(read.ended, 0);
    assert_int_equal(read.outcomes[NL_IMPORT_ADDED], 0);
    nl_buf_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_rows),
        cmocka_unit_test(test_damaged_rows),
        cmocka_unit_test_setup_teardown(test_taken_in, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_tallies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
