/* Reading the entries of the ledger's records. */
#ifndef NL_PROOF_ENTRY_H
#define NL_PROOF_ENTRY_H

#include "newsletter/base/cbor.h"
#include "newsletter/store/ledger.h"

enum { NL_ENTRY_ITEMS = 16 };

struct nl_entry {
    enum nl_ledger_kind kind;
    const unsigned char *data; /* all of it */
    size_t len, count;
    struct nl_cbor_item items[NL_ENTRY_ITEMS]; /* the kind is the first */
    size_t inner;          /* how many arrays the last item holds, if it is an array */
    struct nl_cbor inside; /* which begin here */
};

/* Takes the next entry of a record; false if it is not one. */
bool nl_entry_take(struct nl_cbor *reader, struct nl_entry *out);

/* The items of an entry, where they are of that kind; else 0 or false. */
int64_t nl_entry_number(const struct nl_entry *entry, size_t at);
bool nl_entry_is(const struct nl_entry *entry, size_t at, const char *text);
const unsigned char *nl_entry_digest(const struct nl_entry *entry, size_t at);

#endif
