#include "doctor/checks.h"

#include "newsletter/base/catalog.h"

#include <string.h>
#include <strings.h>

/* Whether `name` is `domain` or below it. */
static bool is_within(const char *name, size_t len, const char *domain) {
    size_t tail = strlen(domain);
    return len >= tail && strncasecmp(name + len - tail, domain, tail) == 0 &&
           (len == tail || name[len - tail - 1] == '.');
}

/* A name that is kept for examples (RFC 2606, RFC 6761): nobody has it. */
static bool is_placeholder(const char *text) {
    static const char *const domains[] = {"example.org", "example.com", "example.net",
                                          "example.edu", "example",     "invalid"};
    const char *at = strrchr(text, '@');
    const char *slashes = strstr(text, "://");
    const char *host = at != NULL && slashes == NULL ? at + 1
                       : slashes != NULL             ? slashes + 3
                                                     : text;
    size_t len = strcspn(host, ":/?>");
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
        if (is_within(host, len, domains[i]))
            return true;
    return false;
}

static void examine(struct nl_doctor *doctor, const char *setting, const char *value) {
    if (value != NULL && is_placeholder(value))
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "placeholders", NULL,
                        NL_TEXT("%s is still an example, '%s': write your own"), setting, value);
}

void nl_doctor_list_placeholder(struct nl_doctor *doctor, const struct nl_list *list) {
    if (is_placeholder(list->sender))
        nl_findings_add(
            doctor->out, NL_LEVEL_WARNING, "placeholders", NULL,
            NL_TEXT("the sender of %s is still an example, '%s': newsletter list edit %s "
                    "--from MAILBOX"),
            list->name, list->sender, list->name);
}

void nl_doctor_placeholders(struct nl_doctor *doctor) {
    const struct nl_config *config = doctor->config;
    size_t count = 0;
    const struct nl_smtp_server *relays = nl_config_relays(config, &count);
    /* Links that follow from serve.url are reported once. */
    bool served = config->serve.url != NULL && is_placeholder(config->serve.url);
    examine(doctor, "serve.url", config->serve.url);
    examine(doctor, "staff.url", config->staff.url);
    examine(doctor, "confirm_url", served ? NULL : config->confirm_url);
    examine(doctor, "unsubscribe_url", served ? NULL : config->unsubscribe_url);
    examine(doctor, "bounce_address", config->bounce_address);
    examine(doctor, "images_url", config->images_url);
    examine(doctor, "fetch.host", config->fetch.host);
    for (size_t i = 0; i < count; i++)
        examine(doctor, "the relay's host", relays[i].host);
}
