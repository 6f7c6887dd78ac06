#include "store/import_pack.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* A row: its length (4 bytes), five numbers (8 bytes each), state and mark (1 byte each), then the
 * texts, each with a byte that tells whether there is one, and its NUL. Numbers are little-endian.
 */
enum { NUMBERS = 5, TEXTS = 8, FIXED = 4 + 8 * NUMBERS + 2 };

static void add_text(struct nl_buf *out, const char *text) {
    const char present = text != NULL;
    nl_buf_add(out, &present, 1);
    if (text != NULL)
        nl_buf_add(out, text, strlen(text) + 1);
}

void nl_import_pack(struct nl_buf *out, int64_t list, const struct nl_address *address,
                    const struct nl_member *member) {
    const int64_t numbers[NUMBERS] = {list, member->consent_at, member->confirmed_at,
                                      member->ended_at, member->created_at};
    const char *const texts[TEXTS] = {
        address->key,       address->text,          member->name,       member->language,
        member->attributes, member->consent_source, member->consent_ip, member->consent_version};
    char fixed[FIXED] = {0};
    size_t start = out->len;
    for (size_t i = 0; i < NUMBERS; i++) {
        uint64_t number = htole64((uint64_t)numbers[i]);
        memcpy(fixed + 4 + 8 * i, &number, sizeof number);
    }
    fixed[FIXED - 2] = (char)member->state;
    fixed[FIXED - 1] = member->blocked;
    nl_buf_add(out, fixed, sizeof fixed);
    for (size_t i = 0; i < TEXTS; i++)
        add_text(out, texts[i]);
    uint32_t length = htole32((uint32_t)(out->len - start));
    memcpy(out->data + start, &length, sizeof length);
}

size_t nl_import_packed_length(const char *data, size_t len) {
    uint32_t length = 0;
    if (len < FIXED)
        return 0;
    memcpy(&length, data, sizeof length);
    length = le32toh(length);
    return length >= FIXED && length <= len ? length : 0;
}

const char *nl_import_packed_key(const char *row) {
    return row + FIXED + 1;
}

/* The texts between `at` and `end`; false unless they are all there. */
static bool read_texts(const char *at, const char *end, const char *out[TEXTS]) {
    for (size_t i = 0; i < TEXTS; i++) {
        out[i] = NULL;
        if (at >= end)
            return false;
        if (*at++ == 0)
            continue;
        const char *nul = memchr(at, '\0', (size_t)(end - at));
        if (nul == NULL)
            return false;
        out[i] = at;
        at = nul + 1;
    }
    return at == end;
}

enum nl_status nl_import_unpack(const char *data, size_t len, struct nl_import_item *out,
                                size_t *used, struct nl_error *err) {
    const char *texts[TEXTS];
    uint64_t numbers[NUMBERS];
    *used = nl_import_packed_length(data, len);
    if (*used == 0 || !read_texts(data + FIXED, data + *used, texts) || texts[0] == NULL ||
        texts[1] == NULL || (unsigned char)data[FIXED - 2] >= NL_SUBSCRIPTION_STATES)
        return nl_error_set(err, NL_INTERNAL, "a staged row of an import cannot be read");
    memcpy(numbers, data + 4, sizeof numbers);
    for (size_t i = 0; i < NUMBERS; i++)
        numbers[i] = le64toh(numbers[i]);
    *out = (struct nl_import_item){
        .list = (int64_t)numbers[0],
        .address = {.key = (char *)texts[0], .text = (char *)texts[1]},
        .member = {.address = texts[1],
                   .name = texts[2],
                   .language = texts[3],
                   .attributes = texts[4],
                   .consent_source = texts[5],
                   .consent_ip = texts[6],
                   .consent_version = texts[7],
                   .consent_at = (int64_t)numbers[1],
                   .confirmed_at = (int64_t)numbers[2],
                   .ended_at = (int64_t)numbers[3],
                   .created_at = (int64_t)numbers[4],
                   .state = (enum nl_subscription_state)data[FIXED - 2],
                   .blocked = data[FIXED - 1] != 0},
    };
    return NL_OK;
}
