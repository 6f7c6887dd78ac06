#include "newsletter/base/address.h"
#include "newsletter/base/form.h"
#include "newsletter/base/log.h"
#include "newsletter/base/memory.h"
#include "newsletter/bulletin/answer.h"
#include "newsletter/service/sign_up.h"
#include "newsletter/template/data.h"
#include "web/form_fields.h"
#include "web/gate.h"
#include "web/handlers.h"
#include "web/join_wording.h"
#include "web/lead.h"
#include "web/moved_form.h"
#include "web/stamp.h"
#include "web/typing_error.h"

#include <stdlib.h>
#include <string.h>

/* A visit to the form: what was asked, and what is needed to answer. */
struct visit {
    struct nl_site *site;
    const struct nl_request *request;
    struct nl_response *response;
    struct nl_error *err;
    struct nl_form form;          /* the values filled in so far */
    struct nl_public_lists lists; /* to join; none: the visitor has yet to choose */
    bool robot;                   /* a field is filled in that people do not see */
    const char *meant;            /* the address that was probably meant, to be asked; or NULL */
};

/* ---- the form ---- */

struct choices {
    json_t *array;
    const struct nl_public_lists *chosen;
};

static enum nl_status add_choice(const struct nl_list *list, void *ctx, struct nl_error *err) {
    struct choices *choices = ctx;
    bool chosen = false;
    (void)err;
    for (size_t i = 0; i < choices->chosen->count; i++)
        chosen = chosen || choices->chosen->items[i].id == list->id;
    if (list->is_private)
        return NL_OK;
    json_array_append_new(choices->array, json_pack("{s:s, s:s, s:b}", "name", list->name, "title",
                                                    list->title, "chosen", chosen));
    return NL_OK;
}

/* The list that the page is about; NULL if there are several to choose from. */
static const struct nl_list *only_list(const struct visit *visit) {
    return visit->lists.count == 1 ? &visit->lists.items[0] : NULL;
}

/* Shows the form with the values filled in so far, and says what to do. `bad` is the attribute
 * whose value was refused, or NULL. */
static enum nl_status show(const struct visit *visit, const char *problem, const char *bad) {
    struct nl_site *site = visit->site;
    const struct nl_theme *theme = NULL;
    const struct nl_list *list = only_list(visit);
    struct choices choices = {json_array(), &visit->lists};
    enum nl_status status = nl_site_theme(site, visit->request,
                                          list != NULL ? list->language : NULL, &theme, visit->err);
    if (status == NL_OK && list == NULL)
        status = nl_list_each(site->store, add_choice, &choices, visit->err);
    if (status == NL_OK) {
        json_t *data = nl_site_data(site, theme, list);
        nl_gate_data(site, list, data, visit->response);
        nl_site_again(data, "list", list != NULL ? list->name : "");
        if (visit->meant != NULL) /* the stamp is still good: the answer may come at once */
            nl_data_set(data, "stamp", nl_site_field(visit->request, "stamp"));
        nl_data_set(data, "meant", visit->meant);
        json_object_set(data, "choices", choices.array);
        nl_data_set(data, "problem",
                    problem != NULL ? nl_catalog_text(theme->catalog, NULL, problem) : "");
        nl_data_set(data, "email", visit->form.address);
        nl_data_set(data, "name", visit->form.name);
        json_object_set_new(data, "fields",
                            nl_form_fields_data(&site->config->forms, visit->form.attributes, bad,
                                                nl_catalog_language(theme->catalog)));
        status = nl_site_lead(site, visit->request, list, data, visit->err);
        if (status == NL_OK)
            status = nl_site_page(theme, "join.html", data, visit->response, visit->err);
        else
            json_decref(data);
    }
    json_decref(choices.array);
    return status;
}

/* A bad request: the form again, with the reason. */
static enum nl_status refuse(const struct visit *visit, const char *problem, const char *bad) {
    nl_error_free(visit->err);
    visit->response->status = 400;
    return show(visit, problem, bad);
}

static void close_visit(struct visit *visit) {
    nl_public_lists_free(&visit->lists);
    nl_form_free(&visit->form);
}

