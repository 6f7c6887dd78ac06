/* CBOR (RFC 8949), one item at a time, without copies: a length that a stranger claims reserves no
 * memory, and there is no recursion. */
#ifndef NEWSLETTER_BASE_CBOR_H
#define NEWSLETTER_BASE_CBOR_H

#include "newsletter/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise all but `at` and `left`. */
struct nl_cbor {
    const unsigned char *at;
    size_t left;
};

enum nl_cbor_kind {
    NL_CBOR_NONE, /* nothing that can be read: cut off, malformed, or of no use here */
    NL_CBOR_NUMBER,
    NL_CBOR_BYTES,
    NL_CBOR_TEXT,
    NL_CBOR_ARRAY,
    NL_CBOR_MAP,
    NL_CBOR_OTHER, /* true, false, null and floating numbers */
};

struct nl_cbor_item {
    enum nl_cbor_kind kind;
    int64_t number;
    const unsigned char *data; /* of bytes and texts, within what is read */
    size_t len; /* of bytes and texts; of the items in an array, of the pairs in a map */
};

/* Takes the next item: of an array or a map its head only. False at the end, and for all that is
 * not an item of a definite length. */
bool nl_cbor_take(struct nl_cbor *reader, struct nl_cbor_item *out);

/* Passes over the next item with all in it. */
bool nl_cbor_skip(struct nl_cbor *reader);

/* Append an item, or the head of an array of `count` items, in the one form that the core
 * deterministic encoding has for it (RFC 8949 section 4.2.1). A NULL text or NULL bytes are null.
 */
void nl_cbor_add_number(struct nl_buf *out, int64_t number);
void nl_cbor_add_text(struct nl_buf *out, const char *text);
void nl_cbor_add_bytes(struct nl_buf *out, const void *data, size_t len);
void nl_cbor_add_array(struct nl_buf *out, size_t count);
void nl_cbor_add_null(struct nl_buf *out);

#endif
