#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/subscribers.h"
#include "newsletter/template/data.h"
#include "web/staff_choice.h"
#include "web/staff_person.h"

#include <stdlib.h>
#include <string.h>

enum { PEOPLE_SHOWN = 50 };

/* NULL for what the query does not say. */
static const char *argument(const struct nl_staff_call *call, const char *name) {
    const char *value = nl_request_query(call->request, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* ---- the people that were found ---- */

/* A person's row: the subscriptions on lists that the account may see. */
static void describe(const struct nl_staff_call *call, const struct nl_people_rights *rights,
                     json_t *person) {
    json_t *shown = json_array();
    size_t at = 0;
    json_t *subscription = NULL;
    json_array_foreach(json_object_get(person, "subscriptions"), at, subscription) {
        if (!nl_people_rights_on(rights, nl_facts_word(subscription, "list")))
            continue;
        json_t *one = json_object();
        nl_data_set(one, "list_title", nl_facts_word(subscription, "title"));
        nl_data_set(one, "state_label",
                    nl_person_state_label(call, nl_facts_word(subscription, "state")));
        json_array_append_new(shown, one);
    }
    json_object_set_new(person, "shown", shown);
    nl_data_set(person, "person_name", nl_facts_word(person, "name"));
}

static void set_next(const struct nl_staff_call *call, const struct nl_subscriber_query *query,
                     const char *next) {
    struct nl_buf link = {0};
    const struct {
        const char *name, *value;
    } parts[] = {
        {"q", query->part}, {"list", query->list}, {"state", query->state}, {"after", next}};
    for (size_t i = 0; next != NULL && i < sizeof parts / sizeof parts[0]; i++) {
        nl_buf_addf(&link, "%s%s=", i > 0 ? "&" : "?", parts[i].name);
        nl_text_encode_percent(&link, parts[i].value != NULL ? parts[i].value : "");
    }
    nl_data_set(call->data, "next", nl_buf_text(&link));
    nl_buf_free(&link);
}

static enum nl_status find(struct nl_staff_call *call, const struct nl_people_rights *rights,
                           const struct nl_subscriber_query *query, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    struct nl_subscriber_page page = {0};
    size_t at = 0;
    json_t *person = NULL;
    enum nl_status status = nl_office_subscribers_find(&office, query, &page, err);
    if (status == NL_OK) {
        json_array_foreach(page.subscribers, at, person) describe(call, rights, person);
        nl_staff_show_rows(call, "people", json_incref(page.subscribers));
        set_next(call, query, page.next);
    }
    nl_subscriber_page_free(&page);
    return status;
}

/* An account that looks after some lists finds people through one of them. */
static const char *list_to_search(const struct nl_people_rights *rights, const char *wanted) {
    if (rights->everywhere || (wanted != NULL && nl_people_rights_on(rights, wanted)))
        return wanted;
    return nl_facts_word(json_array_get(rights->lists, 0), "name");
}

static enum nl_status show(struct nl_staff_call *call, const struct nl_people_rights *rights,
                           struct nl_response *response, struct nl_error *err) {
    const struct nl_subscriber_query query = {
        .part = argument(call, "q"),
        .list = list_to_search(rights, argument(call, "list")),
        .state = argument(call, "state"),
        .after = argument(call, "after"),
        .limit = PEOPLE_SHOWN,
    };
    nl_staff_say(call, "heading", NL_TEXT("Subscribers"));
    nl_data_set(call->data, "q", query.part);
    json_object_set_new(call->data, "everywhere", json_boolean(rights->everywhere));
    json_object_set_new(call->data, "list_choices", nl_choices_of_lists(rights, query.list));
    json_object_set_new(call->data, "state_choices", nl_choices_of_states(call, query.state));
    nl_staff_show_rows(call, "people", NULL);
    nl_data_set(call->data, "next", "");
    if (strcmp(nl_facts_word(call->data, "done"), "") == 0)
        nl_data_set(call->data, "done", nl_person_done(call, argument(call, "done")));
    enum nl_status status = find(call, rights, &query, err);
    if (status != NL_OK && nl_staff_explains(call, status, response, err))
        status = NL_OK;
    return nl_staff_finish(call, status, "staff-people.html", response, err);
}

enum nl_status nl_people_page(struct nl_staff_call *call, struct nl_response *response,
                              struct nl_error *err) {
    struct nl_people_rights rights = {0};
    enum nl_status status = nl_people_rights(call->staff, call->session, &rights, err);
    if (status != NL_OK)
        json_decref(call->data);
    else
        status = nl_people_rights_any(&rights) ? show(call, &rights, response, err)
                                               : nl_staff_forbidden(call, response, err);
    nl_people_rights_free(&rights);
    return status;
}

/* ---- adding one ---- */

/* The outcome is told on the page of the person, where there is one that may be seen. */
static enum nl_status tell(struct nl_staff_call *call, const struct nl_subscriber_joined *joined,
                           struct nl_response *response, struct nl_error *err) {
    struct nl_buf path = {0};
    if (joined->subscriber != 0)
        nl_buf_addf(&path, "/people/%lld", (long long)joined->subscriber);
    else
        nl_buf_adds(&path, "/people");
    nl_buf_addf(&path, "?done=%s", nl_joined_words[joined->outcome]);
    json_decref(call->data);
    enum nl_status status = nl_staff_redirect(call->staff, nl_buf_text(&path), response, err);
    nl_buf_free(&path);
    return status;
}

static const char *unless_empty(const char *text) {
    return text[0] != '\0' ? text : NULL;
}

enum nl_status nl_people_act(struct nl_staff_call *call, struct nl_response *response,
                             struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *list = nl_site_field(call->request, "list");
    const struct nl_subscriber_join join = {
        .address = nl_site_field(call->request, "address"),
        .name = unless_empty(nl_site_field(call->request, "name")),
        .language = unless_empty(nl_site_field(call->request, "language")),
        .list = list,
        .consent = unless_empty(nl_site_field(call->request, "consent")),
    };
    struct nl_subscriber_joined joined = {0};
    struct nl_people_rights rights = {0};
    enum nl_status status = nl_people_rights(call->staff, call->session, &rights, err);
    if (status == NL_OK && !nl_people_rights_on(&rights, list)) {
        bool any = nl_people_rights_any(&rights);
        nl_people_rights_free(&rights);
        return any ? nl_staff_no_page(call, response, err)
                   : nl_staff_forbidden(call, response, err);
    }
    if (status == NL_OK)
        status = nl_office_subscriber_join(&office, &join, &joined, err);
    if (status == NL_OK) {
        nl_person_wake(call, joined.notice);
        status = tell(call, &joined, response, err);
    } else if (nl_staff_explains(call, status, response, err)) {
        status = show(call, &rights, response, err);
    } else {
        json_decref(call->data);
    }
    nl_people_rights_free(&rights);
    return status;
}
