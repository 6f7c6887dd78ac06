#include "newsletter/base/memory.h"
#include "newsletter/service/subscribers.h"

#include "newsletter/base/address.h"
#include "newsletter/base/attributes.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/clean.h"
#include "newsletter/base/language.h"
#include "newsletter/base/network.h"
#include "newsletter/base/text.h"
#include "newsletter/service/receipts.h"
#include "newsletter/service/sign_up.h"
#include "newsletter/store/consent_wording.h"
#include "newsletter/store/list.h"
#include "newsletter/store/member.h"
#include "newsletter/store/person.h"
#include "newsletter/store/subscription.h"
#include "newsletter/store/suppression.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOGETHER = 200 }; /* rows in one transaction */

const char *const nl_joined_words[] = {"active",     "pending", "already", "left",
                                       "suppressed", "erased",  "refused", NULL};

/* A request, checked and cleaned. */
struct joining {
    struct nl_address address;
    struct nl_buf name;
    char *attributes;
    int64_t list;
    int64_t wording;
    const struct nl_subscriber_join *join;
};

static void joining_free(struct joining *joining) {
    nl_address_free(&joining->address);
    nl_buf_free(&joining->name);
    free(joining->attributes);
}

static enum nl_status take_attributes(json_t *given, char **out, struct nl_error *err) {
    json_t *attributes = json_object();
    struct nl_buf passed = {0};
    enum nl_status status = nl_attributes_take(attributes, given, &passed, err);
    if (status == NL_OK && passed.len > 0)
        status =
            nl_error_set(err, NL_DATA, NL_TEXT("attributes cannot be kept under these names: %s"),
                         nl_buf_text(&passed));
    if (status == NL_OK)
        *out = json_dumps(attributes, JSON_COMPACT);
    json_decref(attributes);
    nl_buf_free(&passed);
    return status;
}

static enum nl_status check_texts(const struct nl_subscriber_join *join, struct nl_error *err) {
    struct nl_ip ip;
    enum nl_status status = NL_OK;
    if (join->language != NULL && !nl_language_is_tag(join->language))
        status = nl_error_set(err, NL_DATA, NL_TEXT("'%s' is not a language tag such as en or kk"),
                              join->language);
    if (status == NL_OK && join->consent != NULL && nl_is_blank(join->consent))
        status = nl_error_set(err, NL_DATA, NL_TEXT("say where consent was given"));
    if (status == NL_OK && join->consent != NULL)
        status = nl_text_check_line(join->consent, NL_TEXT_IN("error", "the consent"), err);
    if (status == NL_OK && join->source != NULL)
        status = nl_text_check_line(join->source, NL_TEXT_IN("error", "the source"), err);
    if (status == NL_OK && join->ip != NULL && !nl_ip_parse(join->ip, &ip))
        status = nl_error_set(err, NL_DATA, "'%s' is not an IP address", join->ip);
    return status;
}

static enum nl_status prepare(const struct nl_office *office, const struct nl_subscriber_join *join,
                              struct joining *out, struct nl_error *err) {
    struct nl_list list = {0};
    out->join = join;
    enum nl_status status = join->address != NULL
                                ? nl_address_parse(join->address, &out->address, err)
                                : nl_error_set(err, NL_DATA, NL_TEXT("an address is missing"));
    if (status == NL_OK)
        status = check_texts(join, err);
    if (status == NL_OK && join->name != NULL)
        status = nl_clean_line(join->name, NL_TEXT_IN("error", "the name"), &out->name, err);
    if (status == NL_OK && join->attributes != NULL)
        status = take_attributes(join->attributes, &out->attributes, err);
    if (status == NL_OK)
        status = nl_list_find(office->store, join->list, &list, err);
    out->list = list.id;
    if (status == NL_OK)
        status = nl_office_wording(office->store,
                                   join->language != NULL ? join->language : list.language,
                                   join->wording, &out->wording, err);
    nl_list_free(&list);
    return status;
}

static const char *name_of(const struct joining *joining) {
    return joining->name.len > 0 ? joining->name.data : NULL;
}

/* ---- with a stated consent ---- */

