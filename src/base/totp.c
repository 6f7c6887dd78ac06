#include "newsletter/base/totp.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/text.h"
#include "newsletter/base/token.h"

#include <liboath/oath.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

void nl_totp_new(const struct nl_env *env, unsigned char out[NL_TOTP_SECRET]) {
    unsigned char
        bytes[2][16]; /* some bits of a UUID are always the same: a digest spreads the rest */
    unsigned char digest[NL_DIGEST_LEN];
    env->random(env->ctx, bytes[0]);
    env->random(env->ctx, bytes[1]);
    nl_digest(bytes, sizeof bytes, digest);
    memcpy(out, digest, NL_TOTP_SECRET);
    OPENSSL_cleanse(bytes, sizeof bytes);
    OPENSSL_cleanse(digest, sizeof digest);
}

/* 160 bits are 32 letters: there is nothing to pad. */
static void add_base32(struct nl_buf *out, const unsigned char secret[NL_TOTP_SECRET],
                       size_t group) {
    char *text = NULL;
    size_t len = 0;
    if (oath_base32_encode((const char *)secret, NL_TOTP_SECRET, &text, &len) != OATH_OK)
        nl_memory_end();
    for (size_t i = 0; i < len; i += group) {
        if (i > 0)
            nl_buf_adds(out, " ");
        nl_buf_add(out, text + i, len - i < group ? len - i : group);
    }
    OPENSSL_cleanse(text, len);
    free(text);
}

void nl_totp_add_text(struct nl_buf *out, const unsigned char secret[NL_TOTP_SECRET]) {
    add_base32(out, secret, 4);
}

void nl_totp_add_url(struct nl_buf *out, const unsigned char secret[NL_TOTP_SECRET],
                     const char *account, const char *office) {
    nl_buf_adds(out, "otpauth://totp/");
    nl_text_encode_percent(out, office);
    nl_buf_adds(out, ":");
    nl_text_encode_percent(out, account);
    nl_buf_adds(out, "?secret=");
    add_base32(out, secret, SIZE_MAX);
    nl_buf_adds(out, "&issuer=");
    nl_text_encode_percent(out, office);
}

/* The six digits of what was typed; false if it is something else. */
static bool read_code(const char *typed, char out[NL_TOTP_DIGITS + 1]) {
    size_t len = 0;
    for (; *typed != '\0'; typed++) {
        if (*typed == ' ')
            continue;
        if (*typed < '0' || *typed > '9' || len == NL_TOTP_DIGITS)
            return false;
        out[len++] = *typed;
    }
    out[len] = '\0';
    return len == NL_TOTP_DIGITS;
}

bool nl_totp_check(const unsigned char secret[NL_TOTP_SECRET], int64_t now, const char *code,
                   int64_t *last) {
    char typed[NL_TOTP_DIGITS + 1];
    char wanted[NL_TOTP_DIGITS + 1];
    int64_t step = now / NL_TOTP_SECONDS;
    int64_t good = -1;
    if (!read_code(code, typed))
        return false;
    for (int64_t at = step - 1; at <= step + 1; at++)
        if (at > *last &&
            oath_hotp_generate((const char *)secret, NL_TOTP_SECRET, (uint64_t)at, NL_TOTP_DIGITS,
                               false, OATH_HOTP_DYNAMIC_TRUNCATION, wanted) == OATH_OK &&
            CRYPTO_memcmp(wanted, typed, NL_TOTP_DIGITS) == 0)
            good = at;
    if (good < 0)
        return false;
    *last = good;
    return true;
}
