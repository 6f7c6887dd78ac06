#include "newsletter/service/issue_rest.h"

#include "newsletter/base/catalog.h"
#include "newsletter/service/issues.h"
#include "newsletter/store/canary.h"
#include "newsletter/store/issue.h"

#include <stdlib.h>

enum { LANGUAGES = 16 }; /* the most read ones, each of which is counted */

static enum nl_status find_list(const struct nl_office *office, int64_t issue, char **list,
                                struct nl_error *err) {
    enum nl_status status = nl_office_issue_list(office, issue, list, err);
    return status == NL_OK && *list == NULL
               ? nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such issue"))
               : status;
}

static enum nl_status read(const struct nl_office *office, int64_t issue,
                           const struct nl_audience *audience, char **expression, int64_t *people,
                           struct nl_error *err) {
    struct nl_segment *parsed = NULL;
    char *list = NULL;
    *expression = NULL;
    *people = 0;
    enum nl_status status = find_list(office, issue, &list, err);
    if (status == NL_OK)
        status = nl_office_audience(office, audience, &parsed, expression, err);
    if (status == NL_OK)
        status = nl_issue_further(office->store, issue, parsed, people, err);
    nl_segment_free(parsed);
    free(list);
    return status;
}

enum nl_status nl_office_issue_rest(const struct nl_office *office, int64_t issue,
                                    const struct nl_audience *audience, int64_t *people,
                                    struct nl_error *err) {
    char *expression = NULL;
    enum nl_status status = read(office, issue, audience, &expression, people, err);
    free(expression);
    return status;
}

/* Replaces the number of people who read a language by that of those who have not had it. */
static enum nl_status count_rest(const struct nl_office *office, int64_t issue, json_t *language,
                                 int64_t *people, struct nl_error *err) {
    const struct nl_audience audience = {
        .language = json_string_value(json_object_get(language, "language"))};
    enum nl_status status = nl_office_issue_rest(office, issue, &audience, people, err);
    json_object_set_new(language, "people", json_integer((json_int_t)*people));
    return status;
}

enum nl_status nl_office_issue_readers(const struct nl_office *office, int64_t issue, json_t **out,
                                       struct nl_error *err) {
    struct nl_list list = {0};
    char *name = NULL;
    json_t *count = NULL;
    json_t *all = NULL;
    json_t *one = NULL;
    json_t *rest = json_array();
    size_t at = 0;
    *out = NULL;
    enum nl_status status = find_list(office, issue, &name, err);
    if (status == NL_OK)
        status = nl_list_find(office->store, name, &list, err);
    if (status == NL_OK)
        status = nl_office_audience_count(office, &list, NULL, &count, err);
    if (status == NL_OK)
        all = nl_audience_languages_read(&list, count);
    json_array_foreach(all, at, one) {
        int64_t people = 0;
        if (status == NL_OK && at < LANGUAGES)
            status = count_rest(office, issue, one, &people, err);
        if (people > 0)
            json_array_append(rest, one);
    }
    json_decref(count);
    json_decref(all);
    nl_list_free(&list);
    free(name);
    if (status == NL_OK)
        *out = rest;
    else
        json_decref(rest);
    return status;
}

enum nl_status nl_office_issue_extend(const struct nl_office *office, int64_t issue,
                                      const struct nl_audience *audience, const char *canary,
                                      int64_t *deliveries, struct nl_error *err) {
    struct nl_canary_plan plan = {0};
    char *expression = NULL;
    int64_t people = 0;
    *deliveries = 0;
    if (canary != NULL && canary[0] != '\0' && !nl_canary_parse(canary, &plan))
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("the canary is a share such as 1%% or a number of people"));
    enum nl_status status = read(office, issue, audience, &expression, &people, err);
    if (status == NL_OK && people == 0)
        status = nl_error_set(err, NL_DATA,
                              NL_TEXT("everybody in the audience has received it: nobody is left"));
    if (status == NL_OK)
        status = nl_issue_extend(office->store, issue, expression, &plan, deliveries, err);
    if (status == NL_OK)
        status = nl_office_note(office, "issue send rest", "issue", NULL, issue, err);
    free(expression);
    return status;
}
