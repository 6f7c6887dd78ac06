/* The ledger's tree in parts: tree_parts.c, entry.c. */
#include "support.h"

#include "proof/tree_parts.h"

#include <stdio.h>

/* ---- entries ---- */

/* An event: [kind, row, time, type, detail, subscription, person]. */
static void add_event(struct nl_buf *out, const char *type, int64_t subscription, int64_t person) {
    nl_cbor_add_array(out, 7);
    nl_cbor_add_number(out, NL_LEDGER_EVENT);
    nl_cbor_add_number(out, 1);
    nl_cbor_add_number(out, 1000);
    nl_cbor_add_text(out, type);
    nl_cbor_add_null(out);
    nl_cbor_add_number(out, subscription);
    nl_cbor_add_number(out, person);
}

/* The places of the one entry that is encoded in `encoded`: "5-5 -9--9", or "none". */
static void assert_places(struct nl_buf *encoded, const char *expected) {
    struct nl_cbor reader = {.at = (const unsigned char *)encoded->data, .left = encoded->len};
    struct nl_entry entry;
    struct nl_ledger_place place = {0};
    struct nl_buf said = {0};
    assert_true(nl_entry_take(&reader, &entry));
    assert_int_equal(reader.left, 0);
    for (size_t at = 0; nl_tree_place(&entry, &at, &place);)
        nl_buf_addf(&said, "%s%lld-%lld", said.len > 0 ? " " : "", (long long)place.first,
                    (long long)place.last);
    assert_string_equal(said.len > 0 ? nl_buf_text(&said) : "none", expected);
    nl_buf_free(&said);
    nl_buf_free(encoded);
}

static void test_an_event_tells_of_a_subscription_and_a_move_of_the_person(void **state) {
    (void)state;
    struct nl_buf entry = {0};
    add_event(&entry, "confirmed", 5, 9);
    assert_places(&entry, "5-5");
    add_event(&entry, "confirmed", 5, 0);
    assert_places(&entry, "5-5");
    add_event(&entry, "address-changed", 5, 9);
    assert_places(&entry, "5-5 -9--9");
    add_event(&entry, "address-changed", 0, 9); /* of a person without a subscription */
    assert_places(&entry, "-9--9");
    add_event(&entry, "address-changed", 5, 0);
    assert_places(&entry, "5-5");
    add_event(&entry, "sent", 0, 9);
    assert_places(&entry, "none");
    add_event(&entry, "address-changed-not", 0, 9);
    assert_places(&entry, "none");
}

static void test_an_import_tells_of_ranges(void **state) {
    (void)state;
    struct nl_buf entry = {0};
    nl_cbor_add_array(&entry, 3);
    nl_cbor_add_number(&entry, NL_LEDGER_IMPORTED);
    nl_cbor_add_text(&entry, "x");
    nl_cbor_add_array(&entry, 3);
    for (int i = 0; i < 3; i++) {
        nl_cbor_add_array(&entry, i == 2 ? 3 : 4); /* the last one is none of ours */
        nl_cbor_add_number(&entry, 1);
        nl_cbor_add_text(&entry, "active");
        nl_cbor_add_number(&entry, 10 + 10 * i);
        if (i < 2)
            nl_cbor_add_number(&entry, 19 + 10 * i);
    }
    assert_places(&entry, "10-19 20-29");
    nl_cbor_add_array(&entry, 2);
    nl_cbor_add_number(&entry, NL_LEDGER_IMPORTED);
    nl_cbor_add_array(&entry, 0);
    assert_places(&entry, "none");
}

static void test_other_entries_tell_of_nobody(void **state) {
    (void)state;
    struct nl_buf entry = {0};
    for (int kind = 0; kind < 40; kind++) {
        if (kind == NL_LEDGER_EVENT || kind == NL_LEDGER_IMPORTED)
            continue;
        nl_cbor_add_array(&entry, 7);
        nl_cbor_add_number(&entry, kind);
        for (int i = 0; i < 6; i++)
            nl_cbor_add_number(&entry, 7);
        assert_places(&entry, "none");
    }
}

static void test_what_is_no_entry(void **state) {
    (void)state;
    static const char *const broken[] = {
        "",         /* nothing */
        "\x01",     /* no array */
        "\x81\x02", /* a kind alone */
        "\x82\x61x\x01" /* a kind that is not a number */,
        "\x83\x02\x01",                                 /* cut off */
        "\x82\x02\xa1\x01\x02",                         /* a map */
        "\x82\x02\x81\x01",                             /* its last array holds a number */
        "\x82\x02\x81\x81\x81\x01",                     /* arrays in arrays in arrays */
        "\x83\x02\x81\x81\x01\x01",                     /* an array that is not the last item */
        "\x82\x02\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", /* an array of more than there can be */
        "\x91\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02", /* too many */
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct nl_cbor reader = {.at = (const unsigned char *)broken[i], .left = strlen(broken[i])};
        struct nl_entry entry;
        if (nl_entry_take(&reader, &entry))
            fail_msg("%zu is taken for an entry", i);
    }
}

