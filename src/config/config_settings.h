/* The grammar of newsletter.yaml: which settings there are, their types and their defaults. */
#ifndef NL_CONFIG_CONFIG_SETTINGS_H
#define NL_CONFIG_CONFIG_SETTINGS_H

#include "newsletter/base/yaml.h"
#include "newsletter/config/config.h"

/* Fills in the defaults, then the settings of the file. An unknown setting or a value of the wrong
 * type is an error with its line; a value under an old name is read and noted in the warnings. */
enum nl_status nl_config_apply(struct nl_config *config, const struct nl_yaml *yaml,
                               struct nl_error *err);

/* Frees the texts that nl_config_apply made. */
void nl_config_free_settings(struct nl_config *config);

#endif
