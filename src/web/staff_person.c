#include "web/staff_person.h"

#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/subscribers.h"
#include "newsletter/web/mailer.h"

#include <stdio.h>
#include <string.h>

const struct nl_person_state nl_person_states[] = {
    {"active", NL_TEXT_IN("subscription", "Active")},
    {"pending", NL_TEXT_IN("subscription", "Not confirmed")},
    {"unsubscribed", NL_TEXT_IN("subscription", "Unsubscribed")},
    {"bounced", NL_TEXT_IN("subscription", "Bounced")},
    {"complained", NL_TEXT_IN("subscription", "Complained")},
    {NULL, NULL},
};

const char *nl_person_state_label(const struct nl_staff_call *call, const char *state) {
    for (size_t i = 0; nl_person_states[i].state != NULL; i++)
        if (strcmp(nl_person_states[i].state, state) == 0)
            return nl_catalog_text(call->theme->catalog, "subscription", nl_person_states[i].label);
    return state;
}

const char *nl_person_done(const struct nl_staff_call *call, const char *word) {
    static const struct {
        const char *word, *text;
    } done[] = {
        {"active", NL_TEXT("The subscriber is on the list.")},
        {"pending",
         NL_TEXT("An email asks for confirmation. The subscription begins with the answer.")},
        {"already", NL_TEXT("The subscriber is on this list already. Nothing was changed.")},
        {"left", NL_TEXT("The subscriber has left this list. Nothing was changed: without a stated "
                         "consent, an email asks whether they want to come back.")},
        {"suppressed", NL_TEXT("This address is never mailed. Nothing was changed.")},
        {"erased", NL_TEXT("The person behind this address asked to be forgotten. Nothing was "
                           "changed.")},
        {"soon", NL_TEXT("An email went out a short time ago, so no other one was sent.")},
        {"saved", NL_TEXT("The changes have been saved.")},
        {"ended", NL_TEXT("The subscription has ended.")},
        {"blocked", NL_TEXT("From now on, this address is never mailed.")},
        {"lifted", NL_TEXT("This address may be mailed again.")},
        {"forgotten", NL_TEXT("The subscriber's data has been deleted.")},
    };
    for (size_t i = 0; word != NULL && i < sizeof done / sizeof done[0]; i++)
        if (strcmp(done[i].word, word) == 0)
            return nl_staff_text(call, done[i].text);
    return "";
}

void nl_person_wake(const struct nl_staff_call *call, int64_t notice) {
    if (notice != 0 && call->staff->sender != NULL)
        nl_mailer_wake(call->staff->sender, notice);
}

/* ---- what may be seen ---- */

static void keep_visible(struct nl_person_view *view) {
    json_t *all = json_object_get(view->facts, "subscriptions");
    for (size_t i = json_array_size(all); i > 0; i--) {
        const char *list = nl_facts_word(json_array_get(all, i - 1), "list");
        if (!nl_people_rights_on(&view->rights, list))
            json_array_remove(all, i - 1);
    }
}

enum nl_status nl_person_view(struct nl_staff_call *call, int64_t id, struct nl_person_view *out,
                              struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const struct nl_who who = {.id = id};
    struct nl_subscriber subscriber = {0};
    *out = (struct nl_person_view){0};
    enum nl_status status = nl_people_rights(call->staff, call->session, &out->rights, err);
    if (status == NL_OK)
        status = nl_office_subscriber_read(&office, &who, &subscriber, err);
    if (status == NL_OK) {
        out->whole = out->rights.everywhere;
        out->facts = json_incref(subscriber.facts);
        snprintf(out->revision, sizeof out->revision, "%s", subscriber.revision.text);
        keep_visible(out);
        if (!out->whole && json_array_size(json_object_get(out->facts, "subscriptions")) == 0)
            status = nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such subscriber"));
    }
    nl_subscriber_free(&subscriber);
    return status;
}

void nl_person_view_free(struct nl_person_view *view) {
    nl_people_rights_free(&view->rights);
    json_decref(view->facts);
    *view = (struct nl_person_view){0};
}

enum nl_status nl_person_refuse(struct nl_staff_call *call, const struct nl_person_view *view,
                                enum nl_status status, struct nl_response *response,
                                struct nl_error *err) {
    if (status != NL_NOTFOUND) {
        json_decref(call->data);
        return status;
    }
    nl_error_free(err);
    return nl_people_rights_any(&view->rights) ? nl_staff_no_page(call, response, err)
                                               : nl_staff_forbidden(call, response, err);
}
