#include "newsletter/service/subjects.h"

#include "newsletter/base/catalog.h"
#include "newsletter/store/subject_test.h"

static enum nl_status read_test(const struct nl_office *office, int64_t issue,
                                struct nl_subject_test *out, struct nl_error *err) {
    bool found = false;
    enum nl_status status = nl_subject_test_read(office->store, issue, &found, out, err);
    return status == NL_OK && !found
               ? nl_error_set(err, NL_NOTFOUND,
                              NL_TEXT("issue %lld has one subject: there is nothing to decide"),
                              (long long)issue)
               : status;
}

static json_t *facts_of(const struct nl_subject_test *test) {
    json_t *subjects = json_array();
    for (size_t i = 0; i < NL_SUBJECTS; i++) {
        const struct nl_subject_score *score = &test->scores[i];
        json_array_append_new(
            subjects, json_pack("{s:s, s:I, s:I, s:I, s:I}", "subject", test->subjects[i], "people",
                                (json_int_t)score->people, "sent", (json_int_t)score->sent, "left",
                                (json_int_t)score->left, "replied", (json_int_t)score->replied));
    }
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "rule", nl_subject_rules[test->plan.rule],
                     "decide_at", (json_int_t)test->decide_at, "winner", (json_int_t)test->winner,
                     "leading", (json_int_t)nl_subject_test_better(test), "waiting",
                     (json_int_t)test->waiting, "subjects", subjects);
}

enum nl_status nl_office_subjects_read(const struct nl_office *office, int64_t issue, json_t **out,
                                       struct nl_error *err) {
    struct nl_subject_test test = {0};
    enum nl_status status = read_test(office, issue, &test, err);
    *out = status == NL_OK ? facts_of(&test) : NULL;
    nl_subject_test_free(&test);
    return status;
}

enum nl_status nl_office_subject_decide(const struct nl_office *office, int64_t issue,
                                        int64_t choice, struct nl_error *err) {
    struct nl_subject_test test = {0};
    bool decided = false;
    if (choice < 1 || choice > NL_SUBJECTS)
        return nl_error_set(err, NL_DATA, NL_TEXT("choose subject 1 or %d"), NL_SUBJECTS);
    bool open = false;
    enum nl_status status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_subject_test_decide(office->store, issue, choice, &decided, err);
    if (status == NL_OK)
        status = read_test(office, issue, &test, err);
    if (status == NL_OK && !decided)
        status = nl_error_set(err, NL_EXISTS,
                              test.winner != 0 ? NL_TEXT("it has been decided already")
                                               : NL_TEXT("it has not begun to go out"));
    if (status == NL_OK)
        status = nl_office_note(office, "subject decide", "issue", NULL, issue, err);
    status = nl_office_end(office, open, status, err);
    nl_subject_test_free(&test);
    return status;
}
