#include "newsletter/base/passkey.h"

#include "base/passkey_key.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/cbor.h"
#include "newsletter/base/text.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Authenticator data (section 6.1). */
enum {
    RP_ID_HASH = 32,
    HEAD = RP_ID_HASH + 1 + 4,
    AAGUID = 16,
    FLAG_PRESENT = 1,
    FLAG_VERIFIED = 4,
    FLAG_KEY = 64,
    FLAG_EXTENSIONS = 128
};

/* ---- challenges ---- */

static void mac_of(const char *secret, const char *purpose, const char *head,
                   char out[NL_MAC_TEXT_LEN + 1]) {
    char text[300];
    snprintf(text, sizeof text, "%s %.200s", head, purpose);
    nl_mac(secret, "passkey challenge", text, out);
}

void nl_challenge_new(const struct nl_env *env, const char *secret, const char *purpose,
                      int64_t now, char out[NL_CHALLENGE_LEN]) {
    char head[64];
    char mac[NL_MAC_TEXT_LEN + 1];
    struct nl_token token;
    nl_token_new(env, &token);
    snprintf(head, sizeof head, "%lld.%s", (long long)(now + NL_CHALLENGE_SECONDS), token.text);
    mac_of(secret, purpose, head, mac);
    snprintf(out, NL_CHALLENGE_LEN, "%.60s.%s", head, mac);
}

bool nl_challenge_is_good(const char *secret, const char *purpose, int64_t now,
                          const char *challenge) {
    char head[NL_CHALLENGE_LEN];
    char until[24];
    char mac[NL_MAC_TEXT_LEN + 1];
    const char *last = strrchr(challenge, '.');
    int64_t end = 0;
    if (last == NULL || strlen(challenge) >= NL_CHALLENGE_LEN ||
        strlen(last + 1) != NL_MAC_TEXT_LEN)
        return false;
    snprintf(head, sizeof head, "%.*s", (int)(last - challenge), challenge);
    mac_of(secret, purpose, head, mac);
    snprintf(until, sizeof until, "%.*s", (int)strcspn(challenge, "."), challenge);
    return nl_token_equal(mac, last + 1) && nl_text_integer(until, &end) && end > now &&
           end <= now + NL_CHALLENGE_SECONDS + NL_CHALLENGE_SLACK;
}

/* ---- what the browser saw ---- */

bool nl_base64url(const char *text, unsigned char *out, size_t most, size_t *len) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0;
    unsigned count = 0;
    *len = 0;
    for (; *text != '\0'; text++) {
        const char *at = strchr(letters, *text);
        if (at == NULL)
            return false;
        bits = bits << 6 | (unsigned)(at - letters);
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        if (*len == most)
            return false;
        out[(*len)++] = (unsigned char)(bits >> count);
        bits &= (1U << count) - 1;
    }
    return count < 6 && bits == 0;
}

static bool is_text(const json_t *object, const char *name, const char *expected) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL && strcmp(text, expected) == 0;
}

/* CollectedClientData (section 5.8.1). */
static bool read_challenge(const json_t *client, char challenge[NL_CHALLENGE_LEN]) {
    const char *text = json_string_value(json_object_get(client, "challenge"));
    size_t len = 0;
    if (text == NULL ||
        !nl_base64url(text, (unsigned char *)challenge, NL_CHALLENGE_LEN - 1, &len) ||
        memchr(challenge, '\0', len) != NULL)
        return false;
    challenge[len] = '\0';
    return true;
}

static enum nl_status check_client(const struct nl_passkey_asked *asked, const char *data,
                                   size_t len, const char *type, char challenge[NL_CHALLENGE_LEN],
                                   struct nl_error *err) {
    json_t *client = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
    bool origin = is_text(client, "type", type) && is_text(client, "origin", asked->origin) &&
                  !json_is_true(json_object_get(client, "crossOrigin"));
    bool known = read_challenge(client, challenge);
    json_decref(client);
    if (!origin)
        return nl_error_set(err, NL_DATA, "the passkey was asked for by another page");
    return known && nl_challenge_is_good(asked->secret, asked->purpose, asked->now, challenge)
               ? NL_OK
               : nl_error_set(err, NL_DATA,
                              NL_TEXT("the passkey came too late, or was not asked for"));
}

