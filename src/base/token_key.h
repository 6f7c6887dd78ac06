/* A key of the office that lies in a PKCS#11 token and never leaves it. */
#ifndef NL_BASE_TOKEN_KEY_H
#define NL_BASE_TOKEN_KEY_H

#include "newsletter/base/sign.h"

/* Free with nl_token_key_free. */
struct nl_token_key;

/* Opens the one Ed25519 key that `uri` names. NL_NOTFOUND if the token has none. */
enum nl_status nl_token_key_open(const char *uri, struct nl_token_key **out,
                                 unsigned char public[NL_PUBLIC_KEY_LEN], struct nl_error *err);

/* Has the token make a key with the name of `uri`, next to those that it has. */
enum nl_status nl_token_key_make(const char *uri, struct nl_token_key **out,
                                 unsigned char public[NL_PUBLIC_KEY_LEN], struct nl_error *err);

/* Removes all keys that `uri` names but `kept`. */
enum nl_status nl_token_key_remove_others(struct nl_token_key *kept, struct nl_error *err);

bool nl_token_key_sign(struct nl_token_key *key, const void *data, size_t len,
                       unsigned char out[NL_SIGNATURE_LEN]);

void nl_token_key_free(struct nl_token_key *key);

#endif
