#include "newsletter/service/own_page.h"

#include "newsletter/base/attributes.h"
#include "newsletter/base/form.h"
#include "newsletter/store/link.h"

#include <stdlib.h>
#include <string.h>

enum nl_status nl_own_page_ask(const struct nl_office *office, const char *token,
                               const struct nl_address *address, int64_t *notice,
                               struct nl_error *err) {
    return nl_preference_ask(office->store, token, address,
                             office->config->confirmation.resend_interval, notice, err);
}

enum nl_status nl_own_page_open(const struct nl_office *office, const char *token,
                                int64_t *subscriber, struct nl_error *err) {
    struct nl_link link = {0};
    enum nl_status status = nl_link_find(office->store, token, NL_LINK_PREFERENCES, &link, err);
    *subscriber = link.subscriber;
    return status;
}

enum nl_status nl_own_page_read(const struct nl_office *office, int64_t subscriber,
                                struct nl_preferences *out, struct nl_error *err) {
    return nl_preferences_read(office->store, subscriber, out, err);
}

/* ---- saving it ---- */

/* A box that is not ticked sends nothing, so its absence is a no, unless it never was a yes. */
static enum nl_status set_attribute(const struct nl_form_field *field, const char *value,
                                    json_t *attributes, struct nl_error *err) {
    struct nl_buf checked = {0};
    if (value == NULL && field->type == NL_FORM_YES_NO &&
        json_object_get(attributes, field->attribute) != NULL)
        value = "no";
    if (value == NULL)
        return NL_OK;
    enum nl_status status = nl_form_field_check(field, value, &checked, err);
    if (status == NL_OK)
        status = nl_attributes_set(attributes, field->attribute, nl_buf_text(&checked), err);
    nl_buf_free(&checked);
    return status;
}

static enum nl_status set_attributes(const struct nl_form_fields *fields,
                                     const struct nl_own_page *page, struct nl_preferences *person,
                                     struct nl_error *err) {
    json_t *attributes = json_loads(person->attributes, 0, NULL);
    enum nl_status status = attributes != NULL ? NL_OK : nl_error_nomem(err);
    for (size_t i = 0; status == NL_OK && i < fields->count; i++)
        status = set_attribute(&fields->items[i],
                               page->value(fields->items[i].attribute, page->ctx), attributes, err);
    char *text = status == NL_OK && fields->count > 0
                     ? json_dumps(attributes, JSON_COMPACT | JSON_SORT_KEYS)
                     : NULL;
    if (text != NULL) {
        free(person->attributes);
        person->attributes = text;
    }
    json_decref(attributes);
    return status;
}

enum nl_status nl_own_page_save(const struct nl_office *office, const struct nl_own_page *page,
                                struct nl_preferences *person, struct nl_error *err) {
    const struct nl_signup consent = {.source = "preferences",
                                      .ip = page->ip,
                                      .text_version = office->config->confirmation.text_version,
                                      .wording = page->wording};
    for (size_t i = 0; i < person->list_count; i++)
        person->lists[i].active = page->joins(person->lists[i].name, page->ctx);
    nl_office_set_text(&person->name, page->name != NULL ? page->name : "");
    nl_office_set_text(&person->language, page->language != NULL ? page->language : "");
    enum nl_status status = set_attributes(&office->config->forms, page, person, err);
    return status == NL_OK ? nl_preferences_write(office->store, person, &consent, err) : status;
}

/* ---- another address ---- */

enum nl_status nl_own_address_ask(const struct nl_office *office, int64_t subscriber,
                                  const struct nl_address *address, int64_t *notice,
                                  struct nl_error *err) {
    return nl_address_change_ask(office->store, subscriber, address, notice, err);
}

enum nl_status nl_own_address_change(const struct nl_office *office, const char *token,
                                     struct nl_token_result *out, struct nl_error *err) {
    return nl_address_change(office->store, token, out, err);
}

enum nl_status nl_own_address_check(const struct nl_office *office, const char *token,
                                    struct nl_token_result *out, struct nl_error *err) {
    struct nl_link link = {0};
    enum nl_status status = nl_link_find(office->store, token, NL_LINK_ADDRESS, &link, err);
    out->list = link.list;
    out->subscriber = link.subscriber;
    memcpy(out->language, link.language, sizeof out->language);
    return status;
}