/* ---- authenticator data ---- */

struct authenticator {
    unsigned flags;
    uint32_t count;
    struct nl_cbor rest; /* after the head */
};

static bool read_head(const struct nl_passkey_asked *asked, const unsigned char *data, size_t len,
                      struct authenticator *out) {
    unsigned char hash[NL_DIGEST_LEN];
    nl_digest(asked->rp_id, strlen(asked->rp_id), hash);
    if (len < HEAD || memcmp(data, hash, RP_ID_HASH) != 0)
        return false;
    const unsigned char *count = data + RP_ID_HASH + 1;
    out->flags = data[RP_ID_HASH];
    out->count =
        (uint32_t)count[0] << 24 | (uint32_t)count[1] << 16 | (uint32_t)count[2] << 8 | count[3];
    out->rest = (struct nl_cbor){data + HEAD, len - HEAD};
    return true;
}

static enum nl_status check_head(const struct nl_passkey_asked *asked, const unsigned char *data,
                                 size_t len, struct authenticator *out, struct nl_error *err) {
    if (!read_head(asked, data, len, out))
        return nl_error_set(err, NL_DATA, "the passkey is for another site");
    if ((out->flags & FLAG_PRESENT) == 0 || (out->flags & FLAG_VERIFIED) == 0)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("the passkey was not unlocked: use one with a PIN, a finger or a face"));
    return NL_OK;
}

/* Nothing may follow but extensions, where the flag says so. */
static bool ends_well(struct authenticator *authenticator) {
    if ((authenticator->flags & FLAG_EXTENSIONS) != 0 && !nl_cbor_skip(&authenticator->rest))
        return false;
    return authenticator->rest.left == 0;
}

/* AttestedCredentialData (section 6.5.1). */
static bool read_credential(struct authenticator *authenticator, struct nl_passkey *out) {
    struct nl_cbor *rest = &authenticator->rest;
    if ((authenticator->flags & FLAG_KEY) == 0 || rest->left < AAGUID + 2)
        return false;
    size_t len = (size_t)rest->at[AAGUID] << 8 | rest->at[AAGUID + 1];
    if (len == 0 || len > NL_PASSKEY_ID || len > rest->left - AAGUID - 2)
        return false;
    memcpy(out->id, rest->at + AAGUID + 2, len);
    out->id_len = len;
    rest->at += AAGUID + 2 + len;
    rest->left -= AAGUID + 2 + len;
    return nl_passkey_read_key(rest, out) && ends_well(authenticator);
}

/* ---- registration (section 7.1) ---- */

struct attestation {
    struct nl_cbor_item format, data;
    bool empty; /* the statement */
};

static bool is_word(const struct nl_cbor_item *item, const char *word) {
    return item->kind == NL_CBOR_TEXT && item->len == strlen(word) &&
           memcmp(item->data, word, item->len) == 0;
}

static bool read_member(struct nl_cbor *reader, struct attestation *out) {
    struct nl_cbor_item name;
    struct nl_cbor_item value;
    if (!nl_cbor_take(reader, &name))
        return false;
    if (!is_word(&name, "fmt") && !is_word(&name, "attStmt") && !is_word(&name, "authData"))
        return nl_cbor_skip(reader);
    if (!nl_cbor_take(reader, &value))
        return false;
    if (is_word(&name, "fmt"))
        out->format = value;
    else if (is_word(&name, "authData"))
        out->data = value;
    else
        out->empty = value.kind == NL_CBOR_MAP && value.len == 0;
    return true;
}

