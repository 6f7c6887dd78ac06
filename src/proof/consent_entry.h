/* Entries of the ledger that tell of a consent. */
#ifndef NL_PROOF_CONSENT_ENTRY_H
#define NL_PROOF_CONSENT_ENTRY_H

#include "newsletter/proof/inclusion.h"
#include "proof/entry.h"

/* Whether an entry tells of the subscription, in one of its spans, or of somebody's new address. */
bool nl_consent_entry_is_about(const struct nl_entry *entry, int64_t subscription);

/* Returns which parts of a claim an entry proves, as bits of enum nl_proved. *against: it says
 * otherwise. */
unsigned nl_consent_entry_proves(const struct nl_entry *entry, const struct nl_inclusion *inclusion,
                                 const struct nl_consent_claim *claim, bool *against);

#endif
