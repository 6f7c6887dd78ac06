#include "support.h"

#include "newsletter/bulletin/front_fields.h"
#include "newsletter/bulletin/frontmatter.h"

#include <stdlib.h>

static void test_fields_and_the_rest(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_front_fields fields = {0};
    assert_ok(nl_front_fields_read("---\n"
                                   "# who writes this\n"
                                   "title: \"Yurts: a \\\"new\\\" hall\"\n"
                                   "number: 11\n"
                                   "date: 2026-08-25 # a Tuesday\n"
                                   "contact:\n"
                                   "  person: Ann\n"
                                   "  email: ann@example.org\n"
                                   "attachments: [a.pdf, \"b c.pdf\"]\n"
                                   "events:\n"
                                   "- title: Fair\n"
                                   "  date: 2026-09-01\n"
                                   "---\n"
                                   "Hello\n",
                                   &fields, &err));
    assert_string_equal(fields.values[NL_FRONT_TITLE], "Yurts: a \"new\" hall");
    assert_string_equal(fields.values[NL_FRONT_NUMBER], "11");
    assert_null(fields.values[NL_FRONT_DATE]);
    assert_string_equal(fields.values[NL_FRONT_CONTACT_EMAIL], "ann@example.org");
    assert_int_equal(fields.attachment_count, 2);
    assert_string_equal(fields.attachments[1], "b c.pdf");
    assert_string_equal(nl_buf_text(&fields.other),
                        "# who writes this\ndate: 2026-08-25 # a Tuesday\nevents:\n- title: "
                        "Fair\n  date: 2026-09-01\n");
    assert_string_equal(nl_buf_text(&fields.body), "Hello\n");
    assert_int_equal(fields.body_line, 14);
    nl_front_fields_free(&fields);
}

static void same_text(const char *a, const char *b) {
    if (a == NULL || b == NULL)
        assert_ptr_equal(a, b);
    else
        assert_string_equal(a, b);
}

/* A text that goes through the form says the same, in every way of writing it. */
static void test_nothing_is_lost(void **state) {
    (void)state;
    static const char *const fronts[] = {
        "title: T\ndate: 2026-08-25\n",
        "title: 'It''s'\ndate: 2026-08-25\nsubject: \"# 1\"\n",
        "title: \"null\"\ndate: 2026-08-25\nnumber: \"~\"\ncategory: \"yes\"\n",
        "title: Юрта – \"жаңа\" \\ үй\ndate: 2026-08-25\nseries: '- a'\n",
        "title: >-\n  Two\n  lines\ndate: 2026-08-25\n",
        "title: T\n\ndate: 2026-08-25\n\npreheader: 'a: b'\nslug: my-own\n",
        "{title: T, date: 2026-08-25, number: 4}\n",
        "title: T\ndate: 2026-08-25\ncontact: {person: Ann, fax: '1'}\n",
        "title: T\ndate: 2026-08-25\ncontact:\n  person: Ann # not Bob\n  web: https://x.org/#a\n",
        "title: \" T \"\ndate: \"2026-08-25\"\nposted_by: \"{x}\"\nattachments:\n- a.pdf\n- "
        "\"#b\"\n",
        "title: T.\ndate: 2026-08-25\nnumber: 1.\nseries: 1.2\ncategory: -a\n",
        "title: a\xc2\xa0"
        "b\ndate: 2026-08-25\ncategory: \"\"\nseries: @x\nnumber: \"%1\"\n",
    };
    for_each_row (i, fronts, fronts[i]) {
        struct nl_error err = {0};
        struct nl_buf source = {0};
        struct nl_buf again = {0};
        struct nl_front_fields fields = {0};
        struct nl_frontmatter one = {0};
        struct nl_frontmatter two = {0};
        size_t body = 0;
        size_t line = 0;
        nl_buf_addf(&source, "---\n%s---\nText\n", fronts[i]);
        assert_ok(nl_front_fields_read(nl_buf_text(&source), &fields, &err));
        nl_front_fields_write(&fields, &again);
        enum nl_status first =
            nl_frontmatter_read(nl_buf_text(&source), source.len, "a", &one, &body, &line, &err);
        nl_error_free(&err);
        enum nl_status second =
            nl_frontmatter_read(nl_buf_text(&again), again.len, "a", &two, &body, &line, &err);
        nl_error_free(&err);
        assert_int_equal(first, second);
        char **pairs[][2] = {
            {&one.title, &two.title},
            {&one.series, &two.series},
            {&one.number, &two.number},
            {&one.date, &two.date},
            {&one.category, &two.category},
            {&one.posted_by, &two.posted_by},
            {&one.subject, &two.subject},
            {&one.preheader, &two.preheader},
            {&one.slug, &two.slug},
            {&one.contact.person, &two.contact.person},
            {&one.contact.fax, &two.contact.fax},
            {&one.contact.web, &two.contact.web},
        };
        for (size_t k = 0; k < sizeof pairs / sizeof pairs[0]; k++)
            same_text(*pairs[k][0], *pairs[k][1]);
        assert_int_equal(one.attachment_count, two.attachment_count);
        for (size_t k = 0; k < one.attachment_count; k++)
            assert_string_equal(one.attachments[k], two.attachments[k]);
        nl_frontmatter_free(&one);
        nl_frontmatter_free(&two);
        nl_front_fields_free(&fields);
        nl_buf_free(&source);
        nl_buf_free(&again);
    }
}

/* Mistakes stay for the author to see. */
static void test_mistakes_stay(void **state) {
    (void)state;
    static const char *const sources[] = {
        "---\ntitle: a\ntitle: b\n---\nText\n",
        "---\ntitle: [a\n---\nText\n",
        "---\ntitel: a\n---\nText\n",
        "---\n  title: a\n---\nText\n",
        "---\ntitle: a\nno end\n",
        "no front matter\n",
        "",
        "---",
    };
    for_each_row (i, sources, sources[i]) {
        struct nl_error err = {0};
        struct nl_front_fields fields = {0};
        struct nl_front_fields again = {0};
        struct nl_buf one = {0};
        struct nl_buf two = {0};
        assert_ok(nl_front_fields_read(sources[i], &fields, &err));
        nl_front_fields_write(&fields, &one);
        assert_ok(nl_front_fields_read(nl_buf_text(&one), &again, &err));
        nl_front_fields_write(&again, &two);
        assert_string_equal(nl_buf_text(&one), nl_buf_text(&two));
        for (const char *word = sources[i]; *word != '\0'; word++)
            if (strchr("- :\n", *word) == NULL) {
                size_t len = strcspn(word, ":\n");
                char copy[64] = {0};
                memcpy(copy, word, len);
                assert_non_null(strstr(nl_buf_text(&one), copy));
                word += len - 1;
            }
        nl_front_fields_free(&fields);
        nl_front_fields_free(&again);
        nl_buf_free(&one);
        nl_buf_free(&two);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_and_the_rest),
        cmocka_unit_test(test_nothing_is_lost),
        cmocka_unit_test(test_mistakes_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