/* ---- the ledger ---- */

/* Adds a record with these bytes behind the library's back; its id. */
static int64_t add_record(struct fixture *fixture, const struct nl_buf *body) {
    struct nl_buf sql = {0};
    int64_t id = fixture_sql(fixture, "SELECT max(id) + 1 FROM ledger");
    bool file = nl_store_is_file(fixture->path);
    nl_buf_addf(&sql, "INSERT INTO ledger (id, stream, body, chain) VALUES (%lld, 0, %s",
                (long long)id, file ? "x'" : "'\\x");
    for (size_t i = 0; i < body->len; i++)
        nl_buf_addf(&sql, "%02x", (unsigned char)body->data[i]);
    nl_buf_addf(&sql, "', %s)", file ? "x'00'" : "'\\x00'");
    fixture_sql(fixture, nl_buf_text(&sql));
    nl_buf_free(&sql);
    return id;
}

/* Adds records of seven events each, of subscriptions that count up; the id of the last one. */
static int64_t add_events(struct fixture *fixture, int records, int64_t first) {
    int64_t last = 0;
    for (int i = 0; i < records; i++) {
        struct nl_buf body = {0};
        for (int j = 0; j < 7; j++)
            add_event(&body, "confirmed", first++, 0);
        last = add_record(fixture, &body);
        nl_buf_free(&body);
    }
    return last;
}

struct seen {
    struct nl_hasher *hasher;
    struct nl_buf hashes, where; /* of all leaves; "number:record+skip ..." of the first ones */
    uint64_t next;
    size_t most;
};

static enum nl_status see(const struct nl_tree_leaf *leaf, void *ctx, bool *stop,
                          struct nl_error *err) {
    struct seen *seen = ctx;
    unsigned char digest[NL_DIGEST_LEN];
    (void)err;
    assert_true(seen->next == UINT64_MAX || leaf->number == seen->next);
    seen->next = leaf->number + 1;
    nl_merkle_leaf(seen->hasher, leaf->entry->data, leaf->entry->len, digest);
    nl_buf_add(&seen->hashes, digest, sizeof digest);
    if (seen->where.len < 200)
        nl_buf_addf(&seen->where, "%llu:%lld+%lld ", (unsigned long long)leaf->number,
                    (long long)leaf->record, (long long)leaf->skip);
    *stop = seen->hashes.len / NL_DIGEST_LEN == seen->most;
    return NL_OK;
}

static struct seen begin(void) {
    struct seen seen = {.hasher = nl_hasher_new(), .next = UINT64_MAX, .most = SIZE_MAX};
    assert_non_null(seen.hasher);
    return seen;
}

static void end(struct seen *seen) {
    nl_buf_free(&seen->hashes);
    nl_buf_free(&seen->where);
    nl_hasher_free(seen->hasher);
}

static void assert_walked(struct fixture *fixture, struct nl_tree_walk walk, size_t most,
                          const char *expected) {
    struct nl_error err = {0};
    struct seen seen = begin();
    seen.most = most;
    walk.each = see;
    walk.ctx = &seen;
    assert_ok(nl_tree_walk(fixture->store, &walk, &err));
    assert_string_equal(nl_buf_text(&seen.where), expected);
    end(&seen);
}

static void test_a_walk(void **state) {
    struct fixture *fixture = *state;
    int64_t last = add_events(fixture, 2, 1); /* two records of seven */
    char expected[200];
    snprintf(expected, sizeof expected, "50:%lld+5 51:%lld+6 52:%lld+0 ", (long long)last - 1,
             (long long)last - 1, (long long)last);
    assert_walked(fixture,
                  (struct nl_tree_walk){.first = 50, .record = last - 1, .skip = 5, .last = last},
                  3, expected);
    snprintf(expected, sizeof expected, "0:%lld+5 1:%lld+6 ", (long long)last - 1,
             (long long)last - 1);
    assert_walked(fixture, (struct nl_tree_walk){.record = last - 1, .skip = 5, .last = last - 1},
                  SIZE_MAX, expected);
    assert_walked(fixture, (struct nl_tree_walk){.record = last + 1, .last = last + 100}, SIZE_MAX,
                  "");
    assert_walked(fixture, (struct nl_tree_walk){.record = last, .skip = 7, .last = last}, SIZE_MAX,
                  "");
}

