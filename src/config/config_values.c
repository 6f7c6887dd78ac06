#include "config/config_values.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/memory.h"
#include "newsletter/config/config.h"

#include <ctype.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

const char *const nl_provider_names[] = {"none",  "ses",     "sendgrid",  "mailgun", "postmark",
                                         "brevo", "mailjet", "sparkpost", "other",   NULL};

bool nl_config_find_name(const char *const names[], const char *value, int64_t *out) {
    for (int64_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], value) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* Values that had another name in an earlier version. They are still read, with a warning, and
 * databases hold them too. */
static const struct renamed {
    const char *path, *old, *name;
} renamed[] = {{"subject_test.rule", "departures", "unsubscribes"}};

const char *nl_config_present_name(const char *path, const char *value) {
    for (size_t i = 0; i < sizeof renamed / sizeof renamed[0]; i++)
        if (strcmp(path, renamed[i].path) == 0 && strcmp(value, renamed[i].old) == 0)
            return renamed[i].name;
    return value;
}

char *nl_config_resolve(const char *config_path, const char *value) {
    static const char credential[] = "credential:";
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    struct nl_buf given = {0};
    if (strncmp(value, credential, sizeof credential - 1) == 0) {
        if (folder == NULL || strchr(value, '/') != NULL)
            return nl_strdup(value); /* reading it says that it is not there */
        nl_buf_addf(&given, "%s/%s", folder, value + sizeof credential - 1);
        return nl_buf_take(&given);
    }
    if (value[0] == '/' || strstr(value, "://") != NULL || strncmp(value, "pkcs11:", 7) == 0)
        return nl_strdup(value);
    char *copy = nl_strdup(config_path);
    struct nl_buf path = {0};
    nl_buf_addf(&path, "%s/%s", dirname(copy), value);
    free(copy);
    return nl_buf_take(&path);
}

bool nl_config_read_place(const char **pattern, const char **path, size_t *out) {
    const char *sign = strchr(*pattern, '#');
    size_t before = sign != NULL ? (size_t)(sign - *pattern) : 0;
    char *end = NULL;
    if (sign == NULL)
        return true;
    if (strncmp(*pattern, *path, before) != 0 || !isdigit((unsigned char)(*path)[before]))
        return false;
    *out = strtoul(*path + before, &end, 10);
    *path = end;
    *pattern = sign + 1;
    return true;
}
