/* Targets of webhooks: two of each. */
#include "support.h"

#include "newsletter/store/webhook.h"

#include <stdio.h>
#include <stdlib.h>

static enum nl_status add(struct fixture *fixture, const char *name, struct nl_error *err) {
    const struct nl_webhook webhook = {.name = (char *)name,
                                       .url = (char *)"https://x.example/",
                                       .secret = (char *)"whsec_x",
                                       .kinds = (char *)"bounced"};
    return nl_webhook_add(fixture->store, &webhook, err);
}

static struct nl_webhook find(struct fixture *fixture, const char *name) {
    struct nl_error err = {0};
    struct nl_webhook webhook;
    assert_ok(nl_webhook_find(fixture->store, name, &webhook, &err));
    return webhook;
}

static void add_two(struct fixture *fixture) {
    struct nl_error err = {0};
    fixture_sql(fixture, "INSERT INTO event (id, at, kind) VALUES (7, 1, 'x')");
    assert_ok(add(fixture, "b", &err));
    fixture_sql(fixture, "INSERT INTO event (id, at, kind) VALUES (8, 1, 'x')");
    assert_ok(add(fixture, "a", &err));
}

/* Each is told of what happens after it was added. */
static void test_adding(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_webhook none;
    add_two(fixture);
    struct nl_webhook b = find(fixture, "b");
    struct nl_webhook a = find(fixture, "a");
    assert_int_equal(b.position, 7);
    assert_int_equal(a.position, 8);
    assert_true(a.enabled);
    assert_int_equal(a.created_at, 1000000);
    assert_int_equal(a.attempts + a.next_at + a.failing_since, 0);
    assert_string_equal(a.kinds, "bounced");
    assert_fails(add(fixture, "a", &err), NL_EXISTS, "'a'");
    assert_fails(nl_webhook_find(fixture->store, "c", &none, &err), NL_NOTFOUND, "'c'");
    nl_webhook_free(&a);
    nl_webhook_free(&b);
}

static enum nl_status note_name(const struct nl_webhook *webhook, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s;", webhook->name);
    return NL_OK;
}

static void assert_names(struct fixture *fixture, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf out = {0};
    assert_ok(nl_webhooks_each(fixture->store, note_name, &out, &err));
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

/* Only one is switched; once it is on again, it is told of what happens from then on, but one that
 * was on misses nothing. */
static void test_switching(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    add_two(fixture);
    assert_ok(nl_webhook_switch(fixture->store, "b", true, &err));
    struct nl_webhook b = find(fixture, "b");
    assert_int_equal(b.position, 7);
    b.attempts = 3;
    b.next_at = 4;
    b.failing_since = 5;
    b.trouble = strdup("no answer");
    assert_ok(nl_webhook_save(fixture->store, &b, &err));
    assert_ok(nl_webhook_switch(fixture->store, "b", false, &err));
    nl_webhook_free(&b);
    b = find(fixture, "b");
    assert_false(b.enabled);
    assert_int_equal(b.position, 7);
    assert_int_equal(b.attempts + b.next_at + b.failing_since, 0);
    assert_null(b.trouble);
    b.position = 99;
    assert_ok(nl_webhook_save(fixture->store, &b, &err)); /* it was switched off meanwhile */
    nl_webhook_free(&b);
    assert_ok(nl_webhook_switch(fixture->store, "b", true, &err));
    b = find(fixture, "b");
    assert_int_equal(b.position, 8);
    struct nl_webhook a = find(fixture, "a");
    assert_true(a.enabled);
    assert_fails(nl_webhook_switch(fixture->store, "c", true, &err), NL_NOTFOUND, "'c'");
    nl_webhook_free(&a);
    nl_webhook_free(&b);
}

static void test_saving(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    add_two(fixture);
    struct nl_webhook b = find(fixture, "b");
    b.position = 8;
    b.attempts = 2;
    b.next_at = 30;
    b.failing_since = 20;
    b.trouble = strdup("no answer");
    assert_ok(nl_webhook_save(fixture->store, &b, &err));
    nl_webhook_free(&b);
    b = find(fixture, "b");
    struct nl_webhook a = find(fixture, "a");
    assert_int_equal(b.position, 8);
    assert_int_equal(b.attempts, 2);
    assert_int_equal(b.next_at, 30);
    assert_int_equal(b.failing_since, 20);
    assert_string_equal(b.trouble, "no answer");
    assert_int_equal(a.attempts + a.next_at + a.failing_since, 0);
    assert_null(a.trouble);
    nl_webhook_free(&a);
    nl_webhook_free(&b);
}

static enum nl_status note_call(const struct nl_webhook_call *call, void *ctx,
                                struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%lld %s;", (long long)call->event, call->detail != NULL ? call->detail : "-");
    return NL_OK;
}

static size_t count_calls(struct fixture *fixture, int64_t webhook, const char *begin) {
    struct nl_error err = {0};
    struct nl_buf out = {0};
    size_t count = 0;
    assert_ok(nl_webhook_log(fixture->store, webhook, note_call, &out, &err));
    for (const char *at = nl_buf_text(&out); *at != '\0'; at++)
        count += *at == ';';
    assert_memory_equal(nl_buf_text(&out), begin, strlen(begin));
    nl_buf_free(&out);
    return count;
}

/* The last 200 calls of each, the newest first. */
static void test_the_log(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    add_two(fixture);
    struct nl_webhook b = find(fixture, "b");
    struct nl_webhook a = find(fixture, "a");
    const struct nl_webhook_call one = {
        .at = 1, .event = 5, .kind = "x", .status = 500, .detail = "no"};
    assert_ok(nl_webhook_note(fixture->store, a.id, &one, &err));
    assert_ok(nl_store_begin_exclusive(fixture->store, &err));
    for (int64_t i = 1; i <= 203; i++) {
        const struct nl_webhook_call call = {.at = i, .event = i, .kind = "x", .status = 200};
        assert_ok(nl_webhook_note(fixture->store, b.id, &call, &err));
    }
    assert_ok(nl_store_commit(fixture->store, &err));
    assert_int_equal(count_calls(fixture, b.id, "203 -;202 -;"), 200);
    assert_int_equal(count_calls(fixture, a.id, "5 no;"), 1);
    assert_ok(nl_webhook_remove(fixture->store, "b", &err));
    assert_names(fixture, "a;");
    assert_int_equal(count_calls(fixture, b.id, ""), 0);
    assert_int_equal(count_calls(fixture, a.id, "5 no;"), 1);
    assert_fails(nl_webhook_remove(fixture->store, "b", &err), NL_NOTFOUND, "'b'");
    nl_webhook_free(&a);
    nl_webhook_free(&b);
}

static void test_by_name(void **state) {
    struct fixture *fixture = *state;
    assert_names(fixture, "");
    add_two(fixture);
    assert_names(fixture, "a;b;");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_adding),  TEST(test_switching), TEST(test_saving),
        TEST(test_the_log), TEST(test_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
