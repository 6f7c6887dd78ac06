#include "newsletter/service/subscribers.h"

#include "newsletter/base/address.h"
#include "newsletter/base/catalog.h"
#include "newsletter/store/list.h"
#include "newsletter/store/person.h"
#include "newsletter/store/subscription.h"
#include "newsletter/store/suppression.h"
#include "newsletter/transfer/transfer.h"
#include "service/who.h"

#include <stdlib.h>
#include <string.h>

/* ---- who is meant ---- */

enum nl_status nl_who_find(const struct nl_office *office, const struct nl_who *who, int64_t *id,
                           struct nl_error *err) {
    struct nl_address address = {0};
    *id = who->id;
    if (who->address == NULL)
        return nl_person_check(office->store, who->id, err);
    enum nl_status status = nl_address_parse(who->address, &address, err);
    if (status == NL_OK)
        status = nl_person_find(office->store, &address, id, err);
    nl_address_free(&address);
    return status;
}

/* ---- finding ---- */

void nl_subscriber_page_free(struct nl_subscriber_page *page) {
    json_decref(page->subscribers);
    free(page->next);
    *page = (struct nl_subscriber_page){0};
}

struct finding {
    const struct nl_office *office;
    struct nl_subscriber_page *page;
    int64_t limit, count;
    struct nl_buf last; /* the place of the last one on the page */
};

/* One more than the page has is asked for, so that the last page is known to be the last. */
static enum nl_status add_person(int64_t subscriber, const char *place, void *ctx,
                                 struct nl_error *err) {
    struct finding *finding = ctx;
    json_t *facts = NULL;
    if (finding->count++ == finding->limit) {
        finding->page->next = nl_buf_take(&finding->last);
        return NL_OK;
    }
    nl_buf_clear(&finding->last);
    nl_buf_adds(&finding->last, place);
    enum nl_status status = nl_person_facts(finding->office->store, subscriber, &facts, err);
    if (status == NL_OK && json_array_append_new(finding->page->subscribers, facts) != 0)
        status = nl_error_nomem(err);
    return status;
}

static enum nl_status find_pages(const struct nl_office *office, struct nl_person_query *wanted,
                                 struct nl_subscriber_page *out, struct nl_error *err) {
    struct finding finding = {.office = office, .page = out, .limit = wanted->limit};
    wanted->limit++;
    enum nl_status status = nl_persons_each(office->store, wanted, add_person, &finding, err);
    nl_buf_free(&finding.last);
    return status;
}

static enum nl_status find_address(const struct nl_office *office, const char *text,
                                   struct nl_subscriber_page *out, struct nl_error *err) {
    const struct nl_who who = {.address = text};
    int64_t id = 0;
    json_t *facts = NULL;
    enum nl_status status = nl_who_find(office, &who, &id, err);
    if (status == NL_NOTFOUND) {
        nl_error_free(err);
        return NL_OK;
    }
    if (status == NL_OK)
        status = nl_person_facts(office->store, id, &facts, err);
    if (status == NL_OK && json_array_append_new(out->subscribers, facts) != 0)
        status = nl_error_nomem(err);
    return status;
}

enum nl_status nl_office_subscribers_find(const struct nl_office *office,
                                          const struct nl_subscriber_query *query,
                                          struct nl_subscriber_page *out, struct nl_error *err) {
    struct nl_person_query wanted = {
        .part = query->part, .after = query->after, .limit = query->limit};
    struct nl_list list = {0};
    enum nl_status status = NL_OK;
    *out = (struct nl_subscriber_page){.subscribers = json_array()};
    if (query->state != NULL && !nl_subscription_state_parse(query->state, &wanted.state))
        status = nl_error_set(err, NL_DATA, NL_TEXT("'%.64s' is not a state of a subscription"),
                              query->state);
    if (status == NL_OK && query->list != NULL)
        status = nl_list_find(office->store, query->list, &list, err);
    wanted.list = list.id;
    if (status == NL_OK)
        status = query->address != NULL ? find_address(office, query->address, out, err)
                                        : find_pages(office, &wanted, out, err);
    nl_list_free(&list);
    if (status != NL_OK)
        nl_subscriber_page_free(out);
    return status;
}

/* ---- reading ---- */

