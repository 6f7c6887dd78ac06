/* Entries about much at once: what an import has added, and the editions of an issue. */
#include "newsletter/base/cbor.h"
#include "store/ledger.h"

#include <stdlib.h>
#include <string.h>

/* ---- imports ---- */

/* Subscriptions with ids that follow each other, on one list and in one state. */
struct span {
    int64_t list, first, last;
    char state[16];
};

struct spans {
    struct span span;
    struct nl_buf encoded;
    size_t count;
};

static void end_span(struct spans *spans) {
    const struct span *span = &spans->span;
    if (span->first == 0)
        return;
    nl_cbor_add_array(&spans->encoded, 4);
    nl_cbor_add_number(&spans->encoded, span->list);
    nl_cbor_add_text(&spans->encoded, span->state);
    nl_cbor_add_number(&spans->encoded, span->first);
    nl_cbor_add_number(&spans->encoded, span->last);
    spans->count++;
}

static enum nl_status add_subscription(const struct nl_sql_row *row, void *ctx,
                                       struct nl_error *err) {
    struct spans *spans = ctx;
    struct span next = {0};
    enum nl_status status = nl_sql_read(row,
                                        NL_COLUMNS(NL_INTO(&next.first), NL_INTO(&next.list),
                                                   NL_INTO_FIXED(next.state, sizeof next.state)),
                                        err);
    if (status != NL_OK)
        return status;
    next.last = next.first;
    struct span *span = &spans->span;
    if (next.first == span->last + 1 && next.list == span->list &&
        strcmp(next.state, span->state) == 0) {
        span->last = next.last;
        return NL_OK;
    }
    end_span(spans);
    *span = next;
    return NL_OK;
}

/* The words of the source are the office's, but may name people, so that their digest stands here.
 */
static enum nl_status add_standing(struct nl_store *store, const char *source, const char *sql,
                                   int64_t id, struct nl_error *err) {
    struct spans spans = {.count = 0};
    struct nl_buf entry = {0};
    unsigned char digest[NL_DIGEST_LEN];
    enum nl_status status =
        nl_sql_each(store, err, add_subscription, &spans, sql, NL_VALUES(NL_INT(id)));
    end_span(&spans);
    if (status == NL_OK && spans.count > 0) {
        nl_cbor_add_array(&entry, 4);
        nl_cbor_add_number(&entry, NL_LEDGER_IMPORTED);
        nl_cbor_add_number(&entry, nl_store_now(store));
        nl_digest(source, source != NULL ? strlen(source) : 0, digest);
        nl_cbor_add_bytes(&entry, source != NULL ? digest : NULL, sizeof digest);
        nl_cbor_add_array(&entry, spans.count);
        nl_buf_add(&entry, nl_buf_text(&spans.encoded), spans.encoded.len);
        entry.failed = entry.failed || spans.encoded.failed;
        status = nl_ledger_add(store, &entry, err);
    }
    nl_buf_free(&entry);
    nl_buf_free(&spans.encoded);
    return status;
}

enum nl_status nl_ledger_imported(struct nl_store *store, const char *source, int64_t low,
                                  struct nl_error *err) {
    return add_standing(store, source,
                        "SELECT id, list, state FROM subscription WHERE id > ? ORDER BY id", low,
                        err);
}

enum nl_status nl_ledger_standing(struct nl_store *store, const char *source, int64_t subscription,
                                  struct nl_error *err) {
    return add_standing(store, source, "SELECT id, list, state FROM subscription WHERE id = ?",
                        subscription, err);
}

enum nl_status nl_ledger_standings(struct nl_store *store, int64_t subscriber,
                                   struct nl_error *err) {
    return add_standing(store, NULL,
                        "SELECT id, list, state FROM subscription WHERE subscriber = ? ORDER BY id",
                        subscriber, err);
}

/* ---- issues ---- */

struct editions {
    struct nl_buf encoded;
    size_t count;
};

static void add_digest(struct nl_buf *out, const struct nl_sql_row *row, int column) {
    unsigned char digest[NL_DIGEST_LEN];
    size_t len = 0;
    const void *data = nl_sql_bytes(row, column, &len);
    nl_digest(data, len, digest);
    nl_cbor_add_bytes(out, nl_sql_is_null(row, column) ? NULL : digest, sizeof digest);
}

/* The digests are those of the message with its slots, and of the one with the second subject, if
 * there is one. */
static enum nl_status add_edition(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    struct editions *editions = ctx;
    (void)err;
    nl_cbor_add_array(&editions->encoded, 3);
    nl_cbor_add_text(&editions->encoded, nl_sql_text(row, 0));
    add_digest(&editions->encoded, row, 1);
    add_digest(&editions->encoded, row, 2);
    editions->count++;
    return NL_OK;
}

enum nl_status nl_ledger_issue(struct nl_store *store, int64_t issue, struct nl_error *err) {
    struct editions editions = {.count = 0};
    struct nl_buf entry = {0};
    enum nl_status status =
        nl_sql_each(store, err, add_edition, &editions,
                    "SELECT language, message, alternative, 0 AS place FROM issue WHERE id = ?1 "
                    "UNION ALL SELECT language, message, alternative, id FROM edition WHERE issue "
                    "= ?1 ORDER BY place",
                    NL_VALUES(NL_INT(issue)));
    if (status == NL_OK) {
        nl_cbor_add_array(&entry, 4);
        nl_cbor_add_number(&entry, NL_LEDGER_ISSUE);
        nl_cbor_add_number(&entry, nl_store_now(store));
        nl_cbor_add_number(&entry, issue);
        nl_cbor_add_array(&entry, editions.count);
        nl_buf_add(&entry, nl_buf_text(&editions.encoded), editions.encoded.len);
        entry.failed = entry.failed || editions.encoded.failed;
        status = nl_ledger_add(store, &entry, err);
    }
    nl_buf_free(&entry);
    nl_buf_free(&editions.encoded);
    return status;
}
