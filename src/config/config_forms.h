/* The `forms` setting: the attributes that visitors may set. */
#ifndef NL_CONFIG_CONFIG_FORMS_H
#define NL_CONFIG_CONFIG_FORMS_H

#include "newsletter/base/yaml.h"
#include "newsletter/config/config.h"

/* Whether an entry of the file belongs to `forms`. */
bool nl_config_is_form(const struct nl_yaml_entry *entry);

/* Takes such an entry. Errors name the line. */
enum nl_status nl_config_apply_form(struct nl_config *config, const struct nl_yaml_entry *entry,
                                    struct nl_error *err);

/* Checks that choices stand where they belong. */
enum nl_status nl_config_check_forms(const struct nl_config *config, struct nl_error *err);

#endif
