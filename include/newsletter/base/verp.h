/* Unforgeable names of one delivery: the variable envelope return path (VERP) and the Message-ID.
 */
#ifndef NEWSLETTER_BASE_VERP_H
#define NEWSLETTER_BASE_VERP_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* The keys that names are made and checked with. Close with nl_verp_close. One thread at a time. */
struct nl_verp {
    struct nl_mac_key *both;
    struct nl_mac_key *old_sender, *old_message_id; /* of mails that went out long ago */
    struct nl_verp_pair *last;                      /* the MACs of the last delivery */
};
NL_CHECKED enum nl_status nl_verp_open(const char *secret, struct nl_verp *out,
                                       struct nl_error *err) NL_NONNULL(1, 2);
void nl_verp_close(struct nl_verp *verp);

/* Writes the variable envelope return path "LOCAL+ID-MAC@DOMAIN" for a delivery. `bounce_address`
 * is an envelope address. */
void nl_verp_sender(const struct nl_verp *verp, const char *bounce_address, int64_t delivery,
                    struct nl_buf *out) NL_ALL_NONNULL;

/* Reads the delivery out of such an address; false when it is not one or its MAC does not verify.
 * Case does not matter, since mail systems may change it in a bounce. */
bool nl_verp_verify(const struct nl_verp *verp, const char *address,
                    int64_t *delivery) NL_ALL_NONNULL;

/* Writes "ID.MAC@DOMAIN", the same at every attempt, so that a mail sent again can be told from a
 * second one (RFC 5322 section 3.6.4). */
void nl_verp_message_id(const struct nl_verp *verp, const char *domain, int64_t delivery,
                        struct nl_buf *out) NL_ALL_NONNULL;

/* Reads the delivery out of such a Message-ID, as nl_verp_verify does. */
bool nl_verp_verify_message_id(const struct nl_verp *verp, const char *id,
                               int64_t *delivery) NL_ALL_NONNULL;

#endif
