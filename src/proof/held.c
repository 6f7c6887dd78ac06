#include "proof/held.h"

#include "newsletter/base/key_ring.h"
#include "newsletter/proof/checkpoint.h"
#include "newsletter/proof/inclusion.h"
#include "newsletter/store/checkpoint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct nl_held_head {
    uint64_t size;
    int64_t id; /* its event; 0: somebody kept it */
    unsigned char head[NL_DIGEST_LEN];
};

void nl_held_free(struct nl_held *held) {
    nl_buf_free(&held->heads);
    nl_buf_free(&held->leaves);
}

/* ---- reading ---- */

struct gathering {
    struct nl_held *held;
    struct nl_books *books;
    const struct nl_key_ring *ring;
};

static bool gather(const struct gathering *gathering, int64_t id, const char *note) {
    struct nl_held_head head = {.id = id};
    if (!nl_checkpoint_parse(note, &head.size, head.head) || head.size == 0)
        return false;
    nl_buf_add(&gathering->held->heads, &head, sizeof head);
    return gathering->ring->count == 0 || nl_checkpoint_is_signed(gathering->ring, note);
}

static enum nl_status visit(int64_t id, const char *note, void *ctx, struct nl_error *err) {
    const struct gathering *gathering = ctx;
    (void)err;
    if (!gather(gathering, id, note))
        nl_books_fault(gathering->books, "checkpoint",
                       "the checkpoint of event %" PRId64 " was not signed by the office", id);
    return NL_OK;
}

static enum nl_status gather_given(const struct gathering *gathering, const char *note,
                                   struct nl_error *err) {
    struct nl_audit *audit = gathering->books->audit;
    unsigned char head[NL_DIGEST_LEN];
    uint64_t size = 0;
    if (gathering->ring->count == 0)
        return nl_error_set(err, NL_CONFIG,
                            "a checkpoint is checked by the office's public keys: name them in the "
                            "configuration (signing)");
    if (!nl_checkpoint_parse(note, &size, head) || size == 0)
        return nl_error_set(err, NL_DATA, "the file holds no checkpoint");
    audit->given = (int64_t)size;
    gathering->held->proves = true;
    if (!gather(gathering, 0, note))
        nl_books_fault(gathering->books, "checkpoint",
                       "the checkpoint was not signed by the office");
    return NL_OK;
}

static int compare_heads(const void *a, const void *b) {
    const struct nl_held_head *one = a;
    const struct nl_held_head *two = b;
    return (one->size > two->size) - (one->size < two->size);
}

enum nl_status nl_held_gather(struct nl_held *held, struct nl_books *books, struct nl_store *store,
                              const struct nl_audit_options *options, struct nl_error *err) {
    struct nl_key_ring ring = {0};
    struct gathering gathering = {held, books, &ring};
    bool found = false;
    enum nl_status status =
        nl_key_ring_read_if_any(options->config->signing.public_keys, &ring, &found, err);
    if (status == NL_OK)
        status = nl_checkpoints_each(store, visit, &gathering, err);
    if (status == NL_OK && options->checkpoint != NULL)
        status = gather_given(&gathering, options->checkpoint, err);
    nl_key_ring_free(&ring);
    if (status == NL_OK && held->heads.failed)
        status = nl_error_nomem(err);
    if (status == NL_OK && held->heads.len > 0)
        qsort(held->heads.data, held->heads.len / sizeof(struct nl_held_head),
              sizeof(struct nl_held_head), compare_heads);
    return status;
}

/* ---- comparing ---- */

static const struct nl_held_head *next_of(const struct nl_held *held) {
    const struct nl_held_head *heads = (const void *)held->heads.data;
    return held->next < held->heads.len / sizeof *heads ? &heads[held->next] : NULL;
}

static void blame(struct nl_books *books, const struct nl_held_head *head, const char *words) {
    if (head->id == 0)
        nl_books_fault(books, "checkpoint", "the ledger %s the checkpoint of %" PRIu64 " entries",
                       words, head->size);
    else
        nl_books_fault(books, "checkpoint",
                       "the ledger %s the checkpoint of event %" PRId64 ", of %" PRIu64 " entries",
                       words, head->id, head->size);
}

void nl_held_leaf(struct nl_held *held, struct nl_books *books,
                  const unsigned char leaf[NL_DIGEST_LEN]) {
    const struct nl_held_head *next = NULL;
    unsigned char head[NL_DIGEST_LEN];
    if (held->proves)
        nl_buf_add(&held->leaves, leaf, NL_DIGEST_LEN);
    while ((next = next_of(held)) != NULL && next->size == books->tree.size) {
        nl_merkle_head(&books->tree, books->hasher, head);
        held->next++;
        if (memcmp(head, next->head, sizeof head) != 0)
            blame(books, next, "has another history than");
        else if (next->id != 0)
            books->audit->checkpoints++;
        else
            books->audit->given_holds = true;
    }
}

enum nl_status nl_held_end(struct nl_held *held, struct nl_books *books, struct nl_error *err) {
    const struct nl_held_head *next = NULL;
    struct nl_audit *audit = books->audit;
    for (; (next = next_of(held)) != NULL; held->next++)
        blame(books, next, "is shorter than");
    if (held->leaves.failed)
        return nl_error_nomem(err);
    if (audit->given_holds)
        nl_merkle_extend(books->hasher, (const unsigned char *)held->leaves.data,
                         (uint64_t)audit->given, books->tree.size, &audit->proof);
    return audit->proof.failed ? nl_error_nomem(err) : NL_OK;
}
