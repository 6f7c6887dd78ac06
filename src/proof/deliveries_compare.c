#include "newsletter/store/ledger_rows.h"
#include "proof/deliveries.h"

#include <inttypes.h>
#include <string.h>

/* Waiting, for whatever reason, and never sent. What was leased and put off has no entry for that.
 */
static bool is_waiting(const struct nl_booked_delivery *delivery) {
    return delivery->state == NL_BOOKED_QUEUED || delivery->state == NL_BOOKED_DEFERRED ||
           (delivery->state == NL_BOOKED_LEASED && !delivery->open);
}

static bool state_holds(const struct nl_booked_delivery *delivery, const char *state) {
    static const char *const words[] = {
        [NL_BOOKED_LEASED] = "leased",   [NL_BOOKED_SENT] = "sent",
        [NL_BOOKED_BOUNCED] = "bounced", [NL_BOOKED_FAILED] = "failed",
        [NL_BOOKED_UNKNOWN] = "unknown", [NL_BOOKED_DEFERRED] = NULL};
    if (strcmp(state, "queued") == 0 || strcmp(state, "deferred") == 0 ||
        strcmp(state, "skipped") == 0)
        return is_waiting(delivery);
    const char *word = words[delivery->state];
    return word != NULL && strcmp(word, state) == 0;
}

static bool is_settled(const char *state) {
    return strcmp(state, "queued") != 0 && strcmp(state, "deferred") != 0 &&
           strcmp(state, "skipped") != 0;
}

static const char *fault_of(const struct nl_delivery_state_row *row,
                            const struct nl_booked_delivery *delivery) {
    if (row->issue != delivery->issue)
        return "is of another issue than in the ledger";
    if (row->subscription != delivery->subscription && row->subscription != 0)
        return "is for another subscription than in the ledger";
    if (!state_holds(delivery, row->state))
        return "is in another state than in the ledger";
    return is_settled(row->state) && delivery->state != NL_BOOKED_LEASED &&
                   row->code != delivery->code
               ? "has another reply than in the ledger"
               : NULL;
}

static enum nl_status compare(const struct nl_delivery_state_row *row, void *ctx,
                              struct nl_error *err) {
    struct nl_books *books = ctx;
    struct nl_booked_delivery *delivery = nl_numbered_find(&books->deliveries, row->id);
    (void)err;
    if (delivery == NULL) {
        if (!nl_books_before(books, row->id, books->last_delivery) && is_settled(row->state))
            nl_books_fault(books, "delivery", "delivery %" PRId64 " (%s) is not in the ledger",
                           row->id, row->state);
        return NL_OK;
    }
    delivery->seen = true;
    const char *fault = fault_of(row, delivery);
    if (fault != NULL)
        nl_books_fault(books, "delivery", "delivery %" PRId64 " (%s) %s", row->id, row->state,
                       fault);
    books->audit->deliveries += fault == NULL;
    return NL_OK;
}

/* Deliveries leave with their subscription, their list or past their time, with their issue;
 * messages to one address with their time.
 */
static bool may_be_gone(const struct nl_books *books, const struct nl_booked_delivery *delivery) {
    const struct nl_booked_subscription *booked =
        nl_numbered_find(&books->subscriptions, delivery->subscription);
    return nl_numbered_find(&books->removed, delivery->issue) != NULL ||
           delivery->subscription == 0 || booked == NULL || booked->removed ||
           nl_numbered_find(&books->lists, booked->list) != NULL;
}

enum nl_status nl_deliveries_compare(struct nl_books *books, struct nl_store *store,
                                     struct nl_error *err) {
    const struct nl_booked_delivery *delivery = NULL;
    size_t at = 0;
    int64_t id = 0;
    enum nl_status status = nl_ledger_each_delivery(store, compare, books, err);
    while (status == NL_OK && (delivery = nl_numbered_next(&books->deliveries, &at, &id)) != NULL)
        if (!delivery->seen && !may_be_gone(books, delivery))
            nl_books_fault(books, "delivery",
                           "delivery %" PRId64 " of the ledger is not in the database", id);
    return status;
}
