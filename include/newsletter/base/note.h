/* Signed notes: a text and its signatures (C2SP signed-note), as checkpoints of logs are published.
 */
#ifndef NEWSLETTER_BASE_NOTE_H
#define NEWSLETTER_BASE_NOTE_H

#include "newsletter/base/sign.h"

enum { NL_KEY_NAME_LEN = 200, NL_KEY_ID_LEN = 4 };

/* A public key with the name that it signs under: the office's place in the web without a scheme,
 * such as "news.example.org". */
struct nl_verifier {
    char name[NL_KEY_NAME_LEN + 1];
    unsigned char key[NL_PUBLIC_KEY_LEN];
};

/* Whether a key may have that name: no blanks, no "+", no control characters, and not too long. */
bool nl_key_name_is_good(const char *name) NL_ALL_NONNULL;

/* The key's number: the first bytes of SHA-256 over its name, a line end, the algorithm and the
 * public key. */
void nl_key_id(const struct nl_verifier *verifier, unsigned char out[NL_KEY_ID_LEN]) NL_ALL_NONNULL;

/* Appends "NAME+ID+KEY", a verifier key of signed-note. */
void nl_verifier_add(struct nl_buf *out, const struct nl_verifier *verifier) NL_ALL_NONNULL;

/* Reads that form; false for anything else, and where the number is not that of the key. */
bool nl_verifier_parse(const char *text, struct nl_verifier *out) NL_ALL_NONNULL;

/* Appends a note: `text`, which ends with a line end, an empty line and our signature under
 * `name`. */
NL_CHECKED enum nl_status nl_note_sign(const struct nl_sign_key *key, const char *name,
                                       const char *text, struct nl_buf *out, struct nl_error *err)
    NL_NONNULL(1, 2, 3, 4);

/* Whether a signature of that key stands under the note and holds. *text_len: how long its text is,
 * with the last line end. */
bool nl_note_holds(const char *note, const struct nl_verifier *verifier,
                   size_t *text_len) NL_ALL_NONNULL;

#endif
