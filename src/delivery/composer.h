/* Composes the message of one delivery, filled and signed, and its envelope sender. */
#ifndef NL_DELIVERY_COMPOSER_H
#define NL_DELIVERY_COMPOSER_H

#include "delivery/backlog.h"
#include "newsletter/base/address.h"
#include "newsletter/base/attribute.h"
#include "newsletter/base/verp.h"
#include "newsletter/dkim/signer.h"
#include "newsletter/smime/smime.h"

/* Zero it, then nl_composer_open; free with nl_composer_close. */
struct nl_composer {
    const struct nl_run_plan *plan;
    struct nl_address from;
    char *sender;         /* envelope form: bounces go there */
    bool variable_sender; /* it names the delivery (VERP) */
    struct nl_verp verp;
    struct nl_signer signer;
    struct nl_smime *smime; /* NULL without a certificate */
};
NL_CHECKED enum nl_status nl_composer_open(struct nl_composer *composer,
                                           const struct nl_run_plan *plan, struct nl_error *err);
void nl_composer_close(struct nl_composer *composer);

/* Fills `message` for a delivery to `address`, which goes out through a server of `provider` (enum
 * nl_provider). NL_NOTFOUND for a transactional message that was erased meanwhile. */
NL_CHECKED enum nl_status nl_composer_fill(const struct nl_composer *composer,
                                           const struct nl_pending *pending,
                                           const struct nl_address *address, int64_t provider,
                                           struct nl_buf *message, struct nl_error *err);

/* Appends the envelope sender of a delivery. */
void nl_composer_sender(const struct nl_composer *composer, int64_t delivery, struct nl_buf *out);

#endif
