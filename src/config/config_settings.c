#include "config/config_settings.h"

#include "config/config_forms.h"
#include "config/config_hooks.h"
#include "config/config_organisation.h"
#include "config/config_table.h"
#include "config/config_values.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/suggest.h"
#include "newsletter/base/text.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The settings that are lists, by how their paths begin; any other is a list of one. */
static const struct list {
    const char *prefix;
    size_t stride, count; /* of the elements */
    size_t inner;         /* how many texts each element is a list of; 1: a single text */
} lists[] = {
    {"relays.#.password_command.#", sizeof(struct nl_smtp_server), NL_RELAYS, NL_ARGUMENTS},
    {"seeds.#.password_command.#", sizeof(struct nl_seed), NL_SEEDS, NL_ARGUMENTS},
    {"seeds.#", sizeof(struct nl_seed), NL_SEEDS, 1},
    {"relays.#", sizeof(struct nl_smtp_server), NL_RELAYS, 1},
    {"limits.domains.#", sizeof(struct nl_domain_limit), NL_DOMAINS, 1},
    {"routes.#", sizeof(struct nl_route), NL_ROUTES, 1},
    {"direct.warm_up.#.days.#", sizeof(struct nl_warm_up_plan), NL_PROVIDER_LIMITS,
     NL_WARM_UP_DAYS},
    {"direct.warm_up.#", sizeof(struct nl_warm_up_plan), NL_PROVIDER_LIMITS, 1},
    {"direct.providers.#", sizeof(struct nl_provider_limit), NL_PROVIDER_LIMITS, 1},
    {"direct.sources.#", sizeof(struct nl_source), NL_SOURCES, 1},
    {"media.#", sizeof(struct nl_medium), NL_MEDIA, 1},
    {"proof_groups.#", sizeof(struct nl_proof_group), NL_PROOF_GROUPS, 1},
    {"warm_up.days.#", sizeof(int64_t), NL_WARM_UP_DAYS, 1},
    {"retry.schedule.#", sizeof(int64_t), NL_DELAYS, 1},
    {"smtp.password_command.#", sizeof(char *), NL_ARGUMENTS, 1},
    {"fetch.password_command.#", sizeof(char *), NL_ARGUMENTS, 1},
    {"openid.client_secret_command.#", sizeof(char *), NL_ARGUMENTS, 1},
    {"", 0, 1, 1}};

static const struct list *list_of(const struct setting *setting) {
    const struct list *list = lists;
    while (strncmp(list->prefix, setting->path, strlen(list->prefix)) != 0)
        list++;
    return list;
}

/* The places of a value in the list, and in the list within that. */
struct place {
    size_t outer, inner;
};

static void *target_of(struct nl_config *config, const struct setting *setting,
                       struct place place) {
    return (char *)config + setting->offset + place.outer * list_of(setting)->stride +
           place.inner * sizeof(char *);
}

static const char *const security_names[] = {"starttls", "tls", "none", NULL};
static const char *const protocol_names[] = {"imap", "pop3", NULL};
const char *const nl_subject_rules[] = {"unsubscribes", "replies", NULL};
static const char *const sandbox_names[] = {"auto", "off", NULL};
static const char *const way_names[] = {"relay", "direct", NULL};
static const char *const fallback_names[] = {"none", "relay", NULL};
static const char *const auth_names[] = {"auto", "plain", "login", "xoauth2", NULL};

/* The kinds whose values are one of a few words. */
static const struct {
    const char *const *names;
    const char *wanted;
} choices[] = {
    [SECURITY] = {security_names, "starttls, tls or none"},
    [AUTH] = {auth_names, "auto, plain, login or xoauth2"},
    [PROTOCOL] = {protocol_names, "imap or pop3"},
    [RULE] = {nl_subject_rules, "unsubscribes or replies"},
    [PROVIDER] = {nl_provider_names, NL_CONFIG_PROVIDERS},
    [SANDBOX] = {sandbox_names, "auto or off"},
    [WAY] = {way_names, "relay or direct"},
    [FALLBACK] = {fallback_names, "none or relay"},
};

bool nl_subject_rule_parse(const char *name, int64_t *rule) {
    return nl_config_find_name(nl_subject_rules, nl_config_present_name("subject_test.rule", name),
                               rule);
}

static enum nl_status apply(struct nl_config *config, const struct setting *setting,
                            struct place place, const char *value, size_t line,
                            struct nl_error *err) {
    void *target = target_of(config, setting, place);
    int64_t number = 0;
    const char *wanted = "";
    if (setting->kind == TEXT || setting->kind == PATH) {
        if (nl_text_check_label(value, setting->path, err) != NL_OK)
            return nl_error_context(err, "%s:%zu", config->path, line);
        free(*(char **)target);
        *(char **)target =
            setting->kind == PATH ? nl_config_resolve(config->path, value) : nl_strdup(value);
        return NL_OK;
    }
    bool valid = false;
    switch (setting->kind) {
    case NUMBER:
        valid = nl_text_integer(value, &number) && number >= setting->min && number <= setting->max;
        wanted = "a number in range";
        break;
    case DURATION:
        valid =
            nl_text_duration(value, &number) && number >= setting->min && number <= setting->max;
        wanted = "a duration in range, such as 90s, 5m, 1h or 3d";
        break;
    case BOOL:
        number = strcmp(value, "true") == 0 || strcmp(value, "yes") == 0;
        valid = number || strcmp(value, "false") == 0 || strcmp(value, "no") == 0;
        wanted = "true or false";
        break;
    default:
        valid = nl_config_find_name(choices[setting->kind].names, value, &number);
        wanted = choices[setting->kind].wanted;
        break;
    }
    if (!valid)
        return nl_error_set(err, NL_CONFIG, "%s:%zu: %s is '%s', expected %s", config->path, line,
                            setting->path, value, wanted);
    if (setting->kind == BOOL)
        *(bool *)target = number != 0;
    else
        *(int64_t *)target = number;
    return NL_OK;
}

