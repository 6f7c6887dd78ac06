/* The `hooks` setting: where mail providers report bounces and complaints. */
#ifndef NL_CONFIG_CONFIG_HOOKS_H
#define NL_CONFIG_CONFIG_HOOKS_H

#include "newsletter/base/yaml.h"
#include "newsletter/config/config.h"

/* Whether an entry of the file belongs to `hooks`. */
bool nl_config_is_hook(const struct nl_yaml_entry *entry);

/* Takes such an entry. Errors name the line. */
enum nl_status nl_config_apply_hook(struct nl_config *config, const struct nl_yaml_entry *entry,
                                    struct nl_error *err);

/* Checks that each hook has a provider and the settings that go with it. A hook without its secret
 * is left to nl_hook_new and to `doctor`. */
enum nl_status nl_config_check_hooks(const struct nl_config *config, struct nl_error *err);

void nl_config_free_hooks(struct nl_config *config);

/* The part of nl_config_each_path for these settings. */
void nl_config_each_hook_path(const struct nl_config *config, nl_config_visit_path *visit,
                              void *ctx);

#endif