/* "none" is what is asked for (section 8.7): who made the authenticator does not matter here. */
static bool read_attestation(const unsigned char *data, size_t len, struct attestation *out) {
    struct nl_cbor reader = {data, len};
    struct nl_cbor_item map;
    if (!nl_cbor_take(&reader, &map) || map.kind != NL_CBOR_MAP || map.len > 8)
        return false;
    for (size_t i = 0; i < map.len; i++)
        if (!read_member(&reader, out))
            return false;
    return reader.left == 0 && is_word(&out->format, "none") && out->empty &&
           out->data.kind == NL_CBOR_BYTES;
}

enum nl_status nl_passkey_register(const struct nl_passkey_asked *asked, const char *client_data,
                                   const char *attestation, struct nl_passkey *out,
                                   char challenge[NL_CHALLENGE_LEN], struct nl_error *err) {
    unsigned char bytes[NL_PASSKEY_DATA];
    struct attestation read = {0};
    struct authenticator authenticator = {0};
    size_t len = 0;
    *out = (struct nl_passkey){0};
    if (!nl_base64url(client_data, bytes, sizeof bytes, &len))
        return nl_error_set(err, NL_DATA, "this is not the answer of a passkey");
    enum nl_status status =
        check_client(asked, (const char *)bytes, len, "webauthn.create", challenge, err);
    if (status != NL_OK)
        return status;
    if (!nl_base64url(attestation, bytes, sizeof bytes, &len) ||
        !read_attestation(bytes, len, &read))
        return nl_error_set(err, NL_DATA, "this is not the answer of a passkey");
    status = check_head(asked, read.data.data, read.data.len, &authenticator, err);
    if (status == NL_OK && !read_credential(&authenticator, out))
        status =
            nl_error_set(err, NL_DATA, NL_TEXT("the passkey has no key that can be used here"));
    out->count = authenticator.count;
    return status;
}

/* ---- logging in (section 7.2) ---- */

enum nl_status nl_passkey_verify(const struct nl_passkey_asked *asked, const struct nl_passkey *key,
                                 const struct nl_passkey_answer *answer, uint32_t *count,
                                 char challenge[NL_CHALLENGE_LEN], struct nl_error *err) {
    unsigned char client[NL_PASSKEY_DATA];
    unsigned char signature[256];
    unsigned char message[NL_PASSKEY_DATA + NL_DIGEST_LEN]; /* what is signed */
    struct authenticator authenticator = {0};
    size_t client_len = 0;
    size_t signature_len = 0;
    size_t len = 0;
    if (!nl_base64url(answer->client_data, client, sizeof client, &client_len) ||
        !nl_base64url(answer->authenticator_data, message, NL_PASSKEY_DATA, &len) ||
        !nl_base64url(answer->signature, signature, sizeof signature, &signature_len))
        return nl_error_set(err, NL_DATA, "this is not the answer of a passkey");
    enum nl_status status =
        check_client(asked, (const char *)client, client_len, "webauthn.get", challenge, err);
    if (status == NL_OK)
        status = check_head(asked, message, len, &authenticator, err);
    if (status != NL_OK)
        return status;
    nl_digest(client, client_len, message + len);
    if (!ends_well(&authenticator) ||
        !nl_passkey_signed(key, message, len + NL_DIGEST_LEN, signature, signature_len))
        return nl_error_set(err, NL_DATA, NL_TEXT("the signature of the passkey is wrong"));
    if ((authenticator.count != 0 || key->count != 0) && authenticator.count <= key->count)
        return nl_error_set(err, NL_DATA,
                            "the passkey counts backwards: somebody may have a copy of it");
    *count = authenticator.count;
    return NL_OK;
}

/* ---- the site ---- */

bool nl_passkey_place(const char *url, char origin[300], char rp_id[256]) {
    const char *host = url != NULL ? strstr(url, "://") : NULL;
    if (host == NULL)
        return false;
    host += 3;
    size_t len = strcspn(host, "/?#");
    size_t name = strcspn(host, ":/?#");
    if (name == 0 || name > 253 || len > 260 || (size_t)(host - url) > 10)
        return false;
    snprintf(origin, 300, "%.*s", (int)((size_t)(host - url) + len), url);
    snprintf(rp_id, 256, "%.*s", (int)name, host);
    return true;
}
