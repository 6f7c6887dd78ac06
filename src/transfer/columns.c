#include "transfer/columns.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const char *const nl_column_names[] = {
    [NL_COLUMN_EMAIL] = "email",
    [NL_COLUMN_NAME] = "name",
    [NL_COLUMN_FIRST_NAME] = "first_name",
    [NL_COLUMN_LAST_NAME] = "last_name",
    [NL_COLUMN_LANGUAGE] = "language",
    [NL_COLUMN_LIST] = "list",
    [NL_COLUMN_STATE] = "state",
    [NL_COLUMN_CONFIRMED] = "confirmed",
    [NL_COLUMN_BLOCKED] = "blocked",
    [NL_COLUMN_CONSENT_AT] = "consent_at",
    [NL_COLUMN_CONSENT_SOURCE] = "consent_source",
    [NL_COLUMN_CONSENT_IP] = "consent_ip",
    [NL_COLUMN_CONSENT_VERSION] = "consent_version",
    [NL_COLUMN_CONFIRMED_AT] = "confirmed_at",
    [NL_COLUMN_ENDED_AT] = "ended_at",
    [NL_COLUMN_CREATED_AT] = "created_at",
    [NL_COLUMN_TAGS] = "tags",
    [NL_COLUMN_ATTRIBUTES] = "attributes",
};

/* Without signs and in small letters, as nl_column_of compares. */
static const struct {
    const char *name;
    enum nl_column column;
} others[] = {
    {"emailaddress", NL_COLUMN_EMAIL},
    {"mail", NL_COLUMN_EMAIL},
    {"address", NL_COLUMN_EMAIL},
    {"subscriberemail", NL_COLUMN_EMAIL},
    {"fullname", NL_COLUMN_NAME},
    {"displayname", NL_COLUMN_NAME},
    {"realname", NL_COLUMN_NAME},
    {"givenname", NL_COLUMN_FIRST_NAME},
    {"surname", NL_COLUMN_LAST_NAME},
    {"familyname", NL_COLUMN_LAST_NAME},
    {"lang", NL_COLUMN_LANGUAGE},
    {"locale", NL_COLUMN_LANGUAGE},
    {"preferredlanguage", NL_COLUMN_LANGUAGE},
    {"status", NL_COLUMN_STATE},
    {"isthissubscriberconfirmed", NL_COLUMN_CONFIRMED},
    {"isthisuserconfirmed", NL_COLUMN_CONFIRMED},
    {"blacklisted", NL_COLUMN_BLOCKED},
    {"blocklisted", NL_COLUMN_BLOCKED},
    {"isthissubscriberblacklisted", NL_COLUMN_BLOCKED},
    {"isthisuserblacklisted", NL_COLUMN_BLOCKED},
    {"optintime", NL_COLUMN_CONSENT_AT},
    {"optinip", NL_COLUMN_CONSENT_IP},
    {"confirmtime", NL_COLUMN_CONFIRMED_AT},
    {"unsubtime", NL_COLUMN_ENDED_AT},
    {"unsubscribedat", NL_COLUMN_ENDED_AT},
    {"entered", NL_COLUMN_CREATED_AT},
    {"subscribedat", NL_COLUMN_CREATED_AT},
};

static bool same(const char *header, const char *name) {
    for (;; header++) {
        while (*header != '\0' && !isalnum((unsigned char)*header))
            header++;
        while (*name != '\0' && !isalnum((unsigned char)*name))
            name++;
        if (tolower((unsigned char)*header) != *name)
            return false;
        if (*name++ == '\0')
            return true;
    }
}

enum nl_column nl_column_of(const char *header, const char **attribute) {
    static const char prefix[] = "attribute.";
    *attribute = NULL;
    if (strncmp(header, prefix, sizeof prefix - 1) == 0) {
        *attribute = header + sizeof prefix - 1;
        return NL_COLUMN_ATTRIBUTE;
    }
    for (int i = 0; i <= NL_COLUMN_ATTRIBUTES; i++)
        if (same(header, nl_column_names[i]))
            return (enum nl_column)i;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (same(header, others[i].name))
            return others[i].column;
    return NL_COLUMN_NONE;
}

const char *nl_column_state(const char *word) {
    static const char *const words[][2] = {
        {"active", "active"},
        {"enabled", "active"},
        {"subscribed", "active"},
        {"confirmed", "active"},
        {"pending", "pending"},
        {"unconfirmed", "pending"},
        {"unsubscribed", "unsubscribed"},
        {"disabled", "unsubscribed"},
        {"inactive", "unsubscribed"},
        {"bounced", "bounced"},
        {"cleaned", "bounced"},
        {"complained", "complained"},
        {"blocked", "blocked"},
        {"blocklisted", "blocked"},
        {"blacklisted", "blocked"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(words[i][0], word) == 0)
            return words[i][1];
    return NULL;
}

bool nl_column_flag(const char *word, bool *out) {
    static const char *const yes[] = {"1", "yes", "true", "y"};
    static const char *const no[] = {"0", "no", "false", "n", ""};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        if (strcasecmp(yes[i], word) == 0)
            return *out = true;
    *out = false;
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        if (strcasecmp(no[i], word) == 0)
            return true;
    return false;
}