static void take_result(const struct nl_import_result *result, struct nl_subscriber_joined *out) {
    static const enum nl_joined outcomes[NL_IMPORT_OUTCOMES] = {
        [NL_IMPORT_ADDED] = NL_JOINED_ACTIVE,          [NL_IMPORT_UPDATED] = NL_JOINED_ALREADY,
        [NL_IMPORT_UNCHANGED] = NL_JOINED_ALREADY,     [NL_IMPORT_ENDED] = NL_JOINED_LEFT,
        [NL_IMPORT_SUPPRESSED] = NL_JOINED_SUPPRESSED, [NL_IMPORT_ERASED] = NL_JOINED_ERASED,
        [NL_IMPORT_BLOCKED] = NL_JOINED_SUPPRESSED};
    out->outcome = outcomes[result->outcome];
}

static enum nl_status take_in(const struct nl_office *office, struct nl_import *import,
                              const struct joining *joining, struct nl_subscriber_joined *out,
                              struct nl_error *err) {
    const struct nl_member member = {
        .address = joining->address.text,
        .name = name_of(joining),
        .language = joining->join->language,
        .attributes = joining->attributes,
        .state = NL_SUBSCRIPTION_ACTIVE,
        .consent_source = joining->join->consent,
        .consent_ip = joining->join->ip,
    };
    struct nl_import_result result = {0};
    enum nl_status status =
        nl_import_row(import, joining->list, &joining->address, &member, &result, err);
    if (status == NL_OK)
        take_result(&result, out);
    if (status == NL_OK && joining->wording != 0 && out->outcome == NL_JOINED_ACTIVE)
        status = nl_consent_wording_state(office->store, joining->list, joining->address.key,
                                          joining->wording, err);
    int64_t stated = 0;
    return status == NL_OK
               ? nl_consent_wording_put(office->store, NULL, joining->join->consent, &stated, err)
               : status;
}

/* ---- with a mail that asks ---- */

/* The outcome is what the store made of it: staff may know who is on a list. */
static enum nl_status look(const struct nl_office *office, const struct joining *joining,
                           struct nl_subscriber_joined *out, struct nl_error *err) {
    bool suppressed = false;
    enum nl_subscription_state state = NL_SUBSCRIPTION_ANY;
    enum nl_status status =
        nl_suppression_holds(office->store, &joining->address, &suppressed, err);
    if (status == NL_OK)
        status = nl_subscription_find(office->store, &joining->address, joining->list, &state, err);
    out->outcome = suppressed || state == NL_SUBSCRIPTION_COMPLAINED ? NL_JOINED_SUPPRESSED
                   : state == NL_SUBSCRIPTION_ACTIVE                 ? NL_JOINED_ALREADY
                                                                     : NL_JOINED_PENDING;
    return status;
}

static enum nl_status ask(const struct nl_office *office, const struct joining *joining,
                          struct nl_subscriber_joined *out, struct nl_error *err) {
    const struct nl_subscriber_join *join = joining->join;
    struct nl_list list = {.id = joining->list};
    const struct nl_public_lists lists = {&list, 1};
    const struct nl_sign_up wanted = {
        .address = &joining->address,
        .name = name_of(joining),
        .language = join->language,
        .attributes = joining->attributes,
        .source = join->source != NULL ? join->source : "operator",
        .ip = join->ip,
        .wording = joining->wording,
    };
    enum nl_status status = nl_office_sign_up(office, &wanted, &lists, &out->notice, err);
    return status == NL_OK ? look(office, joining, out, err) : status;
}

/* ---- one, and many ---- */

static enum nl_status find_number(const struct nl_office *office, const struct joining *joining,
                                  struct nl_subscriber_joined *out, struct nl_error *err) {
    enum nl_status status = nl_person_find(office->store, &joining->address, &out->subscriber, err);
    if (status != NL_NOTFOUND)
        return status;
    nl_error_free(err);
    out->subscriber = 0;
    return NL_OK;
}

static enum nl_status state_consent(const struct nl_office *office, const struct joining *joining,
                                    struct nl_subscriber_joined *out, struct nl_error *err) {
    const struct nl_import_policy policy = {.consent = joining->join->consent};
    struct nl_import *import = NULL;
    enum nl_status status = nl_import_begin(office->store, &policy, &import, err);
    if (status == NL_OK)
        status = take_in(office, import, joining, out, err);
    if (status == NL_OK)
        return nl_import_end(import, true, "1", err);
    nl_import_drop(import);
    return status;
}

