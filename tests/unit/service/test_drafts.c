#include "draft_support.h"

#include "newsletter/service/drafts.h"
#include "newsletter/store/draft.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/issue_control.h"

#include <dirent.h>
#include <stdlib.h>

static const struct nl_actor ann = {.name = "ann", .door = "browser"};
static const struct nl_actor bob = {.name = "bob", .door = "browser"};

static struct nl_config config_with_urls(void) {
    return (struct nl_config){.path = (char *)"c",
                              .confirm_url = (char *)"https://x.org/c/{token}",
                              .unsubscribe_url = (char *)"https://x.org/u/{token}",
                              .confirmation = {.expires = 86400}};
}

static void save(const struct nl_office *office, int64_t id, const char *language,
                 const char *source) {
    struct nl_error err = {0};
    const struct nl_draft_text text = {.language = language, .source = source};
    bool stale = false;
    assert_ok(nl_office_draft_save(office, id, &text, &stale, &err));
    assert_false(stale);
}

static size_t count_versions(const struct nl_office *office, int64_t id) {
    struct nl_error err = {0};
    json_t *history = NULL;
    assert_ok(nl_office_draft_history(office, id, "en", &history, &err));
    size_t count = json_array_size(history);
    json_decref(history);
    return count;
}

/* ---- two people ---- */

static void test_nobody_overwrites_another(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = {0};
    const struct nl_office office = {fixture->store, &config, &ann};
    const struct nl_office other = {fixture->store, &config, &bob};
    struct nl_revision seen;
    bool stale = false;
    int64_t id = draft_begin(&office, "A title");
    char *source = draft_text(&office, id, "en", &seen);
    struct nl_draft_text mine = {"en", "---\ntitle: Ann\n---\nHers\r\n", &seen, false};
    struct nl_draft_text his = {"en", "---\ntitle: Bob\n---\nHis\n", &seen, false};
    assert_ok(nl_office_draft_save(&other, id, &his, &stale, &err));
    assert_false(stale);
    assert_ok(nl_office_draft_save(&office, id, &mine, &stale, &err));
    assert_true(stale);
    free(source);
    source = draft_text(&office, id, "en", &seen);
    assert_string_equal(source, "---\ntitle: Bob\n---\nHis\n");
    assert_ok(nl_office_draft_save(&office, id, &mine, &stale, &err)); /* chosen knowingly */
    assert_false(stale);
    free(source);
    source = draft_text(&office, id, "en", &seen);
    assert_string_equal(source, "---\ntitle: Ann\n---\nHers\n");
    assert_int_equal(count_versions(&office, id), 3); /* his can be brought back */
    const struct nl_revision none = {""};
    struct nl_draft_text again = {"en", "x", &none, false};
    assert_ok(nl_office_draft_save(&office, id, &again, &stale, &err));
    assert_true(stale); /* a language that both begin */
    free(source);
}

static void test_versions(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = {0};
    const struct nl_office office = {fixture->store, &config, &ann};
    struct nl_buf source = {0};
    json_t *history = NULL;
    int64_t id = draft_begin(&office, "A title");
    save(&office, id, "en", "one");
    save(&office, id, "en", "two");
    assert_int_equal(count_versions(&office, id), 1); /* one sitting, one version */
    fixture->fake.now += NL_DRAFT_SAME_VERSION;
    save(&office, id, "en", "three");
    save(&office, id, "en", "three");
    assert_int_equal(count_versions(&office, id), 2);
    assert_ok(nl_office_draft_history(&office, id, "en", &history, &err));
    int64_t old = json_integer_value(json_object_get(json_array_get(history, 1), "id"));
    json_decref(history);
    assert_ok(nl_office_draft_version(&office, id, old, &source, &err));
    assert_string_equal(nl_buf_text(&source), "two");
    nl_buf_free(&source);
    assert_fails(nl_office_draft_version(&office, id + 1, old, &source, &err), NL_NOTFOUND,
                 "no such version");
    nl_buf_free(&source);
    for (int i = 0; i < NL_DRAFT_VERSIONS + 5; i++) {
        fixture->fake.now += NL_DRAFT_SAME_VERSION;
        save(&office, id, "en", i % 2 == 0 ? "even" : "odd");
    }
    assert_int_equal(count_versions(&office, id), NL_DRAFT_VERSIONS + 1); /* and the first */
    assert_ok(nl_office_draft_version(&office, id, old, &source, &err));
    nl_buf_free(&source);
}

