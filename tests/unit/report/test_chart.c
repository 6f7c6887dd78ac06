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
    assert_int_equal(count(&out, ">40</text>"), 1);         /* 0, 10 ... 40 */
    assert_int_equal(count(&out, "class=\"grid\""), 5 + 4); /* values and days */
    assert_int_equal(count(&out, ">1970-01-01<"), 1);
    assert_int_equal(count(&out, ">1970-01-04<"), 1);
    assert_int_equal(count(&out, ">1970-01-10<"), 1);
    assert_int_equal(count(&out, "56.0,212.0 "), 1); /* the first point, at the origin */
    assert_int_equal(count(&out, "624.0,12.0 "), 1); /* the last, at the other corner */
    nl_buf_free(&out);
}

/* Days are marked where they begin, however the time is cut. */
static void test_days(void **state) {
    (void)state;
    static const struct {
        int64_t from, to;
        const char *days;
    } rows[] = {
        {86400, 259200, "1970-01-02 1970-01-03 1970-01-04 "},
        {86399, 259201, "1970-01-02 1970-01-03 1970-01-04 "},
        {90000, 262800, "1970-01-03 1970-01-04 "},
        {0, 86400LL * 365, "1970-01-01 1970-04-03 1970-07-04 1970-10-04 "},
        {0, 86400LL * 4, "1970-01-01 1970-01-03 1970-01-05 "},
    };
    for_each_row (i, rows, NULL) {
        const struct nl_chart_point points[] = {{rows[i].from, 1}, {rows[i].to, 2}};
        struct nl_buf out = {0};
        struct nl_buf days = {0};
        nl_chart_line("t", points, 2, &out);
        for (const char *p = nl_buf_text(&out); (p = strstr(p, ">19")) != NULL; p++)
            nl_buf_addf(&days, "%.10s ", p + 1);
        if (strcmp(nl_buf_text(&days), rows[i].days) != 0)
            fail_msg("row %zu: %s", i, nl_buf_text(&days));
        nl_buf_free(&days);
        nl_buf_free(&out);
    }
}

/* Two years of steps: a level stretch stays level although not every point is drawn. */
static void test_steps_stay_steps(void **state) {
    (void)state;
    enum { DAYS = 500, DAY = 86400 };
    struct nl_chart_point points[2 * DAYS + 3] = {{0, 0}};
    size_t held = 1;
    struct nl_buf out = {0};
    for (int day = 1; day <= DAYS; day++) {
        points[held++] = (struct nl_chart_point){(int64_t)day * DAY, day - 1};
        points[held++] = (struct nl_chart_point){(int64_t)day * DAY, day};
    }
    points[held++] = (struct nl_chart_point){2LL * DAYS * DAY, DAYS};
    points[held++] = (struct nl_chart_point){2LL * DAYS * DAY, 2LL * DAYS};
    nl_chart_line("t", points, held, &out);
    assert_int_equal(count(&out, "340.0,112.0 624.0,112.0 624.0,12.0"), 1);
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
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_nothing_to_draw),
        cmocka_unit_test(test_large_numbers),
        cmocka_unit_test(test_many_points),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_steps_stay_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
