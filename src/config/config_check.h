/* Checks that need more than one setting: addresses of pages, certificates, DKIM, the mailbox. */
#ifndef NL_CONFIG_CONFIG_CHECK_H
#define NL_CONFIG_CONFIG_CHECK_H

#include "newsletter/config/config.h"

/* Checks the settings together and fills in those that follow from others. NL_CONFIG names the
 * setting that is wrong. */
enum nl_status nl_config_check(struct nl_config *config, struct nl_error *err);

#endif
