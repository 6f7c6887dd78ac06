/* Values that several kinds of settings have in common. */
#ifndef NL_CONFIG_CONFIG_VALUES_H
#define NL_CONFIG_CONFIG_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The number of a value in a list of names that ends with NULL. */
bool nl_config_find_name(const char *const names[], const char *value, int64_t *out);

/* Resolves a path relative to the folder of the file at `config_path`; a database may also be a
 * URL. "credential:NAME" is a file that systemd has handed to the unit (LoadCredential). The caller
 * frees it. */
char *nl_config_resolve(const char *config_path, const char *value);

/* nl_provider_names, for errors. */
#define NL_CONFIG_PROVIDERS                                                                        \
    "ses, sendgrid, mailgun, postmark, brevo, mailjet, sparkpost, other or none"

/* Reads a number in `path` at the next "#" of `pattern`; both then stand after it. */
bool nl_config_read_place(const char **pattern, const char **path, size_t *out);

/* The present name of a value of this setting. */
const char *nl_config_present_name(const char *path, const char *value);

#endif
