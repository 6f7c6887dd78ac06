/* A DKIM key, for the files of this room. */
#ifndef NL_DKIM_DKIM_KEY_H
#define NL_DKIM_DKIM_KEY_H

#include "newsletter/dkim/dkim.h"

#include <openssl/evp.h>
#include <stdbool.h>

struct nl_dkim_key {
    EVP_PKEY *pkey;
    char *domain;
    char *selector;
    bool ed25519;
};

/* Appends `data` in base64, without line breaks. */
void nl_dkim_base64(struct nl_buf *out, const unsigned char *data, size_t len);

#endif
