/* Checks of the settings for sending that belong together: relays, limits, warm-up, quiet hours. */
#ifndef NL_CONFIG_CONFIG_POLICY_H
#define NL_CONFIG_CONFIG_POLICY_H

#include "newsletter/config/config.h"

/* Checks these settings and fills in derived values: ports, domains as A-labels. */
enum nl_status nl_config_check_policy(struct nl_config *config, struct nl_error *err);

/* Checks host and login of a server: a password must not travel in the clear. */
enum nl_status nl_config_check_server(const struct nl_config *config, const char *section,
                                      const char *host, const char *username, int64_t security,
                                      struct nl_error *err);

/* config_openid.c */
enum nl_status nl_config_check_openid(const struct nl_config *config, struct nl_error *err);

#endif
