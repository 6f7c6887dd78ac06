/* Entries about deliveries: small, since there are three of them for each message. */
#include "newsletter/base/cbor.h"
#include "newsletter/store/delivery.h"
#include "store/ledger.h"

/* Where entries go: to those of the transaction, or without one into a record by themselves. */
struct entries {
    struct nl_buf own, *out;
    int64_t now;
};

static void begin(struct nl_store *store, struct entries *entries) {
    struct nl_buf *gathered = nl_ledger_open(store);
    *entries = (struct entries){.now = nl_store_now(store)};
    entries->out = gathered != NULL ? gathered : &entries->own;
}

static enum nl_status end(struct nl_store *store, struct entries *entries, struct nl_error *err) {
    enum nl_status status = entries->out->failed ? nl_error_nomem(err) : NL_OK;
    if (status == NL_OK && entries->out == &entries->own)
        status = nl_ledger_add(store, &entries->own, err);
    nl_buf_free(&entries->own);
    return status;
}

static void add_head(struct nl_buf *out, size_t items, enum nl_ledger_kind kind, int64_t at,
                     int64_t delivery) {
    nl_cbor_add_array(out, items);
    nl_cbor_add_number(out, kind);
    nl_cbor_add_number(out, at);
    nl_cbor_add_number(out, delivery);
}

enum nl_status nl_ledger_leased(struct nl_store *store, int64_t issue, const struct nl_job *jobs,
                                size_t count, struct nl_error *err) {
    struct entries entries;
    begin(store, &entries);
    for (size_t i = 0; i < count; i++) {
        add_head(entries.out, 5, NL_LEDGER_LEASED, entries.now, jobs[i].delivery);
        nl_cbor_add_number(entries.out, issue);
        nl_cbor_add_number(entries.out, jobs[i].subscription);
    }
    return end(store, &entries, err);
}

static enum nl_status add_each(struct nl_store *store, enum nl_ledger_kind kind,
                               const int64_t *deliveries, size_t count, const bool *ok,
                               struct nl_error *err) {
    struct entries entries;
    begin(store, &entries);
    for (size_t i = 0; i < count; i++)
        if (ok == NULL || ok[i])
            add_head(entries.out, 3, kind, entries.now, deliveries[i]);
    return end(store, &entries, err);
}

enum nl_status nl_ledger_commit_points(struct nl_store *store, const int64_t *deliveries,
                                       size_t count, const bool *ok, struct nl_error *err) {
    return add_each(store, NL_LEDGER_COMMIT_POINT, deliveries, count, ok, err);
}

enum nl_status nl_ledger_withdrawn(struct nl_store *store, const int64_t *deliveries, size_t count,
                                   struct nl_error *err) {
    return add_each(store, NL_LEDGER_WITHDRAWN, deliveries, count, NULL, err);
}

/* The words of a reply are left out, since they often hold the address. */
enum nl_status nl_ledger_outcome(struct nl_store *store, const struct nl_record *record,
                                 struct nl_error *err) {
    const struct nl_result *result = record->result;
    struct entries entries;
    begin(store, &entries);
    add_head(entries.out, 6, NL_LEDGER_OUTCOME, entries.now, record->delivery);
    nl_cbor_add_number(entries.out, result->outcome);
    nl_cbor_add_number(entries.out, result->code);
    nl_cbor_add_text(entries.out, result->status[0] != '\0' ? result->status : NULL);
    return end(store, &entries, err);
}

enum nl_status nl_ledger_set(struct nl_store *store, const char *state, const struct nl_buf *ids,
                             struct nl_error *err) {
    struct entries entries;
    if (ids->failed)
        return nl_error_nomem(err);
    begin(store, &entries);
    for (size_t i = 0; i < nl_ids_count(ids); i++) {
        add_head(entries.out, 4, NL_LEDGER_SET, entries.now, nl_ids_at(ids, i));
        nl_cbor_add_text(entries.out, state);
    }
    return end(store, &entries, err);
}
