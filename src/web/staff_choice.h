/* Choices that the forms of staff's pages offer. */
#ifndef NL_WEB_STAFF_CHOICE_H
#define NL_WEB_STAFF_CHOICE_H

#include "newsletter/service/audience.h"
#include "web/staff_common.h"

/* Adds a choice of a form. One whose label is the word itself is "plain": the same in each
 * language. */
void nl_choice_add(json_t *choices, const char *word, const char *label, const char *chosen);

/* The lists of an account as choices, one of which (NULL: none) is chosen. */
json_t *nl_choices_of_lists(const struct nl_people_rights *rights, const char *chosen);

/* The states of a subscription. */
json_t *nl_choices_of_states(const struct nl_staff_call *call, const char *chosen);

/* Words with their labels (English, in `context` or NULL) as choices. Ends with a word of NULL. */
struct nl_choice {
    const char *word, *label;
};
json_t *nl_choices(const struct nl_staff_call *call, const struct nl_choice *choices,
                   const char *context, const char *chosen);

/* Adds the members of staff-segment.html; none where `offers` is false. */
enum nl_status nl_choose_segment(const struct nl_office *office, bool offers, const char *chosen,
                                 json_t *data, struct nl_error *err);

/* The audience that a page is asked for. */
struct nl_audience nl_choice_of_audience(const struct nl_request *request);

/* Adds the members of staff-audience.html. `languages` has objects with language and, if it is
 * known, people; it is changed. */
enum nl_status nl_choose_audience(const struct nl_office *office, const struct nl_audience *chosen,
                                  json_t *languages, json_t *data, struct nl_error *err);

#endif
