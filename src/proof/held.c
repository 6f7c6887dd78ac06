#include "proof/held.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/key_ring.h"
#include "newsletter/proof/checkpoint.h"
#include "newsletter/proof/inclusion.h"
#include "newsletter/store/checkpoint.h"
#include "proof/checkpoint_cosign.h"
#include "proof/checkpoint_stamp.h"

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
    struct nl_store *store;
    const struct nl_config *config;
};

static bool gather(const struct gathering *gathering, int64_t id, const char *note) {
    struct nl_held_head head = {.id = id};
    if (!nl_checkpoint_parse(note, &head.size, head.head) || head.size == 0)
        return false;
    nl_buf_add(&gathering->held->heads, &head, sizeof head);
    return gathering->ring->count == 0 || nl_checkpoint_is_signed(gathering->ring, note);
}

enum { TOKEN_LIMIT = 64 << 10 };

/* The token that is kept for a checkpoint, if there is one. *at is 0 where it does not hold. */
static enum nl_status check_stamp(const struct gathering *gathering, const char *note,
                                  const char *which, int64_t *at, struct nl_error *err) {
    unsigned char head[NL_DIGEST_LEN];
    unsigned char *token = NULL;
    char *text = NULL;
    uint64_t size = 0;
    size_t len = 0;
    struct nl_error fault = {0};
    *at = 0;
    if (!nl_checkpoint_parse(note, &size, head))
        return NL_OK;
    enum nl_status status = nl_checkpoint_stamp_read(gathering->store, size, &text, err);
    if (status == NL_OK && text != NULL &&
        (!nl_base64_decode(text, strlen(text), TOKEN_LIMIT, &token, &len) ||
         nl_stamp_check(gathering->config, note, token, len, at, &fault) != NL_OK)) {
        nl_books_fault(gathering->books, "checkpoint", "the time stamp of %s does not hold", which);
        *at = 0;
    }
    nl_error_free(&fault);
    free(token);
    free(text);
    return status;
}

struct notes {
    struct nl_buf texts; /* one after the other, with NUL between */
};

static enum nl_status keep_note(int64_t id, const char *note, void *ctx, struct nl_error *err) {
    (void)err;
    struct notes *notes = ctx;
    (void)id;
    nl_buf_add(&notes->texts, note, strlen(note) + 1);
    return NL_OK;
}

/* A statement must not run while another one is read. */
static enum nl_status check_stamps(const struct gathering *gathering, const char *given,
                                   struct nl_error *err) {
    struct nl_audit *audit = gathering->books->audit;
    struct notes notes = {0};
    int64_t at = 0;
    enum nl_status status = nl_checkpoints_each(gathering->store, keep_note, &notes, err);
    for (size_t i = 0; status == NL_OK && i < notes.texts.len;
         i += strlen(notes.texts.data + i) + 1) {
        status = check_stamp(gathering, notes.texts.data + i, "a checkpoint", &at, err);
        audit->stamped += at != 0;
    }
    if (status == NL_OK && given != NULL)
        status = check_stamp(gathering, given, "the given checkpoint", &audit->given_stamped, err);
    if (given != NULL)
        nl_cosign_holds(gathering->config, given, &audit->given_cosigned);
    nl_buf_free(&notes.texts);
    return status;
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
    struct gathering gathering = {held, books, &ring, store, options->config};
    bool found = false;
    enum nl_status status =
        nl_key_ring_read_if_any(options->config->signing.public_keys, &ring, &found, err);
    if (status == NL_OK)
        status = nl_checkpoints_each(store, visit, &gathering, err);
    if (status == NL_OK && options->checkpoint != NULL)
        status = gather_given(&gathering, options->checkpoint, err);
    if (status == NL_OK)
        status = check_stamps(&gathering, options->checkpoint, err);
    nl_key_ring_free(&ring);
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

void nl_held_end(struct nl_held *held, struct nl_books *books) {
    const struct nl_held_head *next = NULL;
    struct nl_audit *audit = books->audit;
    for (; (next = next_of(held)) != NULL; held->next++)
        blame(books, next, "is shorter than");
    if (audit->given_holds)
        nl_merkle_extend(books->hasher, (const unsigned char *)held->leaves.data,
                         (uint64_t)audit->given, books->tree.size, &audit->proof);
}
