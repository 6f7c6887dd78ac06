#include "newsletter/base/note.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ED25519 = 1, ID_HEX = 2 * NL_KEY_ID_LEN, NOTE_LIMIT = 1 << 20 };

static const char dash[] = "\xe2\x80\x94 "; /* an em dash begins each line of a signature */

bool nl_key_name_is_good(const char *name) {
    size_t len = strlen(name);
    if (len == 0 || len > NL_KEY_NAME_LEN)
        return false;
    for (size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || name[i] >= 0x7f || name[i] == '+')
            return false;
    return true;
}

void nl_key_id(const struct nl_verifier *verifier, unsigned char out[NL_KEY_ID_LEN]) {
    unsigned char text[NL_KEY_NAME_LEN + 2 + NL_PUBLIC_KEY_LEN];
    unsigned char digest[NL_DIGEST_LEN];
    size_t len = strlen(verifier->name);
    memcpy(text, verifier->name, len);
    text[len++] = '\n';
    text[len++] = ED25519;
    memcpy(text + len, verifier->key, NL_PUBLIC_KEY_LEN);
    nl_digest(text, len + NL_PUBLIC_KEY_LEN, digest);
    memcpy(out, digest, NL_KEY_ID_LEN);
}

void nl_verifier_add(struct nl_buf *out, const struct nl_verifier *verifier) {
    unsigned char id[NL_KEY_ID_LEN];
    unsigned char key[1 + NL_PUBLIC_KEY_LEN] = {ED25519};
    nl_key_id(verifier, id);
    memcpy(key + 1, verifier->key, NL_PUBLIC_KEY_LEN);
    nl_buf_addf(out, "%s+%02x%02x%02x%02x+", verifier->name, id[0], id[1], id[2], id[3]);
    nl_base64_add(out, key, sizeof key);
}

bool nl_verifier_parse(const char *text, struct nl_verifier *out) {
    *out = (struct nl_verifier){0};
    size_t name_len = strcspn(text, "+");
    unsigned char *key = NULL;
    size_t key_len = 0;
    if (name_len > NL_KEY_NAME_LEN || strlen(text) < name_len + ID_HEX + 2 ||
        text[name_len + 1 + ID_HEX] != '+')
        return false;
    memcpy(out->name, text, name_len);
    const char *coded = text + name_len + ID_HEX + 2;
    bool good = nl_key_name_is_good(out->name) &&
                nl_base64_decode(coded, strlen(coded), NL_BASE64_PROOF, &key, &key_len) &&
                key_len == 1 + NL_PUBLIC_KEY_LEN && key[0] == ED25519;
    if (good)
        memcpy(out->key, key + 1, NL_PUBLIC_KEY_LEN);
    free(key);
    struct nl_buf again = {0};
    if (good)
        nl_verifier_add(&again, out);
    good = good && strncmp(nl_buf_text(&again), text, name_len + ID_HEX + 2) == 0;
    nl_buf_free(&again);
    return good;
}

enum nl_status nl_note_sign(const struct nl_sign_key *key, const char *name, const char *text,
                            struct nl_buf *out, struct nl_error *err) {
    struct nl_verifier verifier = {0};
    unsigned char signature[NL_KEY_ID_LEN + NL_SIGNATURE_LEN];
    size_t len = strlen(text);
    if (!nl_key_name_is_good(name) || len == 0 || text[len - 1] != '\n')
        return nl_error_set(err, NL_INTERNAL, "a note needs a name and whole lines");
    snprintf(verifier.name, sizeof verifier.name, "%s", name);
    nl_sign_key_public(key, verifier.key);
    nl_key_id(&verifier, signature);
    enum nl_status status = nl_sign(key, text, len, signature + NL_KEY_ID_LEN, err);
    if (status != NL_OK)
        return status;
    nl_buf_addf(out, "%s\n%s%s ", text, dash, name);
    nl_base64_add(out, signature, sizeof signature);
    nl_buf_addc(out, '\n');
    return NL_OK;
}

/* Where the signatures begin: after the last empty line. NULL if there are none. */
static const char *signatures_of(const char *note) {
    const char *found = NULL;
    for (const char *at = strstr(note, "\n\n"); at != NULL; at = strstr(at + 1, "\n\n"))
        found = at + 2;
    return found;
}

static bool line_holds(const char *line, size_t len, const struct nl_verifier *verifier,
                       const char *note, size_t text_len) {
    unsigned char id[NL_KEY_ID_LEN];
    unsigned char *signature = NULL;
    size_t signature_len = 0;
    size_t name_len = strlen(verifier->name);
    size_t lead = strlen(dash) + name_len + 1;
    if (len <= lead || strncmp(line, dash, strlen(dash)) != 0 ||
        strncmp(line + strlen(dash), verifier->name, name_len) != 0 || line[lead - 1] != ' ' ||
        !nl_base64_decode(line + lead, len - lead, NL_BASE64_PROOF, &signature, &signature_len))
        return false;
    nl_key_id(verifier, id);
    bool holds = signature_len == NL_KEY_ID_LEN + NL_SIGNATURE_LEN &&
                 memcmp(signature, id, NL_KEY_ID_LEN) == 0 &&
                 nl_sign_holds(verifier->key, note, text_len, signature + NL_KEY_ID_LEN);
    free(signature);
    return holds;
}

bool nl_note_holds(const char *note, const struct nl_verifier *verifier, size_t *text_len) {
    *text_len = 0;
    const char *line = strnlen(note, NOTE_LIMIT) < NOTE_LIMIT ? signatures_of(note) : NULL;
    if (line == NULL)
        return false;
    *text_len = (size_t)(line - 1 - note);
    for (size_t len = 0; *line != '\0'; line += len + (line[len] == '\n')) {
        len = strcspn(line, "\n");
        if (line_holds(line, len, verifier, note, *text_len))
            return true;
    }
    return false;
}