enum nl_status nl_office_subscriber_join(const struct nl_office *office,
                                         const struct nl_subscriber_join *join,
                                         struct nl_subscriber_joined *out, struct nl_error *err) {
    struct joining joining = {0};
    bool open = false;
    *out = (struct nl_subscriber_joined){.outcome = NL_JOINED_REFUSED};
    enum nl_status status = prepare(office, join, &joining, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = join->consent != NULL ? state_consent(office, &joining, out, err)
                                       : ask(office, &joining, out, err);
    if (status == NL_OK)
        status = find_number(office, &joining, out, err);
    if (status == NL_OK && out->subscriber != 0)
        status = nl_office_note(office, "subscriber add", "subscriber", NULL, out->subscriber, err);
    status = nl_office_end(office, open, status, err);
    joining_free(&joining);
    return status;
}

static bool is_own_fault(enum nl_status status) {
    return status == NL_DATA || status == NL_NOTFOUND || status == NL_USAGE;
}

/* Takes rows in from *at on, as many as one transaction should have, as long as they state a
 * consent. */
static enum nl_status take_part(const struct nl_office *office,
                                const struct nl_subscriber_batch *batch, size_t *at,
                                struct nl_error *err) {
    const struct nl_import_policy policy = {0};
    struct nl_import *import = NULL;
    size_t end = batch->count - *at > TOGETHER ? *at + TOGETHER : batch->count;
    struct nl_subscriber_joined results[TOGETHER] = {0};
    char *reasons[TOGETHER] = {0};
    size_t first = *at;
    char detail[24];
    enum nl_status status = nl_import_begin(office->store, &policy, &import, err);
    for (; status == NL_OK && *at < end && batch->rows[*at].consent != NULL; ++*at) {
        struct joining joining = {0};
        struct nl_subscriber_joined *result = &results[*at - first];
        result->outcome = NL_JOINED_REFUSED;
        status = prepare(office, &batch->rows[*at], &joining, err);
        if (status == NL_OK)
            status = take_in(office, import, &joining, result, err);
        if (status == NL_OK)
            status = find_number(office, &joining, result, err);
        joining_free(&joining);
        if (is_own_fault(status)) {
            reasons[*at - first] = nl_strdup(nl_error_text(err));
            nl_error_free(err);
            status = NL_OK;
        }
    }
    snprintf(detail, sizeof detail, "%zu", *at - first);
    if (status == NL_OK)
        status = nl_import_end(import, true, detail, err);
    else
        nl_import_drop(import);
    for (size_t i = first; i < *at; i++) {
        if (status == NL_OK)
            batch->each(i, &results[i - first], reasons[i - first], batch->ctx);
        free(reasons[i - first]);
    }
    return status;
}

static enum nl_status ask_one(const struct nl_office *office,
                              const struct nl_subscriber_batch *batch, size_t at,
                              struct nl_error *err) {
    struct nl_subscriber_joined joined = {0};
    enum nl_status status = nl_office_subscriber_join(office, &batch->rows[at], &joined, err);
    bool own = is_own_fault(status);
    if (status == NL_OK || own)
        batch->each(at, &joined, own ? nl_error_text(err) : NULL, batch->ctx);
    if (!own)
        return status;
    nl_error_free(err);
    return NL_OK;
}

enum nl_status nl_office_subscribers_join(const struct nl_office *office,
                                          const struct nl_subscriber_batch *batch,
                                          struct nl_error *err) {
    if (batch->count > NL_JOIN_MOST)
        return nl_error_set(err, NL_DATA, "more than %d people at once: send them in parts",
                            NL_JOIN_MOST);
    /* They come in in several transactions: the note is there before the first of them. */
    enum nl_status status =
        nl_office_note(office, "subscriber batch", "people", NULL, (int64_t)batch->count, err);
    for (size_t at = 0; status == NL_OK && at < batch->count;) {
        nl_store_give_way(office->store);
        if (batch->rows[at].consent != NULL)
            status = take_part(office, batch, &at, err);
        else
            status = ask_one(office, batch, at++, err);
    }
    return status;
}
