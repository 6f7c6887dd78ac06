/* Checking how many approvals each list wants. */
#ifndef NL_CONFIG_APPROVAL_H
#define NL_CONFIG_APPROVAL_H

#include "newsletter/config/config.h"

enum nl_status nl_config_check_approval(const struct nl_config *config, struct nl_error *err);

#endif
