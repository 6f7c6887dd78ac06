#include "newsletter/base/memory.h"
#include "newsletter/base/prefix.h"
#include "smime/smime_signature.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BOUNDARY_LEN = 40, SIGNATURE_ROOM = 16384 };

/* ---- the digest of the content ---- */

struct nl_smime_content {
    struct nl_prefix prefix;
    EVP_MD_CTX *context; /* after the prefix */
};

struct nl_smime_content *nl_smime_content_new(void) {
    return nl_calloc(1, sizeof(struct nl_smime_content));
}

void nl_smime_content_free(struct nl_smime_content *known) {
    if (known == NULL)
        return;
    EVP_MD_CTX_free(known->context);
    nl_prefix_free(&known->prefix);
    free(known);
}

static bool hash_prefix(struct nl_smime_content *known) {
    if (known->context == NULL)
        known->context = EVP_MD_CTX_new();
    return known->context != NULL && EVP_DigestInit_ex(known->context, EVP_sha256(), NULL) == 1 &&
           EVP_DigestUpdate(known->context, known->prefix.text, known->prefix.len) == 1;
}

static bool hash_content(struct nl_smime_content *known, const char *text, size_t len,
                         unsigned char digest[NL_DIGEST_LEN]) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    enum nl_prefix_use use =
        known != NULL ? nl_prefix_find(&known->prefix, text, len) : NL_PREFIX_NONE;
    size_t from = 0;
    bool done = context != NULL;
    if (done && use == NL_PREFIX_NEW)
        done = hash_prefix(known);
    if (done && use != NL_PREFIX_NONE) {
        done = EVP_MD_CTX_copy_ex(context, known->context) == 1;
        from = known->prefix.len;
    } else if (done) {
        done = EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    }
    done = done && EVP_DigestUpdate(context, text + from, len - from) == 1 &&
           EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

/* ---- the message ---- */

/* Sorts the fields of the header: those of the content, and all others. Returns where the body
 * begins; 0 for a message without a proper header. */
static size_t sort_fields(const struct nl_buf *message, struct nl_buf *outer,
                          struct nl_buf *inner) {
    const char *text = nl_buf_text(message);
    struct nl_buf *target = outer;
    for (size_t at = 0; at < message->len;) {
        const char *end = memmem(text + at, message->len - at, "\r\n", 2);
        if (end == NULL)
            return 0;
        size_t line = (size_t)(end - text) - at + 2;
        if (line == 2)
            return at + 2;
        if (text[at] != ' ' && text[at] != '\t')
            target = strncasecmp(text + at, "Content-", 8) == 0 ? inner : outer;
        nl_buf_add(target, text + at, line);
        at += line;
    }
    return 0;
}

/* Begins with "=_", which occurs neither in quoted-printable nor in base64. It is the same for all
 * copies, since the type of the content has the boundary of its own parts, which is made from the
 * text. */
static void make_boundary(const struct nl_buf *inner, char out[BOUNDARY_LEN]) {
    char hex[NL_HEX_LEN];
    nl_digest_hex(nl_buf_text(inner), inner->len, hex);
    snprintf(out, BOUNDARY_LEN, "=_s%.24s", hex);
}

/* RFC 8551 section 3.2.2 and 3.5.3. */
static void add_signature(const struct nl_smime *smime, const struct nl_buf *der,
                          const char *boundary, struct nl_buf *out) {
    nl_buf_addf(out,
                "\r\n--%s\r\n"
                "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
                "Content-Transfer-Encoding: base64\r\n"
                "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n",
                boundary);
    nl_smime_add_base64(smime, der, out);
    nl_buf_addf(out, "--%s--\r\n", boundary);
}

/* Adds all but the signature to `outer`, and hashes the content there. */
static bool add_content(const struct nl_buf *message, size_t body, const struct nl_buf *inner,
                        const char *boundary, struct nl_smime_content *known, struct nl_buf *outer,
                        unsigned char digest[NL_DIGEST_LEN]) {
    nl_buf_addf(outer,
                "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n"
                " micalg=sha-256; boundary=\"%s\"\r\n\r\n--%s\r\n",
                boundary, boundary);
    size_t content = outer->len;
    nl_buf_add(outer, nl_buf_text(inner), inner->len);
    nl_buf_adds(outer, "\r\n");
    nl_buf_add(outer, nl_buf_text(message) + body, message->len - body);
    return hash_content(known, outer->data + content, outer->len - content, digest);
}

enum nl_status nl_smime_sign(const struct nl_smime *smime, struct nl_smime_content *known,
                             struct nl_buf *message, int64_t now, struct nl_error *err) {
    struct nl_buf outer = {0};
    struct nl_buf inner = {0};
    struct nl_buf der = {0};
    char boundary[BOUNDARY_LEN];
    unsigned char digest[NL_DIGEST_LEN];
    if (now > smime->not_after)
        return nl_error_set(err, NL_CONFIG, "the S/MIME certificate %s has expired", smime->path);
    nl_buf_reserve(&outer, message->len + SIGNATURE_ROOM);
    size_t body = sort_fields(message, &outer, &inner);
    make_boundary(&inner, boundary);
    enum nl_status status = NL_OK;
    if (body == 0)
        status = nl_error_set(err, NL_INTERNAL, "the message to be signed has no proper header");
    else if (!add_content(message, body, &inner, boundary, known, &outer, digest) ||
             !nl_smime_signature(smime, digest, now, &der))
        status = nl_error_nomem(err);
    if (status == NL_OK)
        add_signature(smime, &der, boundary, &outer);
    nl_buf_free(&inner);
    nl_buf_free(&der);
    if (status != NL_OK) {
        nl_buf_free(&outer);
        return status;
    }
    nl_buf_free(message);
    *message = outer;
    return NL_OK;
}
