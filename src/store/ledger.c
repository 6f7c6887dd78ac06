#include "store/ledger.h"

#include "newsletter/base/cbor.h"

#include <stdlib.h>
#include <string.h>

#define CHAIN_WITH(id)                                                                             \
    "chained(coalesce((SELECT chain FROM ledger WHERE stream = ?1 ORDER BY id DESC LIMIT 1), "     \
    "?3), " id ", ?2)"

/* One statement, so that in a turn of a run it travels with the others. */
#define ADD_ON_A_SERVER                                                                            \
    "INSERT INTO ledger (id, stream, body, chain) SELECT n.id, ?1, ?2, " CHAIN_WITH(               \
        "n.id") " FROM ledger_next AS n"

/* SQLite keeps a journal for a statement that may add several rows, which INSERT ... SELECT is: it
 * costs a copy of each page and memory that comes and goes. VALUES adds one row. */
#define NEXT "(SELECT n.id FROM ledger_next AS n)"
#define ADD_IN_A_FILE                                                                              \
    "INSERT INTO ledger (id, stream, body, chain) VALUES (" NEXT ", ?1, ?2, " CHAIN_WITH(NEXT) ")"

static enum nl_status add_record(struct nl_store *store, const struct nl_buf *entries,
                                 struct nl_error *err) {
    return nl_sql_run(store, err, nl_sql_has_arrays(store) ? ADD_ON_A_SERVER : ADD_IN_A_FILE,
                      NL_VALUES(NL_INT(nl_sql_stream(store)), NL_BYTES(entries->data, entries->len),
                                NL_BYTES("", 0)));
}

struct nl_buf *nl_ledger_open(struct nl_store *store) {
    return nl_sql_gather(store, add_record);
}

enum nl_status nl_ledger_add(struct nl_store *store, const struct nl_buf *entries,
                             struct nl_error *err) {
    struct nl_buf *gathered = nl_ledger_open(store);
    if (gathered == NULL)
        return add_record(store, entries, err);
    nl_buf_add(gathered, nl_buf_text(entries), entries->len);
    return NL_OK;
}

/* Ends the entry that was begun. */
static enum nl_status add_one(struct nl_store *store, struct nl_buf *entry, struct nl_error *err) {
    enum nl_status status = nl_ledger_add(store, entry, err);
    nl_buf_free(entry);
    return status;
}

static void begin(struct nl_buf *out, size_t items, enum nl_ledger_kind kind, int64_t at) {
    nl_cbor_add_array(out, items);
    nl_cbor_add_number(out, kind);
    nl_cbor_add_number(out, at);
}

/* ---- keys ---- */

void nl_ledger_commit(const unsigned char key[NL_LEDGER_KEY], const struct nl_buf *items,
                      unsigned char out[NL_DIGEST_LEN]) {
    nl_hmac(key, NL_LEDGER_KEY, nl_buf_text(items), items->len, out);
}

/* Consents from before there were wordings have three items. */
void nl_ledger_add_consent(struct nl_buf *items, const struct nl_ledger_consent *consent) {
    const char *const *wordings = consent->wordings;
    nl_cbor_add_number(items, consent->at);
    nl_cbor_add_text(items, consent->source);
    nl_cbor_add_text(items, consent->version);
    for (int i = 0; i < 3 && (wordings[0] || wordings[1] || wordings[2]); i++)
        nl_cbor_add_text(items, wordings[i]);
}

struct key {
    unsigned char bytes[NL_LEDGER_KEY];
    bool found;
};

static enum nl_status read_key(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    struct key *key = ctx;
    size_t len = 0;
    const void *bytes = nl_sql_bytes(row, 0, &len);
    if (len != NL_LEDGER_KEY)
        return nl_error_set(err, NL_IO, "a key of the ledger is damaged");
    memcpy(key->bytes, bytes, len);
    key->found = true;
    return NL_OK;
}

