/* MTA-STS (RFC 8461): a domain says on a web server which mail hosts it has, and that they have
 * certificates for their names. Policies come from strangers: everything about them is bounded. */
#ifndef NEWSLETTER_SMTP_STS_H
#define NEWSLETTER_SMTP_STS_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"
#include "newsletter/resolve/resolver.h"

enum nl_sts_mode { NL_STS_NONE, NL_STS_TESTING, NL_STS_ENFORCE };

/* Free with nl_sts_policy_free. */
struct nl_sts_policy {
    enum nl_sts_mode mode;
    int64_t max_age;          /* seconds that it holds (section 3.2) */
    struct nl_buf mail_hosts; /* a line for each: a name, or "*." and the rest of one */
};
void nl_sts_policy_free(struct nl_sts_policy *policy) NL_ALL_NONNULL;

/* Reads a policy from the text of its file (section 3.2). NL_DATA. */
NL_CHECKED enum nl_status nl_sts_policy_read(const char *text, struct nl_sts_policy *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Whether a policy names a mail host (section 4.1). */
bool nl_sts_policy_names(const struct nl_sts_policy *policy, const char *host) NL_ALL_NONNULL;

/* Whether a pattern of a policy stands for a host: "*.example.org" for one more label. */
bool nl_sts_pattern_names(const char *pattern, size_t len, const char *host) NL_ALL_NONNULL;

/* ---- fetching, without waiting ---- */

struct nl_sts_fetcher;

/* `policy` is NULL where none could be fetched: `why` says why. Valid until the function returns.
 */
typedef void nl_sts_fetched(const struct nl_sts_policy *policy, const char *why, void *ctx);

/* `ca_file` has the authorities; NULL: this machine's. No connection is made to addresses of
 * private networks, except those in `allow_networks`. Free with nl_sts_fetcher_free. */
NL_CHECKED enum nl_status nl_sts_fetcher_new(const char *ca_file, const char *allow_networks,
                                             struct nl_sts_fetcher **out, struct nl_error *err)
    NL_NONNULL(3, 4);
void nl_sts_fetcher_free(struct nl_sts_fetcher *fetcher);

/* Fetches the policy that `host` serves, by its addresses. `fetched` is called later, from
 * nl_sts_fetcher_step. NL_SYSTEM without memory. */
NL_CHECKED enum nl_status nl_sts_fetch(struct nl_sts_fetcher *fetcher,
                                       const struct nl_mail_host *host, nl_sts_fetched *fetched,
                                       void *ctx, struct nl_error *err) NL_ALL_NONNULL;

/* Readable when there is something to do. */
int nl_sts_fetcher_fd(const struct nl_sts_fetcher *fetcher) NL_ALL_NONNULL;
void nl_sts_fetcher_step(struct nl_sts_fetcher *fetcher) NL_ALL_NONNULL;

#endif
