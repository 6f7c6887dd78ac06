#include "config/config_seeds.h"

#include "config/config_policy.h"
#include "newsletter/base/address.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum nl_status check_seed(struct nl_config *config, struct nl_seed *seed,
                                 struct nl_error *err) {
    char section[32];
    struct nl_address address = {0};
    size_t place = (size_t)(seed - config->seeds);
    snprintf(section, sizeof section, "seeds.%zu", place);
    enum nl_status status = nl_address_parse(seed->address, &address, err);
    nl_address_free(&address);
    if (status != NL_OK) {
        err->status = NL_CONFIG;
        return nl_error_context(err, "%s: %s.address", config->path, section);
    }
    if (seed->host == NULL)
        return nl_error_set(err, NL_CONFIG, "%s: %s: %s needs a host, its IMAP server",
                            config->path, section, seed->address);
    if (seed->port == 0)
        seed->port = seed->security == NL_SMTP_TLS ? 993 : 143;
    if (seed->username == NULL)
        seed->username = nl_strdup(seed->address);
    return nl_config_check_server(config, section, seed->host, seed->username, seed->security, err);
}

enum nl_status nl_config_check_seeds(struct nl_config *config, struct nl_error *err) {
    enum nl_status status = NL_OK;
    size_t count = NL_SEEDS;
    while (count > 0 && config->seeds[count - 1].address == NULL &&
           config->seeds[count - 1].host == NULL)
        count--;
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status =
            config->seeds[i].address != NULL
                ? check_seed(config, &config->seeds[i], err)
                : nl_error_set(err, NL_CONFIG, "%s: seeds.%zu has no address", config->path, i);
    return status;
}

void nl_config_free_seeds(struct nl_config *config) {
    for (size_t i = 0; i < NL_SEEDS; i++) {
        nl_secret_free(config->seeds[i].password);
        free(config->seeds[i].problem);
        config->seeds[i].password = config->seeds[i].problem = NULL;
    }
}

void nl_config_read_seed_passwords(struct nl_config *config) {
    nl_config_free_seeds(config);
    for (size_t i = 0; i < NL_SEEDS && config->seeds[i].address != NULL; i++) {
        struct nl_seed *seed = &config->seeds[i];
        struct nl_error err = {0};
        const struct nl_secret_source source = {.file = seed->password_file,
                                                .command = seed->password_command,
                                                .env = seed->password_env};
        if (nl_secret_read("seeds", &source, &seed->password, &err) != NL_OK)
            seed->problem = nl_strdup(nl_error_text(&err));
        nl_error_free(&err);
    }
}