static enum nl_status find_key(struct nl_store *store, int64_t subscriber, struct key *key,
                               struct nl_error *err) {
    const struct nl_env *env = nl_store_env(store);
    enum nl_status status =
        nl_sql_each(store, err, read_key, key, "SELECT key FROM ledger_key WHERE subscriber = ?",
                    NL_VALUES(NL_INT(subscriber)));
    if (status != NL_OK || key->found)
        return status;
    for (size_t at = 0; at < NL_LEDGER_KEY; at += 16)
        env->random(env->ctx, key->bytes + at);
    /* Another process may have made it: then that one counts. */
    status = nl_sql_run(store, err,
                        "INSERT INTO ledger_key (subscriber, key) VALUES (?, ?) ON CONFLICT DO "
                        "NOTHING",
                        NL_VALUES(NL_INT(subscriber), NL_BYTES(key->bytes, NL_LEDGER_KEY)));
    return status == NL_OK ? nl_sql_each(store, err, read_key, key,
                                         "SELECT key FROM ledger_key WHERE subscriber = ?",
                                         NL_VALUES(NL_INT(subscriber)))
                           : status;
}

enum nl_status nl_ledger_forget(struct nl_store *store, int64_t subscriber, struct nl_error *err) {
    enum nl_status status = nl_sql_run(store, err, "DELETE FROM ledger_key WHERE subscriber = ?",
                                       NL_VALUES(NL_INT(subscriber)));
    return status == NL_OK ? nl_ledger_removed(store, "person", subscriber, err) : status;
}

static void add_commitment(struct nl_buf *entry, const struct key *key, struct nl_buf *items) {
    unsigned char digest[NL_DIGEST_LEN];
    nl_ledger_commit(key->bytes, items, digest);
    nl_cbor_add_bytes(entry, digest, sizeof digest);
    nl_buf_free(items);
}

enum nl_status nl_ledger_commit_office(struct nl_store *store, struct nl_buf *entry,
                                       struct nl_buf *items, struct nl_error *err) {
    struct key key = {0};
    enum nl_status status = find_key(store, 0, &key, err);
    add_commitment(entry, &key, items);
    return status;
}

/* ---- events ---- */

struct row {
    int64_t at, list, subscriber, issue, message, subscription, consent_at;
    char *kind, *detail, *state, *source, *version, *address, *wordings[3];
};

static void free_row(struct row *row) {
    char *texts[] = {row->kind,        row->detail,      row->state,
                     row->source,      row->version,     row->address,
                     row->wordings[0], row->wordings[1], row->wordings[2]};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
}

/* Three commitments, so that each can be shown without the others: the detail; the consent; the
 * address. A row without a person has the first only. */
static void add_commitments(struct nl_buf *entry, const struct key *key, const struct row *row) {
    struct nl_buf items = {0};
    if (row->detail == NULL) {
        nl_cbor_add_null(entry);
    } else {
        nl_cbor_add_text(&items, row->detail);
        add_commitment(entry, key, &items);
    }
    if (row->subscription == 0) {
        nl_cbor_add_null(entry);
    } else {
        const struct nl_ledger_consent consent = {
            row->consent_at,
            row->source,
            row->version,
            {row->wordings[0], row->wordings[1], row->wordings[2]}};
        nl_ledger_add_consent(&items, &consent);
        add_commitment(entry, key, &items);
    }
    if (row->address == NULL) {
        nl_cbor_add_null(entry);
    } else {
        nl_cbor_add_text(&items, row->address);
        add_commitment(entry, key, &items);
    }
}

static void add_event(struct nl_buf *entry, int64_t id, const struct row *row) {
    const int64_t ids[] = {row->list, row->subscription, row->subscriber, row->issue, row->message};
    begin(entry, 13, NL_LEDGER_EVENT, row->at);
    nl_cbor_add_number(entry, id);
    nl_cbor_add_text(entry, row->kind);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        nl_cbor_add_number(entry, ids[i]);
    nl_cbor_add_text(entry, row->state);
}

