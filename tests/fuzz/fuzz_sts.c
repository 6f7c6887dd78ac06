/* An MTA-STS policy as any bytes: what is taken keeps within the bounds of RFC 8461, and names no
 * mail host that it does not hold. */
#include "newsletter/smtp/sts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { YEAR = 31557600 };

static void demand(bool holds) {
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct nl_sts_policy policy = {0};
    struct nl_error err = {0};
    struct nl_buf text = {0};
    nl_buf_add(&text, (const char *)data, len);
    if (nl_sts_policy_read(nl_buf_text(&text), &policy, &err) == NL_OK) {
        demand(policy.max_age >= 0 && policy.max_age <= YEAR);
        demand(policy.mode == NL_STS_NONE || policy.mail_hosts.len > 0);
        demand(!nl_sts_policy_names(&policy, "") && !nl_sts_policy_names(&policy, "."));
        (void)!nl_sts_policy_names(&policy, "mx.example.org");
    }
    nl_sts_policy_free(&policy);
    nl_buf_free(&text);
    nl_error_free(&err);
    return 0;
}