static void test_difference(void **state) {
    (void)state;
    static const struct {
        const char *before, *after, *shown;
    } cases[] = {
        {"a\nb\nc\n", "a\nx\nc\n", "=a -b +x =c "},
        {"", "a\nb", "+a +b "},
        {"a\n", "", "-a "},
        {"a\nb\n", "a\nb\n", "~ "},
        {"1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\n4\n5\n6\n8\n", "~ =5 =6 -7 +8 "},
        {"a\nb\na\nb\n", "b\na\nb\na\n", "-a =b =a =b +a "},
    };
    for_each_row (i, cases, cases[i].before) {
        struct nl_buf shown = {0};
        json_t *lines = NULL;
        json_t *line = NULL;
        size_t at = 0;
        lines = nl_draft_difference(cases[i].before, cases[i].after);
        json_array_foreach(lines, at, line) {
            const char *kind = json_string_value(json_object_get(line, "kind"));
            nl_buf_addf(&shown, "%c%s ",
                        *kind == 's'     ? '='
                        : *kind == 'n'   ? '+'
                        : kind[1] == 'o' ? '-'
                                         : '~',
                        json_string_value(json_object_get(line, "text")));
        }
        assert_string_equal(nl_buf_text(&shown), cases[i].shown);
        nl_buf_free(&shown);
        json_decref(lines);
    }
}

/* ---- beginning ---- */

static void test_next_number(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"11", "12"},
        {"No 9", "No 10"},
        {"004", "005"},
        {"099", "100"},
        {"No 11/2026", "No 11/2027"},
        {"special", "special"},
        {"9 bis", "10 bis"},
        {"", ""},
    };
    for_each_row (i, cases, cases[i][0]) {
        struct nl_buf out = {0};
        nl_draft_next_number(cases[i][0], &out);
        assert_string_equal(nl_buf_text(&out), cases[i][1]);
        nl_buf_free(&out);
    }
}

static void test_from_the_last_issue(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = {0};
    const struct nl_office office = {fixture->store, &config, &ann};
    const struct nl_draft_start start = {.list = "news", .from_last = true};
    struct nl_revision revision;
    int64_t id = 0;
    int64_t count = 0;
    assert_fails(nl_office_draft_begin(&office, &start, &id, &err), NL_NOTFOUND, "no issue yet");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM draft"), 0);
    struct nl_edition russian = {
        .language = (char *)"ru",
        .title = (char *)"Р",
        .subject = (char *)"Р",
        .source = (char *)"---\ntitle: Р\nnumber: 9\ndate: 2026-01-01\n---\nРус\n",
        .message = (char *)"m",
        .message_len = 1};
    struct nl_issue issue = {
        .list = fixture->list.id,
        .slug = (char *)"nine",
        .title = (char *)"T",
        .subject = (char *)"S",
        .date = (char *)"2026-01-01",
        .language = (char *)"en",
        .source = (char *)"---\ntitle: T\nnumber: 9\nsubject: Old\nslug: nine\ndate: "
                          "2026-01-01\nimages: inline\n---\nText\n",
        .message = (char *)"m",
        .message_len = 1,
        .digest = (char *)"d",
        .state = NL_ISSUE_SENDING,
        .editions = &russian,
        .edition_count = 1,
    };
    assert_ok(nl_issue_create(fixture->store, &issue, &count, &err));
    assert_ok(nl_office_draft_begin(&office, &start, &id, &err));
    char *source = draft_text(&office, id, "en", &revision);
    assert_non_null(strstr(source, "number: 10\n"));
    assert_non_null(strstr(source, "images: inline\n---\nText\n"));
    assert_null(strstr(source, "slug"));
    assert_null(strstr(source, "Old"));
    assert_null(strstr(source, "2026-01-01"));
    free(source);
    source = draft_text(&office, id, "ru", &revision);
    assert_non_null(strstr(source, "number: 10\n"));
    free(source);
}

/* ---- composing ---- */

static int count_folders(void) {
    int count = 0;
    DIR *folder = opendir("/dev/shm");
    char own[64];
    snprintf(own, sizeof own, "newsletter-draft-");
    for (const struct dirent *item = NULL; (item = readdir(folder)) != NULL;)
        count += strncmp(item->d_name, own, strlen(own)) == 0;
    closedir(folder);
    return count;
}

/* A draft becomes the same mail, byte by byte, as files of the same content. */
static void test_a_draft_is_as_a_file(void **state) {
    static const char english[] =
        "---\ntitle: T\nnumber: 1\ndate: 2026-08-25\n---\n# Hi {{name|you}}\n\nText\n";
    static const char russian[] =
        "---\ntitle: Р\nnumber: 1\ndate: 2026-08-25\nattachments: [a.csv]\n---\nТекст\n";
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = config_with_urls();
    const struct nl_office office = {fixture->store, &config, &ann};
    struct nl_draft_composed composed = {0};
    struct nl_bulletin bulletin = {0};
    struct nl_buf name = {0};
    const struct nl_draft_upload attached = {"a.csv", "x,y\n", 4, false};
    int64_t id = draft_begin(&office, "T");
    save(&office, id, "en", english);
    save(&office, id, "ru", russian);
    assert_ok(nl_office_draft_file_add(&office, id, &attached, &name, &err));
    nl_buf_free(&name);
    assert_ok(nl_office_draft_compose(&office, id, &composed, &err));
    assert_true(composed.whole);
    free(fixture_write(fixture, "a.csv", "x,y\n"));
    free(fixture_write(fixture, "i.ru.md", russian));
    char *path = fixture_write(fixture, "i.md", english);
    assert_ok(nl_bulletin_compose(path, &fixture->list, &config, &bulletin, &err));
    const struct nl_issue *one = &composed.bulletin.issue;
    const struct nl_issue *two = &bulletin.issue;
    assert_string_equal(one->digest, two->digest);
    assert_string_equal(one->slug, two->slug);
    assert_int_equal(one->message_len, two->message_len);
    assert_memory_equal(one->message, two->message, one->message_len);
    assert_int_equal(one->edition_count, 1);
    assert_int_equal(one->editions[0].message_len, two->editions[0].message_len);
    assert_memory_equal(one->editions[0].message, two->editions[0].message,
                        two->editions[0].message_len);
    nl_draft_composed_free(&composed);
    nl_bulletin_free(&bulletin);
    free(path);
}

