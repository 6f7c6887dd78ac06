/* One issue from several items: their order, headings, languages, events and files. */
#include "support.h"

#include "newsletter/base/file.h"
#include "newsletter/bulletin/compilation.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct work {
    char top[64], folder[128]; /* its name has signs of glob() */
};

static void set_up(struct work *work) {
    const char *top = getenv("TMPDIR");
    snprintf(work->top, sizeof work->top, "%.40s/nl-items-XXXXXX", top != NULL ? top : "/tmp");
    assert_non_null(mkdtemp(work->top));
    snprintf(work->folder, sizeof work->folder, "%s/may [new]", work->top);
    assert_int_equal(mkdir(work->folder, 0700), 0);
}

static void clean_up(const struct work *work) {
    char command[400];
    snprintf(command, sizeof command, "rm -r '%s'", work->top);
    assert_int_equal(system(command), 0);
}

static void write_item(const struct work *work, const char *name, const char *text) {
    struct nl_error err = {0};
    char path[300];
    snprintf(path, sizeof path, "%s/%s", work->folder, name);
    assert_ok(nl_file_write(path, text, strlen(text), false, &err));
}

static bool has(const struct work *work, const char *name) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", work->folder, name);
    return access(path, F_OK) == 0;
}

static enum nl_status compile(const struct work *work, size_t *count, struct nl_error *err) {
    const struct nl_compilation compilation = {
        .folder = work->folder, .title = "May: \"news\"", .date = "2026-05-31", .number = "5"};
    char *path = NULL;
    enum nl_status status = nl_compilation_write(&compilation, &path, count, err);
    assert_int_equal(path != NULL, status == NL_OK);
    free(path);
    return status;
}

static void assert_file(const struct work *work, const char *name, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf text = {0};
    char path[300];
    snprintf(path, sizeof path, "%s/%s", work->folder, name);
    assert_ok(nl_file_read(path, 1 << 20, &text, &err));
    assert_string_equal(nl_buf_text(&text), expected);
    nl_buf_free(&text);
}

#define ITEM(title, date, more, body) "---\ntitle: " title "\ndate: " date "\n" more "---\n" body
#define FRONT "---\nnumber: \"5\"\ntitle: \"May: \\\"news\\\"\"\ndate: \"2026-05-31\"\n"

/* In the order of their dates, and of their names on one day; headings go two levels down. */
static void test_order_and_headings(void **state) {
    struct work work;
    struct nl_error err = {0};
    size_t count = 0;
    (void)state;
    set_up(&work);
    write_item(&work, "a.md",
               ITEM("Late", "2026-05-20", "",
                    "\n\n# One\n##### Five\n"
                    "###### Six\n####### Seven\n#x\n#\n"));
    write_item(&work, "b.md",
               ITEM("'Early *a_b* [c] #1'", "2026-05-01", "",
                    "text\n```\n~~~\n# code\n```\n# after\n  ~~~\n## code\n~~~\nend"));
    write_item(&work, "c.md", ITEM("Also late", "2026-05-20", "", "more\n"));
    write_item(&work, "digest-2026-04-30.md", ITEM("Before", "2026-04-30", "", "old\n"));
    write_item(&work, "notes.txt", "no item");
    assert_ok(compile(&work, &count, &err));
    assert_int_equal(count, 3);
    assert_file(&work, "digest-2026-05-31.md",
                FRONT
                "---\n\n"
                "## Early \\*a\\_b\\* \\[c\\] \\#1\n\ntext\n```\n~~~\n# code\n```\n### after\n"
                "  ~~~\n## code\n~~~\nend\n\n"
                "## Late\n\n### One\n###### Five\n###### Six\n####### Seven\n#x\n###\n\n"
                "## Also late\n\nmore\n\n");
    assert_true(has(&work, "used/a.md") && has(&work, "used/b.md") && has(&work, "used/c.md"));
    assert_false(has(&work, "a.md"));
    assert_true(has(&work, "digest-2026-04-30.md"));
    assert_true(has(&work, "notes.txt"));
    clean_up(&work);
}

