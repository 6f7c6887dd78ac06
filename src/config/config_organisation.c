#include "config/config_organisation.h"

#include "config/config_values.h"
#include "newsletter/base/address.h"
#include "newsletter/base/language.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/base/timestamp.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_LIMIT = 500, SOCIAL_NAME_LIMIT = 40, NAME_LIMIT = 64 };

static const char section[] = "organisation";
static const char contact[] = "contact";
static const char *const masthead_names[] = {"centred", "left", NULL};
const char *const nl_design_names[] = {"bulletin", "letter", "magazine", NULL};

enum kind { LABEL, LINE, EMAIL, URL, PICTURE, DATE };

static const struct text {
    const char *name;
    enum kind kind;
    size_t offset;
} texts[] = {
#define AT(member) offsetof(struct nl_organisation, member)
    {"name", LABEL, AT(name)},
    {"released_by", LABEL, AT(released_by)},
    {"postal_address", LABEL, AT(postal_address)},
    {"logo", PICTURE, AT(logo)},
    {"logo_dark", PICTURE, AT(logo_dark)},
    {"imprint", URL, AT(imprint)},
    {"privacy", URL, AT(privacy)},
    {"accessibility.reviewed", DATE, AT(accessibility.reviewed)},
    {"accessibility.limits", LABEL, AT(accessibility.limits)},
    {"contact.person", LINE, AT(contact.person)},
    {"contact.phone", LINE, AT(contact.phone)},
    {"contact.fax", LINE, AT(contact.fax)},
    {"contact.email", EMAIL, AT(contact.email)},
    {"contact.web", URL, AT(contact.web)},
#undef AT
};

enum { TEXTS = sizeof texts / sizeof texts[0] };

static void *target_of(struct nl_organisation *organisation, const struct text *text) {
    return (char *)organisation + text->offset;
}

/* The rest of a path after a first part of this name; NULL for another path. */
static const char *rest_after(const char *path, const char *part) {
    size_t len = strlen(part);
    if (strncmp(path, part, len) != 0 || (path[len] != '.' && path[len] != '\0'))
        return NULL;
    return path + len + (path[len] == '.');
}

bool nl_config_is_organisation(const struct nl_yaml_entry *entry) {
    return rest_after(entry->path, section) != NULL || rest_after(entry->path, contact) != NULL;
}

/* Mails cannot show SVG: no large provider lets it through. */
static bool is_picture_name(const char *path) {
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".gif"};
    size_t len = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (len > strlen(endings[i]) &&
            strcasecmp(path + len - strlen(endings[i]), endings[i]) == 0)
            return true;
    return false;
}

static enum nl_status check_email(const char *value, struct nl_error *err) {
    struct nl_address address = {0};
    enum nl_status status = nl_address_parse(value, &address, err);
    nl_address_free(&address);
    return status;
}

static enum nl_status check_text(enum kind kind, const char *value, struct nl_error *err) {
    if (strlen(value) > TEXT_LIMIT && kind != URL)
        return nl_error_set(err, NL_CONFIG, "longer than %d bytes", TEXT_LIMIT);
    if (kind == URL && !nl_text_is_http_url(value))
        return nl_error_set(err, NL_CONFIG, "'%s' is not an http(s) URL", value);
    if (kind == DATE && !nl_datetime_is_day(value))
        return nl_error_set(err, NL_CONFIG, "'%s' is not a date such as 2026-11-26", value);
    if (kind == PICTURE && (!is_picture_name(value) || strstr(value, "://") != NULL))
        return nl_error_set(
            err, NL_CONFIG,
            "'%s' is not the path of a PNG, JPEG or GIF file: mail programs show no "
            "other pictures",
            value);
    return kind == EMAIL ? check_email(value, err) : NL_OK;
}

static enum nl_status set_text(const struct nl_config *config, char **target, enum kind kind,
                               const char *value, struct nl_error *err) {
    enum nl_status status = check_text(kind, value, err);
    if (status != NL_OK)
        return status;
    free(*target);
    *target = kind == PICTURE ? nl_config_resolve(config->path, value) : nl_strdup(value);
    return NL_OK;
}

