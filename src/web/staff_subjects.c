/* An issue with two subjects: how they do, and the choice between them. */
#include "newsletter/report/facts.h"
#include "newsletter/service/subjects.h"
#include "web/staff_issue.h"

#include <string.h>

enum nl_status nl_subjects_add(struct nl_issue_page *page) {
    json_t *data = page->call->data;
    json_t *test = NULL;
    json_t *row = NULL;
    size_t at = 0;
    enum nl_status status = nl_office_subjects_read(&page->office, page->id, &test, page->err);
    json_object_set_new(data, "any_subjects", json_boolean(status == NL_OK));
    if (status == NL_NOTFOUND) {
        nl_error_free(page->err);
        return NL_OK;
    }
    if (status != NL_OK)
        return status;
    int64_t winner = nl_facts_number(test, "winner");
    json_t *subjects = json_object_get(test, "subjects");
    json_array_foreach(subjects, at, row) {
        json_object_set_new(row, "choice", json_integer((json_int_t)at + 1));
        json_object_set_new(row, "chosen", json_boolean(winner == (int64_t)at + 1));
    }
    json_object_set_new(
        data, "undecided",
        json_boolean(page->may_send && winner == 0 && nl_facts_number(test, "decide_at") != 0));
    json_object_set_new(data, "waiting",
                        json_integer((json_int_t)nl_facts_number(test, "waiting")));
    json_object_set(data, "subjects", subjects);
    json_decref(test);
    return NL_OK;
}

enum nl_status nl_subjects_decide(struct nl_issue_page *page) {
    const char *word = nl_site_field(page->call->request, "subject");
    int64_t choice = strcmp(word, "1") == 0 ? 1 : strcmp(word, "2") == 0 ? 2 : 0;
    return nl_office_subject_decide(&page->office, page->id, choice, page->err);
}
