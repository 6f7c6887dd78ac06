#include "newsletter/config/config.h"
#include "newsletter/base/memory.h"

#include "config/config_check.h"
#include "config/config_hooks.h"
#include "config/config_organisation.h"
#include "config/config_seeds.h"
#include "config/config_settings.h"
#include "newsletter/base/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_LIMIT = 1 << 20 };

enum nl_status nl_config_read(const char *path, struct nl_config *out, struct nl_error *err) {
    struct nl_buf text = {0};
    struct nl_yaml yaml = {0};
    struct stat info;
    *out = (struct nl_config){0};
    out->path = nl_strdup(path);
    enum nl_status status = nl_file_read(path, FILE_LIMIT, &text, err);
    if (status == NL_NOINPUT)
        return nl_error_set(err, NL_CONFIG,
                            "no configuration at %s: run 'newsletter init' or name one with "
                            "--config",
                            path);
    if (status == NL_OK && stat(path, &info) == 0 && (info.st_mode & S_IWOTH) != 0)
        status = nl_error_set(err, NL_CONFIG, "%s can be written by anybody: chmod o-w it", path);
    if (status == NL_OK)
        status = nl_yaml_read(nl_buf_text(&text), text.len, path, 1, &yaml, err);
    if (status == NL_OK)
        status = nl_config_apply(out, &yaml, err);
    if (status == NL_OK)
        status = nl_config_check(out, err);
    nl_yaml_free(&yaml);
    nl_buf_free(&text);
    return status == NL_DATA ? NL_CONFIG : status;
}

const char *nl_config_link_url(const struct nl_config *config, const char *kind) {
    return strcmp(kind, "preferences") == 0      ? config->page_url
           : strcmp(kind, "address-change") == 0 ? config->address_url
                                                 : config->confirm_url;
}

int64_t nl_config_link_lifetime(const struct nl_config *config, const char *kind) {
    enum { YEAR = 365 * 86400 }; /* of a receipt: nothing can be changed by its link */
    return strcmp(kind, "welcome") == 0          ? YEAR
           : strcmp(kind, "preferences") == 0    ? config->preferences.expires
           : strcmp(kind, "reconfirmation") == 0 ? config->reconfirmation.expires
                                                 : config->confirmation.expires;
}

void nl_config_free(struct nl_config *config) {
    nl_config_free_seeds(config);
    nl_config_free_settings(config);
    nl_form_fields_free(&config->forms);
    nl_config_free_hooks(config);
    nl_config_free_organisation(config);
    nl_findings_free(&config->warnings);
    free(config->page_url);
    free(config->address_url);
    free(config->path);
    *config = (struct nl_config){0};
}
