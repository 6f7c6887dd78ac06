#include "newsletter/proof/audit.h"

#include "newsletter/store/ledger.h"
#include "proof/deliveries.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void nl_audit_free(struct nl_audit *audit) {
    nl_findings_free(&audit->findings);
}

/* A walk along one stream after the other: each record says what the next one hangs on. */
struct reading {
    struct nl_books books;
    int64_t last;                       /* the record before */
    unsigned char chain[NL_DIGEST_LEN]; /* and its digest */
};

static void check_place(struct reading *reading, const struct nl_ledger_record *record) {
    int64_t stream = record->id / NL_LEDGER_STREAM;
    bool begins = reading->last == 0 || stream != reading->last / NL_LEDGER_STREAM;
    int64_t wanted = begins ? stream * NL_LEDGER_STREAM + 1 : reading->last + 1;
    if (begins)
        memset(reading->chain, 0, sizeof reading->chain);
    reading->books.audit->streams += begins;
    if (record->id != wanted)
        nl_books_fault(&reading->books, "chain",
                       "record %" PRId64 " of the ledger is missing: %" PRId64 " comes next",
                       wanted, record->id);
}

static bool check_chain(struct reading *reading, const struct nl_ledger_record *record,
                        struct nl_error *err) {
    struct nl_buf both = {0};
    unsigned char digest[NL_DIGEST_LEN];
    bool first = record->id % NL_LEDGER_STREAM == 1;
    nl_buf_add(&both, reading->chain, first ? 0 : sizeof reading->chain);
    nl_buf_add(&both, record->body, record->len);
    bool failed = both.failed;
    nl_digest(nl_buf_text(&both), both.len, digest);
    nl_buf_free(&both);
    if (failed) {
        nl_error_ignore(nl_error_nomem(err));
        return false;
    }
    if (record->chain_len != NL_DIGEST_LEN || memcmp(digest, record->chain, NL_DIGEST_LEN) != 0)
        nl_books_fault(&reading->books, "chain",
                       "record %" PRId64 " of the ledger is not what was written after the one "
                       "before it",
                       record->id);
    if (record->chain_len == NL_DIGEST_LEN)
        memcpy(reading->chain, record->chain, NL_DIGEST_LEN);
    return true;
}

static enum nl_status read_entries(struct reading *reading, const struct nl_ledger_record *record,
                                   struct nl_error *err) {
    struct nl_cbor reader = {.at = record->body, .left = record->len};
    enum nl_status status = NL_OK;
    while (status == NL_OK && reader.left > 0) {
        struct nl_entry entry;
        unsigned char leaf[NL_DIGEST_LEN];
        if (!nl_entry_take(&reader, &entry)) {
            nl_books_fault(&reading->books, "chain", "record %" PRId64 " cannot be read",
                           record->id);
            return NL_OK;
        }
        nl_merkle_leaf(reading->books.hasher, entry.data, entry.len, leaf);
        nl_merkle_add(&reading->books.tree, reading->books.hasher, leaf);
        status = nl_books_enter(&reading->books, &entry, err);
        if (status == NL_OK &&
            !nl_deliveries_enter(&reading->books, &entry, record->id / NL_LEDGER_STREAM))
            status = nl_error_nomem(err);
    }
    return status;
}

static enum nl_status read_record(const struct nl_ledger_record *record, void *ctx,
                                  struct nl_error *err) {
    struct reading *reading = ctx;
    reading->books.audit->records++;
    check_place(reading, record);
    if (!check_chain(reading, record, err))
        return NL_OS;
    reading->last = record->id;
    return read_entries(reading, record, err);
}

/* ---- the order of the streams ---- */

/* A stream and the time of its first entry. */
struct begin {
    int64_t at, stream;
};

