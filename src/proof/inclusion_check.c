#include "newsletter/proof/inclusion.h"

#include "newsletter/base/merkle.h"
#include "newsletter/proof/checkpoint.h"
#include "proof/consent_entry.h"

#include <stdlib.h>
#include <string.h>

void nl_inclusion_free(struct nl_inclusion *inclusion) {
    free(inclusion->checkpoint);
    for (size_t i = 0; i < inclusion->count; i++) {
        nl_buf_free(&inclusion->items[i].entry);
        nl_buf_free(&inclusion->items[i].path);
    }
    *inclusion = (struct nl_inclusion){0};
}

/* The name of the key that signed it is the first line, too. */
bool nl_checkpoint_is_signed(const struct nl_key_ring *ring, const char *note) {
    size_t len = 0;
    for (size_t i = 0; i < ring->count; i++) {
        const struct nl_verifier *verifier = &ring->keys[i].verifier;
        size_t name = strlen(verifier->name);
        if (strncmp(note, verifier->name, name) == 0 && note[name] == '\n' &&
            nl_note_holds(note, verifier, &len))
            return true;
    }
    return false;
}

struct checking {
    const struct nl_inclusion *inclusion;
    const struct nl_consent_claim *claim;
    struct nl_hasher *hasher;
    uint64_t size;
    unsigned char head[NL_DIGEST_LEN];
    int64_t person;   /* of the events so far; 0: none yet */
    bool has_address; /* an event says which address the person has */
    unsigned address; /* what the last one of these proves */
    bool confirms;    /* an event says that it was confirmed */
    unsigned proved;
    unsigned state; /* what the last entry proves of the state */
};

static enum nl_status check_place(const struct checking *checking, const struct nl_included *item,
                                  const struct nl_entry *entry, struct nl_error *err) {
    unsigned char leaf[NL_DIGEST_LEN];
    nl_merkle_leaf(checking->hasher, entry->data, entry->len, leaf);
    if (item->path.len % NL_DIGEST_LEN != 0 ||
        !nl_merkle_includes(checking->hasher, leaf, item->leaf, checking->size,
                            (const unsigned char *)nl_buf_text(&item->path),
                            item->path.len / NL_DIGEST_LEN, checking->head))
        return nl_error_set(err, NL_DATA,
                            "entry %llu is not in the ledger of the checkpoint: its inclusion "
                            "proof does not hold",
                            (unsigned long long)item->leaf);
    return NL_OK;
}

static enum nl_status check_item(struct checking *checking, const struct nl_included *item,
                                 struct nl_error *err) {
    struct nl_cbor reader = {.at = (const unsigned char *)nl_buf_text(&item->entry),
                             .left = item->entry.len};
    struct nl_entry entry;
    bool against = false;
    if (!nl_entry_take(&reader, &entry) || reader.left > 0)
        return nl_error_set(err, NL_DATA, "entry %llu of the proof cannot be read",
                            (unsigned long long)item->leaf);
    enum nl_status status = check_place(checking, item, &entry, err);
    if (status != NL_OK)
        return status;
    unsigned proved =
        nl_consent_entry_proves(&entry, checking->inclusion, checking->claim, &against);
    int64_t person = entry.kind == NL_LEDGER_EVENT ? nl_entry_number(&entry, 6) : 0;
    if (against || (person != 0 && checking->person != 0 && person != checking->person))
        return nl_error_set(err, NL_DATA, "entry %llu of the ledger says otherwise",
                            (unsigned long long)item->leaf);
    checking->person = person != 0 ? person : checking->person;
    if (nl_entry_digest(&entry, 12) != NULL && entry.kind == NL_LEDGER_EVENT) {
        checking->has_address = true;
        checking->address = proved & NL_PROVED_ADDRESS;
    }
    if (entry.kind == NL_LEDGER_IMPORTED ||
        nl_entry_number(&entry, 5) == checking->inclusion->subscription)
        checking->state = proved & NL_PROVED_STATE;
    checking->confirms = checking->confirms ||
                         (entry.kind == NL_LEDGER_EVENT && nl_entry_is(&entry, 3, "confirmed"));
    checking->proved |= proved & ~(unsigned)(NL_PROVED_ADDRESS | NL_PROVED_STATE);
    return NL_OK;
}

/* The last entry about each thing decides. */
static enum nl_status conclude(struct checking *checking, struct nl_error *err) {
    checking->proved |= checking->address | checking->state;
    if (checking->inclusion->count == 0)
        return nl_error_set(err, NL_DATA, "the proof has no entry of the ledger");
    if (checking->has_address && checking->address == 0)
        return nl_error_set(err, NL_DATA, "the ledger has another address");
    if (checking->state == 0)
        return nl_error_set(err, NL_DATA, "the ledger has another state of the subscription");
    if (checking->confirms && (checking->proved & NL_PROVED_CONFIRMED) == 0)
        return nl_error_set(err, NL_DATA, "the ledger says another time when it was confirmed");
    return NL_OK;
}

static enum nl_status check_entries(struct checking *checking, struct nl_error *err) {
    const struct nl_inclusion *inclusion = checking->inclusion;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < inclusion->count; i++) {
        if (i > 0 && inclusion->items[i].leaf <= inclusion->items[i - 1].leaf)
            status = nl_error_set(err, NL_DATA, "the entries of the proof are not in order");
        else
            status = check_item(checking, &inclusion->items[i], err);
    }
    return status == NL_OK ? conclude(checking, err) : status;
}

enum nl_status nl_inclusion_check(const struct nl_inclusion *inclusion,
                                  const struct nl_consent_claim *claim,
                                  const struct nl_key_ring *ring, unsigned *proved, uint64_t *size,
                                  struct nl_error *err) {
    struct checking checking = {.inclusion = inclusion, .claim = claim};
    *proved = 0;
    *size = 0;
    if (!nl_checkpoint_parse(inclusion->checkpoint, &checking.size, checking.head))
        return nl_error_set(err, NL_DATA, "the checkpoint of the proof cannot be read");
    if (!nl_checkpoint_is_signed(ring, inclusion->checkpoint))
        return nl_error_set(err, NL_DATA,
                            "the checkpoint of the proof was not signed by this office");
    checking.hasher = nl_hasher_new();
    if (checking.hasher == NULL)
        return nl_error_nomem(err);
    enum nl_status status = check_entries(&checking, err);
    nl_hasher_free(checking.hasher);
    *proved = status == NL_OK ? checking.proved : 0;
    *size = checking.size;
    return status;
}
