#include "delivery/mailbox_provider.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/embedded.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char REPLY[] = "reply ";
static const char RATE[] = "rate ";
static const char WARM_UP[] = "warm_up ";
static const char OTHER[] = "other";

/* The next line of the file; NULL after the last. */
static const char *next_line(const char *line) {
    line += strcspn(line, "\n");
    return *line == '\n' && line[1] != '\0' ? line + 1 : NULL;
}

static bool is_of(const char *line, const char *kind) {
    return strncmp(line, kind, strlen(kind)) == 0;
}

bool nl_mailbox_provider_find(const char *host, struct nl_mailbox_provider *out) {
    for (const char *line = nl_embedded_mailbox_providers[0].data; line != NULL;
         line = next_line(line)) {
        char pattern[128];
        char *end = NULL;
        int at = 0;
        if (line[0] != '#' && !is_of(line, REPLY) && !is_of(line, RATE) && !is_of(line, WARM_UP) &&
            sscanf(line, "%15s %127s %n", out->name, pattern, &at) == 2 &&
            fnmatch(pattern, host, 0) == 0) {
            out->connections = strtoll(line + at, &end, 10);
            out->messages = strtoll(end, NULL, 10);
            return true;
        }
    }
    return false;
}

/* "reply NAME MEANING PATTERN"; the pattern goes to the end of the line. */
static bool read_reply(const char *line, const char *name, char meaning[16], char pattern[128]) {
    char owner[16];
    return is_of(line, REPLY) &&
           sscanf(line + strlen(REPLY), "%15s %15s %127[^\n]", owner, meaning, pattern) == 3 &&
           strcmp(owner, name) == 0;
}

/* The rest of the line of a provider, after "KIND NAME"; NULL for none. */
static const char *find_line(const char *kind, const char *name) {
    size_t len = strlen(name);
    for (const char *line = nl_embedded_mailbox_providers[0].data; line != NULL;
         line = next_line(line)) {
        const char *rest = line + strlen(kind);
        if (is_of(line, kind) && strncmp(rest, name, len) == 0 && rest[len] == ' ')
            return rest + len;
    }
    return NULL;
}

static void apply(int64_t given, int64_t *limit) {
    if (given != 0)
        *limit = given;
}

void nl_mailbox_provider_limits(const char *host, const struct nl_config *config,
                                struct nl_mailbox_provider *out) {
    *out = (struct nl_mailbox_provider){0};
    if (!nl_mailbox_provider_find(host, out)) {
        memcpy(out->name, OTHER, sizeof OTHER);
        out->connections = config->direct.connections;
    }
    const char *rate = find_line(RATE, out->name);
    char *end = NULL;
    if (rate != NULL) {
        out->per_minute = strtoll(rate, &end, 10);
        out->per_hour = strtoll(end, NULL, 10);
    }
    for (size_t i = 0; i < NL_PROVIDER_LIMITS && config->direct.providers[i].name != NULL; i++) {
        const struct nl_provider_limit *given = &config->direct.providers[i];
        if (strcmp(given->name, out->name) != 0)
            continue;
        apply(given->connections, &out->connections);
        apply(given->messages, &out->messages);
        apply(given->per_minute, &out->per_minute);
        apply(given->per_hour, &out->per_hour);
    }
}

int64_t nl_mailbox_provider_warm_up(const char *name, int64_t day, const struct nl_config *config) {
    const char *plan = find_line(WARM_UP, name);
    for (size_t i = 0; i < NL_PROVIDER_LIMITS && config->direct.warm_up[i].provider != NULL; i++) {
        const struct nl_warm_up_plan *given = &config->direct.warm_up[i];
        if (strcmp(given->provider, name) == 0)
            return day >= NL_WARM_UP_DAYS || given->days[day] == 0 ? -1 : given->days[day];
    }
    for (int64_t i = 0; plan != NULL && *plan == ' '; i++) {
        char *end = NULL;
        int64_t messages = strtoll(plan, &end, 10);
        if (i == day)
            return messages;
        plan = end;
    }
    return -1;
}

static enum nl_provider_meaning meaning_of(const char *word) {
    static const struct {
        const char *word;
        enum nl_provider_meaning meaning;
    } words[] = {{"slower", NL_PROVIDER_SLOWER},
                 {"blocked", NL_PROVIDER_BLOCKED},
                 {"address", NL_PROVIDER_ADDRESS}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].meaning;
    return NL_PROVIDER_AS_CODED;
}

/* The meaning of a reply by the lines of one owner. False when none fits. */
static bool find_meaning(const char *owner, const char *reply, enum nl_provider_meaning *out) {
    char meaning[16];
    char pattern[128];
    for (const char *line = nl_embedded_mailbox_providers[0].data; line != NULL;
         line = next_line(line)) {
        if (!read_reply(line, owner, meaning, pattern) ||
            fnmatch(pattern, reply, FNM_CASEFOLD) != 0)
            continue;
        *out = meaning_of(meaning);
        return true;
    }
    return false;
}

enum nl_provider_meaning nl_mailbox_provider_meaning(const char *host, int code, const char *status,
                                                     const char *text) {
    enum nl_provider_meaning found = NL_PROVIDER_AS_CODED;
    struct nl_mailbox_provider provider = {0};
    struct nl_buf reply = {0};
    nl_buf_addf(&reply, "%d %s %s", code, status, text);
    if (!nl_mailbox_provider_find(host, &provider) ||
        !find_meaning(provider.name, nl_buf_text(&reply), &found))
        find_meaning("any", nl_buf_text(&reply), &found);
    nl_buf_free(&reply);
    return found;
}
