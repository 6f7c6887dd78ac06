/* Checking the mailboxes that a canary looks into. */
#ifndef NL_CONFIG_SEEDS_H
#define NL_CONFIG_SEEDS_H

#include "newsletter/config/config.h"

/* Also fills in the port and the user name where they are not given. */
enum nl_status nl_config_check_seeds(struct nl_config *config, struct nl_error *err);

/* Wipes the passwords. */
void nl_config_free_seeds(struct nl_config *config);

#endif
