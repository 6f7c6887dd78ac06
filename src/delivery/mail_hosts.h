/* Which mail hosts of a domain may have its mail, and what they have to show: the configuration
 * (`dane` in routes) and the domain's own policy (MTA-STS, RFC 8461) decide. */
#ifndef NL_DELIVERY_MAIL_HOSTS_H
#define NL_DELIVERY_MAIL_HOSTS_H

#include "newsletter/base/attribute.h"
#include "newsletter/config/config.h"
#include "newsletter/smtp/sts.h"

/* Leaves out the hosts of `found` that may have no mail; they change places with those that may.
 * `policy` is NULL where none holds. False when none is left: `why` says what is missing. */
bool nl_mail_hosts_choose(const struct nl_config *config, const char *domain,
                          const struct nl_sts_policy *policy, struct nl_mail_route *found,
                          struct nl_buf *why) NL_NONNULL(1, 2, 4, 5);

/* Whether the configuration demands DANE (RFC 7672) of the domain, and the host does not have it.
 */
bool nl_mail_host_lacks_dane(const struct nl_config *config, const char *domain,
                             const struct nl_mail_route *found,
                             const struct nl_mail_host *host) NL_ALL_NONNULL;

#endif
