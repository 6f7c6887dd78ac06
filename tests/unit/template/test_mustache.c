#include "support.h"

#include "template/mustache.h"

static void stars(struct nl_buf *out, const char *text) {
    nl_buf_addf(out, "*%s*", text);
}

static const char *translate(void *ctx, const char *text) {
    (void)ctx;
    return strcmp(text, "Hello {{b}} & all") == 0 ? "Bonjour, {{b}} & tous" : text;
}

static const char *translate_plural(void *ctx, const char *one, const char *many, unsigned long n) {
    (void)ctx;
    if (strcmp(one, "{{n}} day of {{b}}") == 0 && strcmp(many, "{{n}} days of {{b}}") == 0)
        return n % 10 == 5 ? "cinq: {{n}} & {{b}}" : "bad number";
    return n == 1 ? one : many;
}

static enum nl_status partial(void *ctx, const char *name, struct nl_buf *out,
                              struct nl_error *err) {
    const json_t *text = json_object_get(ctx, name);
    (void)err;
    if (text == NULL)
        return NL_NOTFOUND;
    nl_buf_adds(out, json_string_value(text));
    return NL_OK;
}

static void check(const char *template, bool html, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf out = {0};
    json_t *data =
        json_pack("{s:s, s:s, s:i, s:{s:s}, s:[{s:s},{s:s}], s:b, s:s}", "a", "<&\"'>", "empty", "",
                  "n", 5, "o", "p", "q", "list", "i", "1", "i", "2", "no", 0, "b", "B");
    assert_non_null(data);
    json_t *partials = json_pack("{s:s, s:s}", "p", "<{{b}}>", "endless", "{{>endless}}");
    static const struct nl_template_block blocks[] = {{"wrap", stars}, {NULL, NULL}};
    const struct nl_template_host host = {.html = html,
                                          .ctx = partials,
                                          .partial = partial,
                                          .translate = translate,
                                          .translate_plural = translate_plural,
                                          .blocks = blocks};
    assert_ok(nl_template_render(template, "t", &host, data, &out, &err));
    assert_string_equal(nl_buf_text(&out), expected);
    json_decref(partials);
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

static void test_lambdas(void **state) {
    (void)state;
    check("{{#_}}Hello\n  {{b}} & all{{/_}}!", false, "Bonjour, B & tous!");
    check("{{#_}}Hello {{b}} & all{{/_}}!", true, "Bonjour, B &amp; tous!");
    check("{{#_}}{{a}} as it is{{/_}}", true, "&lt;&amp;&quot;&#39;&gt; as it is");
    check("{{#wrap}}\n {{b}}  and\n{{#_}}Hello {{b}} & all{{/_}}\n{{/wrap}}.", false,
          "*B and Bonjour, B & tous*.");
    check("{{#no}}{{#_}}x {{nosuch}}{{/_}}{{#wrap}}y{{/wrap}}{{>nosuch}}{{/no}}.", true, ".");
    check("{{>p}}.\n  {{>p}}\n", false, "<B>.\n  <B>");
}

static void test_plurals(void **state) {
    (void)state;
    check("{{#_}}{{n}} day of {{b}} || {{n}} days\n of {{b}}{{/_}}.", true, "cinq: 5 &amp; B.");
    check("{{#_}}{{n}} x||{{n}} xs{{/_}}.", true, "5 xs.");
    check("{{#no}}{{#_}}{{nosuch}} x||{{nosuch}} xs{{/_}}{{/no}}.", true, ".");
}

/* A value that runs against the text around it is isolated; a link is left as it is. */
static void test_directions(void **state) {
    (void)state;
    static const struct {
        bool html, rtl;
        const char *template, *expected;
    } rows[] = {
        {true, true, "{{#_}}[{{latin}}]{{/_}}", "[\u2068Ann &amp; Bob\u2069]"},
        {true, true, "{{latin}}", "Ann &amp; Bob"},
        {false, true, "{{latin}}", "\u2068Ann & Bob\u2069"},
        {false, true, "{{{latin}}}", "Ann & Bob"},
        {false, true, "{{phone}}", "\u2068+1 202\u2069"},
        {false, true, "{{#_}}{{arabic}} {{n}}{{/_}}", "\u0645 5"},
        {false, true, "{{url}} {{mail}} {{lines}}", "https://a.example/1 a@b.example a\nb"},
        {true, false, "{{#_}}[{{arabic}}]{{/_}}", "[\u2068\u0645\u2069]"},
        {true, false, "{{#_}}[{{latin}} {{phone}}]{{/_}}", "[Ann &amp; Bob +1 202]"},
        {false, false, "{{arabic}}", "\u0645"},
    };
    for_each_row (i, rows, rows[i].template) {
        struct nl_error err = {0};
        struct nl_buf out = {0};
        json_t *data =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "latin", "Ann & Bob", "arabic",
                      "\u0645", "phone", "+1 202", "url", "https://a.example/1", "mail",
                      "a@b.example", "lines", "a\nb", "n", 5);
        const struct nl_template_host host = {.html = rows[i].html, .rtl = rows[i].rtl};
        assert_ok(nl_template_render(rows[i].template, "t", &host, data, &out, &err));
        assert_string_equal(nl_buf_text(&out), rows[i].expected);
        json_decref(data);
        nl_buf_free(&out);
    }
}

