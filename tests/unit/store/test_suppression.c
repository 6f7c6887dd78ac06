#include "support.h"

#include "newsletter/base/buf.h"
#include "newsletter/store/suppression.h"

static enum nl_status collect(const char *address, const char *reason, int64_t since, void *ctx,
                              struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s %s %lld;", address, reason, (long long)since);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_add_and_remove, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