enum nl_status nl_join_form(struct nl_site *site, const struct nl_request *request,
                            struct nl_response *response, struct nl_error *err) {
    struct visit visit = {.site = site, .request = request, .response = response, .err = err};
    char *name = (char *)nl_request_query(request, "list");
    if (nl_moved_is_elsewhere(nl_site_path(site, request), request))
        return nl_site_not_found(site, request, response, err);
    const struct nl_office office = nl_site_office(site);
    enum nl_status status =
        nl_office_public_lists(&office, &name, name != NULL ? 1 : 0, &visit.lists, err);
    if (status == NL_OK)
        status = show(&visit, NULL, NULL);
    close_visit(&visit);
    return status;
}

/* ---- joining ---- */

struct reading {
    struct visit *visit;
    enum nl_moved moved; /* the program that the form was made for */
    const char *bad;     /* the attribute whose value was refused */
    enum nl_status status;
};

static void take_field(const char *name, const char *value, void *ctx) {
    static const char prefix[] = "attribute.";
    struct reading *reading = ctx;
    struct nl_error err = {0};
    struct visit *visit = reading->visit;
    enum nl_status status = nl_moved_take(reading->moved, visit->site->config, &visit->form, name,
                                          value, &visit->robot, &err);
    if (status != NL_OK && reading->status == NL_OK) { /* the other fields are shown again */
        reading->status = status;
        reading->bad =
            strncmp(name, prefix, sizeof prefix - 1) == 0 ? name + sizeof prefix - 1 : NULL;
    }
    nl_error_free(&err);
}

/* Every path that leads here does the same work, whether the address was on the lists or not. */
static enum nl_status record_signup(const struct visit *visit, const struct nl_address *address,
                                    const struct nl_theme *theme) {
    struct nl_site *site = visit->site;
    char client[NL_IP_TEXT];
    int64_t wording = 0;
    const char *language = nl_catalog_language(theme->catalog);
    enum nl_status status =
        nl_join_wording(site, visit->request, only_list(visit), theme, &wording, visit->err);
    nl_ip_text(nl_request_client(visit->request), client);
    const struct nl_office office = nl_site_office(site);
    const struct nl_sign_up wanted = {
        .address = address,
        .name = visit->form.name,
        .language = visit->form.language != NULL ? visit->form.language : language,
        .attributes = visit->form.attributes,
        .source = "web",
        .ip = client,
        .wording = wording,
    };
    int64_t *notices = nl_calloc(visit->lists.count + 1, sizeof *notices);
    if (status == NL_OK)
        status = nl_office_sign_up(&office, &wanted, &visit->lists, notices, visit->err);
    for (size_t i = 0; status == NL_OK && site->mailer != NULL && i < visit->lists.count; i++)
        nl_mailer_wake(site->mailer, notices[i]); /* also where there is none: see above */
    free(notices);
    return status;
}

/* The same page for every address, so that it reveals nothing. */
static enum nl_status thank(const struct visit *visit, const struct nl_theme *theme) {
    const struct nl_list *list = &visit->lists.items[0];
    struct nl_buf sentence = {0};
    json_t *data = nl_site_data(visit->site, theme, only_list(visit));
    enum nl_status status =
        nl_answer_compose(NL_ANSWER_ASKED, nl_catalog_language(theme->catalog), list,
                          visit->site->config, false, &sentence, visit->err);
    nl_data_set(data, "answer", nl_buf_text(&sentence));
    json_object_set_new(data, "steps", json_pack("{s:s}", "sender", list->sender));
    nl_buf_free(&sentence);
    if (status == NL_OK)
        status = nl_site_lead(visit->site, visit->request, only_list(visit), data, visit->err);
    if (status == NL_OK)
        return nl_site_page(theme, "page.html", data, visit->response, visit->err);
    json_decref(data);
    return status;
}

/* Records the sign-up of a form that has passed the gate, unless a robot filled it in. */
static enum nl_status record_and_thank(const struct visit *visit,
                                       const struct nl_address *address) {
    struct nl_site *site = visit->site;
    const struct nl_theme *theme = NULL;
    enum nl_status status =
        nl_site_theme(site, visit->request, visit->lists.items[0].language, &theme, visit->err);
    bool robot = visit->robot || nl_site_field(visit->request, NL_HONEYPOT)[0] != '\0';
    if (status == NL_OK && !robot)
        status = record_signup(visit, address, theme);
    return status == NL_OK ? thank(visit, theme) : status;
}

/* A mail to a mistyped domain never arrives, and nobody knows why. Asks once; the same address sent
 * again is taken at its word. */
