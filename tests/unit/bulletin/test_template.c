#include "support.h"

#include "bulletin/template.h"

static void check(const char *template, bool html, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf out = {0};
    json_t *data =
        json_pack("{s:s, s:s, s:i, s:{s:s}, s:[{s:s},{s:s}], s:b, s:s}", "a", "<&\"'>", "empty", "",
                  "n", 5, "o", "p", "q", "list", "i", "1", "i", "2", "no", 0, "b", "B");
    assert_non_null(data);
    assert_ok(nl_template_render(template, "t", html, data, &out, &err));
    assert_string_equal(nl_buf_text(&out), expected);
    json_decref(data);
    nl_buf_free(&out);
}

static void test_render(void **state) {
    (void)state;
    check("x {{b}} {{n}} {{o.p}}", true, "x B 5 q");
    check("{{a}}|{{{a}}}|{{&a}}", true, "&lt;&amp;&quot;&#39;&gt;|<&\"'>|<&\"'>");
    check("{{a}}", false, "<&\"'>");
    check("{{#b}}yes {{b}}{{/b}}{{^b}}no{{/b}}", true, "yes B");
    check("{{#empty}}yes{{/empty}}{{^empty}}no {{b}}{{/empty}}", true, "no B");
    check("{{#list}}[{{i}}{{b}}]{{/list}}", true, "[1B][2B]");
    check("{{#no}}x{{#list}}{{i}}{{/list}}{{/no}}.", true, ".");
    check("{{#o}}{{p}}{{/o}}", true, "q");
    check("{{#no}}{{.}}{{nosuch}}{{#nosuch}}x{{/nosuch}}{{^nosuch}}{{y}}{{/nosuch}}{{/no}}.", true,
          ".");
    check("a{{! comment }}b", true, "ab");
    check("1\n{{#b}}\n2\n{{/b}}\n3\n", true, "1\n2\n3\n");
    check("1\n  {{! alone }}  \n2\n", true, "1\n2\n");
    check("\x01"
          "0\x02 {{b}}",
          true,
          "\x01"
          "0\x02 B");
}

static void test_errors(void **state) {
    (void)state;
    static const struct {
        const char *template;
        const char *words;
    } cases[] = {
        {"a\nb {{nosuch}}", "t:2: unknown variable nosuch"},
        {"{{#nosuch}}{{/nosuch}}", "unknown variable"},
        {"{{b", "not closed"},
        {"{{#b}}x", "section is not closed: b"},
        {"{{#b}}x{{/c}}", "section is not closed: b"},
        {"x{{/b}}", "did not begin"},
        {"{{o}}", "not a text"},
        {"{{o.z}}", "unknown variable o.z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct nl_error err = {0};
        struct nl_buf out = {0};
        json_t *data = json_pack("{s:s, s:{s:s}}", "b", "B", "o", "p", "q");
        assert_fails(nl_template_render(cases[i].template, "t", true, data, &out, &err), NL_DATA,
                     cases[i].words);
        json_decref(data);
        nl_buf_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_render),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