/* A file for each language that an item has; others appear in their main language. */
static void test_languages(void **state) {
    struct work work;
    struct nl_error err = {0};
    size_t count = 0;
    (void)state;
    set_up(&work);
    write_item(&work, "a.md", ITEM("A", "2026-05-01", "", "english\n"));
    write_item(&work, "a.ru.md", ITEM("A", "2026-05-01", "", "russian\n"));
    write_item(&work, "a.de.md", ITEM("A", "2026-05-01", "", "german\n"));
    write_item(&work, "b.md", ITEM("B", "2026-05-02", "", "english\n"));
    write_item(&work, "b.RU.md", ITEM("B", "2026-05-02", "", "russian\n"));
    assert_ok(compile(&work, &count, &err));
    assert_int_equal(count, 2);
    assert_file(&work, "digest-2026-05-31.md",
                FRONT "---\n\n## A\n\nenglish\n\n## B\n\nenglish\n\n");
    assert_file(&work, "digest-2026-05-31.de.md",
                FRONT "---\n\n## A\n\ngerman\n\n## B\n\nenglish\n\n");
    assert_file(&work, "digest-2026-05-31.ru.md",
                FRONT "---\n\n## A\n\nrussian\n\n## B\n\nrussian\n\n");
    assert_false(has(&work, "digest-2026-05-31.RU.md"));
    assert_true(has(&work, "used/a.ru.md") && has(&work, "used/b.RU.md"));
    clean_up(&work);
}

/* Events of all items, in one time zone, and all attachments. */
static void test_events_and_files(void **state) {
    struct work work;
    struct nl_error err = {0};
    size_t count = 0;
    (void)state;
    set_up(&work);
    write_item(&work, "a.md",
               ITEM("A", "2026-05-01",
                    "timezone: Asia/Almaty\nevents:\n  - title: Talk\n    date: 2026-06-01\n"
                    "attachments: [a.pdf]\n",
                    "x\n"));
    write_item(&work, "b.md",
               ITEM("B", "2026-05-02",
                    "timezone: Asia/Almaty\nevents:\n  - title: Tour\n    date: 2026-06-02\n"
                    "attachments: [b.pdf]\n",
                    "y\n"));
    assert_ok(compile(&work, &count, &err));
    struct nl_buf text = {0};
    char path[300];
    snprintf(path, sizeof path, "%s/digest-2026-05-31.md", work.folder);
    assert_ok(nl_file_read(path, 1 << 20, &text, &err));
    assert_non_null(strstr(nl_buf_text(&text), "timezone: \"Asia/Almaty\"\n"));
    assert_non_null(strstr(nl_buf_text(&text), "Talk"));
    assert_non_null(strstr(nl_buf_text(&text), "Tour"));
    assert_non_null(strstr(nl_buf_text(&text), "attachments: [\"a.pdf\",\"b.pdf\"]\n"));
    nl_buf_free(&text);
    clean_up(&work);
}

/* Nothing is written or moved where it cannot be whole. */
static void test_mistakes(void **state) {
    struct work work;
    struct nl_error err = {0};
    size_t count = 0;
    (void)state;
    set_up(&work);
    assert_fails(compile(&work, &count, &err), NL_NOINPUT, "no item");
    write_item(&work, "a.md",
               ITEM("A", "2026-05-01",
                    "timezone: Asia/Almaty\nevents:\n  - title: Talk\n    date: 2026-06-01\n",
                    "x\n"));
    write_item(&work, "b.md",
               ITEM("B", "2026-05-02", "events:\n  - title: Tour\n    date: 2026-06-02\n", "y\n"));
    assert_fails(compile(&work, &count, &err), NL_DATA, "time zone");
    assert_true(has(&work, "a.md") && has(&work, "b.md"));
    assert_false(has(&work, "digest-2026-05-31.md") || has(&work, "used"));
    write_item(&work, "b.md", ITEM("B", "2026-05-02", "", "y\n"));
    write_item(&work, "digest-2026-05-31.md", "mine");
    assert_fails(compile(&work, &count, &err), NL_EXISTS, "remove it");
    assert_file(&work, "digest-2026-05-31.md", "mine");
    assert_true(has(&work, "a.md"));
    clean_up(&work);
}

/* Five hundred items at most. */
static void test_many_items(void **state) {
    struct work work;
    struct nl_error err = {0};
    size_t count = 0;
    (void)state;
    set_up(&work);
    for (int i = 0; i <= 500; i++) {
        char name[20];
        snprintf(name, sizeof name, "i%d.md", i);
        write_item(&work, name, ITEM("A", "2026-05-01", "", "x\n"));
    }
    assert_fails(compile(&work, &count, &err), NL_DATA, "more than 500 items");
    assert_true(has(&work, "i0.md"));
    char path[300];
    snprintf(path, sizeof path, "%s/i500.md", work.folder);
    assert_int_equal(unlink(path), 0);
    assert_ok(compile(&work, &count, &err));
    assert_int_equal(count, 500);
    clean_up(&work);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_headings), cmocka_unit_test(test_languages),
        cmocka_unit_test(test_events_and_files),   cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_many_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