/* Whether `path` is the setting's; *place has the numbers in it. */
static bool is_named(const struct setting *setting, const char *path, struct place *place) {
    const char *pattern = setting->path;
    *place = (struct place){0};
    return nl_config_read_place(&pattern, &path, &place->outer) &&
           nl_config_read_place(&pattern, &path, &place->inner) && strcmp(pattern, path) == 0;
}

static enum nl_status apply_defaults(struct nl_config *config, struct nl_error *err) {
    for (size_t i = 0; i < SETTINGS; i++) {
        if (settings[i].fallback == NULL)
            continue;
        for (size_t at = 0; at < list_of(&settings[i])->count; at++) {
            enum nl_status status = apply(config, &settings[i], (struct place){.outer = at},
                                          settings[i].fallback, 0, err);
            if (status != NL_OK)
                return status;
        }
    }
    return NL_OK;
}

/* A section with nothing in it, as "serve:" is when all of its lines are comments. */
static bool is_empty_section(const struct nl_yaml_entry *entry) {
    size_t len = strlen(entry->path);
    for (size_t i = 0; i < SETTINGS && entry->value[0] == '\0'; i++)
        if (strncmp(settings[i].path, entry->path, len) == 0 && settings[i].path[len] == '.')
            return true;
    return false;
}

static enum nl_status unknown_setting(const struct nl_config *config,
                                      const struct nl_yaml_entry *entry, struct nl_error *err) {
    const char *paths[SETTINGS + 1];
    for (size_t i = 0; i < SETTINGS; i++)
        paths[i] = settings[i].path;
    paths[SETTINGS] = NULL;
    const char *near = nl_suggest(entry->path, paths);
    return nl_error_set(err, NL_CONFIG, "%s:%zu: unknown setting '%s': %s%s%s", config->path,
                        entry->line, entry->path, near != NULL ? "did you mean '" : "see ",
                        near != NULL ? near : "newsletter.yaml(5)", near != NULL ? "'?" : "");
}

static enum nl_status apply_entry(struct nl_config *config, const struct nl_yaml_entry *entry,
                                  struct nl_error *err) {
    size_t at = 0;
    struct place place;
    if (nl_config_is_form(entry))
        return nl_config_apply_form(config, entry, err);
    if (nl_config_is_hook(entry))
        return nl_config_apply_hook(config, entry, err);
    if (nl_config_is_organisation(entry))
        return nl_config_apply_organisation(config, entry, err);
    while (at < SETTINGS && !is_named(&settings[at], entry->path, &place))
        at++;
    if (at == SETTINGS)
        return is_empty_section(entry) ? NL_OK : unknown_setting(config, entry, err);
    const struct list *list = list_of(&settings[at]);
    if (place.outer >= list->count || place.inner >= list->inner)
        return nl_error_set(err, NL_CONFIG, "%s:%zu: '%s' is one too many: %zu at most",
                            config->path, entry->line, entry->path,
                            place.outer >= list->count ? list->count : list->inner);
    const char *value = nl_config_present_name(settings[at].path, entry->value);
    if (value != entry->value)
        nl_findings_add(&config->warnings, NL_LEVEL_WARNING, "renamed", config->path,
                        "line %zu: %s: '%s' is now called '%s': change it", entry->line,
                        entry->path, entry->value, value);
    return value[0] != '\0' ? apply(config, &settings[at], place, value, entry->line, err) : NL_OK;
}

enum nl_status nl_config_apply(struct nl_config *config, const struct nl_yaml *yaml,
                               struct nl_error *err) {
    enum nl_status status = apply_defaults(config, err);
    for (size_t i = 0; status == NL_OK && i < yaml->count; i++)
        status = apply_entry(config, &yaml->entries[i], err);
    return status;
}

static void each_text(struct nl_config *config, bool paths, void (*visit)(char **text, void *ctx),
                      void *ctx) {
    for (const struct setting *setting = settings; setting < settings + SETTINGS; setting++) {
        const struct list *list = list_of(setting);
        if (setting->kind != PATH && (setting->kind != TEXT || paths))
            continue;
        for (size_t at = 0; at < list->count * list->inner; at++)
            visit(target_of(config, setting, (struct place){at / list->inner, at % list->inner}),
                  ctx);
    }
}

static void free_text(char **text, void *ctx) {
    (void)ctx;
    free(*text);
}

void nl_config_free_settings(struct nl_config *config) {
    each_text(config, false, free_text, NULL);
}

struct visit {
    const char *database;
    nl_config_visit_path *path;
    void *ctx;
};

static void visit_text(char **text, void *ctx) {
    const struct visit *visit = ctx;
    if (*text != NULL && *text != visit->database)
        visit->path(*text, visit->ctx);
}

void nl_config_each_path(const struct nl_config *config, nl_config_visit_path *path, void *ctx) {
    struct visit visit = {config->database, path, ctx};
    each_text((struct nl_config *)config, true, visit_text, &visit);
    nl_config_each_hook_path(config, path, ctx);
    nl_config_each_organisation_path(config, path, ctx);
}
