#include "proof/consent_entry.h"

#include <string.h>

/* The state that an entry of kind 4 gives to the subscription; NULL where it tells of others. */
static bool find_span(const struct nl_entry *entry, int64_t subscription,
                      struct nl_cbor_item *state) {
    struct nl_cbor reader = entry->inside;
    for (size_t i = 0; i < entry->inner; i++) {
        struct nl_cbor_item head;
        struct nl_cbor_item item[4];
        bool read = nl_cbor_take(&reader, &head) && head.len == 4;
        for (size_t j = 0; read && j < 4; j++)
            read = nl_cbor_take(&reader, &item[j]);
        if (!read)
            return false;
        *state = item[1];
        if (item[2].number <= subscription && subscription <= item[3].number)
            return true;
    }
    return false;
}

static bool is_new_address(const struct nl_entry *entry) {
    return entry->kind == NL_LEDGER_EVENT && nl_entry_is(entry, 3, "address-changed");
}

bool nl_consent_entry_is_about(const struct nl_entry *entry, int64_t subscription) {
    struct nl_cbor_item state;
    if (entry->kind == NL_LEDGER_EVENT)
        return nl_entry_number(entry, 5) == subscription || is_new_address(entry);
    return entry->kind == NL_LEDGER_IMPORTED && find_span(entry, subscription, &state);
}

static bool opens(const struct nl_inclusion *inclusion, struct nl_buf *items,
                  const unsigned char *digest) {
    unsigned char found[NL_DIGEST_LEN];
    bool same = false;
    if (inclusion->has_key && digest != NULL) {
        nl_ledger_commit(inclusion->key, items, found);
        same = memcmp(found, digest, sizeof found) == 0;
    }
    nl_buf_free(items);
    return same;
}

static bool consent_opens(const struct nl_inclusion *inclusion, const struct nl_entry *entry,
                          const struct nl_consent_claim *claim, bool form_only) {
    struct nl_ledger_consent consent = claim->consent;
    struct nl_buf items = {0};
    if (form_only)
        consent.wordings[1] = consent.wordings[2] = NULL;
    nl_ledger_add_consent(&items, &consent);
    return opens(inclusion, &items, nl_entry_digest(entry, 11));
}

static unsigned prove_state(const struct nl_cbor_item *state, const struct nl_consent_claim *claim,
                            bool *against) {
    bool same = state->kind == NL_CBOR_TEXT && state->len == strlen(claim->state) &&
                memcmp(state->data, claim->state, state->len) == 0;
    *against = *against || !same;
    return same ? NL_PROVED_STATE : 0;
}

/* An entry is made in the transaction that it tells of, and may be some seconds younger than the
 * row: the clock goes on meanwhile. */
static bool is_of_time(const struct nl_entry *entry, int64_t at) {
    enum { TRANSACTION = 60 }; /* seconds at most */
    int64_t entered = nl_entry_number(entry, 1);
    return at != 0 && entered >= at && entered - at <= TRANSACTION;
}

/* A sign-up was entered before its mail and its page were seen. */
static unsigned prove_signup(const struct nl_entry *entry, const struct nl_inclusion *inclusion,
                             const struct nl_consent_claim *claim, bool *against) {
    bool same =
        consent_opens(inclusion, entry, claim, true) && is_of_time(entry, claim->consent.at);
    bool whole = claim->consent.wordings[1] == NULL && claim->consent.wordings[2] == NULL;
    *against = *against || !same;
    return same ? NL_PROVED_REQUESTED | (whole ? NL_PROVED_CONSENT : 0u) : 0;
}

static unsigned prove_event(const struct nl_entry *entry, const struct nl_inclusion *inclusion,
                            const struct nl_consent_claim *claim, bool *against) {
    if (nl_entry_is(entry, 3, "signup"))
        return prove_signup(entry, inclusion, claim, against);
    bool confirmed = nl_entry_is(entry, 3, "confirmed");
    if (!consent_opens(inclusion, entry, claim, false)) {
        *against = true;
        return 0;
    }
    return NL_PROVED_CONSENT |
           (confirmed && is_of_time(entry, claim->confirmed_at) ? NL_PROVED_CONFIRMED : 0u);
}

unsigned nl_consent_entry_proves(const struct nl_entry *entry, const struct nl_inclusion *inclusion,
                                 const struct nl_consent_claim *claim, bool *against) {
    struct nl_cbor_item state;
    struct nl_buf address = {0};
    unsigned proved = 0;
    bool earlier = false; /* only the last entry must have the state */
    *against = !nl_consent_entry_is_about(entry, inclusion->subscription);
    if (*against)
        return 0;
    if (entry->kind == NL_LEDGER_IMPORTED)
        return find_span(entry, inclusion->subscription, &state)
                   ? prove_state(&state, claim, &earlier)
                   : 0;
    nl_cbor_add_text(&address, claim->address_key);
    if (opens(inclusion, &address, nl_entry_digest(entry, 12)))
        proved |= NL_PROVED_ADDRESS;
    if (nl_entry_number(entry, 5) != inclusion->subscription) /* a new address, by another list */
        return proved;
    proved |= prove_event(entry, inclusion, claim, against);
    return proved | prove_state(&entry->items[9], claim, &earlier);
}