void nl_subscriber_free(struct nl_subscriber *subscriber) {
    json_decref(subscriber->facts);
    *subscriber = (struct nl_subscriber){0};
}

enum nl_status nl_office_subscriber_read(const struct nl_office *office, const struct nl_who *who,
                                         struct nl_subscriber *out, struct nl_error *err) {
    int64_t id = 0;
    *out = (struct nl_subscriber){0};
    enum nl_status status = nl_who_find(office, who, &id, err);
    if (status == NL_OK)
        status = nl_person_facts(office->store, id, &out->facts, err);
    if (status == NL_OK)
        status = nl_revision_of(out->facts, &out->revision, err);
    if (status != NL_OK)
        nl_subscriber_free(out);
    return status;
}

enum nl_status nl_office_subscriber_history(const struct nl_office *office,
                                            const struct nl_who *who, int64_t limit, json_t **out,
                                            struct nl_error *err) {
    int64_t id = 0;
    char *text = NULL;
    *out = NULL;
    enum nl_status status = nl_who_find(office, who, &id, err);
    if (status == NL_OK)
        status = nl_person_export(office->store, id, limit, &text, err);
    if (status == NL_OK && (*out = json_loads(text, 0, NULL)) == NULL)
        status = nl_error_nomem(err);
    free(text);
    return status;
}

enum nl_status nl_office_subscriber_copy(const struct nl_office *office, int64_t id, json_t **out,
                                         struct nl_error *err) {
    const struct nl_who who = {.id = id};
    enum nl_status status = nl_office_subscriber_history(office, &who, 0, out, err);
    return status == NL_OK
               ? nl_office_note(office, "subscriber export", "subscriber", NULL, id, err)
               : status;
}

/* ---- ending ---- */

/* Somebody's number, and the address in the form that the store wants. */
static enum nl_status address_of(const struct nl_office *office, const struct nl_who *who,
                                 int64_t *id, struct nl_address *out, struct nl_error *err) {
    struct nl_person person = {0};
    *out = (struct nl_address){0};
    enum nl_status status = nl_who_find(office, who, id, err);
    if (status == NL_OK)
        status = nl_person_read(office->store, *id, &person, err);
    if (status == NL_OK)
        status = nl_address_parse(person.address, out, err);
    nl_person_free(&person);
    return status;
}

enum nl_status nl_office_subscriber_unsubscribe(const struct nl_office *office,
                                                const struct nl_who *who, const char *list,
                                                struct nl_error *err) {
    bool open = false;
    struct nl_address address = {0};
    struct nl_list found = {0};
    int64_t id = 0;
    enum nl_status status = list != NULL ? nl_list_find(office->store, list, &found, err) : NL_OK;
    if (status == NL_OK)
        status = address_of(office, who, &id, &address, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_unsubscribe_address(office->store, &address, found.id, err);
    if (status == NL_OK)
        status = nl_office_note(office, "subscriber unsubscribe", "subscriber", NULL, id, err);
    status = nl_office_end(office, open, status, err);
    nl_list_free(&found);
    nl_address_free(&address);
    return status;
}

enum nl_status nl_office_subscriber_suppress(const struct nl_office *office,
                                             const struct nl_who *who, const char *reason,
                                             bool *added, struct nl_error *err) {
    bool open = false;
    struct nl_address address = {0};
    int64_t id = 0;
    *added = false;
    enum nl_status status = nl_suppression_check_reason(reason, err);
    if (status == NL_OK)
        status = address_of(office, who, &id, &address, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_suppression_add(office->store, &address, reason, 0, added, err);
    if (status == NL_OK)
        status = nl_office_note(office, "subscriber suppress", "subscriber", NULL, id, err);
    status = nl_office_end(office, open, status, err);
    nl_address_free(&address);
    return status;
}

enum nl_status nl_office_subscriber_erase(const struct nl_office *office, const struct nl_who *who,
                                          struct nl_error *err) {
    bool open = false;
    int64_t id = 0;
    enum nl_status status = nl_who_find(office, who, &id, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_person_erase(office->store, id, err);
    if (status == NL_OK)
        status = nl_office_note(office, "subscriber erase", "subscriber", NULL, id, err);
    return nl_office_end(office, open, status, err);
}
