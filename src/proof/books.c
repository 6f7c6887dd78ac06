#include "proof/books.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The claim that a fault breaks, by its rule; that of the rows for all others. */
static enum nl_claim claim_of(const char *rule) {
    static const struct {
        const char *rule;
        enum nl_claim claim;
    } rules[] = {{"consent", NL_CLAIM_CONSENT}, {"twice", NL_CLAIM_ONCE},
                 {"ended", NL_CLAIM_ENDED},     {"reply", NL_CLAIM_REPLIES},
                 {"lease", NL_CLAIM_REPLIES},   {"chain", NL_CLAIM_CHAIN},
                 {"checkpoint", NL_CLAIM_CHAIN}};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (strcmp(rules[i].rule, rule) == 0)
            return rules[i].claim;
    return NL_CLAIM_ROWS;
}

bool nl_books_before(struct nl_books *books, int64_t id, int64_t last) {
    books->audit->before += id <= last;
    return id <= last;
}

void nl_books_fault(struct nl_books *books, const char *rule, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    books->audit->broken[claim_of(rule)]++;
    if (books->audit->faults++ < NL_AUDIT_FAULTS)
        nl_findings_add(&books->audit->findings, NL_LEVEL_ERROR, rule, NULL, "%s", text);
}

/* ---- marks ---- */

static void end_mark(struct nl_buf *bytes, unsigned char out[NL_MARK_LEN]) {
    unsigned char digest[NL_DIGEST_LEN];
    nl_digest(nl_buf_text(bytes), bytes->len, digest);
    memcpy(out, digest, NL_MARK_LEN);
    nl_buf_free(bytes);
}

void nl_mark_event(const int64_t numbers[6], const char *kind, size_t kind_len,
                   unsigned char out[NL_MARK_LEN]) {
    struct nl_buf bytes = {0};
    nl_buf_add(&bytes, numbers, 6 * sizeof numbers[0]);
    nl_buf_add(&bytes, kind, kind_len);
    end_mark(&bytes, out);
}

void nl_mark_action(int64_t at, int64_t id, const char *door, const char *action, size_t door_len,
                    size_t action_len, unsigned char out[NL_MARK_LEN]) {
    struct nl_buf bytes = {0};
    nl_buf_add(&bytes, &at, sizeof at);
    nl_buf_add(&bytes, &id, sizeof id);
    nl_buf_add(&bytes, door, door_len);
    nl_buf_addc(&bytes, '\n');
    nl_buf_add(&bytes, action, action_len);
    end_mark(&bytes, out);
}

/* ---- entries ---- */

static void copy_text(const struct nl_cbor_item *item, char *out, size_t room) {
    bool fits = item->kind == NL_CBOR_TEXT && item->len < room;
    if (fits)
        memcpy(out, item->data, item->len);
    out[fits ? item->len : 0] = '\0';
}

/* "12 3 55 7 rows came before" */
static void enter_begun(struct nl_books *books, const struct nl_entry *entry) {
    int64_t *const numbers[] = {&books->last_event, &books->last_action, &books->last_delivery,
                                &books->last_subscription};
    char words[128];
    const char *at = words;
    copy_text(&entry->items[1], words, sizeof words);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char *end = NULL;
        *numbers[i] = strtoll(at, &end, 10);
        at = end;
    }
}

/* ---- who was active when ---- */

static const struct nl_booked_change *change_at(const struct nl_books *books, size_t at) {
    return (const struct nl_booked_change *)(const void *)books->changes.data + at;
}

static void add_change(struct nl_books *books, struct nl_booked_subscription *booked, int64_t at,
                       bool active) {
    static const struct nl_booked_change none;
    const struct nl_booked_change change = {at, booked->change, active};
    if (books->changes.len == 0)
        nl_buf_add(&books->changes, &none, sizeof none);
    booked->change = books->changes.len / sizeof change;
    nl_buf_add(&books->changes, &change, sizeof change);
}

bool nl_books_active(const struct nl_books *books, int64_t subscription, int64_t from, int64_t to) {
    const struct nl_booked_subscription *booked =
        nl_numbered_find(&books->subscriptions, subscription);
    size_t place = booked != NULL ? booked->change : 0;
    for (; place != 0; place = change_at(books, place)->before) {
        const struct nl_booked_change *change = change_at(books, place);
        if (change->at <= to && (change->active || change->at < from))
            return change->active;
    }
    return subscription <= books->last_subscription;
}

bool nl_books_had_ended(const struct nl_books *books, int64_t subscription) {
    const struct nl_booked_subscription *booked =
        nl_numbered_find(&books->subscriptions, subscription);
    bool ended = false;
    for (size_t place = booked != NULL ? booked->change : 0; place != 0;
         place = change_at(books, place)->before) {
        if (change_at(books, place)->active)
            return ended;
        ended = true;
    }
    return ended && subscription <= books->last_subscription;
}

/* ---- subscriptions ---- */

static void enter_state(struct nl_books *books, int64_t subscription, int64_t list, int64_t at,
                        const struct nl_cbor_item *state) {
    struct nl_booked_subscription *booked = nl_numbered_put(&books->subscriptions, subscription);
    copy_text(state, booked->state, sizeof booked->state);
    booked->list = list;
    booked->removed = false;
    booked->has_consent = false;
    booked->unsaid = false;
    add_change(books, booked, at, strcmp(booked->state, "active") == 0);
}

static bool keep(const struct nl_entry *entry, size_t at, unsigned char out[NL_DIGEST_LEN]) {
    const unsigned char *digest = nl_entry_digest(entry, at);
    if (digest != NULL)
        memcpy(out, digest, NL_DIGEST_LEN);
    return digest != NULL;
}

