#include "support.h"

#include "bulletin/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct value {
    const char *path, *value;
};

static enum nl_status take(struct nl_media *media, const char *path, const char *value,
                           struct nl_error *err) {
    return nl_media_take(media, path, value, "issue.md", 7, err);
}

static void test_values_find_their_recording(void **state) {
    (void)state;
    static const struct value values[] = {
        {"0.title", "Ode"},  {"0.file", "ode.mp3"}, {"1.url", "https://example.org/b.ogg"},
        {"1.title", "Song"}, {"0.licence", "CC0"},  {"1.duration", "3:20"},
        {"0.duration", ""},
    };
    struct nl_media media = {0};
    struct nl_error err = {0};
    for_each_row (i, values, values[i].path)
        assert_int_equal(take(&media, values[i].path, values[i].value, &err), NL_OK);
    assert_int_equal(media.count, 2);
    assert_string_equal(media.items[0].title, "Ode");
    assert_string_equal(media.items[0].file, "ode.mp3");
    assert_string_equal(media.items[0].licence, "CC0");
    assert_null(media.items[0].duration);
    assert_null(media.items[0].url);
    assert_string_equal(media.items[1].title, "Song");
    assert_string_equal(media.items[1].url, "https://example.org/b.ogg");
    assert_string_equal(media.items[1].duration, "3:20");
    assert_int_equal(nl_media_check(&media, "issue.md", &err), NL_OK);
    nl_media_free(&media);
}

static void test_what_is_no_value(void **state) {
    (void)state;
    static char long_text[302];
    memset(long_text, 'x', sizeof long_text - 1);
    static const struct {
        const char *path, *value, *words;
    } cases[] = {
        {"0.colour", "red", "a recording has a title and a file or url"},
        {"0", "a.mp3", "a recording has a title and a file or url"},
        {"title", "a", "a recording has a title and a file or url"},
        {"1.title", "a", "a recording has a title and a file or url"},
        {"99999999999999999999.title", "a", "a recording has a title and a file or url"},
        {"0.title", long_text, "title is longer than 300 bytes"},
    };
    for_each_row (i, cases, cases[i].path) {
        struct nl_media media = {0};
        struct nl_error err = {0};
        assert_int_equal(take(&media, cases[i].path, cases[i].value, &err), NL_DATA);
        assert_non_null(strstr(nl_error_text(&err), "issue.md:7: "));
        assert_non_null(strstr(nl_error_text(&err), cases[i].words));
        assert_int_equal(media.count, 0);
        nl_error_free(&err);
        nl_media_free(&media);
    }
}

static void test_as_many_as_may_be(void **state) {
    (void)state;
    struct nl_media media = {0};
    struct nl_error err = {0};
    char path[32];
    for (int i = 0; i < 20; i++) {
        snprintf(path, sizeof path, "%d.title", i);
        assert_int_equal(take(&media, path, "x", &err), NL_OK);
    }
    assert_int_equal(take(&media, "20.title", "x", &err), NL_DATA);
    assert_non_null(strstr(nl_error_text(&err), "more than 20 recordings"));
    nl_error_free(&err);
    nl_media_free(&media);
}

static void test_an_incomplete_one_is_named(void **state) {
    (void)state;
    struct nl_media media = {0};
    struct nl_error err = {0};
    assert_int_equal(take(&media, "0.title", "Ode", &err), NL_OK);
    assert_int_equal(take(&media, "0.file", "ode.mp3", &err), NL_OK);
    assert_int_equal(take(&media, "1.title", "Song", &err), NL_OK);
    assert_int_equal(nl_media_check(&media, "issue.md", &err), NL_DATA);
    assert_non_null(strstr(nl_error_text(&err), "issue.md: recording 2 (Song): "));
    nl_error_free(&err);
    nl_media_free(&media);
}

/* ---- files ---- */

static enum nl_status read_media(struct fixture *fixture, const char *file, char **digest,
                                 struct nl_recording **files, size_t *count, struct nl_error *err) {
    struct nl_media media = {0};
    char issue[300];
    snprintf(issue, sizeof issue, "%s/issue.md", fixture->folder);
    assert_int_equal(take(&media, "0.title", "Far", err), NL_OK);
    assert_int_equal(take(&media, "0.url", "https://example.org/a.ogg", err), NL_OK);
    assert_int_equal(take(&media, "1.title", "Near", err), NL_OK);
    assert_int_equal(take(&media, "1.file", file, err), NL_OK);
    enum nl_status status = nl_media_read(&media, issue, digest, files, count, err);
    nl_media_free(&media);
    return status;
}

static void test_files_are_read_beside_the_issue(void **state) {
    struct fixture *fixture = *state;
    struct nl_recording *files = NULL;
    struct nl_error err = {0};
    size_t count = 0;
    char *digest = strdup("00");
    char *first = NULL;
    free(fixture_write(fixture, "ode.mp3", "sound"));
    assert_int_equal(read_media(fixture, "ode.mp3", &digest, &files, &count, &err), NL_OK);
    assert_int_equal(count, 1); /* what lies elsewhere is not fetched */
    assert_int_equal(files[0].number, 2);
    assert_string_equal(files[0].type, "audio/mpeg");
    assert_int_equal(files[0].len, 5);
    assert_memory_equal(files[0].data, "sound", 5);
    assert_string_not_equal(digest, "00");
    nl_recordings_free(files, count);
    first = digest;

    /* An issue with another sound is another issue. */
    digest = strdup("00");
    free(fixture_write(fixture, "ode.mp3", "noise"));
    assert_int_equal(read_media(fixture, "ode.mp3", &digest, &files, &count, &err), NL_OK);
    assert_string_not_equal(digest, first);
    nl_recordings_free(files, count);
    free(digest);
    free(first);
}

static void test_files_of_other_folders(void **state) {
    struct fixture *fixture = *state;
    static const char *const names[] = {"missing.mp3", "../test.mp3", "/etc/hostname"};
    for_each_row (i, names, names[i]) {
        struct nl_recording *files = NULL;
        struct nl_error err = {0};
        size_t count = 0;
        char *digest = strdup("00");
        assert_int_not_equal(read_media(fixture, names[i], &digest, &files, &count, &err), NL_OK);
        assert_non_null(strstr(nl_error_text(&err), "issue.md"));
        assert_string_equal(digest, "00");
        nl_error_free(&err);
        nl_recordings_free(files, count);
        free(digest);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_find_their_recording),
        cmocka_unit_test(test_what_is_no_value),
        cmocka_unit_test(test_as_many_as_may_be),
        cmocka_unit_test(test_an_incomplete_one_is_named),
        cmocka_unit_test_setup_teardown(test_files_are_read_beside_the_issue, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_files_of_other_folders, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
