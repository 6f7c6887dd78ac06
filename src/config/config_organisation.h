/* The `organisation` setting: name, look and contact of the sender. */
#ifndef NL_CONFIG_CONFIG_ORGANISATION_H
#define NL_CONFIG_CONFIG_ORGANISATION_H

#include "newsletter/base/yaml.h"
#include "newsletter/config/config.h"

/* Whether an entry of the file belongs to `organisation`, or to its older part, `contact`. */
bool nl_config_is_organisation(const struct nl_yaml_entry *entry);

/* Takes such an entry. Errors name the line. */
enum nl_status nl_config_apply_organisation(struct nl_config *config,
                                            const struct nl_yaml_entry *entry,
                                            struct nl_error *err);

void nl_config_free_organisation(struct nl_config *config);

/* The part of nl_config_each_path for these settings. */
void nl_config_each_organisation_path(const struct nl_config *config, nl_config_visit_path *visit,
                                      void *ctx);

#endif
