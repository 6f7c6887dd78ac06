/* Any bytes as the attestation of a passkey, in answer to a good challenge: nothing but a whole key
 * is taken. And the same bytes as what an authenticator has signed. */
#include "newsletter/base/passkey.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { NOW = 1000 };

static int64_t fake_now(void *ctx) {
    (void)ctx;
    return NOW;
}

static void fake_random(void *ctx, unsigned char out[16]) {
    (void)ctx;
    memset(out, 7, 16);
}

static void encode(const void *bytes, size_t len, char *out) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *at = bytes;
    unsigned bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < len; i++) {
        bits = (bits & 63) << 8 | at[i];
        for (count += 8; count >= 6; count -= 6)
            *out++ = letters[bits >> (count - 6) & 63];
    }
    if (count > 0)
        *out++ = letters[bits << (6 - count) & 63];
    *out = '\0';
}

static void make_client(const struct nl_passkey_asked *asked, const char *type, char *out) {
    const struct nl_env env = {.now = fake_now, .random = fake_random};
    char challenge[NL_CHALLENGE_LEN];
    char encoded[2 * NL_CHALLENGE_LEN];
    char text[600];
    nl_challenge_new(&env, asked->secret, asked->purpose, NOW, challenge);
    encode(challenge, strlen(challenge), encoded);
    snprintf(text, sizeof text, "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\"}", type,
             encoded, asked->origin);
    encode(text, strlen(text), out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static const struct nl_passkey_asked asked = {"https://staff.example.org", "staff.example.org",
                                                  "secret", "login", NOW};
    struct nl_error err = {0};
    struct nl_passkey key = {0};
    char challenge[NL_CHALLENGE_LEN];
    char client[1200];
    char *encoded = malloc(2 * len + 4);
    uint32_t count = 0;
    if (encoded == NULL)
        return 0;
    encode(data, len, encoded);
    make_client(&asked, "webauthn.create", client);
    if (nl_passkey_register(&asked, client, encoded, &key, challenge, &err) == NL_OK &&
        (key.id_len == 0 || key.id_len > NL_PASSKEY_ID || key.key_len == 0))
        abort();
    make_client(&asked, "webauthn.get", client);
    key = (struct nl_passkey){.algorithm = NL_PASSKEY_EDDSA, .key_len = 32, .key = {1}};
    const struct nl_passkey_answer answer = {client, encoded, "AAAA"};
    if (nl_passkey_verify(&asked, &key, &answer, &count, challenge, &err) == NL_OK)
        abort(); /* nobody has signed */
    nl_error_free(&err);
    free(encoded);
    return 0;
}