static enum nl_status set_label(struct nl_form_label *label, const char *language,
                                const char *value, struct nl_error *err) {
    if (language[0] != '\0' && !nl_language_is_tag(language))
        return nl_error_set(err, NL_CONFIG, "'%s' is not a language tag such as en or kk",
                            language);
    enum nl_status status = check_text(LABEL, value, err);
    if (status == NL_OK)
        nl_form_label_set(label, language, value);
    return status;
}

static enum nl_status set_social(struct nl_organisation *organisation, const char *name,
                                 const char *value, struct nl_error *err) {
    struct nl_social *social = &organisation->social[organisation->social_count];
    if (name[0] == '\0' || strlen(name) > SOCIAL_NAME_LIMIT)
        return nl_error_set(err, NL_CONFIG,
                            "expected names with web addresses, as in 'social: {Telegram: "
                            "\"https://t.me/example\"}'; a name has up to %d bytes",
                            SOCIAL_NAME_LIMIT);
    if (organisation->social_count == NL_SOCIAL)
        return nl_error_set(err, NL_CONFIG, "that is one too many: %d at most", NL_SOCIAL);
    enum nl_status status = check_text(URL, value, err);
    if (status == NL_OK)
        status = nl_text_check_label(name, "the name", err);
    if (status != NL_OK)
        return status;
    *social = (struct nl_social){.name = nl_strdup(name), .url = nl_strdup(value)};
    organisation->social_count++;
    return NL_OK;
}

/* Settings that are a choice or a colour. *known is false for another setting. */
static enum nl_status set_look(struct nl_organisation *organisation, const char *setting,
                               const char *value, bool *known, struct nl_error *err) {
    *known = true;
    if (strcmp(setting, "accent") == 0) {
        organisation->has_accent = nl_colour_parse(value, &organisation->accent);
        return organisation->has_accent
                   ? NL_OK
                   : nl_error_set(err, NL_CONFIG,
                                  "'%s' is not a colour: write six hexadecimal digits in quotation "
                                  "marks, as in '#12344d'",
                                  value);
    }
    if (strcmp(setting, "masthead") == 0) {
        organisation->has_masthead =
            nl_config_find_name(masthead_names, value, &organisation->masthead);
        return organisation->has_masthead
                   ? NL_OK
                   : nl_error_set(err, NL_CONFIG, "is '%s', expected centred or left", value);
    }
    if (strcmp(setting, "design") == 0) {
        organisation->has_design =
            nl_config_find_name(nl_design_names, value, &organisation->design);
        return organisation->has_design
                   ? NL_OK
                   : nl_error_set(err, NL_CONFIG, "is '%s', expected bulletin, letter or magazine",
                                  value);
    }
    *known = false;
    return NL_OK;
}

static enum nl_status apply(const struct nl_config *config, struct nl_organisation *organisation,
                            const char *setting, const char *value, struct nl_error *err) {
    bool known = false;
    const char *rest = rest_after(setting, "social");
    enum nl_status status = set_look(organisation, setting, value, &known, err);
    if (status != NL_OK || known)
        return status;
    if (rest != NULL)
        return set_social(organisation, rest, value, err);
    for (size_t i = 0; i < TEXTS; i++) {
        rest = texts[i].kind == LABEL ? rest_after(setting, texts[i].name) : NULL;
        if (rest != NULL)
            return set_label(target_of(organisation, &texts[i]), rest, value, err);
        if (texts[i].kind != LABEL && strcmp(setting, texts[i].name) == 0)
            return set_text(config, target_of(organisation, &texts[i]), texts[i].kind, value, err);
    }
    return nl_error_set(err, NL_CONFIG,
                        "there is no such setting: see organisation in newsletter.yaml(5)");
}

