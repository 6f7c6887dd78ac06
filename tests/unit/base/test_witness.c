#include "support.h"

#include "newsletter/base/witness.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char NAME[] = "00000000-0000-4000-8000-00000000d0d0";
static const char PATH[] = "/dev/shm/newsletter-00000000-0000-4000-8000-00000000d0d0";

static int teardown(void **state) {
    (void)state;
    nl_witness_remove(NAME);
    return 0;
}

/* It is known what a process had begun that was killed. */
static void test_it_outlives_the_process(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct nl_witness *witness = nl_witness_open(NAME);
        if (witness != NULL)
            nl_witness_note(witness, 7);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(nl_witness_ask(NAME, 7), NL_TESTIMONY_BEGUN);
    assert_int_equal(nl_witness_ask(NAME, 8), NL_TESTIMONY_NOT_BEGUN);
    assert_null(nl_witness_open(NAME)); /* it is another run's */
    nl_witness_remove(NAME);
    assert_int_equal(nl_witness_ask(NAME, 7), NL_TESTIMONY_NONE);
}

static void test_the_last_thousand_are_kept(void **state) {
    (void)state;
    struct nl_witness *witness = nl_witness_open(NAME);
    assert_non_null(witness);
    for (int64_t id = 1; id <= 3000; id++)
        nl_witness_note(witness, id);
    assert_int_equal(nl_witness_ask(NAME, 3000), NL_TESTIMONY_BEGUN);
    assert_int_equal(nl_witness_ask(NAME, 2001), NL_TESTIMONY_BEGUN);
    assert_int_equal(nl_witness_ask(NAME, 1000), NL_TESTIMONY_NOT_BEGUN);
    nl_witness_close(witness, true);
    assert_int_equal(nl_witness_ask(NAME, 3000), NL_TESTIMONY_NONE);
    nl_witness_close(NULL, true);
}

/* Somebody who can write to the database, or to shared memory, cannot make one up. */
static void test_names_and_files_of_others(void **state) {
    (void)state;
    static const char *const names[] = {
        "", "../../etc/passwd", "a/b", "A",
        "00000000000000000000000000000000000000000000000000000000000000000"};
    for_each_row (i, names, names[i]) {
        assert_null(nl_witness_open(names[i]));
        assert_int_equal(nl_witness_ask(names[i], 1), NL_TESTIMONY_NONE);
    }
    FILE *file = fopen(PATH, "w"); /* too short */
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(nl_witness_ask(NAME, 1), NL_TESTIMONY_NONE);
    nl_witness_remove(NAME);
    assert_int_equal(symlink("/dev/zero", PATH), 0);
    assert_int_equal(nl_witness_ask(NAME, 1), NL_TESTIMONY_NONE);
    assert_null(nl_witness_open(NAME));
    nl_witness_remove(NAME);
    struct nl_witness *witness = nl_witness_open(NAME);
    assert_non_null(witness);
    nl_witness_close(witness, false);
    if (geteuid() == 0) {
        assert_int_equal(nl_witness_ask(NAME, 1), NL_TESTIMONY_NOT_BEGUN);
        assert_int_equal(chown(PATH, 65534, 65534), 0);
        assert_int_equal(nl_witness_ask(NAME, 1), NL_TESTIMONY_NONE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_it_outlives_the_process, teardown),
        cmocka_unit_test_teardown(test_the_last_thousand_are_kept, teardown),
        cmocka_unit_test_teardown(test_names_and_files_of_others, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
