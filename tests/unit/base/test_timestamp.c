#include "support.h"

#include "newsletter/base/timestamp.h"

static void test_parse(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t expected; /* -1: refused */
    } cases[] = {{"2020-01-02T03:04:05Z", 1577934245},
                 {"2020-01-02 03:04:05", 1577934245},
                 {"2020-01-02T03:04:05.123456Z", 1577934245},
                 {"2020-01-02 03:04:05.5+00", 1577934245},
                 {"2020-01-02T05:04:05+02:00", 1577934245},
                 {"2020-01-02T01:34:05-0130", 1577934245},
                 {"2020-01-02T03:04:05 +0000", 1577934245},
                 {"2020-01-02", 1577923200},
                 {"1577934245", 1577934245},
                 {"", -1},
                 {"x", -1},
                 {"2020-13-02", -1},
                 {"2020-01-02T", -1},
                 {"2020-01-02T03:04", -1},
                 {"2020-01-02x", -1},
                 {"2020-01-02T03:04:05+2", -1},
                 {"2020-01-02T03:04:05+99:00", -1},
                 {"2020-01-02T03:04:05Zx", -1},
                 {"-5", -1},
                 {"1900-01-01", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t at = 0;
        bool good = nl_timestamp_parse(cases[i].text, &at);
        assert_int_equal(good ? at : -1, cases[i].expected);
    }
}

static void test_text(void **state) {
    (void)state;
    char text[NL_TIMESTAMP_LEN];
    nl_timestamp_text(1577934245, text);
    assert_string_equal(text, "2020-01-02T03:04:05Z");
    nl_timestamp_text(0, text);
    assert_string_equal(text, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