/* The settings of a list, and its part of the path's rest: "culture.accent". */
static enum nl_status find_list(struct nl_config *config, const char **rest,
                                struct nl_organisation **out, struct nl_error *err) {
    size_t len = strcspn(*rest, ".");
    for (size_t i = 0; i < config->look_count; i++) {
        *out = &config->looks[i];
        if (strlen((*out)->list) == len && strncmp((*out)->list, *rest, len) == 0) {
            *rest += len + ((*rest)[len] == '.');
            return NL_OK;
        }
    }
    char *name = nl_strndup(*rest, len);
    bool valid = nl_text_is_name(name, "-", NAME_LIMIT);
    free(name);
    if (!valid)
        return nl_error_set(err, NL_CONFIG, "expected the name of a list: a-z, 0-9 and -");
    if (config->look_count == NL_LOOKS)
        return nl_error_set(err, NL_CONFIG, "that is one too many: %d lists at most", NL_LOOKS);
    struct nl_organisation *grown =
        nl_realloc(config->looks, (config->look_count + 1) * sizeof *config->looks);
    config->looks = grown;
    *out = &grown[config->look_count];
    **out = (struct nl_organisation){.list = nl_strndup(*rest, len)};
    config->look_count++;
    *rest += len + ((*rest)[len] == '.');
    return NL_OK;
}

/* Sections that are left empty, as "organisation:" is when all of its lines are comments. */
static bool is_empty_section(const struct nl_yaml_entry *entry, const char *setting) {
    return entry->value[0] == '\0' && !entry->comment &&
           (setting[0] == '\0' || strcmp(setting, "lists") == 0 || strcmp(setting, "social") == 0 ||
            strcmp(setting, contact) == 0);
}

static enum nl_status apply_entry(struct nl_config *config, const struct nl_yaml_entry *entry,
                                  struct nl_error *err) {
    struct nl_organisation *organisation = &config->organisation;
    const char *setting = rest_after(entry->path, section);
    if (setting == NULL) /* the older place of the contact */
        setting = entry->path;
    const char *list = rest_after(setting, "lists");
    if (is_empty_section(entry, setting))
        return NL_OK;
    if (entry->value[0] == '\0' && entry->comment)
        return nl_error_set(err, NL_CONFIG,
                            "YAML takes the text after # for a comment: put the whole value in "
                            "quotation marks, as in '#12344d'");
    if (list != NULL && list[0] == '\0')
        return nl_error_set(err, NL_CONFIG, "expected lists, as in 'lists: {news: {accent: ...}}'");
    enum nl_status status = NL_OK;
    if (list != NULL && (status = find_list(config, &list, &organisation, err)) != NL_OK)
        return status;
    setting = list != NULL ? list : setting;
    if (entry->value[0] == '\0')
        return NL_OK;
    status = nl_text_check_label(entry->value, "the value", err);
    return status == NL_OK ? apply(config, organisation, setting, entry->value, err) : status;
}

enum nl_status nl_config_apply_organisation(struct nl_config *config,
                                            const struct nl_yaml_entry *entry,
                                            struct nl_error *err) {
    return apply_entry(config, entry, err) == NL_OK
               ? NL_OK
               : nl_error_context(err, "%s:%zu: %s", config->path, entry->line, entry->path);
}

static void free_one(struct nl_organisation *organisation) {
    for (size_t i = 0; i < TEXTS; i++) {
        if (texts[i].kind == LABEL)
            nl_form_label_free(target_of(organisation, &texts[i]));
        else
            free(*(char **)target_of(organisation, &texts[i]));
    }
    for (size_t i = 0; i < organisation->social_count; i++) {
        free(organisation->social[i].name);
        free(organisation->social[i].url);
    }
    free(organisation->list);
}

void nl_config_free_organisation(struct nl_config *config) {
    free_one(&config->organisation);
    for (size_t i = 0; i < config->look_count; i++)
        free_one(&config->looks[i]);
    free(config->looks);
}

void nl_config_each_organisation_path(const struct nl_config *config, nl_config_visit_path *visit,
                                      void *ctx) {
    for (size_t at = 0; at <= config->look_count; at++) {
        const struct nl_organisation *one =
            at < config->look_count ? &config->looks[at] : &config->organisation;
        if (one->logo != NULL)
            visit(one->logo, ctx);
        if (one->logo_dark != NULL)
            visit(one->logo_dark, ctx);
    }
}
