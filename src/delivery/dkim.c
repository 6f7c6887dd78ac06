#include "newsletter/dkim.h"

#include "newsletter/file.h"
#include "newsletter/token.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { KEY_FILE_LIMIT = 64 * 1024, LEAST_RSA_BITS = 1024, FOLD_COLUMNS = 64, FIELD_LIMIT = 64 };

struct nl_dkim_key {
    EVP_PKEY *pkey;
    char *domain;
    char *selector;
    bool ed25519;
};

/* ---- keys ---- */

void nl_dkim_key_free(struct nl_dkim_key *key) {
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    free(key->domain);
    free(key->selector);
    free(key);
}

static EVP_PKEY *read_pem(const struct nl_buf *pem) {
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    EVP_PKEY *pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return pkey;
}

enum nl_status nl_dkim_key_read(const char *path, const char *domain, const char *selector,
                                struct nl_dkim_key **out, struct nl_error *err) {
    struct nl_buf pem = {0};
    struct stat info;
    *out = NULL;
    enum nl_status status = nl_file_read(path, KEY_FILE_LIMIT, &pem, err);
    if (status == NL_OK && stat(path, &info) == 0 && (info.st_mode & S_IROTH) != 0)
        status =
            nl_error_set(err, NL_CONFIG, "DKIM key %s can be read by anybody: chmod 600 it", path);
    struct nl_dkim_key *key = status == NL_OK ? calloc(1, sizeof *key) : NULL;
    if (status == NL_OK && key == NULL)
        status = nl_error_nomem(err);
    if (status == NL_OK) {
        key->pkey = read_pem(&pem);
        key->domain = strdup(domain);
        key->selector = strdup(selector);
        key->ed25519 = key->pkey != NULL && EVP_PKEY_id(key->pkey) == EVP_PKEY_ED25519;
        bool rsa = key->pkey != NULL && EVP_PKEY_id(key->pkey) == EVP_PKEY_RSA &&
                   EVP_PKEY_bits(key->pkey) >= LEAST_RSA_BITS;
        if (key->domain == NULL || key->selector == NULL)
            status = nl_error_nomem(err);
        else if (!rsa && !key->ed25519)
            status = nl_error_set(err, NL_CONFIG,
                                  "%s is no private key for DKIM: make one with 'newsletter dkim "
                                  "keygen'",
                                  path);
    }
    if (pem.data != NULL)
        OPENSSL_cleanse(pem.data, pem.len);
    nl_buf_free(&pem);
    if (status != NL_OK) {
        nl_dkim_key_free(key);
        return status;
    }
    *out = key;
    return NL_OK;
}

static void add_base64(struct nl_buf *out, const unsigned char *data, size_t len) {
    if (!nl_buf_reserve(out, 4 * ((len + 2) / 3) + 1))
        return;
    out->len += (size_t)EVP_EncodeBlock((unsigned char *)out->data + out->len, data, (int)len);
}

/* RFC 6376 section 3.6.1; an Ed25519 key stands bare (RFC 8463 section 4.2). */
static bool add_record(EVP_PKEY *pkey, struct nl_buf *record) {
    unsigned char *der = NULL;
    unsigned char raw[32];
    size_t raw_len = sizeof raw;
    if (EVP_PKEY_id(pkey) == EVP_PKEY_ED25519) {
        if (EVP_PKEY_get_raw_public_key(pkey, raw, &raw_len) != 1)
            return false;
        nl_buf_adds(record, "v=DKIM1; k=ed25519; p=");
        add_base64(record, raw, raw_len);
        return true;
    }
    int len = i2d_PUBKEY(pkey, &der);
    if (len <= 0)
        return false;
    nl_buf_adds(record, "v=DKIM1; k=rsa; p=");
    add_base64(record, der, (size_t)len);
    OPENSSL_free(der);
    return true;
}

