#include "support.h"

#include "newsletter/base/buf.h"
#include "newsletter/bulletin/frontmatter.h"

static void test_complete(void **state) {
    (void)state;
    static const char text[] = "---\nseries: News\nnumber: Special Issue No 11\ntitle: \"Т: x\"\n"
                               "date: 2008-08-25\ncategory: General\nposted_by: admin\n---\nBody\n";
    struct nl_error err = {0};
    struct nl_frontmatter front = {0};
    size_t body = 0;
    size_t line = 0;
    assert_ok(nl_frontmatter_read(text, sizeof text - 1, "f", &front, &body, &line, &err));
    assert_string_equal(text + body, "Body\n");
    assert_int_equal(line, 9);
    assert_string_equal(front.subject, "Special Issue No 11: Т: x");
    assert_string_equal(front.slug, "news-special-issue-no-11");
    assert_string_equal(front.posted_by, "admin");
    assert_null(front.language);
    nl_frontmatter_free(&front);
}

static void test_defaults(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_frontmatter front = {0};
    size_t body = 0;
    size_t line = 0;
    static const char text[] = "---\ntitle: Кездесу\ndate: 2026-02-28\n---";
    assert_ok(nl_frontmatter_read(text, sizeof text - 1, "f", &front, &body, &line, &err));
    assert_string_equal(front.subject, "Кездесу");
    assert_string_equal(front.slug, "kezdesu");
    assert_string_equal(front.former_slug, "2026-02-28");
    assert_int_equal(body, sizeof text - 1);
    nl_frontmatter_free(&front);
}

static void test_dates(void **state) {
    (void)state;
    static const char *const bad[] = {"2026-02-29", "2026-13-01",  "26-01-01",
                                      "2026-1-1",   "2026-01-01x", "2026-04-31"};
    for_each_row (i, bad, bad[i]) {
        struct nl_error err = {0};
        struct nl_frontmatter front = {0};
        struct nl_buf text = {0};
        size_t body = 0;
        size_t line = 0;
        nl_buf_addf(&text, "---\ntitle: T\ndate: %s\n---\n", bad[i]);
        assert_fails(nl_frontmatter_read(text.data, text.len, "f", &front, &body, &line, &err),
                     NL_DATA, "a day that exists");
        nl_buf_free(&text);
    }
}

static enum nl_status read_lines(const char *lines, struct nl_frontmatter *front,
                                 struct nl_error *err) {
    struct nl_buf text = {0};
    size_t body = 0;
    size_t line = 0;
    nl_buf_addf(&text, "---\ndate: 2026-09-01\n%s\n---\nText\n", lines);
    enum nl_status status = nl_frontmatter_read(text.data, text.len, "f", front, &body, &line, err);
    nl_buf_free(&text);
    return status;
}

/* Text that YAML would take for something else is an error that names the line. */
static void test_lost_text(void **state) {
    (void)state;
    static const struct {
        const char *lines, *words;
    } cases[] = {
        {"title: Issue #5 comments", "f:3: title: YAML takes the text after #"},
        {"title: #5", "f:3: title: YAML takes the text after #"},
        {"title: T\nnumber: № #5", "f:4: number: YAML takes the text after #"},
        {"title: T\ncontact:\n  phone: 1 # home", "f:5: contact.phone: YAML takes"},
        {"title: T\ncontact:\n  web: javascript:alert(1)", "f:5: contact.web is 'javascript:"},
        {"title: T\ncontact:\n  web: 'https://w.example/\"><b>'", "f:5: contact.web is 'https:"},
        {"title: T\nevents:\n  - title: A #1\n    date: 2026-09-02", "f:5: events.0.title: YAML"},
        {"title: T\nattachments:\n  - a.pdf\n  - b #2.pdf", "f:6: attachments.1: YAML"},
        {"title: null", "f:3: title: YAML takes this word for no value"},
        {"title: T\nposted_by: Null", "f:4: posted_by: YAML takes this word"},
        {"title: T\ncategory: ~", "f:4: category: YAML takes this word"},
        {"title: &Co KG", "f:3: 'Co' would be an anchor or a tag"},
        {"title: !Important News", "f:3: '!Important' would be an anchor or a tag"},
        {"title: *star", "f:3: YAML aliases"},
        {"title: A: B", "f:3: not valid YAML: a colon within a value needs quotation marks: put "
                        "the title in quotation marks"},
        {"title: A:", "put the title in quotation marks"},
        {"title:News", "f:3: not valid YAML: write 'key: value'"},
        {"title: @home", "put the title in quotation marks"},
        {"title: %x", "put the title in quotation marks"},
        {"title: \"A\" B", "f:3: not valid YAML: put the whole value"},
        {"title: 'It's'", "f:3: not valid YAML: put the whole value"},
        {"title: [Draft] News", "f:3"},
        {"title: [Draft]", "f:3: title is one text"},
        {"title: {x}", "f:3: title is one text"},
        {"title: > 5 years", "put the title in quotation marks"},
        {"title: |\n  A\n  B", "f:3: title has several lines"},
        {"title: \"A\\nB\"", "f:3: title"},
        {"title: \"A\\tB\"", "f:3: title"},
        {"title: A\ntitle: B", "f:4: 'title' is given twice"},
        {"title: A\n...\nnumber: 5", "f:5: not valid YAML: lines after '...' would be lost"},
        {"titel: A", "f:3: unknown key 'titel': did you mean title?"},
        {"Title: A", "f:3: unknown key 'Title': did you mean title?"},
        {"title: A\ncolour: red", "f:4: unknown key 'colour': use series"},
        {"title: A\ncolour:", "f:4: unknown key 'colour'"},
        {"\ttitle: A", "f:3: not valid YAML: indent with spaces"},
        {"title: A\n <<: {number: 5}", "f:4"},
    };
    for_each_row (i, cases, NULL) {
        struct nl_error err = {0};
        struct nl_frontmatter front = {0};
        print_message("row %zu: %s\n", i, cases[i].lines);
        assert_fails(read_lines(cases[i].lines, &front, &err), NL_DATA, cases[i].words);
    }
}