static enum nl_status ask_about_typing_error(const struct visit *visit,
                                             const struct nl_address *address, bool *asked) {
    struct nl_buf meant = {0};
    struct visit again = *visit;
    enum nl_status status = NL_OK;
    const char *sure = nl_site_field(visit->request, "sure");
    const char *stamp = nl_request_form(visit->request, "stamp");
    if (stamp == NULL || strcmp(sure, visit->form.address) == 0) /* another site's form; or sure */
        return NL_OK;
    nl_typing_error(address->text, &meant);
    *asked = meant.len > 0;
    if (*asked) {
        again.meant = nl_buf_text(&meant);
        status = show(&again, NULL, NULL);
    }
    nl_buf_free(&meant);
    return status;
}

/* Accepts a complete form for lists that exist. */
static enum nl_status accept_form(const struct visit *visit) {
    struct nl_site *site = visit->site;
    struct nl_address address = {0};
    enum nl_gate gate = NL_GATE_FULL;
    const char *typed = visit->form.address != NULL ? visit->form.address : "";
    enum nl_status status = NL_OK;
    bool asked = false;
    if (nl_address_parse(typed, &address, visit->err) != NL_OK)
        return refuse(visit, NL_TEXT("This is not an email address. Please check it."), NULL);
    status = ask_about_typing_error(visit, &address, &asked);
    if (asked) {
        nl_address_free(&address);
        return status;
    }
    if (nl_site_may(site, site->addresses, address.key, strlen(address.key), visit->response))
        status = nl_gate_pass(site, visit->request, visit->response, &gate, visit->err);
    if (status == NL_OK && gate == NL_GATE_OPEN)
        status = record_and_thank(visit, &address);
    else if (status == NL_OK && gate == NL_GATE_AGAIN)
        status = show(visit, NL_TEXT("Please press the button again."), NULL);
    else if (status == NL_OK)
        status = nl_site_say(site, visit->request, 429, nl_too_many, visit->response, visit->err);
    nl_address_free(&address);
    return status;
}

static void log_ignored(const struct nl_form *form) {
    if (form->ignored.len > 0)
        nl_log(NL_LOG_NOTICE, NULL, "the form's attributes %s are left out: list them under forms",
               nl_buf_text(&form->ignored));
}

static enum nl_status read_and_accept(struct visit *visit) {
    struct nl_site *site = visit->site;
    struct reading reading = {
        .visit = visit, .moved = nl_moved_of(nl_site_path(site, visit->request), visit->request)};
    const char *in_query = nl_request_query(visit->request, "list");
    nl_request_each_field(visit->request, take_field, &reading);
    if (reading.status == NL_OK && visit->form.list_count == 0 && in_query != NULL)
        reading.status = nl_form_take(&visit->form, "list", in_query, visit->err);
    if (reading.status == NL_OK)
        reading.status = nl_moved_take_query(reading.moved, site->config, visit->request,
                                             &visit->form, visit->err);
    if (reading.status == NL_OK)
        reading.status = nl_form_check(&visit->form, visit->err);
    log_ignored(&visit->form);
    if (reading.status != NL_OK && reading.status != NL_DATA)
        return nl_error_nomem(visit->err);
    nl_error_free(visit->err);
    const struct nl_office office = nl_site_office(site);
    enum nl_status status = nl_office_public_lists(
        &office, visit->form.lists, visit->form.list_count, &visit->lists, visit->err);
    if (status != NL_OK)
        return status;
    if (reading.status != NL_OK)
        return refuse(visit,
                      NL_TEXT("The form contains a mistake. Please check it and send it again."),
                      reading.bad);
    if (visit->lists.count == 0)
        return show(visit, NL_TEXT("Please choose a list."), NULL);
    return accept_form(visit);
}

enum nl_status nl_join(struct nl_site *site, const struct nl_request *request,
                       struct nl_response *response, struct nl_error *err) {
    struct visit visit = {.site = site, .request = request, .response = response, .err = err};
    if (nl_moved_is_elsewhere(nl_site_path(site, request), request))
        return nl_site_not_found(site, request, response, err);
    if (!nl_site_may_network(site, site->joins, request, response))
        return nl_site_say(site, request, 429, nl_too_many, response, err);
    visit.form.fields = &site->config->forms;
    enum nl_status status = read_and_accept(&visit);
    close_visit(&visit);
    return status;
}
