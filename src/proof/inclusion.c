#include "newsletter/proof/inclusion.h"

#include "newsletter/proof/checkpoint.h"
#include "newsletter/store/checkpoint.h"
#include "proof/consent_entry.h"
#include "proof/tree_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CANDIDATES = 64 }; /* the newest entries about a subscription that are looked at */

struct making {
    struct nl_store *store;
    struct nl_hasher *hasher;
    struct nl_checkpoint checkpoint;
    const struct nl_consent_claim *claim;
    struct nl_inclusion *out;
    int64_t person;
    struct nl_tree_walk rest; /* the leaves after the last part */
    struct nl_buf heads;      /* of all parts, and of the rest where there is one */
    struct nl_buf leaves;     /* their numbers, int64_t */
    struct nl_included candidates[CANDIDATES];
    size_t count;
};

/* ---- entries of the subscription ---- */

struct rest {
    struct making *making;
    struct nl_merkle tree;
};

static enum nl_status visit_rest(const struct nl_tree_leaf *leaf, void *ctx, bool *stop,
                                 struct nl_error *err) {
    (void)err;
    struct rest *rest = ctx;
    struct making *making = rest->making;
    unsigned char digest[NL_DIGEST_LEN];
    struct nl_ledger_place place;
    *stop = false;
    nl_merkle_leaf(making->hasher, leaf->entry->data, leaf->entry->len, digest);
    nl_merkle_add(&rest->tree, making->hasher, digest);
    for (size_t at = 0; nl_tree_place(leaf->entry, &at, &place);) {
        bool ours = place.first == -making->person || (place.first <= making->out->subscription &&
                                                       making->out->subscription <= place.last);
        int64_t number = (int64_t)leaf->number;
        if (!ours)
            continue;
        nl_buf_add(&making->leaves, &number, sizeof number);
        break;
    }
    return NL_OK;
}

/* The numbers of the leaves, and the heads that paths are made of. */
static enum nl_status find_leaves(struct making *making, struct nl_error *err) {
    struct rest rest = {.making = making};
    int64_t last = making->checkpoint.last;
    unsigned char head[NL_DIGEST_LEN];
    enum nl_status status = nl_tree_keep_parts(making->store, making->hasher, last, err);
    if (status == NL_OK)
        status = nl_ledger_part_heads(making->store, &making->heads, err);
    if (status == NL_OK)
        status = nl_ledger_places_of(making->store, making->out->subscription, making->person,
                                     &making->leaves, err);
    if (status == NL_OK)
        status = nl_tree_rest(making->store, last, &making->rest, err);
    struct nl_tree_walk walk = making->rest;
    walk.each = visit_rest;
    walk.ctx = &rest;
    if (status == NL_OK)
        status = nl_tree_walk(making->store, &walk, err);
    if (status == NL_OK && rest.tree.size > 0) {
        nl_merkle_head(&rest.tree, making->hasher, head);
        nl_buf_add(&making->heads, head, sizeof head);
    }
    return status;
}

/* ---- one entry with its path ---- */

struct loading {
    const struct making *making;
    struct nl_included *item;
    struct nl_buf hashes;
};

static enum nl_status load_leaf(const struct nl_tree_leaf *leaf, void *ctx, bool *stop,
                                struct nl_error *err) {
    (void)err;
    struct loading *loading = ctx;
    unsigned char digest[NL_DIGEST_LEN];
    nl_merkle_leaf(loading->making->hasher, leaf->entry->data, leaf->entry->len, digest);
    nl_buf_add(&loading->hashes, digest, sizeof digest);
    if (leaf->number == loading->item->leaf)
        nl_buf_add(&loading->item->entry, leaf->entry->data, leaf->entry->len);
    *stop = loading->hashes.len == (size_t)NL_LEDGER_PART * NL_DIGEST_LEN;
    return NL_OK;
}

/* Within the part, then from its head up. */
static void add_path(struct loading *loading) {
    const struct making *making = loading->making;
    struct nl_included *item = loading->item;
    size_t count = loading->hashes.len / NL_DIGEST_LEN;
    size_t parts = making->heads.len / NL_DIGEST_LEN;
    uint64_t part = item->leaf / NL_LEDGER_PART;
    if (item->leaf % NL_LEDGER_PART >= count || part >= parts)
        return; /* the path does not hold, and is not handed out */
    nl_merkle_include(making->hasher, (const unsigned char *)loading->hashes.data,
                      item->leaf % NL_LEDGER_PART, count, &item->path);
    nl_merkle_include(making->hasher, (const unsigned char *)making->heads.data, part, parts,
                      &item->path);
}

static enum nl_status load(struct making *making, uint64_t leaf, struct nl_included *item,
                           struct nl_error *err) {
    struct loading loading = {.making = making, .item = item};
    struct nl_tree_walk walk = making->rest;
    struct nl_ledger_part part = {0};
    bool found = true;
    enum nl_status status = NL_OK;
    item->leaf = leaf;
    if (leaf < making->rest.first) {
        status = nl_ledger_part_find(making->store, (int64_t)(leaf / NL_LEDGER_PART), &part, &found,
                                     err);
        walk.first = (uint64_t)part.number * NL_LEDGER_PART;
        walk.record = part.record;
        walk.skip = part.skip;
    }
    walk.each = load_leaf;
    walk.ctx = &loading;
    if (status == NL_OK && found)
        status = nl_tree_walk(making->store, &walk, err);
    if (status == NL_OK)
        add_path(&loading);
    nl_buf_free(&loading.hashes);
    return status;
}

