#include "smime/smime_signature.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Attributes of RFC 5652 section 11, up to their values: a digest of 32 bytes, and a UTCTime, which
 * is for years before 2050. */
static const unsigned char digest_head[] = {0x30, 0x2f, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                            0x0d, 0x01, 0x09, 0x04, 0x31, 0x22, 0x04, 0x20};
static const unsigned char time_head[] = {0x30, 0x1c, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                          0x0d, 0x01, 0x09, 0x05, 0x31, 0x0f, 0x17, 0x0d};
enum {
    BASE64_LINE = 57,
    TIME_LEN = 13,
    TIME_TEXT = 32,
    SET_TAG = 0x31,
    FIELD_TAG = 0xa0,
    ATTRIBUTES_MOST = 256
};
static const int64_t utc_time_ends = 2524608000; /* 2050-01-01 */

/* Finds the one place of `what`. Returns the offset after it; 0 if it is not there, or twice. */
static size_t after(const struct nl_buf *der, const void *what, size_t len) {
    const char *end = der->data + der->len;
    const char *found = memmem(der->data, der->len, what, len);
    if (found == NULL || memmem(found + len, (size_t)(end - found) - len, what, len) != NULL)
        return 0;
    return (size_t)(found - der->data) + len;
}

/* The attributes stand one after the other in a field of less than 128 bytes: 0xa0, its length. The
 * signature of an RSA key is the last thing of the structure. */
static bool find_places(const struct nl_buf *der, size_t signature_len,
                        struct nl_smime_template *out) {
    out->digest = after(der, digest_head, sizeof digest_head);
    out->time = after(der, time_head, sizeof time_head);
    if (out->digest == 0 || out->time == 0 || der->len <= signature_len)
        return false;
    const unsigned char *bytes = (const unsigned char *)der->data;
    size_t end = out->digest > out->time ? out->digest + NL_DIGEST_LEN : out->time + TIME_LEN;
    for (size_t at = end - 2; at > 0 && end - at < ATTRIBUTES_MOST; at--)
        if (bytes[at] == FIELD_TAG && at + 2 + bytes[at + 1] == end && bytes[at + 2] == 0x30) {
            out->attributes = at;
            out->attributes_len = end - at;
            break;
        }
    out->len = der->len;
    out->signature_len = signature_len;
    out->signature = der->len - signature_len;
    return out->attributes != 0;
}

/* Signs the attributes, as a SET (RFC 5652 section 5.4). */
static bool sign(const struct nl_smime *smime, const unsigned char *attributes, size_t len,
                 unsigned char *signature) {
    unsigned char input[ATTRIBUTES_MOST];
    size_t made = smime->form.signature_len;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    memcpy(input, attributes, len);
    input[0] = SET_TAG;
    bool good = context != NULL &&
                EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, smime->key) == 1 &&
                EVP_DigestSign(context, signature, &made, input, len) == 1 &&
                made == smime->form.signature_len;
    EVP_MD_CTX_free(context);
    return good;
}

static bool fill(const struct nl_smime *smime, const unsigned char digest[NL_DIGEST_LEN],
                 int64_t now, struct nl_buf *out) {
    const struct nl_smime_template *form = &smime->form;
    char text[TIME_TEXT];
    struct tm tm = {0};
    time_t seconds = (time_t)now;
    size_t start = out->len;
    nl_buf_add(out, form->der, form->len);
    if (gmtime_r(&seconds, &tm) == NULL ||
        strftime(text, sizeof text, "%y%m%d%H%M%SZ", &tm) != TIME_LEN)
        return false;
    unsigned char *der = (unsigned char *)out->data + start;
    memcpy(der + form->digest, digest, NL_DIGEST_LEN);
    memcpy(der + form->time, text, TIME_LEN);
    return sign(smime, der + form->attributes, form->attributes_len, der + form->signature);
}

static void add_lines(const unsigned char *der, size_t len, struct nl_buf *out) {
    nl_buf_reserve(out, len / 3 * 4 + len / BASE64_LINE * 2 + 64);
    for (size_t at = 0; at < len; at += BASE64_LINE) {
        size_t line = len - at < BASE64_LINE ? len - at : BASE64_LINE;
        out->len +=
            (size_t)EVP_EncodeBlock((unsigned char *)out->data + out->len, der + at, (int)line);
        nl_buf_add(out, "\r\n", 2);
    }
}

void nl_smime_add_base64(const struct nl_smime *smime, const struct nl_buf *der,
                         struct nl_buf *out) {
    const struct nl_smime_template *form = &smime->form;
    size_t at = form->der != NULL && der->len == form->len ? form->in_lines : 0;
    if (at > 0)
        nl_buf_add(out, form->lines, form->lines_len);
    add_lines((const unsigned char *)der->data + at, der->len - at, out);
}

/* The lines before that with the first byte that differs. */
static bool encode_common(struct nl_smime_template *form) {
    struct nl_buf lines = {0};
    form->in_lines = form->attributes / BASE64_LINE * BASE64_LINE;
    add_lines(form->der, form->in_lines, &lines);
    form->lines_len = lines.len;
    form->lines = nl_buf_take(&lines);
    return form->lines != NULL;
}

/* OpenSSL makes two signatures. The template is made of the first, and used only if it gives the
 * second, byte for byte. */
enum nl_status nl_smime_make_template(struct nl_smime *smime, int64_t now, struct nl_error *err) {
    unsigned char first[NL_DIGEST_LEN] = {1};
    unsigned char second[NL_DIGEST_LEN] = {2};
    struct nl_buf der = {0};
    struct nl_buf wanted = {0};
    struct nl_buf filled = {0};
    bool rsa = EVP_PKEY_id(smime->key) == EVP_PKEY_RSA && now + 1 < utc_time_ends;
    bool made =
        nl_smime_cms(smime, first, now, &der) && nl_smime_cms(smime, second, now + 1, &wanted);
    if (made && rsa && find_places(&der, (size_t)EVP_PKEY_size(smime->key), &smime->form)) {
        smime->form.der = (unsigned char *)nl_buf_take(&der);
        if (!encode_common(&smime->form) || !fill(smime, second, now + 1, &filled) ||
            filled.len != wanted.len || memcmp(filled.data, wanted.data, wanted.len) != 0) {
            free(smime->form.der);
            smime->form.der = NULL;
        }
    }
    nl_buf_free(&der);
    nl_buf_free(&wanted);
    nl_buf_free(&filled);
    return made ? NL_OK
                : nl_error_set(err, NL_CONFIG, "the key of the S/MIME certificate %s does not sign",
                               smime->path);
}

bool nl_smime_signature(const struct nl_smime *smime, const unsigned char digest[NL_DIGEST_LEN],
                        int64_t now, struct nl_buf *out) {
    return smime->form.der != NULL && now < utc_time_ends ? fill(smime, digest, now, out)
                                                          : nl_smime_cms(smime, digest, now, out);
}