enum nl_status nl_dkim_record(const struct nl_dkim_key *key, struct nl_buf *record,
                              struct nl_error *err) {
    return add_record(key->pkey, record) && !record->failed ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_dkim_generate(const char *type, const char *path, struct nl_buf *record,
                                struct nl_error *err) {
    struct stat info;
    char *pem = NULL;
    enum nl_status status = NL_OK;
    if (stat(path, &info) == 0)
        return nl_error_set(err, NL_EXISTS, "%s is there already: name another file", path);
    EVP_PKEY *pkey = strcmp(type, "ed25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                     : strcmp(type, "rsa") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
                                                : NULL;
    if (pkey == NULL)
        return nl_error_set(err, NL_USAGE, "'%s' is not a type of key: use rsa or ed25519", type);
    BIO *bio = BIO_new(BIO_s_secmem());
    long len = 0;
    if (bio != NULL && PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1)
        len = BIO_get_mem_data(bio, &pem);
    if (len <= 0 || !add_record(pkey, record) || record->failed)
        status = nl_error_nomem(err);
    if (status == NL_OK)
        status = nl_file_write(path, pem, (size_t)len, true, err);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return status;
}

/* ---- canonicalisation, RFC 6376 section 3.4 ---- */

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* One line with its runs of blanks made one space each. Most lines have none to speak of. */
static void canonical_line(const char *line, size_t len, struct nl_buf *out) {
    if (memchr(line, '\t', len) == NULL && memmem(line, len, "  ", 2) == NULL) {
        nl_buf_add(out, line, len);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_blank(line[i]))
            nl_buf_addc(out, line[i]);
        else if (i + 1 == len || !is_blank(line[i + 1]))
            nl_buf_addc(out, ' ');
    }
}

/* Relaxed: runs of blanks become one space, blanks at line ends go, empty lines at the end go. */
static void canonical_body(const char *body, size_t len, struct nl_buf *out) {
    size_t empty_lines = 0;
    for (size_t at = 0; at < len;) {
        const char *end = memmem(body + at, len - at, "\r\n", 2);
        size_t line = end != NULL ? (size_t)(end - body) - at : len - at;
        size_t kept = line;
        while (kept > 0 && is_blank(body[at + kept - 1]))
            kept--;
        if (kept == 0) {
            empty_lines++;
        } else {
            for (; empty_lines > 0; empty_lines--)
                nl_buf_adds(out, "\r\n");
            canonical_line(body + at, kept, out);
            nl_buf_adds(out, "\r\n");
        }
        at += line + (end != NULL ? 2 : 0);
    }
}

/* Relaxed: the name in lower case, unfolded, runs of blanks as one space, none at either end. */
static void canonical_field(const char *field, size_t len, struct nl_buf *out) {
    const char *colon = memchr(field, ':', len);
    size_t name = (size_t)(colon - field);
    for (size_t i = 0; i < name; i++)
        if (!is_blank(field[i]))
            nl_buf_addc(out, (char)tolower((unsigned char)field[i]));
    nl_buf_addc(out, ':');
    bool pending = false;
    bool begun = false;
    for (size_t i = name + 1; i < len; i++) {
        if (is_blank(field[i]) || field[i] == '\r' || field[i] == '\n') {
            pending = begun;
            continue;
        }
        if (pending)
            nl_buf_addc(out, ' ');
        pending = false;
        begun = true;
        nl_buf_addc(out, field[i]);
    }
}

/* ---- the header ---- */

struct field {
    const char *text;
    size_t len; /* without the final CRLF */
};

struct header {
    struct field fields[FIELD_LIMIT];
    size_t count;
    size_t body; /* offset of the body */
};

static bool read_header(const char *message, size_t len, struct header *out) {
    size_t at = 0;
    while (at < len) {
        const char *end = memmem(message + at, len - at, "\r\n", 2);
        if (end == NULL)
            return false;
        size_t line = (size_t)(end - message) - at;
        if (line == 0) {
            out->body = at + 2;
            return true;
        }
        if (is_blank(message[at])) {
            if (out->count == 0)
                return false;
            struct field *last = &out->fields[out->count - 1];
            last->len = (size_t)(end - last->text);
        } else {
            if (out->count == FIELD_LIMIT || memchr(message + at, ':', line) == NULL)
                return false;
            out->fields[out->count++] = (struct field){message + at, line};
        }
        at += line + 2;
    }
    return false;
}

static bool is_named(const struct field *field, const char *name, bool prefix) {
    size_t len = strlen(name);
    return field->len > len && strncasecmp(field->text, name, len) == 0 &&
           (prefix || field->text[len] == ':');
}

static bool is_signed(const struct field *field) {
    static const char *const names[] = {"From", "Reply-To",   "To",           "Subject",
                                        "Date", "Message-ID", "MIME-Version", "Auto-Submitted"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is_named(field, names[i], false))
            return true;
    return is_named(field, "Content-", true) || is_named(field, "List-", true);
}

/* Folds the field where it grows long; after a tag's ";" or inside base64 that is allowed. */
static void add_folded(struct nl_buf *out, const char *text, size_t len) {
    for (size_t at = 0; at < len; at += FOLD_COLUMNS) {
        nl_buf_adds(out, "\r\n\t");
        nl_buf_add(out, text + at, len - at < FOLD_COLUMNS ? len - at : FOLD_COLUMNS);
    }
}

/* Everything of the signature field but the signature. h= names the fields from the bottom up, as
 * verifiers look for them, and From once more than it is there. */
static void begin_signature(const struct nl_dkim_key *key, const struct header *header,
                            const struct nl_buf *body, int64_t now, struct nl_buf *out) {
    unsigned char digest[NL_DIGEST_LEN];
    nl_digest(nl_buf_text(body), body->len, digest);
    nl_buf_addf(
        out, "DKIM-Signature: v=1; a=%s; c=relaxed/relaxed;\r\n\td=%s; s=%s; t=%lld;\r\n\tbh=",
        key->ed25519 ? "ed25519-sha256" : "rsa-sha256", key->domain, key->selector, (long long)now);
    add_base64(out, digest, sizeof digest);
    nl_buf_adds(out, ";\r\n\th=");
    for (size_t i = header->count; i-- > 0;) {
        const struct field *field = &header->fields[i];
        if (!is_signed(field))
            continue;
        const char *colon = memchr(field->text, ':', field->len);
        nl_buf_add(out, field->text, (size_t)(colon - field->text));
        nl_buf_adds(out, ":\r\n\t");
    }
    nl_buf_adds(out, "From;\r\n\tb=");
}

/* What is signed: the fields in the order of h=, then the signature field itself as far as "b=". */
static void hash_input(const struct header *header, const struct nl_buf *signature,
                       struct nl_buf *out) {
    for (size_t i = header->count; i-- > 0;) {
        if (!is_signed(&header->fields[i]))
            continue;
        canonical_field(header->fields[i].text, header->fields[i].len, out);
        nl_buf_adds(out, "\r\n");
    }
    canonical_field(nl_buf_text(signature), signature->len, out);
}

static bool sign_digest(const struct nl_dkim_key *key, const struct nl_buf *input,
                        unsigned char *signature, size_t *len) {
    unsigned char digest[NL_DIGEST_LEN];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool signed_it = false;
    nl_digest(nl_buf_text(input), input->len, digest);
    if (ctx == NULL)
        return false;
    if (key->ed25519) /* RFC 8463 section 3: PureEdDSA over the SHA-256 digest */
        signed_it = EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
                    EVP_DigestSign(ctx, signature, len, digest, sizeof digest) == 1;
    else
        signed_it = EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
                    EVP_DigestSign(ctx, signature, len, (const unsigned char *)nl_buf_text(input),
                                   input->len) == 1;
    EVP_MD_CTX_free(ctx);
    return signed_it;
}

enum nl_status nl_dkim_sign(const struct nl_dkim_key *key, const char *message, size_t len,
                            int64_t now, struct nl_buf *out, struct nl_error *err) {
    struct header header = {0};
    struct nl_buf body = {0};
    struct nl_buf input = {0};
    struct nl_buf field = {0};
    struct nl_buf encoded = {0};
    unsigned char signature[1024];
    size_t signature_len = sizeof signature;
    enum nl_status status = NL_OK;
    if (!read_header(message, len, &header))
        return nl_error_set(err, NL_INTERNAL, "the message to be signed has no proper header");
    canonical_body(message + header.body, len - header.body, &body);
    begin_signature(key, &header, &body, now, &field);
    hash_input(&header, &field, &input);
    if (body.failed || field.failed || input.failed ||
        !sign_digest(key, &input, signature, &signature_len)) {
        status = nl_error_nomem(err);
    } else {
        add_base64(&encoded, signature, signature_len);
        add_folded(&field, nl_buf_text(&encoded), encoded.len);
        nl_buf_add(out, nl_buf_text(&field), field.len);
        nl_buf_adds(out, "\r\n");
        if (encoded.failed || field.failed || out->failed)
            status = nl_error_nomem(err);
    }
    nl_buf_free(&body);
    nl_buf_free(&input);
    nl_buf_free(&field);
    nl_buf_free(&encoded);
    return status;
}
