#include "delivery/mailbox_provider.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/embedded.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char REPLY[] = "reply ";

/* The next line of the file; NULL after the last. */
static const char *next_line(const char *line) {
    line += strcspn(line, "\n");
    return *line == '\n' && line[1] != '\0' ? line + 1 : NULL;
}

bool nl_mailbox_provider_find(const char *host, struct nl_mailbox_provider *out) {
    for (const char *line = nl_embedded_mailbox_providers[0].data; line != NULL;
         line = next_line(line)) {
        char pattern[128];
        char *end = NULL;
        int at = 0;
        if (line[0] != '#' && strncmp(line, REPLY, strlen(REPLY)) != 0 &&
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
    return strncmp(line, REPLY, strlen(REPLY)) == 0 &&
           sscanf(line + strlen(REPLY), "%15s %15s %127[^\n]", owner, meaning, pattern) == 3 &&
           strcmp(owner, name) == 0;
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
