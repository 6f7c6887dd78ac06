#include "delivery/mail_hosts.h"

bool nl_mail_host_lacks_dane(const struct nl_config *config, const char *domain,
                             const struct nl_mail_route *found, const struct nl_mail_host *host) {
    /* Somebody who forges an answer that is not signed names hosts with TLSA records of their own
     * (RFC 7672 section 2.2.1). */
    return nl_config_needs_dane(config, domain) &&
           (!found->secure || host->tls != NL_HOST_TLS_DANE);
}

static bool is_named(const struct nl_sts_policy *policy, struct nl_mail_host *host) {
    if (!nl_sts_policy_names(policy, host->name))
        return false;
    if (host->tls != NL_HOST_TLS_DANE) /* which is stronger (RFC 8461 section 2) */
        host->tls = NL_HOST_TLS_NAMED;
    return true;
}

static void say_why(const char *domain, const struct nl_mail_route *found, bool unnamed,
                    struct nl_buf *why) {
    nl_buf_clear(why);
    nl_buf_addf(why,
                unnamed ? "the MTA-STS policy of %s (RFC 8461) names none of its mail hosts"
                : found->secure
                    ? "no mail host of %s has signed TLSA records that can be used (DANE, RFC "
                      "7672), which routes demands"
                    : "the mail hosts of %s are not signed in the DNS, without which there is no "
                      "DANE (RFC 7672), which routes demands",
                domain);
}

bool nl_mail_hosts_choose(const struct nl_config *config, const char *domain,
                          const struct nl_sts_policy *policy, struct nl_mail_route *found,
                          struct nl_buf *why) {
    const struct nl_sts_policy *enforced =
        policy != NULL && policy->mode == NL_STS_ENFORCE ? policy : NULL;
    bool unnamed = false;
    size_t kept = 0;
    for (size_t i = 0; i < found->host_count; i++) {
        struct nl_mail_host host = found->hosts[i];
        if (nl_mail_host_lacks_dane(config, domain, found, &host))
            continue;
        if (enforced != NULL && !is_named(enforced, &host)) {
            unnamed = true;
            continue;
        }
        found->hosts[i] = found->hosts[kept];
        found->hosts[kept++] = host;
    }
    found->host_count = kept;
    if (kept == 0)
        say_why(domain, found, unnamed, why);
    return kept > 0;
}
