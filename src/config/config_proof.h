/* Checking the groups that get test mails. */
#ifndef NL_CONFIG_PROOF_H
#define NL_CONFIG_PROOF_H

#include "newsletter/config/config.h"

enum nl_status nl_config_check_proof_groups(const struct nl_config *config, struct nl_error *err);

#endif
