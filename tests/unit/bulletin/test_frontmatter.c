#include "support.h"

#include "bulletin/frontmatter.h"
#include "newsletter/base/buf.h"

static void test_complete(void **state) {
    (void)state;
    static const char text[] = "---\nseries: News\nnumber: Special Issue No 11\ntitle: \"Т: x\"\n"
                               "date: 2008-08-25\ncategory: General\nposted_by: admin\n---\nBody\n";
    struct nl_error err = {0};
    struct nl_frontmatter front = {0};
    size_t body = 0;
    size_t line = 0;
    assert_ok(nl_frontmatter_read(text, sizeof text - 1, "f", &front, &body, &line, &err));
    assert_string_equal(text + body, "Body\n");
    assert_int_equal(line, 9);
    assert_string_equal(front.subject, "Special Issue No 11: Т: x");
    assert_string_equal(front.slug, "news-special-issue-no-11");
    assert_string_equal(front.posted_by, "admin");
    assert_null(front.language);
    nl_frontmatter_free(&front);
}

static void test_defaults(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_frontmatter front = {0};
    size_t body = 0;
    size_t line = 0;
    static const char text[] = "---\ntitle: Кездесу\ndate: 2026-02-28\n---";
    assert_ok(nl_frontmatter_read(text, sizeof text - 1, "f", &front, &body, &line, &err));
    assert_string_equal(front.subject, "Кездесу");
    assert_string_equal(front.slug, "2026-02-28");
    assert_int_equal(body, sizeof text - 1);
    nl_frontmatter_free(&front);
}

static void test_dates(void **state) {
    (void)state;
    static const char *const bad[] = {"2026-02-29", "2026-13-01",  "26-01-01",
                                      "2026-1-1",   "2026-01-01x", "2026-04-31"};
    for_each_row (i, bad, bad[i]) {
        struct nl_error err = {0};
        struct nl_frontmatter front = {0};
        struct nl_buf text = {0};
        size_t body = 0;
        size_t line = 0;
        nl_buf_addf(&text, "---\ntitle: T\ndate: %s\n---\n", bad[i]);
        assert_fails(nl_frontmatter_read(text.data, text.len, "f", &front, &body, &line, &err),
                     NL_DATA, "a day that exists");
        nl_buf_free(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
