#include "base/token_key.h"

#include "base/token_session.h"
#include "newsletter/base/memory.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum { ID_LEN = 16, KEYS_MOST = 16, POINT_MOST = 64, LABEL_MOST = 256 };

/* RFC 8410's identifier of Ed25519, and the name that PKCS#11 2.40 has for it: tokens take one. */
static unsigned char curve_oid[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
static unsigned char curve_name[] = "\x13\x0c"
                                    "edwards25519";

struct nl_token_key {
    struct nl_token_session session;
    CK_OBJECT_HANDLE private_key, public_key;
};

/* The name and number of the key in the URI. */
static CK_ULONG template_of(P11KitUri *uri, const CK_OBJECT_CLASS *class, CK_ATTRIBUTE out[3]) {
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_LABEL, CKA_ID};
    CK_ULONG count = 0;
    out[count++] = (CK_ATTRIBUTE){CKA_CLASS, (void *)class, sizeof *class};
    for (size_t i = 0; i < 2; i++) {
        CK_ATTRIBUTE *found = p11_kit_uri_get_attribute(uri, types[i]);
        if (found != NULL)
            out[count++] = *found;
    }
    return count;
}

static CK_ULONG find(struct nl_token_session *session, CK_ATTRIBUTE *template, CK_ULONG len,
                     CK_OBJECT_HANDLE out[KEYS_MOST]) {
    CK_ULONG count = 0;
    if (session->module->C_FindObjectsInit(session->handle, template, len) != CKR_OK)
        return 0;
    if (session->module->C_FindObjects(session->handle, out, KEYS_MOST, &count) != CKR_OK)
        count = 0;
    session->module->C_FindObjectsFinal(session->handle);
    return count;
}

static CK_ULONG find_class(struct nl_token_session *session, CK_OBJECT_CLASS class,
                           CK_OBJECT_HANDLE out[KEYS_MOST]) {
    CK_ATTRIBUTE template[3];
    CK_ULONG len = template_of(session->uri, &class, template);
    return find(session, template, len, out);
}

/* The public key that has the same number as the private one. */
static bool find_public(struct nl_token_key *key) {
    struct nl_token_session *session = &key->session;
    unsigned char id[LABEL_MOST];
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_ATTRIBUTE number = {CKA_ID, id, sizeof id};
    CK_OBJECT_HANDLE found[KEYS_MOST];
    if (session->module->C_GetAttributeValue(session->handle, key->private_key, &number, 1) !=
        CKR_OK)
        return false;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, number};
    if (find(session, template, 2, found) != 1)
        return false;
    key->public_key = found[0];
    return true;
}

/* CKA_EC_POINT is the key in an OCTET STRING; some tokens leave that out. */
static bool read_public(struct nl_token_key *key, unsigned char out[NL_PUBLIC_KEY_LEN]) {
    struct nl_token_session *session = &key->session;
    unsigned char point[POINT_MOST];
    CK_ATTRIBUTE wanted = {CKA_EC_POINT, point, sizeof point};
    if (!find_public(key) || session->module->C_GetAttributeValue(session->handle, key->public_key,
                                                                  &wanted, 1) != CKR_OK)
        return false;
    size_t head = wanted.ulValueLen == NL_PUBLIC_KEY_LEN + 2 && point[0] == 0x04 ? 2 : 0;
    if (wanted.ulValueLen != NL_PUBLIC_KEY_LEN + head)
        return false;
    memcpy(out, point + head, NL_PUBLIC_KEY_LEN);
    return true;
}

/* The private key of a token is not seen before the login. */
static enum nl_status take_one(struct nl_token_key *key, const char *uri,
                               unsigned char public[NL_PUBLIC_KEY_LEN], struct nl_error *err) {
    CK_OBJECT_HANDLE found[KEYS_MOST];
    CK_ULONG count = find_class(&key->session, CKO_PRIVATE_KEY, found);
    if (count == 0)
        return nl_error_set(err, NL_NOTFOUND,
                            "the token has no private key that matches signing.key_file: make one "
                            "with 'newsletter key make', and check that pin-source names the PIN");
    if (count > 1)
        return nl_error_set(
            err, NL_CONFIG,
            "the token has %lu private keys that match signing.key_file: name one by id=", count);
    key->private_key = found[0];
    return read_public(key, public)
               ? NL_OK
               : nl_error_set(err, NL_CONFIG, "the key of the token is not an Ed25519 key: %.100s",
                              uri);
}

static enum nl_status open_session(const char *uri, struct nl_token_key **out,
                                   struct nl_error *err) {
    *out = nl_calloc(1, sizeof **out);
    return nl_token_session_open(uri, &(*out)->session, err);
}

