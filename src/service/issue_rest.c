#include "newsletter/service/issue_rest.h"

#include "newsletter/service/issues.h"
#include "newsletter/service/segments.h"
#include "newsletter/store/issue.h"

#include <stdlib.h>

static enum nl_status read(const struct nl_office *office, int64_t issue, const char *segment,
                           char **expression, int64_t *people, struct nl_error *err) {
    struct nl_segment *parsed = NULL;
    char *list = NULL;
    const char *name = segment != NULL && segment[0] != '\0' ? segment : NULL;
    *people = 0;
    enum nl_status status = nl_office_issue_list(office, issue, &list, err);
    if (status == NL_OK && list == NULL)
        status = nl_error_set(err, NL_NOTFOUND, "there is no such issue");
    if (status == NL_OK)
        status = nl_office_segment(office, NULL, name, &parsed, expression, err);
    if (status == NL_OK)
        status = nl_issue_further(office->store, issue, parsed, people, err);
    nl_segment_free(parsed);
    free(list);
    return status;
}

enum nl_status nl_office_issue_rest(const struct nl_office *office, int64_t issue,
                                    const char *segment, int64_t *people, struct nl_error *err) {
    char *expression = NULL;
    enum nl_status status = read(office, issue, segment, &expression, people, err);
    free(expression);
    return status;
}

enum nl_status nl_office_issue_extend(const struct nl_office *office, int64_t issue,
                                      const char *segment, int64_t *deliveries,
                                      struct nl_error *err) {
    char *expression = NULL;
    int64_t people = 0;
    *deliveries = 0;
    enum nl_status status = read(office, issue, segment, &expression, &people, err);
    if (status == NL_OK && people == 0)
        status = nl_error_set(err, NL_DATA, "everybody who is meant has had it: nobody is left");
    if (status == NL_OK)
        status = nl_issue_extend(office->store, issue, expression, deliveries, err);
    if (status == NL_OK)
        status = nl_office_note(office, "issue send rest", "issue", NULL, issue, err);
    free(expression);
    return status;
}