/* ---- choosing ---- */

static unsigned look_at(const struct making *making, const struct nl_included *item,
                        bool *is_of_subscription, bool *against) {
    struct nl_cbor reader = {.at = (const unsigned char *)nl_buf_text(&item->entry),
                             .left = item->entry.len};
    struct nl_entry entry;
    *against = !nl_entry_take(&reader, &entry) ||
               (entry.kind == NL_LEDGER_EVENT && nl_entry_number(&entry, 6) != making->person);
    if (*against)
        return 0;
    *is_of_subscription =
        entry.kind == NL_LEDGER_IMPORTED || nl_entry_number(&entry, 5) == making->out->subscription;
    return nl_consent_entry_proves(&entry, making->out, making->claim, against);
}

/* The last entry of all, and the last ones that prove each thing. */
static void choose(struct making *making) {
    unsigned wanted = NL_PROVED_ADDRESS | NL_PROVED_CONSENT | NL_PROVED_REQUESTED |
                      NL_PROVED_CONFIRMED | NL_PROVED_STATE;
    bool keep[CANDIDATES] = {false};
    size_t kept = 0;
    for (size_t i = making->count; i > 0 && kept < NL_INCLUDED_MOST; i--) {
        bool of_subscription = false;
        bool against = false;
        unsigned proves = look_at(making, &making->candidates[i - 1], &of_subscription, &against);
        bool newest = of_subscription && (wanted & NL_PROVED_STATE) != 0;
        if (newest)
            wanted &= ~(unsigned)NL_PROVED_STATE;
        keep[i - 1] = newest || (!against && (proves & wanted & ~(unsigned)NL_PROVED_STATE) != 0);
        kept += keep[i - 1];
        wanted &= keep[i - 1] ? ~proves : ~0u;
    }
    for (size_t i = 0; i < making->count; i++) {
        if (!keep[i])
            continue;
        making->out->items[making->out->count++] = making->candidates[i];
        making->candidates[i] = (struct nl_included){0};
    }
}

static enum nl_status gather(struct making *making, struct nl_error *err) {
    const int64_t *leaves = (const void *)making->leaves.data;
    size_t total = making->leaves.len / sizeof *leaves;
    size_t first = total > CANDIDATES ? total - CANDIDATES : 0;
    enum nl_status status = NL_OK;
    for (size_t i = first; status == NL_OK && i < total; i++)
        status = load(making, (uint64_t)leaves[i], &making->candidates[making->count++], err);
    return status;
}

/* From the newest checkpoint; nothing where there is none. */
static enum nl_status make(struct nl_store *store, int64_t subscription, int64_t person,
                           const struct nl_consent_claim *claim, struct nl_inclusion *out,
                           struct nl_error *err) {
    struct making making = {
        .store = store, .hasher = nl_hasher_new(), .claim = claim, .out = out, .person = person};
    out->subscription = subscription;
    enum nl_status status = making.hasher != NULL ? NL_OK : nl_error_nomem(err);
    if (status == NL_OK)
        status = nl_checkpoint_newest(store, &making.checkpoint, err);
    bool any = status == NL_OK && making.checkpoint.note != NULL;
    if (any)
        status = nl_ledger_key_of(store, person, out->key, &out->has_key, err);
    if (any && status == NL_OK)
        status = find_leaves(&making, err);
    if (any && status == NL_OK)
        status = gather(&making, err);
    if (any && status == NL_OK)
        choose(&making);
    if (any && status == NL_OK) {
        out->checkpoint = making.checkpoint.note;
        making.checkpoint.note = NULL;
    }
    for (size_t i = 0; i < making.count; i++) {
        nl_buf_free(&making.candidates[i].entry);
        nl_buf_free(&making.candidates[i].path);
    }
    free(making.checkpoint.note);
    nl_buf_free(&making.heads);
    nl_buf_free(&making.leaves);
    nl_hasher_free(making.hasher);
    return status;
}

/* Whether the proof is one; if not, nothing is left of it. */
static bool holds(const struct nl_config *config, const struct nl_consent_claim *claim,
                  struct nl_inclusion *out) {
    struct nl_error why = {0};
    struct nl_key_ring ring = {0};
    unsigned proved = 0;
    uint64_t size = 0;
    bool found = false;
    enum nl_status status =
        nl_key_ring_read_if_any(config->signing.public_keys, &ring, &found, &why);
    if (status == NL_OK && out->checkpoint != NULL)
        status = nl_inclusion_check(out, claim, &ring, &proved, &size, &why);
    bool good = status == NL_OK && out->checkpoint != NULL;
    nl_key_ring_free(&ring);
    nl_error_free(&why);
    if (!good)
        nl_inclusion_free(out);
    return good;
}

enum nl_status nl_inclusion_make(struct nl_store *store, const struct nl_config *config,
                                 int64_t subscription, int64_t person,
                                 const struct nl_consent_claim *claim, struct nl_inclusion *out,
                                 struct nl_error *err) {
    *out = (struct nl_inclusion){0};
    if (config->signing.key_file == NULL || access(config->signing.key_file, F_OK) != 0)
        return NL_OK;
    enum nl_status status = make(store, subscription, person, claim, out, err);
    if (status != NL_OK || holds(config, claim, out))
        return status;
    /* Something has happened since the newest checkpoint. */
    nl_checkpoint_make(store, config, true);
    status = make(store, subscription, person, claim, out, err);
    if (status == NL_OK)
        holds(config, claim, out);
    return status;
}
