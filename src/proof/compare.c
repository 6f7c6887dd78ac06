#include "newsletter/store/consent_wording.h"
#include "newsletter/store/ledger_rows.h"
#include "proof/approvals_held.h"
#include "proof/deliveries.h"

#include <inttypes.h>
#include <string.h>

/* Whether a commitment is one to these items. */
static bool commits(const unsigned char *key, struct nl_buf *items,
                    const unsigned char digest[NL_DIGEST_LEN]) {
    unsigned char found[NL_DIGEST_LEN];
    bool same = false;
    if (key != NULL) {
        nl_ledger_commit(key, items, found);
        same = memcmp(found, digest, sizeof found) == 0;
    }
    nl_buf_free(items);
    return same;
}

/* ---- the history ---- */

/* Outcomes of deliveries have entries of their own. */
static bool is_of_delivery(const struct nl_event_row *row) {
    static const char *const kinds[] = {"deferred", "bounced", "failed", "unknown"};
    if (strncmp(row->kind, "message-", strlen("message-")) == 0)
        return true;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(row->kind, kinds[i]) == 0)
            return true;
    return false;
}

static bool detail_holds(const struct nl_books *books, const struct nl_event_row *row,
                         const struct nl_booked_event *event) {
    struct nl_buf items = {0};
    const struct nl_booked_person *person = nl_numbered_find(&books->people, row->subscriber);
    if (row->detail == NULL)
        return !event->has_detail || (person != NULL && person->gone);
    if (!event->has_detail)
        return false;
    nl_cbor_add_text(&items, row->detail);
    return commits(row->key, &items, event->detail);
}

static enum nl_status compare_event(const struct nl_event_row *row, void *ctx,
                                    struct nl_error *err) {
    struct nl_books *books = ctx;
    const int64_t numbers[] = {row->at,         row->id,    row->list,
                               row->subscriber, row->issue, row->message};
    unsigned char mark[NL_MARK_LEN];
    struct nl_booked_event *event = nl_numbered_find(&books->events, row->id);
    (void)err;
    if (event == NULL) {
        if (!nl_books_before(books, row->id, books->last_event) && !is_of_delivery(row))
            nl_books_fault(books, "event", "event %" PRId64 " (%s) is not in the ledger", row->id,
                           row->kind);
        return NL_OK;
    }
    event->seen = true;
    nl_mark_event(numbers, row->kind, strlen(row->kind), mark);
    if (memcmp(mark, event->mark, sizeof mark) != 0)
        nl_books_fault(books, "event", "event %" PRId64 " (%s) differs from the ledger", row->id,
                       row->kind);
    else if (!detail_holds(books, row, event))
        nl_books_fault(books, "event",
                       "the detail of event %" PRId64 " (%s) differs from the ledger", row->id,
                       row->kind);
    else
        books->audit->events++;
    return NL_OK;
}

/* Events leave with their time, their person or their list. */
static void find_missing_events(struct nl_books *books) {
    size_t at = 0;
    int64_t id = 0;
    const struct nl_booked_event *event = NULL;
    while ((event = nl_numbered_next(&books->events, &at, &id)) != NULL) {
        const struct nl_booked_person *person = nl_numbered_find(&books->people, event->subscriber);
        if (event->seen || event->at < books->pruned_before || (person != NULL && person->gone) ||
            nl_numbered_find(&books->lists, event->list) != NULL)
            continue;
        nl_books_fault(books, "event", "event %" PRId64 " of the ledger is not in the database",
                       id);
    }
}

/* ---- actions of staff ---- */

static enum nl_status compare_action(const struct nl_action_row *row, void *ctx,
                                     struct nl_error *err) {
    struct nl_books *books = ctx;
    unsigned char mark[NL_MARK_LEN];
    struct nl_buf items = {0};
    struct nl_booked_action *action = nl_numbered_find(&books->actions, row->id);
    (void)err;
    if (action == NULL) {
        if (!nl_books_before(books, row->id, books->last_action))
            nl_books_fault(books, "action", "action %" PRId64 " of staff (%s) is not in the ledger",
                           row->id, row->action);
        return NL_OK;
    }
    action->seen = true;
    nl_mark_action(row->at, row->id, row->door, row->action, strlen(row->door), strlen(row->action),
                   mark);
    for (size_t i = 0; i < 4; i++)
        nl_cbor_add_text(&items, row->words[i]);
    if (!commits(row->key, &items, action->words) || memcmp(mark, action->mark, sizeof mark) != 0)
        nl_books_fault(books, "action", "action %" PRId64 " of staff (%s) differs from the ledger",
                       row->id, row->action);
    else
        books->audit->actions++;
    return NL_OK;
}

static void find_missing_actions(struct nl_books *books) {
    size_t at = 0;
    int64_t id = 0;
    const struct nl_booked_action *action = NULL;
    while ((action = nl_numbered_next(&books->actions, &at, &id)) != NULL)
        if (!action->seen)
            nl_books_fault(books, "action",
                           "action %" PRId64 " of the ledger is not in the database", id);
}

/* ---- subscriptions ---- */