static enum nl_status read_begin(const struct nl_ledger_record *record, void *ctx,
                                 struct nl_error *err) {
    struct nl_buf *begins = ctx;
    struct nl_cbor reader = {.at = record->body, .left = record->len};
    struct nl_entry entry;
    struct begin begin = {.stream = record->id / NL_LEDGER_STREAM};
    if (nl_entry_take(&reader, &entry))
        begin.at = nl_entry_number(&entry, 1);
    nl_buf_add(begins, &begin, sizeof begin);
    return begins->failed ? nl_error_nomem(err) : NL_OK;
}

static int compare_begins(const void *a, const void *b) {
    const struct begin *one = a;
    const struct begin *two = b;
    int by_time = (one->at > two->at) - (one->at < two->at);
    return by_time != 0 ? by_time : (one->stream > two->stream) - (one->stream < two->stream);
}

static enum nl_status find_streams(struct nl_store *store, struct nl_buf *begins,
                                   struct nl_error *err) {
    int64_t id = 0;
    enum nl_status status = nl_ledger_next(store, 0, &id, err);
    while (status == NL_OK && id != 0) {
        status = nl_ledger_each(store, id - 1, id, read_begin, begins, err);
        if (status == NL_OK)
            status =
                nl_ledger_next(store, (id / NL_LEDGER_STREAM + 1) * NL_LEDGER_STREAM, &id, err);
    }
    if (begins->len > 0)
        qsort(begins->data, begins->len / sizeof(struct begin), sizeof(struct begin),
              compare_begins);
    return status;
}

static enum nl_status read_streams(struct nl_store *store, struct reading *reading,
                                   struct nl_error *err) {
    struct nl_buf found = {0};
    enum nl_status status = find_streams(store, &found, err);
    const struct begin *begins = (const struct begin *)(const void *)found.data;
    for (size_t i = 0; status == NL_OK && i < found.len / sizeof *begins; i++) {
        int64_t first = begins[i].stream * NL_LEDGER_STREAM;
        status =
            nl_ledger_each(store, first, first + NL_LEDGER_STREAM - 1, read_record, reading, err);
    }
    nl_buf_free(&found);
    return status;
}

static void close_books(struct nl_books *books) {
    struct nl_numbered *const tables[] = {&books->events, &books->actions, &books->subscriptions,
                                          &books->people, &books->lists,   &books->deliveries,
                                          &books->copies, &books->issues};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        nl_numbered_drop(tables[i]);
    nl_buf_free(&books->changes);
    nl_hasher_free(books->hasher);
}

enum nl_status nl_audit_run(struct nl_store *store, struct nl_audit *out, struct nl_error *err) {
    struct reading reading = {
        .books = {.audit = out,
                  .hasher = nl_hasher_new(),
                  .events = {.size = sizeof(struct nl_booked_event)},
                  .actions = {.size = sizeof(struct nl_booked_action)},
                  .subscriptions = {.size = sizeof(struct nl_booked_subscription)},
                  .people = {.size = sizeof(struct nl_booked_person)},
                  .lists = {.size = sizeof(char)},
                  .deliveries = {.size = sizeof(struct nl_booked_delivery)},
                  .copies = {.size = sizeof(int64_t)},
                  .issues = {.size = sizeof(struct nl_booked_issue)}}};
    struct nl_books *books = &reading.books;
    *out = (struct nl_audit){0};
    enum nl_status status = books->hasher == NULL ? nl_error_nomem(err) : NL_OK;
    if (status == NL_OK)
        status = nl_store_begin_reading(store, err);
    if (status == NL_OK)
        status = read_streams(store, &reading, err);
    if (status == NL_OK && out->records == 0)
        nl_books_fault(books, "chain", "the ledger is empty");
    if (status == NL_OK)
        status = nl_books_compare(books, store, err);
    if (status == NL_OK) {
        out->entries = (int64_t)books->tree.size;
        nl_merkle_head(&books->tree, books->hasher, out->head);
        status = out->findings.failed ? nl_error_nomem(err) : NL_OK;
    }
    nl_store_rollback(store);
    close_books(books);
    return status;
}
