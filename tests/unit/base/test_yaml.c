#include "support.h"

#include "newsletter/base/yaml.h"

static enum nl_status read(const char *text, struct nl_yaml *yaml, struct nl_error *err) {
    return nl_yaml_read(text, strlen(text), "f", 10, yaml, err);
}

static void test_flattens(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_yaml yaml = {0};
    assert_ok(
        read("a: 1\nb:\n  c: 'x: y'\n  d: [p, q]\ne: ~\nf: '~'\ng: {}\nh: [[]]\n", &yaml, &err));
    assert_int_equal(yaml.count, 8);
    assert_string_equal(nl_yaml_get(&yaml, "g"), "");
    assert_string_equal(nl_yaml_get(&yaml, "h.0"), "");
    assert_int_equal(yaml.entries[6].form, NL_YAML_EMPTY);
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
        {"b: *x\n", "f:10: YAML aliases"},
        {"a: &x 1\nb: *x\n", "f:10: 'x' would be an anchor"},
        {"a: 1\nb: !important x\n", "f:11: '!important' would be"},
        {"a: 1\n...\nb: 2\n", "f:12: not valid YAML: lines after '...'"},
        {"a: 1\n---\nb: 2\n", "f:11: a second document"},
        {"a: 1\nb: c: d\n",
         "f:11: not valid YAML: a colon within a value needs quotation marks: put the b in"},
        {"a: 1\nb:c\nd: e\n", "f:11: not valid YAML: write 'key: value', with a space"},
        {"a: 1\n\tb: c\n", "f:11: not valid YAML: indent with spaces"},
        {"a: @x\n", "f:10: not valid YAML: a value that begins with such a character needs"},
        {"a: `x`\n", "f:10: not valid YAML: a value that begins with such a character needs"},
        {"a: \"b\" c\nd: e\n", "f:10: not valid YAML: put the whole value in quotation marks"},
        {"a: 1\nb: \"c\nd: e\n", "f:11: not valid YAML: a quotation mark or bracket is not closed"},
        {"a: \"\\q\"\n", "f:10: not valid YAML: a backslash"},
        {"a: > 5 years\n", "f:10: not valid YAML: a value that begins with | or > needs"},
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

static void test_forms(void **state) {
    (void)state;
    static const struct {
        const char *path;
        enum nl_yaml_form form;
        bool comment;
        const char *value;
    } expected[] = {
        {"a", NL_YAML_PLAIN, true, "Қ x"},     {"b", NL_YAML_PLAIN, false, "C#5"},
        {"c", NL_YAML_QUOTED, false, "#5"},    {"d", NL_YAML_EMPTY, true, ""},
        {"e", NL_YAML_EMPTY, false, ""},       {"f", NL_YAML_NULL, false, ""},
        {"g", NL_YAML_NULL, false, ""},        {"h", NL_YAML_BLOCK, false, "x y\n"},
        {"i.0", NL_YAML_PLAIN, false, "no"},   {"i.1", NL_YAML_PLAIN, true, "1.10"},
        {"j", NL_YAML_PLAIN, true, "one two"}, {"k", NL_YAML_PLAIN, false, "012"},
    };
    struct nl_error err = {0};
    struct nl_yaml yaml = {0};
    assert_ok(read("a: Қ x #5 y\nb: C#5\nc: '#5' # why\nd: #5\ne:\nf: ~\ng: NULL\nh: >\n  x\n  y\n"
                   "i:\n - no\n - 1.10 # z\nj: one\n  two # three\nk: 012\n",
                   &yaml, &err));
    assert_int_equal(yaml.count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < yaml.count; i++) {
        print_message("row %zu: %s\n", i, expected[i].path);
        assert_string_equal(yaml.entries[i].path, expected[i].path);
        assert_string_equal(yaml.entries[i].value, expected[i].value);
        assert_int_equal(yaml.entries[i].form, expected[i].form);
        assert_int_equal(yaml.entries[i].comment, expected[i].comment);
    }
    nl_yaml_free(&yaml);
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
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
