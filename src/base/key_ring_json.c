#include "base/key_ring_json.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/passkey.h"
#include "newsletter/base/timestamp.h"

#include <string.h>

static json_t *moment(int64_t at) {
    char text[NL_TIMESTAMP_LEN];
    nl_timestamp_text(at, text);
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *key_json(const struct nl_ring_key *key) {
    struct nl_buf public = {0};
    struct nl_buf verifier = {0};
    struct nl_buf number = {0};
    unsigned char id[NL_KEY_ID_LEN];
    nl_key_id(&key->verifier, id);
    nl_buf_addf(&number, "%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
    nl_base64url_add(&public, key->verifier.key, NL_PUBLIC_KEY_LEN);
    nl_verifier_add(&verifier, &key->verifier);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "kty", "OKP", "crv",
                             "Ed25519", "alg", "EdDSA", "use", "sig", "kid", nl_buf_text(&number),
                             "x", nl_buf_text(&public), "verifier", nl_buf_text(&verifier), "since",
                             moment(key->since), "until", moment(key->until));
    nl_buf_free(&public);
    nl_buf_free(&verifier);
    nl_buf_free(&number);
    return json;
}

json_t *nl_key_ring_json(const struct nl_key_ring *ring) {
    json_t *keys = json_array();
    for (size_t i = 0; i < ring->count; i++)
        if (json_array_append_new(keys, key_json(&ring->keys[i])) != 0) {
            json_decref(keys);
            return NULL;
        }
    return json_pack("{s:o}", "keys", keys);
}

static const char *word(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* False for a key of another kind. */
static bool read_key(const json_t *json, struct nl_ring_key *out) {
    size_t len = 0;
    struct nl_verifier named;
    *out = (struct nl_ring_key){0};
    if (strcmp(word(json, "kty"), "OKP") != 0 || strcmp(word(json, "crv"), "Ed25519") != 0 ||
        !nl_base64url(word(json, "x"), out->verifier.key, NL_PUBLIC_KEY_LEN, &len) ||
        len != NL_PUBLIC_KEY_LEN)
        return false;
    if (nl_verifier_parse(word(json, "verifier"), &named) &&
        memcmp(named.key, out->verifier.key, NL_PUBLIC_KEY_LEN) == 0)
        out->verifier = named;
    if (!nl_timestamp_parse(word(json, "since"), &out->since))
        out->since = 0;
    if (!nl_timestamp_parse(word(json, "until"), &out->until))
        out->until = 0;
    return true;
}

enum nl_status nl_key_ring_read_json(const char *text, const char *path, struct nl_key_ring *out,
                                     struct nl_error *err) {
    json_error_t problem;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
    const json_t *keys = json_object_get(json, "keys");
    enum nl_status status = NL_OK;
    if (json == NULL)
        status = nl_error_set(err, NL_DATA, "%s:%d: %s", path, problem.line, problem.text);
    for (size_t i = 0; status == NL_OK && i < json_array_size(keys); i++) {
        struct nl_ring_key key;
        if (read_key(json_array_get(keys, i), &key))
            status = nl_key_ring_add(out, &key, err);
    }
    json_decref(json);
    return status;
}
