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
struct states_entry {
    enum nl_ledger_kind kind;
    const char *source;
    int64_t suppressed; /* NL_LEDGER_SUPPRESSED */
};

static void add_source(struct nl_buf *entry, const struct states_entry *about) {
    unsigned char digest[NL_DIGEST_LEN];
    const char *source = about->source;
    if (about->kind == NL_LEDGER_SUPPRESSED) {
        nl_cbor_add_number(entry, about->suppressed);
        return;
    }
    nl_digest(source, source != NULL ? strlen(source) : 0, digest);
    nl_cbor_add_bytes(entry, source != NULL ? digest : NULL, sizeof digest);
}

static enum nl_status add_states(struct nl_store *store, const struct states_entry *about,
                                 const char *sql, const struct nl_value *values,
                                 struct nl_error *err) {
    struct spans spans = {.count = 0};
    struct nl_buf entry = {0};
    enum nl_status status = nl_sql_each(store, err, add_subscription, &spans, sql, values);
    end_span(&spans);
    if (status == NL_OK && (spans.count > 0 || about->kind == NL_LEDGER_SUPPRESSED)) {
        nl_cbor_add_array(&entry, 4);
        nl_cbor_add_number(&entry, about->kind);
        nl_cbor_add_number(&entry, nl_store_now(store));
        add_source(&entry, about);
        nl_cbor_add_array(&entry, spans.count);
        nl_buf_add(&entry, nl_buf_text(&spans.encoded), spans.encoded.len);
        status = nl_ledger_add(store, &entry, err);
    }
    nl_buf_free(&entry);
    nl_buf_free(&spans.encoded);
    return status;
}

#define STATES "SELECT id, list, state FROM subscription WHERE "

enum nl_status nl_ledger_imported(struct nl_store *store, const char *source, int64_t low,
                                  struct nl_error *err) {
    const struct states_entry about = {NL_LEDGER_IMPORTED, source, 0};
    return add_states(store, &about, STATES "id > ? ORDER BY id", NL_VALUES(NL_INT(low)), err);
}

enum nl_status nl_ledger_state(struct nl_store *store, const char *source, int64_t subscription,
                               struct nl_error *err) {
    const struct states_entry about = {NL_LEDGER_IMPORTED, source, 0};
    return add_states(store, &about, STATES "id = ?", NL_VALUES(NL_INT(subscription)), err);
}

enum nl_status nl_ledger_states(struct nl_store *store, int64_t subscriber, struct nl_error *err) {
    const struct states_entry about = {NL_LEDGER_IMPORTED, NULL, 0};
    return add_states(store, &about, STATES "subscriber = ? ORDER BY id",
                      NL_VALUES(NL_INT(subscriber)), err);
}

/* The entry names the subscriptions that there are. Later ones of that address are never active. */
enum nl_status nl_ledger_suppressed(struct nl_store *store, const char *address_key,
                                    bool suppressed, struct nl_error *err) {
    const struct states_entry about = {NL_LEDGER_SUPPRESSED, NULL, suppressed};
    return add_states(store, &about,
                      STATES "subscriber = (SELECT id FROM subscriber WHERE address_key = ?) "
                             "ORDER BY id",
                      NL_VALUES(NL_STRING(address_key)), err);
}

/* ---- issues ---- */

struct editions {
    struct nl_buf *encoded;
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
    nl_cbor_add_array(editions->encoded, 3);
    nl_cbor_add_text(editions->encoded, nl_sql_text(row, 0));
    add_digest(editions->encoded, row, 1);
    add_digest(editions->encoded, row, 2);
    editions->count++;
    return NL_OK;
}

enum nl_status nl_ledger_editions(struct nl_store *store, int64_t issue, struct nl_buf *out,
                                  size_t *count, struct nl_error *err) {
    struct editions editions = {.encoded = out};
    enum nl_status status =
        nl_sql_each(store, err, add_edition, &editions,
                    "SELECT language, message, alternative, 0 AS place FROM issue WHERE id = ?1 "
                    "UNION ALL SELECT language, message, alternative, id FROM edition WHERE issue "
                    "= ?1 ORDER BY place",
                    NL_VALUES(NL_INT(issue)));
    *count = editions.count;
    return status;
}

enum nl_status nl_ledger_issue(struct nl_store *store, int64_t issue, int64_t list,
                               struct nl_error *err) {
    struct nl_buf encoded = {0};
    struct nl_buf entry = {0};
    size_t count = 0;
    enum nl_status status = nl_ledger_editions(store, issue, &encoded, &count, err);
    if (status == NL_OK) {
        nl_cbor_add_array(&entry, 5);
        nl_cbor_add_number(&entry, NL_LEDGER_ISSUE);
        nl_cbor_add_number(&entry, nl_store_now(store));
        nl_cbor_add_number(&entry, issue);
        nl_cbor_add_number(&entry, list);
        nl_cbor_add_array(&entry, count);
        nl_buf_add(&entry, nl_buf_text(&encoded), encoded.len);
        status = nl_ledger_add(store, &entry, err);
    }
    nl_buf_free(&entry);
    nl_buf_free(&encoded);
    return status;
}
