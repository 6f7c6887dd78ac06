#include "draft_support.h"

#include "newsletter/service/drafts.h"
#include "newsletter/store/draft.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

static const struct nl_actor ann = {.name = "ann", .door = "browser"};

/* A zip archive of `count` pairs of name and content. */
static struct nl_buf zip(const char *const pairs[][2], size_t count) {
    struct nl_buf out = {0};
    size_t used = 0;
    nl_buf_reserve(&out, 1 << 20);
    struct archive *archive = archive_write_new();
    archive_write_set_format_zip(archive);
    archive_write_open_memory(archive, out.data, 1 << 20, &used);
    for (size_t i = 0; i < count; i++) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, pairs[i][0]);
        archive_entry_set_size(entry, (la_int64_t)strlen(pairs[i][1]));
        archive_entry_set_filetype(entry, strcmp(pairs[i][1], "->") == 0 ? AE_IFLNK : AE_IFREG);
        if (strcmp(pairs[i][1], "->") == 0)
            archive_entry_set_symlink(entry, "/etc/passwd");
        archive_entry_set_perm(entry, 0600);
        archive_write_header(archive, entry);
        archive_write_data(archive, pairs[i][1], strlen(pairs[i][1]));
        archive_entry_free(entry);
    }
    archive_write_free(archive);
    out.len = used;
    return out;
}

static enum nl_status upload(const struct nl_office *office, const struct nl_buf *data, int64_t *id,
                             struct nl_error *err) {
    const struct nl_draft_start start = {
        .list = "news", .name = "issue.zip", .data = data->data, .len = data->len};
    return nl_office_draft_begin(office, &start, id, err);
}

static void test_from_an_archive(void **state) {
    static const char *const files[][2] = {
        {"nine/issue.md", "\xef\xbb\xbf---\r\ntitle: T\r\ndate: 2026-01-01\r\n---\r\nHi\r\n"},
        {"nine/pictures/a b.png", "PNG"},
        {"nine/.DS_Store", "x"},
        {"nine/issue.ru.md", "---\ntitle: Р\ndate: 2026-01-01\n---\nПривет\n"},
        {"__MACOSX/nine/._issue.md", "x"},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = {0};
    const struct nl_office office = {fixture->store, &config, &ann};
    struct nl_revision revision;
    int64_t id = 0;
    json_t *draft = NULL;
    struct nl_buf data = zip(files, 5);
    assert_ok(upload(&office, &data, &id, &err));
    nl_buf_free(&data);
    char *source = draft_text(&office, id, "en", &revision);
    assert_string_equal(source, "---\ntitle: T\ndate: 2026-01-01\n---\nHi\n");
    free(source);
    free(draft_text(&office, id, "ru", &revision));
    assert_ok(nl_office_draft_read(&office, id, &draft, &err));
    const json_t *listed = json_object_get(draft, "files");
    assert_int_equal(json_array_size(listed), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(listed, 0), "name")),
                        "pictures/a b.png");
    assert_string_equal(json_string_value(json_object_get(draft, "title")), "T");
    json_decref(draft);
}

/* Archives that somebody made to harm; nothing of them is kept. */
static void test_hostile_archives(void **state) {
    static const char text[] = "---\ntitle: T\ndate: 2026-01-01\n---\nHi\n";
    static const struct {
        const char *name, *content, *says;
    } cases[] = {
        {"../issue.png", "x", "plain files"},      {"a/../../issue.png", "x", "plain files"},
        {"/etc/cron.d/x", "x", "plain files"},     {"a\\..\\b", "x", "plain files"},
        {".htaccess", "x", "plain files"},         {"a/.ssh/key", "x", "plain files"},
        {"link.png", "->", "plain files"},         {"a\nb.png", "x", "plain files"},
        {"other.md", text, "more than one issue"}, {"issue.ru.md", "PK\x03\x04", "Markdown"},
        {"issue.ru.md", "\xff\xfe text", "UTF-8"},
    };
    struct fixture *fixture = *state;
    struct nl_config config = {0};
    const struct nl_office office = {fixture->store, &config, &ann};
    for_each_row (i, cases, cases[i].name) {
        struct nl_error err = {0};
        int64_t id = 0;
        const char *const files[][2] = {{"issue.md", text}, {cases[i].name, cases[i].content}};
        struct nl_buf data = zip(files, 2);
        assert_fails(upload(&office, &data, &id, &err), NL_DATA, cases[i].says);
        assert_int_equal(id, 0);
        nl_buf_free(&data);
    }
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM draft"), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM draft_file"), 0);
}

