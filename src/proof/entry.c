#include "proof/entry.h"

#include <string.h>

/* An entry is flat, except its last item, which may be an array of flat arrays. */
static bool pass_inner(struct nl_cbor *reader, size_t count) {
    struct nl_cbor_item item;
    for (size_t i = 0; i < count; i++) {
        if (!nl_cbor_take(reader, &item) || item.kind != NL_CBOR_ARRAY)
            return false;
        for (size_t left = item.len; left > 0; left--)
            if (!nl_cbor_take(reader, &item) || item.kind == NL_CBOR_ARRAY ||
                item.kind == NL_CBOR_MAP)
                return false;
    }
    return true;
}

bool nl_entry_take(struct nl_cbor *reader, struct nl_entry *out) {
    struct nl_cbor_item head;
    *out = (struct nl_entry){.data = reader->at};
    if (!nl_cbor_take(reader, &head) || head.kind != NL_CBOR_ARRAY || head.len < 2 ||
        head.len > NL_ENTRY_ITEMS)
        return false;
    for (out->count = 0; out->count < head.len; out->count++) {
        struct nl_cbor_item *item = &out->items[out->count];
        if (!nl_cbor_take(reader, item) || item->kind == NL_CBOR_MAP)
            return false;
        if (item->kind != NL_CBOR_ARRAY)
            continue;
        out->inner = item->len;
        out->inside = *reader;
        if (out->count + 1 != head.len || !pass_inner(reader, out->inner))
            return false;
    }
    out->len = (size_t)(reader->at - out->data);
    if (out->items[0].kind != NL_CBOR_NUMBER)
        return false;
    out->kind = (enum nl_ledger_kind)out->items[0].number;
    return true;
}

int64_t nl_entry_number(const struct nl_entry *entry, size_t at) {
    return at < entry->count && entry->items[at].kind == NL_CBOR_NUMBER ? entry->items[at].number
                                                                        : 0;
}

bool nl_entry_is(const struct nl_entry *entry, size_t at, const char *text) {
    const struct nl_cbor_item *item = &entry->items[at];
    return at < entry->count && item->kind == NL_CBOR_TEXT && item->len == strlen(text) &&
           memcmp(item->data, text, item->len) == 0;
}

const unsigned char *nl_entry_digest(const struct nl_entry *entry, size_t at) {
    const struct nl_cbor_item *item = &entry->items[at];
    return at < entry->count && item->kind == NL_CBOR_BYTES && item->len == NL_DIGEST_LEN
               ? item->data
               : NULL;
}
