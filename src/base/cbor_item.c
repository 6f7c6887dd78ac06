#include "newsletter/base/cbor.h"

#include <cbor.h>

enum { ITEMS_SKIPPED = 64 };

static void set_number(void *ctx, int64_t number) {
    *(struct nl_cbor_item *)ctx = (struct nl_cbor_item){.kind = NL_CBOR_NUMBER, .number = number};
}

static void on_u8(void *ctx, uint8_t value) {
    set_number(ctx, value);
}

static void on_u16(void *ctx, uint16_t value) {
    set_number(ctx, value);
}

static void on_u32(void *ctx, uint32_t value) {
    set_number(ctx, value);
}

/* Nothing that we read needs such numbers. */
static void on_u64(void *ctx, uint64_t value) {
    if (value <= INT64_MAX)
        set_number(ctx, (int64_t)value);
}

static void on_n8(void *ctx, uint8_t value) {
    set_number(ctx, -1 - (int64_t)value);
}

static void on_n16(void *ctx, uint16_t value) {
    set_number(ctx, -1 - (int64_t)value);
}

static void on_n32(void *ctx, uint32_t value) {
    set_number(ctx, -1 - (int64_t)value);
}

static void on_n64(void *ctx, uint64_t value) {
    if (value < INT64_MAX)
        set_number(ctx, -1 - (int64_t)value);
}

static void on_bytes(void *ctx, cbor_data data, uint64_t len) {
    *(struct nl_cbor_item *)ctx =
        (struct nl_cbor_item){.kind = NL_CBOR_BYTES, .data = data, .len = (size_t)len};
}

static void on_text(void *ctx, cbor_data data, uint64_t len) {
    *(struct nl_cbor_item *)ctx =
        (struct nl_cbor_item){.kind = NL_CBOR_TEXT, .data = data, .len = (size_t)len};
}

static void on_array(void *ctx, uint64_t len) {
    *(struct nl_cbor_item *)ctx = (struct nl_cbor_item){.kind = NL_CBOR_ARRAY, .len = (size_t)len};
}

static void on_map(void *ctx, uint64_t len) {
    *(struct nl_cbor_item *)ctx = (struct nl_cbor_item){.kind = NL_CBOR_MAP, .len = (size_t)len};
}

static void on_other(void *ctx) {
    *(struct nl_cbor_item *)ctx = (struct nl_cbor_item){.kind = NL_CBOR_OTHER};
}

static void on_bool(void *ctx, bool value) {
    (void)value;
    on_other(ctx);
}

static void on_float(void *ctx, float value) {
    (void)value;
    on_other(ctx);
}

static void on_double(void *ctx, double value) {
    (void)value;
    on_other(ctx);
}

bool nl_cbor_take(struct nl_cbor *reader, struct nl_cbor_item *out) {
    /* Tags and lengths that are not told at the beginning have no place in WebAuthn (CTAP2
     * canonical CBOR), so they leave the item as it is: none. */
    struct cbor_callbacks told = cbor_empty_callbacks;
    told.uint8 = on_u8;
    told.uint16 = on_u16;
    told.uint32 = on_u32;
    told.uint64 = on_u64;
    told.negint8 = on_n8;
    told.negint16 = on_n16;
    told.negint32 = on_n32;
    told.negint64 = on_n64;
    told.byte_string = on_bytes;
    told.string = on_text;
    told.array_start = on_array;
    told.map_start = on_map;
    told.null = on_other;
    told.undefined = on_other;
    told.boolean = on_bool;
    told.float2 = on_float;
    told.float4 = on_float;
    told.float8 = on_double;
    *out = (struct nl_cbor_item){0};
    struct cbor_decoder_result read = cbor_stream_decode(reader->at, reader->left, &told, out);
    if (read.status != CBOR_DECODER_FINISHED || out->kind == NL_CBOR_NONE ||
        read.read > reader->left)
        return false;
    reader->at += read.read;
    reader->left -= read.read;
    return true;
}

bool nl_cbor_skip(struct nl_cbor *reader) {
    uint64_t left = 1;
    for (int i = 0; i < ITEMS_SKIPPED && left > 0; i++) {
        struct nl_cbor_item item;
        if (!nl_cbor_take(reader, &item))
            return false;
        left--;
        if (item.kind == NL_CBOR_ARRAY || item.kind == NL_CBOR_MAP) {
            uint64_t inside = item.kind == NL_CBOR_MAP ? 2 : 1;
            if (item.len > reader->left)
                return false; /* each takes a byte at least */
            left += inside * item.len;
        }
    }
    return left == 0;
}