static void test_a_record_that_cannot_be_read(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf body = {0};
    struct seen seen = begin();
    char words[60];
    add_event(&body, "confirmed", 5, 0);
    nl_buf_adds(&body, "\x83\x02"); /* after a good entry, one that is cut off */
    int64_t id = add_record(fixture, &body);
    const struct nl_tree_walk walk = {.record = id, .last = id, .each = see, .ctx = &seen};
    snprintf(words, sizeof words, "record %lld of the ledger cannot be read", (long long)id);
    assert_fails(nl_tree_walk(fixture->store, &walk, &err), NL_DATA, words);
    assert_int_equal(seen.hashes.len, NL_DIGEST_LEN);
    assert_fails(nl_tree_keep_parts(fixture->store, seen.hasher, id, &err), NL_DATA, words);
    nl_buf_free(&body);
    end(&seen);
}

static void test_parts_are_kept_as_they_fill(void **state) {
    enum { KEPT = 2 * NL_LEDGER_PART }; /* leaves */
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct seen all = begin();
    struct nl_buf heads = {0};
    struct nl_tree_walk rest = {0};
    unsigned char head[NL_DIGEST_LEN];
    int64_t last = add_events(fixture, 360, 1000); /* 2520 leaves, and what was there before */
    const struct nl_tree_walk walk = {.record = 1, .last = last, .each = see, .ctx = &all};
    assert_ok(nl_tree_walk(fixture->store, &walk, &err));
    size_t leaves = all.hashes.len / NL_DIGEST_LEN;
    assert_true(leaves >= 2521 && leaves < 3072);
    for (int again = 0; again < 2; again++) { /* the second time there is nothing to do */
        nl_buf_clear(&heads);
        assert_ok(nl_tree_keep_parts(fixture->store, all.hasher, last, &err));
        assert_ok(nl_ledger_part_heads(fixture->store, &heads, &err));
        assert_int_equal(heads.len, 2 * NL_DIGEST_LEN);
    }
    for (size_t part = 0; part < 2; part++) {
        nl_merkle_head_of(all.hasher,
                          (unsigned char *)all.hashes.data + part * NL_LEDGER_PART * NL_DIGEST_LEN,
                          NL_LEDGER_PART, head);
        assert_memory_equal(head, heads.data + part * NL_DIGEST_LEN, NL_DIGEST_LEN);
    }
    /* The rest begins where the last part ends, in the middle of a record. */
    assert_ok(nl_tree_rest(fixture->store, last, &rest, &err));
    assert_int_equal(rest.first, KEPT);
    struct seen after = begin();
    rest.each = see;
    rest.ctx = &after;
    assert_ok(nl_tree_walk(fixture->store, &rest, &err));
    assert_int_equal(after.hashes.len / NL_DIGEST_LEN, leaves - KEPT);
    assert_memory_equal(after.hashes.data, all.hashes.data + (size_t)KEPT * NL_DIGEST_LEN,
                        after.hashes.len);
    /* Leaves of full parts alone have places. */
    int64_t before = (int64_t)leaves - 2520;
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM ledger_place WHERE first >= 1000"),
                     KEPT - before);
    assert_int_equal(fixture_sql(fixture, "SELECT leaf FROM ledger_place WHERE first = 1000"),
                     before);
    end(&after);
    end(&all);
    nl_buf_free(&heads);
}

static void test_a_ledger_without_a_full_part(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct seen seen = begin();
    struct nl_tree_walk rest = {0};
    int64_t last = add_events(fixture, 3, 1);
    assert_ok(nl_tree_keep_parts(fixture->store, seen.hasher, last, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM ledger_part"), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM ledger_place"), 0);
    assert_ok(nl_tree_rest(fixture->store, last, &rest, &err));
    assert_int_equal(rest.first, 0);
    assert_int_equal(rest.record, 1);
    assert_int_equal(rest.skip, 0);
    assert_int_equal(rest.last, last);
    end(&seen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_event_tells_of_a_subscription_and_a_move_of_the_person),
        cmocka_unit_test(test_an_import_tells_of_ranges),
        cmocka_unit_test(test_other_entries_tell_of_nobody),
        cmocka_unit_test(test_what_is_no_entry),
        cmocka_unit_test_setup_teardown(test_a_walk, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_record_that_cannot_be_read, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_parts_are_kept_as_they_fill, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_ledger_without_a_full_part, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
