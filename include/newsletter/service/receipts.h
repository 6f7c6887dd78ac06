/* Consent receipts: what somebody agreed to, signed by the office. */
#ifndef NEWSLETTER_SERVICE_RECEIPTS_H
#define NEWSLETTER_SERVICE_RECEIPTS_H

#include "newsletter/base/key_ring.h"
#include "newsletter/proof/inclusion.h"
#include "newsletter/service/office.h"
#include "newsletter/service/subscribers.h"

/* The number of a wording that somebody agrees to (store/consent_wording.h), which is kept if it
 * was not known. `text` may be NULL: 0. NL_DATA for one that is too long or no text. */
NL_CHECKED enum nl_status nl_office_wording(struct nl_store *store, const char *language,
                                            const char *text, int64_t *id, struct nl_error *err)
    NL_NONNULL(1, 4, 5);

/* Appends a wording in the form in which it is kept. NL_DATA as above. */
NL_CHECKED enum nl_status nl_wording_normal(const char *text, struct nl_buf *out,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* The receipts of a person, one for each subscription, as docs/genuine.md describes them. Signed
 * where there is a key. The caller frees *out. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_receipts(const struct nl_office *office,
                                             const struct nl_who *who, json_t **out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Likewise for staff who may see these lists alone (objects with the member "name"; NULL: all), by
 * the person's number. It is noted in the audit log. */
NL_CHECKED enum nl_status nl_office_receipts_shown(const struct nl_office *office, int64_t id,
                                                   const json_t *lists, json_t **out,
                                                   struct nl_error *err) NL_NONNULL(1, 4, 5);

/* Where a link leads: that of a welcome mail to the receipt of one list, that of the subscriber's
 * own page to all. */
struct nl_receipt_link {
    int64_t subscriber;
    int64_t list; /* 0: all */
};

/* NL_DATA malformed, NL_NOTFOUND unknown or for another purpose, NL_EXPIRED, NL_USED. */
NL_CHECKED enum nl_status nl_receipt_link_find(struct nl_store *store, const char *token,
                                               struct nl_receipt_link *out,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* As nl_office_receipts, as far as the link leads to them. */
NL_CHECKED enum nl_status nl_office_receipts_by_link(const struct nl_office *office,
                                                     const struct nl_receipt_link *link,
                                                     json_t **out,
                                                     struct nl_error *err) NL_ALL_NONNULL;

/* The result for a receipt that holds. */
struct nl_receipt_checked {
    char signed_by[NL_KEY_NAME_LEN + 1]; /* the name of the key; "": it has none */
    bool in_ledger;                      /* it has an inclusion proof */
    unsigned proved;                     /* by the ledger: bits of enum nl_proved */
    uint64_t size;                       /* entries of the checkpoint */
};

/* Checks one receipt, by the public keys alone: its wordings, its proof and its signature. NL_DATA,
 * with the reason, where one of them does not hold. */
NL_CHECKED enum nl_status nl_receipt_check(const json_t *receipt, const struct nl_key_ring *ring,
                                           struct nl_receipt_checked *out,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* The names of the bits of enum nl_proved, from the lowest on; ended by NULL. */
extern const char *const nl_proved_words[];

#endif
