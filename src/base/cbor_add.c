#include "newsletter/base/cbor.h"

#include <cbor.h>
#include <string.h>

enum { HEAD = 9 }; /* bytes that the longest head takes */

/* libcbor chooses the shortest head that holds a number, as deterministic encoding asks. */
typedef size_t encode(uint64_t value, unsigned char *out, size_t room);

static void add_head(struct nl_buf *out, encode *by, uint64_t value) {
    unsigned char head[HEAD];
    nl_buf_add(out, head, by(value, head, sizeof head));
}

void nl_cbor_add_number(struct nl_buf *out, int64_t number) {
    if (number >= 0)
        add_head(out, cbor_encode_uint, (uint64_t)number);
    else
        add_head(out, cbor_encode_negint, (uint64_t)(-(number + 1)));
}

void nl_cbor_add_text(struct nl_buf *out, const char *text) {
    if (text == NULL) {
        nl_cbor_add_null(out);
        return;
    }
    size_t len = strlen(text);
    add_head(out, cbor_encode_string_start, len);
    nl_buf_add(out, text, len);
}

void nl_cbor_add_bytes(struct nl_buf *out, const void *data, size_t len) {
    if (data == NULL) {
        nl_cbor_add_null(out);
        return;
    }
    add_head(out, cbor_encode_bytestring_start, len);
    nl_buf_add(out, data, len);
}

void nl_cbor_add_array(struct nl_buf *out, size_t count) {
    add_head(out, cbor_encode_array_start, count);
}

void nl_cbor_add_null(struct nl_buf *out) {
    unsigned char head[HEAD];
    nl_buf_add(out, head, cbor_encode_null(head, sizeof head));
}
