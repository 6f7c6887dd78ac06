#include "support.h"

#include "newsletter/base/yaml.h"

static enum nl_status read(const char *text, struct nl_yaml *yaml, struct nl_error *err) {
    return nl_yaml_read(text, strlen(text), "f", 10, yaml, err);
}

static void test_flattens(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_yaml yaml = {0};
    assert_ok(read("a: 1\nb:\n  c: 'x: y'\n  d: [p, q]\ne: ~\nf: '~'\n", &yaml, &err));
    assert_int_equal(yaml.count, 6);
    assert_string_equal(nl_yaml_get(&yaml, "a"), "1");
    assert_string_equal(nl_yaml_get(&yaml, "b.c"), "x: y");
    assert_string_equal(nl_yaml_get(&yaml, "b.d.1"), "q");
    assert_string_equal(nl_yaml_get(&yaml, "e"), "");
    assert_string_equal(nl_yaml_get(&yaml, "f"), "~");
    assert_null(nl_yaml_get(&yaml, "b"));
    assert_int_equal(yaml.entries[1].line, 12);
    nl_yaml_free(&yaml);
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"a: 1\na: 2\n", "f:11: 'a' is given twice"},
        {"a: [1\n", "not valid YAML"},
        {"- 1\n", "key: value"},
        {"a: &x 1\nb: *x\n", "f:11: YAML aliases"},
        {"? [a]\n: b\n", "plain word"},
        {"a: \"x\\0y\"\n", "NUL"},
        {"a: {b: {c: {d: {e: {f: {g: {h: {i: {j: 1}}}}}}}}}\n", "nested too deeply"},
        {"a: \xff\n", "not valid YAML"},
    };
    for_each_row (i, cases, cases[i].text) {
        struct nl_error err = {0};
        struct nl_yaml yaml = {0};
        assert_fails(read(cases[i].text, &yaml, &err), NL_DATA, cases[i].words);
        nl_yaml_free(&yaml);
    }
}

static void test_empty(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_yaml yaml = {0};
    assert_ok(read("", &yaml, &err));
    assert_ok(read("# nothing\n", &yaml, &err));
    assert_int_equal(yaml.count, 0);
    nl_yaml_free(&yaml);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flattens),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
