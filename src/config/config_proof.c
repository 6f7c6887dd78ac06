#include "config/config_proof.h"

#include "newsletter/base/address.h"
#include "newsletter/base/text.h"

#include <string.h>

enum { NAME_MOST = 64 };

const char *nl_config_proof_group(const struct nl_config *config, const char *name) {
    for (size_t i = 0; i < NL_PROOF_GROUPS && config->proof_groups[i].name != NULL; i++)
        if (strcmp(config->proof_groups[i].name, name) == 0)
            return config->proof_groups[i].addresses;
    return NULL;
}

bool nl_config_proof_next(const char **addresses, struct nl_buf *out) {
    const char *at = *addresses + strspn(*addresses, ", ");
    size_t len = strcspn(at, ",");
    *addresses = at + len;
    while (len > 0 && at[len - 1] == ' ')
        len--;
    nl_buf_clear(out);
    nl_buf_add(out, at, len);
    return len > 0;
}

static enum nl_status check_group(const struct nl_config *config,
                                  const struct nl_proof_group *group, struct nl_error *err) {
    const char *at = group->addresses != NULL ? group->addresses : "";
    struct nl_buf one = {0};
    size_t count = 0;
    enum nl_status status = NL_OK;
    if (group->name == NULL || !nl_text_is_name(group->name, "_-", NAME_MOST))
        return nl_error_set(
            err, NL_CONFIG,
            "%s: proof_groups: '%s' is not a name: use letters, digits, '_' and '-'", config->path,
            group->name != NULL ? group->name : "");
    while (status == NL_OK && nl_config_proof_next(&at, &one)) {
        struct nl_address address = {0};
        status = nl_address_parse(nl_buf_text(&one), &address, err);
        nl_address_free(&address);
        count++;
    }
    nl_buf_free(&one);
    if (status == NL_OK && (count == 0 || count > NL_PROOF_PEOPLE))
        status = nl_error_set(err, NL_CONFIG, "it has %zu addresses: give 1 to %d, with commas",
                              count, NL_PROOF_PEOPLE);
    if (status == NL_OK)
        return NL_OK;
    err->status = NL_CONFIG;
    return nl_error_context(err, "%s: proof_groups: %s", config->path, group->name);
}

enum nl_status nl_config_check_proof_groups(const struct nl_config *config, struct nl_error *err) {
    enum nl_status status = NL_OK;
    size_t count = NL_PROOF_GROUPS;
    while (count > 0 && config->proof_groups[count - 1].name == NULL &&
           config->proof_groups[count - 1].addresses == NULL)
        count--;
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status = check_group(config, &config->proof_groups[i], err);
    return status;
}
