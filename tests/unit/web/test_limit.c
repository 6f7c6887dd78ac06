#include "support.h"

#include "web/limit.h"

static bool take(struct nl_limit *limit, int key, int64_t now) {
    int64_t wait = 0;
    return nl_limit_take(limit, &key, sizeof key, now, &wait);
}

static void test_burst_and_refill(void **state) {
    (void)state;
    struct nl_limit *limit = nl_limit_new(3, 60);
    int64_t wait = 0;
    int key = 1;
    assert_non_null(limit);
    for (int i = 0; i < 3; i++)
        assert_true(take(limit, 1, 1000));
    assert_false(nl_limit_take(limit, &key, sizeof key, 1000, &wait));
    assert_in_range(wait, 60, 61);
    assert_true(take(limit, 2, 1000)); /* another's is another's */
    assert_false(take(limit, 1, 1059));
    assert_true(take(limit, 1, 1061));
    assert_false(take(limit, 1, 1061));
    assert_true(take(limit, 1, 900000)); /* and never more than the burst */
    assert_true(take(limit, 1, 900000));
    assert_true(take(limit, 1, 900000));
    assert_false(take(limit, 1, 900000));
    assert_false(take(limit, 1, 1)); /* a clock that is set back gives nothing */
    nl_limit_free(limit);
    nl_limit_free(NULL);
}

/* A flood of others takes the places of those who have most left, not of who is being held back. */
static void test_a_flood_frees_nobody(void **state) {
    (void)state;
    struct nl_limit *limit = nl_limit_new(5, 1);
    assert_non_null(limit);
    for (int i = 0; i < 5; i++)
        assert_true(take(limit, 0, 1000));
    for (int key = 1; key < 200000; key++)
        take(limit, key, 1000);
    assert_false(take(limit, 0, 1000));
    nl_limit_free(limit);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_and_refill),
        cmocka_unit_test(test_a_flood_frees_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
