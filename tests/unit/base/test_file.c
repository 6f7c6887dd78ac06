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

/* The folder's mode, and what is right for a file in it. */
static const struct {
    const char *name;
    mode_t folder, file;
    mode_t made;  /* the mode for a new file */
    bool exposed; /* a file with that mode, of the same group */
} modes[] = {
    {"0700, 0600", 0700, 0600, 0600, false},   {"0700, 0640", 0700, 0640, 0600, true},
    {"0755, 0640", 0755, 0640, 0600, true},    {"0755, 0604", 0755, 0604, 0600, true},
    {"0750, 0640", 0750, 0640, 0600, false},   {"0750, 0604", 0750, 0604, 0600, true},
    {"0770, 0660", 0770, 0660, 0600, false},   {"02750, 0640", 02750, 0640, 0600, false},
    {"02770, 0660", 02770, 0660, 0660, false}, {"02770, 0664", 02770, 0664, 0660, true},
    {"02775, 0660", 02775, 0660, 0600, true},  {"02707, 0660", 02707, 0660, 0600, true},
};

static void test_modes(void **state) {
    (void)state;
    char *folder = make_folder();
    char path[64];
    snprintf(path, sizeof path, "%s/a", folder);
    mode_t before = umask(0077);
    for_each_row (i, modes, modes[i].name) {
        struct stat info;
        int fd = open(path, O_RDWR);
        assert_int_equal(chmod(folder, modes[i].folder), 0);
        assert_int_equal(nl_file_private_mode(path), modes[i].made);
        assert_true(nl_file_set_mode(fd, modes[i].file));
        assert_int_equal(fstat(fd, &info), 0);
        assert_int_equal(info.st_mode & 0777, modes[i].file);
        assert_int_equal(nl_file_is_exposed(path, &info), modes[i].exposed);
        info.st_gid++;
        assert_int_equal(nl_file_is_exposed(path, &info), (modes[i].file & 0077) != 0);
        close(fd);
    }
    /* A path that goes on after a file is in no folder, whatever the mode of that file. */
    char within[80];
    snprintf(within, sizeof within, "%s/b", path);
    assert_int_equal(chmod(path, 02770), 0);
    assert_int_equal(nl_file_private_mode(within), 0600);
    umask(before);
    assert_int_equal(chmod(folder, 0700), 0);
    remove_folder(folder);
}

/* A second name might be somebody else's. */
static void test_a_file_with_two_names_keeps_its_mode(void **state) {
    (void)state;
    char *folder = make_folder();
    int top = open(folder, O_PATH | O_DIRECTORY);
    int fd = openat(top, "a", O_RDWR);
    struct stat info;
    assert_int_equal(linkat(top, "a", top, "b", 0), 0);
    assert_true(nl_file_set_mode(fd, 0660));
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    unlinkat(top, "b", 0);
    close(fd);
    close(top);
    remove_folder(folder);
}

/* A path with signs of glob() is still that path. */
static void test_patterns(void **state) {
    static const char *const paths[][2] = {{"/a/b c", "/a/b c"},
                                           {"/a/[b]*", "/a/\\[b]\\*"},
                                           {"c?d", "c\\?d"},
                                           {"e\\f", "e\\\\f"},
                                           {"", ""}};
    (void)state;
    for_each_row (i, paths, paths[i][0]) {
        struct nl_buf out = {0};
        nl_file_add_pattern(&out, paths[i][0]);
        assert_string_equal(nl_buf_text(&out), paths[i][1]);
        nl_buf_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beneath),
        cmocka_unit_test(test_by_parts),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_a_file_with_two_names_keeps_its_mode),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
