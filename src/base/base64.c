#include "newsletter/base/base64.h"
#include "newsletter/base/memory.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

bool nl_base64_decode(const char *text, size_t len, size_t most, unsigned char **out,
                      size_t *out_len) {
    *out = NULL;
    *out_len = 0;
    if (len > most)
        return false;
    char *packed = nl_malloc(len + 1);
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        if (text[i] != '\0' && strchr(" \t\r\n", text[i]) == NULL)
            packed[count++] = text[i];
    /* OpenSSL counts the padding as bytes. */
    size_t padding = 0;
    while (padding < 2 && padding < count && packed[count - 1 - padding] == '=')
        padding++;
    bool whole = count > 0 && count % 4 == 0 && memchr(packed, '=', count - padding) == NULL;
    unsigned char *bytes = whole ? nl_malloc(count) : NULL;
    int made =
        bytes != NULL ? EVP_DecodeBlock(bytes, (const unsigned char *)packed, (int)count) : -1;
    free(packed);
    if (made < (int)padding || made <= 0) {
        free(bytes);
        return false;
    }
    *out_len = (size_t)made - padding;
    bytes[*out_len] = '\0';
    *out = bytes;
    return true;
}

void nl_base64_add(struct nl_buf *out, const void *data, size_t len) {
    enum { PIECE = 3000 }; /* whole groups of three, so that only the last one has padding */
    unsigned char text[PIECE / 3 * 4 + 1];
    const unsigned char *bytes = data;
    for (size_t at = 0; at < len; at += PIECE) {
        int made = EVP_EncodeBlock(text, bytes + at, (int)(len - at < PIECE ? len - at : PIECE));
        nl_buf_add(out, (const char *)text, (size_t)made);
    }
}

void nl_base64url_add(struct nl_buf *out, const void *data, size_t len) {
    size_t before = out->len;
    nl_base64_add(out, data, len);
    while (out->len > before && out->data[out->len - 1] == '=')
        out->data[--out->len] = '\0';
    for (size_t i = before; i < out->len; i++)
        out->data[i] = out->data[i] == '+' ? '-' : out->data[i] == '/' ? '_' : out->data[i];
}
