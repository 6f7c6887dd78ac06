#include "newsletter/proof/checkpoint.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/key_ring.h"
#include "newsletter/base/log.h"
#include "newsletter/store/checkpoint.h"
#include "proof/checkpoint_cosign.h"
#include "proof/checkpoint_stamp.h"
#include "proof/entry.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- reading ---- */

enum { HEAD_LIMIT = 64 }; /* in base64 */

/* The origin, the size and the head, each on a line of its own. */
bool nl_checkpoint_parse(const char *note, uint64_t *size, unsigned char head[NL_DIGEST_LEN]) {
    const char *number = strchr(note, '\n');
    char *end = NULL;
    unsigned char *decoded = NULL;
    size_t len = 0;
    if (number == NULL || !isdigit((unsigned char)number[1]))
        return false;
    *size = strtoull(number + 1, &end, 10);
    if (*end != '\n' || *size > INT64_MAX)
        return false;
    const char *text = end + 1;
    bool read = nl_base64_decode(text, strcspn(text, "\n"), HEAD_LIMIT, &decoded, &len) &&
                len == NL_DIGEST_LEN;
    if (read)
        memcpy(head, decoded, NL_DIGEST_LEN);
    free(decoded);
    return read;
}

enum nl_status nl_checkpoint_field(struct nl_store *store, struct nl_buf *out,
                                   struct nl_error *err) {
    struct nl_checkpoint newest = {0};
    enum nl_status status = nl_checkpoint_newest(store, &newest, err);
    const char *at = newest.note;
    if (status == NL_OK && at != NULL) {
        nl_buf_adds(out, "Ledger-Checkpoint:");
        for (int line = 0; line < 3; line++) {
            size_t len = strcspn(at, "\n");
            nl_buf_addf(out, "%s %.*s", line == 2 ? "\r\n" : "", (int)len, at);
            at += len + (at[len] != '\0');
        }
        nl_buf_adds(out, "\r\n");
    }
    free(newest.note);
    return status;
}

/* ---- making ---- */

struct growing {
    struct nl_hasher *hasher;
    struct nl_merkle *tree;
};

static enum nl_status add_entries(const struct nl_ledger_record *record, void *ctx,
                                  struct nl_error *err) {
    struct growing *growing = ctx;
    struct nl_cbor reader = {.at = record->body, .left = record->len};
    while (reader.left > 0) {
        struct nl_entry entry;
        unsigned char leaf[NL_DIGEST_LEN];
        if (!nl_entry_take(&reader, &entry))
            return nl_error_set(err, NL_DATA,
                                "record %lld of the ledger cannot be read: no checkpoint is made; "
                                "see 'newsletter audit'",
                                (long long)record->id);
        nl_merkle_leaf(growing->hasher, entry.data, entry.len, leaf);
        nl_merkle_add(growing->tree, growing->hasher, leaf);
    }
    return NL_OK;
}

/* Goes on from the newest checkpoint. */
static enum nl_status grow(struct nl_store *store, struct nl_checkpoint *next,
                           unsigned char head[NL_DIGEST_LEN], struct nl_error *err) {
    struct nl_checkpoint newest = {0};
    struct growing growing = {nl_hasher_new(), &next->tree};
    enum nl_status status = growing.hasher != NULL ? NL_OK : nl_error_nomem(err);
    if (status == NL_OK)
        status = nl_checkpoint_settle(store, &next->last, err);
    if (status == NL_OK)
        status = nl_checkpoint_newest(store, &newest, err);
    next->tree = newest.tree;
    if (status == NL_OK)
        status = nl_ledger_each(store, newest.last, next->last, add_entries, &growing, err);
    if (status == NL_OK)
        nl_merkle_head(&next->tree, growing.hasher, head);
    nl_hasher_free(growing.hasher);
    free(newest.note);
    return status;
}

static enum nl_status sign(const struct nl_config *config, uint64_t size,
                           const unsigned char head[NL_DIGEST_LEN], struct nl_buf *note,
                           struct nl_error *err) {
    struct nl_note_signer signer = {0};
    struct nl_buf text = {0};
    enum nl_status status =
        nl_note_signer_open(config->signing.key_file, config->signing.public_keys, &signer, err);
    if (status == NL_OK) {
        nl_buf_addf(&text, "%s\n%llu\n", signer.verifier->name, (unsigned long long)size);
        nl_base64_add(&text, head, NL_DIGEST_LEN);
        nl_buf_addc(&text, '\n');
        status = nl_note_sign(signer.key, signer.verifier->name, nl_buf_text(&text), note, err);
    }
    nl_buf_free(&text);
    nl_note_signer_free(&signer);
    return status;
}

/* Others are asked in vain now and then: the checkpoint stands without them. */
static void tell(enum nl_status status, struct nl_error *err) {
    if (status != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "checkpoint of the ledger: %s", nl_error_text(err));
    nl_error_free(err);
}

/* Before it is kept, since it is kept as it is published. */
static void cosign(struct nl_store *store, const struct nl_config *config,
                   const struct nl_checkpoint *next, struct nl_buf *note) {
    struct nl_error err = {0};
    if (config->audit.witness_url != NULL)
        tell(nl_cosign_ask(store, config, next, note, &err), &err);
}

static void stamp(struct nl_store *store, const struct nl_config *config,
                  const struct nl_checkpoint *next) {
    struct nl_error err = {0};
    struct nl_buf token = {0};
    struct nl_buf text = {0};
    if (config->audit.timestamp_url == NULL)
        return;
    enum nl_status status = nl_stamp_ask(config, next->note, &token, &err);
    nl_base64_add(&text, token.data, token.len);
    if (status == NL_OK)
        status = nl_checkpoint_stamp_keep(store, next->tree.size, nl_buf_text(&text), &err);
    tell(status, &err);
    nl_buf_free(&token);
    nl_buf_free(&text);
}

static enum nl_status make(struct nl_store *store, const struct nl_config *config,
                           struct nl_error *err) {
    struct nl_checkpoint next = {0};
    struct nl_buf note = {0};
    unsigned char head[NL_DIGEST_LEN];
    enum nl_status status = grow(store, &next, head, err);
    if (status == NL_OK)
        status = sign(config, next.tree.size, head, &note, err);
    if (status == NL_OK) {
        cosign(store, config, &next, &note);
        next.note = (char *)nl_buf_text(&note);
        status = nl_checkpoint_add(store, &next, err);
    }
    if (status == NL_OK)
        stamp(store, config, &next);
    nl_buf_free(&note);
    return status;
}

void nl_checkpoint_make(struct nl_store *store, const struct nl_config *config, bool issue_ended) {
    struct nl_error err = {0};
    bool due = false;
    if (config->signing.key_file == NULL || access(config->signing.key_file, F_OK) != 0)
        return;
    enum nl_status status = nl_checkpoint_is_due(store, &due, &err);
    if (status == NL_OK && (due || issue_ended))
        status = make(store, config, &err);
    if (status != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "checkpoint of the ledger: %s", nl_error_text(&err));
    nl_error_free(&err);
}