static enum nl_status ended(enum nl_status status, struct nl_token_key **out) {
    if (status != NL_OK) {
        nl_token_key_free(*out);
        *out = NULL;
    }
    return status;
}

enum nl_status nl_token_key_open(const char *uri, struct nl_token_key **out,
                                 unsigned char public[NL_PUBLIC_KEY_LEN], struct nl_error *err) {
    enum nl_status status = open_session(uri, out, err);
    if (status == NL_OK)
        status = take_one(*out, uri, public, err);
    return ended(status, out);
}

static CK_RV generate(struct nl_token_key *key, unsigned char *curve, CK_ULONG curve_len,
                      CK_ATTRIBUTE label, unsigned char id[ID_LEN]) {
    struct nl_token_session *session = &key->session;
    CK_MECHANISM mechanism = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE public[] = {{CKA_EC_PARAMS, curve, curve_len},
                             {CKA_TOKEN, &yes, sizeof yes},
                             {CKA_VERIFY, &yes, sizeof yes},
                             {CKA_ID, id, ID_LEN},
                             label};
    CK_ATTRIBUTE private[] = {{CKA_TOKEN, &yes, sizeof yes},
                              {CKA_PRIVATE, &yes, sizeof yes},
                              {CKA_SENSITIVE, &yes, sizeof yes},
                              {CKA_SIGN, &yes, sizeof yes},
                              {CKA_EXTRACTABLE, &no, sizeof no},
                              {CKA_ID, id, ID_LEN},
                              label};
    return session->module->C_GenerateKeyPair(
        session->handle, &mechanism, public, sizeof public / sizeof public[0], private,
        sizeof private / sizeof private[0], &key -> public_key, &key -> private_key);
}

enum nl_status nl_token_key_make(const char *uri, struct nl_token_key **out,
                                 unsigned char public[NL_PUBLIC_KEY_LEN], struct nl_error *err) {
    unsigned char id[ID_LEN];
    enum nl_status status = open_session(uri, out, err);
    CK_ATTRIBUTE *label =
        status == NL_OK ? p11_kit_uri_get_attribute((*out)->session.uri, CKA_LABEL) : NULL;
    if (status == NL_OK &&
        (label == NULL || p11_kit_uri_get_attribute((*out)->session.uri, CKA_ID) != NULL))
        status = nl_error_set(err, NL_CONFIG,
                              "signing.key_file: name a key that is to be made by object= alone, "
                              "without id=");
    if (status == NL_OK && RAND_bytes(id, sizeof id) != 1)
        status = nl_error_nomem(err);
    if (status == NL_OK) {
        CK_RV made = generate(*out, curve_oid, sizeof curve_oid, *label, id);
        if (made != CKR_OK)
            made = generate(*out, curve_name, sizeof curve_name - 1, *label, id);
        if (made != CKR_OK)
            status = nl_token_refused(err, "it cannot make an Ed25519 key", made);
        else if (!read_public(*out, public))
            status = nl_error_set(err, NL_CONFIG, "the token does not show the public key");
    }
    return ended(status, out);
}

enum nl_status nl_token_key_remove_others(struct nl_token_key *kept, struct nl_error *err) {
    static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};
    struct nl_token_session *session = &kept->session;
    CK_RV done = CKR_OK;
    for (size_t c = 0; c < 2; c++) {
        CK_OBJECT_HANDLE found[KEYS_MOST];
        CK_ULONG count = find_class(session, classes[c], found);
        for (CK_ULONG i = 0; done == CKR_OK && i < count; i++)
            if (found[i] != kept->private_key && found[i] != kept->public_key)
                done = session->module->C_DestroyObject(session->handle, found[i]);
    }
    return done == CKR_OK ? NL_OK : nl_token_refused(err, "it keeps the earlier key", done);
}

bool nl_token_key_sign(struct nl_token_key *key, const void *data, size_t len,
                       unsigned char out[NL_SIGNATURE_LEN]) {
    struct nl_token_session *session = &key->session;
    CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0};
    CK_ULONG made = NL_SIGNATURE_LEN;
    return session->module->C_SignInit(session->handle, &mechanism, key->private_key) == CKR_OK &&
           session->module->C_Sign(session->handle, (unsigned char *)data, len, out, &made) ==
               CKR_OK &&
           made == NL_SIGNATURE_LEN;
}

void nl_token_key_free(struct nl_token_key *key) {
    if (key == NULL)
        return;
    nl_token_session_close(&key->session);
    free(key);
}
