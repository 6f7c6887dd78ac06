/* Conditional requests and parts of a body. */
#include "support.h"

#include "web/conditional.h"

#include <string.h>

static void test_dates(void **state) {
    char text[NL_HTTP_DATE];
    (void)state;
    nl_http_date(0, text);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    nl_http_date(1795766400, text);
    assert_string_equal(text, "Fri, 27 Nov 2026 08:00:00 GMT");
}

static void test_versions(void **state) {
    static const struct {
        const char *none_match, *modified_since;
        bool have;
    } cases[] = {
        {NULL, NULL, false},
        {"\"abc\"", NULL, true},
        {"*", NULL, true},
        {"W/\"abc\"", NULL, true},
        {"\"x\", \"abc\"", NULL, true},
        {"\"abc\",\"x\"", NULL, true},
        {"\"abc\"x", NULL, false},
        {"\"ab\"", NULL, false},
        {"abc", NULL, false},
        {"", NULL, false},
        {NULL, "Thu, 01 Jan 1970 00:16:40 GMT", true},
        {NULL, "Thu, 01 Jan 1970 00:16:41 GMT", false},
        {NULL, "soon", false},
        {"\"x\"", "Thu, 01 Jan 1970 00:16:40 GMT", false}, /* tags go first */
    };
    struct nl_response response = {.status = 200, .etag = "\"abc\"", .modified = 1000};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct nl_conditions conditions = {cases[i].none_match, cases[i].modified_since, NULL,
                                                 NULL};
        if (nl_conditions_have(&conditions, &response) != cases[i].have)
            fail_msg("case %zu", i);
    }
    const struct nl_conditions any = {"*", NULL, NULL, NULL};
    response.status = 404;
    assert_false(nl_conditions_have(&any, &response));
    response.status = 200;
    response.etag[0] = '\0';
    assert_false(nl_conditions_have(&any, &response));
    response.modified = 0; /* not known: no date is right */
    strcpy(response.etag, "\"abc\"");
    const struct nl_conditions epoch = {NULL, "Thu, 01 Jan 1970 00:00:00 GMT", NULL, NULL};
    assert_false(nl_conditions_have(&epoch, &response));
}

static void test_parts(void **state) {
    static const struct {
        const char *range;
        bool part;
        size_t first, len;
    } cases[] = {
        {NULL, false, 0, 0},
        {"bytes=0-3", true, 0, 4},
        {"Bytes=4-4", true, 4, 1},
        {"bytes=4-", true, 4, 6},
        {"bytes=8-100", true, 8, 2},
        {"bytes=-3", true, 7, 3},
        {"bytes=-100", true, 0, 10},
        {"bytes=9-9", true, 9, 1},
        {"bytes=10-", true, 10, 0}, /* there is no such part */
        {"bytes=50-60", true, 50, 0},
        {"bytes=-0", true, 10, 0},
        {"bytes=-", false, 0, 0},
        {"bytes=3-2", false, 0, 0},
        {"bytes=0-1,4-5", false, 0, 0},
        {"bytes=a-b", false, 0, 0},
        {"bytes=0-3 ", false, 0, 0},
        {"bytes=--3", false, 0, 0},
        {"lines=0-3", false, 0, 0},
        {"bytes=9999999999999999999-", false, 0, 0},
        {"bytes=0-999999999999999999", true, 0, 10},
    };
    struct nl_response response = {.status = 200, .etag = "\"abc\"", .modified = 1000};
    (void)state;
    nl_buf_adds(&response.body, "0123456789");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct nl_conditions conditions = {NULL, NULL, cases[i].range, NULL};
        size_t first = 0;
        size_t len = 0;
        bool part = nl_conditions_part(&conditions, &response, &first, &len);
        if (part != cases[i].part ||
            (part && (len != cases[i].len || (len > 0 && first != cases[i].first))))
            fail_msg("%s: %d, %zu bytes from %zu", cases[i].range, part, len, first);
    }
    nl_buf_free(&response.body);
}

static void test_parts_of_a_version(void **state) {
    struct nl_response response = {.status = 200, .etag = "\"abc\"", .modified = 1000};
    size_t first = 0;
    size_t len = 0;
    struct nl_conditions conditions = {.range = "bytes=1-2", .if_range = "\"abc\""};
    (void)state;
    nl_buf_adds(&response.body, "0123456789");
    assert_true(nl_conditions_part(&conditions, &response, &first, &len));
    conditions.if_range = "Thu, 01 Jan 1970 00:16:40 GMT";
    assert_true(nl_conditions_part(&conditions, &response, &first, &len));
    conditions.if_range = "\"old\"";
    assert_false(nl_conditions_part(&conditions, &response, &first, &len));
    nl_buf_free(&response.body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_parts_of_a_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
