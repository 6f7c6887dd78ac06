#include "smime/smime_signature.h"

#include <openssl/cms.h>

/* The attributes that are signed (RFC 5652 section 11): the digest stands for the content, which
 * OpenSSL would hash as a whole. */
static bool add_attributes(CMS_ContentInfo *cms, CMS_SignerInfo *signer,
                           const unsigned char digest[NL_DIGEST_LEN], int64_t now) {
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)now);
    bool good =
        time != NULL &&
        CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_contentType, V_ASN1_OBJECT,
                                    CMS_get0_eContentType(cms), -1) == 1 &&
        CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING, digest,
                                    NL_DIGEST_LEN) == 1 &&
        CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_signingTime, time->type, time, -1) == 1;
    ASN1_TIME_free(time);
    return good;
}

bool nl_smime_cms(const struct nl_smime *smime, const unsigned char digest[NL_DIGEST_LEN],
                  int64_t now, struct nl_buf *out) {
    unsigned char *der = NULL;
    int len = 0;
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, smime->chain, NULL,
                                    CMS_PARTIAL | CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP);
    CMS_SignerInfo *signer =
        cms != NULL ? CMS_add1_signer(cms, smime->certificate, smime->key, EVP_sha256(),
                                      CMS_PARTIAL | CMS_BINARY | CMS_NOSMIMECAP)
                    : NULL;
    if (signer != NULL && add_attributes(cms, signer, digest, now) &&
        CMS_SignerInfo_sign(signer) == 1)
        len = i2d_CMS_ContentInfo(cms, &der);
    if (len > 0)
        nl_buf_add(out, der, (size_t)len);
    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    return len > 0;
}
