#include "proof/tree_parts.h"

#include <string.h>

enum {
    RECORDS = 256, /* that are read at once: a walk to one part ends soon after it */
    AT_ONCE = 100, /* parts in one transaction */
};

/* ---- walking ---- */

struct walking {
    const struct nl_tree_walk *walk;
    uint64_t number;
    int64_t skip; /* entries of the first record that are passed over */
    bool stop;
};

static enum nl_status visit_record(const struct nl_ledger_record *record, void *ctx,
                                   struct nl_error *err) {
    struct walking *walking = ctx;
    const struct nl_tree_walk *walk = walking->walk;
    struct nl_cbor reader = {.at = record->body, .left = record->len};
    int64_t place = 0;
    enum nl_status status = NL_OK;
    while (status == NL_OK && reader.left > 0 && !walking->stop) {
        struct nl_entry entry;
        if (!nl_entry_take(&reader, &entry))
            return nl_error_set(err, NL_DATA,
                                "record %lld of the ledger cannot be read: see 'newsletter audit'",
                                (long long)record->id);
        const struct nl_tree_leaf leaf = {walking->number, &entry, record->id, place++};
        if (walking->skip > 0) {
            walking->skip--;
            continue;
        }
        walking->number++;
        status = walk->each(&leaf, walk->ctx, &walking->stop, err);
    }
    return status;
}

/* Some records at a time: `each` may write between them, and the walk may end early. */
enum nl_status nl_tree_walk(struct nl_store *store, const struct nl_tree_walk *walk,
                            struct nl_error *err) {
    struct walking walking = {.walk = walk, .number = walk->first, .skip = walk->skip};
    enum nl_status status = NL_OK;
    int64_t after = walk->record > 0 ? walk->record - 1 : 0;
    while (status == NL_OK && !walking.stop && after < walk->last) {
        int64_t to = walk->last - after > RECORDS ? after + RECORDS : walk->last;
        status = nl_ledger_each(store, after, to, visit_record, &walking, err);
        after = to;
    }
    return status;
}

/* ---- places ---- */

bool nl_tree_place(const struct nl_entry *entry, size_t *at, struct nl_ledger_place *out) {
    size_t turn = (*at)++;
    int64_t subscription = nl_entry_number(entry, 5);
    int64_t person = nl_entry_number(entry, 6);
    struct nl_cbor reader = entry->inside;
    if (entry->kind == NL_LEDGER_EVENT && turn < 2) {
        bool moved = nl_entry_is(entry, 3, "address-changed") && person != 0;
        out->first = out->last = turn == 0 ? subscription : -person;
        if (turn == 0 && subscription == 0)
            return moved ? nl_tree_place(entry, at, out) : false;
        return turn == 0 || moved;
    }
    if (entry->kind != NL_LEDGER_IMPORTED || turn >= entry->inner)
        return false;
    struct nl_cbor_item item[5]; /* the array, and what is in it */
    for (size_t i = 0; i <= turn; i++)
        for (size_t j = 0; j < 5; j++)
            if (!nl_cbor_take(&reader, &item[j]) || (j == 0 && item[0].len != 4))
                return false;
    out->first = item[3].number;
    out->last = item[4].number;
    return true;
}

/* ---- parts ---- */

struct keeping {
    struct nl_hasher *hasher;
    struct nl_merkle tree; /* of the part */
    struct nl_ledger_part part;
    struct nl_buf parts, places;
    struct nl_buf of_part; /* places of leaves of the part, which count when it is full */
};

static enum nl_status keep_leaf(const struct nl_tree_leaf *leaf, void *ctx, bool *stop,
                                struct nl_error *err) {
    (void)err;
    struct keeping *keeping = ctx;
    unsigned char digest[NL_DIGEST_LEN];
    struct nl_ledger_place place = {.leaf = (int64_t)leaf->number};
    if (keeping->tree.size == 0)
        keeping->part = (struct nl_ledger_part){.number = (int64_t)(leaf->number / NL_LEDGER_PART),
                                                .record = leaf->record,
                                                .skip = leaf->skip};
    for (size_t at = 0; nl_tree_place(leaf->entry, &at, &place);)
        nl_buf_add(&keeping->of_part, &place, sizeof place);
    nl_merkle_leaf(keeping->hasher, leaf->entry->data, leaf->entry->len, digest);
    nl_merkle_add(&keeping->tree, keeping->hasher, digest);
    if (keeping->tree.size == NL_LEDGER_PART) {
        nl_merkle_head(&keeping->tree, keeping->hasher, keeping->part.head);
        nl_buf_add(&keeping->parts, &keeping->part, sizeof keeping->part);
        nl_buf_add(&keeping->places, nl_buf_text(&keeping->of_part), keeping->of_part.len);
        nl_buf_clear(&keeping->of_part);
        keeping->tree = (struct nl_merkle){0};
        *stop = keeping->parts.len / sizeof keeping->part >= AT_ONCE;
    }
    return NL_OK;
}

struct passing {
    uint64_t left;
    struct nl_tree_walk *out;
};

static enum nl_status pass_leaf(const struct nl_tree_leaf *leaf, void *ctx, bool *stop,
                                struct nl_error *err) {
    struct passing *passing = ctx;
    (void)err;
    *stop = --passing->left == 0;
    passing->out->first = leaf->number + 1;
    passing->out->record = leaf->record;
    passing->out->skip = leaf->skip + 1;
    return NL_OK;
}

enum nl_status nl_tree_rest(struct nl_store *store, int64_t last, struct nl_tree_walk *out,
                            struct nl_error *err) {
    struct nl_ledger_part part = {0};
    bool found = false;
    struct passing passing = {NL_LEDGER_PART, out};
    *out = (struct nl_tree_walk){.record = 1, .last = last};
    enum nl_status status = nl_ledger_part_find(store, -1, &part, &found, err);
    if (status != NL_OK || !found)
        return status;
    const struct nl_tree_walk walk = {
        (uint64_t)part.number * NL_LEDGER_PART, part.record, part.skip, last, pass_leaf, &passing};
    return nl_tree_walk(store, &walk, err);
}

/* In short transactions: the first time there may be years of it. */
enum nl_status nl_tree_keep_parts(struct nl_store *store, struct nl_hasher *hasher, int64_t last,
                                  struct nl_error *err) {
    struct keeping keeping = {.hasher = hasher};
    enum nl_status status = NL_OK;
    bool more = true;
    while (status == NL_OK && more) {
        struct nl_tree_walk walk = {0};
        keeping.tree = (struct nl_merkle){0};
        nl_buf_clear(&keeping.parts);
        nl_buf_clear(&keeping.places);
        nl_buf_clear(&keeping.of_part);
        status = nl_tree_rest(store, last, &walk, err);
        walk.each = keep_leaf;
        walk.ctx = &keeping;
        if (status == NL_OK)
            status = nl_tree_walk(store, &walk, err);
        more = keeping.parts.len > 0;
        if (status == NL_OK && more)
            status = nl_ledger_parts_add(store, &keeping.parts, &keeping.places, err);
    }
    nl_buf_free(&keeping.parts);
    nl_buf_free(&keeping.places);
    nl_buf_free(&keeping.of_part);
    return status;
}
