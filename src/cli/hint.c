#include "cli/hint.h"

#include "newsletter/base/suggest.h"

#include <stdio.h>
#include <string.h>

void cli_suggest(struct cli_suggestion *suggestion, const char *word) {
    size_t wanted_len = strlen(suggestion->wanted);
    size_t len = strlen(word);
    size_t distance = nl_edit_distance(suggestion->wanted, word);
    if (wanted_len == 0)
        return;
    if (wanted_len >= 3 && strncmp(word, suggestion->wanted, wanted_len) == 0)
        distance = 1;
    if (distance > (len + 2) / 3 || (suggestion->count > 0 && distance > suggestion->distance))
        return;
    if (distance < suggestion->distance)
        suggestion->count = 0;
    suggestion->distance = distance;
    if (suggestion->count < CLI_SUGGESTIONS)
        suggestion->words[suggestion->count++] = word;
}

void cli_suggestion_text(const struct cli_suggestion *suggestion, const char *prefix,
                         char out[CLI_HINT_LEN]) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < suggestion->count && used < CLI_HINT_LEN; i++)
        used += (size_t)snprintf(out + used, CLI_HINT_LEN - used, "%s '%s%s'",
                                 i == 0                       ? ": did you mean"
                                 : i + 1 == suggestion->count ? " or"
                                                              : ",",
                                 prefix, suggestion->words[i]);
    if (used > 0 && used + 1 < CLI_HINT_LEN)
        snprintf(out + used, CLI_HINT_LEN - used, "?");
}
