#include "newsletter/service/sign_up.h"
#include "newsletter/base/memory.h"

#include "newsletter/store/signup_limit.h"
#include "newsletter/store/subscription.h"
#include "newsletter/store/suppression.h"

#include <stdlib.h>

static enum nl_status find_public(const struct nl_office *office, const struct nl_form *form,
                                  struct nl_public_lists *out, struct nl_error *err) {
    const char *first = form->list_count > 0 ? form->lists[0] : NULL;
    enum nl_status status =
        nl_public_lists_find(office->store, form->lists, form->list_count, out, err);
    return status == NL_OK && out->count == 0 ? nl_public_lists_missing(office->store, first, err)
                                              : status;
}

enum nl_status nl_office_lists_to_join(const struct nl_office *office, const struct nl_form *form,
                                       bool trusted, struct nl_public_lists *out,
                                       struct nl_error *err) {
    if (!trusted)
        return find_public(office, form, out, err);
    size_t count = form->list_count > 0 ? form->list_count : 1;
    enum nl_status status = NL_OK;
    out->items = nl_calloc(count, sizeof *out->items);
    while (status == NL_OK && out->count < count) {
        const char *name = form->list_count > 0 ? form->lists[out->count] : NULL;
        status = nl_list_find(office->store, name, &out->items[out->count], err);
        out->count += status == NL_OK;
    }
    return status;
}

enum nl_status nl_office_sign_up_admit(const struct nl_office *office, const struct nl_ip *client,
                                       int64_t *wait, struct nl_error *err) {
    const struct nl_signup_limit limit = {.per_network = office->config->serve.joins_per_hour,
                                          .in_total = office->config->serve.joins_in_total};
    return nl_signup_admit(office->store, &limit, client, wait, err);
}

enum nl_status nl_office_sign_up_once(const struct nl_office *office, const char *stamp,
                                      int64_t until, bool *first, struct nl_error *err) {
    return nl_stamp_use(office->store, stamp, until, first, err);
}

enum nl_status nl_office_sign_up(const struct nl_office *office, const struct nl_sign_up *wanted,
                                 const struct nl_public_lists *lists, int64_t *notices,
                                 struct nl_error *err) {
    struct nl_signup signup = {
        .address = wanted->address,
        .name = wanted->name,
        .language = wanted->language,
        .attributes = wanted->attributes,
        .source = wanted->source,
        .ip = wanted->ip,
        .text_version = office->config->confirmation.text_version,
        .wording = wanted->wording,
        .resend_interval = office->config->confirmation.resend_interval,
    };
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < lists->count; i++) {
        signup.list = lists->items[i].id;
        status = nl_subscribe(office->store, &signup, &notices[i], err);
    }
    return status;
}

enum nl_status nl_office_is_suppressed(const struct nl_office *office,
                                       const struct nl_address *address, bool *suppressed,
                                       struct nl_error *err) {
    return nl_suppression_holds(office->store, address, suppressed, err);
}
