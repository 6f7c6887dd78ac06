#include "newsletter/base/address.h"
#include "newsletter/base/form.h"
#include "newsletter/bulletin/answer.h"
#include "newsletter/store/subscription.h"
#include "newsletter/template/data.h"
#include "web/handlers.h"
#include "web/stamp.h"

#include <stdlib.h>
#include <string.h>

/* ---- the form ---- */

static enum nl_status add_choice(const struct nl_list *list, void *ctx, struct nl_error *err) {
    if (!list->is_private)
        json_array_append_new(ctx,
                              json_pack("{s:s, s:s}", "name", list->name, "title", list->title));
    (void)err;
    return NL_OK;
}

/* Attributes that a form on one of the operator's own pages sent, so that ours sends them again. */
static json_t *extras(const char *attributes) {
    const char *key = NULL;
    json_t *value = NULL;
    json_t *array = json_array();
    json_t *object = attributes != NULL ? json_loads(attributes, 0, NULL) : NULL;
    json_object_foreach(object, key, value) {
        struct nl_buf name = {0};
        nl_buf_addf(&name, "attribute.%s", key);
        if (json_is_string(value))
            json_array_append_new(array, json_pack("{s:s, s:s}", "name", nl_buf_text(&name),
                                                   "value", json_string_value(value)));
        nl_buf_free(&name);
    }
    json_decref(object);
    return array;
}

/* Shows the form with the values filled in so far, and says what to do. */
static enum nl_status show(struct nl_site *site, const struct nl_request *request,
                           const struct nl_form *form, const char *problem,
                           struct nl_response *response, struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    struct nl_list list = {0};
    struct nl_buf stamped = {0};
    bool found = false;
    json_t *choices = json_array();
    enum nl_status status = nl_site_list(site, request, &found, &list, err);
    if (status == NL_OK)
        status = nl_site_theme(site, request, found ? list.language : NULL, &theme, err);
    if (status == NL_OK && !found)
        status = nl_list_each(site->store, add_choice, choices, err);
    if (status == NL_OK) {
        json_t *data = nl_site_data(site, theme, found ? &list : NULL);
        nl_stamp_write(nl_store_secret(site->store), nl_site_now(site), &stamped);
        json_object_set(data, "choices", choices);
        nl_data_set(data, "problem",
                    problem != NULL ? nl_catalog_text(theme->catalog, NULL, problem) : "");
        nl_data_set(data, "email", form->address);
        nl_data_set(data, "name", form->name);
        nl_data_set(data, "stamp", nl_buf_text(&stamped));
        nl_data_set(data, "honeypot", NL_HONEYPOT);
        json_object_set_new(data, "extras", extras(form->attributes));
        status = nl_site_page(theme, "join.html", data, response, err);
    }
    json_decref(choices);
    nl_buf_free(&stamped);
    nl_list_free(&list);
    return status;
}

enum nl_status nl_join_form(struct nl_site *site, const struct nl_request *request,
                            struct nl_response *response, struct nl_error *err) {
    const struct nl_form empty = {0};
    return show(site, request, &empty, NULL, response, err);
}

/* ---- joining ---- */

struct reading {
    struct nl_form *form;
    enum nl_status status;
    struct nl_error *err;
};

static void take(const char *name, const char *value, void *ctx) {
    struct reading *reading = ctx;
    if (reading->status == NL_OK)
        reading->status = nl_form_take(reading->form, name, value, reading->err);
}

/* Every path that leads here does the same work, whether the address was on the list or not. */
static enum nl_status record(struct nl_site *site, const struct nl_request *request,
                             const struct nl_form *form, const struct nl_address *address,
                             const struct nl_list *list, const char *language,
                             struct nl_error *err) {
    char client[NL_IP_TEXT];
    int64_t notice = 0;
    nl_ip_text(nl_request_client(request), client);
    const struct nl_signup signup = {
        .list = list->id,
        .address = address,
        .name = form->name,
        .language = form->language != NULL ? form->language : language,
        .attributes = form->attributes,
        .source = "web",
        .ip = client,
        .text_version = site->config->confirmation.text_version,
        .resend_interval = site->config->confirmation.resend_interval,
    };
    enum nl_status status = nl_subscribe(site->store, &signup, &notice, err);
    if (status == NL_OK && site->mailer != NULL)
        nl_mailer_wake(site->mailer, notice);
    return status;
}

