#include "config/config_hooks.h"

#include "config/config_values.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LIMIT = 64, DAY = 86400, LONGEST_AGE = 30 * DAY, SHORTEST_AGE = 60 };

static const char prefix[] = "hooks";

static const struct text {
    const char *name;
    size_t offset;
    bool path;
} texts[] = {
    {"topic", offsetof(struct nl_hook_config, topic), false},
    {"ca_file", offsetof(struct nl_hook_config, ca_file), true},
    {"key", offsetof(struct nl_hook_config, key), false},
    {"key_file", offsetof(struct nl_hook_config, key_file), true},
    {"username", offsetof(struct nl_hook_config, username), false},
    {"secret_file", offsetof(struct nl_hook_config, secret_file), true},
    {"secret_env", offsetof(struct nl_hook_config, secret_env), false},
};

enum { TEXTS = sizeof texts / sizeof texts[0] };

bool nl_config_is_hook(const struct nl_yaml_entry *entry) {
    size_t len = sizeof prefix - 1;
    return strncmp(entry->path, prefix, len) == 0 &&
           (entry->path[len] == '.' || entry->path[len] == '\0');
}

static char **text_of(struct nl_hook_config *hook, size_t which) {
    return (char **)(void *)((char *)hook + texts[which].offset);
}

/* The hook of that name, a new one if there is none. */
static enum nl_status find_hook(struct nl_config *config, const char *name,
                                struct nl_hook_config **out, struct nl_error *err) {
    for (size_t i = 0; i < config->hook_count; i++) {
        *out = &config->hooks[i];
        if (strcmp((*out)->name, name) == 0)
            return NL_OK;
    }
    if (!nl_text_is_name(name, "_-", NAME_LIMIT))
        return nl_error_set(err, NL_CONFIG,
                            "'%s' cannot be part of an address: use up to %d letters, digits, '_' "
                            "and '-'",
                            name, NAME_LIMIT);
    if (config->hook_count == NL_HOOKS)
        return nl_error_set(err, NL_CONFIG, "that is one too many: %d at most", NL_HOOKS);
    *out = &config->hooks[config->hook_count];
    **out = (struct nl_hook_config){.name = nl_strdup(name), .max_age = DAY};
    config->hook_count++;
    return NL_OK;
}

static enum nl_status set_text(const struct nl_config *config, char **target, const char *value,
                               bool path, struct nl_error *err) {
    if (nl_text_check_line(value, "the value", err) != NL_OK)
        return err->status;
    free(*target);
    *target = path ? nl_config_resolve(config->path, value) : nl_strdup(value);
    return NL_OK;
}

static const char command[] = "secret_command.";

static enum nl_status set_word(const struct nl_config *config, struct nl_hook_config *hook,
                               const char *place, const char *value, struct nl_error *err) {
    int64_t number = 0;
    if (!nl_text_integer(place, &number) || number < 0 || number >= NL_ARGUMENTS)
        return nl_error_set(err, NL_CONFIG, "that is one too many: %d at most", NL_ARGUMENTS);
    return set_text(config, &hook->secret_command[number], value, false, err);
}

static enum nl_status apply(const struct nl_config *config, struct nl_hook_config *hook,
                            const char *setting, const char *value, struct nl_error *err) {
    if (strcmp(setting, "provider") == 0)
        return nl_config_find_name(nl_provider_names, value, &hook->provider)
                   ? NL_OK
                   : nl_error_set(err, NL_CONFIG, "'%s' is not known, expected %s", value,
                                  NL_CONFIG_PROVIDERS);
    if (strcmp(setting, "max_age") == 0)
        return nl_text_duration(value, &hook->max_age) && hook->max_age >= SHORTEST_AGE &&
                       hook->max_age <= LONGEST_AGE
                   ? NL_OK
                   : nl_error_set(err, NL_CONFIG, "expected a duration from 60s to 30d");
    if (strncmp(setting, command, sizeof command - 1) == 0)
        return set_word(config, hook, setting + sizeof command - 1, value, err);
    for (size_t i = 0; i < TEXTS; i++)
        if (strcmp(setting, texts[i].name) == 0)
            return set_text(config, text_of(hook, i), value, texts[i].path, err);
    return nl_error_set(err, NL_CONFIG,
                        "there is no such setting: see hooks in newsletter.yaml(5)");
}

