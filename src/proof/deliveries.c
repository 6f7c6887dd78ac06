#include "proof/deliveries.h"

#include "newsletter/store/delivery.h"

#include <inttypes.h>

static struct nl_booked_delivery *put(struct nl_books *books, const struct nl_entry *entry) {
    return nl_numbered_put(&books->deliveries, nl_entry_number(entry, 2));
}

/* ---- what must hold ---- */

/* In stream 0 the order of the entries is that of the commits. In the others a turn reads the
 * subscription, but does not lock it: somebody may leave in the same moment. */
static bool has_consent(const struct nl_books *books, const struct nl_booked_delivery *delivery,
                        int64_t at, bool exact) {
    enum { DOUBT = 2 };
    return delivery->issue == 0 ||
           nl_books_active(books, delivery->subscription, exact ? INT64_MAX : at - DOUBT,
                           exact ? INT64_MAX : at + DOUBT);
}

/* The issue of a message that has reached its commit point needs a consent. */
static void check_consent(struct nl_books *books, int64_t id,
                          const struct nl_booked_delivery *delivery) {
    if (delivery->issue == 0)
        return;
    if (delivery->consented)
        books->audit->consented++;
    else if (nl_books_had_ended(books, delivery->subscription))
        nl_books_fault(books, "ended",
                       "delivery %" PRId64 " went to subscription %" PRId64
                       ", which had ended or was suppressed",
                       id, delivery->subscription);
    else
        nl_books_fault(books, "consent",
                       "delivery %" PRId64 " went to subscription %" PRId64
                       ", which had no valid consent",
                       id, delivery->subscription);
}

/* After a message was sent, or may have been, only a member of staff can have it sent again. */
static void note_mailed(struct nl_books *books, int64_t id, struct nl_booked_delivery *delivery) {
    if (delivery->mailed)
        nl_books_fault(books, "twice",
                       "delivery %" PRId64 " was sent twice, and nobody had asked for it", id);
    delivery->mailed = true;
}

/* A domain that does not exist refuses for good without a reply; the enhanced status says so. */
static bool follows(enum nl_outcome outcome, int64_t code, bool refused) {
    bool accepted = code >= 200 && code < 300;
    if (outcome == NL_SENT)
        return accepted;
    return outcome == NL_BOUNCED ? (code >= 400 && code < 600) || (code == 0 && refused)
                                 : !accepted;
}

static void check_reply(struct nl_books *books, const struct nl_entry *entry) {
    const struct nl_cbor_item *status = &entry->items[6];
    bool refused = status->kind == NL_CBOR_TEXT && status->len > 0 && status->data[0] == '5';
    int64_t code = nl_entry_number(entry, 5);
    if (!follows((enum nl_outcome)nl_entry_number(entry, 4), code, refused))
        nl_books_fault(books, "reply",
                       "the outcome of delivery %" PRId64
                       " does not follow from the reply %" PRId64,
                       nl_entry_number(entry, 2), code);
}

/* ---- entries ---- */

#define COPIES INT64_C(0x100000000) /* subscriptions of an issue */

static int64_t run_of(const struct nl_entry *entry) {
    return nl_entry_number(entry, 3);
}

static void enter_lease(struct nl_books *books, const struct nl_entry *entry) {
    int64_t id = nl_entry_number(entry, 2);
    struct nl_booked_delivery *delivery = put(books, entry);
    if (delivery->open)
        nl_books_fault(books, "twice",
                       "delivery %" PRId64 " was leased while its commit point had no outcome", id);
    delivery->run = run_of(entry);
    delivery->issue = nl_entry_number(entry, 4);
    delivery->subscription = nl_entry_number(entry, 5);
    delivery->state = NL_BOOKED_LEASED;
    delivery->open = false;
    if (delivery->issue == 0)
        return;
    int64_t *other =
        nl_numbered_put(&books->copies, delivery->issue * COPIES + delivery->subscription);
    if (*other != 0 && *other != id)
        nl_books_fault(books, "twice",
                       "deliveries %" PRId64 " and %" PRId64 " are the same issue for the same "
                       "subscription",
                       *other, id);
    *other = id;
}

static void enter_commit_point(struct nl_books *books, const struct nl_entry *entry,
                               int64_t stream) {
    struct nl_booked_delivery *delivery = put(books, entry);
    if (delivery->state == NL_BOOKED_LEASED && delivery->run == run_of(entry)) {
        books->audit->commit_points += !delivery->open;
        delivery->open = true;
        delivery->consented = has_consent(books, delivery, nl_entry_number(entry, 1), stream == 0);
    } else if (stream == 0) {
        nl_books_fault(books, "lease", "delivery %" PRId64 " has a commit point without a lease",
                       nl_entry_number(entry, 2));
    }
}

