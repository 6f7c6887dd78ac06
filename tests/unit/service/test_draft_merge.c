#include "newsletter/service/draft_merge.h"
#include "support.h"

static void test_merge(void **state) {
    static const struct {
        const char *label, *base, *mine, *theirs, *merged;
        size_t conflicts;
    } cases[] = {
        {"nothing", "a\n\nb\n", "a\n\nb\n", "a\n\nb\n", "a\n\nb\n", 0},
        {"mine", "a\n\nb\n", "A\n\nb\n", "a\n\nb\n", "A\n\nb\n", 0},
        {"theirs", "a\n\nb\n", "a\n\nb\n", "a\n\nB\n", "a\n\nB\n", 0},
        {"both, apart", "a\n\nb\n\nc\n", "A\n\nb\n\nc\n", "a\n\nb\n\nC\n", "A\n\nb\n\nC\n", 0},
        {"both the same", "a\n\nb\n", "x\n\nb\n", "x\n\nb\n", "x\n\nb\n", 0},
        {"both added at ends", "b\n", "a\n\nb\n", "b\n\nc\n", "a\n\nb\n\nc\n", 0},
        {"mine added at the end, theirs changed the first", "a\n\nb", "a\n\nb\n\nc", "A\n\nb",
         "A\n\nb\n\nc", 0},
        {"removed and changed elsewhere", "a\n\nb\n\nc\n", "a\n\nc\n", "A\n\nb\n\nc\n", "A\n\nc\n",
         0},
        {"fields", "---\ntitle: T\ndate: D\n---\nx\n", "---\ntitle: U\ndate: D\n---\nx\n",
         "---\ntitle: T\ndate: D\nnumber: 1\n---\nx\n\ny\n",
         "---\ntitle: U\ndate: D\nnumber: 1\n---\nx\n\ny\n", 0},
        {"neighbours", "a\n\nb\n\nc\n", "a\n\nB\n\nc\n", "a\n\nb\n\nC\n", "a\n\nB\n\nC\n", 0},
        {"a conflict", "a\n\nb\n", "x\n\nb\n", "y\n\nB\n", "x\n\nB\n", 1},
        {"removed by one, changed by the other", "a\n\nb\n\nc\n", "a\n\nc\n", "a\n\nB\n\nc\n",
         "a\n\nc\n", 1},
        {"from nothing", "", "a\n", "b\n", "a\n", 1},
        {"lines of one paragraph", "a\nb\n", "A\nb\n", "a\nB\n", "A\nb\n", 1},
    };
    (void)state;
    for_each_row (i, cases, cases[i].label) {
        struct nl_buf out = {0};
        json_t *conflicts = NULL;
        nl_draft_merge(cases[i].base, cases[i].mine, cases[i].theirs, NL_MERGE_ASK, &out,
                       &conflicts);
        assert_string_equal(nl_buf_text(&out), cases[i].merged);
        assert_int_equal(json_array_size(conflicts), cases[i].conflicts);
        nl_buf_free(&out);
        json_decref(conflicts);
    }
}

static void test_choices(void **state) {
    json_t *conflicts = NULL;
    (void)state;
    for (enum nl_merge_choice choice = NL_MERGE_MINE; choice <= NL_MERGE_THEIRS; choice++) {
        struct nl_buf out = {0};
        nl_draft_merge("a\n\nb\n\nc\n", "x\n\nb\n\nc\n", "y\n\nb\n\nC\n", choice, &out, &conflicts);
        assert_string_equal(nl_buf_text(&out),
                            choice == NL_MERGE_MINE ? "x\n\nb\n\nC\n" : "y\n\nb\n\nC\n");
        assert_int_equal(json_array_size(conflicts), 0);
        json_decref(conflicts);
        nl_buf_free(&out);
    }
}

static void test_a_conflict_tells_both(void **state) {
    struct nl_buf out = {0};
    json_t *conflicts = NULL;
    (void)state;
    nl_draft_merge("a\n\nb\n", "x\n\nb\n", "y\n\nb\n", NL_MERGE_ASK, &out, &conflicts);
    const json_t *first = json_array_get(conflicts, 0);
    assert_string_equal(json_string_value(json_object_get(first, "mine")), "x\n\n");
    assert_string_equal(json_string_value(json_object_get(first, "theirs")), "y\n\n");
    json_decref(conflicts);
    nl_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_a_conflict_tells_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