enum nl_status nl_ledger_event(struct nl_store *store, int64_t event, struct nl_error *err) {
    struct nl_buf entry = {0};
    struct row row = {0};
    struct key key = {0};
    enum nl_status status = nl_sql_first(
        store, err, NULL,
        "SELECT e.at, coalesce(e.list, 0), coalesce(e.subscriber, 0), coalesce(e.issue, 0), "
        "coalesce(e.message, 0), coalesce(s.id, 0), coalesce(s.consent_at, 0), e.kind, e.detail, "
        "s.state, s.consent_source, s.consent_version, r.address_key, f.digest, m.digest, p.digest "
        "FROM event e LEFT JOIN "
        "subscription s ON s.list = e.list AND s.subscriber = e.subscriber LEFT JOIN subscriber r "
        "ON r.id = e.subscriber AND r.address_key LIKE '%@%' LEFT JOIN wording f ON f.id = "
        "s.form_wording LEFT JOIN wording m ON m.id = s.mail_wording LEFT JOIN wording p ON p.id = "
        "s.page_wording WHERE e.id = ?",
        NL_VALUES(NL_INT(event)),
        NL_COLUMNS(NL_INTO(&row.at), NL_INTO(&row.list), NL_INTO(&row.subscriber),
                   NL_INTO(&row.issue), NL_INTO(&row.message), NL_INTO(&row.subscription),
                   NL_INTO(&row.consent_at), NL_INTO(&row.kind), NL_INTO(&row.detail),
                   NL_INTO(&row.state), NL_INTO(&row.source), NL_INTO(&row.version),
                   NL_INTO(&row.address), NL_INTO(&row.wordings[0]), NL_INTO(&row.wordings[1]),
                   NL_INTO(&row.wordings[2])));
    /* A person who was erased gets no key any more. */
    if (status == NL_OK && (row.address != NULL || row.subscriber == 0))
        status = find_key(store, row.address != NULL ? row.subscriber : 0, &key, err);
    if (status == NL_OK) {
        add_event(&entry, event, &row);
        if (key.found) {
            add_commitments(&entry, &key, &row);
        } else {
            for (int i = 0; i < 3; i++)
                nl_cbor_add_null(&entry);
        }
    }
    free_row(&row);
    if (status == NL_OK)
        return add_one(store, &entry, err);
    nl_buf_free(&entry);
    return status;
}

enum nl_status nl_ledger_events(struct nl_store *store, const struct nl_buf *ids,
                                struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < nl_ids_count(ids); i++)
        status = nl_ledger_event(store, nl_ids_at(ids, i), err);
    return status;
}

/* ---- actions of staff ---- */

struct action {
    const struct key *key;
    struct nl_buf *entry;
    int64_t id;
};

/* The door and the action are not personal data; names, addresses and titles may be. */
static enum nl_status add_action(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    const struct action *call = ctx;
    struct nl_buf items = {0};
    (void)err;
    begin(call->entry, 6, NL_LEDGER_ACTION, nl_sql_int(row, 0));
    nl_cbor_add_number(call->entry, call->id);
    nl_cbor_add_text(call->entry, nl_sql_text(row, 1));
    nl_cbor_add_text(call->entry, nl_sql_text(row, 2));
    for (int column = 3; column < 7; column++)
        nl_cbor_add_text(&items, nl_sql_text(row, column));
    add_commitment(call->entry, call->key, &items);
    return NL_OK;
}

enum nl_status nl_ledger_action(struct nl_store *store, int64_t action, struct nl_error *err) {
    struct nl_buf entry = {0};
    struct key key = {0};
    struct action call = {&key, &entry, action};
    enum nl_status status = find_key(store, 0, &key, err);
    if (status == NL_OK)
        status = nl_sql_each(store, err, add_action, &call,
                             "SELECT at, door, action, actor, client, object, detail FROM audit "
                             "WHERE id = ?",
                             NL_VALUES(NL_INT(action)));
    if (status == NL_OK)
        return add_one(store, &entry, err);
    nl_buf_free(&entry);
    return status;
}

/* ---- what is gone ---- */

enum nl_status nl_ledger_removed(struct nl_store *store, const char *table, int64_t id,
                                 struct nl_error *err) {
    struct nl_buf entry = {0};
    begin(&entry, 4, NL_LEDGER_REMOVED, nl_store_now(store));
    nl_cbor_add_text(&entry, table);
    nl_cbor_add_number(&entry, id);
    return add_one(store, &entry, err);
}

enum nl_status nl_ledger_pruned(struct nl_store *store, int64_t before, struct nl_error *err) {
    struct nl_buf entry = {0};
    begin(&entry, 3, NL_LEDGER_PRUNED, nl_store_now(store));
    nl_cbor_add_number(&entry, before);
    return add_one(store, &entry, err);
}