static void test_mistakes_are_findings(void **state) {
    static const struct {
        const char *source, *text, *language;
        int line;
    } cases[] = {
        {"---\ntitle: T\ndate: 2026-08-25\nnumbr: 1\n---\nText\n", "unknown key 'numbr'", "en", 4},
        {"---\ntitle: T\n---\nText\n", "no date", "en", 0},
        {"---\ntitle: T\ndate: 2026-08-25\n---\n", "the issue has no text", "en", 5},
        {"---\ntitle: T\ndate: 2026-08-25\n---\n![A](b.png)\n", "b.png", "en", 0},
    };
    struct fixture *fixture = *state;
    struct nl_config config = config_with_urls();
    const struct nl_office office = {fixture->store, &config, &ann};
    int64_t id = draft_begin(&office, "T");
    int folders = count_folders();
    for_each_row (i, cases, cases[i].text) {
        struct nl_error err = {0};
        struct nl_draft_composed composed = {0};
        save(&office, id, "en", cases[i].source);
        assert_ok(nl_office_draft_compose(&office, id, &composed, &err));
        assert_false(composed.whole);
        assert_int_equal(composed.errors, 1);
        const json_t *finding = json_array_get(composed.findings, 0);
        const char *text = json_string_value(json_object_get(finding, "text"));
        assert_non_null(strstr(text, cases[i].text));
        assert_null(strstr(text, "newsletter-draft"));
        assert_string_equal(json_string_value(json_object_get(finding, "language")),
                            cases[i].language);
        assert_int_equal(json_integer_value(json_object_get(finding, "line")), cases[i].line);
        nl_draft_composed_free(&composed);
    }
    assert_true(count_folders() <= folders); /* others may make and remove theirs meanwhile */
}

/* The line of a warning stands apart, too. */
static void test_warnings_have_lines(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = config_with_urls();
    const struct nl_office office = {fixture->store, &config, &ann};
    struct nl_draft_composed composed = {0};
    json_t *finding = NULL;
    size_t at = 0;
    int64_t line = 0;
    int64_t id = draft_begin(&office, "T");
    save(&office, id, "en", "---\ntitle: T\ndate: 2026-08-25\n---\nText\n\n# Heading\n");
    assert_ok(nl_office_draft_compose(&office, id, &composed, &err));
    json_array_foreach(composed.findings, at, finding) {
        const char *text = json_string_value(json_object_get(finding, "text"));
        assert_false(strncmp(text, "line ", 5) == 0);
        if (strstr(text, "heading of level 1") != NULL)
            line = json_integer_value(json_object_get(finding, "line"));
    }
    assert_int_equal(line, 7);
    nl_draft_composed_free(&composed);
}

/* Once an issue is made of it, a draft stays as it is. */
static void test_an_issue_ends_a_draft(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = {0};
    const struct nl_office office = {fixture->store, &config, &ann};
    const struct nl_draft_text text = {.language = "en", .source = "x"};
    struct nl_issue_change change = {0};
    bool stale = false;
    int64_t id = draft_begin(&office, "T");
    fixture_issue(fixture, 7, "scheduled");
    assert_ok(nl_draft_set_issue(fixture->store, id, 7, &err));
    assert_fails(nl_office_draft_save(&office, id, &text, &stale, &err), NL_EXISTS, "scheduled");
    assert_ok(nl_issue_control(fixture->store, 7, NL_ISSUE_CANCEL, NULL, NULL, &change, &err));
    assert_ok(nl_office_draft_save(&office, id, &text, &stale, &err));
    assert_ok(nl_office_draft_remove(&office, id, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM draft_version"), 0);
    assert_fails(nl_office_draft_remove(&office, id, &err), NL_NOTFOUND, "no such draft");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM audit WHERE action LIKE 'draft %'"),
                     2);
}

#define WITH_STORE(test)                                                                           \
    { #test, test, fixture_setup, with_report, NULL }

static int with_report(void **state) {
    row_report(state);
    return fixture_teardown(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_nobody_overwrites_another), WITH_STORE(test_versions),
        cmocka_unit_test(test_difference),          cmocka_unit_test(test_next_number),
        WITH_STORE(test_from_the_last_issue),       WITH_STORE(test_a_draft_is_as_a_file),
        WITH_STORE(test_mistakes_are_findings),     WITH_STORE(test_warnings_have_lines),
        WITH_STORE(test_an_issue_ends_a_draft),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