static enum nl_status thank(struct nl_site *site, const struct nl_theme *theme,
                            const struct nl_list *list, struct nl_response *response,
                            struct nl_error *err) {
    struct nl_buf sentence = {0};
    json_t *data = nl_site_data(site, theme, list);
    enum nl_status status = nl_answer_compose(NL_ANSWER_ASKED, nl_catalog_language(theme->catalog),
                                              list, site->config, false, &sentence, err);
    nl_data_set(data, "answer", nl_buf_text(&sentence));
    nl_buf_free(&sentence);
    if (status == NL_OK)
        return nl_site_page(theme, "page.html", data, response, err);
    json_decref(data);
    return status;
}

/* Accepts a complete and timely form for a list that exists. */
static enum nl_status accept_form(struct nl_site *site, const struct nl_request *request,
                                  const struct nl_form *form, const struct nl_list *list,
                                  struct nl_response *response, struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    struct nl_address address = {0};
    const char *trap = nl_request_form(request, NL_HONEYPOT);
    enum nl_status status = nl_site_theme(site, request, list->language, &theme, err);
    if (status != NL_OK)
        return status;
    if (nl_address_parse(form->address != NULL ? form->address : "", &address, err) != NL_OK) {
        nl_error_free(err);
        response->status = 400;
        return show(site, request, form, NL_TEXT("This is not an e-mail address. Please check it."),
                    response, err);
    }
    bool may = nl_site_may(site, site->addresses, address.key, strlen(address.key), response);
    if (may && (trap == NULL || trap[0] == '\0'))
        status =
            record(site, request, form, &address, list, nl_catalog_language(theme->catalog), err);
    nl_address_free(&address);
    if (status != NL_OK)
        return status;
    return may ? thank(site, theme, list, response, err)
               : nl_site_say(site, request, 429, nl_too_many, response, err);
}

static enum nl_status read_and_accept(struct nl_site *site, const struct nl_request *request,
                                      const struct nl_list *list, struct nl_response *response,
                                      struct nl_error *err) {
    struct nl_form form = {0};
    struct reading reading = {.form = &form, .err = err};
    int64_t now = nl_site_now(site);
    nl_request_each_field(request, take, &reading);
    enum nl_status status = reading.status;
    if (status == NL_OK)
        status = nl_form_check(&form, err);
    if (status == NL_DATA) {
        nl_error_free(err);
        response->status = 400;
        status = show(site, request, &(struct nl_form){0},
                      NL_TEXT("Something in the form cannot be used. Please fill it in again."),
                      response, err);
    } else if (status == NL_OK && site->config->serve.check_forms &&
               !nl_stamp_is_timely(nl_store_secret(site->store), nl_request_form(request, "stamp"),
                                   now)) {
        /* It comes from one of the operator's own pages, or too fast: ask once more, here. */
        status = show(site, request, &form, NL_TEXT("Please press the button once more."), response,
                      err);
    } else if (status == NL_OK) {
        status = accept_form(site, request, &form, list, response, err);
    }
    nl_form_free(&form);
    return status;
}

enum nl_status nl_join(struct nl_site *site, const struct nl_request *request,
                       struct nl_response *response, struct nl_error *err) {
    struct nl_list list = {0};
    bool found = false;
    if (!nl_site_may_network(site, site->joins, request, response))
        return nl_site_say(site, request, 429, nl_too_many, response, err);
    enum nl_status status = nl_site_list(site, request, &found, &list, err);
    if (status == NL_OK && !found)
        status = show(site, request, &(struct nl_form){0}, NULL, response, err);
    else if (status == NL_OK)
        status = read_and_accept(site, request, &list, response, err);
    nl_list_free(&list);
    return status;
}
