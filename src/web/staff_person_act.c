#include "newsletter/base/buf.h"
#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/subscribers.h"
#include "newsletter/service/suppressions.h"
#include "web/staff_person.h"

#include <stdlib.h>
#include <string.h>

/* An action that is under way. `done` is the word for nl_person_done; NULL: nothing was done, and
 * the page says why. */
struct act {
    struct nl_staff_call *call;
    const struct nl_person_view *view;
    struct nl_office office;
    struct nl_who who;
    struct nl_response *response;
    const char *done;
};

static const char *field(const struct act *act, const char *name) {
    return nl_site_field(act->call->request, name);
}

static enum nl_status refuse(struct act *act, int code, const char *text) {
    act->response->status = code;
    nl_staff_say(act->call, "problem", text);
    return NL_OK;
}

/* ---- correcting ---- */

/* A changed text is a text; where a number, a list or a yes was shown, the new value is read as
 * such if it is one. */
static json_t *value_of(const char *text, const json_t *before) {
    json_t *value =
        before != NULL && !json_is_string(before) ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    return value != NULL ? value : json_string(text);
}

static bool is_same(const char *text, const json_t *value) {
    char *shown = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
    bool same = strcmp(text, shown != NULL ? shown : json_string_value(value)) == 0;
    free(shown);
    return same;
}

/* The attributes whose fields were changed, and one that is new. */
static json_t *changed_attributes(const struct act *act) {
    json_t *changes = json_object();
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(json_object_get(act->view->facts, "attributes"), name, value) {
        struct nl_buf input = {0};
        nl_buf_addf(&input, "attribute.%s", name);
        const char *text = nl_request_form(act->call->request, nl_buf_text(&input));
        if (text != NULL && !is_same(text, value))
            json_object_set_new(changes, name, value_of(text, value));
        nl_buf_free(&input);
    }
    if (field(act, "new_attribute")[0] != '\0')
        json_object_set_new(changes, field(act, "new_attribute"),
                            json_string(field(act, "new_value")));
    return changes;
}

static enum nl_status save(struct act *act, struct nl_error *err) {
    struct nl_revision expected = {0};
    snprintf(expected.text, sizeof expected.text, "%s", field(act, "revision"));
    const struct nl_subscriber_change change = {
        .expected = &expected,
        .name = field(act, "name"),
        .language = field(act, "language"),
        .attributes = changed_attributes(act),
    };
    bool stale = expected.text[0] == '\0';
    enum nl_status status = NL_OK;
    if (!stale)
        status = nl_office_subscriber_change(&act->office, &act->who, &change, &stale, err);
    json_decref(change.attributes);
    if (status == NL_OK && stale)
        return refuse(act, 409,
                      NL_TEXT("Somebody else has changed this subscriber meanwhile. Nothing was "
                              "saved: please look at the present values and try again."));
    act->done = "saved";
    return status;
}

/* ---- subscriptions ---- */

/* Asks by mail, or adds with a stated consent; "ask again" is the same as asking. */
static enum nl_status join(struct act *act, struct nl_error *err) {
    const char *consent = field(act, "consent");
    const struct nl_subscriber_join join = {
        .address = nl_facts_word(act->view->facts, "address"),
        .list = field(act, "list"),
        .consent = consent[0] != '\0' ? consent : NULL,
    };
    struct nl_subscriber_joined joined = {0};
    if (!nl_people_rights_on(&act->view->rights, join.list))
        return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no list '%s'"), join.list);
    enum nl_status status = nl_office_subscriber_join(&act->office, &join, &joined, err);
    if (status != NL_OK)
        return status;
    nl_person_wake(act->call, joined.notice);
    act->done = joined.outcome == NL_JOINED_PENDING && joined.notice == 0
                    ? "soon"
                    : nl_joined_words[joined.outcome];
    return NL_OK;
}

static enum nl_status unsubscribe(struct act *act, struct nl_error *err) {
    const char *list = field(act, "list");
    if (list[0] == '\0' ? !act->view->whole : !nl_people_rights_on(&act->view->rights, list))
        return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no list '%s'"), list);
    act->done = "ended";
    return nl_office_subscriber_unsubscribe(&act->office, &act->who, list[0] != '\0' ? list : NULL,
                                            err);
}

/* ---- the person as a whole ---- */

static enum nl_status suppress(struct act *act, struct nl_error *err) {
    bool added = false;
    const char *reason = field(act, "reason");
    act->done = "blocked";
    return nl_office_subscriber_suppress(&act->office, &act->who,
                                         reason[0] != '\0' ? reason : "by hand", &added, err);
}

static enum nl_status lift(struct act *act, struct nl_error *err) {
    struct nl_suppressed suppressed = {0};
    enum nl_status status = nl_office_unsuppress(
        &act->office, nl_facts_word(act->view->facts, "address"), &suppressed, err);
    nl_suppressed_free(&suppressed);
    act->done = "lifted";
    return status;
}

static enum nl_status erase(struct act *act, struct nl_error *err) {
    if (strcmp(field(act, "sure"), "yes") != 0)
        return refuse(act, 400, NL_TEXT("Nothing was deleted. Tick the box first to confirm."));
    act->done = "forgotten";
    return nl_office_subscriber_erase(&act->office, &act->who, err);
}

/* ---- dispatch ---- */

static const struct action {
    const char *name;
    bool whole; /* it takes the right to look after people on all lists */
    enum nl_status (*run)(struct act *act, struct nl_error *err);
} actions[] = {
    {"save", true, save},         {"join", false, join}, {"unsubscribe", false, unsubscribe},
    {"suppress", true, suppress}, {"lift", true, lift},  {"erase", true, erase},
};

static const struct action *find_action(const char *name) {
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

/* After success the browser is redirected, so that reloading the page repeats nothing. */
static enum nl_status redirect(struct act *act, int64_t id, struct nl_error *err) {
    struct nl_buf path = {0};
    json_decref(act->call->data);
    if (strcmp(act->done, "forgotten") == 0)
        nl_buf_addf(&path, "/people?done=%s", act->done);
    else
        nl_buf_addf(&path, "/people/%lld?done=%s", (long long)id, act->done);
    enum nl_status status =
        nl_staff_redirect(act->call->staff, nl_buf_text(&path), act->response, err);
    nl_buf_free(&path);
    return status;
}

static enum nl_status run(struct act *act, int64_t id, struct nl_error *err) {
    const struct action *action = find_action(field(act, "action"));
    if (action != NULL && action->whole && !act->view->whole)
        return nl_staff_forbidden(act->call, act->response, err);
    enum nl_status status = action != NULL
                                ? action->run(act, err)
                                : refuse(act, 400,
                                         NL_TEXT("The form contains a mistake. Please check it "
                                                 "and send it again."));
    if (status == NL_OK && act->done != NULL)
        return redirect(act, id, err);
    if (status == NL_OK || nl_staff_explains(act->call, status, act->response, err))
        return nl_person_show(act->call, id, act->view, act->response, err);
    json_decref(act->call->data);
    return status;
}

enum nl_status nl_person_act(struct nl_staff_call *call, int64_t id, struct nl_response *response,
                             struct nl_error *err) {
    struct nl_person_view view = {0};
    enum nl_status status = nl_person_view(call, id, &view, err);
    struct act act = {.call = call,
                      .view = &view,
                      .office = nl_staff_office(call->staff, call->session),
                      .who = {.id = id},
                      .response = response};
    status =
        status == NL_OK ? run(&act, id, err) : nl_person_refuse(call, &view, status, response, err);
    nl_person_view_free(&view);
    return status;
}
