#include "newsletter/store/ledger_parts.h"

#include "newsletter/db/sql.h"

#include <string.h>

/* ---- reading ---- */

struct finding {
    struct nl_ledger_part *part;
    bool *found;
};

static enum nl_status read_part(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    const struct finding *finding = ctx;
    size_t len = 0;
    const void *head = nl_sql_bytes(row, 3, &len);
    if (len != NL_DIGEST_LEN)
        return nl_error_set(err, NL_IO, "a part of the ledger's tree is damaged");
    *finding->part = (struct nl_ledger_part){
        .number = nl_sql_int(row, 0), .record = nl_sql_int(row, 1), .skip = nl_sql_int(row, 2)};
    memcpy(finding->part->head, head, NL_DIGEST_LEN);
    *finding->found = true;
    return NL_OK;
}

enum nl_status nl_ledger_part_find(struct nl_store *store, int64_t number,
                                   struct nl_ledger_part *out, bool *found, struct nl_error *err) {
    *found = false;
    return nl_sql_each(store, err, read_part, &(struct finding){out, found},
                       "SELECT number, record, skip, head FROM ledger_part WHERE ?1 IN (-1, "
                       "number) ORDER BY number DESC LIMIT 1",
                       NL_VALUES(NL_INT(number)));
}

static enum nl_status add_head(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    struct nl_buf *heads = ctx;
    size_t len = 0;
    const void *head = nl_sql_bytes(row, 1, &len);
    if (len != NL_DIGEST_LEN ||
        nl_sql_int(row, 0) != (int64_t)(heads->len / NL_DIGEST_LEN)) /* one is missing */
        return nl_error_set(err, NL_IO, "the parts of the ledger's tree are damaged");
    nl_buf_add(heads, head, len);
    return NL_OK;
}

enum nl_status nl_ledger_part_heads(struct nl_store *store, struct nl_buf *out,
                                    struct nl_error *err) {
    return nl_sql_each(store, err, add_head, out,
                       "SELECT number, head FROM ledger_part ORDER BY number", NL_NO_VALUES);
}

enum nl_status nl_ledger_places_of(struct nl_store *store, int64_t subscription, int64_t person,
                                   struct nl_buf *out, struct nl_error *err) {
    return nl_sql_each(store, err, nl_sql_add_id, out,
                       "SELECT leaf FROM ledger_place WHERE first = ?1 OR first = -?2 UNION SELECT "
                       "leaf FROM ledger_place WHERE last > first AND first <= ?1 AND last >= ?1 "
                       "ORDER BY 1",
                       NL_VALUES(NL_INT(subscription), NL_INT(person)));
}

struct key {
    unsigned char *bytes;
    bool *found;
};

static enum nl_status read_key(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    const struct key *key = ctx;
    size_t len = 0;
    const void *bytes = nl_sql_bytes(row, 0, &len);
    if (len != NL_LEDGER_KEY)
        return nl_error_set(err, NL_IO, "a key of the ledger is damaged");
    memcpy(key->bytes, bytes, len);
    *key->found = true;
    return NL_OK;
}

enum nl_status nl_ledger_key_of(struct nl_store *store, int64_t person,
                                unsigned char key[NL_LEDGER_KEY], bool *found,
                                struct nl_error *err) {
    *found = false;
    return nl_sql_each(store, err, read_key, &(struct key){key, found},
                       "SELECT key FROM ledger_key WHERE subscriber = ?",
                       NL_VALUES(NL_INT(person)));
}

/* ---- writing ---- */

struct adding {
    const struct nl_buf *parts, *places;
};

static enum nl_status add(struct nl_store *store, void *ctx, struct nl_error *err) {
    const struct adding *adding = ctx;
    const struct nl_ledger_part *parts = (const void *)adding->parts->data;
    const struct nl_ledger_place *places = (const void *)adding->places->data;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < adding->parts->len / sizeof *parts; i++)
        status =
            nl_sql_run(store, err,
                       "INSERT INTO ledger_part (number, record, skip, head) VALUES (?, ?, ?, "
                       "?) ON CONFLICT DO NOTHING",
                       NL_VALUES(NL_INT(parts[i].number), NL_INT(parts[i].record),
                                 NL_INT(parts[i].skip), NL_BYTES(parts[i].head, NL_DIGEST_LEN)));
    for (size_t i = 0; status == NL_OK && i < adding->places->len / sizeof *places; i++)
        status = nl_sql_run(
            store, err,
            "INSERT INTO ledger_place (first, last, leaf) VALUES (?, ?, ?) ON "
            "CONFLICT DO NOTHING",
            NL_VALUES(NL_INT(places[i].first), NL_INT(places[i].last), NL_INT(places[i].leaf)));
    return status;
}

enum nl_status nl_ledger_parts_add(struct nl_store *store, const struct nl_buf *parts,
                                   const struct nl_buf *places, struct nl_error *err) {
    return nl_sql_exclusive(store, add, &(struct adding){parts, places}, err);
}