/* 1 time, 2 id, 3 kind, 4 list, 5 subscription, 6 subscriber, 7 issue, 8 message, 9 state, 10
 * detail, 11 consent, 12 address */
static void enter_event(struct nl_books *books, const struct nl_entry *entry) {
    const struct nl_cbor_item *kind = &entry->items[3];
    const int64_t numbers[] = {nl_entry_number(entry, 1), nl_entry_number(entry, 2),
                               nl_entry_number(entry, 4), nl_entry_number(entry, 6),
                               nl_entry_number(entry, 7), nl_entry_number(entry, 8)};
    struct nl_booked_event *event = nl_numbered_put(&books->events, numbers[1]);
    *event =
        (struct nl_booked_event){.at = numbers[0], .list = numbers[2], .subscriber = numbers[3]};
    nl_mark_event(numbers, (const char *)kind->data, kind->len, event->mark);
    event->has_detail = keep(entry, 10, event->detail);
    int64_t subscription = nl_entry_number(entry, 5);
    if (subscription != 0) {
        enter_state(books, subscription, numbers[2], numbers[0], &entry->items[9]);
        struct nl_booked_subscription *booked =
            nl_numbered_find(&books->subscriptions, subscription);
        booked->has_consent = keep(entry, 11, booked->consent);
    }
    if (numbers[3] == 0)
        return;
    struct nl_booked_person *person = nl_numbered_put(&books->people, numbers[3]);
    if (keep(entry, 12, person->address))
        person->has_address = true;
}

static void enter_action(struct nl_books *books, const struct nl_entry *entry) {
    struct nl_booked_action *action = nl_numbered_put(&books->actions, nl_entry_number(entry, 2));
    nl_mark_action(nl_entry_number(entry, 1), nl_entry_number(entry, 2),
                   (const char *)entry->items[3].data, (const char *)entry->items[4].data,
                   entry->items[3].len, entry->items[4].len, action->mark);
    keep(entry, 5, action->words);
}

static void enter_suppressed(struct nl_books *books, int64_t id, bool suppressed, int64_t at) {
    struct nl_booked_subscription *booked = nl_numbered_find(&books->subscriptions, id);
    if (booked == NULL) {
        /* From before the ledger: only this is known of it. */
        booked = nl_numbered_put(&books->subscriptions, id);
        booked->unsaid = true;
    }
    add_change(books, booked, at,
               !suppressed && (booked->unsaid || strcmp(booked->state, "active") == 0));
}

static void enter_span(struct nl_books *books, const struct nl_entry *entry,
                       const struct nl_cbor_item span[4]) {
    int64_t at = nl_entry_number(entry, 1);
    for (int64_t id = span[2].number; id <= span[3].number; id++)
        if (entry->kind == NL_LEDGER_SUPPRESSED)
            enter_suppressed(books, id, nl_entry_number(entry, 2) != 0, at);
        else
            enter_state(books, id, span[0].number, at, &span[1]);
}

static void enter_imported(struct nl_books *books, const struct nl_entry *entry) {
    struct nl_cbor reader = entry->inside;
    for (size_t i = 0; i < entry->inner; i++) {
        struct nl_cbor_item span[4];
        struct nl_cbor_item head;
        bool read = nl_cbor_take(&reader, &head) && head.len == 4;
        for (size_t j = 0; read && j < 4; j++)
            read = nl_cbor_take(&reader, &span[j]);
        if (read)
            enter_span(books, entry, span);
    }
}

static void enter_removed(struct nl_books *books, const struct nl_entry *entry) {
    int64_t id = nl_entry_number(entry, 3);
    if (nl_entry_is(entry, 2, "subscription")) {
        struct nl_booked_subscription *gone = nl_numbered_put(&books->subscriptions, id);
        gone->removed = true;
    } else if (nl_entry_is(entry, 2, "list")) {
        nl_numbered_put(&books->lists, id);
    } else if (nl_entry_is(entry, 2, "deliveries")) {
        nl_numbered_put(&books->removed, id);
    } else if (nl_entry_is(entry, 2, "person")) {
        struct nl_booked_person *person = nl_numbered_put(&books->people, id);
        *person = (struct nl_booked_person){.gone = true};
    }
}

/* The editions are the last item of the entry. */
static void enter_issue(struct nl_books *books, const struct nl_entry *entry) {
    struct nl_booked_issue *issue = nl_numbered_put(&books->issues, nl_entry_number(entry, 2));
    issue->list = nl_entry_number(entry, 3);
    nl_digest(entry->inside.at, (size_t)(entry->data + entry->len - entry->inside.at),
              issue->editions);
}

void nl_books_enter(struct nl_books *books, const struct nl_entry *entry) {
    if (entry->kind == NL_LEDGER_BEGUN)
        enter_begun(books, entry);
    else if (entry->kind == NL_LEDGER_EVENT)
        enter_event(books, entry);
    else if (entry->kind == NL_LEDGER_ACTION)
        enter_action(books, entry);
    else if (entry->kind == NL_LEDGER_ISSUE)
        enter_issue(books, entry);
    else if (entry->kind == NL_LEDGER_IMPORTED || entry->kind == NL_LEDGER_SUPPRESSED)
        enter_imported(books, entry);
    else if (entry->kind == NL_LEDGER_REMOVED)
        enter_removed(books, entry);
    else if (entry->kind == NL_LEDGER_PRUNED)
        books->pruned_before = nl_entry_number(entry, 2);
}
