#include "newsletter/base/address.h"
#include "newsletter/base/form.h"
#include "newsletter/service/own_page.h"
#include "newsletter/service/subscribers.h"
#include "newsletter/template/data.h"
#include "newsletter/template/language_name.h"
#include "web/form_fields.h"
#include "web/handlers.h"
#include "web/join_wording.h"
#include "web/token_page.h"

#include <stdlib.h>
#include <string.h>

static const char bad_link[] =
    NL_TEXT("This link does not work or has expired. Please ask for a new one.");

/* ---- the page ---- */

struct languages {
    struct nl_site *site;
    json_t *array;
    const char *chosen;
};

static bool is_listed(const json_t *array, const char *tag) {
    for (size_t i = 0; i < json_array_size(array); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(array, i), "tag")), tag) == 0)
            return true;
    return false;
}

/* Named as its speakers do. */
static enum nl_status add_language(const char *tag, void *ctx, struct nl_error *err) {
    (void)err;
    struct languages *languages = ctx;
    struct nl_buf name = {0};
    if (tag == NULL || tag[0] == '\0' || is_listed(languages->array, tag))
        return NL_OK;
    nl_language_name(tag, &name);
    json_t *item = json_object();
    nl_data_set(item, "tag", tag);
    nl_data_set(item, "name", nl_buf_text(&name));
    json_object_set_new(
        item, "chosen",
        json_boolean(languages->chosen != NULL && strcmp(languages->chosen, tag) == 0));
    json_array_append_new(languages->array, item);
    nl_buf_free(&name);
    return NL_OK;
}

static enum nl_status add_list_language(const struct nl_list *list, void *ctx,
                                        struct nl_error *err) {
    return list->is_private ? NL_OK : add_language(list->language, ctx, err);
}

static enum nl_status add_languages(struct nl_site *site, const struct nl_preferences *person,
                                    json_t *data, struct nl_error *err) {
    struct languages languages = {site, json_array(), person->language};
    enum nl_status status = nl_catalog_each(site->config->templates, add_language, &languages, err);
    if (status == NL_OK)
        status = nl_list_each(site->store, add_list_language, &languages, err);
    if (status == NL_OK)
        status = add_language(person->language, &languages, err);
    json_object_set_new(data, "languages", languages.array);
    return status;
}

static void add_lists(const struct nl_preferences *person, json_t *data) {
    json_t *array = json_array();
    for (size_t i = 0; i < person->list_count; i++) {
        json_t *item = json_object();
        nl_data_set(item, "name", person->lists[i].name);
        nl_data_set(item, "title", person->lists[i].title);
        json_object_set_new(item, "active", json_boolean(person->lists[i].active));
        json_array_append_new(array, item);
    }
    json_object_set_new(data, "lists", array);
}

/* Shows the page in its present state, and says what was done or what was wrong. */
static enum nl_status show(struct nl_site *site, const struct nl_request *request,
                           const char *token, int64_t subscriber, const char *done,
                           const char *problem, struct nl_response *response,
                           struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    const struct nl_office office = nl_site_office(site);
    struct nl_preferences person = {0};
    json_t *data = NULL;
    enum nl_status status = nl_own_page_read(&office, subscriber, &person, err);
    if (status == NL_OK)
        status = nl_site_theme(site, request, person.language, &theme, err);
    if (status == NL_OK) {
        data = nl_site_data(site, theme, NULL);
        nl_data_set(data, "token", token);
        nl_site_again(data, "token", token);
        nl_data_set(data, "email", person.address);
        nl_data_set(data, "new_address", person.new_address);
        nl_data_set(data, "name", person.name);
        nl_data_set(data, "done", done != NULL ? nl_catalog_text(theme->catalog, NULL, done) : "");
        nl_data_set(data, "problem",
                    problem != NULL ? nl_catalog_text(theme->catalog, NULL, problem) : "");
        add_lists(&person, data);
        json_object_set_new(data, "fields",
                            nl_form_fields_data(&site->config->forms, person.attributes, NULL,
                                                nl_catalog_language(theme->catalog)));
        status = add_languages(site, &person, data, err);
    }
    if (status == NL_OK)
        status = nl_site_page(theme, "own-page.html", json_incref(data), response, err);
    json_decref(data);
    nl_preferences_free(&person);
    return status;
}

