/* Files of others are read by a process of its own: what becomes of its end and of its answer,
 * which a hostile file may have made. src/base/program.c is replaced. */
#include "support.h"

#include "newsletter/base/program.h"
#include "newsletter/service/conversion.h"

static struct {
    enum nl_status status;
    const char *answer;
} made;

enum nl_status nl_program_run(const struct nl_program *program, struct nl_buf *out,
                              struct nl_error *err) {
    assert_non_null(program->cage);
    nl_buf_adds(out, made.answer);
    return made.status == NL_OK
               ? NL_OK
               : nl_error_set(err, made.status, "/proc/self/exe failed (signal 9)");
}

static int set_up(void **state) {
    (void)state;
    nl_conversion_offer();
    return 0;
}

/* A reader of the page cannot do anything with the end of a process of ours. */
static void test_ends(void **state) {
    static const struct {
        const char *name;
        enum nl_status status, told;
        const char *words;
    } rows[] = {
        {"it was killed", NL_CONFIG, NL_DATA,
         "the file cannot be read: it is broken, or it needs too much time or memory"},
        {"it took too long", NL_TEMPFAIL, NL_DATA,
         "the file cannot be read: it is broken, or it needs too much time or memory"},
        {"there is none", NL_OS, NL_OS, "/proc/self/exe failed (signal 9)"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_error err = {0};
        struct nl_buf data = {0};
        struct nl_buf out = {0};
        made.status = rows[i].status;
        made.answer = "picture 3\nabc";
        assert_int_equal(nl_convert_picture(&data, &out, &err), rows[i].told);
        assert_string_equal(nl_error_text(&err), rows[i].words);
        assert_int_equal(out.len, 0);
        nl_error_free(&err);
    }
}

#define NAME_63 "a23456789012345678901234567890123456789012345678901234567890zbc"

static void test_answers(void **state) {
    static const char BROKEN[] = "the file cannot be read: it is broken";
    static const struct {
        const char *answer, *picture, *fault; /* one of the two */
    } rows[] = {
        {"picture 3\nabc", "abc", NULL},
        {"picture 0\n", "", NULL},
        {"picture 3\nabcpicture 2\nde", "abcde", NULL},
        {"other 2\nxxpicture 3\nabc", "abc", NULL},
        {NAME_63 " 1\nxpicture 3\nabc", "abc", NULL},
        {NAME_63 "d 1\nxpicture 3\nabc", NULL, BROKEN},
        {"", NULL, BROKEN},
        {"picture 4\nabc", NULL, BROKEN},
        {"picture 3\nabcp", NULL, BROKEN},
        {"picture 3", NULL, BROKEN},
        {"picture", NULL, BROKEN},
        {"picture \nabc", NULL, BROKEN},
        {"picture /\nabc", NULL, BROKEN},
        {"picture :\nabc", NULL, BROKEN},
        {"picture -1\nabc", NULL, BROKEN},
        {" 3\nabc", NULL, BROKEN},
        {"picture 18446744073709551616\nabc", NULL, BROKEN},
        {"picture 18446744073709551615\nabc", NULL, BROKEN},
        {"fault 9\nno pixels", NULL, "no pixels"},
        {"picture 3\nabcfault 9\nno pixelspicture 2\nde", NULL, "no pixels"},
    };
    (void)state;
    made.status = NL_OK;
    for_each_row (i, rows, rows[i].answer) {
        struct nl_error err = {0};
        struct nl_buf data = {0};
        struct nl_buf out = {0};
        made.answer = rows[i].answer;
        enum nl_status status = nl_convert_picture(&data, &out, &err);
        assert_int_equal(status, rows[i].fault == NULL ? NL_OK : NL_DATA);
        assert_string_equal(status == NL_OK ? nl_buf_text(&out) : nl_error_text(&err),
                            status == NL_OK ? rows[i].picture : rows[i].fault);
        nl_buf_free(&out);
        nl_error_free(&err);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
