/* Pages that are kept in memory. */
#include "support.h"

#include "web/cache.h"

#include <stdio.h>
#include <string.h>

static void put(struct nl_cache *cache, const char *key, const char *body) {
    struct nl_response response = {.status = 200, .type = "text/html", .form = true};
    nl_buf_adds(&response.body, body);
    nl_cache_put(cache, key, &response);
    assert_int_equal(strlen(response.etag), 18);
    nl_buf_free(&response.body);
}

/* Whether `body` is kept. */
static bool has(struct nl_cache *cache, const char *key, const char *body) {
    struct nl_response response = {0};
    bool found = nl_cache_get(cache, key, false, &response);
    if (found) {
        assert_string_equal(nl_buf_text(&response.body), body);
        assert_string_equal(response.type, "text/html");
        assert_true(response.form && response.cacheable && !response.ranges);
    }
    nl_buf_free(&response.body);
    return found;
}

static void test_nothing_is_out_of_date(void **state) {
    (void)state;
    struct nl_cache *cache = nl_cache_new(1000);
    assert_non_null(cache);
    nl_cache_set_state(cache, 100, "a");
    assert_false(has(cache, "k", ""));
    put(cache, "k", "one");
    assert_true(has(cache, "k", "one"));
    assert_false(has(cache, "K", ""));
    nl_cache_set_state(cache, 100, "a"); /* the same */
    assert_true(has(cache, "k", "one"));
    nl_cache_set_state(cache, 100, "b"); /* somebody wrote */
    assert_false(has(cache, "k", ""));
    put(cache, "k", "two");
    put(cache, "k", "three");
    assert_true(has(cache, "k", "three"));
    nl_cache_set_state(cache, 101, "b"); /* time alone changes nothing */
    assert_true(has(cache, "k", "three"));
    nl_cache_set_state(cache, 100, "a");
    assert_false(has(cache, "k", ""));
    nl_cache_free(cache);
    nl_cache_free(NULL);
}

static int64_t modified_after_put(struct nl_cache *cache, const char *body, char etag[NL_ETAG]) {
    struct nl_response response = {.status = 200};
    nl_buf_adds(&response.body, body);
    nl_cache_put(cache, "k", &response);
    memcpy(etag, response.etag, NL_ETAG);
    nl_buf_free(&response.body);
    return response.modified;
}

/* The time of a change is that of the first page with this content; it is told only once no other
 * change of the same second can follow. */
static void test_time_of_change(void **state) {
    (void)state;
    char first[NL_ETAG];
    char second[NL_ETAG];
    struct nl_cache *cache = nl_cache_new(1000);
    assert_non_null(cache);
    nl_cache_set_state(cache, 100, "a");
    assert_int_equal(modified_after_put(cache, "x", first), 0);
    nl_cache_set_state(cache, 105, "b");
    assert_int_equal(modified_after_put(cache, "x", second), 100);
    assert_string_equal(first, second);
    assert_int_equal(modified_after_put(cache, "y", second), 0);
    assert_string_not_equal(first, second);
    nl_cache_set_state(cache, 107, "b");
    assert_int_equal(modified_after_put(cache, "y", second), 105);
    nl_cache_free(cache);
}

static void test_room_is_made(void **state) {
    (void)state;
    char key[16];
    struct nl_cache *cache = nl_cache_new(40);
    assert_non_null(cache);
    nl_cache_set_state(cache, 1, "");
    put(cache, "large", "0123456789x"); /* more than a quarter */
    assert_false(has(cache, "large", ""));
    for (int i = 0; i < 4; i++) {
        snprintf(key, sizeof key, "%d", i);
        put(cache, key, "0123456789");
    }
    assert_true(has(cache, "0", "0123456789")); /* asked for: it stays */
    put(cache, "4", "0123456789");
    assert_true(has(cache, "0", "0123456789"));
    assert_false(has(cache, "1", ""));
    assert_true(has(cache, "4", "0123456789"));
    for (int i = 0; i < 1000; i++) { /* more than there are places */
        snprintf(key, sizeof key, "empty %d", i);
        put(cache, key, "");
    }
    assert_true(has(cache, "empty 999", ""));
    assert_false(has(cache, "empty 0", ""));
    nl_cache_free(cache);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_out_of_date),
        cmocka_unit_test(test_time_of_change),
        cmocka_unit_test(test_room_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
