#include "support.h"

#include "bulletin/condition.h"
#include "bulletin/render.h"

/* Both forms of a text, with its tags as they are. */
static void check(const char *markdown, const char *plain, const char *html) {
    struct nl_error err = {0};
    struct nl_md_node *document = NULL;
    struct nl_buf text = {0};
    struct nl_buf page = {0};
    const struct nl_theme theme = {0};
    assert_ok(nl_markdown_read(markdown, strlen(markdown), "f", false, &document, &err));
    assert_ok(nl_conditions_place(document, false, "f", &err));
    nl_render_plain(document, &text);
    nl_render_html(document, &theme, &page);
    assert_string_equal(nl_buf_text(&text), plain);
    assert_string_equal(nl_buf_text(&page), html);
    nl_md_free(document);
    nl_buf_free(&text);
    nl_buf_free(&page);
}

static void test_within_text(void **state) {
    (void)state;
    check("a {{#name}}b{{/name}} c\n", "a {{#name}}b{{/name}} c\n",
          "<p>a {{#name}}b{{/name}} c</p>\n");
    check("**{{#name}}b{{/name}}** c\n", "*{{#name}}b{{/name}}* c\n",
          "<p><strong>{{#name}}b{{/name}}</strong> c</p>\n");
    check("{{name}} `{{#name}}`\n", "{{name}} {{#name}}\n",
          "<p>{{name}} <code>{{#name}}</code></p>\n");
}

static void test_tags_take_no_room(void **state) {
    (void)state;
    check("{{#attribute.some_long_name}}1234567890{{/attribute.some_long_name}} 1234567890 "
          "1234567890 "
          "1234567890 1234567890 1234567890 123456\n",
          "{{#attribute.some_long_name}}1234567890{{/attribute.some_long_name}} 1234567890 "
          "1234567890 "
          "1234567890 1234567890 1234567890 123456\n",
          "<p>{{#attribute.some_long_name}}1234567890{{/attribute.some_long_name}} 1234567890 "
          "1234567890 1234567890 1234567890 1234567890 123456</p>\n");
}

static void test_around_blocks(void **state) {
    (void)state;
    check("a\n\n{{#name}}\nb\n\nc\n{{/name}}\n\nd\n", "a\n{{#name}}\n\nb\n\nc\n{{/name}}\n\nd\n",
          "<p>a</p>\n{{#name}}<p>b</p>\n<p>c</p>\n{{/name}}<p>d</p>\n");
    check("{{#name}}b{{/name}}\n\n{{^name}}c{{/name}}\n",
          "{{#name}}\nb\n{{/name}}\n{{^name}}\n\nc\n{{/name}}\n",
          "{{#name}}<p>b</p>\n{{/name}}{{^name}}<p>c</p>\n{{/name}}");
    check("{{#name}}\nb\n{{/name}}\n{{^name}}\nc\n{{/name}}\n",
          "{{#name}}\nb\n{{/name}}\n{{^name}}\n\nc\n{{/name}}\n",
          "{{#name}}<p>b</p>\n{{/name}}{{^name}}<p>c</p>\n{{/name}}");
    check("# {{#name}}b{{/name}}\n", "{{#name}}\nb\n=\n{{/name}}\n",
          "{{#name}}<h1>b</h1>\n{{/name}}");
}

/* A pair within a paragraph does not keep a tag at its edge, whose partner is elsewhere. */
static void test_pairs_within(void **state) {
    (void)state;
    check("{{#name}}a\n\nx {{#email}}b{{/email}} c{{/name}}\n\nd\n",
          "{{#name}}\na\n\nx {{#email}}b{{/email}} c\n{{/name}}\n\nd\n",
          "{{#name}}<p>a</p>\n<p>x {{#email}}b{{/email}} c</p>\n{{/name}}<p>d</p>\n");
    check("{{#name}}x {{#email}}b{{/email}} c\n\nd{{/name}}\n",
          "{{#name}}\nx {{#email}}b{{/email}} c\n\nd\n{{/name}}\n",
          "{{#name}}<p>x {{#email}}b{{/email}} c</p>\n<p>d</p>\n{{/name}}");
    check("{{#name}}a{{/name}} b {{#email}}c{{/email}}\n",
          "{{#name}}a{{/name}} b {{#email}}c{{/email}}\n",
          "<p>{{#name}}a{{/name}} b {{#email}}c{{/email}}</p>\n");
}

static void test_items(void **state) {
    (void)state;
    check("- {{#name}}b{{/name}}\n- c\n", "{{#name}}\n- b\n{{/name}}\n- c\n",
          "<ul>{{#name}}<li>b</li>\n{{/name}}<li>c</li>\n</ul>\n");
    check("x\n\n- {{#name}}b{{/name}}\n", "x\n{{#name}}\n\n- b\n{{/name}}\n",
          "<p>x</p>\n{{#name}}<ul><li>b</li>\n</ul>\n{{/name}}");
    check("> {{#name}}\n> b\n> {{/name}}\n", "{{#name}}\n> b\n{{/name}}\n",
          "{{#name}}<blockquote><p>b</p>\n</blockquote>\n{{/name}}");
}

static void test_errors(void **state) {
    (void)state;
    static const char *const bad[] = {
        "{{#name}}a\n",
        "a{{/name}}\n",
        "a {{#name}}b\n\nc{{/name}} d\n",
        "*a {{#name}}b* c{{/name}}\n",
        "{{#name}}a{{/email}}\n",
        "| {{#name}}a | b{{/name}} |\n|---|---|\n| c | d |\n",
    };
    for_each_row (i, bad, bad[i]) {
        struct nl_error err = {0};
        struct nl_md_node *document = NULL;
        assert_ok(nl_markdown_read(bad[i], strlen(bad[i]), "f", false, &document, &err));
        assert_fails(nl_conditions_place(document, false, "f", &err), NL_DATA, "f: {{");
        nl_md_free(document);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_within_text),   cmocka_unit_test(test_tags_take_no_room),
        cmocka_unit_test(test_around_blocks), cmocka_unit_test(test_pairs_within),
        cmocka_unit_test(test_items),         cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
