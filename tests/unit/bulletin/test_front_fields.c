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
    assert_int_equal(fields.tables[NL_FRONT_EVENTS].count, 1);
    assert_string_equal(fields.tables[NL_FRONT_EVENTS].items[0].values[0], "Fair");
    assert_string_equal(fields.tables[NL_FRONT_EVENTS].items[0].values[1], "2026-09-01");
    assert_string_equal(nl_buf_text(&fields.other),
                        "# who writes this\ndate: 2026-08-25 # a Tuesday\n");
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
        "# of the press room\ntitle: T\n# a day\ndate: 2026-08-25\nembargo: 2026-09-01 09:00\n"
        "timezone: Asia/Almaty\nevents:\n- title: \"A: b\"\n  date: 2026-09-14\n  time: "
        "\"09:30\"\n- "
        "{title: C, date: 2026-09-15}\nmedia:\n  - title: M\n    file: m.mp3\n",
        "title: T\ndate: 2026-08-25\nevents:\n- title: A\n  # a comment\n  date: 2026-09-14\n",
        "title: T\ndate: 2026-08-25\nevents:\n- title: A\n  date: 2026-9-14\n  date: 2026-09-14\n",
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
        nl_front_fields_write(&fields, nl_buf_text(&source), &again);
        assert_string_equal(nl_buf_text(&again), nl_buf_text(&source));
        nl_buf_clear(&again);
        nl_front_fields_write(&fields, "", &again);
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

/* A form changes one value: everything else stays as somebody has written it. */
static void test_what_has_not_changed_stays(void **state) {
    (void)state;
    static const char before[] = "---\n"
                                 "# Harbour office\n"
                                 "number: 'No 7'   \n"
                                 "\n"
                                 "slug: my-own\n"
                                 "title:   \"T\"\n"
                                 "date: 2026-08-25\n"
                                 "# ask her first\n"
                                 "contact: {person: Ann}\n"
                                 "events:\n"
                                 "- {title: Fair, date: 2026-09-01}\n"
                                 "images: links # by hand\n"
                                 "---\n"
                                 "Text\n";
    static const struct {
        const char *path, *value, *other, *from, *to;
    } rows[] = {
        {"title", "New: one", NULL, "title:   \"T\"\n", "title: \"New: one\"\n"},
        {"number", "", NULL, "number: 'No 7'   \n\n", "\n"},
        {"series", "News", NULL, "title:   \"T\"\n", "title:   \"T\"\nseries: News\n"},
        {"contact.phone", "1", NULL, "contact: {person: Ann}\n",
         "contact:\n  person: Ann\n  phone: 1\n"},
        {"events.0.place", "Quay", NULL, "- {title: Fair, date: 2026-09-01}\n",
         "  - title: Fair\n    date: 2026-09-01\n    place: Quay\n"},
        {"events.0.title", "Fair",
         "# Harbour office\nslug: mine\n# ask her first\nimages: links # by "
         "hand\n",
         "slug: my-own\ntitle:   \"T\"\ndate: 2026-08-25\n",
         "title:   \"T\"\ndate: 2026-08-25\nslug: mine\n"},
        {"media.1.title", "M", NULL, "- {title: Fair, date: 2026-09-01}\n",
         "- {title: Fair, date: 2026-09-01}\nmedia:\n  - title: M\n"},
    };
    for_each_row (i, rows, rows[i].path) {
        struct nl_error err = {0};
        struct nl_front_fields fields = {0};
        struct nl_buf out = {0};
        struct nl_buf wanted = {0};
        bool cell = false;
        assert_ok(nl_front_fields_read(before, &fields, &err));
        assert_ok(nl_front_fields_put(&fields, rows[i].path, rows[i].value, &cell, &err));
        for (int k = 0; k < NL_FRONT_FIELDS; k++)
            if (strcmp(nl_front_field_names[k], rows[i].path) == 0)
                nl_front_fields_set(&fields, (enum nl_front_field)k, rows[i].value);
        if (rows[i].other != NULL) {
            nl_buf_clear(&fields.other);
            nl_buf_adds(&fields.other, rows[i].other);
        }
        nl_front_fields_write(&fields, before, &out);
        const char *at = strstr(before, rows[i].from);
        assert_non_null(at);
        nl_buf_add(&wanted, before, (size_t)(at - before));
        nl_buf_adds(&wanted, rows[i].to);
        nl_buf_adds(&wanted, at + strlen(rows[i].from));
        assert_string_equal(nl_buf_text(&out), nl_buf_text(&wanted));
        nl_front_fields_free(&fields);
        nl_buf_free(&out);
        nl_buf_free(&wanted);
    }
}

/* A form sends CRLF, too many rows, and rows that nobody has filled in. */
static void test_rows_of_a_form(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_front_fields fields = {0};
    struct nl_buf out = {0};
    bool cell = false;
    assert_ok(nl_front_fields_put(&fields, "events.2.title", "Fair", &cell, &err));
    assert_true(cell);
    assert_ok(nl_front_fields_put(&fields, "events.1.title", "", &cell, &err));
    assert_ok(nl_front_fields_put(&fields, "events.99.title", "", &cell, &err));
    assert_fails(nl_front_fields_put(&fields, "events.50.title", "x", &cell, &err), NL_DATA,
                 "at most 50 events");
    static const char *const none[] = {"events",
                                       "events.",
                                       "events..title",
                                       "events.x.title",
                                       "events.0.titles",
                                       "event.0.title",
                                       "events.0",
                                       "body",
                                       "events.99999999999999999999.title"};
    for_each_row (i, none, none[i]) {
        assert_ok(nl_front_fields_put(&fields, none[i], "x", &cell, &err));
        assert_false(cell);
    }
    nl_buf_adds(&fields.body, "Text\r\nmore");
    nl_front_fields_write(&fields, "---\r\n# first\r\n---\r\n", &out);
    assert_string_equal(nl_buf_text(&out), "---\nevents:\n  - title: Fair\n---\nText\nmore\n");
    nl_front_fields_free(&fields);
    nl_buf_free(&out);
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
        nl_front_fields_write(&fields, "", &one);
        assert_ok(nl_front_fields_read(nl_buf_text(&one), &again, &err));
        nl_front_fields_write(&again, "", &two);
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
        cmocka_unit_test(test_what_has_not_changed_stays),
        cmocka_unit_test(test_rows_of_a_form),
        cmocka_unit_test(test_mistakes_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