/* ---- the actions of its buttons ---- */

struct visit {
    struct nl_site *site;
    const struct nl_request *request;
    const char *token;
    int64_t subscriber;
};

struct ticked {
    const char *list;
    bool found;
};

static void look_for_list(const char *name, const char *value, void *ctx) {
    struct ticked *ticked = ctx;
    if (strcmp(name, "list") == 0 && strcmp(value, ticked->list) == 0)
        ticked->found = true;
}

static bool joins(const char *list, const void *ctx) {
    const struct visit *visit = ctx;
    struct ticked ticked = {.list = list};
    nl_request_each_field(visit->request, look_for_list, &ticked);
    return ticked.found;
}

static const char *attribute_of(const char *attribute, const void *ctx) {
    const struct visit *visit = ctx;
    struct nl_buf name = {0};
    nl_buf_addf(&name, "attribute.%s", attribute);
    const char *value = nl_request_form(visit->request, nl_buf_text(&name));
    nl_buf_free(&name);
    return value;
}

/* The wording that is kept is that of the page in the language in which it was shown. */
static enum nl_status write_form(const struct visit *visit, const struct nl_form *form,
                                 struct nl_error *err) {
    const struct nl_office office = nl_site_office(visit->site);
    struct nl_preferences person = {0};
    const struct nl_theme *theme = NULL;
    char client[NL_IP_TEXT];
    nl_ip_text(nl_request_client(visit->request), client);
    struct nl_own_page page = {.name = form->name,
                               .language = form->language,
                               .ip = client,
                               .joins = joins,
                               .value = attribute_of,
                               .ctx = visit};
    enum nl_status status = nl_own_page_read(&office, visit->subscriber, &person, err);
    if (status == NL_OK)
        status = nl_site_theme(visit->site, visit->request, person.language, &theme, err);
    if (status == NL_OK)
        status = nl_own_page_wording(visit->site, theme, &page.wording, err);
    if (status == NL_OK)
        status = nl_own_page_save(&office, &page, &person, err);
    nl_preferences_free(&person);
    return status;
}

static enum nl_status save(const struct visit *visit, struct nl_response *response,
                           struct nl_error *err) {
    struct nl_form form = {0};
    enum nl_status status = nl_form_take(&form, "name", nl_site_field(visit->request, "name"), err);
    if (status == NL_OK)
        status = nl_form_take(&form, "language", nl_site_field(visit->request, "language"), err);
    if (status == NL_OK)
        status = nl_form_check(&form, err);
    if (status == NL_OK)
        status = write_form(visit, &form, err);
    nl_form_free(&form);
    if (status == NL_DATA) {
        nl_error_free(err);
        response->status = 400;
        return show(visit->site, visit->request, visit->token, visit->subscriber, NULL,
                    NL_TEXT("The form contains a mistake. Please check it and send it again."),
                    response, err);
    }
    return status == NL_OK ? show(visit->site, visit->request, visit->token, visit->subscriber,
                                  NL_TEXT("Your changes have been saved."), NULL, response, err)
                           : status;
}

static enum nl_status change_address(const struct visit *visit, struct nl_response *response,
                                     struct nl_error *err) {
    struct nl_address address = {0};
    int64_t notice = 0;
    if (nl_address_parse(nl_site_field(visit->request, "new_address"), &address, err) != NL_OK) {
        nl_error_free(err);
        response->status = 400;
        return show(visit->site, visit->request, visit->token, visit->subscriber, NULL,
                    NL_TEXT("This is not an email address. Please check it."), response, err);
    }
    const struct nl_office office = nl_site_office(visit->site);
    enum nl_status status = nl_own_address_ask(&office, visit->subscriber, &address, &notice, err);
    nl_address_free(&address);
    if (status != NL_OK)
        return status;
    nl_site_wake(visit->site, notice);
    return show(visit->site, visit->request, visit->token, visit->subscriber,
                NL_TEXT("We have sent an email to your new address. Open the link in it to confirm "
                        "the change. Until then, nothing changes."),
                NULL, response, err);
}

