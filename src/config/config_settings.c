#include "config/config_settings.h"

#include "config/config_forms.h"
#include "config/config_hooks.h"
#include "config/config_organisation.h"
#include "config/config_values.h"
#include "newsletter/base/suggest.h"
#include "newsletter/base/text.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, PATH, NUMBER, DURATION, BOOL, SECURITY, AUTH, PROTOCOL, RULE, PROVIDER, SANDBOX };

/* One line per setting: this table is the whole grammar of the file. */
static const struct setting {
    const char *path; /* "#" stands for the number of an element */
    enum kind kind;
    size_t offset;
    const char *fallback; /* NULL: unset unless given */
    int64_t min, max;     /* NUMBER and DURATION */
} settings[] = {
#define AT(member) offsetof(struct nl_config, member)
#define RELAY(member) AT(relays[0].member)
#define DOMAIN(member) AT(limits.domains[0].member)
#define MEDIUM(member) AT(media[0].member)
    {"database", PATH, AT(database), "newsletter.db", 0, 0},
    {"templates", PATH, AT(templates), NULL, 0, 0},
    {"bounce_address", TEXT, AT(bounce_address), NULL, 0, 0},
    {"confirm_url", TEXT, AT(confirm_url), NULL, 0, 0},
    {"unsubscribe_url", TEXT, AT(unsubscribe_url), NULL, 0, 0},
    {"preferences_url", TEXT, AT(preferences_url), NULL, 0, 0},
    {"images_url", TEXT, AT(images_url), NULL, 0, 0},
    {"raw_html", BOOL, AT(raw_html), "false", 0, 0},
    {"sandbox", SANDBOX, AT(sandbox), "auto", 0, 0},
    {"smtp.host", TEXT, AT(server.host), "localhost", 0, 0},
    {"smtp.port", NUMBER, AT(server.port), NULL, 1, 65535},
    {"smtp.security", SECURITY, AT(server.security), "starttls", 0, 0},
    {"smtp.verify", BOOL, AT(server.verify), "true", 0, 0},
    {"smtp.ca_file", PATH, AT(server.ca_file), NULL, 0, 0},
    {"smtp.auth", AUTH, AT(server.auth), "auto", 0, 0},
    {"smtp.username", TEXT, AT(server.username), NULL, 0, 0},
    {"smtp.password_file", PATH, AT(server.password_file), NULL, 0, 0},
    {"smtp.password_command.#", TEXT, AT(server.password_command[0]), NULL, 0, 0},
    {"smtp.password_env", TEXT, AT(server.password_env), NULL, 0, 0},
    {"smtp.provider", PROVIDER, AT(server.provider), "none", 0, 0},
    {"smtp.helo", TEXT, AT(smtp.helo), NULL, 0, 0},
    {"smtp.connections", NUMBER, AT(smtp.connections), "100", 1, 500},
    {"smtp.timeout", DURATION, AT(smtp.timeout), "5m", 1, 3600},
    {"smtp.window", NUMBER, AT(smtp.window), "1", 1, 32},
    {"smtp.per_connection", NUMBER, AT(smtp.per_connection), "0", 0, 1000000000},
    {"relays.#.host", TEXT, RELAY(host), NULL, 0, 0},
    {"relays.#.port", NUMBER, RELAY(port), NULL, 1, 65535},
    {"relays.#.security", SECURITY, RELAY(security), "starttls", 0, 0},
    {"relays.#.verify", BOOL, RELAY(verify), "true", 0, 0},
    {"relays.#.ca_file", PATH, RELAY(ca_file), NULL, 0, 0},
    {"relays.#.auth", AUTH, RELAY(auth), "auto", 0, 0},
    {"relays.#.username", TEXT, RELAY(username), NULL, 0, 0},
    {"relays.#.password_file", PATH, RELAY(password_file), NULL, 0, 0},
    {"relays.#.password_command.#", TEXT, RELAY(password_command[0]), NULL, 0, 0},
    {"relays.#.password_env", TEXT, RELAY(password_env), NULL, 0, 0},
    {"relays.#.provider", PROVIDER, RELAY(provider), "none", 0, 0},
    {"relays.#.weight", NUMBER, RELAY(weight), "1", 1, 1000},
    {"limits.per_second", NUMBER, AT(limits.per_second), "0", 0, 1000000},
    {"limits.domains.#.domain", TEXT, DOMAIN(domain), NULL, 0, 0},
    {"limits.domains.#.per_second", NUMBER, DOMAIN(per_second), "0", 0, 1000000},
    {"limits.domains.#.connections", NUMBER, DOMAIN(connections), "0", 0, 500},
    {"workers.lease", DURATION, AT(lease), "60s", 3, 3600},
    {"warm_up.since", TEXT, AT(warm_up.since), NULL, 0, 0},
    {"warm_up.days.#", NUMBER, AT(warm_up.days[0]), NULL, 1, 1000000000},
    {"quiet.hours", TEXT, AT(quiet.hours), NULL, 0, 0},
    {"quiet.timezone", TEXT, AT(quiet.timezone), NULL, 0, 0},
    {"retry.schedule.#", DURATION, AT(retry.schedule[0]), NULL, 1, 5184000},
    {"retry.first", DURATION, AT(retry.first), "5m", 1, 604800},
    {"retry.factor", NUMBER, AT(retry.factor), "2", 1, 100},
    {"retry.max", DURATION, AT(retry.max), "4h", 1, 604800},
    {"retry.give_up", DURATION, AT(retry.give_up), "4d", 1, 5184000},
    {"confirmation.expires", DURATION, AT(confirmation.expires), "7d", 1, 31536000},
    {"confirmation.resend_interval", DURATION, AT(confirmation.resend_interval), "1h", 0, 31536000},
    {"confirmation.text_version", TEXT, AT(confirmation.text_version), "1", 0, 0},
    {"preferences.expires", DURATION, AT(preferences.expires), "1d", 60, 31536000},
    {"notices.welcome", BOOL, AT(notices.welcome), "true", 0, 0},
    {"notices.goodbye", BOOL, AT(notices.goodbye), "false", 0, 0},
    {"serve.listen", TEXT, AT(serve.listen), "127.0.0.1:8025", 0, 0},
    {"serve.url", TEXT, AT(serve.url), NULL, 0, 0},
    {"serve.user", TEXT, AT(serve.user), NULL, 0, 0},
    {"serve.certificate", PATH, AT(serve.certificate), NULL, 0, 0},
    {"serve.key", PATH, AT(serve.key), NULL, 0, 0},
    {"serve.moved_lists", TEXT, AT(serve.moved_lists), NULL, 0, 0},
    {"serve.trusted_proxies", TEXT, AT(serve.trusted_proxies), NULL, 0, 0},
    {"serve.proxy_protocol", BOOL, AT(serve.proxy_protocol), "false", 0, 0},
    {"serve.metrics", TEXT, AT(serve.metrics), NULL, 0, 0},
    {"serve.connections", NUMBER, AT(serve.connections), "1100", 1, 60000},
    {"serve.joins_per_hour", NUMBER, AT(serve.joins_per_hour), "60", 1, 1000000},
    {"serve.joins_per_address", NUMBER, AT(serve.joins_per_address), "5", 1, 1000000},
    {"serve.joins_in_total", NUMBER, AT(serve.joins_in_total), "1000", 1, 1000000},
    {"serve.challenge", BOOL, AT(serve.challenge), "false", 0, 0},
    {"serve.check_forms", BOOL, AT(serve.check_forms), "true", 0, 0},
    {"serve.log", BOOL, AT(serve.log), "true", 0, 0},
    {"serve.websub", TEXT, AT(serve.websub), NULL, 0, 0},
    {"archive.pdf", TEXT, AT(archive.pdf), NULL, 0, 0},
    {"media.#.title", TEXT, MEDIUM(title), NULL, 0, 0},
    {"media.#.file", PATH, MEDIUM(file), NULL, 0, 0},
    {"media.#.url", TEXT, MEDIUM(url), NULL, 0, 0},
    {"media.#.licence", TEXT, MEDIUM(licence), NULL, 0, 0},
    {"media.#.duration", TEXT, MEDIUM(duration), NULL, 0, 0},
    {"staff.listen", TEXT, AT(staff.listen), NULL, 0, 0},
    {"staff.proxy_protocol", BOOL, AT(staff.proxy_protocol), "false", 0, 0},
    {"staff.url", TEXT, AT(staff.url), NULL, 0, 0},
    {"staff.certificate", PATH, AT(staff.certificate), NULL, 0, 0},
    {"staff.key", PATH, AT(staff.key), NULL, 0, 0},
    {"staff.session", DURATION, AT(staff.session), "8h", 60, 2592000},
    {"webhooks.allow_networks", TEXT, AT(webhooks.allow_networks), NULL, 0, 0},
    {"openid.issuer", TEXT, AT(openid.issuer), NULL, 0, 0},
    {"openid.client_id", TEXT, AT(openid.client_id), NULL, 0, 0},
    {"openid.client_secret_file", PATH, AT(openid.client_secret_file), NULL, 0, 0},
    {"openid.client_secret_command.#", TEXT, AT(openid.client_secret_command[0]), NULL, 0, 0},
    {"openid.claim", TEXT, AT(openid.claim), "preferred_username", 0, 0},
    {"openid.domain", TEXT, AT(openid.domain), NULL, 0, 0},
    {"openid.role", TEXT, AT(openid.role), NULL, 0, 0},
    {"openid.label", TEXT, AT(openid.label), NULL, 0, 0},
    {"openid.ca_file", PATH, AT(openid.ca_file), NULL, 0, 0},
    {"openid.allow_networks", TEXT, AT(openid.allow_networks), NULL, 0, 0},
    {"staff.calls_per_minute", NUMBER, AT(staff.calls_per_minute), "60000", 0, 100000000},
    {"reconfirmation.expires", DURATION, AT(reconfirmation.expires), "30d", 3600, 31536000},
    {"approval.needed", NUMBER, AT(approval.needed), "0", 0, 2},
    {"approval.lists", TEXT, AT(approval.lists), NULL, 0, 0},
    {"approval.own", BOOL, AT(approval.own), "false", 0, 0},
    {"proof_groups.#.name", TEXT, AT(proof_groups[0].name), NULL, 0, 0},
    {"proof_groups.#.addresses", TEXT, AT(proof_groups[0].addresses), NULL, 0, 0},
    {"send.grace", DURATION, AT(send.grace), "30s", 0, 3600},
    {"sunset.after", DURATION, AT(sunset.after), "0", 0, 3153600000},
    {"sunset.daily", NUMBER, AT(sunset.daily), "500", 1, 1000000000},
    {"subject_test.share", NUMBER, AT(subject_test.share), "20", 1, 100},
    {"subject_test.wait", DURATION, AT(subject_test.wait), "4h", 60, 2592000},
    {"subject_test.rule", RULE, AT(subject_test.rule), "unsubscribes", 0, 0},
    {"retention.events", DURATION, AT(retention.events), "730d", 0, 3153600000},
    {"retention.links", DURATION, AT(retention.links), "90d", 0, 3153600000},
    {"retention.ips", DURATION, AT(retention.ips), "0", 0, 3153600000},
    {"retention.unconfirmed", DURATION, AT(retention.unconfirmed), "7d", 0, 3153600000},
    {"retention.messages", DURATION, AT(retention.messages), "90d", 0, 3153600000},
    {"retention.reports", DURATION, AT(retention.reports), "180d", 0, 3153600000},
    {"retention.ended", DURATION, AT(retention.ended), "0", 0, 3153600000},
    {"backup.recipients", PATH, AT(backup_recipients), NULL, 0, 0},
    {"dkim.domain", TEXT, AT(dkim.domain), NULL, 0, 0},
    {"dkim.selector", TEXT, AT(dkim.selector), NULL, 0, 0},
    {"dkim.key_file", PATH, AT(dkim.key_file), NULL, 0, 0},
    {"dkim.ed25519_selector", TEXT, AT(dkim.ed25519_selector), NULL, 0, 0},
    {"dkim.ed25519_key_file", PATH, AT(dkim.ed25519_key_file), NULL, 0, 0},
    {"bounce.hard", NUMBER, AT(bounce.hard), "5", 1, 1000},
    {"bounce.soft", NUMBER, AT(bounce.soft), "1", 0, 1000},
    {"bounce.limit", NUMBER, AT(bounce.limit), "5", 1, 1000},
    {"bounce.half_life", DURATION, AT(bounce.half_life), "120d", 1, 315360000},
    {"bounce.interval", DURATION, AT(bounce.interval), "1d", 0, 31536000},
    {"bounce.keep", DURATION, AT(bounce.keep), "30d", 0, 315360000},
    {"bounce.keep_unknown", DURATION, AT(bounce.keep_unknown), "90d", 0, 315360000},
    {"fetch.protocol", PROTOCOL, AT(fetch.protocol), "imap", 0, 0},
    {"fetch.host", TEXT, AT(fetch.host), NULL, 0, 0},
    {"fetch.port", NUMBER, AT(fetch.port), NULL, 1, 65535},
    {"fetch.security", SECURITY, AT(fetch.security), "tls", 0, 0},
    {"fetch.verify", BOOL, AT(fetch.verify), "true", 0, 0},
    {"fetch.ca_file", PATH, AT(fetch.ca_file), NULL, 0, 0},
    {"fetch.username", TEXT, AT(fetch.username), NULL, 0, 0},
    {"fetch.password_file", PATH, AT(fetch.password_file), NULL, 0, 0},
    {"fetch.password_command.#", TEXT, AT(fetch.password_command[0]), NULL, 0, 0},
    {"fetch.password_env", TEXT, AT(fetch.password_env), NULL, 0, 0},
    {"fetch.folder", TEXT, AT(fetch.folder), "INBOX", 0, 0},
    {"fetch.processed", TEXT, AT(fetch.processed), "Processed", 0, 0},
    {"fetch.unknown", TEXT, AT(fetch.unknown), "Unknown", 0, 0},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

/* The settings that are lists, by how their paths begin; any other is a list of one. */
static const struct list {
    const char *prefix;
    size_t stride, count; /* of the elements */
    size_t inner;         /* how many texts each element is a list of; 1: it is none */
} lists[] = {
    {"relays.#.password_command.#", sizeof(struct nl_smtp_server), NL_RELAYS, NL_ARGUMENTS},
    {"relays.#", sizeof(struct nl_smtp_server), NL_RELAYS, 1},
    {"limits.domains.#", sizeof(struct nl_domain_limit), NL_DOMAINS, 1},
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
            setting->kind == PATH ? nl_config_resolve(config->path, value) : strdup(value);
        return *(char **)target != NULL ? NL_OK : nl_error_nomem(err);
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
