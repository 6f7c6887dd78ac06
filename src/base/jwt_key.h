/* The signature of a JSON Web Token. */
#ifndef NL_BASE_JWT_KEY_H
#define NL_BASE_JWT_KEY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether a key of a JWK Set is for signatures by `algorithm`, and may be the one named `id` (NULL:
 * any). */
bool nl_jwt_key_fits(const json_t *key, const char *algorithm, const char *id);

/* Whether signature[0..signature_len) is the one of `data` by that key. */
bool nl_jwt_key_verifies(const json_t *key, const char *algorithm, const char *data, size_t len,
                         const unsigned char *signature, size_t signature_len);

#endif