/* One thread answers everybody, and nobody waits for one person's history. The operator can export
 * all of it. */
enum { DOWNLOAD_ROWS = 2000 };

static enum nl_status download(const struct visit *visit, struct nl_response *response,
                               struct nl_error *err) {
    const struct nl_office office = nl_site_office(visit->site);
    const struct nl_who who = {.id = visit->subscriber};
    json_t *data = NULL;
    enum nl_status status = nl_office_subscriber_history(&office, &who, DOWNLOAD_ROWS, &data, err);
    char *text = data != NULL ? json_dumps(data, JSON_INDENT(2)) : NULL;
    if (text != NULL)
        nl_buf_addf(&response->body, "%s\n", text);
    response->type = "application/json";
    response->attachment = "my-data.json";
    free(text);
    json_decref(data);
    return status;
}

static enum nl_status erase(const struct visit *visit, struct nl_response *response,
                            struct nl_error *err) {
    if (strcmp(nl_site_field(visit->request, "sure"), "yes") != 0) {
        response->status = 400;
        return show(visit->site, visit->request, visit->token, visit->subscriber, NULL,
                    NL_TEXT("Nothing was deleted. Tick the box first to confirm."), response, err);
    }
    const struct nl_office office = nl_site_office(visit->site);
    const struct nl_who who = {.id = visit->subscriber};
    enum nl_status status = nl_office_subscriber_erase(&office, &who, err);
    return status == NL_OK
               ? nl_site_say(
                     visit->site, visit->request, 200,
                     NL_TEXT(
                         "Your data has been deleted. You will receive no more emails from us."),
                     response, err)
               : status;
}

static const struct action {
    const char *name;
    enum nl_status (*act)(const struct visit *visit, struct nl_response *response,
                          struct nl_error *err);
} actions[] = {
    {"save", save}, {"address", change_address}, {"download", download}, {"erase", erase}};

/* Opens the page that a link leads to, or says that it leads nowhere. */
static enum nl_status open_visit(struct nl_site *site, const struct nl_request *request,
                                 const char *token, struct visit *visit, bool *open,
                                 struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_site_office(site);
    *visit = (struct visit){site, request, token, 0};
    enum nl_status status = nl_own_page_open(&office, token, &visit->subscriber, err);
    *open = status == NL_OK;
    if (status != NL_DATA && status != NL_NOTFOUND && status != NL_EXPIRED && status != NL_USED)
        return status;
    nl_error_free(err);
    return nl_site_say(site, request, 404, bad_link, response, err);
}

enum nl_status nl_preferences_page(struct nl_site *site, const struct nl_request *request,
                                   struct nl_response *response, struct nl_error *err) {
    struct nl_token token;
    struct visit visit;
    bool open = false;
    nl_request_token(request, &token);
    enum nl_status status = open_visit(site, request, token.text, &visit, &open, response, err);
    return open ? show(site, request, visit.token, visit.subscriber, NULL, NULL, response, err)
                : status;
}

enum nl_status nl_preferences_act(struct nl_site *site, const struct nl_request *request,
                                  struct nl_response *response, struct nl_error *err) {
    struct visit visit;
    struct nl_token token;
    bool open = false;
    size_t at = 0;
    if (nl_site_refuses_body(request, response))
        return NL_OK;
    nl_request_token(request, &token);
    enum nl_status status = open_visit(site, request, token.text, &visit, &open, response, err);
    if (!open)
        return status;
    if (!nl_site_may(site, site->changes, &visit.subscriber, sizeof visit.subscriber, response) ||
        !nl_site_may_network(site, site->costly, request, response))
        return nl_site_say(site, request, 429, nl_too_many, response, err);
    while (at < sizeof actions / sizeof actions[0] &&
           strcmp(actions[at].name, nl_site_field(request, "action")) != 0)
        at++;
    return at < sizeof actions / sizeof actions[0]
               ? actions[at].act(&visit, response, err)
               : show(site, request, visit.token, visit.subscriber, NULL, NULL, response, err);
}
