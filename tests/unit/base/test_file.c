#include "support.h"

#include "newsletter/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder with a file, a folder with a file, and links. */
static char *make_folder(void) {
    char *folder = strdup("/tmp/nl-test-file-XXXXXX");
    assert_non_null(mkdtemp(folder));
    int top = open(folder, O_PATH | O_DIRECTORY);
    assert_int_equal(mkdirat(top, "d", 0700), 0);
    const char *const names[] = {"a", "d/b"};
    for (size_t i = 0; i < 2; i++) {
        int fd = openat(top, names[i], O_CREAT | O_WRONLY, 0600);
        assert_int_equal(write(fd, "x", 1), 1);
        close(fd);
    }
    assert_int_equal(symlinkat("a", top, "inside"), 0);
    assert_int_equal(symlinkat("/etc/passwd", top, "outside"), 0);
    assert_int_equal(symlinkat("/etc", top, "e"), 0);
    close(top);
    return folder;
}

static void remove_folder(char *folder) {
    int top = open(folder, O_PATH | O_DIRECTORY);
    const char *const names[] = {"a", "d/b", "inside", "outside", "e"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlinkat(top, names[i], 0);
    unlinkat(top, "d", AT_REMOVEDIR);
    close(top);
    rmdir(folder);
    free(folder);
}

static const struct {
    const char *path;
    bool beneath, by_parts; /* can be read */
} cases[] = {
    {"a", true, true},          {"d/b", true, true},
    {"inside", true, false},    {"outside", false, false},
    {"e/passwd", false, false}, {"/etc/passwd", false, false},
    {"../etc", false, false},   {"d/../../etc", false, false},
    {"none", false, false},     {"d/none", false, false},
    {"", false, false},         {"a/b", false, false},
};

static void test_beneath(void **state) {
    (void)state;
    char *folder = make_folder();
    for_each_row (i, cases, cases[i].path) {
        struct nl_buf out = {0};
        struct nl_error err = {0};
        enum nl_status status = nl_file_read_beneath(folder, cases[i].path, 10, &out, &err);
        assert_int_equal(status == NL_OK, cases[i].beneath);
        if (status == NL_OK)
            assert_string_equal(nl_buf_text(&out), "x");
        nl_buf_free(&out);
        nl_error_free(&err);
    }
    struct nl_buf out = {0};
    struct nl_error err = {0};
    assert_fails(nl_file_read_beneath(folder, "d", 10, &out, &err), NL_DATA, "not a regular file");
    nl_buf_free(&out);
    remove_folder(folder);
}

static void test_by_parts(void **state) {
    (void)state;
    char *folder = make_folder();
    int top = open(folder, O_PATH | O_DIRECTORY);
    for_each_row (i, cases, cases[i].path) {
        int fd = nl_file_open_by_parts(top, cases[i].path);
        assert_int_equal(fd >= 0, cases[i].by_parts);
        if (fd >= 0)
            close(fd);
    }
    close(top);
    remove_folder(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beneath),
        cmocka_unit_test(test_by_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
