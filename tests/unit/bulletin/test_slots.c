#include "support.h"

#include "bulletin/slots.h"

static void test_substitute(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_slots slots = {0};
    struct nl_buf out = {0};
    assert_ok(nl_slots_substitute(&slots,
                                  "a {{name}} {{ name }} {{name|you}} {{attribute.x-1|y}} {{b",
                                  NULL, "f", &out, &err));
    assert_string_equal(nl_buf_text(&out), "a \x01"
                                           "0\x02 \x01"
                                           "0\x02 \x01"
                                           "1\x02 \x01"
                                           "2\x02 {{b");
    assert_int_equal(slots.count, 3);
    assert_string_equal(slots.items[1].fallback, "you");
    assert_string_equal(slots.items[2].name, "x-1");
    nl_buf_clear(&out);
    assert_ok(nl_slots_substitute(&slots, "\x05name}} {{unsubscribe_url}}", "https://x/{token}/y",
                                  "f", &out, &err));
    assert_string_equal(nl_buf_text(&out), "{{name}} https://x/\x01"
                                           "3\x02/y");
    assert_fails(nl_slots_substitute(&slots, "{{x}}", NULL, "f", &out, &err), NL_DATA,
                 "f: unknown variable {{x}}");
    assert_fails(nl_slots_substitute(&slots, "{{unsubscribe_url}}", NULL, "f", &out, &err), NL_DATA,
                 "unknown");
    assert_fails(nl_slots_substitute(&slots, "{{attribute.}}", NULL, "f", &out, &err), NL_DATA,
                 "unknown");
    nl_slots_free(&slots);
    nl_buf_free(&out);
}

static void test_markers(void **state) {
    (void)state;
    size_t number = 0;
    char context = 0;
    assert_int_equal(nl_slots_marker("\x01"
                                     "12\x02",
                                     4, &number, &context),
                     4);
    assert_int_equal(number, 12);
    assert_int_equal(context, NL_CONTEXT_RAW);
    assert_int_equal(nl_slots_marker("\x01H7\x02", 4, &number, &context), 4);
    assert_int_equal(context, NL_CONTEXT_HTML_QP);
    assert_int_equal(nl_slots_marker("\x01\x02", 2, &number, &context), 0);
    assert_int_equal(nl_slots_marker("\x01H\x02", 3, &number, &context), 0);
    assert_int_equal(nl_slots_marker("\x01"
                                     "1",
                                     2, &number, &context),
                     0);
    /* One that the text's length cuts off, although its end follows in memory. */
    assert_int_equal(nl_slots_marker("\x01"
                                     "1\x02",
                                     2, &number, &context),
                     0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_substitute),
        cmocka_unit_test(test_markers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
