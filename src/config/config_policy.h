/* What the settings of sending must be together: relays, limits, warm-up, quiet hours. */
#ifndef NL_CONFIG_CONFIG_POLICY_H
#define NL_CONFIG_CONFIG_POLICY_H

#include "newsletter/config/config.h"

/* Checks them, and fills in what follows from others: ports, domains as A-labels. */
enum nl_status nl_config_check_policy(struct nl_config *config, struct nl_error *err);

/* Host and login of a server that a password may go to. */
enum nl_status nl_config_check_server(const struct nl_config *config, const char *section,
                                      const char *host, const char *username, int64_t security,
                                      struct nl_error *err);

#endif