/* Every case of the specification that its core modules have. */
static void test_specification(void **state) {
    (void)state;
    static const char *const modules[] = {"comments", "delimiters", "interpolation",
                                          "inverted", "partials",   "sections"};
    size_t count = 0;
    for_each_row (i, modules, modules[i]) {
        struct nl_buf path = {0};
        size_t index = 0;
        json_t *test = NULL;
        nl_buf_addf(&path, "%s/mustache-spec/%s.json", TEST_DATA, modules[i]);
        json_t *module = json_load_file(nl_buf_text(&path), 0, NULL);
        assert_non_null(module);
        json_array_foreach(json_object_get(module, "tests"), index, test) {
            struct nl_error err = {0};
            struct nl_buf out = {0};
            const char *name = json_string_value(json_object_get(test, "name"));
            const char *template = json_string_value(json_object_get(test, "template"));
            const char *expected = json_string_value(json_object_get(test, "expected"));
            const struct nl_template_host host = {.html = true,
                                                  .lenient = true,
                                                  .ctx = json_object_get(test, "partials"),
                                                  .partial = partial};
            assert_ok(nl_template_render(template, name, &host, json_object_get(test, "data"), &out,
                                         &err));
            if (strcmp(nl_buf_text(&out), expected) != 0)
                fail_msg("%s, %s: '%s' instead of '%s'", modules[i], name, nl_buf_text(&out),
                         expected);
            nl_buf_free(&out);
            count++;
        }
        json_decref(module);
        nl_buf_free(&path);
    }
    assert_int_equal(count, 112);
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
        {"x{{/b}}", "has no section"},
        {"{{o}}", "not a text"},
        {"{{o.z}}", "unknown variable o.z"},
        {"{{>nosuch}}", "there is no partial nosuch"},
        {"{{>endless}}", "nested too deeply"},
        {"{{#_}}x {{nosuch}}{{/_}}", "unknown variable nosuch"},
        {"{{#_}}{{b}} x || {{b}} xs{{/_}}", "a tag for its number"},
        {"{{#_}}x || xs{{/_}}", "a tag for its number"},
        {"{{=x=}}", "not a pair of delimiters"},
    };
    for_each_row (i, cases, cases[i].template) {
        struct nl_error err = {0};
        struct nl_buf out = {0};
        json_t *data = json_pack("{s:s, s:{s:s}}", "b", "B", "o", "p", "q");
        json_t *partials = json_pack("{s:s}", "endless", "{{>endless}}");
        const struct nl_template_host host = {.html = true, .ctx = partials, .partial = partial};
        assert_fails(nl_template_render(cases[i].template, "t", &host, data, &out, &err), NL_DATA,
                     cases[i].words);
        json_decref(partials);
        json_decref(data);
        nl_buf_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_render),        cmocka_unit_test(test_lambdas),
        cmocka_unit_test(test_plurals),       cmocka_unit_test(test_directions),
        cmocka_unit_test(test_specification), cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
