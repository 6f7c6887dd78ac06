#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/figures.h"
#include "newsletter/service/subscribers.h"
#include "newsletter/template/data.h"
#include "web/staff_person.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_SHOWN = 50 };

/* ---- subscriptions ---- */

static json_t *describe_subscription(const struct nl_staff_call *call, const json_t *facts) {
    const char *state = nl_facts_word(facts, "state");
    const json_t *consent = json_object_get(facts, "consent");
    bool ended = strcmp(state, "active") != 0 && strcmp(state, "pending") != 0;
    json_t *shown = json_object();
    nl_data_set(shown, "list", nl_facts_word(facts, "list"));
    nl_data_set(shown, "list_title", nl_facts_word(facts, "title"));
    nl_data_set(shown, "state_label", nl_person_state_label(call, state));
    nl_figures_set_time(shown, "consent_at", consent, "at");
    nl_data_set(shown, "consent_source", nl_facts_word(consent, "source"));
    nl_data_set(shown, "consent_ip", nl_facts_word(consent, "ip"));
    nl_data_set(shown, "consent_version", nl_facts_word(consent, "form_version"));
    nl_figures_set_time(shown, "confirmed_at", facts, "confirmed_at");
    nl_figures_set_time(shown, "ended_at", facts, "ended_at");
    json_object_set_new(shown, "pending", json_boolean(strcmp(state, "pending") == 0));
    json_object_set_new(shown, "can_end", json_boolean(!ended));
    return shown;
}

static void add_subscriptions(const struct nl_staff_call *call, const struct nl_person_view *view) {
    json_t *array = json_array();
    size_t at = 0;
    json_t *facts = NULL;
    json_array_foreach(json_object_get(view->facts, "subscriptions"), at, facts)
        json_array_append_new(array, describe_subscription(call, facts));
    json_object_set_new(call->data, "subscriptions", array);
    json_object_set(call->data, "lists", view->rights.lists);
}

/* ---- attributes ---- */

/* A text as it is, anything else as JSON. */
static void add_attributes(const struct nl_staff_call *call, const struct nl_person_view *view) {
    json_t *array = json_array();
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(json_object_get(view->facts, "attributes"), name, value) {
        char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
        json_t *one = json_object();
        nl_data_set(one, "attribute", name);
        nl_data_set(one, "value", text != NULL ? text : json_string_value(value));
        json_array_append_new(array, one);
        free(text);
    }
    json_object_set_new(call->data, "attributes", array);
}

/* ---- what happened ---- */

static const char *label_of_event(const struct nl_staff_call *call, const char *kind) {
    static const struct {
        const char *kind, *label;
    } labels[] = {
        {"subscribed", NL_TEXT_IN("event", "Asked to join")},
        {"confirmed", NL_TEXT_IN("event", "Confirmed")},
        {"imported", NL_TEXT_IN("event", "Imported")},
        {"edited", NL_TEXT_IN("event", "Changed by staff")},
        {"preferences", NL_TEXT_IN("event", "Changed by the subscriber")},
        {"preferences-asked", NL_TEXT_IN("event", "Asked for a link to their own page")},
        {"address-change-asked", NL_TEXT_IN("event", "Asked for another address")},
        {"address-changed", NL_TEXT_IN("event", "Changed the address")},
        {"unsubscribed", NL_TEXT_IN("event", "Unsubscribed")},
        {"bounced", NL_TEXT_IN("event", "Bounced")},
        {"complained", NL_TEXT_IN("event", "Complained")},
        {"suppressed", NL_TEXT_IN("event", "Suppressed")},
        {"unsuppressed", NL_TEXT_IN("event", "Suppression lifted")},
    };
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (strcmp(labels[i].kind, kind) == 0)
            return nl_catalog_text(call->theme->catalog, "event", labels[i].label);
    return nl_figures_state_label(call->theme->catalog, kind); /* of a delivery */
}

/* The detail of a bounce is its reason; others have what people and programs wrote. */
static void describe_event(const struct nl_staff_call *call, json_t *event) {
    const char *what = nl_facts_word(event, "what");
    nl_data_set(event, "what_label", label_of_event(call, what));
    if (strcmp(what, "bounced") != 0)
        return;
    nl_data_set(event, "reason", nl_facts_word(event, "detail"));
    nl_figures_label_reason(call->theme->catalog, event);
    nl_data_set(event, "detail", nl_facts_word(event, "label"));
}

/* The newest rows of one kind, the newest first, with times that can be read. */
static json_t *rows_of(const json_t *history, const char *kind, const char *time) {
    json_t *array = json_array();
    const json_t *rows = json_object_get(history, kind);
    for (size_t i = json_array_size(rows); i > 0; i--) {
        json_t *row = json_array_get(rows, i - 1);
        const char *name = NULL;
        json_t *value = NULL;
        void *next = NULL;
        nl_figures_set_time(row, "when", row, time);
        json_object_foreach_safe(row, next, name, value) {
            if (json_is_null(value))
                nl_data_set(row, name, "");
        }
        json_array_append(array, row);
    }
    return array;
}