static bool consent_holds(const struct nl_subscription_row *row,
                          const struct nl_booked_subscription *booked) {
    struct nl_buf items = {0};
    if (!booked->has_consent || row->address == NULL)
        return true;
    const struct nl_ledger_consent consent = {
        row->consent_at,
        row->source,
        row->version,
        {row->wordings[0], row->wordings[1], row->wordings[2]}};
    nl_ledger_add_consent(&items, &consent);
    return commits(row->key, &items, booked->consent);
}

static bool address_holds(const struct nl_books *books, const struct nl_subscription_row *row) {
    const struct nl_booked_person *person = nl_numbered_find(&books->people, row->subscriber);
    struct nl_buf items = {0};
    if (person == NULL || !person->has_address)
        return true;
    nl_cbor_add_text(&items, row->address);
    return row->address != NULL ? commits(row->key, &items, person->address)
                                : (nl_buf_free(&items), false);
}

static const char *fault_of(const struct nl_books *books, const struct nl_subscription_row *row,
                            const struct nl_booked_subscription *booked) {
    if (booked->removed)
        return "was removed by the ledger";
    if (booked->list != row->list)
        return "is on another list than in the ledger";
    if (strcmp(booked->state, row->state) != 0)
        return "is in another state than in the ledger";
    if (!consent_holds(row, booked))
        return "has another consent than in the ledger";
    return address_holds(books, row) ? NULL : "belongs to another address than in the ledger";
}

static enum nl_status compare_subscription(const struct nl_subscription_row *row, void *ctx,
                                           struct nl_error *err) {
    struct nl_books *books = ctx;
    struct nl_booked_subscription *booked = nl_numbered_find(&books->subscriptions, row->id);
    (void)err;
    if (booked == NULL || booked->unsaid) {
        if (!nl_books_before(books, row->id, books->last_subscription))
            nl_books_fault(books, "subscription",
                           "subscription %" PRId64 " (%s) is not in the ledger", row->id,
                           row->state);
        return NL_OK;
    }
    booked->seen = true;
    const char *fault = fault_of(books, row, booked);
    if (fault != NULL)
        nl_books_fault(books, "subscription", "subscription %" PRId64 " (%s) %s", row->id,
                       row->state, fault);
    books->audit->subscriptions += fault == NULL;
    return NL_OK;
}

static void find_missing_subscriptions(struct nl_books *books) {
    size_t at = 0;
    int64_t id = 0;
    const struct nl_booked_subscription *booked = NULL;
    while ((booked = nl_numbered_next(&books->subscriptions, &at, &id)) != NULL)
        if (!booked->seen && !booked->removed && !booked->unsaid &&
            nl_numbered_find(&books->lists, booked->list) == NULL)
            nl_books_fault(books, "subscription",
                           "subscription %" PRId64 " of the ledger is not in the database", id);
}

/* ---- wordings ---- */

static enum nl_status compare_wording(const char *digest, const char *text, void *ctx,
                                      struct nl_error *err) {
    char found[NL_HEX_LEN];
    (void)err;
    nl_digest_hex(text, strlen(text), found);
    if (strcmp(found, digest) != 0)
        nl_books_fault(ctx, "wording", "the wording %.16s... has another text", digest);
    return NL_OK;
}

/* ---- issues ---- */

static enum nl_status compare_issues(struct nl_books *books, struct nl_store *store,
                                     struct nl_error *err) {
    const struct nl_booked_issue *issue = NULL;
    enum nl_status status = NL_OK;
    size_t at = 0;
    int64_t id = 0;
    while (status == NL_OK && (issue = nl_numbered_next(&books->issues, &at, &id)) != NULL) {
        struct nl_buf editions = {0};
        unsigned char digest[NL_DIGEST_LEN];
        size_t count = 0;
        status = nl_ledger_editions(store, id, &editions, &count, err);
        nl_digest(nl_buf_text(&editions), editions.len, digest);
        if (status != NL_OK || (count == 0 && nl_numbered_find(&books->lists, issue->list) != NULL))
            ;
        else if (memcmp(digest, issue->editions, sizeof digest) != 0)
            nl_books_fault(books, "issue", "issue %" PRId64 " is not what the ledger says", id);
        else
            books->audit->issues++;
        nl_buf_free(&editions);
    }
    return status;
}

enum nl_status nl_books_compare(struct nl_books *books, struct nl_store *store,
                                struct nl_error *err) {
    enum nl_status status = nl_ledger_each_event(store, compare_event, books, err);
    if (status == NL_OK)
        status = nl_ledger_each_action(store, compare_action, books, err);
    if (status == NL_OK)
        status = nl_ledger_each_subscription(store, compare_subscription, books, err);
    if (status == NL_OK)
        status = nl_consent_wordings_all(store, compare_wording, books, err);
    if (status == NL_OK)
        status = compare_issues(books, store, err);
    if (status == NL_OK)
        status = nl_approvals_compare(books, store, err);
    if (status == NL_OK)
        status = nl_deliveries_compare(books, store, err);
    if (status != NL_OK)
        return status;
    find_missing_events(books);
    find_missing_actions(books);
    find_missing_subscriptions(books);
    return NL_OK;
}
