/* Entries about deliveries: small, since there are three of them for each message. */
#include "newsletter/base/cbor.h"
#include "newsletter/db/sql.h"
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
    enum nl_status status = NL_OK;
    if (entries->own.len > 0)
        status = nl_ledger_add(store, &entries->own, err);
    nl_buf_free(&entries->own);
    return status;
}

static void add_head(const struct entries *entries, size_t items, enum nl_ledger_kind kind,
                     int64_t delivery) {
    nl_cbor_add_array(entries->out, items);
    nl_cbor_add_number(entries->out, kind);
    nl_cbor_add_number(entries->out, entries->now);
    nl_cbor_add_number(entries->out, delivery);
}

/* The number of a run: FNV-1a of its name, which is random. */
static int64_t run_of(const char *owner) {
    uint32_t hash = 2166136261U;
    for (; *owner != '\0'; owner++)
        hash = (hash ^ (unsigned char)*owner) * 16777619U;
    return hash;
}

enum nl_status nl_ledger_leased(struct nl_store *store, const char *owner, int64_t issue,
                                const struct nl_job *jobs, size_t count, struct nl_error *err) {
    struct entries entries;
    int64_t run = run_of(owner);
    begin(store, &entries);
    for (size_t i = 0; i < count; i++) {
        add_head(&entries, 6, NL_LEDGER_LEASED, jobs[i].delivery);
        nl_cbor_add_number(entries.out, run);
        nl_cbor_add_number(entries.out, issue);
        nl_cbor_add_number(entries.out, jobs[i].subscription);
    }
    return end(store, &entries, err);
}

static enum nl_status add_each(struct nl_store *store, enum nl_ledger_kind kind, const char *owner,
                               const int64_t *deliveries, size_t count, const bool *ok,
                               struct nl_error *err) {
    struct entries entries;
    int64_t run = run_of(owner);
    begin(store, &entries);
    for (size_t i = 0; i < count; i++) {
        if (ok != NULL && !ok[i])
            continue;
        add_head(&entries, 4, kind, deliveries[i]);
        nl_cbor_add_number(entries.out, run);
    }
    return end(store, &entries, err);
}

enum nl_status nl_ledger_commit_points(struct nl_store *store, const char *owner,
                                       const int64_t *deliveries, size_t count, const bool *ok,
                                       struct nl_error *err) {
    return add_each(store, NL_LEDGER_COMMIT_POINT, owner, deliveries, count,
                    nl_sql_has_arrays(store) ? NULL : ok, err);
}

enum nl_status nl_ledger_withdrawn(struct nl_store *store, const char *owner,
                                   const int64_t *deliveries, size_t count, struct nl_error *err) {
    return add_each(store, NL_LEDGER_WITHDRAWN, owner, deliveries, count, NULL, err);
}

/* The words of a reply are left out, since they often hold the address. */
enum nl_status nl_ledger_outcome(struct nl_store *store, const char *owner,
                                 const struct nl_record *record, struct nl_error *err) {
    const struct nl_result *result = record->result;
    struct entries entries;
    begin(store, &entries);
    add_head(&entries, 7, NL_LEDGER_OUTCOME, record->delivery);
    nl_cbor_add_number(entries.out, run_of(owner));
    nl_cbor_add_number(entries.out, result->outcome);
    nl_cbor_add_number(entries.out, result->code);
    nl_cbor_add_text(entries.out, result->status[0] != '\0' ? result->status : NULL);
    return end(store, &entries, err);
}

enum nl_status nl_ledger_set(struct nl_store *store, const char *state, const struct nl_buf *ids,
                             struct nl_error *err) {
    struct entries entries;
    begin(store, &entries);
    for (size_t i = 0; i < nl_ids_count(ids); i++) {
        add_head(&entries, 4, NL_LEDGER_SET, nl_ids_at(ids, i));
        nl_cbor_add_text(entries.out, state);
    }
    return end(store, &entries, err);
}
