#include "delivery/mailbox_provider.h"

#include "newsletter/base/embedded.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool nl_mailbox_provider_find(const char *host, struct nl_mailbox_provider *out) {
    for (const char *line = nl_embedded_mailbox_providers[0].data; *line != '\0';) {
        char pattern[128];
        char *end = NULL;
        int at = 0;
        if (line[0] != '#' && sscanf(line, "%15s %127s %n", out->name, pattern, &at) == 2 &&
            fnmatch(pattern, host, 0) == 0) {
            out->connections = strtoll(line + at, &end, 10);
            out->messages = strtoll(end, NULL, 10);
            return true;
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return false;
}
