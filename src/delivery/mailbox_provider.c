#include "delivery/mailbox_provider.h"

#include "newsletter/base/embedded.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

bool nl_mailbox_provider_find(const char *host, struct nl_mailbox_provider *out) {
    for (const char *line = nl_embedded_mailbox_providers[0].data; *line != '\0';) {
        char pattern[128];
        long long connections = 0;
        long long messages = 0;
        if (line[0] != '#' &&
            sscanf(line, "%15s %127s %lld %lld", out->name, pattern, &connections, &messages) ==
                4 &&
            fnmatch(pattern, host, 0) == 0) {
            out->connections = connections;
            out->messages = messages;
            return true;
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return false;
}
