/* Sender Policy Framework (RFC 7208), judged by libspf2 over our resolver. */
#ifndef NL_DOCTOR_SPF_H
#define NL_DOCTOR_SPF_H

#include "doctor/dns.h"
#include "newsletter/base/buf.h"

enum nl_spf_result {
    NL_SPF_NONE,
    NL_SPF_PASS,
    NL_SPF_FAIL,
    NL_SPF_SOFTFAIL,
    NL_SPF_NEUTRAL,
    NL_SPF_BROKEN, /* permanent or temporary error */
};

/* How a receiver judges mail from `domain` that comes from `address`. With NL_SPF_BROKEN, `why`
 * says what is wrong. */
enum nl_status nl_spf_judge(struct nl_dns *dns, const char *domain, const char *address,
                            enum nl_spf_result *out, struct nl_buf *why, struct nl_error *err);

#endif
