#include "web/typing_error.h"

#include "newsletter/base/embedded.h"
#include "newsletter/base/suggest.h"

#include <ctype.h>
#include <string.h>

enum { LEAST_DOMAIN = 7, LONG_DOMAIN = 9, DOMAIN_LIMIT = 63, FAR = 3 };

/* How far `domain` may be from the one that was meant. Short domains have many neighbours. */
static size_t most_edits(const char *domain) {
    size_t len = strlen(domain);
    return len >= LONG_DOMAIN ? 2 : len >= LEAST_DOMAIN ? 1 : 0;
}

static void nearest(const char *domain, char best[DOMAIN_LIMIT + 1]) {
    size_t least = FAR;
    for (const char *line = nl_embedded_providers[0].data; *line != '\0';) {
        char known[DOMAIN_LIMIT + 1] = "";
        size_t len = strcspn(line, "\n");
        if (line[0] != '#' && len > 0 && len < sizeof known) {
            memcpy(known, line, len);
            size_t distance = nl_edit_distance(domain, known);
            if (distance < least) {
                least = distance;
                memcpy(best, known, sizeof known);
            }
        }
        line += len + (line[len] == '\n');
    }
    if (least == 0 || least > most_edits(domain) || (least == 2 && best[0] != domain[0]))
        best[0] = '\0';
}

void nl_typing_error(const char *address, struct nl_buf *out) {
    char best[DOMAIN_LIMIT + 1] = "";
    char domain[DOMAIN_LIMIT + 1] = "";
    const char *at = strrchr(address, '@');
    if (at == NULL || strlen(at + 1) >= sizeof domain)
        return;
    for (size_t i = 0; at[1 + i] != '\0'; i++)
        domain[i] = (char)tolower((unsigned char)at[1 + i]);
    nearest(domain, best);
    if (best[0] != '\0')
        nl_buf_addf(out, "%.*s@%s", (int)(at - address), address, best);
}
