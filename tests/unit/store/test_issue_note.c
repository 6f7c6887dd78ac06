/* Signed notes of issues: by their reference number, by passages that a text shares, and only those
 * that may be shown. */
#include "support.h"

#include "newsletter/store/issue.h"
#include "newsletter/store/issue_note.h"

#include <stdio.h>

enum { PASSAGES = 120 }; /* more than are looked for at a time */

/* An issue whose note is "note ID"; its passages count up from `first`. */
static void add(struct fixture *fixture, int64_t id, const char *reference, int64_t first,
                size_t count) {
    struct nl_error err = {0};
    static int64_t passages[PASSAGES];
    char note[32];
    snprintf(note, sizeof note, "note %lld", (long long)id);
    for (size_t i = 0; i < count; i++)
        passages[i] = first + (int64_t)i;
    fixture_issue(fixture, id, "sent");
    const struct nl_issue issue = {
        .id = id,
        .language = (char *)"en",
        .reference = (char *)reference,
        .text = {.note = note, .passages = passages, .passage_count = count}};
    assert_ok(nl_issue_notes_add(fixture->store, &issue, &err));
}

static enum nl_status collect(const char *note, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s, ", note);
    return NL_OK;
}

static void assert_of_reference(struct fixture *fixture, const char *reference, bool open,
                                const char *expected) {
    struct nl_error err = {0};
    struct nl_buf found = {0};
    assert_ok(nl_issue_notes_of_reference(fixture->store, reference, open, collect, &found, &err));
    assert_string_equal(nl_buf_text(&found), expected);
    nl_buf_free(&found);
}

static void assert_of_passages(struct fixture *fixture, int64_t first, size_t count, bool open,
                               const char *expected) {
    struct nl_error err = {0};
    struct nl_buf found = {0};
    int64_t passages[2 * PASSAGES];
    for (size_t i = 0; i < count; i++)
        passages[i] = first + (int64_t)i;
    assert_ok(
        nl_issue_notes_of_passages(fixture->store, passages, count, open, collect, &found, &err));
    assert_string_equal(nl_buf_text(&found), expected);
    nl_buf_free(&found);
}

static void test_of_a_reference(void **state) {
    struct fixture *fixture = *state;
    for (int64_t id = 1; id <= 7; id++)
        add(fixture, id, id == 3 ? "B" : "A", 1, 0);
    assert_of_reference(fixture, "B", false, "note 3, ");
    assert_of_reference(fixture, "A", false, "note 7, note 6, note 5, note 4, note 2, ");
    assert_of_reference(fixture, "C", false, "");
    fixture_sql(fixture, "UPDATE issue SET archive = 'never' WHERE id IN (5, 7)");
    assert_of_reference(fixture, "A", false, "note 7, note 6, note 5, note 4, note 2, ");
    assert_of_reference(fixture, "A", true, "note 6, note 4, note 2, ");
}

/* Issues with more passages in common come first; five at most; none that shares nothing. */
static void test_of_passages(void **state) {
    struct fixture *fixture = *state;
    add(fixture, 1, "R", 1, 10);
    add(fixture, 2, "R", 5, 3);
    add(fixture, 3, "R", 1000, 10);
    add(fixture, 4, "R", 1, PASSAGES);
    assert_of_passages(fixture, 1, 10, false, "note 4, note 1, note 2, "); /* the newer one */
    assert_of_passages(fixture, 1, (size_t)2 * PASSAGES, false, "note 4, note 1, note 2, ");
    assert_of_passages(fixture, 110, 50, false, "note 4, "); /* 11 of them */
    assert_of_passages(fixture, 1009, 10, false, "note 3, ");
    assert_of_passages(fixture, 1010, 10, false, "");
    assert_of_passages(fixture, 1, 0, false, "");
    fixture_sql(fixture, "UPDATE issue SET archive = 'never' WHERE id = 1");
    assert_of_passages(fixture, 1, 10, true, "note 4, note 2, ");
    for (int64_t id = 5; id <= 8; id++)
        add(fixture, id, "R", 1, (size_t)id);
    assert_of_passages(fixture, 1, 10, false, "note 4, note 1, note 8, note 7, note 6, ");
}

/* A passage that all issues share, such as a foot, does not hide the newest. */
static void test_a_passage_of_all_issues(void **state) {
    struct fixture *fixture = *state;
    for (int64_t id = 1; id <= 210; id++)
        add(fixture, id, "R", 1, id == 150 || id == 210 ? 3 : 1);
    assert_of_passages(fixture, 1, 3, false, "note 210, note 150, note 209, note 208, note 207, ");
}

/* An old issue shares only passages that are looked for later, when all places are taken. */
static void test_a_text_whose_later_passages_are_shared(void **state) {
    struct fixture *fixture = *state;
    add(fixture, 1, "R", 2 * PASSAGES - 50, 50);
    for (int64_t id = 2; id <= 205; id++)
        add(fixture, id, "R", 1, 1);
    assert_of_passages(fixture, 1, (size_t)2 * PASSAGES, false,
                       "note 1, note 205, note 204, note 203, note 202, ");
}

static void test_of_one_language(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf note = {0};
    struct nl_buf reference = {0};
    add(fixture, 1, "A", 1, 1);
    add(fixture, 2, "B", 1, 1);
    assert_ok(nl_issue_note_read(fixture->store, 2, "en", &note, &reference, &err));
    assert_string_equal(nl_buf_text(&note), "note 2");
    assert_string_equal(nl_buf_text(&reference), "B");
    nl_buf_clear(&note);
    assert_ok(nl_issue_note_read(fixture->store, 2, "en", &note, NULL, &err));
    assert_string_equal(nl_buf_text(&note), "note 2");
    nl_buf_clear(&note);
    assert_ok(nl_issue_note_read(fixture->store, 2, "ru", &note, NULL, &err));
    assert_ok(nl_issue_note_read(fixture->store, 3, "en", &note, NULL, &err));
    assert_string_equal(nl_buf_text(&note), "");
    nl_buf_free(&note);
    nl_buf_free(&reference);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_of_a_reference, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_of_passages, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_passage_of_all_issues, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_text_whose_later_passages_are_shared, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_of_one_language, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