static void add_rows(const struct nl_staff_call *call, const char *name, json_t *rows) {
    char any[32];
    snprintf(any, sizeof any, "any_%s", name);
    json_object_set_new(call->data, any, json_boolean(json_array_size(rows) > 0));
    json_object_set_new(call->data, name, rows);
}

static enum nl_status add_history(const struct nl_staff_call *call, int64_t id,
                                  struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const struct nl_who who = {.id = id};
    json_t *history = NULL;
    size_t at = 0;
    json_t *row = NULL;
    enum nl_status status = nl_office_subscriber_history(&office, &who, ROWS_SHOWN, &history, err);
    if (status != NL_OK)
        return status;
    json_t *deliveries = rows_of(history, "deliveries", "updated_at");
    json_array_foreach(deliveries, at, row)
        nl_data_set(row, "state_label",
                    nl_figures_state_label(call->theme->catalog, nl_facts_word(row, "state")));
    json_t *attempts = rows_of(history, "attempts", "at");
    json_array_foreach(attempts, at, row)
        nl_data_set(row, "state_label",
                    nl_figures_state_label(call->theme->catalog, nl_facts_word(row, "state")));
    json_t *events = rows_of(history, "history", "at");
    json_array_foreach(events, at, row) describe_event(call, row);
    json_t *returned = rows_of(history, "returned_mail", "at");
    json_array_foreach(returned, at, row) nl_figures_label_reason(call->theme->catalog, row);
    add_rows(call, "deliveries", deliveries);
    add_rows(call, "attempts", attempts);
    add_rows(call, "events", events);
    add_rows(call, "returned", returned);
    json_object_set_new(call->data, "older",
                        json_boolean(json_object_get(history, "left_out") != NULL));
    json_decref(history);
    return NL_OK;
}

/* ---- the page ---- */

static void add_person(const struct nl_staff_call *call, int64_t id,
                       const struct nl_person_view *view) {
    const json_t *suppressed = json_object_get(view->facts, "suppressed");
    bool is_suppressed = json_is_object(suppressed);
    nl_data_set(call->data, "heading", nl_facts_word(view->facts, "address"));
    json_object_set_new(call->data, "id", json_integer((json_int_t)id));
    nl_data_set(call->data, "person_name", nl_facts_word(view->facts, "name"));
    nl_data_set(call->data, "person_language", nl_facts_word(view->facts, "language"));
    nl_data_set(call->data, "new_address", nl_facts_word(view->facts, "new_address"));
    nl_data_set(call->data, "revision", view->revision);
    nl_figures_set_time(call->data, "known_since", view->facts, "created_at");
    json_object_set_new(call->data, "is_suppressed", json_boolean(is_suppressed));
    nl_data_set(call->data, "suppressed_reason", nl_facts_word(suppressed, "reason"));
    nl_figures_set_time(call->data, "suppressed_since", suppressed, "since");
    json_object_set_new(call->data, "whole", json_boolean(view->whole));
    json_object_set_new(call->data, "can_suppress", json_boolean(view->whole && !is_suppressed));
}

enum nl_status nl_person_show(struct nl_staff_call *call, int64_t id,
                              const struct nl_person_view *view, struct nl_response *response,
                              struct nl_error *err) {
    add_person(call, id, view);
    add_subscriptions(call, view);
    add_attributes(call, view);
    if (nl_facts_word(call->data, "done")[0] == '\0')
        nl_data_set(call->data, "done",
                    nl_person_done(call, nl_request_query(call->request, "done")));
    enum nl_status status = view->whole ? add_history(call, id, err) : NL_OK;
    return nl_staff_finish(call, status, "staff-person.html", response, err);
}

enum nl_status nl_person_page(struct nl_staff_call *call, int64_t id, struct nl_response *response,
                              struct nl_error *err) {
    struct nl_person_view view = {0};
    enum nl_status status = nl_person_view(call, id, &view, err);
    status = status == NL_OK ? nl_person_show(call, id, &view, response, err)
                             : nl_person_refuse(call, &view, status, response, err);
    nl_person_view_free(&view);
    return status;
}

/* ---- the file ---- */

static enum nl_status write_file(struct nl_staff_call *call, int64_t id,
                                 struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    json_t *whole = NULL;
    enum nl_status status = nl_office_subscriber_copy(&office, id, &whole, err);
    char *text = status == NL_OK ? json_dumps(whole, JSON_INDENT(2)) : NULL;
    if (text != NULL)
        nl_buf_adds(&response->body, text);
    response->type = "application/json";
    response->attachment = "subscriber.json";
    free(text);
    json_decref(whole);
    return status;
}

enum nl_status nl_person_file(struct nl_staff_call *call, int64_t id, struct nl_response *response,
                              struct nl_error *err) {
    struct nl_person_view view = {0};
    enum nl_status status = nl_person_view(call, id, &view, err);
    if (status != NL_OK) {
        status = nl_person_refuse(call, &view, status, response, err);
    } else if (!view.whole) {
        status = nl_staff_forbidden(call, response, err);
    } else {
        json_decref(call->data);
        status = write_file(call, id, response, err);
    }
    nl_person_view_free(&view);
    return status;
}
