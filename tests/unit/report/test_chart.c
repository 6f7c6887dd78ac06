#include "support.h"

#include "report/chart.h"

#include <stdlib.h>

static size_t count(const struct nl_buf *text, const char *word) {
    size_t found = 0;
    for (const char *p = nl_buf_text(text); (p = strstr(p, word)) != NULL; p++)
        found++;
    return found;
}

static void test_line(void **state) {
    (void)state;
    const struct nl_chart_point points[] = {{0, 0}, {86400, 7}, {864000, 40}};
    struct nl_buf out = {0};
    nl_chart_line("A <title>", points, 3, &out);
    assert_int_equal(count(&out, "aria-label=\"A &lt;title&gt;\""), 1);
    assert_int_equal(count(&out, ">40</text>"), 1); /* 0, 10 ... 40 */
    assert_int_equal(count(&out, "class=\"grid\""), 5);
    assert_int_equal(count(&out, "1970-01-01"), 1);
    assert_int_equal(count(&out, "1970-01-11"), 1);
    assert_int_equal(count(&out, "56.0,212.0 "), 1); /* the first point, at the origin */
    assert_int_equal(count(&out, "624.0,12.0 "), 1); /* the last, at the other corner */
    nl_buf_free(&out);
}

static void test_nothing_to_draw(void **state) {
    (void)state;
    const struct nl_chart_point points[] = {{5, 1}, {5, 2}};
    struct nl_buf out = {0};
    nl_chart_line("t", points, 0, &out);
    nl_chart_line("t", points, 1, &out);
    nl_chart_line("t", points, 2, &out);
    nl_chart_bars("t", NULL, 0, &out);
    assert_int_equal(out.len, 0);
}

static void test_large_numbers(void **state) {
    (void)state;
    const struct nl_chart_point points[] = {{0, 0}, {INT64_MAX / 4, INT64_MAX / 4}};
    struct nl_buf out = {0};
    nl_chart_line("t", points, 2, &out);
    assert_true(count(&out, "class=\"grid\"") <= 70);
    nl_buf_free(&out);
}

/* A year of seconds is drawn with the points that can be seen. */
static void test_many_points(void **state) {
    (void)state;
    enum { MANY = 100000 };
    struct nl_chart_point *points = calloc(MANY, sizeof *points);
    struct nl_buf out = {0};
    assert_non_null(points);
    for (size_t i = 0; i < MANY; i++)
        points[i] = (struct nl_chart_point){(int64_t)i, (int64_t)i};
    nl_chart_line("t", points, MANY, &out);
    assert_true(out.len < 20000);
    nl_buf_free(&out);
    free(points);
}

static void test_bars(void **state) {
    (void)state;
    const struct nl_chart_bar bars[] = {
        {"example.org", {3, 0, 1}},
        {"an-ever-so-long-name-\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9.example",
         {1}},
        {"<&>", {0}},
    };
    struct nl_buf out = {0};
    nl_chart_bars("t", bars, 3, &out);
    assert_int_equal(count(&out, "<rect class=\"p0\""), 2);
    assert_int_equal(count(&out, "<rect class=\"p1\""), 0);
    assert_int_equal(count(&out, "<rect class=\"p2\""), 1);
    assert_int_equal(count(&out, ">4</text>"), 1);
    assert_int_equal(count(&out, "\xc3\xa9\xe2\x80\xa6</text>"), 1); /* cut between characters */
    assert_int_equal(count(&out, "&lt;&amp;&gt;"), 1);
    nl_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),          cmocka_unit_test(test_nothing_to_draw),
        cmocka_unit_test(test_large_numbers), cmocka_unit_test(test_many_points),
        cmocka_unit_test(test_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
