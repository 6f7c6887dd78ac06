#include "support.h"

#include "newsletter/base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static void test_append(void **state) {
    (void)state;
    struct nl_buf buf = {0};
    assert_string_equal(nl_buf_text(&buf), "");
    nl_buf_adds(&buf, "one");
    nl_buf_addc(&buf, ' ');
    nl_buf_addf(&buf, "%d-%s", 2, "three");
    nl_buf_add(&buf, "\0x", 2);
    assert_int_equal(buf.len, 13);
    assert_memory_equal(buf.data, "one 2-three\0x", 14);
    nl_buf_clear(&buf);
    assert_string_equal(nl_buf_text(&buf), "");
    nl_buf_free(&buf);
}

static void test_grows(void **state) {
    (void)state;
    struct nl_buf buf = {0};
    for (int i = 0; i < 100000; i++)
        nl_buf_addc(&buf, 'a');
    assert_int_equal(strlen(nl_buf_text(&buf)), 100000);
    char *text = nl_buf_take(&buf);
    assert_null(buf.data);
    assert_int_equal(strlen(text), 100000);
    free(text);
}

/* The process ends, with a status of its own, rather than to write something that lacks a part. */
static void test_no_memory_ends_the_process(void **state) {
    int status = 0;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct nl_buf buf = {0};
        close(STDERR_FILENO);
        nl_buf_reserve(&buf, SIZE_MAX / 2);
        _exit(EX_OK);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EX_OSERR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_no_memory_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
