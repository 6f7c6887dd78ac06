/* Consent receipts: what somebody agreed to, signed by the office. */
#ifndef NEWSLETTER_SERVICE_RECEIPTS_H
#define NEWSLETTER_SERVICE_RECEIPTS_H

#include "newsletter/base/key_ring.h"
#include "newsletter/service/office.h"
#include "newsletter/service/subscribers.h"

/* The receipts of a person, one for each subscription, as docs/genuine.md describes them. Signed
 * where there is a key. The caller frees *out. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_receipts(const struct nl_office *office,
                                             const struct nl_who *who, json_t **out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Checks one receipt. NL_DATA where its signature is missing, or holds by none of the keys. */
NL_CHECKED enum nl_status nl_receipt_check(const json_t *receipt, const struct nl_key_ring *ring,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
