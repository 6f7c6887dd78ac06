#include "config/config_approval.h"

#include <string.h>

/* Takes "LIST=NUMBER" from *at, which then stands at the next pair. *number is -1 for what is not
 * such a pair. */
static const char *take_pair(const char **at, size_t *len, int64_t *number) {
    const char *list = *at;
    size_t pair = strcspn(list, ",");
    size_t end = pair;
    while (end > 0 && list[end - 1] == ' ')
        end--;
    bool whole = end > 2 && list[end - 2] == '=' && list[end - 1] >= '0' && list[end - 1] <= '2';
    *number = whole ? list[end - 1] - '0' : -1;
    *len = whole ? end - 2 : end;
    *at += pair;
    *at += strspn(*at, ", ");
    return list;
}

int64_t nl_config_approvals(const struct nl_config *config, const char *list) {
    const char *at = config->approval.lists != NULL ? config->approval.lists : "";
    while (*at != '\0') {
        size_t len = 0;
        int64_t number = 0;
        const char *name = take_pair(&at, &len, &number);
        if (len == strlen(list) && strncmp(name, list, len) == 0)
            return number;
    }
    return config->approval.needed;
}

enum nl_status nl_config_check_approval(const struct nl_config *config, struct nl_error *err) {
    const char *at = config->approval.lists != NULL ? config->approval.lists : "";
    while (*at != '\0') {
        size_t len = 0;
        int64_t number = 0;
        const char *name = take_pair(&at, &len, &number);
        if (number < 0)
            return nl_error_set(err, NL_CONFIG,
                                "%s: approval.lists: '%.*s' is not LIST=NUMBER, with 0, 1 or 2",
                                config->path, (int)(len < 80 ? len : 80), name);
    }
    return NL_OK;
}