enum nl_status nl_config_apply_hook(struct nl_config *config, const struct nl_yaml_entry *entry,
                                    struct nl_error *err) {
    char *copy = nl_strdup(entry->path);
    char *rest = copy;
    struct nl_hook_config *hook = NULL;
    strsep(&rest, ".");
    const char *name = strsep(&rest, ".");
    enum nl_status status = NL_OK;
    if (name != NULL && rest != NULL) {
        status = find_hook(config, name, &hook, err);
        if (status == NL_OK && entry->value[0] != '\0')
            status = apply(config, hook, rest, entry->value, err);
    } else if (name != NULL || entry->value[0] != '\0') {
        status = nl_error_set(err, NL_CONFIG,
                              "expected a name with settings, as in 'mailgun: {provider: mailgun, "
                              "secret_file: mailgun.secret}'");
    }
    free(copy);
    return status == NL_OK
               ? NL_OK
               : nl_error_context(err, "%s:%zu: %s", config->path, entry->line, entry->path);
}

/* "arn:aws:sns:REGION:ACCOUNT:NAME"; the partition may also be aws-cn or aws-us-gov. */
static bool is_topic(const char *topic) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    const char *parts[6] = {topic};
    size_t count = 1;
    if (topic == NULL || strlen(topic) > 400)
        return false;
    for (const char *p = topic; *p != '\0'; p++) {
        if (*p == ':' && count < 6)
            parts[count++] = p + 1;
        else if (strchr(letters, *p) == NULL)
            return false;
    }
    return count == 6 && strncmp(parts[0], "arn:aws", 7) == 0 &&
           strncmp(parts[2], "sns:", 4) == 0 && parts[3][0] != ':' && parts[3][0] != '.' &&
           parts[4][0] != ':' && parts[5][0] != '\0';
}

static enum nl_status check_hook(const struct nl_hook_config *hook, struct nl_error *err) {
    bool ses = hook->provider == NL_PROVIDER_SES;
    if (hook->provider == NL_PROVIDER_NONE)
        return nl_error_set(err, NL_CONFIG, "set its provider: %s", NL_CONFIG_PROVIDERS);
    if (ses && !is_topic(hook->topic))
        return nl_error_set(err, NL_CONFIG,
                            "set its topic, the ARN of the SNS topic, such as "
                            "arn:aws:sns:eu-west-1:123456789012:bounces");
    if (!ses && (hook->topic != NULL || hook->ca_file != NULL))
        return nl_error_set(err, NL_CONFIG, "topic and ca_file are only for ses");
    if (hook->provider != NL_PROVIDER_SENDGRID && (hook->key != NULL || hook->key_file != NULL))
        return nl_error_set(err, NL_CONFIG, "key and key_file are only for sendgrid");
    if (hook->username != NULL && strchr(hook->username, ':') != NULL)
        return nl_error_set(err, NL_CONFIG, "a username has no colon (RFC 7617)");
    return NL_OK;
}

enum nl_status nl_config_check_hooks(const struct nl_config *config, struct nl_error *err) {
    for (size_t i = 0; i < config->hook_count; i++)
        if (check_hook(&config->hooks[i], err) != NL_OK)
            return nl_error_context(err, "%s: hooks.%s", config->path, config->hooks[i].name);
    return NL_OK;
}

void nl_config_free_hooks(struct nl_config *config) {
    for (size_t i = 0; i < config->hook_count; i++) {
        for (size_t j = 0; j < TEXTS; j++)
            free(*text_of(&config->hooks[i], j));
        for (size_t j = 0; j < NL_ARGUMENTS; j++)
            free(config->hooks[i].secret_command[j]);
        free(config->hooks[i].name);
    }
    config->hook_count = 0;
}

void nl_config_each_hook_path(const struct nl_config *config, nl_config_visit_path *visit,
                              void *ctx) {
    for (size_t at = 0; at < config->hook_count; at++) {
        const struct nl_hook_config *hook = &config->hooks[at];
        const char *const paths[] = {hook->ca_file, hook->key_file, hook->secret_file};
        for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
            if (paths[i] != NULL)
                visit(paths[i], ctx);
    }
}
