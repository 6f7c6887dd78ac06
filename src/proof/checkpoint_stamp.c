#include "proof/checkpoint_stamp.h"

#include "newsletter/base/token.h"
#include "proof/checkpoint_call.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <string.h>
#include <time.h>

enum { NONCE_BYTES = 8 };

/* SHA-256 of the text, with its last line end: what is signed and cosigned, too. */
static void digest_of(const char *note, unsigned char out[NL_DIGEST_LEN]) {
    const char *end = strstr(note, "\n\n");
    nl_digest(note, end != NULL ? (size_t)(end + 1 - note) : strlen(note), out);
}

static enum nl_status refuse(struct nl_error *err, const char *what) {
    char reason[200];
    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof reason);
    ERR_clear_error();
    return nl_error_set(err, NL_DATA, "%s: %s", what, reason);
}

/* ---- the question ---- */

static bool set_imprint(TS_REQ *request, const unsigned char digest[NL_DIGEST_LEN]) {
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    bool made = imprint != NULL && algorithm != NULL &&
                X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
                TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
                TS_MSG_IMPRINT_set_msg(imprint, (unsigned char *)digest, NL_DIGEST_LEN) == 1 &&
                TS_REQ_set_msg_imprint(request, imprint) == 1;
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(imprint);
    return made;
}

/* So that an old answer is not taken for one to this question. */
static bool set_nonce(TS_REQ *request) {
    unsigned char random[NONCE_BYTES];
    BIGNUM *number = NULL;
    ASN1_INTEGER *nonce = NULL;
    bool made = RAND_bytes(random, sizeof random) == 1 &&
                (number = BN_bin2bn(random, sizeof random, NULL)) != NULL &&
                (nonce = BN_to_ASN1_INTEGER(number, NULL)) != NULL &&
                TS_REQ_set_nonce(request, nonce) == 1;
    ASN1_INTEGER_free(nonce);
    BN_free(number);
    return made;
}

static TS_REQ *make_request(const char *note) {
    unsigned char digest[NL_DIGEST_LEN];
    TS_REQ *request = TS_REQ_new();
    digest_of(note, digest);
    if (request != NULL && (TS_REQ_set_version(request, 1) != 1 || !set_imprint(request, digest) ||
                            !set_nonce(request) || TS_REQ_set_cert_req(request, 1) != 1)) {
        TS_REQ_free(request);
        return NULL;
    }
    return request;
}

/* ---- trust ---- */

/* The certificate counts as of the time in the token: a checkpoint is kept longer than it lasts. */
static X509_STORE *trusted(const struct nl_config *config, time_t at) {
    X509_STORE *store = X509_STORE_new();
    if (store == NULL)
        return NULL;
    int loaded = config->audit.timestamp_ca_file != NULL
                     ? X509_STORE_load_file(store, config->audit.timestamp_ca_file)
                     : X509_STORE_set_default_paths(store);
    if (loaded != 1) {
        X509_STORE_free(store);
        return NULL;
    }
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), at);
    return store;
}

static bool time_of(PKCS7 *token, time_t *out) {
    struct tm moment = {0};
    TS_TST_INFO *info = token != NULL ? PKCS7_to_TS_TST_INFO(token) : NULL;
    bool read = info != NULL && ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &moment) == 1;
    *out = read ? timegm(&moment) : 0;
    TS_TST_INFO_free(info);
    return read;
}

/* `response` NULL: the token by itself. The context owns what it is given. */
static bool holds(TS_VERIFY_CTX *context, const struct nl_config *config, TS_RESP *response,
                  PKCS7 *token, time_t at) {
    X509_STORE *store = trusted(config, at);
    if (store == NULL)
        return false;
    TS_VERIFY_CTX_add_flags(context, TS_VFY_SIGNATURE);
    TS_VERIFY_CTX_set_store(context, store);
    return (response != NULL ? TS_RESP_verify_response(context, response)
                             : TS_RESP_verify_token(context, token)) == 1;
}

/* ---- the answer ---- */

static enum nl_status take_answer(const struct nl_config *config, TS_REQ *request,
                                  const struct nl_buf *answer, struct nl_buf *out,
                                  struct nl_error *err) {
    const unsigned char *at = (const unsigned char *)answer->data;
    unsigned char *der = NULL;
    time_t moment = 0;
    enum nl_status status = NL_OK;
    TS_RESP *response = answer->len > 0 ? d2i_TS_RESP(NULL, &at, (long)answer->len) : NULL;
    TS_VERIFY_CTX *context = TS_REQ_to_TS_VERIFY_CTX(request, NULL);
    PKCS7 *token = response != NULL ? TS_RESP_get_token(response) : NULL;
    if (context == NULL)
        status = nl_error_nomem(err);
    else if (!time_of(token, &moment) || !holds(context, config, response, NULL, moment))
        status =
            refuse(err, "its answer is not a time stamp of the checkpoint by a trusted authority");
    int len = status == NL_OK ? i2d_PKCS7(token, &der) : 0;
    if (len > 0)
        nl_buf_add(out, (char *)der, (size_t)len);
    OPENSSL_free(der);
    TS_VERIFY_CTX_free(context);
    TS_RESP_free(response);
    return status == NL_OK && (len <= 0) ? nl_error_nomem(err) : status;
}

enum nl_status nl_stamp_ask(const struct nl_config *config, const char *note, struct nl_buf *token,
                            struct nl_error *err) {
    unsigned char *der = NULL;
    TS_REQ *request = make_request(note);
    int len = request != NULL ? i2d_TS_REQ(request, &der) : 0;
    struct nl_checkpoint_call call = {.url = config->audit.timestamp_url,
                                      .type = "application/timestamp-query",
                                      .body = (char *)der,
                                      .len = len > 0 ? (size_t)len : 0};
    enum nl_status status = len > 0 ? nl_checkpoint_post(&call, err) : nl_error_nomem(err);
    if (status == NL_OK && call.code != 200)
        status = nl_error_set(err, NL_TEMPFAIL, "its answer is %ld", call.code);
    if (status == NL_OK)
        status = take_answer(config, request, &call.answer, token, err);
    if (status != NL_OK)
        status = nl_error_context(err, "time stamp by %s", config->audit.timestamp_url);
    OPENSSL_free(der);
    TS_REQ_free(request);
    nl_buf_free(&call.answer);
    return status;
}

enum nl_status nl_stamp_check(const struct nl_config *config, const char *note,
                              const unsigned char *token, size_t len, int64_t *at,
                              struct nl_error *err) {
    unsigned char *digest = OPENSSL_malloc(NL_DIGEST_LEN); /* the context frees it */
    TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
    time_t moment = 0;
    PKCS7 *read = len > 0 ? d2i_PKCS7(NULL, &token, (long)len) : NULL;
    enum nl_status status = NL_OK;
    if (context == NULL || digest == NULL) {
        OPENSSL_free(digest);
        status = nl_error_nomem(err);
    } else {
        digest_of(note, digest);
        TS_VERIFY_CTX_set_imprint(context, digest, NL_DIGEST_LEN);
        TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_IMPRINT);
        if (!time_of(read, &moment) || !holds(context, config, NULL, read, moment))
            status = refuse(err, "the time stamp does not hold");
    }
    *at = moment;
    TS_VERIFY_CTX_free(context);
    PKCS7_free(read);
    return status;
}