/* Values that YAML knows as something else than text stay as they were written. */
static void test_kept_text(void **state) {
    (void)state;
    static const struct {
        const char *lines, *title;
    } cases[] = {
        {"title: no", "no"},
        {"title: 1.10", "1.10"},
        {"title: 012", "012"},
        {"title: 0x1F", "0x1F"},
        {"title: 2026-09-01", "2026-09-01"},
        {"title: 1_000", "1_000"},
        {"title: 12:30", "12:30"},
        {"title: Yes", "Yes"},
        {"title: .inf", ".inf"},
        {"title: C#5 and F#", "C#5 and F#"},
        {"title: 'Issue #5' # the fifth", "Issue #5"},
        {"title: \"null\"", "null"},
        {"title: A & B! * C", "A & B! * C"},
        {"title: >-\n  A\n  B", "A B"},
        {"title: >\n  A\n  B\n", "A B"},
        {"title: A\n  B", "A B"},
        {"title: T\n# a comment\nnumber:\nattachments:\nevents: []", "T"},
    };
    for_each_row (i, cases, NULL) {
        struct nl_error err = {0};
        struct nl_frontmatter front = {0};
        print_message("row %zu: %s\n", i, cases[i].lines);
        assert_ok(read_lines(cases[i].lines, &front, &err));
        assert_string_equal(front.title, cases[i].title);
        nl_frontmatter_free(&front);
    }
}

/* Each key with a value that it takes, and with one that it does not. */
static void test_values(void **state) {
    static char long_text[600];
    static const struct {
        const char *lines, *words; /* words NULL: it is taken */
    } cases[] = {
        {"title: T", NULL},
        {"series: S", "f: the front matter has no title"},
        {"title: T\narchive: public", NULL},
        {"title: T\narchive: unlisted", NULL},
        {"title: T\narchive: never", NULL},
        {"title: T\narchive: maybe", "f: archive 'maybe': use public, unlisted or never"},
        {"title: T\nimages: inline", NULL},
        {"title: T\nimages: links", NULL},
        {"title: T\nimages: both", "f: images 'both': use inline or links"},
        {"title: T\ndesign: letter", NULL},
        {"title: T\ndesign: magazine", NULL},
        {"title: T\ndesign: bulletin", NULL},
        {"title: T\ndesign: poster", "f: design 'poster': use bulletin, letter or magazine"},
        {"title: T\nslug: a-b-1", NULL},
        {"title: T\nslug: A b", "f: slug 'A b': use up to "},
        {"title: T\nembargo: 2026-09-14 09:00", NULL},
        {"title: T\nembargo: 2026-09-14", "f: embargo '2026-09-14': write a day and a time"},
        {"title: T\nembargo: 2026-09-14 09:00:00", "f: embargo '2026-09-14 09:00:00': write"},
        {"title: T\nembargo: 2026-09-31 09:00", "f: embargo '2026-09-31 09:00': write"},
        {"title: T\nmedia:\n- {title: M, file: m.mp3}", NULL},
        {"title: T\nmedia:\n- {title: M}", "f: recording 1 (M): "},
        {"title: T\nmedia:\n- {file: m.mp3}", "f: recording 1 (no title): "},
        {"title: T\nevents:\n- {title: E, date: 2026-09-14}", NULL},
        {"title: T\nevents:\n- {title: E}", "f: "},
        {"title: T\nattachments: [a.pdf, b.pdf]", NULL},
        {"title: T\nattachments: a.pdf", "f:4: attachments is a list"},
        {"title: T\nattachments:", NULL},
        {"title: T\ncolour: red", "f:4: unknown key 'colour'"},
        {"title: T\ntitel: U", "f:4: unknown key 'titel': did you mean title?"},
        {"title: T\ncontact: {person: P, phone: '1', web: 'https://w.example/'}", NULL},
        {"title: T\ncontact:", NULL},
        {"title: T\ncategory:", NULL},
        {"title: [T]", "f:3: title is one text: put it in quotation marks"},
        {long_text, " is longer than "},
    };
    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    memcpy(long_text, "title: ", 7);
    for_each_row (i, cases, cases[i].lines) {
        struct nl_error err = {0};
        struct nl_frontmatter front = {0};
        enum nl_status status = read_lines(cases[i].lines, &front, &err);
        if (cases[i].words == NULL)
            assert_ok(status);
        else
            assert_fails(status, NL_DATA, cases[i].words);
        nl_frontmatter_free(&front);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),  cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_dates),     cmocka_unit_test(test_lost_text),
        cmocka_unit_test(test_kept_text), cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