static void end_lease(struct nl_books *books, int64_t id, struct nl_booked_delivery *delivery,
                      enum nl_outcome outcome, int64_t code) {
    static const enum nl_booked_state states[] = {
        [NL_SENT] = NL_BOOKED_SENT,       [NL_DEFERRED] = NL_BOOKED_DEFERRED,
        [NL_BOUNCED] = NL_BOOKED_BOUNCED, [NL_FAILED] = NL_BOOKED_FAILED,
        [NL_UNKNOWN] = NL_BOOKED_UNKNOWN, [NL_REQUEUED] = NL_BOOKED_QUEUED};
    bool open = delivery->open;
    if (outcome == NL_SENT && !open && delivery->state == NL_BOOKED_LEASED)
        nl_books_fault(books, "lease", "delivery %" PRId64 " was sent without a commit point", id);
    if (outcome != NL_REQUEUED && open)
        check_consent(books, id, delivery);
    if (open && (outcome == NL_SENT || outcome == NL_UNKNOWN))
        note_mailed(books, id, delivery);
    books->audit->outcomes += outcome != NL_REQUEUED;
    books->audit->sent += outcome == NL_SENT;
    delivery->state = (unsigned char)states[outcome];
    delivery->code = (int)code;
    delivery->open = false;
}

static void settle(struct nl_books *books, const struct nl_entry *entry,
                   struct nl_booked_delivery *delivery) {
    enum nl_outcome outcome = (enum nl_outcome)nl_entry_number(entry, 4);
    if (outcome != NL_REQUEUED)
        check_reply(books, entry);
    end_lease(books, nl_entry_number(entry, 2), delivery, outcome, nl_entry_number(entry, 5));
}

/* An outcome counts for the run that has the lease. A run that had lost it may still say that what
 * became unknown was sent. A turn that was recorded twice says the same twice. */
static void enter_outcome(struct nl_books *books, const struct nl_entry *entry, int64_t stream) {
    struct nl_booked_delivery *delivery = put(books, entry);
    int64_t outcome = nl_entry_number(entry, 4);
    int64_t id = nl_entry_number(entry, 2);
    if (outcome < NL_SENT || outcome > NL_REQUEUED)
        nl_books_fault(books, "reply", "delivery %" PRId64 " has an unknown outcome", id);
    else if (delivery->run == run_of(entry) &&
             (delivery->state == NL_BOOKED_LEASED ||
              (delivery->state == NL_BOOKED_UNKNOWN && outcome == NL_SENT)))
        settle(books, entry, delivery);
    else if (stream == 0)
        nl_books_fault(books, "lease", "delivery %" PRId64 " has an outcome without a lease", id);
}

static void enter_set(struct nl_books *books, const struct nl_entry *entry) {
    struct nl_booked_delivery *delivery = put(books, entry);
    int64_t id = nl_entry_number(entry, 2);
    if (nl_entry_is(entry, 3, "queued")) {
        books->audit->repeated += delivery->mailed;
        delivery->state = NL_BOOKED_QUEUED;
        delivery->mailed = false;
    } else if (nl_entry_is(entry, 3, "unknown")) {
        if (delivery->open) {
            check_consent(books, id, delivery);
            note_mailed(books, id, delivery);
        }
        delivery->state = NL_BOOKED_UNKNOWN;
    } else {
        delivery->state = NL_BOOKED_BOUNCED;
    }
    delivery->code = 0;
    delivery->open = false;
}

void nl_deliveries_enter(struct nl_books *books, const struct nl_entry *entry, int64_t stream) {
    struct nl_booked_delivery *delivery = NULL;
    switch (entry->kind) {
    case NL_LEDGER_LEASED:
        enter_lease(books, entry);
        break;
    case NL_LEDGER_COMMIT_POINT:
        enter_commit_point(books, entry, stream);
        break;
    case NL_LEDGER_OUTCOME:
        enter_outcome(books, entry, stream);
        break;
    case NL_LEDGER_SET:
        enter_set(books, entry);
        break;
    case NL_LEDGER_WITHDRAWN:
        delivery = put(books, entry);
        if (delivery->run == run_of(entry))
            delivery->open = false;
        break;
    default:
        break;
    }
}