/* Forty megabytes of zeros in forty kilobytes. */
static void test_bomb(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = {0};
    const struct nl_office office = {fixture->store, &config, &ann};
    int64_t id = 0;
    char *zeros = malloc(9 << 20);
    memset(zeros, '0', (9 << 20) - 1);
    zeros[(9 << 20) - 1] = '\0';
    const char *const files[][2] = {
        {"a.csv", zeros}, {"b.csv", zeros}, {"c.csv", zeros}, {"issue.md", "x"}};
    struct nl_buf data = zip(files, 4);
    assert_fails(upload(&office, &data, &id, &err), NL_DATA, "too large when it is unpacked");
    nl_buf_free(&data);
    free(zeros);
}

/* ---- files ---- */

static void test_files(void **state) {
    static const char png[] = /* of one pixel */
        "\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\000\000"
        "\001\000\000\000\001\010\002\000\000\000\220\167\123\336\000\000\000\014\111"
        "\104\101\124\170\234\143\370\317\300\000\000\003\001\001\000\311\376\222\357"
        "\000\000\000\000\111\105\116\104\256\102\140\202";
    static const struct {
        const char *name, *data;
        size_t len;
        bool picture;
        const char *kept, *says;
    } cases[] = {
        {"C:\\Users\\Ann\\A yurt.png", png, sizeof png, true, "A-yurt.png", NULL},
        {"../../etc/passwd", "x", 1, false, "passwd", NULL},
        {"Юрта.png", png, sizeof png, true, "Юрта.png", NULL},
        {"...htaccess", "x", 1, false, "htaccess", NULL},
        {"a\"><script>.pdf", "x", 1, false, "a---script-.pdf", NULL},
        {"x.svg", "<svg onload='alert(1)'>", 23, true, NULL, "not a picture"},
        {"x.png", "<html>", 6, true, NULL, "not a picture"},
        {"x.png", "", 0, true, NULL, "empty"},
        {"issue.en.md", "x", 1, false, NULL, "another name"},
        {"/", "x", 1, false, NULL, "another name"},
    };
    struct fixture *fixture = *state;
    struct nl_config config = {0};
    const struct nl_office office = {fixture->store, &config, &ann};
    int64_t id = draft_begin(&office, "T");
    for_each_row (i, cases, cases[i].name) {
        struct nl_error err = {0};
        struct nl_buf name = {0};
        const struct nl_draft_upload upload = {cases[i].name, cases[i].data, cases[i].len,
                                               cases[i].picture};
        if (cases[i].says != NULL) {
            assert_fails(nl_office_draft_file_add(&office, id, &upload, &name, &err), NL_DATA,
                         cases[i].says);
        } else {
            assert_ok(nl_office_draft_file_add(&office, id, &upload, &name, &err));
            assert_string_equal(nl_buf_text(&name), cases[i].kept);
            assert_ok(nl_office_draft_file_remove(&office, id, nl_buf_text(&name), &err));
        }
        nl_buf_free(&name);
    }
}

static void test_files_have_bounds(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = {0};
    const struct nl_office office = {fixture->store, &config, &ann};
    int64_t id = draft_begin(&office, "T");
    char *large = calloc(1, NL_DRAFT_FILE_MOST + 1);
    struct nl_buf name = {0};
    struct nl_draft_upload upload = {"a.pdf", large, NL_DRAFT_FILE_MOST + 1, false};
    assert_fails(nl_office_draft_file_add(&office, id, &upload, &name, &err), NL_DATA, "10 MB");
    nl_buf_free(&name);
    upload.len = NL_DRAFT_FILE_MOST;
    assert_ok(nl_office_draft_file_add(&office, id, &upload, &name, &err));
    nl_buf_free(&name);
    upload.name = "b.pdf";
    assert_ok(nl_office_draft_file_add(&office, id, &upload, &name, &err));
    nl_buf_free(&name);
    upload.name = "c.pdf";
    upload.len = 1;
    assert_fails(nl_office_draft_file_add(&office, id, &upload, &name, &err), NL_DATA,
                 "20 MB in all");
    nl_buf_free(&name);
    free(large);
}

#define WITH_STORE(test)                                                                           \
    { #test, test, fixture_setup, with_report, NULL }

static int with_report(void **state) {
    row_report(state);
    return fixture_teardown(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_from_an_archive), WITH_STORE(test_hostile_archives),  WITH_STORE(test_bomb),
        WITH_STORE(test_files),           WITH_STORE(test_files_have_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
