#include "newsletter/proof/audit.h"

#include "newsletter/store/ledger.h"
#include "proof/approvals_held.h"
#include "proof/deliveries.h"
#include "proof/held.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

void nl_audit_free(struct nl_audit *audit) {
    nl_findings_free(&audit->findings);
    nl_buf_free(&audit->proof);
}

/* The digest of the last record of each stream, on which its next one hangs. */
struct reading {
    struct nl_books books;
    struct nl_held held;
    struct nl_numbered streams; /* unsigned char[NL_DIGEST_LEN] by the stream's number and 1 */
};

/* SHA-256 of the digest before, the id as 8 bytes and the body. */
static void digest_of(const struct nl_ledger_record *record, const unsigned char *before,
                      unsigned char out[NL_DIGEST_LEN]) {
    struct nl_buf all = {0};
    uint64_t id = htobe64((uint64_t)record->id);
    nl_buf_add(&all, before, before != NULL ? NL_DIGEST_LEN : 0);
    nl_buf_add(&all, &id, sizeof id);
    nl_buf_add(&all, record->body, record->len);
    nl_digest(nl_buf_text(&all), all.len, out);
    nl_buf_free(&all);
}

static void check_chain(struct reading *reading, const struct nl_ledger_record *record) {
    unsigned char digest[NL_DIGEST_LEN];
    unsigned char *last = nl_numbered_find(&reading->streams, record->stream + 1);
    reading->books.audit->streams += last == NULL;
    digest_of(record, last, digest);
    if (last == NULL)
        last = nl_numbered_put(&reading->streams, record->stream + 1);
    if (record->chain_len != NL_DIGEST_LEN || memcmp(digest, record->chain, NL_DIGEST_LEN) != 0)
        nl_books_fault(&reading->books, "chain",
                       "record %" PRId64 " of the ledger is not what was written after the one "
                       "before it",
                       record->id);
    memcpy(last, record->chain_len == NL_DIGEST_LEN ? record->chain : digest, NL_DIGEST_LEN);
}

static void read_entries(struct reading *reading, const struct nl_ledger_record *record) {
    struct nl_cbor reader = {.at = record->body, .left = record->len};
    while (reader.left > 0) {
        struct nl_entry entry;
        unsigned char leaf[NL_DIGEST_LEN];
        if (!nl_entry_take(&reader, &entry)) {
            nl_books_fault(&reading->books, "chain", "record %" PRId64 " cannot be read",
                           record->id);
            return;
        }
        nl_merkle_leaf(reading->books.hasher, entry.data, entry.len, leaf);
        nl_merkle_add(&reading->books.tree, reading->books.hasher, leaf);
        nl_held_leaf(&reading->held, &reading->books, leaf);
        nl_books_enter(&reading->books, &entry);
        nl_deliveries_enter(&reading->books, &entry, record->stream);
        nl_approvals_enter(&reading->books, &entry);
    }
}

static enum nl_status read_record(const struct nl_ledger_record *record, void *ctx,
                                  struct nl_error *err) {
    struct reading *reading = ctx;
    reading->books.audit->records++;
    (void)err;
    check_chain(reading, record);
    read_entries(reading, record);
    return NL_OK;
}

static void close_books(struct nl_books *books) {
    struct nl_numbered *const tables[] = {
        &books->events,    &books->actions,        &books->subscriptions, &books->people,
        &books->lists,     &books->deliveries,     &books->copies,        &books->issues,
        &books->approvals, &books->approval_words, &books->removed};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        nl_numbered_drop(tables[i]);
    nl_buf_free(&books->changes);
    nl_hasher_free(books->hasher);
}

enum nl_status nl_audit_run(struct nl_store *store, const struct nl_audit_options *options,
                            struct nl_audit *out, struct nl_error *err) {
    struct reading reading = {
        .books = {.audit = out,
                  .hasher = nl_hasher_new(),
                  .events = {.size = sizeof(struct nl_booked_event)},
                  .actions = {.size = sizeof(struct nl_booked_action)},
                  .subscriptions = {.size = sizeof(struct nl_booked_subscription)},
                  .people = {.size = sizeof(struct nl_booked_person)},
                  .lists = {.size = sizeof(char)},
                  .removed = {.size = sizeof(char)},
                  .deliveries = {.size = sizeof(struct nl_booked_delivery)},
                  .copies = {.size = sizeof(int64_t)},
                  .issues = {.size = sizeof(struct nl_booked_issue)},
                  .approvals = {.size = sizeof(struct nl_booked_approval)},
                  .approval_words = {.size = sizeof(struct nl_booked_word)}},
        .streams = {.size = NL_DIGEST_LEN}};
    struct nl_books *books = &reading.books;
    *out = (struct nl_audit){0};
    enum nl_status status = books->hasher == NULL ? nl_error_nomem(err) : NL_OK;
    if (status == NL_OK)
        status = nl_store_begin_reading(store, err);
    if (status == NL_OK)
        status = nl_held_gather(&reading.held, books, store, options, err);
    if (status == NL_OK)
        status = nl_ledger_each(store, 0, INT64_MAX, read_record, &reading, err);
    if (status == NL_OK && out->records == 0)
        nl_books_fault(books, "chain", "the ledger is empty");
    if (status == NL_OK)
        nl_held_end(&reading.held, books);
    if (status == NL_OK)
        status = nl_books_compare(books, store, err);
    if (status == NL_OK) {
        out->entries = (int64_t)books->tree.size;
        nl_merkle_head(&books->tree, books->hasher, out->head);
    }
    nl_store_rollback(store);
    close_books(books);
    nl_numbered_drop(&reading.streams);
    nl_held_free(&reading.held);
    return status;
}
