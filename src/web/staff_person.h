/* Shared by the pages about subscribers. */
#ifndef NL_WEB_STAFF_PERSON_H
#define NL_WEB_STAFF_PERSON_H

#include "web/staff_common.h"

/* The states of a subscription, and their names in English; ends with NULL. */
struct nl_person_state {
    const char *state, *label;
};
extern const struct nl_person_state nl_person_states[];

/* The name of a state in the language of the page. */
const char *nl_person_state_label(const struct nl_staff_call *call, const char *state);

/* The sentence that tells what an action did, by the word that its redirect carries; "" for others
 * and NULL. */
const char *nl_person_done(const struct nl_staff_call *call, const char *word);

/* Has the queued mail sent now; 0: there is none. */
void nl_person_wake(const struct nl_staff_call *call, int64_t notice);

/* The right to see the page of a person, and how much of it: `whole` is everything; else the
 * subscriptions on the lists of `rights` alone. */
struct nl_person_view {
    struct nl_people_rights rights;
    json_t *facts; /* as nl_office_subscriber_read, with those subscriptions that may be seen */
    char revision[NL_REVISION_LEN + 1];
    bool whole;
};

/* NL_NOTFOUND for a person that there is not, or who is on none of the account's lists. Free it
 * also after an error. */
enum nl_status nl_person_view(struct nl_staff_call *call, int64_t id, struct nl_person_view *out,
                              struct nl_error *err);
void nl_person_view_free(struct nl_person_view *view);

/* The answer to an error of nl_person_view: an account that may see nobody is told so; for any
 * other there is no such person. Takes the data of the call. */
enum nl_status nl_person_refuse(struct nl_staff_call *call, const struct nl_person_view *view,
                                enum nl_status status, struct nl_response *response,
                                struct nl_error *err);

/* Shows the page of a person. Takes the data of the call. */
enum nl_status nl_person_show(struct nl_staff_call *call, int64_t id,
                              const struct nl_person_view *view, struct nl_response *response,
                              struct nl_error *err);

#endif
