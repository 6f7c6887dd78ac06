#include "newsletter/dkim/dkim.h"

#include "dkim/dkim_body.h"
#include "dkim/dkim_key.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { FOLD_COLUMNS = 64, FIELD_LIMIT = 64 };

/* ---- canonicalisation, RFC 6376 section 3.4 ---- */

/* Relaxed: the name in lower case, unfolded, runs of blanks as one space, none at either end. */
static void canonical_field(const char *field, size_t len, struct nl_buf *out) {
    const char *colon = memchr(field, ':', len);
    size_t name = (size_t)(colon - field);
    nl_buf_reserve(out, len + 1);
    char *to = out->data + out->len;
    for (size_t i = 0; i < name; i++)
        if (!nl_dkim_is_blank(field[i]))
            *to++ = (char)tolower((unsigned char)field[i]);
    *to++ = ':';
    bool pending = false;
    bool begun = false;
    for (size_t i = name + 1; i < len; i++) {
        if (nl_dkim_is_blank(field[i]) || field[i] == '\r' || field[i] == '\n') {
            pending = begun;
            continue;
        }
        if (pending)
            *to++ = ' ';
        pending = false;
        begun = true;
        *to++ = field[i];
    }
    *to = '\0';
    out->len = (size_t)(to - out->data);
}

/* ---- the header ---- */

struct field {
    const char *text;
    size_t len; /* without the final CRLF */
    bool is_signed;
};

struct header {
    struct field fields[FIELD_LIMIT];
    size_t count;
    size_t body; /* offset of the body */
};

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
    return is_named(field, "Content-", true) || is_named(field, "List-", true) ||
           is_named(field, "Ledger-", true);
}

static bool read_header(const char *message, size_t len, struct header *out) {
    size_t at = 0;
    while (at < len) {
        const char *end = memmem(message + at, len - at, "\r\n", 2);
        if (end == NULL)
            return false;
        size_t line = (size_t)(end - message) - at;
        if (line == 0) {
            out->body = at + 2;
            for (size_t i = 0; i < out->count; i++)
                out->fields[i].is_signed = is_signed(&out->fields[i]);
            return true;
        }
        if (nl_dkim_is_blank(message[at])) {
            if (out->count == 0)
                return false;
            struct field *last = &out->fields[out->count - 1];
            last->len = (size_t)(end - last->text);
        } else {
            if (out->count == FIELD_LIMIT || memchr(message + at, ':', line) == NULL)
                return false;
            out->fields[out->count++] = (struct field){message + at, line, false};
        }
        at += line + 2;
    }
    return false;
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
                            const unsigned char body[NL_DIGEST_LEN], int64_t now,
                            struct nl_buf *out) {
    nl_buf_addf(
        out, "DKIM-Signature: v=1; a=%s; c=relaxed/relaxed;\r\n\td=%s; s=%s; t=%lld;\r\n\tbh=",
        key->ed25519 ? "ed25519-sha256" : "rsa-sha256", key->domain, key->selector, (long long)now);
    nl_dkim_base64(out, body, NL_DIGEST_LEN);
    nl_buf_adds(out, ";\r\n\th=");
    for (size_t i = header->count; i-- > 0;) {
        const struct field *field = &header->fields[i];
        if (!field->is_signed)
            continue;
        const char *colon = memchr(field->text, ':', field->len);
        nl_buf_add(out, field->text, (size_t)(colon - field->text));
        nl_buf_adds(out, ":\r\n\t");
    }
    nl_buf_adds(out, "From;\r\n\tb=");
}

/* The fields that are signed, in the order of h=. */
static void canonical_header(const struct header *header, struct nl_buf *out) {
    for (size_t i = header->count; i-- > 0;) {
        if (!header->fields[i].is_signed)
            continue;
        canonical_field(header->fields[i].text, header->fields[i].len, out);
        nl_buf_adds(out, "\r\n");
    }
}

static bool sign(const struct nl_dkim_key *key, const struct nl_buf *input,
                 unsigned char *signature, size_t *len) {
    const unsigned char *data = (const unsigned char *)nl_buf_text(input);
    unsigned char digest[NL_DIGEST_LEN];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool signed_it = false;
    if (ctx == NULL)
        return false;
    if (key->ed25519) { /* RFC 8463 section 3: PureEdDSA over the SHA-256 digest */
        nl_digest(data, input->len, digest);
        signed_it = EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
                    EVP_DigestSign(ctx, signature, len, digest, sizeof digest) == 1;
    } else {
        signed_it = EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
                    EVP_DigestSign(ctx, signature, len, data, input->len) == 1;
    }
    EVP_MD_CTX_free(ctx);
    return signed_it;
}

/* Appends the signature field of one key. It signs the fields, and then the signature field itself
 * up to "b=". */
static bool add_signature(const struct nl_dkim_key *key, const struct header *header,
                          const struct nl_buf *fields, const unsigned char body[NL_DIGEST_LEN],
                          int64_t now, struct nl_buf *out) {
    struct nl_buf input = {0};
    struct nl_buf field = {0};
    struct nl_buf encoded = {0};
    unsigned char signature[1024];
    size_t len = sizeof signature;
    begin_signature(key, header, body, now, &field);
    nl_buf_add(&input, nl_buf_text(fields), fields->len);
    canonical_field(nl_buf_text(&field), field.len, &input);
    bool done = sign(key, &input, signature, &len);
    if (done) {
        nl_dkim_base64(&encoded, signature, len);
        add_folded(&field, nl_buf_text(&encoded), encoded.len);
        nl_buf_add(out, nl_buf_text(&field), field.len);
        nl_buf_adds(out, "\r\n");
    }
    nl_buf_free(&input);
    nl_buf_free(&field);
    nl_buf_free(&encoded);
    return done;
}

enum nl_status nl_dkim_sign(const struct nl_dkim_key *const *keys, size_t count,
                            struct nl_dkim_body *known, const char *message, size_t len,
                            int64_t now, struct nl_buf *out, struct nl_error *err) {
    struct header header = {0};
    struct nl_buf fields = {0};
    unsigned char digest[NL_DIGEST_LEN];
    if (!read_header(message, len, &header))
        return nl_error_set(err, NL_INTERNAL, "the message to be signed has no proper header");
    canonical_header(&header, &fields);
    bool done = nl_dkim_body_hash(known, message + header.body, len - header.body, digest);
    for (size_t i = 0; done && i < count; i++)
        done = add_signature(keys[i], &header, &fields, digest, now, out);
    nl_buf_free(&fields);
    return done ? NL_OK : nl_error_nomem(err);
}
